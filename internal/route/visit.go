package route

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Visited returns the paths of addresses that journeys go to, assert or fetch:
// sorted, each once, without host, query and trailing slash. An address may
// begin with a placeholder for the host ("{{base}}/cart", "${BASE}/cart"), and
// may be a glob ("**/orders/*"). What is no address of a web server gives
// nothing. A fragment that is a path ("#/settings") is one.
func Visited(addresses []string) []string {
	var out []string
	for _, a := range addresses {
		out = append(out, visited(strings.TrimSpace(a))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var (
	scheme      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	placeholder = regexp.MustCompile(`^(\{\{[^{}/]*\}\}|\$\{[^{}/]*\}|\$[A-Za-z_]\w*|\{[^{}/]*\})`)
	verb        = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +`)
)

func visited(a string) []string {
	a = verb.ReplaceAllString(a, "")
	if len(a) > 8<<10 || a == "" {
		return nil
	}
	if m := scheme.FindString(a); m != "" {
		if !strings.EqualFold(m, "http:") && !strings.EqualFold(m, "https:") {
			return nil
		}
		rest, ok := strings.CutPrefix(a[len(m):], "//")
		if !ok {
			return nil
		}
		a = rest
		if i := strings.IndexAny(a, "/?#"); i >= 0 {
			a = a[i:]
		} else {
			a = "/"
		}
	} else if rest, ok := strings.CutPrefix(a, "//"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		a = "/" + rest
	}
	a = strings.TrimPrefix(placeholder.ReplaceAllString(a, ""), "**")
	if a == "" {
		a = "/"
	}
	a, fragment, _ := strings.Cut(a, "#")
	var out []string
	if hash := strings.TrimPrefix(fragment, "!"); strings.HasPrefix(hash, "/") {
		out = append(out, address(hash))
		if a == "/" {
			return slices.DeleteFunc(out, func(p string) bool { return p == "" })
		}
	}
	if strings.HasPrefix(a, "/") || strings.HasPrefix(a, "?") {
		out = append(out, address(a))
	}
	return slices.DeleteFunc(out, func(p string) bool { return p == "" })
}

// address is a path without query, decoded; "" when there is none.
func address(a string) string {
	a, _, _ = strings.Cut(a, "?")
	if strings.Count(a, "/") > maxParts {
		return ""
	}
	var segs []string
	for seg := range strings.SplitSeq(a, "/") {
		if plain, err := url.PathUnescape(seg); err == nil && !strings.Contains(plain, "/") {
			seg = plain
		}
		switch seg {
		case "", ".":
		case "..":
			segs = segs[:max(0, len(segs)-1)]
		default:
			segs = append(segs, seg)
		}
	}
	if len(segs) == 0 {
		return "/"
	}
	return "/" + strings.Join(segs, "/")
}

// Uncovered returns the routes that no visited path reaches, in their order. A
// visit counts for the route that a server would choose: "/products/new" is not
// a visit of "/products/{id}" when the same app has a route of that name. A
// layout is reached by a visit to anything below it. A leading locale in the
// visit that no route asks for is passed over.
func Uncovered(routes []Route, paths []string) []Route {
	patterns := make([]pattern, len(routes))
	groups := map[string][]int{}
	for i, r := range routes {
		patterns[i] = parse(r.Pattern)
		groups[r.App] = append(groups[r.App], i)
	}
	reached := make([]bool, len(routes))
	for _, v := range paths {
		segs := split(strings.Trim(v, "/"))
		if len(segs) > maxParts {
			continue
		}
		for _, group := range groups {
			if !reach(routes, patterns, group, segs, reached) && len(segs) > 0 && locale(segs[0]) {
				reach(routes, patterns, group, segs[1:], reached)
			}
		}
	}
	var out []Route
	for i, r := range routes {
		if !reached[i] {
			out = append(out, r)
		}
	}
	return out
}

// reach marks the routes of a group that a visit is served by.
func reach(routes []Route, patterns []pattern, group []int, segs []string, reached []bool) bool {
	best, any := "", false
	for _, i := range group {
		if !patterns[i].match(segs) {
			continue
		}
		any = true
		if routes[i].Kind == Layout {
			reached[i] = true
			continue
		}
		best = max(best, patterns[i].weight)
	}
	for _, i := range group {
		if routes[i].Kind != Layout && patterns[i].weight == best && patterns[i].match(segs) {
			reached[i] = true
		}
	}
	return any
}

// part is one segment of a pattern.
type part struct {
	text     string
	form     byte // 'l' literal, 'm' mixed, 'p' parameter, 'r' rest
	optional bool
	glob     *regexp.Regexp
}

// pattern is a route's pattern, ready to be compared.
type pattern struct {
	parts  []part
	weight string // greater is more exact
	locale bool   // the first segment is a locale, which may be left out
}

func parse(p string) pattern {
	var out pattern
	var weight strings.Builder
	for i, seg := range split(strings.Trim(p, "/")) {
		one := part{text: seg, form: 'l'}
		inner, whole := "", false
		if strings.HasPrefix(seg, "{") && strings.Count(seg, "{") == 1 && strings.HasSuffix(seg, "}") {
			inner, whole = seg[1:len(seg)-1], true
		}
		switch {
		case seg == "*":
			one.form, one.optional = 'r', true
		case whole:
			inner, one.optional = strings.CutSuffix(inner, "?")
			one.form = 'p'
			if strings.HasSuffix(inner, "...") {
				one.form = 'r'
			}
			switch strings.ToLower(inner) {
			case "locale", "lang", "lng", "language":
				out.locale = out.locale || i == 0
			}
		case strings.Contains(seg, "{"):
			one.form, one.glob = 'm', glob(seg)
		}
		out.parts = append(out.parts, one)
		weight.WriteByte(map[byte]byte{'l': '4', 'm': '3', 'p': '2', 'r': '1'}[one.form])
	}
	weight.WriteByte('5') // an end is more exact than what may be missing
	out.weight = weight.String()
	return out
}

// glob makes a pattern of a segment with parameters in it.
func glob(seg string) *regexp.Regexp {
	var b strings.Builder
	last := 0
	for _, m := range braceParam.FindAllStringIndex(seg, -1) {
		b.WriteString(regexp.QuoteMeta(seg[last:m[0]]) + ".+")
		last = m[1]
	}
	b.WriteString(regexp.QuoteMeta(seg[last:]))
	re, err := regexp.Compile("^" + b.String() + "$")
	if err != nil {
		return nil
	}
	return re
}

func (p pattern) match(segs []string) bool {
	if p.matchFrom(segs) {
		return true
	}
	return p.locale && (len(segs) == 0 || !locale(segs[0])) && pattern{parts: p.parts[1:]}.matchFrom(segs)
}

// matchFrom compares in one table, part by part, so that no pattern makes it
// slow.
func (p pattern) matchFrom(segs []string) bool {
	if len(p.parts) > 0 && p.parts[0].form == 'l' && (len(segs) == 0 || !p.parts[0].takes(segs[0])) {
		return false
	}
	can := make([]bool, len(segs)+1)
	can[0] = true
	for _, one := range p.parts {
		then := make([]bool, len(segs)+1)
		for i, ok := range can {
			if ok && one.optional {
				then[i] = true
			}
			if i == len(segs) || !ok && (one.form != 'r' || !then[i]) {
				continue
			}
			if one.takes(segs[i]) {
				then[i+1] = true
			}
		}
		can = then
	}
	return can[len(segs)]
}

func (p part) takes(seg string) bool {
	switch p.form {
	case 'l':
		return strings.EqualFold(seg, p.text)
	case 'm':
		return p.glob != nil && p.glob.MatchString(seg)
	}
	return true
}

// locales are the languages that addresses begin with; those that are words of
// addresses in English ("my", "is", "go", "me") are not taken for one.
const locales = " ar bg bn ca cs da de el en es et fa fi fr gl gu he hi hr hu hy id it ja ka kk km kn ko lt lv mk ml mr ms nb nl nn no pa pl pt ro ru sk sl sq sr sv sw ta te th tr uk ur uz vi zh "

var region = regexp.MustCompile(`^([a-z]{2})[-_]([A-Za-z]{2}|[A-Z][a-z]{3}|[0-9]{3})$`)

// locale says whether a segment is a language: "de", "pt-BR", "zh-Hans".
func locale(seg string) bool {
	if m := region.FindStringSubmatch(seg); m != nil {
		return true
	}
	return len(seg) == 2 && strings.Contains(locales, " "+seg+" ")
}
