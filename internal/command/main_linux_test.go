package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests run their own binary over again: as the guard, which calls Run once
// as the real one does, and as commands that misbehave in ways a shell cannot.

const roleKey = "COMMAND_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleKey); role {
	case "":
		heed()
		os.Exit(m.Run())
	case "guard":
		playGuard()
	default:
		_ = os.Unsetenv(roleKey)
		play(role)
	}
}

// script is what a guard is told to do, and told is what it says afterwards.
type script struct {
	Argv                     []string
	Dir                      string
	Env                      []string
	Stdin                    bool
	Terminal                 string
	Interval, Grace, Orphans time.Duration
	EndAfter                 time.Duration // an order after that time, and some output; 0 never
	EndAtOthers              int           // an order when there are so many descendants; 0 never
	EndOnOrphans             bool
	Leftovers                Leftovers
	Log                      string // where to write what Output saw
	Report                   string // where to write told
	Cancel                   bool   // ctx is done by the first SIGINT or SIGTERM, as in the CLI
	Cancelled                bool   // ctx is done from the start
	Raise                    bool
	Glance                   bool // Output looks at every cache line and writes no log
	Busy                     bool // run a command of our own meanwhile, as a diagnosis does
}

type told struct {
	Result    Result
	Err       string
	Diagnosed int // ids given to Diagnose
	Root      int
	Samples   int
	MaxOthers int
	Blocked   time.Duration // the longest seen
	Peak      int64         // bytes of memory, at most
	Files     []string      // open that were not before
	Routines  int           // more than before
	Sum       int           // of the bytes glanced at
	Busy      string        // error of our own command
}

func playGuard() {
	var s script
	if err := json.Unmarshal([]byte(os.Getenv("COMMAND_TEST_SCRIPT")), &s); err != nil {
		panic(err)
	}
	ctx := context.Background()
	if s.Cancel {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
		defer stop()
	}
	if s.Cancelled {
		var stop context.CancelFunc
		ctx, stop = context.WithCancel(ctx)
		stop()
	}
	var out told
	var log *os.File
	if s.Log != "" && !s.Glance {
		var err error
		if log, err = os.Create(s.Log); err != nil {
			panic(err)
		}
	}
	o := Options{
		Argv: s.Argv, Dir: s.Dir, Stdin: s.Stdin, Terminal: s.Terminal, Stdout: os.Stdout, Stderr: os.Stderr,
		Interval: s.Interval, Grace: s.Grace, Orphans: s.Orphans, Leftovers: s.Leftovers,
		Env: append(cleanEnv(), s.Env...),
	}
	if log != nil {
		o.Output = func(_ Stream, b []byte) { _, _ = log.Write(b) }
	}
	if s.Glance {
		o.Output = func(_ Stream, b []byte) {
			for i := 0; i < len(b); i += 64 {
				out.Sum += int(b[i])
			}
		}
	}
	o.Tick = func(x Sample) Order {
		out.Samples++
		out.Root = x.Root
		out.MaxOthers = max(out.MaxOthers, len(x.Others))
		out.Blocked = max(out.Blocked, x.Blocked)
		if s.EndAtOthers > 0 && len(x.Others) >= s.EndAtOthers ||
			s.EndAfter > 0 && x.Elapsed >= s.EndAfter && x.Bytes > 0 || s.EndOnOrphans && !x.Alive && len(x.Others) > 0 {
			return End
		}
		return Continue
	}
	o.Diagnose = func(_ context.Context, root int, others []int) { out.Diagnosed = len(others) + 1 }
	signal.Stop(catch()) // starts the runtime's own goroutine for signals, which stays
	files, routines := openFiles(), runtime.NumGoroutine()
	busy := make(chan error, 1)
	if s.Busy {
		go func() { busy <- exec.Command("sh", "-c", "for i in 1 2 3 4 5; do sh -c :; done; exit 7").Run() }()
	}
	res, err := Run(ctx, o)
	if s.Busy {
		out.Busy = fmt.Sprint(<-busy)
	}
	out.Result = res
	if err != nil {
		out.Err = err.Error()
	}
	out.Files = slices.DeleteFunc(openFiles(), func(f string) bool { return slices.Contains(files, f) })
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > routines && time.Now().Before(end); {
		runtime.Gosched()
	}
	out.Routines = runtime.NumGoroutine() - routines
	out.Peak = peak()
	data, _ := json.Marshal(out)
	if err := os.WriteFile(s.Report+".new", data, 0o600); err == nil {
		_ = os.Rename(s.Report+".new", s.Report)
	}
	if s.Raise && res.Signal != 0 {
		Raise(res.Signal)
	}
	os.Exit(res.Code)
}

// peak is the most memory that this program held. Getrusage would count the
// test's own, from before the exec.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 1 << 62
}

