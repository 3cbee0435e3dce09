package npm

import (
	"path"
	"strings"
)

// expand resolves {a,b} of a pattern, at most 256 ways.
func expand(pattern string) []string {
	out := []string{pattern}
	for range 8 {
		var next []string
		changed := false
		for _, p := range out {
			open := strings.IndexByte(p, '{')
			end := -1
			if open >= 0 {
				end = strings.IndexByte(p[open:], '}')
			}
			if end < 0 || len(out) > 256 {
				next = append(next, p)
				continue
			}
			changed = true
			for alt := range strings.SplitSeq(p[open+1:open+end], ",") {
				next = append(next, p[:open]+alt+p[open+end+1:])
			}
		}
		out = next
		if !changed || len(out) > 256 {
			break
		}
	}
	return out
}

// globs are the folder patterns of a workspace; "!" takes away.
type globs struct {
	want, not [][]string
}

// newGlobs reads patterns that are relative to dir.
func newGlobs(dir string, patterns []string) globs {
	var g globs
	for _, raw := range patterns {
		p, negated := strings.CutPrefix(strings.TrimSpace(raw), "!")
		for _, one := range expand(p) {
			one = join(dir, strings.TrimSuffix(strings.TrimSuffix(one, "/package.json"), "/"))
			segments := strings.Split(one, "/")
			if one == "" {
				segments = nil
			}
			if negated {
				g.not = append(g.not, segments)
			} else {
				g.want = append(g.want, segments)
			}
		}
	}
	return g
}

// match tells whether a folder is wanted.
func (g globs) match(dir string) bool {
	var segments []string
	if dir != "" {
		segments = strings.Split(dir, "/")
	}
	return matchAny(g.want, segments) && !matchAny(g.not, segments)
}

func matchAny(patterns [][]string, segments []string) bool {
	for _, p := range patterns {
		if matchSegments(p, segments) {
			return true
		}
	}
	return false
}

// matchSegments matches folder by folder, in time that is bounded by the product
// of both lengths.
func matchSegments(pattern, segments []string) bool {
	p, s := 0, 0
	star, mark := -1, 0
	for s < len(segments) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, mark = p, s
			p++
		case p < len(pattern) && matchSegment(pattern[p], segments[s]):
			p++
			s++
		case star >= 0 && !strings.HasPrefix(segments[mark], "."):
			mark++
			p, s = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// matchSegment matches one folder's name; wildcards do not match a leading dot.
func matchSegment(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return false
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok || pattern == name
}

// literal makes a pattern of a path that matches nothing else.
func literal(p string) string {
	if !strings.ContainsAny(p, `*?[]\!#`) {
		return p
	}
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `\`, `\\`, `!`, `\!`, `#`, `\#`).Replace(p)
}
