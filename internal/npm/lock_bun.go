package npm

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// bunFile is bun.lock.
type bunFile struct {
	Version    int                          `json:"lockfileVersion"`
	Workspaces map[string]bunWorkspace      `json:"workspaces"`
	Packages   map[string][]json.RawMessage `json:"packages"`
	Patched    map[string]string            `json:"patchedDependencies"`
}

type bunWorkspace struct {
	Name string `json:"name"`
}

type bunDeps struct {
	Dependencies map[string]string `json:"dependencies"`
	Optional     map[string]string `json:"optionalDependencies"`
	Peer         map[string]string `json:"peerDependencies"`
}

// bunReader fills a lock. Packages are called by the way they are found: "a", or
// "b/a" where b has a version of its own.
type bunReader struct {
	lock  *lock
	dir   string
	units map[string]string // name in packages to folder
	names map[string]string // folder to the workspace's name
}

// bunLock reads bun.lock.
func bunLock(file, dir string, data []byte) (*lock, error) {
	var f bunFile
	if err := readJSONC(data, &f); err != nil {
		return nil, err
	}
	if f.Workspaces == nil {
		return nil, errors.New("has no workspaces")
	}
	r := &bunReader{lock: newLock(file), dir: dir, units: map[string]string{}, names: map[string]string{}}
	for at, w := range f.Workspaces {
		folder := join(dir, at)
		r.names[folder] = w.Name
		r.lock.dirs = append(r.lock.dirs, folder)
	}
	slices.Sort(r.lock.dirs)
	for key, file := range f.Patched {
		r.lock.patches = append(r.lock.patches, patch{join(dir, file), nameOf(key)})
	}
	keys := sortedKeys(f.Packages)
	for _, key := range keys {
		r.add(key, f.Packages[key])
	}
	for _, key := range keys {
		r.connect(key, f.Packages[key])
	}
	r.lock.seal()
	r.lock.direct = func(dir, name, _ string) target { return r.find(r.names[dir], name) }
	r.lock.has = func(dir string) bool { _, ok := r.names[dir]; return ok }
	return r.lock, nil
}

// add puts one package in: ["name@version", registry, {dependencies}, integrity].
func (r *bunReader) add(key string, parts []json.RawMessage) {
	if len(parts) == 0 {
		return
	}
	var res string
	field(parts[0], &res)
	if _, at, ok := strings.Cut(res, "@workspace:"); ok {
		r.units[key] = join(r.dir, at)
		return
	}
	var ident strings.Builder
	for _, p := range parts {
		if len(p) > 0 && p[0] != '{' {
			ident.Write(p)
			ident.WriteByte(0)
		}
	}
	r.lock.add(key, pkg{name: nameOf(res), key: res, ident: ident.String()})
}

func (r *bunReader) connect(key string, parts []json.RawMessage) {
	i, ok := r.lock.byKey[key]
	if !ok {
		return
	}
	for _, p := range parts[1:] {
		if len(p) == 0 || p[0] != '{' {
			continue
		}
		var d bunDeps
		field(p, &d)
		for _, deps := range []map[string]string{d.Dependencies, d.Optional, d.Peer} {
			for name := range deps {
				if t := r.find(key, name); !t.none() {
					r.lock.pkgs[i].edges = append(r.lock.pkgs[i].edges, edge{name, t})
				}
			}
		}
	}
}

// find looks a name up below the package that asks, then ever further up.
func (r *bunReader) find(at, name string) target {
	for {
		key := name
		if at != "" {
			key = at + "/" + name
		}
		if dir, ok := r.units[key]; ok {
			return toUnit(dir)
		}
		if i, ok := r.lock.byKey[key]; ok {
			return toPkg(i)
		}
		if at == "" {
			return noTarget()
		}
		at = bunParent(at)
	}
}

// bunParent takes the last name, with its scope, off a key.
func bunParent(key string) string {
	i := strings.LastIndexByte(key, '/')
	if i < 0 {
		return ""
	}
	rest := key[:i]
	if j := strings.LastIndexByte(rest, '/'); strings.HasPrefix(rest[j+1:], "@") {
		return rest[:max(j, 0)]
	}
	return rest
}