func cleanEnv() []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "COMMAND_TEST_") {
			out = append(out, e)
		}
	}
	return out
}

// openFiles names the files that this program has open, each with its number.
func openFiles() []string {
	var out []string
	for fd := range 256 {
		if to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
			out = append(out, fmt.Sprint(fd, " ", to))
		}
	}
	return out
}

// play is a command; its arguments are behind "--".
func play(role string) {
	args := os.Args[1:]
	number := func(i int) int {
		n, err := strconv.Atoi(args[i])
		if err != nil {
			panic(err)
		}
		return n
	}
	switch role {
	case "spew": // seed, bytes, largest write
		spew(os.Stdout, uint64(number(0)), number(1), number(2))
	case "both": // seed, lines: in turn to both streams
		for i := range number(1) {
			to := os.Stdout
			if i%3 == 1 {
				to = os.Stderr
			}
			fmt.Fprintf(to, "line %d of %d\n", i, number(0))
		}
	case "tiny": // writes of one byte
		for range number(0) {
			_, _ = os.Stdout.Write([]byte{'.'})
		}
	case "cat":
		_, _ = io.Copy(struct{ io.Writer }{os.Stdout}, struct{ io.Reader }{os.Stdin})
	case "deaf": // ignores every request to end
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println("ready")
		<-time.After(time.Hour)
	case "signals": // names each signal that it gets, and ends at SIGTERM
		c := make(chan os.Signal, 16)
		signal.Notify(c, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGQUIT)
		fmt.Println("ready")
		for s := range c {
			fmt.Println(s)
			if s == syscall.SIGTERM {
				os.Exit(3)
			}
		}
	case "killer": // kills its parent: signal, where to leave its id
		if err := os.WriteFile(args[1], []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
			panic(err)
		}
		_ = syscall.Kill(os.Getppid(), syscall.Signal(number(0)))
		<-time.After(time.Hour)
	}
	os.Exit(0)
}

// spew writes bytes that a seed decides, in writes of random sizes.
func spew(to io.Writer, seed uint64, total, largest int) {
	r := rand.New(rand.NewPCG(seed, 1))
	block := make([]byte, largest)
	for total > 0 {
		n := min(1+r.IntN(largest), total)
		for i := range block[:n] {
			block[i] = byte(r.Uint32())
		}
		if _, err := to.Write(block[:n]); err != nil {
			os.Exit(9)
		}
		total -= n
	}
}

// self is the command line and environment of a command of ours.
func self(role string, args ...string) (argv, env []string) {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return append([]string{exe}, args...), []string{roleKey + "=" + role}
}

// guard is a guard process that a test looks at.
type guard struct {
	t      testing.TB
	cmd    *exec.Cmd
	report string
	log    string
}

func newGuard(t testing.TB, s script) *guard {
	t.Helper()
	dir := t.TempDir()
	g := &guard{t: t, report: filepath.Join(dir, "report"), log: filepath.Join(dir, "log")}
	s.Report, s.Log = g.report, g.log
	if s.Terminal == "" {
		s.Terminal = "auto"
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g.cmd = exec.Command(exe)
	g.cmd.Env = append(cleanEnv(), roleKey+"=guard", "COMMAND_TEST_SCRIPT="+string(text))
	return g
}

// wait waits for the guard's end, bounded, and returns what it says.
func (g *guard) wait() told {
	g.t.Helper()
	done := make(chan error, 1)
	go func() { done <- g.cmd.Wait() }()
	select {
	case err := <-done:
		var ee *exec.ExitError
		if err != nil && !errors.As(err, &ee) {
			g.t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		_ = g.cmd.Process.Kill()
		g.t.Fatal("the guard did not end")
	}
	data, err := os.ReadFile(g.report)
	if err != nil {
		g.t.Fatal(err)
	}
	var out told
	if err := json.Unmarshal(data, &out); err != nil {
		g.t.Fatal(err)
	}
	return out
}

func (g *guard) start() {
	g.t.Helper()
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = g.cmd.Process.Kill() })
}

// run starts the guard with pipes, and returns both streams and what it says.
func (g *guard) run() (stdout, stderr string, out told) {
	g.t.Helper()
	var o, e bytes.Buffer
	g.cmd.Stdout, g.cmd.Stderr = &o, &e
	g.start()
	out = g.wait()
	if len(out.Files) > 0 || out.Routines > 0 {
		g.t.Errorf("left behind: files %q, %d goroutines", out.Files, out.Routines)
	}
	return o.String(), e.String(), out
}

func (g *guard) seen() string {
	g.t.Helper()
	data, err := os.ReadFile(g.log)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(data)
}

func sh(text string) []string { return []string{"sh", "-c", text} }

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
