package route

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var intercepted = regexp.MustCompile(`^(\(\.\.\.\)|(?:\(\.\.\))+|\(\.\))(.+)$`)

// next reads Next.js: pages/, app/, and the middleware beside them.
func next(s *scan, f found) []Route {
	config := s.config(f.app, "next.config")
	base := setting(config, "basePath")
	switch path.Base(f.folder) {
	case "pages":
		return nextPages(f.rel, base, pageExtensions(config))
	case "app":
		return nextApp(f.rel, base, pageExtensions(config))
	}
	stem, ext := cutExt(f.rel)
	if (stem == "middleware" || stem == "proxy") && (ext == "ts" || ext == "js") {
		return nextMiddleware(s.text(path.Join(f.app, f.folder, f.rel)), base, stem)
	}
	return nil
}

// pageExtensions returns which extensions make a page.
func pageExtensions(config []byte) []string {
	c := lex(config, javascript)
	closing := c.closing()
	for i := range c {
		if !c.is(i, "pageExtensions") || !c.seq(i+1, ":", "[") {
			continue
		}
		var out []string
		args := c.args(i+2, closing)
		for _, at := range args[:max(0, len(args)-1)] {
			if text, ok := c.str(at); ok {
				out = append(out, text)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return []string{"tsx", "ts", "jsx", "js"}
}

// cutPage splits the longest page extension off.
func cutPage(rel string, exts []string) (stem string, ok bool) {
	best := ""
	for _, ext := range exts {
		if strings.HasSuffix(rel, "."+ext) && len(ext) > len(best) {
			best = ext
		}
	}
	return strings.TrimSuffix(rel, "."+best), best != ""
}

func nextPages(rel, base string, exts []string) []Route {
	stem, ok := cutPage(rel, exts)
	if !ok {
		return nil
	}
	switch stem {
	case "_app", "_document", "_error":
		return named(Layout, base, nil, "pages router, "+stem)
	case "404", "500":
		return nil
	}
	var out []string
	for _, seg := range trimIndex(split(stem)) {
		got, ok := square(seg, false)
		if !ok {
			return nil
		}
		out = append(out, got)
	}
	if strings.HasPrefix(stem, "api/") || stem == "api" {
		return named(API, base, out, "pages router, API route")
	}
	return named(Page, base, out, "pages router")
}

func nextApp(rel, base string, exts []string) []Route {
	stem, ok := cutPage(rel, exts)
	if !ok {
		return nil
	}
	segs, ok := nextSegments(split(path.Dir(stem)))
	if !ok {
		return nil
	}
	switch name := path.Base(stem); name {
	case "page":
		return named(Page, base, segs, "app router")
	case "route":
		return named(API, base, segs, "app router, route handler")
	case "layout", "template", "loading", "error", "not-found", "forbidden", "unauthorized", "default":
		return named(Layout, base, segs, "app router, "+name)
	case "global-error", "global-not-found":
		return named(Layout, base, nil, "app router, "+name)
	case "sitemap":
		return named(API, base, append(segs, "sitemap.xml"), "app router, sitemap")
	case "robots":
		return named(API, base, append(segs, "robots.txt"), "app router, robots")
	case "manifest":
		return named(API, base, append(segs, "manifest.webmanifest"), "app router, manifest")
	}
	return nil
}

// nextSegments reads the folders of app/: groups and slots leave no trace,
// private folders serve nothing, and an intercepting folder stands for the
// address it intercepts.
func nextSegments(dirs []string) ([]string, bool) {
	out := []string{}
	for _, seg := range dirs {
		if m := intercepted.FindStringSubmatch(seg); m != nil {
			switch {
			case m[1] == "(...)":
				out = out[:0]
			case m[1] != "(.)":
				up := strings.Count(m[1], "(..)")
				if up > len(out) {
					return nil, false
				}
				out = out[:len(out)-up]
			}
			seg = m[2]
		}
		switch {
		case strings.HasPrefix(seg, "@"), strings.HasPrefix(seg, "(") && strings.HasSuffix(seg, ")"):
			continue
		case strings.HasPrefix(seg, "_"):
			return nil, false
		}
		got, ok := square(seg, false)
		if !ok {
			return nil, false
		}
		out = append(out, got)
	}
	return slices.Clip(out), true
}

// nextMiddleware reads which addresses the middleware concerns: its matcher when
// that is spelled out, else all.
func nextMiddleware(src []byte, base, stem string) []Route {
	c := lex(src, javascript)
	closing := c.closing()
	for i := range c {
		if !c.is(i, "matcher") || !c.is(i+1, ":") {
			continue
		}
		starts := []int{i + 2}
		if c.is(i+2, "[") {
			starts = c.args(i+2, closing)
			starts = starts[:max(0, len(starts)-1)]
		}
		var out []Route
		for _, at := range starts {
			text, ok := c.str(at)
			pattern, sure := colon(text)
			if !ok || !sure {
				return named(Layout, base, nil, stem)
			}
			pattern = strings.TrimSuffix(strings.TrimSuffix(pattern, "/{path...?}"), "/{path...}")
			out = append(out, named(Layout, base, split(strings.Trim(pattern, "/")), stem)...)
		}
		return out
	}
	return named(Layout, base, nil, stem)
}
