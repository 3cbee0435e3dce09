package git_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/git"
	"github.com/postflight/postflight/internal/workspace"
)

var _ workspace.Tree = (*git.Tree)(nil)

// repo makes a repository; each call of the returned function commits files.
func repo(t *testing.T) (dir string, commit func(files map[string]string) string) {
	t.Helper()
	dir = t.TempDir()
	run := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	run("init", "-q", "-b", "main")
	return dir, func(files map[string]string) string {
		for name, text := range files {
			path := filepath.Join(dir, name)
			if text == "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run("add", "-A")
		run("commit", "-q", "--allow-empty", "-m", "x")
		return run("rev-parse", "HEAD")[:40]
	}
}

func TestChangesAndTrees(t *testing.T) {
	t.Parallel()
	dir, commit := repo(t)
	odd := "odd\nname \"ü\".txt"
	long := "a long text that stays the same\nso that a rename is seen\nfor what it is\n"
	base := commit(map[string]string{"a.txt": "1", "b/c.txt": long, odd: "x", "gone": "y"})
	head := commit(map[string]string{"a.txt": "2", "b/c.txt": "", "d/c.txt": long, odd: "z", "gone": "", "new": "n"})
	r, err := git.Open(t.Context(), filepath.Join(dir, "d"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Changes(t.Context(), base, head)
	if err != nil {
		t.Fatal(err)
	}
	want := []git.Change{
		{Path: "a.txt", Kind: git.Modified},
		{Path: "b/c.txt", Kind: git.Removed},
		{Path: "d/c.txt", Kind: git.Added, From: "b/c.txt"},
		{Path: "gone", Kind: git.Removed},
		{Path: "new", Kind: git.Added},
		{Path: odd, Kind: git.Modified},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	b, err := r.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	tree, err := r.Tree(t.Context(), base, b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a.txt", "b/c.txt", "gone", odd}, tree.Files()); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if data, err := tree.Read(odd); err != nil || string(data) != "x" {
		t.Errorf("read: %q, %v", data, err)
	}
	if _, err := tree.Read("new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read of a file that is not there: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	dir, commit := repo(t)
	base := commit(map[string]string{"a": "1"})
	r, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Commit(t.Context(), "main"); err != nil || got != base {
		t.Errorf("main: %s, %v", got, err)
	}
	for _, name := range []string{"nothing", "", "--help", "main:a", "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"} {
		if _, err := r.Commit(t.Context(), name); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("Commit(%q): %v", name, err)
		}
	}
	if _, err := git.Open(t.Context(), t.TempDir()); !fault.Is(err, fault.NotFound) {
		t.Errorf("a folder that is no repository: %v", err)
	}
}

func TestShallow(t *testing.T) {
	t.Parallel()
	dir, commit := repo(t)
	base := commit(map[string]string{"a": "1"})
	commit(map[string]string{"a": "2"})
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "-q", "--depth", "1", "file://"+dir, clone).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, err := git.Open(t.Context(), clone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Commit(t.Context(), base); !r.Shallow() || !errors.Is(err, git.ErrNotFound) {
		t.Errorf("shallow %v, base: %v", r.Shallow(), err)
	}
}

func TestDirty(t *testing.T) {
	t.Parallel()
	dir, commit := repo(t)
	commit(map[string]string{"a": "1", "b": "1"})
	for name, text := range map[string]string{"a": "2", "new file": "n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	r, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Dirty(t.Context())
	want := []git.Change{{Path: "a", Kind: git.Modified}, {Path: "b", Kind: git.Removed}, {Path: "new file", Kind: git.Added}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
