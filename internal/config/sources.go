package config

import (
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Sourced is what a pipeline needs to know of a product: which files make it,
// and which journeys cover it.
type Sourced struct {
	ID       string
	Name     string
	Source   *Source  // nil when the file does not say
	Journeys []string // ids, or files
	// Files are the journeys' files, relative to the configuration.
	Files []string
}

// Sources reads the sources of the products at path. Nothing else of the file
// has to make sense where it is read: a pipeline has none of the server's
// secrets. On a mistake within a source it returns an Errors.
func Sources(path string) ([]Sourced, error) {
	data, err := readBounded(path, maxFile)
	if err != nil {
		return nil, Errors{{File: path, Message: describeFile(path, err)}}
	}
	text := strings.TrimPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\ufeff")
	src := &source{
		file: path, lines: strings.Split(text, "\n"),
		keys: map[string]place{}, values: map[string]place{}, origins: map[string]string{},
	}
	root, problems := src.syntax([]byte(text))
	if len(problems) > 0 {
		return nil, Errors(problems)
	}
	d := &decoder{src: src, env: environment(os.Environ()), anchors: map[string]ast.Node{}}
	ast.Walk(d, root)
	doc := &document{}
	if root = d.resolve("", root); root != nil {
		d.structure("", root, reflect.ValueOf(doc).Elem())
	}
	c := &checker{decoder: d, doc: doc, opts: Options{Now: time.Now()}}
	var out []Sourced
	for _, id := range ordered(src, "products", doc.Products) {
		p := doc.Products[id]
		if p == nil {
			continue
		}
		c.sourceOf("products."+id+".source", id, p.Source)
		s := Sourced{ID: id, Name: p.Name, Source: p.Source}
		for _, j := range p.Journeys {
			if j.File != "" {
				s.Files = append(s.Files, j.File)
			}
			switch {
			case j.ID != "":
				s.Journeys = append(s.Journeys, j.ID)
			case j.File != "":
				s.Journeys = append(s.Journeys, j.File)
			}
		}
		out = append(out, s)
	}
	var own []Problem
	for _, p := range d.problems {
		if strings.Contains(p.Key+".", ".source.") {
			own = append(own, p)
		}
	}
	if len(own) > 0 {
		arrange(own)
		return nil, Errors(own)
	}
	return out, nil
}
