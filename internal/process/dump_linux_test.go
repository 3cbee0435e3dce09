package process

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// holds fails for each part that the text lacks.
func holds(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the dump lacks %q:\n%s", part, text)
			return
		}
	}
}

func TestDumpOfNode(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	const script = `const c = require('net').connect(process.argv[1], '127.0.0.1', () => console.log('up')); setInterval(() => {}, 5000)`
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := start(t, []string{"SECRET_IN_ENVIRONMENT=geheim-4711"}, "sh", "-c", `node -e "$0" "$@"; :`, script, port, "--token", "hunter2-in-argv", "sekret-by-redact")
	if c.line(t) != "up" {
		t.Fatal("node did not start")
	}
	text := Dump(t.Context(), DumpOptions{
		Roots: []int{c.Process.Pid}, Test: "pays with a card", Tail: []string{"first", "a\x1b[31mred line", ""},
		Redact: func(s string) string { return strings.ReplaceAll(s, "sekret-by-redact", "•••") },
		Budget: time.Minute,
	})
	holds(t, text,
		"2 processes", "node (pid ", "epoll_", "connected to "+l.Addr().String(), "Last test started: pays with a card",
		"Last line of the log: a[31mred line", "== Processes", "wait4", "can be reached, in", "kept alive by:", "Timeout", "TCPSocketWrap",
		"timer, fires in", "the first of which began", "load ", "--token •••",
	)
	for _, secret := range []string{"geheim-4711", "hunter2-in-argv", "sekret-by-redact", "\x1b"} {
		if strings.Contains(text, secret) {
			t.Errorf("the dump holds %q", secret)
		}
	}
	if _, ok := newReader().stat(c.Process.Pid); !ok {
		t.Error("the dump ended the command")
	}
}

func TestDumpOfBusyNode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "busy.js")
	if err := os.WriteFile(path, []byte("function spinsForEver() { for (;;) {} }\nconsole.log('up'); setTimeout(spinsForEver, 1)"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, nil, "node", path)
	if c.line(t) != "up" {
		t.Fatal("node did not start")
	}
	holds(t, Dump(t.Context(), DumpOptions{Roots: []int{c.Process.Pid}, Budget: time.Minute}), "is at work", "spinsForEver")
}

func TestDumpOfPython(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "python3", "-c", "import time\ndef waits_for_ever():\n  print('up', flush=True)\n  time.sleep(300)\nwaits_for_ever()")
	if c.line(t) != "up" {
		t.Fatal("python did not start")
	}
	// It has no handler for SIGABRT: it must not get one.
	text := Dump(t.Context(), DumpOptions{Roots: []int{c.Process.Pid}, Fatal: true, Budget: time.Minute})
	if strings.Contains(text, "SIGABRT") {
		t.Errorf("got %s", text)
	}
	said := &bytes.Buffer{}
	cmd := exec.Command("python3", "-c", "import time\ndef waits_for_ever():\n  print('up', flush=True)\n  time.sleep(300)\nwaits_for_ever()")
	cmd.Env = Environment(os.Environ())
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	holds(t, Dump(t.Context(), DumpOptions{Roots: []int{cmd.Process.Pid}, Fatal: true, Budget: time.Minute}), "got SIGABRT")
	_ = cmd.Wait()
	holds(t, said.String(), "waits_for_ever")
}

// TestGoStandsStill is no test: it is the hanging Go test binary of the next.
func TestGoStandsStill(t *testing.T) {
	if os.Getenv("POSTFLIGHT_STAND_STILL") == "" {
		t.Skip("only as a child of another test")
	}
	os.Stdout.WriteString("up\n")
	select {}
}

