package check

import (
	"path"
	"strings"
)

// isAddress reports whether a module specifier is an address and not a bare
// name.
func isAddress(s string) bool {
	for _, prefix := range []string{"./", "../", "/", "http://", "https://"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// imported is the reference of a module import: a script, unless its name
// says that it is imported with attributes.
func imported(specifier string) ref {
	if kind := kindOf(specifier); kind != kindOther && kind != kindScript {
		return ref{kind: kind}
	}
	if strings.HasSuffix(pathOf(specifier), ".json") || strings.HasSuffix(pathOf(specifier), ".wasm") {
		return ref{kind: kindOther}
	}
	return ref{kind: kindScript, module: true}
}

// kindOf guesses an asset's kind from its address.
func kindOf(address string) string {
	switch strings.ToLower(path.Ext(pathOf(address))) {
	case ".js", ".mjs", ".cjs":
		return kindScript
	case ".css":
		return kindStyle
	case ".woff", ".woff2", ".ttf", ".otf", ".eot":
		return kindFont
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".ico":
		return kindImage
	case ".webmanifest":
		return kindManifest
	case ".html", ".htm":
		return kindHTML
	}
	return kindOther
}

func pathOf(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	return address
}

// splitSrcset returns the addresses of a srcset attribute, by the rules of
// the HTML standard: an address may hold commas, but not end with one.
func splitSrcset(s string) []string {
	const space = " \t\n\f\r"
	var out []string
	for {
		s = strings.TrimLeft(s, space+",")
		if s == "" {
			return out
		}
		end := strings.IndexAny(s, space)
		if end < 0 {
			end = len(s)
		}
		raw := s[:end]
		s = s[end:]
		bare := strings.TrimRight(raw, ",")
		out = append(out, bare)
		if bare != raw {
			continue // no descriptors
		}
		s = s[descriptors(s):]
	}
}

// descriptors returns the length of the descriptors up to the next comma
// outside parentheses.
func descriptors(s string) int {
	depth := 0
	for i, c := range []byte(s) {
		switch {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ',' && depth == 0:
			return i
		}
	}
	return len(s)
}
