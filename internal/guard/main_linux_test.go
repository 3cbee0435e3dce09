package guard_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/command"
	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/hang"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// One process runs one guarded command, so the tests run their own binary over
// again: as the guard, as the command line does, and as commands that misbehave
// in ways a shell cannot.

const roleKey = "GUARD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleKey) {
	case "":
		heed()
		os.Exit(m.Run())
	case "guard":
		playGuard()
	case "deaf": // ignores every request to end
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		_, _ = os.Stdout.WriteString("ready\n")
		select {}
	case "polite": // leaves with 0 when it is asked to end
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM, syscall.SIGINT)
		_, _ = os.Stdout.WriteString("ready\n")
		<-c
		os.Exit(0)
	}
}

// wish is what a guard of a test is to do.
type wish struct {
	Argv      []string
	Env       []string // of guard and command, instead of a CI system's
	Name      string
	MinTests  int
	Reports   []string
	Expect    []string
	Limits    hang.Limits
	Tee       string
	KeepLog   bool
	Leftovers command.Leftovers
	Terminal  string // "" for never
	Dir       string // where it works
	Ledger    string
	Allow     map[rule.ID]string
}

func playGuard() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var w wish
	if err := json.Unmarshal([]byte(os.Getenv("GUARD_TEST_WISH")), &w); err != nil {
		panic(err)
	}
	_ = os.Unsetenv(roleKey)
	_ = os.Unsetenv("GUARD_TEST_WISH")
	for _, e := range w.Env {
		name, value, _ := strings.Cut(e, "=")
		_ = os.Setenv(name, value)
	}
	out, err := guard.Run(ctx, guard.Options{
		Argv: w.Argv, Name: w.Name, Dir: w.Ledger, MinTests: w.MinTests, Reports: w.Reports, Expect: w.Expect, Limits: w.Limits, Tee: w.Tee,
		KeepLog: w.KeepLog, Leftovers: w.Leftovers, Allow: w.Allow, Terminal: cmp.Or(w.Terminal, "never"), Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Environ: os.Environ(), Say: func(s string) { _, _ = os.Stderr.WriteString("says: " + s + "\n") }, Now: time.Now,
	})
	if s, ok := errors.AsType[*command.StartError](err); ok {
		os.Exit(s.Code)
	}
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(99)
	}
	guard.Text(os.Stderr, out, guard.Plain(), false)
	if s, ok := out.Signal.(syscall.Signal); ok {
		command.Raise(s)
	}
	os.Exit(out.Code)
}

// guarded is a guard process that a test looks at.
type guarded struct {
	t              *testing.T
	cmd            *exec.Cmd
	ledger         string
	stdout, stderr bytes.Buffer
}

// result is what it left.
type result struct {
	code           int // -1 when a signal ended it
	signal         syscall.Signal
	stdout, stderr string
	step           pipeline.Step
}

func guardOf(t *testing.T, w wish) *guarded {
	t.Helper()
	if w.Dir == "" {
		w.Dir = t.TempDir()
	}
	if w.Name == "" {
		w.Name = "step"
	}
	if w.Ledger == "" {
		w.Ledger = filepath.Join(t.TempDir(), "ledger")
	}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{t: t, cmd: exec.Command(exe), ledger: w.Ledger}
	g.cmd.Dir = w.Dir
	g.cmd.Env = append(quietEnv(), roleKey+"=guard", "GUARD_TEST_WISH="+string(text))
	g.cmd.Stdout, g.cmd.Stderr = &g.stdout, &g.stderr
	g.cmd.WaitDelay = 10 * time.Second
	return g
}

// quietEnv is our environment without a CI system in it.
func quietEnv() []string {
	var out []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch {
		case name == "CI" || name == "TF_BUILD" || name == "TRAVIS" || name == "DRONE" || name == "JENKINS_URL" || name == "CIRCLECI" || name == "BUILDKITE":
		case strings.HasPrefix(name, "GITHUB_") || strings.HasPrefix(name, "GITLAB_") || strings.HasPrefix(name, "CI_") || strings.HasPrefix(name, "POSTFLIGHT_"):
		default:
			out = append(out, e)
		}
	}
	return out
}

func (g *guarded) start() {
	g.t.Helper()
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = g.cmd.Process.Kill() })
}

// wait waits for the guard's end, with patience but not without end.
func (g *guarded) wait() result {
	g.t.Helper()
	done := make(chan error, 1)
	go func() { done <- g.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(4 * time.Minute):
		_ = g.cmd.Process.Kill()
		g.t.Fatal("the guard did not end")
	}
	r := result{code: g.cmd.ProcessState.ExitCode(), stdout: g.stdout.String(), stderr: g.stderr.String()}
	if s, ok := g.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		r.signal = s.Signal()
	}
	r.step = g.step()
	return r
}

// step is the last entry of the ledger; zero when there is none.
func (g *guarded) step() pipeline.Step {
	steps, bad, err := guard.Steps(g.ledger)
	if err != nil || len(bad) > 0 || len(steps) == 0 {
		return pipeline.Step{}
	}
	last := steps[0]
	for _, s := range steps {
		if s.Started.After(last.Started) {
			last = s
		}
	}
	return last
}

func run(t *testing.T, w wish) result {
	t.Helper()
	g := guardOf(t, w)
	g.start()
	return g.wait()
}

// until waits for a condition; the bound is for a machine that has other work.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("never came: " + what)
		}
	}
}

// alive reports whether a process lives; one that is dead and not waited for
// does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// self is the command line of a command of ours.
func self(role string) []string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{"env", roleKey + "=" + role, exe}
}

func sh(text string) []string { return []string{"sh", "-c", text} }

func (r result) fails(t *testing.T, code int, state pipeline.State, rules ...rule.ID) {
	t.Helper()
	if r.code != code || r.step.State != state {
		t.Errorf("left with %d (signal %v), state %q; want %d, %q\nstderr: %s", r.code, r.signal, r.step.State, code, state, r.stderr)
	}
	for _, id := range rules {
		found := false
		for _, f := range r.step.Findings {
			found = found || f.Rule == id
		}
		if !found {
			t.Errorf("no finding %s: %+v", id, r.step.Findings)
		}
	}
}

func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip("no " + name + " here")
	}
}

// heed gives back to children the signals that whoever started the tests has
// ignored (nohup, a shell's background jobs): what is handled here is at its
// default there.
func heed() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}
