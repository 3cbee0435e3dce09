package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/postflight/postflight/internal/signal"
)

// The JUnit report, in the form Jenkins, GitLab and GitHub read.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	File      string        `xml:"file,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitProblem `xml:"failure"`
	Error     *junitProblem `xml:"error"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junit writes one test case a run: a journey passes or fails as a whole.
func junit(w io.Writer, runs []run) error {
	all := junitSuites{Name: "postflight journeys"}
	var took float64
	by := map[string]*junitSuite{}
	var order []string
	for _, r := range runs {
		s := by[r.File]
		if s == nil {
			begin := r.Signal.At.Add(-r.Signal.Took)
			s = &junitSuite{Name: xmlText(first(r.Title, r.File)), Timestamp: begin.UTC().Format("2006-01-02T15:04:05")}
			by[r.File] = s
			order = append(order, r.File)
		}
		c := junitCase{
			Name: xmlText(first(r.Title, r.File)), Class: xmlText(r.File), File: xmlText(r.File),
			Time: decimals(r.Signal.Took.Seconds()), SystemOut: xmlText(strings.Join(stepLines(r), "\n")),
		}
		problem := &junitProblem{Message: xmlText(r.Signal.Summary), Text: c.SystemOut}
		switch r.Signal.Outcome {
		case signal.Pass:
		case signal.Fail:
			problem.Type = "failure"
			if f := r.Signal.Failure; f != nil {
				problem.Type = f.Class
			}
			c.Failure = problem
			s.Failures++
			all.Failures++
		default:
			problem.Type = "broken"
			c.Error = problem
			s.Errors++
			all.Errors++
		}
		s.Tests++
		all.Tests++
		took += r.Signal.Took.Seconds()
		s.Cases = append(s.Cases, c)
	}
	for _, file := range order {
		s := by[file]
		var sum float64
		for _, r := range runs {
			if r.File == file {
				sum += r.Signal.Took.Seconds()
			}
		}
		s.Time = decimals(sum)
		all.Suites = append(all.Suites, *s)
	}
	all.Time = decimals(took)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func decimals(s float64) string { return fmt.Sprintf("%.3f", s) }

// xmlText takes out what XML cannot hold.
func xmlText(s string) string { return clean(s) }

// stepLines tells a run step by step, as a log does.
func stepLines(r run) []string {
	var out []string
	for _, s := range r.Signal.Steps {
		state := string(s.Outcome)
		if state == "" {
			state = "not reached"
		}
		line := fmt.Sprintf("%2d. %s: %s", s.Index, s.Title, state)
		if s.Outcome != "" {
			line += fmt.Sprintf(" (%d ms)", s.Took.Milliseconds())
		}
		if s.Message != "" {
			line += ": " + oneLine(s.Message)
		}
		out = append(out, line)
		for _, x := range s.Exceptions {
			out = append(out, fmt.Sprintf("    exception: %s (%s:%d:%d)", oneLine(x.Text), x.URL, x.Line, x.Column))
		}
		for _, q := range s.Requests {
			out = append(out, fmt.Sprintf("    request: %s %s: %s", q.Method, q.URL, first(q.Error, fmt.Sprint(q.Status))))
		}
	}
	if r.Evidence != "" {
		out = append(out, "evidence: "+r.Evidence)
	}
	return out
}

// markdown writes a summary for a pull request.
func markdown(w io.Writer, runs []run) error {
	var b strings.Builder
	failed := 0
	for _, r := range runs {
		if r.Signal.Outcome != signal.Pass {
			failed++
		}
	}
	switch {
	case len(runs) == 0:
		b.WriteString("### Journeys: none was played\n")
	case failed == 0:
		fmt.Fprintf(&b, "### ✅ Journeys: %d of %d passed\n", len(runs), len(runs))
	default:
		fmt.Fprintf(&b, "### ❌ Journeys: %d of %d did not pass\n", failed, len(runs))
	}
	b.WriteString("\n| Journey | Outcome | Steps | Time | |\n|---|---|---|---|---|\n")
	for _, r := range runs {
		reached := 0
		for _, s := range r.Signal.Steps {
			if s.Outcome != "" {
				reached++
			}
		}
		word := map[signal.Outcome]string{signal.Pass: "✅ passed", signal.Fail: "❌ failed", signal.Broken: "⚠️ broken"}[r.Signal.Outcome]
		note := ""
		if r.Signal.Outcome != signal.Pass {
			note = r.Signal.Summary
		}
		fmt.Fprintf(&b, "| %s | %s | %d of %d | %.1f s | %s |\n", cell(first(r.Title, r.File)), word, reached, len(r.Signal.Steps), r.Signal.Took.Seconds(), cell(note))
	}
	for _, r := range runs {
		if r.Signal.Outcome == signal.Pass {
			continue
		}
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n", htmlText(first(r.Title, r.File)))
		for _, line := range stepLines(r) {
			b.WriteString("    " + oneLine(line) + "\n")
		}
		b.WriteString("\n</details>\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell is text that cannot leave its table cell or make a link or a mention.
func cell(s string) string {
	var b strings.Builder
	for _, c := range oneLine(s) {
		if strings.ContainsRune("\\`*_{}[]()#+!|~", c) {
			b.WriteByte('\\')
		}
		switch c {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '@':
			b.WriteString("@\u200b")
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func htmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(oneLine(s))
}

// reports writes the files that were asked for.
func (t *tool) reports(p playing, runs []run) error {
	write := func(path string, to func(io.Writer, []run) error) error {
		if path == "" {
			return nil
		}
		if path == "-" {
			return to(t.Stdout, runs)
		}
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		err = to(f, runs)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("write report %s: %w", path, err)
		}
		return nil
	}
	if err := write(p.junit, junit); err != nil {
		return err
	}
	return write(p.markdown, markdown)
}
