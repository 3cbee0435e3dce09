// Package report reads test reports as files: JUnit in all its dialects, TRX,
// NUnit, xUnit.net, the JSON of the runners, TAP, TeamCity's messages, and what
// linters write. It makes the same Runs of them as tally makes of logs.
//
// The format is found by content, never by the file's name. Cases count more
// than what attributes say of them; where the two disagree, or the file is cut
// off, a Problem says so, and what is known so far is not green. Reading is a
// stream with bounded memory. The package opens nothing: guard passes readers.
package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/postflight/postflight/internal/tally"
)

// Result is what a file says.
type Result struct {
	// Format is the name of the format: "junit", "trx", "jest-json"; "" when it is
	// none that is known.
	Format string
	// Runs are empty for formats that tell of no tests, such as coverage.
	Runs []tally.Run
	// Problem says in a sentence what is wrong with the file; "" when it is sound.
	// A file with a problem is no evidence that anything passed.
	Problem string
}

// Bounds of what is read and kept.
const (
	maxBytes    = 1 << 30
	maxText     = 300
	maxFailures = 50
	headBytes   = 64 << 10
)

// Read reads one report. The path only names the file in problems. The error is
// the reader's own; whatever is wrong with the content is a Problem.
func Read(path string, r io.Reader) (Result, error) {
	src := &source{r: r}
	br := bufio.NewReaderSize(src, headBytes)
	head, err := br.Peek(headBytes)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return Result{}, fmt.Errorf("read report %s: %w", path, err)
	}
	var res Result
	if len(bytes.TrimSpace(head)) == 0 {
		res.Problem = "the file is empty"
	} else {
		res = find(br, head)
	}
	if src.err != nil {
		return res, fmt.Errorf("read report %s: %w", path, src.err)
	}
	if p := src.problem(); p != "" && res.Problem == "" {
		res.Problem = p
	}
	for i := range res.Runs {
		sound(&res.Runs[i], res.Problem)
	}
	return res, nil
}

// sound takes the green from a run whose file has a problem, and bounds it.
func sound(run *tally.Run, problem string) {
	if problem != "" && run.State == tally.Passed {
		run.State = tally.Unfinished
	}
	if run.Text == "" {
		run.Text = problem
	}
}

// find tells the format by the beginning and reads the file.
func find(br *bufio.Reader, head []byte) Result {
	skip := len(head) - len(bytes.TrimLeft(head, " \t\r\n"))
	switch rest := head[skip:]; {
	case rest[0] == '<':
		return readXML(br)
	case rest[0] == '{' || rest[0] == '[':
		return readJSON(br, rest)
	case tapHead(rest):
		return readTAP(br)
	case lcovHead(rest):
		return Result{Format: "lcov"}
	case bytes.HasPrefix(rest, []byte("mode: set\n")), bytes.HasPrefix(rest, []byte("mode: count\n")), bytes.HasPrefix(rest, []byte("mode: atomic\n")):
		return Result{Format: "go-cover"}
	}
	// What a runner wrote to its output may stand below the lines of its caller.
	if teamcityHead(head) {
		return readTeamCity(br)
	}
	for i := 0; i >= 0 && i < len(head); {
		line := head[i:]
		switch {
		case bytes.HasPrefix(line, []byte("<?xml ")) || bytes.HasPrefix(line, []byte("<testsuite")):
			_, _ = br.Discard(i)
			return readXML(br)
		case len(line) > 2 && (line[0] == '{' || line[0] == '[') && (line[1] == '"' || line[1] == '\n' || line[1] == '\r' || line[1] == '{'):
			_, _ = br.Discard(i)
			if res := readJSON(br, line); res.Format != "" || res.Problem != unknown {
				return res
			}
			return Result{Problem: unknown}
		case bytes.HasPrefix(line, []byte("TAP version 1")):
			return readTAP(br)
		}
		next := bytes.IndexByte(line, '\n')
		if next < 0 {
			break
		}
		i += next + 1
	}
	return Result{Problem: unknown}
}

const unknown = "no known report format"

// count is the cases of one report.
type count struct {
	run tally.Run
}

func newCount(tool string) *count { return &count{run: tally.Run{Tool: tool, Kind: tally.Test}} }

func (c *count) pass()   { c.run.Passed++ }
func (c *count) skip()   { c.run.Skipped++ }
func (c *count) flaked() { c.run.Passed++; c.run.Flaky++ }

func (c *count) fail(name, message string) {
	c.run.Failed++
	if len(c.run.Failures) < maxFailures {
		c.run.Failures = append(c.run.Failures, tally.Failure{Name: cut(name), Message: cut(firstLine(message))})
	}
}

func (c *count) cases() int { return c.run.Passed + c.run.Failed + c.run.Skipped }

// close sets the state; whole is whether the report came to its end.
func (c *count) close(whole bool) tally.Run {
	switch {
	case c.run.Failed > 0:
		c.run.State = tally.Failed
	case !whole:
		c.run.State = tally.Unfinished
	case c.cases() == 0:
		c.run.State = tally.Empty
	default:
		c.run.State = tally.Passed
	}
	return c.run
}

// cut bounds a text that is kept and makes it valid.
func cut(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD")))
}

// firstLine is the first line that is not blank.
func firstLine(s string) string {
	for line := range bytes.SplitSeq([]byte(s), []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return string(line)
		}
	}
	return ""
}
