package process

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// Bounds of what runtimes say of themselves.
const (
	stackProcesses = 6 // of each runtime
	stackOne       = 3 * time.Second
	stackText      = 200 << 10
	maxMaps        = 2 << 20
)

// runtime is what runs a program.
type runtime string

const (
	goTest     runtime = "Go"
	node       runtime = "Node"
	python     runtime = "Python"
	jvm        runtime = "JVM"
	dotnet     runtime = ".NET"
	noneKnown  runtime = ""
	programMax         = 512 << 20 // larger files are not searched for build information
)

// runtimeOf tells the runtime by the program's name, the libraries it loaded,
// and, for Go, the build information in the file; nothing is executed.
func runtimeOf(f *facts) runtime {
	base := filepath.Base(strings.TrimSuffix(f.Program, " (deleted)"))
	switch {
	case base == "node" || base == "nodejs":
		return node
	case strings.HasPrefix(base, "python") || strings.HasPrefix(base, "pypy"):
		return python
	case base == "java":
		return jvm
	case base == "dotnet":
		return dotnet
	}
	maps := readSome(fmt.Sprintf("/proc/%d/maps", f.PID), maxMaps)
	for name, r := range map[string]runtime{"/libjvm.so": jvm, "/libcoreclr.so": dotnet, "/libpython": python} {
		if bytes.Contains(maps, []byte(name)) {
			return r
		}
	}
	exe := fmt.Sprintf("/proc/%d/exe", f.PID)
	if info, err := os.Stat(exe); err == nil && info.Size() < programMax {
		if _, err := buildinfo.ReadFile(exe); err == nil {
			return goTest
		}
	}
	return noneKnown
}

// own reports whether a Go program is the user's own: a test binary, or one
// that lies in a temporary directory or where it was started. An installed tool
// (terraform, kubectl) may have to clean up, which SIGQUIT would not let it do.
func own(f *facts) bool {
	program := strings.TrimSuffix(f.Program, " (deleted)")
	under := func(dir string) bool {
		return len(dir) > 1 && strings.HasPrefix(program, strings.TrimSuffix(dir, "/")+"/")
	}
	return strings.HasSuffix(program, ".test") || under(os.TempDir()) || under(f.Dir)
}

// stacks asks the runtimes. Gentle ways come first; signals that end a process
// last of all, and only where they are allowed.
func (d *dump) stacks(ctx context.Context, list []*facts) {
	count := map[runtime]int{}
	kinds := map[*facts]runtime{}
	for _, f := range list {
		if f.Zombie() || f.missing || f.Program == "" {
			continue
		}
		kinds[f], _ = within(ctx, dumpOne, func() runtime { return runtimeOf(f) })
	}
	var fatal []*facts
	for _, leaves := range []bool{true, false} { // those at the end of the tree know most
		for _, f := range list {
			kind := kinds[f]
			if f.leaf != leaves || kind == noneKnown || ctx.Err() != nil {
				continue
			}
			if count[kind]++; count[kind] > stackProcesses {
				continue
			}
			text, how, done := "", "", false
			switch kind {
			case node:
				text, how, done = nodeStack(ctx, f)
			case jvm:
				text, how, done = jvmStack(ctx, f)
			case dotnet:
				text, how, done = toolStack(ctx, "", "dotnet-stack", "report", "-p", fmt.Sprint(f.PID))
			case python:
				text, how, done = toolStack(ctx, "", "py-spy", "dump", "--pid", fmt.Sprint(f.PID))
			}
			if done {
				d.add(fmt.Sprintf("Stacks of %s (pid %d), %s, by %s", short(f.Name, 40), f.PID, kind, how), text)
			} else {
				fatal = append(fatal, f)
			}
		}
	}
	for kind, n := range count {
		if n > stackProcesses {
			d.add("", fmt.Sprintf("%d more processes of %s were not asked for their stacks.", n-stackProcesses, kind))
		}
	}
	if d.o.Fatal {
		d.lastWords(ctx, fatal, kinds)
	}
}

// send sends a signal to the process, unless its id is another's by now.
func (f *facts) send(s syscall.Signal) bool {
	p, ok := newReader().stat(f.PID)
	return ok && p.Born == f.Born && !p.Zombie() && syscall.Kill(f.PID, s) == nil
}

// handles reports whether a process has a handler for a signal.
func (f *facts) handles(s syscall.Signal) bool { return f.catches&(1<<(uint(s)-1)) != 0 }

// lastWords sends the signals by which Go and Python print their stacks to
// their standard error, and end.
func (d *dump) lastWords(ctx context.Context, list []*facts, kinds map[*facts]runtime) {
	var b strings.Builder
	var told []*facts
	for _, f := range list {
		signal := syscall.Signal(0)
		switch kind := kinds[f]; {
		case kind == goTest && own(f) && f.handles(syscall.SIGQUIT):
			signal = syscall.SIGQUIT
		case kind == python && f.handles(syscall.SIGABRT) && !f.handles(syscall.SIGTERM):
			signal = syscall.SIGABRT
			noCore(f.PID)
		default:
			continue
		}
		if !f.send(signal) {
			continue
		}
		told = append(told, f)
		fmt.Fprintf(&b, "  %s (pid %d) got %s: its stacks stand at the end of the log, where it did not redirect them.\n", short(f.Name, 40), f.PID, name(signal))
	}
	d.add("Asked for their last words", b.String())
	// They write to the log: wait until they have.
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, f := range told {
		for {
			p, ok := newReader().stat(f.PID)
			if !ok || p.Born != f.Born || p.Zombie() || ctx.Err() != nil {
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func name(s syscall.Signal) string {
	if s == syscall.SIGQUIT {
		return "SIGQUIT"
	}
	return "SIGABRT"
}

// noCore keeps a process from leaving a core file behind.
func noCore(pid int) {
	const limitCore = 4 // RLIMIT_CORE
	var none [2]uint64
	_, _, _ = syscall.RawSyscall6(prlimit, uintptr(pid), limitCore, uintptr(unsafe.Pointer(&none)), 0, 0, 0)
}

// jvmStack asks jstack of the same JDK, or the JVM itself, which prints its
// threads to its standard output at SIGQUIT and goes on.
func jvmStack(ctx context.Context, f *facts) (text, how string, done bool) {
	if text, how, done = toolStack(ctx, filepath.Dir(f.Program), "jstack", "-l", fmt.Sprint(f.PID)); done {
		return text, how, true
	}
	if f.handles(syscall.SIGQUIT) && f.send(syscall.SIGQUIT) {
		return "  printed on its standard output: see the end of the log.", "SIGQUIT", true
	}
	return "", "", false
}

// toolStack runs a tool that knows how to read stacks, where it is installed.
func toolStack(ctx context.Context, dir, tool string, args ...string) (text, how string, done bool) {
	path := filepath.Join(dir, tool)
	if info, err := os.Stat(path); dir == "" || err != nil || info.IsDir() {
		if path, err = exec.LookPath(tool); err != nil {
			return "", "", false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, stackOne)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bounded
	cmd.Stdout, cmd.Stderr = &out, io.Discard
	if err := cmd.Run(); err != nil || len(out.text) == 0 {
		return "", "", false
	}
	return plain(string(out.text)), tool, true
}

// bounded keeps the first bytes that are written to it.
type bounded struct{ text []byte }

func (b *bounded) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), max(0, stackText-len(b.text)))]...)
	return len(p), nil
}

// plain is a text of many lines without what a terminal would obey.
func plain(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + strings.TrimRight(short(strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n"), 1000), " ") + "\n")
	}
	return b.String()
}
