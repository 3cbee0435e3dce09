package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// watchTree polls what the child's tree waits for, until ok.
func watchTree(t *testing.T, c *child, what string, ok func(Waiting) bool) Waiting {
	t.Helper()
	var w Waiting
	until(t, what, func() bool {
		tree, err := Descendants(c.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		w = Waits(tree)
		return ok(w)
	})
	return w
}

func TestWaitsForALock(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("no flock here")
	}
	path := filepath.Join(t.TempDir(), "build.lock")
	// The flock that took it is gone: the shell that inherited the file holds it.
	holder := start(t, []string{"LOCK=" + path}, "sh", "-c", `exec 9>"$LOCK"; flock 9; echo held; read x; : --token hunter2`)
	if got := holder.line(t); got != "held" {
		t.Fatal(got)
	}
	waiter := start(t, nil, "sh", "-c", `flock "$0" true; :`, path)
	w := watchTree(t, waiter, "flock waits", func(w Waiting) bool { return w.Blocked != "" })
	if !strings.Contains(w.Blocked, path) || w.Holder != holder.Process.Pid || w.Stdin {
		t.Errorf("got %+v, want %s held by %d", w, path, holder.Process.Pid)
	}
}

func TestWaitsForAPOSIXLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.lock")
	const script = "import fcntl,sys;f=open(sys.argv[1],'a');fcntl.lockf(f,fcntl.LOCK_EX);print('held',flush=True);sys.stdin.read()"
	holder := start(t, nil, "python3", "-c", script, path)
	if got := holder.line(t); got != "held" {
		t.Fatal(got)
	}
	waiter := start(t, nil, "python3", "-c", script, path)
	w := watchTree(t, waiter, "lockf waits", func(w Waiting) bool { return w.Blocked != "" })
	if h, err := Look(w.Holder); err != nil || h.Group != holder.Process.Pid || !strings.Contains(w.Blocked, path) {
		t.Errorf("got %+v, want it held in group %d", w, holder.Process.Pid)
	}
}

func TestWaitsForStdin(t *testing.T) {
	t.Parallel()
	// Its pipe is written by this test, which is not of the tree.
	outer := start(t, nil, "cat")
	w := watchTree(t, outer, "cat reads", func(w Waiting) bool { return w.Stdin })
	if !strings.Contains(w.Reader, "cat") {
		t.Errorf("got %+v", w)
	}
	// A pipe within the tree is no standard input that is waited for.
	inner := start(t, nil, "sh", "-c", "echo go; sleep 300 </dev/null | cat; :")
	if inner.line(t) != "go" {
		t.Fatal("the shell did not start")
	}
	until(t, "cat sleeps in read", func() bool {
		tree, _ := Descendants(inner.Process.Pid)
		for _, p := range tree {
			if full, err := Look(p.PID); err == nil && full.Name == "cat" && full.Call == "read(0)" {
				if w := Waits(tree); w.Stdin || w.Terminal {
					t.Errorf("got %+v of a pipe with a writer", w)
				}
				return true
			}
		}
		return false
	})
}

// terminals opens a pseudo-terminal.
func terminals(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	var number, zero int32
	for request, arg := range map[uintptr]*int32{syscall.TIOCSPTLCK: &zero, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
			t.Skip(errno)
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	return master, slave
}

func TestWaitsForATerminal(t *testing.T) {
	t.Parallel()
	_, slave := terminals(t)
	cmd := exec.Command("sh", "-c", "printf 'Continue? '; read answer")
	cmd.Stdin, cmd.Stdout = slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	w := watchTree(t, &child{Cmd: cmd}, "sh reads the terminal", func(w Waiting) bool { return w.Stdin })
	if !strings.Contains(w.Reader, "/dev/pts/") {
		t.Errorf("got %+v", w)
	}
}

func TestListener(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if p, err := Listener(port); err != nil || p.PID != os.Getpid() {
		t.Errorf("got %+v, %v, want this process", p, err)
	}
	_ = l.Close()
	if p, err := Listener(port); !errors.Is(err, ErrGone) {
		t.Errorf("got %+v, %v, want nobody", p, err)
	}
}

func TestMoved(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "sh", "-c", "head -c 3000000 /dev/zero | cat >/dev/null; echo done; read x")
	if c.line(t) != "done" {
		t.Fatal("the shell did not end")
	}
	tree, err := Descendants(c.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if got := Moved(tree); got < 3_000_000 {
		t.Errorf("got %d bytes, want those of the ended children too", got)
	}
}

func TestPollsATerminal(t *testing.T) {
	t.Parallel()
	_, slave := terminals(t)
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here")
	}
	cmd := exec.Command("node", "-e", "require('readline').createInterface({input: process.stdin, output: process.stdout}).question('Continue? [y/N] ', () => {})")
	cmd.Stdin, cmd.Stdout = slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	w := watchTree(t, &child{Cmd: cmd}, "node polls the terminal", func(w Waiting) bool { return w.Terminal })
	if w.Stdin || !strings.Contains(w.Reader, "/dev/pts/") {
		t.Errorf("got %+v", w)
	}
}
