package bazel

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// disk writes a tree into a folder.
func (m memory) disk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range m {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func shop() memory {
	return memory{
		"WORKSPACE":         "workspace(name = \"shop\")\n",
		".bazelversion":     "",
		"lib/BUILD":         "load(\"//rules:defs.bzl\", \"NAME\")\nfilegroup(name = \"lib\", srcs = glob([\"*.txt\"]), visibility = [\"//visibility:public\"])\n",
		"lib/a.txt":         "a",
		"rules/BUILD.bazel": "",
		"rules/defs.bzl":    "load(\":more.bzl\", \"MORE\")\nNAME = MORE\n",
		"rules/more.bzl":    "MORE = 1\n",
		"app/BUILD":         "genrule(name = \"gen\", srcs = [\"//lib\"], outs = [\"out.txt\"], cmd = \"cat $(SRCS) > $@\")\nsh_binary(name = \"app_binary\", srcs = [\"run.sh\"], data = [\":out.txt\"])\nsh_test(name = \"app_test\", srcs = [\"run.sh\"])\n",
		"app/run.sh":        "#!/bin/sh\n",
	}
}

// answered is what Bazel says of the shop.
const answered = `<?xml version="1.1" encoding="UTF-8" standalone="no"?>
<query version="2">
    <rule class="filegroup" location="/x/lib/BUILD:2:10" name="//lib:lib"><string name="name" value="lib"/><list name="srcs"><label value="//lib:a.txt"/></list><rule-input name="//lib:a.txt"/></rule>
    <rule class="genrule" location="/x" name="//app:gen"><rule-input name="//lib:lib"/><rule-input name="@tools//:cat"/><rule-output name="//app:out.txt"/></rule>
    <rule class="sh_binary" location="/x" name="//app:app_binary"><rule-input name="//app:out.txt"/><rule-input name="//app:run.sh"/></rule>
    <rule class="sh_binary" location="/x" name="//app:tool_binary"><boolean name="testonly" value="true"/></rule>
</query>
`

// fake is a Bazel that says so and ends so.
func fake(t *testing.T, says string, code int) func(string) (string, error) {
	t.Helper()
	dir := memory{"answer": says, "bazel": fmt.Sprintf("#!/bin/sh\ncat \"$(dirname \"$0\")/answer\"\necho 'ERROR: said so' >&2\nexit %d\n", code)}.disk(t)
	program := filepath.Join(dir, "bazel")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	return func(name string) (string, error) {
		if name != "bazel" {
			return "", exec.ErrNotFound
		}
		return program, nil
	}
}

func read(t *testing.T, m memory, r *Reader) workspace.Space {
	t.Helper()
	s, err := r.Read(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told is a unit in a line.
func told(u workspace.Unit) string {
	var out []string
	for _, n := range u.Needs {
		out = append(out, n.Unit)
	}
	for _, in := range u.Inputs {
		out = append(out, in.Pattern)
	}
	line := u.Name + ": " + strings.Join(out, " ")
	if u.Product {
		line += " (product)"
	}
	return line
}

func TestRules(t *testing.T) {
	t.Parallel()
	m := shop()
	before := maps.Clone(m)
	before["lib/gone.txt"] = "was here"
	s := read(t, before, New(m.disk(t), fake(t, answered, 0)))
	var got []string
	for _, u := range s.Units {
		got = append(got, told(u))
	}
	if diff := cmp.Diff(got, []string{
		"//lib:lib: lib/BUILD rules/defs.bzl rules/more.bzl lib/gone.txt lib/a.txt",
		"//app:gen: bazel://lib:lib app/BUILD",
		"//app:app_binary: bazel://app:gen app/BUILD app/run.sh (product)",
		"//app:tool_binary: app/BUILD",
	}); diff != "" {
		t.Error(diff)
	}
	if len(s.Problems) > 0 {
		t.Errorf("got problems %v", s.Problems)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	m := shop()
	none := func(string) (string, error) { return "", exec.ErrNotFound }
	for _, c := range []struct {
		name, want string
		look       func(string) (string, error)
	}{
		{"not here", "bazel is not here", none},
		{"fails", "bazel query failed (exit status 7): ERROR: said so", fake(t, "", 7)},
		{"in part", "bazel could not load everything: ERROR: said so", fake(t, answered, 3)},
		{"cut", "cannot be read", fake(t, answered[:400], 0)},
		{"nothing", "cannot be read", fake(t, "", 0)},
		{"other", "cannot be read", fake(t, "<html></html>", 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := read(t, m, New(m.disk(t), c.look))
			if len(s.Problems) != 1 || !strings.Contains(s.Problems[0].Reason, c.want) || len(s.Problems[0].Units) != 0 {
				t.Fatalf("got problems %v, want %q", s.Problems, c.want)
			}
			i := slices.IndexFunc(s.Units, func(u workspace.Unit) bool { return u.ID == "bazel://app" })
			if i < 0 || !s.Units[i].Product || s.Units[i].Dir != "app" {
				t.Errorf("the package is no unit: got %v", s.Units)
			}
		})
	}
}

func TestHangs(t *testing.T) {
	t.Parallel()
	m := shop()
	dir := memory{"bazel": "#!/bin/sh\nsleep 300 &\nsleep 300\n"}.disk(t)
	if err := os.Chmod(filepath.Join(dir, "bazel"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := New(m.disk(t), func(string) (string, error) { return filepath.Join(dir, "bazel"), nil })
	r.bound.time = 200 * time.Millisecond
	s := read(t, m, r)
	if len(s.Problems) != 1 {
		t.Errorf("got problems %v", s.Problems)
	}
}

// TestReal asks a real Bazel, where there is one.
func TestReal(t *testing.T) {
	if _, err := exec.LookPath("bazel"); errors.Is(err, exec.ErrNotFound) {
		t.Skip("no bazel on this machine")
	}
	m := shop()
	delete(m, ".bazelversion")
	dir := m.disk(t)
	t.Setenv("HOME", t.TempDir())
	t.Cleanup(func() {
		cmd := exec.Command("bazel", "shutdown")
		cmd.Dir = dir
		_ = cmd.Run()
	})
	s := read(t, m, New(dir, exec.LookPath))
	var got []string
	for _, u := range s.Units {
		got = append(got, told(u))
	}
	slices.Sort(got)
	if diff := cmp.Diff(got, []string{
		"//app:app_binary: bazel://app:gen app/BUILD app/run.sh (product)",
		"//app:app_test: app/BUILD app/run.sh",
		"//app:gen: bazel://lib:lib app/BUILD",
		"//lib:lib: lib/BUILD rules/defs.bzl rules/more.bzl lib/a.txt",
	}); diff != "" || len(s.Problems) > 0 {
		t.Errorf("%s, problems %v", diff, s.Problems)
	}
}

func TestNone(t *testing.T) {
	t.Parallel()
	if s := read(t, memory{"BUILD": "x"}, New(t.TempDir(), exec.LookPath)); len(s.Units)+len(s.Problems) != 0 {
		t.Errorf("got %v", s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(answered)
	f.Add("<query><rule name='//a'><rule-input/></query>")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parse(bufio.NewReader(strings.NewReader(text)), 100)
		if err == nil && len(a.rules) > 100 {
			t.Error("more than is allowed")
		}
	})
}
