package browser

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Not parallel: it counts goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	dir := t.TempDir()
	srv := serve(t, site{"/": `<iframe src="/f"></iframe><script>new Worker("/w.js")</script>`, "/f": "f", "/w.js": ""})
	b := launch(t, Options{Dir: dir})
	p := openIn(t, b, PageOptions{})
	visit(t, p, srv.URL)
	pgid := b.proc.cmd.Process.Pid
	if !groupRuns(pgid) {
		t.Fatal("the group is not seen running: the test proves nothing")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if groupRuns(pgid) {
		t.Error("processes of the group still run")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("profile left: %v", left)
	}
	srv.CloseClientConnections()
	srv.Close()
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	if err := p.Call(t.Context(), "Page.enable", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("call after close: got %v, want ErrClosed", err)
	}
}

func TestContextEndKills(t *testing.T) {
	t.Parallel()
	bin, err := Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b, err := Launch(ctx, Options{Binary: bin, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	p := openIn(t, b, PageOptions{})
	failed := make(chan error, 1)
	go func() {
		failed <- p.MainFrame().Evaluate(context.WithoutCancel(ctx), Main, "new Promise(()=>{})", nil)
	}()
	cancel()
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("pending call: got %v, want ErrClosed", err)
	}
	<-b.Done()
	if groupRuns(b.proc.cmd.Process.Pid) {
		t.Error("processes of the group still run")
	}
}

func TestBrowserKilled(t *testing.T) {
	t.Parallel()
	p := open(t, PageOptions{})
	failed := make(chan error, 1)
	go func() { failed <- p.MainFrame().Evaluate(patient(t), Main, "new Promise(()=>{})", nil) }()
	if err := syscall.Kill(p.Browser().proc.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("pending call: got %v, want ErrClosed", err)
	}
	<-p.Browser().Done()
	if !p.Closed() {
		t.Error("page does not know that it is closed")
	}
	if _, err := p.Browser().NewPage(t.Context(), PageOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("new page: got %v, want ErrClosed", err)
	}
}

// A stopped Chromium answers nothing: calls end with their context, Close still works.
func TestBrowserHangs(t *testing.T) {
	t.Parallel()
	b := launch(t, Options{})
	p := openIn(t, b, PageOptions{})
	if err := syscall.Kill(-b.proc.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := p.MainFrame().Evaluate(impatient(t), Main, "1", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want deadline exceeded", err)
	}
	// More than the pipe holds: writing must not block for ever either.
	big := strings.Repeat("x", 1<<20)
	ctx := impatient(t)
	for range 100 {
		if err := p.Call(ctx, "Runtime.evaluate", map[string]any{"expression": big}, nil); err == nil {
			t.Error("a stopped browser answered")
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if groupRuns(b.proc.cmd.Process.Pid) {
		t.Error("processes of the group still run")
	}
}

// Killed without a chance to clean up, we leave no browser behind; the profile
// is swept by the next start.
func TestOwnDeath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pgid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if !groupRuns(pgid) {
		t.Fatal("the group is not seen running: the test proves nothing")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "chromium exits", func() bool { return !groupRuns(pgid) })

	left, err := filepath.Glob(filepath.Join(dir, profilePrefix+"*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("profiles left: got %v %v, want one", left, err)
	}
	sweepProfiles(dir)
	if _, err := os.Stat(left[0]); err != nil {
		t.Errorf("a fresh profile was swept: %v", err)
	}
	old := time.Now().Add(-2 * staleAge)
	if err := os.Chtimes(filepath.Join(left[0], lockName), old, old); err != nil {
		t.Fatal(err)
	}
	sweepProfiles(dir)
	if _, err := os.Stat(left[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a stale profile was not swept: %v", err)
	}
}

func TestSweepSparesProfilesInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &process{}
	if err := p.makeProfile(dir); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * staleAge)
	if err := os.Chtimes(filepath.Join(p.profile, lockName), old, old); err != nil {
		t.Fatal(err)
	}
	sweepProfiles(dir)
	if _, err := os.Stat(p.profile); err != nil {
		t.Errorf("a profile in use was swept: %v", err)
	}
	if err := p.removeProfile(); err != nil {
		t.Error(err)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	script := func(body string) string {
		path := filepath.Join(t.TempDir(), "chromium")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, path := range map[string]string{
		"missing":       "/nonexistent/chromium",
		"leaves":        script("echo cannot open display >&2; exit 1"),
		"talks rubbish": script("printf 'rubbish\\0{\"id\":0}\\0' >&4; exit 3"),
	} {
		_, err := Find(patient(t), path)
		if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
			t.Errorf("%s: got %v, want an unavailable fault with a hint", name, err)
		}
		if name == "leaves" && !strings.Contains(err.Error(), "cannot open display") {
			t.Errorf("%s: got %v, want its last words", name, err)
		}
	}
}

func TestLaunchOnUnusableDir(t *testing.T) {
	t.Parallel()
	bin, err := Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Launch(t.Context(), Options{Binary: bin, Dir: "/nonexistent/dir"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want an unavailable fault", err)
	}
}
