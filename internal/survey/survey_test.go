package survey_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/survey"
	"github.com/postflight/postflight/internal/workspace"
)

// folders reads each folder of the top as a unit.
func folders(_ context.Context, t workspace.Tree) (workspace.Space, error) {
	s := workspace.Space{Ecosystem: "plain"}
	seen := map[string]bool{}
	for _, f := range t.Files() {
		if dir, _, ok := strings.Cut(f, "/"); ok && !seen[dir] {
			seen[dir] = true
			data, err := t.Read(f)
			if err != nil {
				return s, err
			}
			s.Units = append(s.Units, workspace.Unit{ID: "plain:" + dir, Name: dir, Dir: dir, Manifest: string(data)})
		}
	}
	return s, nil
}

func readers(string) []survey.Reader { return []survey.Reader{folders} }

type checkout struct {
	t   *testing.T
	dir string
}

func (c checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c checkout) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c checkout) commit() string {
	c.git("add", "-A")
	c.git("commit", "-q", "-m", "x")
	return c.git("rev-parse", "HEAD")
}

func open(t *testing.T) checkout {
	c := checkout{t, t.TempDir()}
	c.git("init", "-q", "-b", "main")
	return c
}

func TestBases(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.write("a/x", "1")
	first := c.commit()
	c.git("checkout", "-q", "-b", "topic")
	c.write("b/x", "1")
	topic := c.commit()
	c.git("checkout", "-q", "main")
	c.write("c/x", "1")
	tip := c.commit()
	look := func(o survey.Options) *survey.Seen {
		t.Helper()
		o.Dir, o.Readers = c.dir, readers
		s, err := survey.Look(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	if s := look(survey.Options{Base: "main", Head: "topic"}); s.Base != first || s.Head != topic || len(s.Changes) != 1 || s.Changes[0].Path != "b/x" {
		t.Errorf("a branch counts from where it has parted: %+v", s)
	}
	if s := look(survey.Options{Base: tip, Head: "topic", Exact: true}); len(s.Changes) != 2 {
		t.Errorf("what is deployed counts as it is: %+v", s.Changes)
	}
	if s := look(survey.Options{Head: "topic"}); s.Base != first || len(s.Notes) != 1 {
		t.Errorf("the branch to compare with was not guessed: %+v", s)
	}
	if s := look(survey.Options{Base: "nothing"}); s.All != "the base nothing does not exist here" || len(s.HeadSpaces[0].Units) != 2 {
		t.Errorf("a base that is not there: %+v", s)
	}
	if _, err := survey.Look(t.Context(), survey.Options{Dir: c.dir, Head: "nothing"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a head that is not there: %v", err)
	}
}

func TestShallowCloneSaysSo(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.write("a/x", "1")
	first := c.commit()
	c.write("a/x", "2")
	c.commit()
	clone := checkout{t, filepath.Join(t.TempDir(), "clone")}
	c.git("clone", "-q", "--depth", "1", "file://"+c.dir, clone.dir)
	s, err := survey.Look(t.Context(), survey.Options{Dir: clone.dir, Base: first, Readers: readers})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !strings.Contains(s.All, "the clone is shallow") {
		t.Errorf("got %q", s.All)
	}
}

func TestWorkingTree(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.write("a/x", "1")
	c.write("b/x", "1")
	first := c.commit()
	c.write("a/x", "changed")
	c.write("new/x", "fresh")
	for dirty, want := range map[bool]int{false: 0, true: 2} {
		s, err := survey.Look(t.Context(), survey.Options{Dir: c.dir, Base: first, Dirty: dirty, Readers: readers})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Changes) != want || dirty == (len(s.Notes) == 1) {
			t.Errorf("dirty %v: %+v, notes %q", dirty, s.Changes, s.Notes)
		}
		if units := s.HeadSpaces[0].Units; dirty && (len(units) != 3 || units[0].Manifest != "changed" || units[2].Manifest != "fresh") {
			t.Errorf("the working tree was not read: %+v", units)
		}
		s.Close()
	}
}
