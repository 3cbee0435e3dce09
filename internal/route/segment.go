package route

import (
	"net/url"
	"regexp"
	"strings"
)

// join makes one pattern of pieces: one slash between segments, none at the end.
func join(pieces ...string) string {
	var b strings.Builder
	for _, piece := range pieces {
		for seg := range strings.SplitSeq(piece, "/") {
			if seg != "" && seg != "." {
				b.WriteString("/" + seg)
			}
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// below is the pattern of a layout.
func below(prefix string) string { return join(prefix, "*") }

// each rewrites a path segment by segment; ok is false as soon as one is not
// understood.
func each(p string, one func(seg string) (string, bool)) (string, bool) {
	var out []string
	for seg := range strings.SplitSeq(p, "/") {
		if seg == "" {
			continue
		}
		got, ok := one(seg)
		if !ok {
			return "", false
		}
		out = append(out, got)
	}
	return join(out...), true
}

var (
	plainSegment = regexp.MustCompile(`^[\pL\pN_.~!$&',;=@%+-]+$`)
	paramName    = regexp.MustCompile(`^[\pL_][\pL\pN_-]*$`)
	colonParam   = regexp.MustCompile(`:([A-Za-z_]\w*)(\((?:[^()]|\([^()]*\))*\))?([?*+]?)`)
	braceParam   = regexp.MustCompile(`\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}`)
	squareParam  = regexp.MustCompile(`\[([^\[\]]+)\]`)
	angleParam   = regexp.MustCompile(`<([^<>]*)>`)
	dollarParam  = regexp.MustCompile(`\$([A-Za-z_]\w*)`)
)

// colon reads ":id" of Express, React Router, Vue, Angular, gin, echo, Hono.
func colon(p string) (string, bool) {
	if strings.ContainsAny(p, "\\|^") && !strings.Contains(p, "(") {
		return "", false
	}
	// A constraint in brackets may hold a slash, which would fall apart.
	for _, m := range colonParam.FindAllStringSubmatch(p, -1) {
		if strings.Contains(m[2], "/") {
			return "", false
		}
	}
	return each(p, func(seg string) (string, bool) {
		switch {
		case seg == "*" || seg == "**":
			return "{rest...?}", true
		case seg[0] == '*' && paramName.MatchString(seg[1:]):
			return "{" + seg[1:] + "...}", true
		case strings.HasPrefix(seg, "{*") || strings.Contains(seg, "{"):
			return "", false
		}
		if m := colonParam.FindStringSubmatch(seg); m != nil && m[0] == seg {
			name, wide := m[1], m[2] == "(.*)" || m[2] == "(.+)"
			switch {
			case m[3] == "*" || m[3] == "?" && wide:
				return "{" + name + "...?}", true
			case m[3] == "+" || wide:
				return "{" + name + "...}", true
			}
			return "{" + name + m[3] + "}", true
		}
		return mixed(seg, colonParam)
	})
}

// mixed reads a segment with parameters among literal text: "{a}-{b}".
func mixed(seg string, param *regexp.Regexp) (string, bool) {
	literal := param.ReplaceAllString(seg, "")
	if literal != "" && !plainSegment.MatchString(literal) {
		return "", false
	}
	return param.ReplaceAllStringFunc(seg, func(m string) string {
		name := param.FindStringSubmatch(m)[1]
		if i := strings.LastIndexAny(name, ":."); i >= 0 {
			name = name[i+1:]
		}
		name, _, _ = strings.Cut(name, "=")
		return "{" + strings.Trim(name, "?*+ ") + "}"
	}), true
}

// brace reads "{id}" of ASP.NET, Spring, Laravel, FastAPI, chi and net/http, with
// its constraints: "{id:int}", "{*path}", "{path:path}", "{path...}", "{id=1}".
func brace(p string) (string, bool) {
	for _, m := range braceParam.FindAllStringSubmatch(p, -1) {
		if strings.Contains(m[1], "/") {
			return "", false
		}
	}
	return each(p, func(seg string) (string, bool) {
		switch seg {
		case "{$}":
			return "", true
		case "*":
			return "{any}", true
		case "**":
			return "{rest...?}", true
		}
		m := braceParam.FindStringSubmatch(seg)
		if m == nil || m[0] != seg {
			return mixedBrace(seg)
		}
		in, stars := strings.TrimLeft(m[1], "*"), strings.HasPrefix(m[1], "*")
		in, dots := strings.CutSuffix(in, "...")
		in, optional := strings.CutSuffix(in, "?")
		name, rule, _ := strings.Cut(in, ":")
		if cut, _, ok := strings.Cut(name, "="); ok {
			name, optional = cut, true
		}
		if strings.Contains(rule, "=") && !strings.ContainsAny(rule, "([\\") {
			optional = true
		}
		name = strings.TrimSuffix(name, "?")
		if !paramName.MatchString(name) {
			return "", false
		}
		switch {
		case stars || dots || rule == "path":
			return "{" + name + "...?}", true
		case rule == ".*" || rule == ".+":
			return "{" + name + "...}", true
		case optional:
			return "{" + name + "?}", true
		}
		return "{" + name + "}", true
	})
}

func mixedBrace(seg string) (string, bool) {
	literal := braceParam.ReplaceAllString(seg, "")
	if literal != "" && !plainSegment.MatchString(literal) {
		return "", false
	}
	sure := true
	out := braceParam.ReplaceAllStringFunc(seg, func(m string) string {
		name, _, _ := strings.Cut(strings.Trim(m, "{}"), ":")
		name = strings.Trim(name, "?*")
		sure = sure && paramName.MatchString(name)
		return "{" + name + "}"
	})
	return out, sure
}

// angle reads "<int:id>" of Django and Flask.
func angle(p string) (string, bool) {
	return each(p, func(seg string) (string, bool) {
		m := angleParam.FindStringSubmatch(seg)
		if m == nil || m[0] != seg {
			return mixed(seg, angleParam)
		}
		kind, name, ok := strings.Cut(m[1], ":")
		if !ok {
			kind, name = "", kind
		}
		kind, _, _ = strings.Cut(kind, "(")
		if !paramName.MatchString(name) {
			return "", false
		}
		if kind == "path" {
			return "{" + name + "...}", true
		}
		return "{" + name + "}", true
	})
}

// square reads "[id]" of a file name; empty says whether "[...x]" may be no
// segment at all.
func square(seg string, empty bool) (string, bool) {
	inner, twice := strings.CutPrefix(seg, "[[")
	if twice {
		if inner, twice = strings.CutSuffix(inner, "]]"); !twice {
			return "", false
		}
		name, rest := strings.CutPrefix(inner, "...")
		name, _, _ = strings.Cut(name, "=")
		if !paramName.MatchString(name) {
			return "", false
		}
		if rest {
			return "{" + name + "...?}", true
		}
		return "{" + name + "?}", true
	}
	if m := squareParam.FindStringSubmatch(seg); m != nil && m[0] == seg {
		name, rest := strings.CutPrefix(m[1], "...")
		name, _, _ = strings.Cut(name, "=")
		if rest && name == "" {
			name = "rest"
		}
		switch {
		case !paramName.MatchString(name):
			return "", false
		case rest && empty:
			return "{" + name + "...?}", true
		case rest:
			return "{" + name + "...}", true
		}
		return "{" + name + "}", true
	}
	if strings.Contains(seg, "[...") || strings.Contains(seg, "[[") {
		return "", false
	}
	if strings.ContainsAny(seg, "(){}") {
		return "", false
	}
	if plain, err := url.PathUnescape(seg); err == nil && !strings.Contains(seg, "[") {
		seg = plain
	}
	return mixed(seg, squareParam)
}

// folders reads the segments of file names: groups in round brackets go, and ok
// is false when one is not understood.
func folders(segs []string, empty bool) ([]string, bool) {
	out := []string{}
	for _, seg := range segs {
		if seg == "" || strings.HasPrefix(seg, "(") && strings.HasSuffix(seg, ")") {
			continue
		}
		got, ok := square(seg, empty)
		if !ok {
			return nil, false
		}
		out = append(out, got)
	}
	return out, true
}

// split cuts a path into its segments; "" and "." have none.
func split(p string) []string {
	if p == "" || p == "." {
		return nil
	}
	return strings.Split(p, "/")
}
