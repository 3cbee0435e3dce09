package guard_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

const jestFailed = `FAIL src/sum.test.js
  ● adds two numbers

    expect(received).toBe(expected) // Object.is equality

Test Suites: 1 failed, 2 passed, 3 total
Tests:       2 failed, 12 passed, 14 total
Snapshots:   0 total
Time:        1.234 s
Ran all test suites.
`

const jestPassed = `PASS src/error.test.js
  ✓ says error when it failed (3 ms)

Test Suites: 3 passed, 3 total
Tests:       14 passed, 14 total
Snapshots:   0 total
Time:        1.234 s
Ran all test suites.
`

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "fail.log", jestFailed)
	write(t, dir, "pass.log", jestPassed)
	write(t, dir, "data", "no program")
	for name, c := range map[string]struct {
		w      wish
		code   int
		signal syscall.Signal
		state  pipeline.State
	}{
		"green":            {wish{Argv: sh("cat pass.log"), MinTests: -1}, 0, 0, pipeline.Passed},
		"its own code":     {wish{Argv: sh("cat pass.log; exit 41"), MinTests: -1}, 41, 0, pipeline.Failed},
		"86 of its own":    {wish{Argv: sh("exit 86"), MinTests: -1}, 86, 0, pipeline.Failed},
		"a signal":         {wish{Argv: sh("kill -TERM $$"), MinTests: -1}, -1, syscall.SIGTERM, pipeline.Failed},
		"a fatal signal":   {wish{Argv: sh("kill -KILL $$"), MinTests: -1}, -1, syscall.SIGKILL, pipeline.Failed},
		"silent":           {wish{Argv: sh("cat fail.log; true"), MinTests: -1}, guard.ExitSilent, 0, pipeline.Silent},
		"failing out loud": {wish{Argv: sh("cat fail.log; exit 1"), MinTests: -1}, 1, 0, pipeline.Failed},
		"too few":          {wish{Argv: sh("cat pass.log"), MinTests: 15}, guard.ExitSilent, 0, pipeline.Blind},
		"just enough":      {wish{Argv: sh("cat pass.log"), MinTests: 14}, 0, 0, pipeline.Passed},
		"no tests":         {wish{Argv: sh("echo fine"), MinTests: 1}, guard.ExitSilent, 0, pipeline.Blind},
		"no report":        {wish{Argv: sh("cat pass.log"), MinTests: -1, Reports: []string{"out/*.xml"}}, guard.ExitSilent, 0, pipeline.Blind},
		"allowed":          {wish{Argv: sh("cat fail.log; true"), MinTests: -1, Allow: map[rule.ID]string{rule.Contradiction: "known"}}, 0, 0, pipeline.Passed},
		"no command":       {wish{Argv: []string{"./nothing-here"}, MinTests: -1}, 127, 0, pipeline.Failed},
		"no program":       {wish{Argv: []string{"./data"}, MinTests: -1}, 126, 0, pipeline.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.w.Dir = dir
			r := run(t, c.w)
			if r.code != c.code || r.signal != c.signal || r.step.State != c.state {
				t.Errorf("left with %d, %v, %q; want %d, %v, %q\n%s", r.code, r.signal, r.step.State, c.code, c.signal, c.state, r.stderr)
			}
			if c.state == pipeline.Passed && len(r.step.Findings) == 0 && r.stderr != "" {
				t.Errorf("a green step says %q", r.stderr)
			}
		})
	}
}

// What the command prints comes out as it went in, whatever it is.
func TestOutputIsUnchanged(t *testing.T) {
	t.Parallel()
	var binary bytes.Buffer
	for i := range 300_000 {
		binary.WriteByte(byte(i * i >> 3))
	}
	for name, text := range map[string]string{
		"binary": binary.String(),
		"colour": strings.Repeat("\x1b[2K\r\x1b[31m⠋ working\x1b[0m 50%\r", 2000) + "\x1b[?25h done",
		"a line": strings.Repeat("x", 64<<20),
		"broken": "\xff\xfe\x00 no \xc3\x28 end",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "in", text)
			r := run(t, wish{Argv: []string{"cat", "in"}, MinTests: -1, Dir: dir})
			if r.code != 0 || r.stdout != text || r.stderr != "" {
				t.Errorf("left with %d, %d bytes of %d, equal: %v; says %.200q", r.code, len(r.stdout), len(text), r.stdout == text, r.stderr)
			}
		})
	}
	t.Run("both streams", func(t *testing.T) {
		t.Parallel()
		r := run(t, wish{Argv: sh(`exec 2>&1; for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done; printf end`), MinTests: -1})
		var want strings.Builder
		for i := 1; i < 10; i++ {
			want.WriteString("out " + strconv.Itoa(i) + "\nerr " + strconv.Itoa(i) + "\n")
		}
		if r.stdout != want.String()+"end" {
			t.Errorf("got %q", r.stdout)
		}
	})
}

func TestToldToStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role   string
		signal syscall.Signal
		code   int
		died   syscall.Signal
	}{
		"a cancelled build":              {"", syscall.SIGTERM, -1, syscall.SIGTERM},
		"an interrupt":                   {"", syscall.SIGINT, -1, syscall.SIGINT},
		"one that leaves with 0":         {"polite", syscall.SIGTERM, 128 + int(syscall.SIGTERM), 0},
		"one that leaves with 0, Ctrl-C": {"polite", syscall.SIGINT, 128 + int(syscall.SIGINT), 0},
		"one that does not listen":       {"deaf", syscall.SIGTERM, -1, syscall.SIGKILL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			argv := sh(`echo >ready; exec sleep 1000`)
			if c.role != "" { // the role itself says when
				argv = append(sh(`exec "$@" >ready`), append([]string{"x"}, self(c.role)...)...)
			}
			g := guardOf(t, wish{Argv: argv, MinTests: -1, Dir: dir})
			g.start()
			until(t, "the command", func() bool { info, err := os.Stat(filepath.Join(dir, "ready")); return err == nil && info.Size() > 0 })
			if s := g.step(); s.State != pipeline.Running {
				t.Errorf("the ledger says %q while it runs", s.State)
			}
			if err := g.cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			r := g.wait()
			if r.code != c.code || r.signal != c.died || r.step.State != pipeline.Failed || r.step.Signal == "" {
				t.Errorf("left with %d, %v; ledger %q, signal %q\n%s", r.code, r.signal, r.step.State, r.step.Signal, r.stderr)
			}
		})
	}
}

// A guard that is killed leaves an entry without an end, and nobody behind.
func TestKilledGuard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := guardOf(t, wish{Name: "unit", Argv: sh(`echo $$ >pid.new; mv pid.new pid; exec sleep 1000`), MinTests: -1, Dir: dir})
	g.start()
	var pid int
	until(t, "the command", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	_ = g.cmd.Process.Kill()
	r := g.wait()
	until(t, "the command's end", func() bool { return !alive(pid) })
	if r.step.State != pipeline.Running {
		t.Errorf("the ledger says %q", r.step.State)
	}
	steps, _, err := guard.Steps(g.ledger)
	if err != nil {
		t.Fatal(err)
	}
	if c := pipeline.Close(guard.LocalRun, []pipeline.Wanted{{Name: "unit"}}, steps); c.Green {
		t.Error("a step whose guard was killed closes green")
	}
}

// A command that kills its parent takes the guard with it, and is no success.
func TestKillsItsParent(t *testing.T) {
	t.Parallel()
	for _, sig := range []string{"TERM", "KILL"} {
		t.Run(sig, func(t *testing.T) {
			t.Parallel()
			r := run(t, wish{Argv: sh("kill -" + sig + " $PPID; exec sleep 1000"), MinTests: -1})
			if r.code == 0 || r.step.State == pipeline.Passed {
				t.Errorf("left with %d, ledger %q", r.code, r.step.State)
			}
		})
	}
}

func TestForksAway(t *testing.T) {
	t.Parallel()
	tool(t, "setsid")
	dir := t.TempDir()
	write(t, dir, "pass.log", jestPassed)
	r := run(t, wish{
		Argv: sh(`sh -c '(sh -c "echo \$\$ >pid; exec sleep 1000") &'; while ! test -s pid; do :; done; cat pass.log`), MinTests: -1, Dir: dir,
		Limits: limits(), Leftovers: "detached",
	})
	r.fails(t, 0, pipeline.Passed, rule.HangOrphans)
	text, _ := os.ReadFile(filepath.Join(dir, "pid"))
	if pid, _ := strconv.Atoi(strings.TrimSpace(string(text))); pid == 0 || alive(pid) {
		t.Errorf("process %d that was forked away lives on", pid)
	}
}

