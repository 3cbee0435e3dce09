package route

import (
	"bytes"
	"strings"
)

// element is an open <Route>.
type element struct {
	pattern string
	sure    bool
}

// jsxRoutes reads <Route path="/shop" element={…}> of React Router, nested ones
// too. Descendant <Routes> of a component without an absolute path are left out:
// where that component is shown is not known.
func jsxRoutes(c code, src []byte) []Route {
	if !c.has("react-router", "react-router-dom", "@solidjs/router", "wouter") || !bytes.Contains(src, []byte("<Route")) {
		return nil
	}
	text := blankComments(string(src))
	rooted := !c.has("BrowserRouter", "HashRouter", "MemoryRouter", "RouterProvider", "createRoutesFromElements", "Router")
	var open []element
	var out []Route
	for i := 0; i < len(text); {
		at := strings.Index(text[i:], "Route")
		if at < 0 {
			break
		}
		i += at
		switch after := text[i+len("Route"):]; {
		case strings.HasPrefix(text[max(0, i-2):], "</Route>"):
			open = open[:max(0, len(open)-1)]
		case i > 0 && text[i-1] == '<' && after != "" && strings.ContainsRune(" \n\r\t>/", rune(after[0])):
			attrs, closed := attributes(after)
			prefix := element{"", !rooted}
			if n := len(open); n > 0 {
				prefix = open[n-1]
			}
			one, found := jsxElement(attrs, prefix, closed)
			out = append(out, found...)
			if !closed && len(open) < maxDepth*8 {
				open = append(open, one)
			}
			i += len("Route") + attrs.length
			continue
		}
		i += len("Route")
	}
	return out
}

// jsxElement is the route of one element, and what it means for those within.
func jsxElement(a attrs, prefix element, closed bool) (element, []Route) {
	path, has := a.values["path"]
	if !has {
		if a.dynamic["path"] {
			return element{}, nil
		}
		if a.dynamic["index"] && prefix.sure {
			return prefix, named(Page, prefix.pattern, nil, "React Router")
		}
		return prefix, nil
	}
	got, ok := colon(path)
	if !ok || !prefix.sure && !strings.HasPrefix(path, "/") {
		return element{}, nil
	}
	if got == "/{rest...?}" {
		return element{}, nil
	}
	if len(prefix.pattern) > maxPattern {
		return element{}, nil
	}
	one := element{join(prefix.pattern, got), true}
	if strings.HasPrefix(path, "/") && prefix.pattern != "" && strings.HasPrefix(got, prefix.pattern) {
		one.pattern = got
	}
	kind := Page
	if !closed || strings.HasSuffix(path, "/*") {
		kind = Layout
		one.pattern = strings.TrimSuffix(one.pattern, "/{rest...?}")
	}
	// <Route path="/x"><Page/></Route> of older versions has no routes within;
	// that it concerns all below is true of it too.
	return one, named(kind, one.pattern, nil, "React Router")
}

// attrs are the attributes of a tag.
type attrs struct {
	values  map[string]string
	dynamic map[string]bool // present, but not a spelled-out string
	length  int
}

// attributes reads up to the end of a tag; closed says that it ended in "/>".
func attributes(s string) (a attrs, closed bool) {
	a = attrs{values: map[string]string{}, dynamic: map[string]bool{}}
	depth, name := 0, ""
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\'' || c == '`':
			end := strings.IndexByte(s[i+1:], c)
			if end < 0 {
				a.length = len(s)
				return a, true
			}
			text := s[i+1 : i+1+end]
			if depth == 0 || depth == 1 && strings.HasSuffix(strings.TrimSpace(s[:i]), "={") && strings.HasPrefix(strings.TrimSpace(s[i+end+2:]), "}") {
				if name != "" && !strings.Contains(text, "${") {
					a.values[name] = text
				}
			}
			i += end + 1
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth > 0:
		case c == '>' && i > 0 && s[i-1] == '=':
		case c == '>':
			a.length = i + 1
			return a, strings.HasSuffix(strings.TrimSpace(s[:i]), "/")
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			start := i
			for i+1 < len(s) && (s[i+1] >= 'a' && s[i+1] <= 'z' || s[i+1] >= 'A' && s[i+1] <= 'Z' || s[i+1] == '-') {
				i++
			}
			name = s[start : i+1]
			a.dynamic[name] = true
		}
	}
	a.length = len(s)
	return a, true
}

// blankComments takes {/* … */} and lines of // out.
func blankComments(s string) string {
	var b strings.Builder
	last := strings.LastIndex(s, "*/")
	for from := 0; ; {
		i := strings.Index(s[from:], "/*")
		if i += from; i < from || i+2 > last {
			b.WriteString(s[from:])
			break
		}
		b.WriteString(s[from:i])
		// path="/shop/*" opens no comment.
		if strings.IndexByte("\"'`", s[i+2]) >= 0 {
			b.WriteString("/*")
			from = i + 2
			continue
		}
		from = i + 2 + strings.Index(s[i+2:], "*/") + 2
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "//") {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}
