package route

import (
	"path"
	"strings"
)

// djangoRoutes reads path(…) of a urls.py, when the way to it from the root
// urls is known.
func (s *scan) djangoRoutes(p string, c code) []Route {
	base, ok := s.djangoBase(p)
	if !ok {
		return nil
	}
	var out []Route
	for _, u := range djangoPaths(c) {
		pattern := join(base, u.pattern)
		switch {
		case u.below && u.pattern == "/":
		case u.below:
			out = append(out, named(Layout, pattern, nil, "Django urls")...)
		default:
			out = append(out, named(guess(pattern), pattern, nil, "Django urls")...)
		}
	}
	return out
}

// djangoPath is one path(…).
type djangoPath struct {
	pattern string
	below   bool   // it includes others
	module  string // which, when that is spelled out
}

func djangoPaths(c code) []djangoPath {
	closing := c.closing()
	var out []djangoPath
	international := -1
	for i := range c {
		if c.seq(i, "i18n_patterns", "(") && closing[i+1] > 0 {
			international = max(international, closing[i+1])
		}
		if !c.is(i, "path") || !c.is(i+1, "(") || c.is(i-1, ".") || closing[i+1] < 0 {
			continue
		}
		args := c.args(i+1, closing)
		at := args[0]
		for c.at(at).sort == newline {
			at++
		}
		text, ok := c.str(at)
		got, sure := angle(text)
		if !ok || !sure || len(args) < 3 {
			continue
		}
		u := djangoPath{pattern: got}
		if i < international {
			u.pattern = join("{lang?}", got)
		}
		at = args[1]
		for c.at(at).sort == newline {
			at++
		}
		if c.seq(at, "include", "(") {
			u.below = true
			at += 2
			if c.is(at, "(") {
				at++
			}
			u.module, _ = c.str(at)
		} else if c.seq(at, "admin", ".", "site", ".", "urls") {
			u.below = true
		}
		out = append(out, u)
	}
	return out
}

// djangoBase returns what stands before the addresses of a urls.py: manage.py
// names the settings, those the root urls, and those include the others.
func (s *scan) djangoBase(p string) (string, bool) {
	for _, dir := range above(path.Dir(p)) {
		manage := s.text(path.Join(dir, "manage.py"))
		if manage == nil {
			continue
		}
		c := s.python(path.Join(dir, "manage.py"))
		for i := range c {
			if c.at(i) != (token{literal, "DJANGO_SETTINGS_MODULE"}) {
				continue
			}
			settings, ok := c.str(i + 2)
			if root := s.rootUrls(dir, settings); ok && root != "" {
				d := &djangoSearch{scan: s, dir: dir, want: p, seen: map[string]bool{}}
				d.find(root, "/", 0)
				if len(d.bases) == 1 {
					return d.bases[0], true
				}
			}
			return "", false
		}
	}
	return "", false
}

// rootUrls returns the module of the root urls.
func (s *scan) rootUrls(dir, settings string) string {
	file := path.Join(dir, strings.ReplaceAll(settings, ".", "/"))
	for _, f := range []string{file + ".py", file + "/__init__.py", file + "/base.py", path.Dir(file) + "/base.py", path.Dir(file) + "/common.py", path.Dir(file) + "/__init__.py"} {
		c := s.python(f)
		for i := range c {
			if c.seq(i, "ROOT_URLCONF", "=") {
				if text, ok := c.str(i + 2); ok {
					return text
				}
			}
		}
	}
	return ""
}

// djangoSearch looks for a urls.py among those that are included.
type djangoSearch struct {
	*scan
	dir, want string
	seen      map[string]bool
	bases     []string
}

func (d *djangoSearch) find(module, base string, depth int) {
	rel := strings.ReplaceAll(module, ".", "/") + ".py"
	file := path.Join(d.dir, rel)
	if file == d.want || strings.HasSuffix(d.want, "/"+rel) && d.text(file) == nil {
		d.bases = append(d.bases, base)
		return
	}
	if d.seen[file] || depth > 4 || len(d.seen) > 200 {
		return
	}
	d.seen[file] = true
	for _, u := range djangoPaths(d.python(file)) {
		if u.module != "" {
			d.find(u.module, join(base, u.pattern), depth+1)
		}
	}
}
