package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// law is one rule: it returns every breach it finds.
type law func(h *house, plan map[string]room) []breach

// laws are all rules by name.
func laws() map[string]law {
	return map[string]law{
		"floors": floors, "doors": doors, "readers": readers, "popular": popular, "density": density,
		"pure": pure, "starts": starts, "sleeps": sleeps, "asserts": asserts,
		"sizes": sizes, "share": share, "state": state, "words": words,
	}
}

// TestLaws holds every law in this module.
func TestLaws(t *testing.T) {
	t.Parallel()
	root, module := moduleRoot(t)
	h, err := load(os.DirFS(root), module)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.packs) < 20 {
		t.Fatalf("got %d packages, want the whole module", len(h.packs))
	}
	allowed, used := exceptions(), map[string]bool{}
	for name, law := range laws() {
		t.Run(name, func(t *testing.T) {
			for _, b := range law(h, plan()) {
				if allowed[b.key()] == "" {
					t.Error(b)
				}
				used[b.key()] = true
			}
		})
	}
	for key := range allowed {
		if !used[key] {
			t.Errorf("the exception %q excuses nothing: take it out", key)
		}
	}
}

// moduleRoot finds the module that this test is part of.
func moduleRoot(t *testing.T) (dir, module string) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			lines := strings.Split(string(text), "\n")
			i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "module ") })
			if i < 0 {
				t.Fatalf("%s/go.mod names no module", dir)
			}
			return dir, strings.TrimSpace(strings.TrimPrefix(lines[i], "module "))
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above this test")
		}
		dir = filepath.Dir(dir)
	}
}
