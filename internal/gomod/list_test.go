package gomod

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/workspace"
)

// disk is a folder as a tree: what git keeps of this repository.
type disk struct {
	root  string
	files []string
}

func (d disk) Files() []string               { return d.files }
func (d disk) Read(p string) ([]byte, error) { return os.ReadFile(filepath.Join(d.root, p)) }
func (d disk) Hash(p string) string {
	data, err := d.Read(p)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

func open(t *testing.T, root string) disk {
	t.Helper()
	d := disk{root: root}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // others build beside us
			}
			return err
		}
		if e.IsDir() {
			if e.Name() == ".git" || e.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, p)
		d.files = append(d.files, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(d.files)
	return d
}

// listed is what "go list -deps -json" says of one package.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string
	Deps       []string
	Standard   bool
	EmbedFiles []string
	Module     *struct{ Path, Version string }
}

func list(t *testing.T, root string) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-e", "-json=ImportPath,Name,Imports,Deps,Standard,EmbedFiles,Module", "./...")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	all := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[l.ImportPath] = l
	}
}

// TestAsGoList holds our reading of this repository against the go command's:
// whatever goes into a program there must be known here.
func TestAsGoList(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks go list about the whole repository")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, root)
}

func compare(t *testing.T, root string) {
	t.Helper()
	s, err := Read(t.Context(), open(t, root))
	if err != nil {
		t.Fatal(err)
	}
	byName, byID := map[string]workspace.Unit{}, map[string]workspace.Unit{}
	for _, u := range s.Units {
		byName[u.Name], byID[u.ID] = u, u
	}
	packages, checked, extra := list(t, root), 0, 0
	for name, l := range packages {
		if l.Standard || l.Module == nil || l.Module.Version != "" {
			continue
		}
		u, ok := byName[name]
		if !ok {
			t.Errorf("%s is no unit", name)
			continue
		}
		checked++
		if u.Product != (l.Name == "main" && !example(u.Dir)) {
			t.Errorf("%s: product %v, package %s", name, u.Product, l.Name)
		}
		reached, external := closure(u, byID)
		for _, dep := range l.Deps {
			d := packages[dep]
			switch {
			case d.Standard || d.Module == nil:
			case d.Module.Version == "":
				if !reached[dep] {
					t.Errorf("%s needs %s: not known", name, dep)
				}
			case !external[d.Module.Path+"@"+d.Module.Version]:
				t.Errorf("%s is made with %s %s (%s): not known", name, d.Module.Path, d.Module.Version, dep)
			}
		}
		for dep := range reached {
			if dep != name && !slices.Contains(l.Deps, dep) {
				extra++
			}
		}
		for _, file := range l.EmbedFiles {
			if !embeddedIn(u, path.Join(u.Dir, file)) {
				t.Errorf("%s embeds %s: no input", name, file)
			}
		}
	}
	if checked == 0 {
		t.Error("nothing was compared")
	}
	t.Logf("%d packages, %d needs that this platform does not have", checked, extra)
}

// closure follows the needs of a unit.
func closure(u workspace.Unit, byID map[string]workspace.Unit) (names, external map[string]bool) {
	names, external = map[string]bool{}, map[string]bool{}
	queue := []workspace.Unit{u}
	for len(queue) > 0 {
		u := queue[0]
		queue = queue[1:]
		if names[u.Name] {
			continue
		}
		names[u.Name] = true
		for key, chosen := range u.External {
			if strings.HasPrefix(key, workspace.BehindPrefix) {
				key, _, _ = strings.Cut(chosen, " ")
			}
			external[key] = true
		}
		for _, n := range u.Needs {
			if n.Scope == workspace.Ship {
				queue = append(queue, byID[n.Unit])
			}
		}
	}
	return names, external
}

func embeddedIn(u workspace.Unit, file string) bool {
	for _, in := range u.Inputs {
		dir, deep := strings.CutSuffix(in.Pattern, "/**")
		if ok, err := path.Match(dir, file); err == nil && ok {
			return true
		}
		if deep {
			for at := path.Dir(file); at != "."; at = path.Dir(at) {
				if ok, err := path.Match(dir, at); err == nil && ok {
					return true
				}
			}
		}
	}
	return false
}
