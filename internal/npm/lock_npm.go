package npm

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
)

// npmEntry is one installed folder of package-lock.json.
type npmEntry struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Resolved     string            `json:"resolved"`
	Integrity    string            `json:"integrity"`
	Link         bool              `json:"link"`
	Dependencies map[string]string `json:"dependencies"`
	Optional     map[string]string `json:"optionalDependencies"`
	Peer         map[string]string `json:"peerDependencies"`
}

// npmEntryV1 is one of lockfile version 1, which nests.
type npmEntryV1 struct {
	Version      string                `json:"version"`
	Resolved     string                `json:"resolved"`
	Integrity    string                `json:"integrity"`
	Requires     json.RawMessage       `json:"requires"`
	Dependencies map[string]npmEntryV1 `json:"dependencies"`
}

// npmFile is package-lock.json or npm-shrinkwrap.json.
type npmFile struct {
	Version  int                 `json:"lockfileVersion"`
	Packages map[string]npmEntry `json:"packages"`
	// Dependencies is read of version 1 only.
	Dependencies json.RawMessage `json:"dependencies"`
}

// npmLock reads package-lock.json, versions 1 to 3, that stands in dir.
func npmLock(file, dir string, data []byte) (*lock, error) {
	var f npmFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	if f.Version == 0 && f.Packages == nil && f.Dependencies == nil {
		return nil, errors.New("has no lockfileVersion")
	}
	if f.Packages == nil {
		f.Packages = map[string]npmEntry{"": {}}
		var nested map[string]npmEntryV1
		if len(f.Dependencies) > 0 {
			if err := json.Unmarshal(f.Dependencies, &nested); err != nil {
				return nil, err
			}
		}
		flatten(f.Packages, "", nested)
	}
	r := &npmReader{lock: newLock(file), dir: dir, entries: f.Packages}
	r.read()
	return r.lock, nil
}

// flatten turns the tree of version 1 into the folders of version 2.
func flatten(out map[string]npmEntry, at string, nested map[string]npmEntryV1) {
	for name, e := range nested {
		folder := path.Join(at, "node_modules", name)
		var requires map[string]string
		_ = json.Unmarshal(e.Requires, &requires) // "requires: true" has no edges
		out[folder] = npmEntry{Version: e.Version, Resolved: e.Resolved, Integrity: e.Integrity, Dependencies: requires}
		flatten(out, folder, e.Dependencies)
	}
}

// npmReader fills a lock.
type npmReader struct {
	lock    *lock
	dir     string
	entries map[string]npmEntry
}

func (r *npmReader) read() {
	folders := make([]string, 0, len(r.entries))
	for folder, e := range r.entries {
		if inModules(folder) && !e.Link {
			folders = append(folders, folder)
		}
		if !inModules(folder) {
			r.lock.dirs = append(r.lock.dirs, join(r.dir, folder))
		}
	}
	slices.Sort(folders)
	slices.Sort(r.lock.dirs)
	for _, folder := range folders {
		e := r.entries[folder]
		name := folder[strings.LastIndex(folder, "node_modules/")+len("node_modules/"):]
		key := name + "@" + e.Version
		if e.Name != "" && e.Name != name {
			key = name + "@" + e.Name + "@" + e.Version
		}
		r.lock.add(folder, pkg{name: name, key: key, ident: e.Version + "\x00" + e.Resolved + "\x00" + e.Integrity})
	}
	for i, folder := range folders {
		e := r.entries[folder]
		for _, deps := range []map[string]string{e.Dependencies, e.Optional, e.Peer} {
			for name := range deps {
				if t := r.find(folder, name); !t.none() {
					r.lock.pkgs[i].edges = append(r.lock.pkgs[i].edges, edge{name, t})
				}
			}
		}
	}
	r.lock.seal()
	r.lock.direct = func(dir, name, _ string) target { return r.find(r.inside(dir), name) }
	r.lock.has = func(dir string) bool { _, ok := slices.BinarySearch(r.lock.dirs, dir); return ok }
}

func inModules(folder string) bool {
	return strings.HasPrefix(folder, "node_modules/") || strings.Contains(folder, "/node_modules/")
}

// inside is a folder of the tree as the lockfile writes it.
func (r *npmReader) inside(dir string) string {
	if r.dir == "" {
		return dir
	}
	if dir == r.dir {
		return ""
	}
	return strings.TrimPrefix(dir, r.dir+"/")
}

// find looks a name up as Node does: in the folder's node_modules, then in those
// of the folders around it.
func (r *npmReader) find(folder, name string) target {
	for {
		if !strings.HasSuffix(folder, "/node_modules") && folder != "node_modules" {
			at := path.Join(folder, "node_modules", name)
			if e, ok := r.entries[at]; ok {
				if e.Link {
					return toUnit(join(r.dir, e.Resolved))
				}
				if i, ok := r.lock.byKey[at]; ok {
					return toPkg(i)
				}
				return noTarget()
			}
		}
		if folder == "" {
			return noTarget()
		}
		if i := strings.LastIndexByte(folder, '/'); i >= 0 {
			folder = folder[:i]
		} else {
			folder = ""
		}
	}
}
