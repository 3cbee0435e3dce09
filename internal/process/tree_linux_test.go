package process

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// child is a process that a test started, killed with its group at its end.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start runs a program in a group of its own.
func start(t *testing.T, env []string, argv ...string) *child {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skipf("no %s here", argv[0])
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return &child{cmd, in, bufio.NewReader(out)}
}

// line waits for one line of the child's output.
func (c *child) line(t *testing.T) string {
	t.Helper()
	text, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	return strings.TrimSpace(text)
}

// until polls a condition that other processes bring about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

func names(list []Process) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	return out
}

func TestDescendants(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "sh", "-c", "sleep 300 & sh -c 'sleep 301; :' & wait")
	for name, read := range map[string]func(int) ([]Process, error){"lists of children": Descendants, "all of the machine": Sweep} {
		var list []Process
		until(t, "the tree of four by "+name, func() bool {
			var err error
			if list, err = read(c.Process.Pid); err != nil {
				t.Fatal(err)
			}
			got := names(list)
			slices.Sort(got)
			return cmp.Equal(got, []string{"sh", "sh", "sleep", "sleep"})
		})
		if list[0].PID != c.Process.Pid || list[0].Parent != os.Getpid() {
			t.Errorf("%s: got %+v first, want the root", name, list[0])
		}
		for _, p := range list {
			if p.Group != c.Process.Pid || p.State == "" || p.Threads != 1 || p.Born == 0 {
				t.Errorf("%s: got %+v, want group %d", name, p, c.Process.Pid)
			}
		}
	}
	if _, err := Descendants(1 << 30); !errors.Is(err, ErrGone) {
		t.Errorf("got %v, want %v", err, ErrGone)
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "sleep", "300")
	var p Process
	until(t, "sleep sleeps", func() bool {
		var err error
		if p, err = Look(c.Process.Pid); err != nil {
			t.Fatal(err)
		}
		return p.Call != "" && p.Name == "sleep"
	})
	if diff := cmp.Diff(p.Argv, []string{"sleep", "300"}); diff != "" {
		t.Error(diff)
	}
	if p.Call != "clock_nanosleep" && p.Call != "nanosleep" {
		t.Errorf("got call %q, want a sleep", p.Call)
	}
	dir, _ := os.Getwd()
	if p.Dir != dir || p.RSS <= 0 || p.State != "S" || time.Since(p.Started) > time.Hour {
		t.Errorf("got %+v", p)
	}
}

func TestSpentCountsTheDead(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "sh", "-c", "i=0; sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; echo done; read x")
	if got := c.line(t); got != "done" {
		t.Fatal(got)
	}
	list, err := Descendants(c.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if Spent(list) < 50*time.Millisecond || list[0].Reaped < 50*time.Millisecond {
		t.Errorf("got %v of CPU, %v of dead children, want that of the loop", Spent(list), list[0].Reaped)
	}
}

func BenchmarkDescendants(b *testing.B) {
	for b.Loop() {
		if _, err := Descendants(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSweep(b *testing.B) {
	for b.Loop() {
		if _, err := Sweep(1); err != nil {
			b.Fatal(err)
		}
	}
}
