package npm

import (
	"hash/fnv"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/postflight/postflight/internal/workspace"
)

// files is a tree in memory.
type files map[string]string

func (f files) Files() []string { return slices.Sorted(maps.Keys(f)) }

func (f files) Read(path string) ([]byte, error) {
	data, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(data), nil
}

func (f files) Hash(path string) string {
	data, ok := f[path]
	if !ok {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(data))
	return strconv.FormatUint(h.Sum64(), 16)
}

// with is the tree with some files changed; an empty one is deleted.
func (f files) with(changes files) files {
	out := maps.Clone(f)
	for path, data := range changes {
		if data == "" {
			delete(out, path)
		} else {
			out[path] = data
		}
	}
	return out
}

// read reads a tree that has no problems.
func read(t *testing.T, tree files) map[string]workspace.Unit {
	t.Helper()
	space := readSpace(t, tree)
	if len(space.Problems) > 0 {
		t.Fatalf("problems: %+v", space.Problems)
	}
	units := map[string]workspace.Unit{}
	for _, u := range space.Units {
		units[u.ID] = u
	}
	return units
}

func readSpace(t *testing.T, tree files) workspace.Space {
	t.Helper()
	space, err := Read(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	return space
}

// moved are the units whose closure differs, and whether only in what verifies.
func moved(t *testing.T, base, head files) map[string]string {
	t.Helper()
	was, is := read(t, base), read(t, head)
	out := map[string]string{}
	for id, u := range is {
		for k := range u.External {
			if u.External[k] != was[id].External[k] {
				note(out, id, k)
			}
		}
		for k := range was[id].External {
			if _, ok := u.External[k]; !ok {
				note(out, id, k)
			}
		}
	}
	return out
}

func note(out map[string]string, id, key string) {
	if len(key) > len(workspace.VerifyPrefix) && key[:len(workspace.VerifyPrefix)] == workspace.VerifyPrefix {
		if out[id] == "" {
			out[id] = "verify"
		}
		return
	}
	out[id] = "ship"
}
