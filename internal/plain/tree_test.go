package plain

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/workspace"
)

// memory is a tree of files by path.
type memory map[string]string

func (m memory) Files() []string { return slices.Sorted(maps.Keys(m)) }

func (m memory) Read(path string) ([]byte, error) {
	if text, ok := m[path]; ok {
		return []byte(text), nil
	}
	return nil, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
}

func (m memory) Hash(path string) string {
	if text, ok := m[path]; ok {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return ""
}

// with is the tree with some files changed; "" takes one away.
func (m memory) with(files ...string) memory {
	out := maps.Clone(m)
	for i := 0; i < len(files); i += 2 {
		if out[files[i]] = files[i+1]; files[i+1] == "" {
			delete(out, files[i])
		}
	}
	return out
}

func read(t *testing.T, m memory) workspace.Space {
	t.Helper()
	s, err := Read(t.Context(), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func named(t *testing.T, s workspace.Space, name string) workspace.Unit {
	t.Helper()
	i := slices.IndexFunc(s.Units, func(u workspace.Unit) bool { return u.Name == name })
	if i < 0 {
		t.Fatalf("no unit %s", name)
	}
	return s.Units[i]
}

// needs are a unit's needs as words.
func needs(u workspace.Unit) []string {
	var out []string
	for _, n := range u.Needs {
		word := strings.TrimPrefix(n.Unit, "plain:")
		if n.Scope == workspace.Verify {
			word += " (verify)"
		}
		out = append(out, word)
	}
	slices.Sort(out)
	return out
}

// inputs are the patterns of what a unit ships from outside.
func inputs(u workspace.Unit, scope workspace.Scope) []string {
	var out []string
	for _, n := range u.Inputs {
		if n.Scope == scope {
			out = append(out, n.Pattern)
		}
	}
	slices.Sort(out)
	return out
}
