package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of "go test -json" (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// key names one test of one package; a package itself has no test.
type key struct{ pkg, test string }

// tally counts what ended and keeps what was said until it is known whether
// somebody must read it.
type tally struct {
	w       io.Writer
	said    map[key][]string
	open    map[string]bool // packages that have started and not ended
	ok      int             // packages that passed
	passed  int             // tests and subtests that passed
	failed  int             // tests and subtests that failed
	skipped []string
	wrong   []string // why the whole run is not green
}

func newTally(w io.Writer) *tally {
	return &tally{w: w, said: map[key][]string{}, open: map[string]bool{}}
}

// read takes events to the end. Lines that are not events are shown: a
// toolchain that prints something else has something to say.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				t.take(e)
			} else {
				fmt.Fprintf(t.w, "%s", line)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read output of go test: %w", err)
		}
	}
}

// take books one event.
func (t *tally) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.w, e.Output)
	case "build-fail":
		t.wrong = append(t.wrong, e.ImportPath+" does not build")
	case "start":
		t.open[e.Package] = true
	case "output":
		t.said[k] = append(t.said[k], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e.Package, e.Action)
		} else {
			t.endTest(k, e.Action)
		}
	}
}

func (t *tally) endTest(k key, action string) {
	switch action {
	case "pass":
		t.passed++
		delete(t.said, k)
	case "skip":
		t.skipped = append(t.skipped, k.pkg+" "+k.test+": "+reason(t.said[k]))
		delete(t.said, k)
	case "fail":
		t.failed++ // what it said is shown with its package
	}
}

// endPackage shows go test's own closing line of the package, after all that
// its failed tests said.
func (t *tally) endPackage(pkg, action string) {
	delete(t.open, pkg)
	own := key{pkg: pkg}
	switch action {
	case "pass":
		t.ok++
	case "fail":
		t.wrong = append(t.wrong, pkg+" failed")
		for _, k := range t.testsOf(pkg) {
			fmt.Fprint(t.w, strings.Join(t.said[k], ""))
			delete(t.said, k)
		}
	}
	for _, line := range t.said[own] {
		if action == "fail" || strings.HasPrefix(line, "ok ") {
			fmt.Fprint(t.w, line)
		}
	}
	delete(t.said, own)
}

// testsOf returns the tests of a package that still have something to say.
func (t *tally) testsOf(pkg string) []key {
	var tests []key
	for k := range t.said {
		if k.pkg == pkg && k.test != "" {
			tests = append(tests, k)
		}
	}
	slices.SortFunc(tests, func(a, b key) int { return strings.Compare(a.test, b.test) })
	return tests
}

// reason is what a skipped test gave as its reason.
func reason(said []string) string {
	var kept []string
	for _, line := range said {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		return "no reason given"
	}
	return strings.Join(kept, " ")
}

// complain books that a module's run went wrong as a whole.
func (t *tally) complain(dir string, err error) {
	t.wrong = append(t.wrong, fmt.Sprintf("module %s: %v", dir, err))
}

// close prints the count and says whether the run is green.
func (t *tally) close() error {
	for _, s := range t.skipped {
		fmt.Fprintf(t.w, "skipped %s\n", s)
	}
	for pkg := range t.open {
		t.wrong = append(t.wrong, pkg+" was cut off before its end")
	}
	fmt.Fprintf(t.w, "%d tests passed in %d packages, %d failed, %d skipped\n", t.passed, t.ok, t.failed, len(t.skipped))
	switch {
	case len(t.wrong) > 0 || t.failed > 0:
		slices.Sort(t.wrong)
		return fmt.Errorf("not green: %s", strings.Join(slices.Compact(t.wrong), "; "))
	case t.passed == 0:
		return errors.New("not green: no test ran")
	}
	return nil
}
