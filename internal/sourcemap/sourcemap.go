// Package sourcemap finds where in its sources a place in built JavaScript
// comes from.
//
// Parse reads a source map of version 3, plain or an index of sections; Find
// walks the mappings once for all places that are asked for and keeps none, so
// that a map of twenty megabytes costs no more memory than its text. Maps come
// from the web: whatever is out of range is an error or no answer, never a
// panic. The package never fetches a map. The journey room calls it when a page
// threw an exception.
package sourcemap

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// MaxSize is the largest map that Parse reads, in bytes.
const MaxSize = 20 << 20

// maxSections bounds an index.
const maxSections = 10000

// Position is a place in text. Line and Column are 1-based; columns count
// UTF-16 units, as browsers do.
type Position struct{ Line, Column int }

// Place is a place in a source. Its zero value means that none is known.
type Place struct {
	Source string // as "src/cart.ts"
	Name   string // the identifier's original name, when the map says it
	Position
}

// Known reports whether the place was found.
func (p Place) Known() bool { return p.Source != "" }

// Map is a parsed source map. It is never changed, and safe for concurrent use.
type Map struct{ sections []section }

type section struct {
	line, column int // 0-based: where it begins
	sources      []string
	names        []string
	mappings     string
}

type document struct {
	Version  int               `json:"version"`
	Root     string            `json:"sourceRoot"`
	Sources  []*string         `json:"sources"`
	Names    []json.RawMessage `json:"names"`
	Mappings string            `json:"mappings"`
	Sections []struct {
		Offset struct {
			Line   int `json:"line"`
			Column int `json:"column"`
		} `json:"offset"`
		URL string    `json:"url"`
		Map *document `json:"map"`
	} `json:"sections"`
}

// Parse reads a map.
func Parse(data []byte) (*Map, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("parse source map: %d bytes are more than %d", len(data), MaxSize)
	}
	// Some servers guard JSON with a first line that is no JavaScript.
	if strings.HasPrefix(string(data[:min(len(data), 4)]), ")]}") {
		_, rest, _ := strings.Cut(string(data), "\n")
		data = []byte(rest)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("parse source map: %w", err)
	}
	if d.Version != 3 {
		return nil, fmt.Errorf("parse source map: version %d, want 3", d.Version)
	}
	m := &Map{}
	if err := m.add(&d, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("parse source map: %w", err)
	}
	return m, nil
}

// add appends a document that begins at a line and column, with its sections.
func (m *Map) add(d *document, line, column, depth int) error {
	if depth > 3 || len(m.sections)+len(d.Sections) > maxSections {
		return errors.New("too many sections")
	}
	if len(d.Sections) == 0 {
		m.sections = append(m.sections, section{line, column, sources(d), names(d), d.Mappings})
		return nil
	}
	for i, s := range d.Sections {
		switch {
		case s.Map == nil:
			return fmt.Errorf("section %d has no map of its own", i+1)
		case s.Offset.Line < 0 || s.Offset.Column < 0 || s.Offset.Line > 1<<30 || s.Offset.Column > 1<<30:
			return fmt.Errorf("section %d begins nowhere", i+1)
		}
		at, from := line+s.Offset.Line, s.Offset.Column
		if s.Offset.Line == 0 {
			from += column
		}
		if err := m.add(s.Map, at, from, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func sources(d *document) []string {
	out := make([]string, len(d.Sources))
	for i, s := range d.Sources {
		if s != nil {
			out[i] = Clean(d.Root, *s)
		}
	}
	return out
}

func names(d *document) []string {
	out := make([]string, len(d.Names))
	for i, raw := range d.Names {
		_ = json.Unmarshal(raw, &out[i]) // some tools write numbers: they name nothing
	}
	return out
}

// Clean is a source's path as people know it: without the bundler's scheme, the
// server's address and the steps up from the output's folder.
func Clean(root, source string) string {
	if root != "" && !strings.Contains(source, "://") && !strings.HasPrefix(source, "/") {
		source = strings.TrimSuffix(root, "/") + "/" + source
	}
	if scheme, rest, ok := strings.Cut(source, "://"); ok {
		source = rest
		if scheme == "webpack" || scheme == "http" || scheme == "https" || scheme == "file" || scheme == "ng" || scheme == "turbopack" {
			_, source, _ = strings.Cut(rest, "/") // the name of the project, or the host
		}
	}
	source, _, _ = strings.Cut(source, "?")
	if plain, err := url.PathUnescape(source); err == nil {
		source = plain
	}
	source = strings.TrimLeft(path.Clean("/"+source), "/")
	if len(source) > 300 {
		source = source[len(source)-300:]
	}
	return strings.ToValidUTF8(source, "")
}

// Find answers for each position in the built file. A map whose mappings are
// broken answers up to the break.
func (m *Map) Find(at []Position) []Place {
	out := make([]Place, len(at))
	wanted := map[int][]int{} // by section: indexes of at
	for i, p := range at {
		if s := m.section(p.Line-1, p.Column-1); s >= 0 {
			wanted[s] = append(wanted[s], i)
		}
	}
	for s, list := range wanted {
		m.sections[s].find(at, list, out)
	}
	return out
}

// section is the one a 0-based place lies in; -1 before the first.
func (m *Map) section(line, column int) int {
	found := -1
	for i, s := range m.sections {
		if s.line > line || (s.line == line && s.column > column) {
			break
		}
		found = i
	}
	return found
}
