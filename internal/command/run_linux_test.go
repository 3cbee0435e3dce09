package command

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, code := range []int{0, 1, 2, 42, 86, 126, 127, 128, 137, 255} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, script{Argv: sh(fmt.Sprintf("echo out; echo err >&2; exit %d", code))})
			stdout, stderr, out := g.run()
			if stdout != "out\n" || stderr != "err\n" {
				t.Errorf("got %q and %q", stdout, stderr)
			}
			if got := g.cmd.ProcessState.ExitCode(); got != code || out.Result.Code != code || out.Result.Signal != 0 {
				t.Errorf("got %d, %+v, want %d", got, out.Result, code)
			}
			if out.Result.Bytes != 8 || out.Result.Duration <= 0 || out.Result.CPU <= 0 || out.Err != "" || out.Result.Ended {
				t.Errorf("got %+v", out)
			}
		})
	}
}

func TestDeathBySignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGKILL, syscall.SIGPIPE, syscall.SIGUSR1} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, script{Argv: sh(fmt.Sprintf("ulimit -c 0; kill -%d $$", int(sig))), Raise: true})
			stdout, stderr, out := g.run()
			if stdout+stderr != "" {
				t.Errorf("got output %q %q", stdout, stderr)
			}
			if out.Result.Signal != sig || out.Result.Code != 128+int(sig) {
				t.Errorf("got %+v", out.Result)
			}
			status, _ := g.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != sig {
				t.Errorf("the guard ended by %v, want signal %v", g.cmd.ProcessState, sig)
			}
		})
	}
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	bare := filepath.Join(dir, "bare")
	lost := filepath.Join(dir, "lost")
	for path, text := range map[string]string{plain: "x", bare: "echo bare $1\n", lost: "#!/no/such/interpreter\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{bare, lost} {
		if err := os.Chmod(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		s    script
		code int
		out  string
	}{
		{"not in PATH", script{Argv: []string{"no-such-command-here"}}, 127, ""},
		{"no such file", script{Argv: []string{filepath.Join(dir, "nothing")}}, 127, ""},
		{"not executable", script{Argv: []string{plain}}, 126, ""},
		{"a directory", script{Argv: []string{dir}}, 126, ""},
		{"no interpreter", script{Argv: []string{lost}}, 127, ""},
		{"no directory", script{Argv: sh("true"), Dir: filepath.Join(dir, "nowhere")}, 126, ""},
		{"nothing", script{}, 127, ""},
		{"a script without a first line", script{Argv: []string{bare, "arg"}}, 0, "bare arg\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stdout, _, out := newGuard(t, c.s).run()
			if out.Result.Code != c.code || stdout != c.out || (out.Err == "") != (c.code == 0) {
				t.Errorf("got %d, %q, %q", out.Result.Code, stdout, out.Err)
			}
		})
	}
}

func TestBytesUnchanged(t *testing.T) {
	t.Parallel()
	for i, c := range []struct{ total, largest int }{{1 << 20, 17}, {8 << 20, 5000}, {12 << 20, 300_000}, {0, 1}, {1, 1}} {
		for _, kind := range []string{"pipe", "file", "terminal"} {
			t.Run(fmt.Sprintf("%s %d by %d", kind, c.total, c.largest), func(t *testing.T) {
				t.Parallel()
				total := c.total
				if kind == "terminal" {
					total /= 8
				}
				argv, env := self("spew", fmt.Sprint(i), fmt.Sprint(total), fmt.Sprint(c.largest))
				s := script{Argv: argv, Env: env}
				if kind == "terminal" {
					s.Terminal = "always"
				}
				g := newGuard(t, s)
				var want, got bytes.Buffer
				spew(&want, uint64(i), total, c.largest)
				if kind == "file" {
					path := filepath.Join(t.TempDir(), "out")
					f, err := os.Create(path)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					g.cmd.Stdout = f
					g.start()
					g.wait()
					data, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					got.Write(data)
				} else {
					stdout, _, _ := g.run()
					got.WriteString(stdout)
				}
				if !bytes.Equal(got.Bytes(), want.Bytes()) {
					t.Errorf("got %d bytes that differ from the %d", got.Len(), want.Len())
				}
				if g.seen() != want.String() {
					t.Error("Output saw something else")
				}
			})
		}
	}
}

