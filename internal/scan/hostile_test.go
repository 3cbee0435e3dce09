package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/postflight/postflight/internal/rule"
)

func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// TestHostile reads what was made to break readers.
func TestHostile(t *testing.T) {
	t.Parallel()
	step := func(run string) string {
		return "jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          " + strings.ReplaceAll(run, "\n", "\n          ") + "\n"
	}
	for name, files := range map[string]map[string]string{
		"deep brackets": {".github/workflows/a.yml": step(strings.Repeat("( ", 50_000)), "a.sh": "#!/bin/sh\n" + strings.Repeat("(\n", 100_000)},
		"deep words":    {"a.sh": "#!/bin/sh\n" + strings.Repeat("if ", 50_000), "b.sh": "#!/bin/sh\n" + strings.Repeat("while true; do ", 10_000)},
		"long pipe":     {"a.sh": "#!/bin/bash\n" + strings.Repeat("make |", 40_000) + "tee x"},
		"long chain":    {"a.sh": "#!/bin/bash\n" + strings.Repeat("make ||", 30_000) + "true"},
		"arithmetic":    {"a.sh": "#!/bin/bash\necho $((" + strings.Repeat("-", 200_000) + "1))"},
		"deep yaml":     {".gitlab-ci.yml": strings.Repeat("[", 200_000), ".circleci/config.yml": strings.Repeat("{a: ", 50_000)},
		"aliases":       {".gitlab-ci.yml": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: {script: [*c, *c]}\nself: &s {script: *s, <<: *s}\n"},
		"merges":        {".gitlab-ci.yml": merges(12)},
		"quotes":        {"Jenkinsfile": strings.Repeat(`"""'sh '`, 50_000), "Jenkinsfile.b": strings.Repeat("} catch (e) {", 20_000)},
		"patterns":      {"scripts/a.js": "process.exit(1)" + strings.Repeat("(/", 100_000), "scripts/b.js": "process.exit(1)" + strings.Repeat("`", 100_001)},
		"continued":     {"Makefile": "a:\n\tx \\\n" + strings.Repeat("\\\n", 200_000), "Dockerfile": "FROM a\nRUN a" + strings.Repeat("\\\n", 100_000)},
		"braces":        {"Taskfile.yml": "tasks:\n  a:\n    cmds:\n      - " + strings.Repeat("{{}}", 50_000) + "\n"},
		"one line":      {"package.json": `{"scripts":{` + manyScripts(6000) + `"z":"true"}}`},
		"binary":        {"Makefile": "\x00\x01\x02", ".gitlab-ci.yml": "\xff\xfe\x00a"},
		"empty":         {"Makefile": "", ".gitlab-ci.yml": "", "package.json": "", "a.sh": "", "Dockerfile": "", "Jenkinsfile": ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := scanned(t, tree(files))
			if len(r.Findings) > 2*maxFindings {
				t.Errorf("got %d findings", len(r.Findings))
			}
		})
	}
}

// merges is a file whose merge keys branch at every level.
func merges(levels int) string {
	var b strings.Builder
	b.WriteString("l0: &l0 {x: 1}\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "l%d: &l%d {<<: [%s*l%d]}\n", i, i, strings.Repeat(fmt.Sprintf("*l%d, ", i-1), 9), i-1)
	}
	return b.String()
}

