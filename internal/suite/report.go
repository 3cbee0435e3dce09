package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a report.
const (
	maxReport  = 64 << 20
	maxProblem = 16 << 10 // of one error's text
	maxTests   = 5000
	maxDepth   = 32
)

// oldest is the first Playwright whose reports are understood.
const oldestMajor, oldestMinor = 1, 40

// document is Playwright's JSON report, as far as it is read.
type document struct {
	Config struct {
		Version  string `json:"version"`
		RootDir  string `json:"rootDir"`
		NoFlakes bool   `json:"failOnFlakyTests"`
	} `json:"config"`
	Suites []group   `json:"suites"`
	Errors []problem `json:"errors"`
	Stats  *struct {
		Expected   int `json:"expected"`
		Unexpected int `json:"unexpected"`
		Flaky      int `json:"flaky"`
		Skipped    int `json:"skipped"`
	} `json:"stats"`
}

// group is a file or a describe block.
type group struct {
	Title  string  `json:"title"`
	File   string  `json:"file"`
	Suites []group `json:"suites"`
	Specs  []struct {
		Title  string `json:"title"`
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
		Tests  []struct {
			ProjectName    string   `json:"projectName"`
			ExpectedStatus string   `json:"expectedStatus"`
			Status         string   `json:"status"`
			Results        []result `json:"results"`
		} `json:"tests"`
	} `json:"specs"`
}

