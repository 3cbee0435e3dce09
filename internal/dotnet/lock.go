package dotnet

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// lockOf is the lock file of a project; "" when there is none.
func lockOf(x *tree, e *evaluation) string {
	for _, v := range e.props["nugetlockfilepath"] {
		if file, ok := within(e.dir, v); ok && x.Hash(file) != "" {
			return file
		}
	}
	name := strings.TrimSuffix(path.Base(e.project), path.Ext(e.project))
	for _, file := range []string{path.Join(e.dir, "packages."+name+".lock.json"), path.Join(e.dir, "packages.lock.json")} {
		if x.Hash(file) != "" {
			return file
		}
	}
	return ""
}

// lockFile is packages.lock.json: framework to package to what it resolved to.
type lockFile struct {
	Version      int `json:"version"`
	Dependencies map[string]map[string]struct {
		Type         string            `json:"type"`
		Resolved     string            `json:"resolved"`
		ContentHash  string            `json:"contentHash"`
		Dependencies map[string]string `json:"dependencies"`
	} `json:"dependencies"`
}

// locked adds what a lock file resolved to a closure, and returns why it cannot.
func (e *evaluation) locked(x *tree, file string, out map[string]string) string {
	data, err := x.Read(file)
	if err != nil {
		return err.Error()
	}
	var l lockFile
	if err := json.Unmarshal(data, &l); err != nil {
		return "the lock file does not parse: " + err.Error()
	}
	if l.Version < 1 || l.Version > 2 || l.Dependencies == nil {
		return fmt.Sprintf("a lock file of version %d is not known", l.Version)
	}
	text := map[string]string{}
	for _, framework := range slices.Sorted(maps.Keys(l.Dependencies)) {
		for name, p := range l.Dependencies[framework] {
			if p.Type == "Project" {
				continue // what a project needs is in its own closure
			}
			edges := ""
			for _, d := range slices.Sorted(maps.Keys(p.Dependencies)) {
				edges += " " + d + "@" + p.Dependencies[d]
			}
			text[name+"@"+p.Resolved] += framework + " " + p.ContentHash + edges + "\n"
		}
	}
	for key, t := range text {
		out[key] = digest(t)
	}
	return ""
}