func TestOrderOfBothStreams(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"never", "always"} {
		argv, env := self("both", "9", "20000")
		g := newGuard(t, script{Argv: argv, Env: env, Terminal: mode})
		var both bytes.Buffer
		g.cmd.Stdout = &both
		g.cmd.Stderr = g.cmd.Stdout // exec gives one pipe for both, as 2>&1 does
		g.start()
		g.wait()
		var want strings.Builder
		for i := range 20000 {
			fmt.Fprintf(&want, "line %d of 9\n", i)
		}
		if both.String() != want.String() {
			t.Errorf("%s: the order was lost", mode)
		}
	}
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		leftovers  Leftovers
		ended      int
		left       int
	}{
		{"none", "echo >up &", EndAll, 0, 0},
		{"holds the pipe", "sh -c 'echo >up; exec sleep 1000' &", EndAll, 1, 0},
		{"silent", "sh -c 'echo >up; exec sleep 1000' >/dev/null 2>&1 </dev/null &", EndAll, 1, 0},
		{"own session, forked twice", "(setsid sh -c 'sleep 1000 & echo >up; sleep 1000' >/dev/null 2>&1 &)", EndAll, 3, 0},
		{"deaf", "sh -c \"trap '' TERM; echo >up; while :; do sleep 1000; done\" &", EndAll, 2, 0},
		{"stopped", "sh -c 'echo >up; kill -STOP $$; sleep 1000' &", EndAll, 1, 0},
		{"kept, detached", "setsid sh -c 'echo >up; exec sleep 61' >/dev/null 2>&1 </dev/null &", KeepDetached, 0, 1},
		{"kept, but holds the pipe", "setsid sh -c 'echo >up; exec sleep 1000' &", KeepDetached, 1, 0},
		{"kept all", "sh -c 'echo >up; exec sleep 61' &", KeepAll, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// The shell waits until its children are what they are to be.
			text := "mkfifo up\n" + c.text + "\necho done; read x <up; exit 4"
			g := newGuard(t, script{Argv: sh(text), Dir: t.TempDir(), Orphans: 200 * time.Millisecond, Grace: time.Second, Leftovers: c.leftovers})
			stdout, _, out := g.run()
			if stdout != "done\n" || out.Result.Code != 4 || out.Result.Ended || out.Err != "" {
				t.Errorf("got %q, %+v, %s", stdout, out.Result, out.Err)
			}
			if len(out.Result.Orphans) < min(1, c.ended) || len(out.Result.Orphans) > c.ended || len(out.Result.Left) != c.left {
				t.Errorf("got orphans %+v, left %+v; want %d, %d", out.Result.Orphans, out.Result.Left, c.ended, c.left)
			}
			for _, o := range out.Result.Orphans {
				if err := syscall.Kill(o.PID, 0); err == nil {
					t.Errorf("process %+v lives", o)
				}
			}
			for _, o := range out.Result.Left {
				if err := syscall.Kill(o.PID, syscall.SIGKILL); err != nil {
					t.Errorf("process %+v does not live", o)
				}
			}
		})
	}
}

func TestForkedAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	g := newGuard(t, script{Argv: sh("(setsid sh -c 'exit 9' &); (sh -c 'kill -KILL $$' &); sleep 0.5; exit 0"), Busy: true})
	_, _, out := g.run()
	codes := map[int]bool{}
	for _, s := range out.Result.Reaped {
		codes[s.Code] = true
	}
	if !codes[9] || !codes[137] {
		t.Errorf("got %+v", out.Result.Reaped)
	}
	if out.Busy != "exit status 7" {
		t.Errorf("our own command: %s", out.Busy)
	}
}

func TestOrderToEnd(t *testing.T) {
	t.Parallel()
	deaf, env := self("deaf")
	for _, c := range []struct {
		name string
		s    script
		code int
	}{
		{"heeds", script{Argv: sh("echo ready; sleep 1000")}, 143},
		{"cleans up", script{Argv: sh("trap 'echo bye; exit 5' TERM; echo ready; sleep 1000 & wait")}, 5},
		{"deaf", script{Argv: deaf, Env: env}, 137},
		{"stopped", script{Argv: sh("echo ready; kill -STOP $$")}, 143},
		{"children of children", script{Argv: sh("echo ready; sh -c 'setsid sleep 1000 & sleep 1000' & wait")}, 143},
		{"in a terminal", script{Argv: deaf, Env: env, Terminal: "always"}, 137},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.s.EndAfter, c.s.Interval, c.s.Grace = 700*time.Millisecond, 100*time.Millisecond, time.Second
			stdout, _, out := newGuard(t, c.s).run()
			if !strings.HasPrefix(stdout, "ready\n") || !out.Result.Ended || out.Result.Code != c.code {
				t.Errorf("got %q, %+v", stdout, out.Result)
			}
			if out.Diagnosed < 1 || out.Samples < 1 {
				t.Errorf("got %+v", out)
			}
			if len(out.Result.Orphans) > 0 {
				t.Errorf("what was ended with the command is no orphan: %+v", out.Result.Orphans)
			}
			if err := syscall.Kill(-out.Root, 0); err == nil {
				t.Error("the group lives")
			}
		})
	}
}