// result is one try of a test.
type result struct {
	Status      string       `json:"status"` // passed, failed, timedOut, skipped, interrupted
	Duration    float64      `json:"duration"`
	Worker      *int         `json:"workerIndex"`
	StartTime   string       `json:"startTime"`
	Error       *problem     `json:"error"`
	Errors      []problem    `json:"errors"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Path        string `json:"path"`
	Body        []byte `json:"body"`
}

// problem is an error; some versions write only its text.
type problem struct {
	Message  string `json:"message"`
	Value    string `json:"value"` // of a throw that was no Error
	Location *place `json:"location"`
}

type place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// UnmarshalJSON takes an object, or a text.
func (p *problem) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &p.Message)
	}
	type plain problem
	return json.Unmarshal(data, (*plain)(p))
}

func (p problem) text() string {
	if p.Message == "" {
		return clean(clip(p.Value, maxProblem))
	}
	return clean(clip(p.Message, maxProblem))
}

// found is what a report says.
type found struct {
	version  string
	root     string
	noFlakes bool // the suite's configuration fails on flaky tests
	tests    []test
	errors   []problem // outside of tests
	cut      int       // tests that were too many to keep
}

// test is one test in one project.
type test struct {
	title    string // "[project] › file › describe › test"
	file     string // relative to the root
	line     int
	column   int
	status   string // expected, unexpected, flaky, skipped
	expected string // expectedStatus
	results  []result
	start    time.Time
}

// ran reports whether any try of the test was carried out to some end of its own.
func (t test) ran() bool {
	return slices.ContainsFunc(t.results, func(r result) bool {
		return r.Status == "passed" || r.Status == "failed" || r.Status == "timedOut"
	})
}

// interrupted reports whether the test was running when the run was stopped.
// Playwright's own global time leaves such a test as skipped, although it was
// given to a worker and did not want to be skipped.
func (t test) interrupted() bool {
	if len(t.results) == 0 {
		return false
	}
	last := t.results[len(t.results)-1]
	begun := last.Worker != nil && *last.Worker >= 0
	return last.Status == "interrupted" || t.status == "skipped" && t.expected != "skipped" && begun
}

// skipped reports whether the suite itself wanted the test to be left out.
func (t test) skipped() bool { return t.status == "skipped" && t.expected == "skipped" }

// errored returns the errors of the first try that failed.
func (t test) errored() []problem {
	for _, r := range t.results {
		switch {
		case len(r.Errors) > 0:
			return r.Errors
		case r.Error != nil:
			return []problem{*r.Error}
		}
	}
	return nil
}

func (t test) took() time.Duration {
	var d time.Duration
	for _, r := range t.results {
		d += millis(r.Duration)
	}
	return d
}

// report reads the report from the file we asked for, or from the output. The
// error says why there is none.
func (p *play) report(e ending) (found, error) {
	data, err := readBounded(p.reportFile(), maxReport)
	if errors.Is(err, os.ErrNotExist) {
		data, err = onStdout(e.stdout), nil
	}
	if err != nil {
		return found{}, fmt.Errorf("the report of Playwright cannot be read: %w", err)
	}
	if len(data) == 0 {
		return found{}, errors.New(silence(e))
	}
	f, err := parseReport(data)
	if err != nil {
		return found{}, fmt.Errorf("the report of Playwright cannot be read: %w; %s", err, silence(e))
	}
	return f, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d MiB", limit>>20)
	}
	return data, err
}

// onStdout finds a report among other output: an object that begins a line.
func onStdout(out []byte) []byte {
	for i := 0; i >= 0 && i < len(out); {
		if rest := out[i:]; rest[0] == '{' {
			var doc json.RawMessage
			if json.NewDecoder(bytes.NewReader(rest)).Decode(&doc) == nil && bytes.Contains(doc, []byte(`"suites"`)) {
				return doc
			}
		}
		next := bytes.Index(out[i:], []byte("\n{"))
		if next < 0 {
			return nil
		}
		i += next + 1
	}
	return nil
}

// parseReport reads a report and flattens it to its tests in the order in
// which they began; those that never began come last.
func parseReport(data []byte) (found, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return found{}, err
	}
	if d.Stats == nil {
		return found{}, errors.New("it has no statistics, so it is not one of the JSON reporter")
	}
	f := found{version: squeeze(d.Config.Version), root: d.Config.RootDir, noFlakes: d.Config.NoFlakes, errors: d.Errors}
	if older(f.version) {
		return found{}, fmt.Errorf("playwright %s is too old: at least %d.%d is needed", clip(f.version, 40), oldestMajor, oldestMinor)
	}
	for _, g := range d.Suites {
		if err := f.enter(g, []string{g.Title}, 1); err != nil {
			return found{}, err
		}
	}
	if n := f.counted(); n != d.Stats.Expected+d.Stats.Unexpected+d.Stats.Flaky+d.Stats.Skipped {
		return found{}, fmt.Errorf("it counts %d tests and lists %d", d.Stats.Expected+d.Stats.Unexpected+d.Stats.Flaky+d.Stats.Skipped, n)
	}
	slices.SortStableFunc(f.tests, func(a, b test) int {
		if a.start.IsZero() != b.start.IsZero() {
			if a.start.IsZero() {
				return 1
			}
			return -1
		}
		return a.start.Compare(b.start)
	})
	return f, nil
}

func (f *found) counted() int { return len(f.tests) + f.cut }

func (f *found) enter(g group, path []string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	for _, spec := range g.Specs {
		for _, t := range spec.Tests {
			if len(f.tests) >= maxTests {
				f.cut++
				continue
			}
			one := test{
				title: strings.Join(append(slices.Clone(path), spec.Title), " › "), file: spec.File,
				line: spec.Line, column: spec.Column, status: t.Status, expected: t.ExpectedStatus, results: t.Results,
			}
			if t.ProjectName != "" {
				one.title = "[" + t.ProjectName + "] › " + one.title
			}
			for _, r := range t.Results {
				if at, err := time.Parse(time.RFC3339, r.StartTime); err == nil && r.Status != "skipped" && (one.start.IsZero() || at.Before(one.start)) {
					one.start = at
				}
			}
			f.tests = append(f.tests, one)
		}
	}
	for _, inner := range g.Suites {
		if err := f.enter(inner, append(slices.Clone(path), inner.Title), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// older reports whether a version is known and too old.
func older(version string) bool {
	major, rest, ok := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	return ok && err1 == nil && err2 == nil && (a < oldestMajor || a == oldestMajor && b < oldestMinor)
}

func millis(ms float64) time.Duration {
	if !(ms > 0) || ms > 1e9 {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond))
}
