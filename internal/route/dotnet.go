package route

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// dotnetRoutes reads ASP.NET: minimal APIs, controllers, Razor pages, Blazor.
func dotnetRoutes(p, ext string, src []byte) []Route {
	switch ext {
	case "cshtml":
		return razorPage(p, string(src))
	case "razor":
		var out []Route
		for _, m := range pageDirective.FindAllStringSubmatch(string(src), -1) {
			if got, ok := brace(m[1]); ok && strings.HasPrefix(m[1], "/") {
				out = append(out, named(Page, got, nil, "Blazor @page")...)
			}
		}
		return out
	}
	c := lex(src, csharp)
	if c.has("ControllerBase", "ApiController", "Controller") {
		return controllers(c)
	}
	return minimal(c)
}

var pageDirective = regexp.MustCompile(`(?m)^\x{feff}?@page(?:[ \t]+"([^"\n]*)")?[ \t]*\r?$`)

// razorPage reads "@page" of a file below Pages.
func razorPage(p, src string) []Route {
	dir, rel, ok := strings.Cut("/"+p, "/Pages/")
	if !ok {
		return nil
	}
	stem, _ := cutExt(rel)
	if stem == "Shared/_Layout" || stem == "_ViewStart" {
		return named(Layout, "", nil, "Razor Pages, "+path.Base(stem))
	}
	m := pageDirective.FindStringSubmatch(src)
	if m == nil || strings.HasPrefix(path.Base(stem), "_") {
		return nil
	}
	got, ok := brace(m[1])
	if !ok {
		return nil
	}
	if strings.HasPrefix(m[1], "/") {
		return named(Page, got, nil, "Razor Pages")
	}
	area := ""
	if _, a, ok := strings.Cut(dir, "/Areas/"); ok {
		area = a
	}
	segs := split(stem)
	if n := len(segs); n > 0 && segs[n-1] == "Index" {
		segs = segs[:n-1]
	}
	return named(Page, area, append(segs, got), "Razor Pages")
}

// minimal reads app.MapGet("/x", …), and groups of this file.
func minimal(c code) []Route {
	closing := c.closing()
	bases := map[string]string{}
	var out []Route
	for i := range c {
		if c.is(i, "WebApplication") && c.at(i+1).sort == word && (c.is(i+2, ",") || c.is(i+2, ")")) {
			bases[c.at(i+1).text] = "/" // a parameter
		}
		if !c.is(i, "=") || c.at(i-1).sort != word {
			if base, ok := bases[c.at(i).text]; ok && c.at(i).sort == word && !c.is(i-1, ".") && c.is(i+1, ".") {
				out = append(out, mapped(c, closing, i+2, base)...)
			}
			continue
		}
		name := c.at(i - 1).text
		delete(bases, name)
		switch base, ok := bases[c.at(i+1).text]; {
		case c.seq(i+2, ".", "Build", "(") && strings.Contains(strings.ToLower(c.at(i+1).text), "builder") && c.has("WebApplication"):
			bases[name] = "/"
		case ok && c.seq(i+2, ".", "MapGroup", "("):
			if text, whole := c.str(i + 5); whole {
				if got, sure := brace(text); sure {
					bases[name] = join(base, got)
				}
			}
		}
	}
	return out
}

// mapped reads a chain that begins at i: MapGet(…), MapGroup(…).MapGet(…).
func mapped(c code, closing []int, i int, base string) []Route {
	for range 20 {
		if !c.is(i+1, "(") || closing[i+1] < 0 {
			return nil
		}
		text, whole := c.str(i + 2)
		got, sure := brace(text)
		switch method, ok := strings.CutPrefix(c.at(i).text, "Map"); {
		case !ok:
			return nil
		case method == "Group" && whole && sure:
			base = join(base, got)
		case (isMethod(strings.ToLower(method)) || method == "Methods") && whole && sure && c.is(i+3, ","):
			return []Route{{Pattern: join(base, got), Kind: API, Why: "ASP.NET minimal API"}}
		default:
			return nil
		}
		i = closing[i+1] + 1
		if !c.is(i, ".") {
			return nil
		}
		i++
	}
	return nil
}

// controllers reads [Route] and [HttpGet] of controllers.
func controllers(c code) []Route {
	closing := c.closing()
	var out []Route
	var above []string // of the class
	var pending []string
	known, name, kind := false, "", Page
	api := false
	for i := 0; i < len(c); i++ {
		switch {
		case c.is(i, "[") && closing[i] > 0 && !slices.Contains([]string{")", "]"}, c.at(i-1).text) || c.is(i, "[") && c.is(i-1, "]") && closing[i] > 0:
			for _, at := range c.args(i, closing) {
				switch t := c.at(at).text; {
				case t == "ApiController":
					api = true
				case t == "Route" || strings.HasPrefix(t, "Http") && isMethod(strings.ToLower(t[4:])):
					pending = append(pending, attribute(c, at, t))
				}
			}
			i = closing[i]
		case c.is(i, "class"):
			name = strings.TrimSuffix(c.at(i+1).text, "Controller")
			known, kind = name != c.at(i+1).text, Page
			if api {
				kind = API
			}
			above, pending, api = pending, nil, false
		case c.is(i, "(") && closing[i] > 0:
			if known {
				out = append(out, actions(above, pending, name, kind)...)
			}
			pending = nil
			i = closing[i]
		case c.is(i, ";"):
			pending = nil
		}
	}
	return out
}

// attribute returns the method and the template: "Route api/x", "HttpGet".
// A template that is computed is "?".
func attribute(c code, at int, name string) string {
	if !c.is(at+1, "(") {
		return name
	}
	text, ok := c.str(at + 2)
	if !ok && !c.is(at+2, ")") && !c.is(at+2, "Name") && !c.is(at+2, "Order") {
		text = "?"
	}
	return name + " " + text
}

// actions makes the routes of one action.
func actions(above, own []string, class string, kind Kind) []Route {
	bases := []string{}
	for _, a := range above {
		if t, ok := strings.CutPrefix(a, "Route "); ok {
			bases = append(bases, t)
		}
	}
	if len(bases) == 0 {
		bases = append(bases, "")
	}
	template, verbs, named := "", false, false
	for _, a := range own {
		name, t, _ := strings.Cut(a, " ")
		verbs = verbs || name != "Route"
		if t != "" {
			template, named = t, true
		}
	}
	if !named && (!verbs || bases[0] == "") {
		return nil // by convention, which is set elsewhere
	}
	var out []Route
	for _, base := range bases {
		full := join(base, template)
		if strings.HasPrefix(template, "/") || strings.HasPrefix(template, "~/") {
			full = join(strings.TrimPrefix(template, "~"))
		}
		full = strings.ReplaceAll(full, "[controller]", strings.ToLower(class))
		got, ok := brace(full)
		if !ok || strings.ContainsAny(full, "[]?") && !strings.Contains(full, "?}") || strings.Contains(full, "[") {
			continue
		}
		out = append(out, Route{Pattern: got, Kind: kind, Why: "ASP.NET controller"})
	}
	return out
}
