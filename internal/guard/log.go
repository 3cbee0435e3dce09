package guard

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// Finished is a log that was written before, without the guard.
type Finished struct {
	Name     string
	Log      io.Reader
	Code     int       // that the command left
	Green    io.Reader // a log of the same step when it was green; nil for none
	Reports  []string
	MinTests int
	Expect   []string
	Allow    map[rule.ID]string
	Environ  []string // whose secrets are masked
}

// JudgeLog judges a log that was written before, by the same rules as Run as
// far as a log can tell: nothing is known of its processes.
func JudgeLog(f Finished) (pipeline.Step, error) {
	r := &run{Options: Options{Name: f.Name, MinTests: f.MinTests}, mask: masks(f.Environ), record: newRecord(f.Expect)}
	n, err := r.record.from(f.Log)
	if err != nil {
		return pipeline.Step{}, err
	}
	var green *excerpt.Signature
	if f.Green != nil {
		if green, err = signature(f.Green); err != nil {
			return pipeline.Step{}, err
		}
	}
	log := r.record.end()
	facts := pipeline.Facts{Code: f.Code, Log: log, MinTests: f.MinTests, Absent: r.record.absent(), Allow: f.Allow}
	if len(f.Reports) > 0 {
		cwd, err := os.Getwd()
		if err != nil {
			return pipeline.Step{}, err
		}
		// When the step began is not known: no report is stale.
		facts.Reports = asked(cwd, f.Reports, time.Time{})
	}
	j := pipeline.Judge(facts)
	r.step = pipeline.Step{
		ID: slug(f.Name), Name: f.Name, Code: f.Code, State: j.State, Tests: j.Tests, Tools: j.Tools,
		Findings: j.Findings, Lines: log.Lines, Bytes: n, Reports: facts.Reports,
	}
	if n == 0 && f.Code == 0 && j.State.Green() {
		r.step.State = pipeline.Blind
		r.step.Findings = append(r.step.Findings, rule.Finding{
			Rule: rule.NeverSettled, Level: rule.Fail, Message: "the log is empty",
			Proofs: []rule.Proof{{Kind: "log", Text: "0 bytes"}},
		})
	}
	if !r.step.State.Green() {
		r.step.Excerpt = r.explain(r.record, log, green)
	}
	r.redact()
	return r.step, nil
}

// Explain finds the passages of a log that explain a failure, whatever the exit
// code was.
func Explain(log, green io.Reader, environ []string) ([]excerpt.Passage, error) {
	r := &run{mask: masks(environ), record: newRecord(nil)}
	if _, err := r.record.from(log); err != nil {
		return nil, err
	}
	var sig *excerpt.Signature
	if green != nil {
		var err error
		if sig, err = signature(green); err != nil {
			return nil, err
		}
	}
	result := r.record.end()
	r.step.Excerpt = r.explain(r.record, result, sig)
	r.redact()
	return r.step.Excerpt, nil
}

// signature reads a green log.
func signature(log io.Reader) (*excerpt.Signature, error) {
	rec := newRecord(nil)
	if _, err := rec.from(log); err != nil {
		return nil, err
	}
	rec.end()
	head, tail, _ := rec.parts()
	return sign(head, tail), nil
}

// from reads a whole log, however it was written.
func (r *record) from(log io.Reader) (int64, error) {
	in, err := Plaintext(log)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(recordWriter{r}, in)
	if err != nil {
		return n, fmt.Errorf("read the log: %w", err)
	}
	return n, nil
}

// recordWriter feeds a record from a reader.
type recordWriter struct{ r *record }

// Write never fails.
func (w recordWriter) Write(p []byte) (int, error) {
	w.r.block(0, p)
	return len(p), nil
}
