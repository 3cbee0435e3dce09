package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lines starts a guard whose standard output can be read line by line.
func (g *guard) lines() *bufio.Reader {
	g.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { r.Close() })
	g.cmd.Stdout = w
	g.start()
	w.Close()
	return bufio.NewReader(r)
}

func (g *guard) expect(r *bufio.Reader, want string) {
	g.t.Helper()
	got, err := r.ReadString('\n')
	if strings.TrimRight(got, "\r\n") != want {
		g.t.Fatalf("got line %q (%v), want %q", got, err, want)
	}
}

// gone waits until a process is dead: a zombie, or no more.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat[strings.LastIndexByte(string(stat), ')'):]), " Z ") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d lives", pid)
		}
	}
}

func TestSignalsAreForwarded(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"never", "always"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			argv, env := self("signals")
			g := newGuard(t, script{Argv: argv, Env: env, Terminal: mode})
			r := g.lines()
			g.expect(r, "ready")
			for _, sig := range []syscall.Signal{
				syscall.SIGINT, syscall.SIGINT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGINT,
			} {
				if err := g.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				g.expect(r, sig.String())
			}
			if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			g.expect(r, "terminated")
			out := g.wait()
			if out.Result.Code != 3 || out.Result.Signal != 0 || out.Result.Forwarded != syscall.SIGTERM || out.Result.Ended {
				t.Errorf("got %+v", out.Result)
			}
		})
	}
}

// A command that does not heed the signal that we pass on has its grace; the
// second signal wins it no time, and SIGTERM is not asked for twice.
func TestDoneContextEndsTheDeaf(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			argv, env := self("deaf")
			g := newGuard(t, script{Argv: argv, Env: env, Cancel: true, Grace: time.Second})
			r := g.lines()
			g.expect(r, "ready")
			for range 2 {
				if err := g.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
			}
			out := g.wait()
			least := time.Second
			if sig == syscall.SIGINT {
				least = 2 * time.Second
			}
			if !out.Result.Ended || out.Result.Signal != syscall.SIGKILL || out.Result.Forwarded != sig || out.Result.Duration < least {
				t.Errorf("got %+v", out.Result)
			}
		})
	}
}

func TestStopAndContinue(t *testing.T) {
	t.Parallel()
	argv, env := self("signals")
	g := newGuard(t, script{Argv: argv, Env: env, Interval: 10 * time.Millisecond})
	r := g.lines()
	g.expect(r, "ready")
	if err := g.cmd.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, g.cmd.Process.Pid, &info, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGCONT, syscall.SIGTERM} {
		if err := g.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	g.expect(r, "terminated")
	if out := g.wait(); out.Result.Code != 3 {
		t.Errorf("got %+v", out.Result)
	}
}

func TestCommandThatKillsItsParent(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "pid")
			argv, env := self("killer", strconv.Itoa(int(sig)), path)
			g := newGuard(t, script{Argv: argv, Env: env, Raise: true})
			g.start()
			err := g.cmd.Wait()
			text, _ := os.ReadFile(path)
			pid, no := strconv.Atoi(string(text))
			if no != nil {
				t.Fatal(no)
			}
			gone(t, pid)
			status, _ := g.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != sig {
				t.Errorf("the guard ended by %v", err)
			}
		})
	}
}

func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"never", "always"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, script{Argv: []string{"yes"}, Terminal: mode})
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			g.cmd.Stdout = w
			g.start()
			w.Close()
			if _, err := io.ReadFull(r, make([]byte, 100_000)); err != nil {
				t.Fatal(err)
			}
			r.Close()
			out := g.wait()
			want := syscall.SIGPIPE
			if mode == "always" {
				want = syscall.SIGHUP
			}
			if !out.Result.StdoutClosed || out.Result.Signal != want || out.Err != "" || out.Result.Ended {
				t.Errorf("got %+v", out)
			}
		})
	}
}

// Nobody reads: the command stops after what the pipes hold, we say so, and all
// comes through afterwards.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	const total = 256 << 20
	g := newGuard(t, script{Argv: []string{"head", "-c", strconv.Itoa(total), "/dev/zero"}, Interval: 10 * time.Millisecond})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g.cmd.Stdout = w
	g.start()
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	// The generator is blocked in its write when it sleeps in the kernel's pipe.
	for blocked := 0; blocked < 20; {
		size, err := os.Stat(g.log)
		if err == nil && size.Size() > 8<<20 {
			t.Fatalf("%d bytes went into nowhere", size.Size())
		}
		if g.blocked() {
			blocked++
		}
	}
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != total-1 {
		t.Errorf("got %d bytes, %v", n+1, err)
	}
	out := g.wait()
	if out.Result.Code != 0 || out.Result.Bytes != total || out.Blocked <= 0 {
		t.Errorf("got %+v", out)
	}
	if out.Peak > 48<<20 {
		t.Errorf("the guard took %d bytes of memory", out.Peak)
	}
}

// blocked reports whether some child of the guard's waits to write.
func (g *guard) blocked() bool {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", g.cmd.Process.Pid))
	for _, task := range tasks {
		kids, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", g.cmd.Process.Pid, task.Name()))
		for _, kid := range strings.Fields(string(kids)) {
			threads, _ := os.ReadDir("/proc/" + kid + "/task")
			for _, thread := range threads {
				if w, err := os.ReadFile("/proc/" + kid + "/task/" + thread.Name() + "/wchan"); err == nil && strings.Contains(string(w), "pipe_write") {
					return true
				}
			}
		}
	}
	return false
}

func TestTinyWritesAtOnceAndInBursts(t *testing.T) {
	t.Parallel()
	// At once: the first byte comes while the command still waits for input.
	g := newGuard(t, script{Argv: sh("printf 'Name? '; read x; printf \"hello $x\""), Stdin: true})
	in, err := g.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r := g.lines()
	prompt := make([]byte, 6)
	if _, err := io.ReadFull(r, prompt); err != nil || string(prompt) != "Name? " {
		t.Fatalf("got %q, %v", prompt, err)
	}
	if _, err := io.WriteString(in, "you\n"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil || string(rest) != "hello you" {
		t.Errorf("got %q, %v", rest, err)
	}
	if out := g.wait(); out.Result.Code != 0 {
		t.Errorf("got %+v", out)
	}
	argv, env := self("tiny", "50000")
	stdout, _, _ := newGuard(t, script{Argv: argv, Env: env}).run()
	if stdout != strings.Repeat(".", 50000) {
		t.Errorf("got %d bytes", len(stdout))
	}
}

func TestNothingToRead(t *testing.T) {
	t.Parallel()
	g := newGuard(t, script{Argv: sh("read x; echo $?; (exec 3<>/dev/tty) 2>/dev/null || echo no terminal")})
	stdout, _, _ := g.run()
	if stdout != "1\nno terminal\n" {
		t.Errorf("got %q", stdout)
	}
}

func TestStartErrorUnwraps(t *testing.T) {
	t.Parallel()
	err := error(&StartError{Code: 127, Name: "x", Err: os.ErrNotExist})
	if !errors.Is(err, os.ErrNotExist) || err.Error() != "start x: file does not exist" {
		t.Errorf("got %v", err)
	}
}
