//go:build linux

// Command guard measures what passing a stream through "postflight guard run"
// costs, beside cat (the floor) and tee (which reads nothing either): CPU time
// of the process itself, for streams of several kinds, into a pipe and into
// nothing.
//
// It is the writer of the streams itself, started as a child. It is never
// shipped; scripts/bench.sh calls it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds; medians are printed")
	binary := flag.String("postflight", "", "postflight binary")
	dir := flag.String("dir", "", "scratch directory")
	size := flag.Int64("size", 1<<30, "bytes of each stream; a twentieth for those in small writes")
	write := flag.String("write", "", "be the writer of this stream (internal)")
	usage := flag.String("usage", "", "file for the writer's own CPU time (internal)")
	flag.Parse()
	if *write != "" {
		if err := stream(*write, *size, *usage); err != nil {
			os.Exit(1)
		}
		return
	}
	b := bench{binary: *binary, dir: *dir, size: *size, rounds: *rounds}
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/guard: error:", err)
		os.Exit(1)
	}
}

// kind is a stream: bytes a write (0: a line), the text that is repeated, and
// what ends it.
type kind struct {
	block      int
	text, last string
}

func kinds() map[string]kind {
	const ordinary = "src/app/components/Header.tsx:12:34 some ordinary build output line of no interest 0123\n"
	return map[string]kind{
		"build output, 64 KiB writes": {block: 64 << 10, text: ordinary},
		"go test -v, 64 KiB writes": {
			block: 64 << 10, text: "=== RUN   TestHeader/case_17\n    header_test.go:41: error: is only a word here\n--- PASS: TestHeader/case_17 (0.00s)\n",
			last: "PASS\nok  \texample.com/header\t0.100s\n",
		},
		"colours, 4 KiB writes": {block: 4 << 10, text: "\x1b[2K\x1b[1G\x1b[32m✔\x1b[39m \x1b[2mcompiled\x1b[22m src/app/header.tsx \x1b[33m12ms\x1b[39m\n"},
		"a line a write":        {text: ordinary},
	}
}

// stream writes size bytes and notes what that cost the writer.
func stream(kind string, size int64, usage string) error {
	k := kinds()[kind]
	block := []byte(k.text)
	for len(block) < k.block {
		block = append(block, k.text...)
	}
	for n := int64(0); n < size; {
		w, err := os.Stdout.Write(block)
		if err != nil {
			return err
		}
		n += int64(w)
	}
	if k.last != "" {
		if _, err := os.Stdout.WriteString(k.last); err != nil {
			return err
		}
	}
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return err
	}
	return os.WriteFile(usage, []byte(strconv.FormatInt(cpu(r).Nanoseconds(), 10)), 0o600)
}

func cpu(r syscall.Rusage) time.Duration {
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

type bench struct {
	binary, dir string
	size        int64
	rounds      int
}

func (b bench) run() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("| stream, into | cat, ms/GB | tee | guard | guard / cat |\n|---|---|---|---|---|\n")
	var names []string
	for name := range kinds() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		size := b.size
		if kinds()[name].block == 0 {
			size /= 20
		}
		for _, sink := range []string{"a pipe", "nothing"} {
			got := map[string][]time.Duration{}
			for range b.rounds {
				for _, who := range []string{"cat", "tee", "guard"} {
					d, err := b.once(self, who, name, sink, size)
					if err != nil {
						return fmt.Errorf("%s of %s into %s: %w", who, name, sink, err)
					}
					got[who] = append(got[who], d)
				}
			}
			perGB := func(who string) float64 {
				return float64(median(got[who]).Microseconds()) / 1000 / (float64(size) / (1 << 30))
			}
			fmt.Printf("| %s, into %s | %.0f | %.0f | %.0f | %.2f |\n", name, sink, perGB("cat"), perGB("tee"), perGB("guard"), perGB("guard")/perGB("cat"))
		}
	}
	return nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// once passes one stream through one program and returns that program's own CPU.
func (b bench) once(self, who, kind, sink string, size int64) (time.Duration, error) {
	usage := filepath.Join(b.dir, "usage")
	writer := []string{self, "-write", kind, "-size", strconv.FormatInt(size, 10), "-usage", usage}
	cmd := exec.Command(who)
	var source *exec.Cmd
	switch who {
	case "guard":
		cmd = exec.Command(b.binary, append([]string{"guard", "run", "--name", "bench", "--ledger", filepath.Join(b.dir, "ledger"), "--"}, writer...)...)
	case "tee":
		cmd.Args = append(cmd.Args, "/dev/null")
	}
	if who != "guard" {
		source = exec.Command(writer[0], writer[1:]...)
		r, w, err := os.Pipe()
		if err != nil {
			return 0, err
		}
		source.Stdout, cmd.Stdin = w, r
		if err := source.Start(); err != nil {
			return 0, err
		}
		_ = w.Close()
		defer func() { _ = r.Close() }()
	}
	cmd.Stderr, cmd.Dir = os.Stderr, b.dir
	if sink == "a pipe" {
		cmd.Stdout = struct{ io.Writer }{io.Discard} // copied from a pipe by os/exec
	}
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, fmt.Errorf("no usage of %s", who)
	}
	total := cpu(*r)
	if source != nil {
		return total, source.Wait()
	}
	text, err := os.ReadFile(usage)
	if err != nil {
		return 0, err
	}
	own, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return total - time.Duration(own), err
}
