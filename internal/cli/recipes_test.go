package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/postflight/postflight/internal/scan"
)

// recipe is one of the pipelines of the documentation.
type recipe struct {
	file, place string   // in the documentation, in a repository
	env         []string // what the CI system tells
	shell       []string // in front of a script
	scripts     func(t *testing.T, text []byte) []script
}

// script is one call of the CI system's shell. A last one runs whatever was
// before; artifacts are at hand then.
type script struct {
	text string
	last bool
}

func recipes() []recipe {
	return []recipe{
		{
			file: "github-actions.yml", place: ".github/workflows/ci.yml", shell: []string{"bash", "-e", "-c"}, scripts: githubScripts,
			env: []string{"GITHUB_ACTIONS=true", "GITHUB_RUN_ID=7", "GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=test", "GITHUB_REPOSITORY=a/b", "GITHUB_SERVER_URL=https://github.example"},
		},
		{
			file: "gitlab-ci.yml", place: ".gitlab-ci.yml", shell: []string{"bash", "-eo", "pipefail", "-c"}, scripts: gitlabScripts,
			env: []string{"GITLAB_CI=true", "CI_PIPELINE_ID=7", "CI_JOB_NAME=job"},
		},
		{
			file: "Jenkinsfile", place: "Jenkinsfile", shell: []string{"sh", "-xe", "-c"}, scripts: jenkinsScripts,
			env: []string{"JENKINS_URL=https://jenkins.example", "BUILD_TAG=jenkins-a-7"},
		},
	}
}