func TestDumpOfGo(t *testing.T) {
	t.Parallel()
	said := &bytes.Buffer{}
	cmd := exec.Command(os.Args[0], "-test.run=^TestGoStandsStill$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), "POSTFLIGHT_STAND_STILL=1")
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	roots := []int{cmd.Process.Pid}
	if text := Dump(t.Context(), DumpOptions{Roots: roots, Budget: time.Minute}); strings.Contains(text, "SIGQUIT") || strings.Contains(text, "ended") {
		t.Errorf("a signal that ends was sent: %s", text)
	}
	holds(t, Dump(t.Context(), DumpOptions{Roots: roots, Fatal: true, Budget: time.Minute}), "got SIGQUIT")
	_ = cmd.Wait()
	holds(t, said.String(), "TestGoStandsStill")
}

func TestDumpOfJava(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const program = `public class Hang { public static void main(String[] a) throws Exception { System.out.println("up"); waitsForEver(); }
static void waitsForEver() throws Exception { Thread.sleep(300000); } }`
	if err := os.WriteFile(filepath.Join(dir, "Hang.java"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("compiles Java")
	}
	c := start(t, nil, "java", filepath.Join(dir, "Hang.java"))
	if c.line(t) != "up" {
		t.Fatal("java did not start")
	}
	text := Dump(t.Context(), DumpOptions{Roots: []int{c.Process.Pid}, Budget: time.Minute})
	if !strings.Contains(text, "waitsForEver") && !strings.Contains(text, "by SIGQUIT") {
		t.Errorf("no stacks of the JVM:\n%s", text)
	}
	if _, ok := newReader().stat(c.Process.Pid); !ok {
		t.Error("the dump ended the JVM")
	}
}

func TestDumpIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, []string{"DIR=" + dir}, "python3", "-c", `
import os, time, resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(6000, hard), hard))
keep = []
for i in range(min(5000, hard - 100)):
    keep.append(open(os.path.join(os.environ['DIR'], 'file-%d-%s' % (i, 'x' * 150)), 'w'))
print('up', flush=True)
time.sleep(300)
`)
	if c.line(t) != "up" {
		t.Fatal("python did not start")
	}
	tail := make([]string, 5000)
	for i := range tail {
		tail[i] = strings.Repeat("z", 100_000)
	}
	text := Dump(t.Context(), DumpOptions{Roots: []int{c.Process.Pid}, Tail: tail, Budget: time.Minute})
	if len(text) > dumpLimit {
		t.Errorf("got %d bytes", len(text))
	}
	holds(t, text[:min(2000, len(text))], "python3")
	holds(t, text[len(text)-500:], "more")
	for _, limit := range []int{10, 500, 5000} {
		if text := Dump(t.Context(), DumpOptions{Roots: []int{c.Process.Pid}, Limit: limit, Budget: time.Minute}); len(text) > limit {
			t.Errorf("got %d bytes, want at most %d", len(text), limit)
		}
	}
}

func TestDumpKeepsItsBudget(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan bool)
	go func() {
		_, ok := within(ctx, time.Hour, func() int { select {} })
		got <- ok
	}()
	cancel()
	if <-got {
		t.Error("a read that never returns returned")
	}
	// With no time at all there is a text all the same.
	c := start(t, nil, "sleep", "300")
	text := Dump(ctx, DumpOptions{Roots: []int{c.Process.Pid}, Tail: []string{"the last line"}, Test: "a test"})
	holds(t, text, "the last line", "a test")
}

func TestDumpOfTheDead(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "sleep", "300")
	pid := c.Process.Pid
	_ = syscall.Kill(pid, syscall.SIGKILL)
	_ = c.Wait()
	holds(t, Dump(t.Context(), DumpOptions{Roots: []int{pid, 1 << 30}}), "No process of the command is left")
}

func TestDumpSparesTools(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		program, dir string
		want         bool
	}{
		{"/usr/local/bin/terraform", "/src/app", false},
		{"/src/app/server", "/src/app", true},
		{"/tmp/go-build1/b001/app.test", "/src/app", true},
		{"/home/ci/go/bin/tool", "/", false},
		{"/src/application", "/src/app", false},
	} {
		if got := own(&facts{Process: Process{Program: tt.program, Dir: tt.dir}}); got != tt.want {
			t.Errorf("%s in %s: got %v, want %v", tt.program, tt.dir, got, tt.want)
		}
	}
}
