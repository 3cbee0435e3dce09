package route

import (
	"regexp"
	"strings"
)

// Owners returns who owns a path by a CODEOWNERS file, in the syntax of GitHub
// and of GitLab: the last pattern that matches decides, and one without owners
// says that nobody does. In GitLab's sections ("[Docs][2] @docs", "^[Optional]")
// each has its own last match, and what a heading names owns patterns without
// owners; the answer is all of theirs, in order, each once. "!pattern" takes a
// path out of its section.
func Owners(codeowners []byte, path string) []string {
	if len(codeowners) > 3<<20 {
		return nil
	}
	var sections []*ownership
	byName := map[string]*ownership{}
	enter := func(name string, owners []string) *ownership {
		o := byName[strings.ToLower(name)]
		if o == nil {
			o = &ownership{}
			byName[strings.ToLower(name)] = o
			sections = append(sections, o)
		}
		o.heading = owners
		return o
	}
	cur := enter("", nil)
	path = strings.TrimPrefix(path, "/")
	for line := range strings.SplitSeq(string(codeowners), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		if m := section.FindStringSubmatch(line); m != nil {
			cur = enter(m[1], owners(m[2]))
			continue
		}
		pattern, rest := cutPattern(line)
		pattern, not := strings.CutPrefix(pattern, "!")
		if !owned(pattern, path) {
			continue
		}
		cur.found = owners(rest)
		if len(cur.found) == 0 {
			cur.found = cur.heading
		}
		if not {
			cur.found = nil
		}
	}
	var out []string
	seen := map[string]bool{}
	for _, o := range sections {
		for _, who := range o.found {
			if !seen[who] {
				seen[who] = true
				out = append(out, who)
			}
		}
	}
	return out
}

// ownership is what one section says.
type ownership struct {
	heading []string // owners of patterns without any
	found   []string
}

// A heading may have a number of approvals; a pattern that begins with a bracket
// has no blank before its end, and then no owner right behind.
var section = regexp.MustCompile(`^\^?\[([^\[\]]+)\](?:\[\d+\])?(?:[ \t]+(.*))?$`)

// cutPattern splits a line where the first blank is not escaped.
func cutPattern(line string) (pattern, rest string) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case ' ', '\t':
			return line[:i], line[i:]
		}
	}
	return line, ""
}

// owners returns the names, teams and addresses before a comment.
func owners(s string) []string {
	var out []string
	for _, f := range strings.Fields(s) {
		if f[0] == '#' {
			break
		}
		if strings.Contains(f, "@") {
			out = append(out, f)
		}
	}
	return out
}

// owned says whether a pattern of CODEOWNERS matches a path: those of gitignore,
// without "[…]". "docs/*" does not reach into folders, "docs/" and "/docs" do.
func owned(pattern, path string) bool {
	anchored := strings.Contains(strings.TrimSuffix(pattern, "/"), "/")
	folder := strings.HasSuffix(pattern, "/")
	pattern = strings.Trim(pattern, "/")
	if pattern == "" {
		return folder // "/" is all
	}
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) > 100 || len(have) > 200 {
		return false
	}
	if !anchored {
		want = append([]string{"**"}, want...)
	}
	last := want[len(want)-1]
	switch {
	case folder:
		want = append(want, "*", "**")
	case last != "*" && last != "**" || !anchored:
		want = append(want, "**")
	}
	// can[i]: the pattern so far matches the first i segments.
	can := make([]bool, len(have)+1)
	can[0] = true
	for _, w := range want {
		then := make([]bool, len(have)+1)
		for i, ok := range can {
			if w == "**" {
				then[i] = ok || i > 0 && then[i-1]
			} else if ok && i < len(have) && wild(w, have[i]) {
				then[i+1] = true
			}
		}
		can = then
	}
	return can[len(have)]
}

// wild matches one segment: "*" any number of signs, "?" one, "\" the next as it
// stands.
func wild(w, s string) bool {
	star, back, i, j := -1, 0, 0, 0
	for j < len(s) {
		switch {
		case i < len(w) && w[i] == '*':
			star, back = i, j
			i++
		case i+1 < len(w) && w[i] == '\\' && w[i+1] == s[j]:
			i, j = i+2, j+1
		case i < len(w) && w[i] != '\\' && (w[i] == '?' || w[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			back++
			i, j = star+1, back
		default:
			return false
		}
	}
	for i < len(w) && w[i] == '*' {
		i++
	}
	return i == len(w)
}