// A disk that is full is a fault of ours to tell; the command finds its output
// closed.
func TestOuterStreamFails(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here:", err)
	}
	defer full.Close()
	g := newGuard(t, script{Argv: []string{"yes"}})
	g.cmd.Stdout = full
	g.start()
	out := g.wait()
	if !strings.Contains(out.Err, "no space left") || out.Result.Signal != syscall.SIGPIPE || out.Result.StdoutClosed {
		t.Errorf("got %+v", out)
	}
}

// The first process of a container takes in every orphan and dies of no signal.
func TestAsFirstProcess(t *testing.T) {
	t.Parallel()
	if err := exec.Command("unshare", "--fork", "--pid", "--mount-proc", "true").Run(); err != nil {
		t.Skip("no namespaces here:", err)
	}
	g := newGuard(t, script{
		Argv:    sh("(setsid sh -c 'exit 9' &); setsid sleep 1000 & echo $PPID; kill -TERM $$"),
		Raise:   true,
		Orphans: 2 * time.Second,
	})
	g.cmd.Args = append([]string{"unshare", "--fork", "--pid", "--mount-proc"}, g.cmd.Path)
	var err error
	if g.cmd.Path, err = exec.LookPath("unshare"); err != nil {
		t.Fatal(err)
	}
	stdout, _, out := g.run()
	if stdout != "1\n" || out.Result.Signal != syscall.SIGTERM || g.cmd.ProcessState.ExitCode() != 143 {
		t.Errorf("got %q, %+v, %v", stdout, out, g.cmd.ProcessState)
	}
	if len(out.Result.Orphans) != 1 || len(out.Result.Reaped) < 1 || out.Result.Reaped[0].Code != 9 {
		t.Errorf("got %+v", out.Result)
	}
}

func TestContextDoneWithoutASignal(t *testing.T) {
	t.Parallel()
	_, _, out := newGuard(t, script{Argv: sh("sleep 1000"), Cancelled: true, Grace: time.Hour}).run()
	if !out.Result.Ended || out.Result.Signal != syscall.SIGTERM || out.Result.Forwarded != 0 {
		t.Errorf("got %+v", out.Result)
	}
}

// An order after the command's own end ends what is left, without the wait, and
// whatever was to be kept; the command's status stands.
func TestOrderAgainstOrphans(t *testing.T) {
	t.Parallel()
	g := newGuard(t, script{
		Argv: sh("sleep 1000 & setsid sleep 1000 & sleep 0.3; exit 0"), EndOnOrphans: true,
		Interval: 50 * time.Millisecond, Orphans: time.Hour,
	})
	_, _, out := g.run()
	if out.Result.Code != 0 || !out.Result.Ended || len(out.Result.Orphans) != 2 || out.Diagnosed != 3 {
		t.Errorf("got %+v", out)
	}
}

// The command closes its output and goes on; so do we.
func TestOutputClosedEarly(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"never", "always"} {
		stdout, _, out := newGuard(t, script{Argv: sh("echo a; exec >/dev/null 2>&1 </dev/null; sleep 0.5; exit 8"), Terminal: mode}).run()
		if stdout != "a\n" || out.Result.Code != 8 || out.Result.Duration < 400*time.Millisecond {
			t.Errorf("%s: got %q, %+v", mode, stdout, out.Result)
		}
	}
}

func TestManyDescendants(t *testing.T) {
	t.Parallel()
	g := newGuard(t, script{
		Argv:        sh("i=0; while [ $i -lt 200 ]; do sleep 1000 & (setsid sleep 1000 &); i=$((i+1)); done; wait"),
		EndAtOthers: 300, Interval: 50 * time.Millisecond, Grace: 5 * time.Second,
	})
	_, _, out := g.run()
	if !out.Result.Ended || out.Result.Signal != syscall.SIGTERM || out.MaxOthers < 300 {
		t.Errorf("got %+v", out)
	}
}
