package command

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// screen is an outer terminal with somebody in front of it.
type screen struct {
	t             *testing.T
	master, slave *os.File
	mu            sync.Mutex
	text          bytes.Buffer
	more          chan struct{}
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, master: master, slave: slave, more: make(chan struct{}, 1)}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 33, Cols: 111}); err != nil {
		t.Fatal(err)
	}
	go func() {
		block := make([]byte, 4096)
		for {
			n, err := master.Read(block)
			s.mu.Lock()
			s.text.Write(block[:n])
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { slave.Close(); master.Close() })
	return s
}

// shows waits until the text is on the screen.
func (s *screen) shows(text string) {
	s.t.Helper()
	for {
		s.mu.Lock()
		all := s.text.String()
		s.mu.Unlock()
		if strings.Contains(all, text) {
			return
		}
		select {
		case <-s.more:
		case <-s.t.Context().Done():
			s.t.Fatalf("got %q, without %q", all, text)
		}
	}
}

// attach makes the screen the guard's controlling terminal.
func (s *screen) attach(g *guard) {
	g.cmd.Stdin, g.cmd.Stdout, g.cmd.Stderr = s.slave, s.slave, s.slave
	g.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
}

func (s *screen) modes() unix.Termios {
	s.t.Helper()
	raw, err := s.slave.SyscallConn()
	if err != nil {
		s.t.Fatal(err)
	}
	var out *unix.Termios
	_ = raw.Control(func(fd uintptr) { out, err = unix.IoctlGetTermios(int(fd), getModes) })
	if err != nil {
		s.t.Fatal(err)
	}
	return *out
}

const askTerminal = `test -t 0 && echo in; test -t 1 && echo out; test -t 2 && echo err; stty size; (: <>/dev/tty) && echo controlled`

func TestTerminalInsideAndOutside(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	g := newGuard(t, script{Argv: sh(askTerminal + "; trap 'stty size; exit 6' WINCH; echo resize; while :; do sleep 0.1; done")})
	s.attach(g)
	before := s.modes()
	g.start()
	s.shows("in\r\nout\r\nerr\r\n33 111\r\ncontrolled\r\nresize\r\n")
	if err := pty.Setsize(s.master, &pty.Winsize{Rows: 44, Cols: 99}); err != nil {
		t.Fatal(err)
	}
	s.shows("44 99\r\n")
	if out := g.wait(); out.Result.Code != 6 || len(out.Files) > 0 || out.Routines > 0 || out.Err != "" {
		t.Errorf("got %+v", out)
	}
	if s.modes() != before {
		t.Error("the terminal was left changed")
	}
	if got := g.seen(); !strings.HasPrefix(got, "in\nout\n") {
		t.Errorf("Output saw %q", got)
	}
}

func TestKeysArePassedOn(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	g := newGuard(t, script{Argv: sh("test -t 0 && echo in; read x; echo got $x; trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.1; done"), Stdin: true})
	s.attach(g)
	before := s.modes()
	g.start()
	s.shows("in\r\n")
	if _, err := io.WriteString(s.master, "word\n"); err != nil {
		t.Fatal(err)
	}
	s.shows("got word\r\nready\r\n")
	if _, err := io.WriteString(s.master, "\x03"); err != nil {
		t.Fatal(err)
	}
	s.shows("interrupted\r\n")
	if out := g.wait(); out.Result.Code != 7 || len(out.Files) > 0 || out.Routines > 0 || out.Err != "" {
		t.Errorf("got %+v", out)
	}
	if s.modes() != before {
		t.Error("the terminal was left changed")
	}
}

func TestTerminalRestoredAfterSignal(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	g := newGuard(t, script{Argv: sh("echo ready; sleep 1000"), Stdin: true, Raise: true})
	s.attach(g)
	before := s.modes()
	g.start()
	s.shows("ready\r\n")
	if s.modes() == before {
		t.Error("the terminal is not raw")
	}
	if err := g.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if out := g.wait(); out.Result.Signal != unix.SIGTERM {
		t.Errorf("got %+v", out)
	}
	if s.modes() != before {
		t.Error("the terminal was left changed")
	}
}

// Only what is a terminal outside is one inside.
func TestTerminalForErrorsOnly(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	g := newGuard(t, script{Argv: sh("test -t 1 || echo out; test -t 2 && echo err >&2")})
	s.attach(g)
	var out bytes.Buffer
	g.cmd.Stdin, g.cmd.Stdout = nil, &out
	g.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	g.start()
	g.wait()
	s.shows("err\r\n")
	if out.String() != "out\n" {
		t.Errorf("got %q", out.String())
	}
}