func manyScripts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"s%d":"jest || true",`, i)
	}
	return b.String()
}

// TestSaysWhatItLeftOut holds that nothing is passed over in silence.
func TestSaysWhatItLeftOut(t *testing.T) {
	t.Parallel()
	r := scanned(t, tree(map[string]string{"README.md": "x"}))
	if r.Pipelines != nil || r.Files != 0 {
		t.Errorf("got %v, want no pipeline", r.Pipelines)
	}
	big := tree(map[string]string{".gitlab-ci.yml": "a: {script: [" + strings.Repeat("x, ", 100) + "y]}", "node_modules/x/package.json": "{}"})
	r, err := Scan(t.Context(), big, Options{MaxBytes: 50})
	if err != nil || len(r.Skipped) != 1 || r.Left["node_modules"] != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprintf("d/f%d", i)] = ""
	}
	r, err = Scan(t.Context(), tree(many), Options{MaxFiles: 10})
	if err != nil || !r.Truncated || len(r.Skipped) != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Scan(ctx, big, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := Scan(t.Context(), os.DirFS(filepath.Join(t.TempDir(), "none")), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestLinks holds that no link is followed, neither round in circles nor out.
func TestLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".github/workflows"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"loop": ".", ".github/workflows/a.yml": "/etc/hostname", ".github/workflows/b.yml": "b.yml"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := scanned(t, os.DirFS(dir))
	if r.Files != 0 || len(r.Skipped) != 2 {
		t.Errorf("got %+v", r)
	}
}

func fuzzed(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Scan(t.Context(), tree(map[string]string{name: text}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range r.Findings {
			if found.Level == rule.Fail || found.Place.Line < 1 || strings.ContainsAny(found.Message, "\n\x1b") {
				t.Errorf("got %+v", found)
			}
		}
	})
}

func FuzzGitHub(f *testing.F) {
	fuzzed(f, ".github/workflows/a.yml", "jobs:\n  a:\n    if: ${{ x }} y\n    steps:\n      - run: npm test | tee x # guard:ok G01 y\n        continue-on-error: true\n",
		"jobs: &a\n  b: *a\n", "runs: {steps: [{run: \"a \\\n b || true\"}]}\n")
}

func FuzzShell(f *testing.F) {
	fuzzed(f, "a.sh", "#!/bin/bash -e\nset +e\nmake test || true\nfor x in $(npx a); do make; done\n", "#!/bin/sh\ntrap 'a; exit 0' EXIT\nssh h 'make; a' <<E\nE\n", "#!/bin/bash\nfind . -exec make \\;\nlocal x=$(curl y)\n")
}

func FuzzMakefile(f *testing.F) {
	fuzzed(f, "Makefile", "SHELL := /bin/bash\n.PHONY: a\na: b\n\t-go test ./... | tee x; \\\n\techo $$x $(MAKE) $@\n", ".ONESHELL:\nx: ; make; a\ndefine y\nendef\n")
}

func FuzzPackage(f *testing.F) {
	fuzzed(f, "package.json", `{"scripts":{"test":"jest || true","//test":"guard:ok G02 x","lint":"echo \"\\u0041\""}}`, "{\t\"scripts\": 1}")
}

func FuzzOthers(f *testing.F) {
	f.Add("RUN a; b", "sh 'npm test || true'")
	f.Add("FROM x\nSHELL [\"bash\"]\nRUN --mount=x \\\n# y\n a | b", "try { sh '''a''' } catch (e) { }")
	f.Add("", "it.only(`x`)\nmain().catch(console.error)")
	f.Fuzz(func(t *testing.T, one, two string) {
		if _, err := Scan(t.Context(), tree(map[string]string{
			"Dockerfile": one, "Jenkinsfile": two, "scripts/a.test.js": two, "scripts/a.py": two, "justfile": one, ".gitlab-ci.yml": one, "azure-pipelines.yml": two, "a_test.go": two,
		}), Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkScan is a tree of 20,000 files on disk, of which one in ten is worth reading.
func BenchmarkScan(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	write(".github/workflows/ci.yml", "jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: npm test\n")
	for i := range 20_000 {
		switch i % 20 {
		case 0:
			write(fmt.Sprintf("p%d/package.json", i), `{"scripts":{"test":"jest","build":"tsc && vite build"}}`)
		case 1:
			write(fmt.Sprintf("p%d/run.sh", i), "#!/bin/bash\nset -euo pipefail\ngo test ./... | tee x\n")
		default:
			write(fmt.Sprintf("src/d%d/f%d.ts", i%100, i), "export const x = 1\n")
		}
	}
	for b.Loop() {
		r, err := Scan(b.Context(), os.DirFS(dir), Options{})
		if err != nil || len(r.Findings) != 0 {
			b.Fatal(err, r.Findings)
		}
	}
}
