package jvm

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// catalog is a version catalog: what each alias stands for.
type catalog struct {
	file    string
	all     string            // fingerprint of everything
	entries map[string]string // "libraries.a.b" to what it says, versions put in
	ids     map[string]string // id of a plugin to what its alias says
	names   map[string]string // "plugins.a.b" to the id
}

var (
	versionRef = regexp.MustCompile(`version(?:\.ref\s*=\s*|\s*=\s*\{\s*ref\s*=\s*)"([^"]+)"`)
	idIn       = regexp.MustCompile(`\bid\s*=\s*"([^"]+)"`)
	inQuotes   = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
)

// dotted is how scripts write an alias: a-b_c is a.b.c.
func dotted(alias string) string {
	return strings.ToLower(strings.NewReplacer("-", ".", "_", ".").Replace(strings.Trim(alias, `"' `)))
}

// parseCatalog reads the part of TOML that catalogs are written in.
func parseCatalog(file string, data []byte) (*catalog, error) {
	if len(data) > maxScript {
		return nil, errors.New("a version catalog larger than 2 MiB")
	}
	c := &catalog{file: file, entries: map[string]string{}, ids: map[string]string{}, names: map[string]string{}}
	raw, err := entries(string(data))
	if err != nil {
		return nil, err
	}
	var everything []string
	for key, value := range raw {
		section, alias, _ := strings.Cut(key, ".")
		for _, m := range versionRef.FindAllStringSubmatch(value, -1) {
			value += " " + raw["versions."+dotted(m[1])]
		}
		c.entries[key] = value
		everything = append(everything, key+"="+value)
		if section != "plugins" {
			continue
		}
		id := ""
		if m := idIn.FindStringSubmatch(value); m != nil {
			id = m[1]
		} else if m := inQuotes.FindStringSubmatch(value); m != nil {
			id, _, _ = strings.Cut(m[1]+m[2], ":")
		}
		c.ids[id] = value
		c.names["plugins."+alias] = id
	}
	for key, value := range raw {
		if strings.HasPrefix(key, "bundles.") {
			for _, m := range inQuotes.FindAllStringSubmatch(value, -1) {
				c.entries[key] += ";" + c.entries["libraries."+dotted(m[1]+m[2])]
			}
		}
	}
	slices.Sort(everything)
	c.all = digest(strings.Join(everything, "\n"))
	return c, nil
}

// entries splits a document into "section.alias" and the text of the value,
// comments and needless space left out.
func entries(doc string) (map[string]string, error) {
	out := map[string]string{}
	section, key, value := "", "", ""
	depth := 0
	for line := range strings.Lines(doc) {
		line, open, err := clean(line)
		if err != nil {
			return nil, err
		}
		if depth == 0 {
			if line == "" {
				continue
			}
			if strings.HasPrefix(line, "[") && open == 0 && !strings.Contains(line, "=") {
				section = strings.Trim(line, "[] ")
				continue
			}
			name, rest, ok := strings.Cut(line, "=")
			if !ok {
				return nil, errors.New("a line without a value: " + quoteShort(line))
			}
			key, value = dottedKey(section, name), ""
			line = strings.TrimSpace(rest)
		}
		value += " " + line
		if len(value) > 1<<16 {
			return nil, errors.New("a value that does not end")
		}
		if depth += open; depth < 0 {
			return nil, errors.New("a bracket that was not opened: " + quoteShort(line))
		}
		if depth == 0 {
			out[key] = strings.TrimSpace(out[key] + " " + strings.TrimSpace(value))
		}
	}
	if depth != 0 {
		return nil, errors.New("a bracket that is not closed")
	}
	return out, nil
}

// dottedKey is one key for alias = …, alias.version = … and [libraries.alias].
func dottedKey(section, name string) string {
	head, sub, nested := strings.Cut(section, ".")
	if nested {
		return strings.ToLower(head) + "." + dotted(sub)
	}
	name = strings.TrimSpace(name)
	if !strings.HasPrefix(name, `"`) {
		name, _, _ = strings.Cut(name, ".")
	}
	return strings.ToLower(head) + "." + dotted(name)
}

func quoteShort(s string) string { return s[:min(len(s), 60)] }

// clean takes comments and needless space out of a line, and counts brackets
// that stay open.
func clean(line string) (string, int, error) {
	var b strings.Builder
	quote, open := byte(0), 0
	for i := range len(line) {
		c := line[i]
		switch {
		case quote != 0:
			if c == quote && (quote == '\'' || line[i-1] != '\\') {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#':
			return strings.TrimSpace(b.String()), open, nil
		case c == '[' || c == '{':
			open++
		case c == ']' || c == '}':
			open--
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			c = ' '
			if s := b.String(); strings.HasSuffix(s, " ") {
				continue
			}
		}
		b.WriteByte(c)
	}
	if quote != 0 && !strings.Contains(line, `"""`) && !strings.Contains(line, "'''") {
		return "", 0, errors.New("a string that does not end: " + quoteShort(line))
	}
	return strings.TrimSpace(b.String()), open, nil
}

// find is what an accessor of a script means: its longest beginning that is an
// alias (what follows is a method). ok is false when none is.
func (c *catalog) find(access string) (key, value string, ok bool) {
	access = strings.ToLower(strings.Trim(access, "."))
	for _, section := range []string{"versions", "bundles", "plugins"} {
		if rest, found := strings.CutPrefix(access, section+"."); found {
			return c.longest(section, rest)
		}
	}
	return c.longest("libraries", access)
}

func (c *catalog) longest(section, access string) (key, value string, ok bool) {
	for access != "" {
		key = section + "." + access
		if value, ok = c.entries[key]; ok {
			return key, value, true
		}
		i := strings.LastIndexByte(access, '.')
		access = access[:max(i, 0)]
	}
	return "", "", false
}
