package guard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/hang"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// limits leaves every rule at its default but the orphans'.
func limits() hang.Limits { return hang.Limits{Orphans: time.Second} }

// only switches every rule off but those that a test sets.
func only(set func(l *hang.Limits)) hang.Limits {
	l := hang.Limits{Total: 10 * time.Minute, Idle: -1, Finished: -1, Reporter: -1, Orphans: time.Second, Stdin: -1, Lock: -1, Progress: -1}
	set(&l)
	return l
}

func TestHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "pass.log", jestPassed)
	write(t, dir, "fail.log", jestFailed)
	for name, c := range map[string]struct {
		text   string
		needs  string
		limits hang.Limits
		w      wish
		code   int
		state  pipeline.State
		rule   rule.ID
	}{
		"total":             {text: `while :; do echo work $((i=i+1)); sleep 0.1; done`, limits: only(func(l *hang.Limits) { l.Total = 3 * time.Second }), code: guard.ExitHung, state: pipeline.Hung, rule: rule.HangTotal},
		"idle":              {text: `echo begun; exec sleep 1000`, limits: only(func(l *hang.Limits) { l.Idle = 3 * time.Second }), code: guard.ExitHung, state: pipeline.Hung, rule: rule.HangIdle},
		"finished, passed":  {text: `cat pass.log; exec sleep 1000`, limits: only(func(l *hang.Limits) { l.Finished = 3 * time.Second }), code: 0, state: pipeline.Passed, rule: rule.HangFinished},
		"finished, failed":  {text: `cat fail.log; exec sleep 1000`, limits: only(func(l *hang.Limits) { l.Finished = 3 * time.Second }), code: guard.ExitHung, state: pipeline.Hung, rule: rule.HangFinished},
		"reporter":          {text: `cat pass.log; exec sleep 1000`, limits: only(func(l *hang.Limits) { l.Reporter = 3 * time.Second }), w: wish{Reports: []string{"never.xml"}}, code: guard.ExitHung, state: pipeline.Hung, rule: rule.HangReporter},
		"orphans":           {text: `cat pass.log; sleep 1000 &`, limits: only(func(*hang.Limits) {}), code: 0, state: pipeline.Passed, rule: rule.HangOrphans},
		"orphans of a fail": {text: `cat fail.log; sleep 1000 & exit 9`, limits: only(func(*hang.Limits) {}), code: 9, state: pipeline.Failed},
		"lock":              {text: `echo begun; : >held.lock; flock held.lock sleep 1000 & while flock -n held.lock true; do :; done; flock held.lock echo never`, needs: "flock", limits: only(func(l *hang.Limits) { l.Lock = 4 * time.Second }), code: guard.ExitHung, state: pipeline.Hung, rule: rule.HangLock},
		"deaf":              {text: `trap '' TERM INT HUP; echo begun; while :; do sleep 1000; done`, limits: only(func(l *hang.Limits) { l.Idle = 3 * time.Second }), code: guard.ExitHung, state: pipeline.Hung, rule: rule.HangIdle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.needs != "" {
				tool(t, c.needs)
			}
			own := t.TempDir()
			for _, f := range []string{"pass.log", "fail.log"} {
				text, err := os.ReadFile(filepath.Join(dir, f))
				if err != nil {
					t.Fatal(err)
				}
				write(t, own, f, string(text))
			}
			c.w.Argv, c.w.Limits, c.w.Dir, c.w.MinTests = sh(c.text), c.limits, own, -1
			g := guardOf(t, c.w)
			g.start()
			r := g.wait()
			if c.rule == "" {
				r.fails(t, c.code, c.state)
				return
			}
			r.fails(t, c.code, c.state, c.rule)
			if c.rule == rule.HangOrphans {
				return
			}
			found, _ := filepath.Glob(filepath.Join(g.ledger, "logs", "*.diagnosis.txt"))
			if len(found) != 1 {
				t.Fatalf("diagnoses: %v", found)
			}
			text, err := os.ReadFile(found[0])
			if err != nil || !strings.Contains(string(text), "sleep") {
				t.Errorf("the diagnosis does not name what hangs (%v):\n%s", err, text)
			}
		})
	}
}

// A question cannot hang a build: standard input is empty, and ends at once. On
// a terminal, where nobody types, the watchdog ends it.
func TestQuestion(t *testing.T) {
	t.Parallel()
	w := wish{
		Argv: sh(`printf 'Continue? [y/N] '; read -r answer; echo "got $answer"`), MinTests: -1,
		Limits: only(func(l *hang.Limits) { l.Stdin = 3 * time.Second }),
	}
	if r := run(t, w); r.code != 0 || !strings.Contains(r.stdout, "got ") {
		t.Errorf("left with %d, printed %q", r.code, r.stdout)
	}
	w.Terminal = "always"
	run(t, w).fails(t, guard.ExitHung, pipeline.Hung, rule.HangStdin)
}

// A test that runs far longer than it ever did is ended, and named. The rule has
// a floor of a minute.
func TestNoProgress(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	dir := t.TempDir()
	ledger := filepath.Join(dir, "ledger")
	begin := `echo '=== RUN   TestQuick'; echo '--- PASS: TestQuick (0.00s)'; echo '=== RUN   TestSlow'; `
	w := wish{
		Name: "unit", Argv: sh(begin + `sleep 2; echo '--- PASS: TestSlow (2.00s)'; echo PASS; printf 'ok  \texample.com/a\t2.01s\n'`), MinTests: -1,
		Dir: dir, Ledger: ledger, Limits: only(func(l *hang.Limits) { l.Progress = 3 }),
	}
	run(t, w).fails(t, 0, pipeline.Passed)
	w.Argv = sh(begin + `exec sleep 1000`)
	r := run(t, w)
	r.fails(t, guard.ExitHung, pipeline.Hung, rule.HangProgress)
	if !strings.Contains(r.stderr, "TestSlow") {
		t.Errorf("the test is not named: %s", r.stderr)
	}
}

// The last test and who is at the other end of a socket stand in the diagnosis.
func TestDiagnosis(t *testing.T) {
	t.Parallel()
	tool(t, "python3")
	dir := t.TempDir()
	write(t, dir, "test_wait.py", `import os, socket, unittest

class Wait(unittest.TestCase):
    def test_quick(self):
        pass

    def test_waits_for_answer(self):
        server = socket.create_server(("127.0.0.1", 0))
        print("listens at", server.getsockname()[1], flush=True)
        client = socket.create_connection(server.getsockname())
        client.recv(1)
`)
	g := guardOf(t, wish{
		Argv: []string{"python3", "-m", "unittest", "-v", "test_wait"}, MinTests: -1, Dir: dir, Env: []string{"PYTHONUNBUFFERED=1", "DEPLOY_TOKEN=hunter2-hunter2"},
		Limits: only(func(l *hang.Limits) { l.Idle = 4 * time.Second }),
	})
	g.start()
	r := g.wait()
	r.fails(t, guard.ExitHung, pipeline.Hung, rule.HangIdle)
	_, port, _ := strings.Cut(r.stdout, "listens at ")
	port, _, _ = strings.Cut(port, "\n")
	found, _ := filepath.Glob(filepath.Join(g.ledger, "logs", "*.diagnosis.txt"))
	if len(found) != 1 || port == "" {
		t.Fatalf("diagnoses: %v, port %q", found, port)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"python3", "test_waits_for_answer", "127.0.0.1:" + port} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the diagnosis lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "hunter2") {
		t.Error("the diagnosis holds a secret")
	}
}
