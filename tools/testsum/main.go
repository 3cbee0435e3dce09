// Command testsum runs "go test" in the modules of this repository and tells
// what came of it: go test's closing line of every package, all that a failed
// test said, every skipped test with its reason, and the count.
//
// It exists because a green run must be a claim with evidence: no test at all,
// a package that does not build and a run cut off before its end are failures.
// It never changes what go test does. scripts/test.sh calls it:
//
//	testsum [-C MODULE]... [-- ARGUMENT OF GO TEST...]
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "postflight: error:", err)
		os.Exit(1)
	}
}

// run tests every module named in args and writes the closing summary.
func run(args []string, stdout, stderr io.Writer) error {
	modules, rest, err := parse(args)
	if err != nil {
		return err
	}
	sum := newTally(stdout)
	for _, dir := range modules {
		if err := test(sum, dir, rest, stderr); err != nil {
			sum.complain(dir, err)
		}
	}
	return sum.close()
}

// parse splits our own arguments from those of go test.
func parse(args []string) (modules, rest []string, err error) {
	for len(args) > 0 && args[0] != "--" {
		if args[0] != "-C" || len(args) < 2 {
			return nil, nil, errors.New("usage: testsum [-C MODULE]... [-- ARGUMENT OF GO TEST...]")
		}
		modules, args = append(modules, args[1]), args[2:]
	}
	if len(modules) == 0 {
		modules = []string{"."}
	}
	if len(args) > 0 {
		args = args[1:]
	}
	if len(args) == 0 {
		args = []string{"./..."}
	}
	return modules, args, nil
}

// test runs go test in one module and reads what it says to its end.
func test(sum *tally, dir string, args []string, stderr io.Writer) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir, cmd.Stderr = dir, stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("open output of go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start go test: %w", err)
	}
	readErr := sum.read(out)
	if readErr != nil {
		_, _ = io.Copy(io.Discard, out) // go test must not block on a full pipe
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	return readErr
}
