package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRun holds what is printed, and what is green, on real runs of go test.
func TestRun(t *testing.T) {
	t.Parallel()
	const head = "package x\n\nimport \"testing\"\n\n"
	cases := map[string]struct {
		source string
		says   []string
		wrong  string
	}{
		"passes": {
			source: head + `func TestA(t *testing.T) { t.Log("quiet") }`,
			says:   []string{"ok  \tx\t", "1 tests passed in 1 packages, 0 failed, 0 skipped\n"},
		},
		"skips": {
			source: head + `func TestA(t *testing.T) {}` + "\n" + `func TestB(t *testing.T) { t.Skip("no browser") }`,
			says:   []string{"skipped x TestB:", "no browser", "1 tests passed in 1 packages, 0 failed, 1 skipped\n"},
		},
		"fails": {
			source: head + `func TestA(t *testing.T) { t.Run("one", func(t *testing.T) { t.Error("got 1, want 2") }) }`,
			says:   []string{"got 1, want 2", "FAIL\tx\t", "0 tests passed in 0 packages, 2 failed, 0 skipped\n"},
			wrong:  "x failed",
		},
		"does not build": {
			source: head + `func TestA(t *testing.T) { nothing() }`,
			says:   []string{"undefined: nothing"},
			wrong:  "does not build",
		},
		"has no test": {
			source: head + `func helper(t *testing.T) {}`,
			says:   []string{"0 tests passed"},
			wrong:  "no test ran",
		},
		"skips only": {
			source: head + `func TestA(t *testing.T) { t.Skip("no") }`,
			wrong:  "no test ran",
		},
		"exits": {
			source: head + `import "os"` + "\n" + `func TestA(t *testing.T) { os.Exit(0) }`,
			wrong:  "x failed",
		},
		"panics": {
			source: head + `func TestA(t *testing.T) { panic("pear-shaped") }`,
			says:   []string{"pear-shaped"},
			wrong:  "x failed",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "go.mod"), "module x\n\ngo 1.26\n")
			write(t, filepath.Join(dir, "x_test.go"), c.source)
			var out, stderr bytes.Buffer
			err := run([]string{"-C", dir}, &out, &stderr)
			if got := fmt.Sprint(err); (err != nil) != (c.wrong != "") || !strings.Contains(got, c.wrong) {
				t.Errorf("got error %q, want %q\n%s%s", got, c.wrong, out.String(), stderr.String())
			}
			for _, want := range c.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got output\n%s\nwant it to contain %q", out.String(), want)
				}
			}
			if c.wrong == "" && strings.Contains(out.String(), "quiet") {
				t.Errorf("got what a passing test said:\n%s", out.String())
			}
		})
	}
}

// TestReadCutOff holds that a run that stops in the middle is not green.
func TestReadCutOff(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	sum := newTally(&out)
	err := sum.read(strings.NewReader(`{"Action":"start","Package":"x"}
{"Action":"pass","Package":"x","Test":"TestA"}
go: something else
{"Action":"run","Pack`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(sum.close()), "cut off"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := out.String(), "go: something else\n"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	modules, rest, err := parse([]string{"-C", "a", "-C", "b", "--", "-race", "./x"})
	if got, want := fmt.Sprint(modules, rest, err), "[a b] [-race ./x] <nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	modules, rest, err = parse(nil)
	if got, want := fmt.Sprint(modules, rest, err), "[.] [./...] <nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{"-C", "-x", "./..."} {
		if _, _, err := parse([]string{bad}); err == nil {
			t.Errorf("got no error for %q", bad)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