// An unwritable ledger is told of, and changes nothing.
func TestLedgerThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := write(t, dir, "file", "")
	for _, ledger := range []string{filepath.Join(file, "below"), "/proc/nothing/here"} {
		for code, text := range map[int]string{0: "true", 3: "exit 3"} {
			r := run(t, wish{Argv: sh(text), MinTests: -1, Ledger: ledger, Dir: dir})
			if r.code != code || !strings.Contains(r.stderr, "the ledger cannot be written") {
				t.Errorf("%s, %s: left with %d, says %q", ledger, text, r.code, r.stderr)
			}
		}
	}
	r := run(t, wish{Argv: sh("echo out"), MinTests: -1, Dir: dir, Tee: "/dev/full"})
	if r.code != 0 || r.stdout != "out\n" || !strings.Contains(r.stderr, "the copy of the output is not whole") {
		t.Errorf("a copy on a full disk: left with %d, %q, says %q", r.code, r.stdout, r.stderr)
	}
}

func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	const token, npm = "hunter2-hunter2-hunter2", "npm_0123456789abcdefghijABCDEFGHIJ0123"
	const key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAsecretsecretsecretsecretsecretsecretsecretsecret\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n-----END RSA PRIVATE KEY-----\n"
	dir := t.TempDir()
	write(t, dir, "key.pem", key)
	long := strings.Repeat("x", 131_000) + " " // so that the cut of an endless line falls into a secret
	write(t, dir, "long", strings.Repeat(long+token+" ", 4))
	ledger := filepath.Join(dir, "ledger")
	text := `cat key.pem; echo "$SIGNING_KEY"; cat long; echo; echo "Error: push with $DEPLOY_TOKEN and ` + npm + ` failed"; printf 'Password for ` + token + `: '; `
	env := []string{"DEPLOY_TOKEN=" + token, "SIGNING_KEY=first line of it\nsecond line of it\n"}
	r := run(t, wish{Argv: append(sh(text+"exit 1"), "x", token), MinTests: -1, Dir: dir, Ledger: ledger, Env: env, Tee: "copy.txt", Expect: []string{"the end of " + token}})
	if r.code != 1 || !strings.Contains(r.stdout, token) {
		t.Fatalf("left with %d", r.code)
	}
	limit := limits()
	limit.Idle = 2 * time.Second
	r = run(t, wish{Argv: append(sh(text+"exec sleep 1000"), "x", token), MinTests: -1, Dir: dir, Ledger: ledger, Env: env, Limits: limit})
	r.fails(t, guard.ExitHung, pipeline.Hung, rule.HangIdle)
	kept := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Dir(path) == dir && e.Name() != "copy.txt" {
			return err
		}
		data, err := os.ReadFile(path)
		kept++
		for _, secret := range []string{token, npm, "MIIEow", "QUJDRE", "first line of it", "second line of it", "hunter2-hunter2-h", "r2-hunter2"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil || kept < 6 {
		t.Errorf("%d files are kept, %v; want steps, logs, a diagnosis and a copy", kept, err)
	}
}

// A count that falls is told of, and one on a new branch is held against main's.
func TestHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "few.log", strings.ReplaceAll(jestPassed, "14 passed, 14 total", "5 passed, 5 total"))
	write(t, dir, "pass.log", jestPassed)
	write(t, dir, "fail.log", jestFailed)
	ledger := filepath.Join(dir, "ledger")
	on := func(branch, text string) result {
		return run(t, wish{Name: "unit", Argv: sh(text), MinTests: -1, Dir: dir, Ledger: ledger, Env: []string{"GITLAB_CI=true", "CI_PIPELINE_ID=1", "CI_COMMIT_REF_NAME=" + branch}})
	}
	for range 3 {
		on("main", "cat pass.log").fails(t, 0, pipeline.Passed)
		on("main", "cat few.log; exit 1") // what failed is not usual
	}
	on("feature", "cat few.log").fails(t, 0, pipeline.Passed, rule.FewerTests)
	on("main", "cat few.log").fails(t, 0, pipeline.Passed, rule.FewerTests)
	if r := on("main", "cat pass.log"); len(r.step.Findings) != 0 {
		t.Errorf("as usual: %+v", r.step.Findings)
	}
}

func TestExpectedText(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]int{
		`printf 'migrations \033[32mcomplete\033[0m\n'`:     0,
		`printf 'migrations complete'`:                      0,
		`printf '%070000d' 1; printf 'migrations complete'`: 0,
		`echo migrations; echo complete`:                    guard.ExitSilent,
		`true`:                                              guard.ExitSilent,
	} {
		r := run(t, wish{Argv: sh(text), MinTests: -1, Expect: []string{"migrations complete"}})
		if r.code != code {
			t.Errorf("%s: left with %d, want %d: %s", text, r.code, code, r.stderr)
		}
	}
}