func githubScripts(t *testing.T, text []byte) (out []script) {
	t.Helper()
	var w struct {
		Jobs map[string]struct {
			Steps []struct {
				Run string `yaml:"run"`
			} `yaml:"steps"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	for _, job := range []string{"test", "verified"} {
		for _, s := range w.Jobs[job].Steps {
			if s.Run != "" {
				out = append(out, script{s.Run, job == "verified"})
			}
		}
	}
	return out
}

func gitlabScripts(t *testing.T, text []byte) (out []script) {
	t.Helper()
	var w map[string]any
	if err := yaml.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	lines := func(v any) []string {
		var list []string
		if m, ok := v.(map[string]any); ok {
			for _, key := range []string{"before_script", "script"} {
				for _, l := range anys(m[key]) {
					list = append(list, fmt.Sprint(l))
				}
			}
		}
		return list
	}
	before := lines(w["default"])
	for _, job := range []string{"scan", "unit", "e2e", "verified"} {
		own := lines(w[job])
		if len(own) == 0 {
			t.Fatalf("no job %s", job)
		}
		out = append(out, script{strings.Join(append(before[:len(before):len(before)], own...), "\n"), job == "verified"})
	}
	return out
}

func anys(v any) []any { list, _ := v.([]any); return list }

func jenkinsScripts(_ *testing.T, text []byte) (out []script) {
	before, after, _ := strings.Cut(string(text), "post {")
	for i, part := range []string{before, after} {
		for _, m := range regexp.MustCompile(`(?m)^\s*sh '(.*)'$`).FindAllStringSubmatch(part, -1) {
			out = append(out, script{m[1], i == 1})
		}
	}
	return out
}

// The recipes do what they promise: green when all is well, red when a test
// runner's failure is swallowed, red when a step never ran.
func TestRecipes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the recipes' commands are a shell's")
	}
	for _, r := range recipes() {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipes", r.file))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(r.shell[0]); err != nil {
				t.Skip("no " + r.shell[0] + " here")
			}
			t.Run("scan", func(t *testing.T) {
				t.Parallel()
				res, err := scan.Scan(t.Context(), os.DirFS(r.repository(t, text, "0 failed, 120 passed")), scan.Options{})
				if err != nil || len(res.Findings)+len(res.Skipped) > 0 || len(res.Pipelines) != 1 {
					t.Errorf("%v, skipped %v, pipelines %v, %v", res.Findings, res.Skipped, res.Pipelines, err)
				}
			})
			t.Run("green", func(t *testing.T) {
				t.Parallel()
				steps, end := r.play(t, text, "120 passed")
				if steps != 0 || end != 0 {
					t.Errorf("steps end with %d, the last with %d", steps, end)
				}
			})
			t.Run("swallowed", func(t *testing.T) {
				t.Parallel()
				steps, end := r.play(t, text, "2 failed, 118 passed")
				if steps != 87 || end != 87 {
					t.Errorf("steps end with %d, the last with %d; want 87 of both", steps, end)
				}
			})
			t.Run("skipped", func(t *testing.T) {
				t.Parallel()
				if _, end := r.play(t, text, ""); end != 87 {
					t.Errorf("nothing ran, and the last step ends with %d", end)
				}
			})
		})
	}
}

// repository is a checkout with the recipe in its place, and tools that say that
// so many tests ran, and leave with 0.
func (r recipe) repository(t *testing.T, text []byte, tests string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		r.place: string(text), "package.json": `{"name":"shop","scripts":{"test":"jest --ci"}}`,
		".git/HEAD":      "ref: refs/heads/main\n",
		"bin/npm":        "#!/bin/sh\nif test \"$1\" != test; then echo 'added 120 packages in 1s'; exit; fi\ncat \"$STUBS/jest.log\"\ncp \"$STUBS/jest.xml\" junit.xml\n",
		"bin/npx":        "#!/bin/sh\nif test \"$1\" != playwright; then exit; fi\nmkdir -p test-results\ncp \"$STUBS/e2e.xml\" test-results/\ncat \"$STUBS/playwright.log\"\n",
		"bin/go":         "#!/bin/sh\n",
		"bin/curl":       "#!/bin/sh\n",
		"bin/chmod":      "#!/bin/sh\n",
		"jest.log":       "Test Suites: 9 passed, 9 total\nTests:       " + tests + ", 120 total\nSnapshots:   0 total\nTime:        1.234 s\nRan all test suites.\n",
		"jest.xml":       "<testsuites><testsuite name=\"a\" tests=\"120\">" + strings.Repeat(`<testcase name="x" classname="y"/>`, 120) + "</testsuite></testsuites>",
		"e2e.xml":        `<testsuites><testsuite name="book" tests="1"><testcase name="x" classname="y"/></testsuite></testsuites>`,
		"playwright.log": "\nRunning 1 test using 1 worker\n\n  ✓  1 [chromium] › book.spec.ts:3:1 › books a ride (1.2s)\n\n  1 passed (2.3s)\n",
	} {
		path := filepath.Join(dir, "repository", name)
		if name == "jest.log" || strings.HasPrefix(name, "bin/") || strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".log") {
			path = filepath.Join(dir, name)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "repository")
}

// play runs the recipe's scripts as its CI system does, and returns how the
// steps ended, and the last. Without tests no job runs but the last.
func (r recipe) play(t *testing.T, text []byte, tests string) (steps, end int) {
	t.Helper()
	dir := r.repository(t, text, tests)
	stubs := filepath.Dir(dir)
	seen := 0
	for _, s := range r.scripts(t, text) {
		seen += strings.Count(s.text, "postflight guard ")
		if !s.last && (steps != 0 || tests == "") {
			continue
		}
		if s.last && r.file == "github-actions.yml" { // upload and download
			if err := os.MkdirAll(filepath.Join(dir, "ledgers"), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, ".postflight", "guard")); err == nil {
				if err := os.CopyFS(filepath.Join(dir, "ledgers", "guard-test"), os.DirFS(filepath.Join(dir, ".postflight", "guard"))); err != nil && !errors.Is(err, os.ErrExist) {
					t.Fatal(err)
				}
			}
		}
		code, said := r.shellOut(t, dir, stubs, s.text)
		switch {
		case code == 2 || code == 127:
			t.Fatalf("%s is wrong:\n%s", s.text, said)
		case s.last:
			end = max(end, code)
		default:
			steps = code
		}
		if tests == "120 passed" && code != 0 {
			t.Errorf("%s: ended with %d:\n%s", s.text, code, said)
		}
	}
	if want := strings.Count(string(text), "postflight guard "); seen != want {
		t.Errorf("%d of %d lines with the guard were played", seen, want)
	}
	return steps, end
}

func (r recipe) shellOut(t *testing.T, dir, stubs, text string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.shell[0], append(r.shell[1:len(r.shell):len(r.shell)], text)...)
	cmd.Dir = dir
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !strings.HasPrefix(name, "POSTFLIGHT_") && !strings.HasPrefix(name, "GITHUB_") && !strings.HasPrefix(name, "CI") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, r.env...)
	cmd.Env = append(cmd.Env, "PATH="+filepath.Join(stubs, "bin")+":"+os.Getenv("PATH"), "STUBS="+stubs,
		"GITHUB_WORKSPACE="+dir, "CI_PROJECT_DIR="+dir, "WORKSPACE="+dir, "GITHUB_STEP_SUMMARY="+filepath.Join(stubs, "summary.md"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}
