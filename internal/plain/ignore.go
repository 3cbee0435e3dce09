package plain

import (
	"path"
	"strings"
)

// rule is one line of a .dockerignore.
type rule struct {
	parts []string
	keep  bool // begins with "!"
}

// ignore reads a .dockerignore: patterns from the context's root, the last that
// matches a file or a folder around it counts.
func ignore(data []byte) []rule {
	var out []rule
	for line := range strings.Lines(string(data[:min(len(data), 1<<20)])) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\xef\xbb\xbf"))
		if line == "" || strings.HasPrefix(line, "#") || len(out) >= 2000 {
			continue
		}
		text, keep := strings.CutPrefix(line, "!")
		text = strings.Trim(path.Clean("/"+strings.TrimSpace(text)), "/")
		if text != "" {
			out = append(out, rule{strings.Split(text, "/"), keep})
		}
	}
	return out
}

// ignored tells whether a file of a context is left out.
func ignored(rules []rule, file string) bool {
	out := false
	parts := strings.Split(file, "/")
	for _, r := range rules {
		if out == r.keep && prefixed(r.parts, parts) {
			out = !r.keep
		}
	}
	return out
}

// prefixed tells whether a pattern matches a path or a folder around it.
func prefixed(pattern, parts []string) bool {
	row := make([]bool, len(parts)+1)
	next := make([]bool, len(parts)+1)
	row[0] = true
	for _, p := range pattern {
		clear(next)
		if p == "**" {
			next[0] = row[0]
			for j := range parts {
				next[j+1] = row[j+1] || next[j]
			}
		} else {
			for j := range parts {
				if row[j] {
					next[j+1] = matchOne(p, parts[j])
				}
			}
		}
		row, next = next, row
	}
	for _, ok := range row[1:] {
		if ok {
			return true
		}
	}
	return false
}

func matchOne(pattern, name string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == name
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
