package pipeline

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/rule"
)

// Entry is a step as a server keeps it. Stored as JSON; fields may be added.
type Entry struct {
	Step
	// Longest is how long the slowest tests took, by name.
	Longest map[string]time.Duration `json:"longest,omitempty"`
	// Told is when the server last heard of it.
	Told time.Time `json:"told"`
}

// Closed is the judgement on a whole run as a server keeps it. Its Steps hold
// no more than id, name, job, state and begin.
type Closed struct {
	Closing
	Product string    `json:"product"`
	Version string    `json:"version,omitempty"`
	Commit  string    `json:"commit,omitempty"`
	Branch  string    `json:"branch,omitempty"`
	Address string    `json:"address,omitempty"`
	Told    time.Time `json:"told"`
}

// The events of this room. EventReported and EventClosed say that the ledger
// of a product got a line; their data is a Line.
const (
	EventReported journal.Kind = "pipeline.reported"
	EventClosed   journal.Kind = "pipeline.closed"
)

// Line names what was told.
type Line struct {
	Step    string `json:"step,omitempty"`
	Run     string `json:"run,omitempty"`
	Version string `json:"version,omitempty"`
	Commit  string `json:"commit,omitempty"`
}

// Bounds of what a server keeps of a step, in bytes and pieces.
const (
	maxID      = 200  // ids, names, versions, branches: one line that an index takes
	maxWord    = 2000 // addresses, commands, paths
	maxText    = 2000 // a message, a line of an excerpt
	maxPieces  = 200  // findings, reports, passages
	maxProofs  = 20
	maxLines   = 200 // of all passages of an excerpt
	maxTests   = 200
	maxAll     = 512 << 10 // of all texts of a step, before the last are left out
	maxCount   = 100_000_000
	maxMinutes = 60 * 24 * 31
)

// Check refuses an entry that no honest guard tells: without its names, with
// names that are no line, with impossible counts or times. What is left of it
// is cut and freed of characters that control a display, never refused: a log
// is as dirty as it is.
func (e Entry) Check() (Entry, error) {
	need := map[string]string{"id": e.ID, "name": e.Name, "run": e.Run}
	may := map[string]string{"job": e.Job, "version": e.Version, "commit": e.Commit, "branch": e.Branch}
	if err := lines(need, may); err != nil {
		return e, err
	}
	switch e.State {
	case Running, Passed, Failed, Silent, Hung, Blind:
	default:
		return e, fault.Newf(fault.Invalid, "%q is no state of a step", cut(string(e.State), 40))
	}
	if e.Started.IsZero() {
		return e, fault.New(fault.Invalid, "a step needs the time at which it began", "")
	}
	limit := maxMinutes * time.Minute
	if e.Duration < 0 || e.Duration > limit || e.CPU < 0 || e.Lines < 0 || e.Bytes < 0 {
		return e, fault.New(fault.Invalid, "a duration or a size is negative or too large", "")
	}
	if t := e.Tests; t != nil {
		for _, n := range []int{t.Passed, t.Failed, t.Skipped, t.Flaky} {
			if n < 0 || n > maxCount {
				return e, fault.New(fault.Invalid, "a number of tests is negative or too large", "")
			}
		}
	}
	e.Address, e.Command, e.Log = cut(e.Address, maxWord), cut(e.Command, maxWord), cut(e.Log, maxWord)
	e.Hash, e.Signal = cut(e.Hash, maxID), cut(e.Signal, maxID)
	e.Tools = trim(e.Tools, maxPieces, func(s string) string { return cut(s, maxID) })
	e.Reports = trim(e.Reports, maxPieces, report)
	e.Findings = trim(e.Findings, maxPieces, finding)
	e.Excerpt = passages(e.Excerpt)
	e.Longest = slowest(e.Longest)
	return e.shrink(), nil
}

// shrink leaves out what comes last when a step says more than anybody reads:
// the first findings with their proofs and the first passage explain it.
func (e Entry) shrink() Entry {
	n := 0
	for _, f := range e.Findings {
		n += len(f.Message) + len(f.Allowed) + len(f.Place.File)
		for _, p := range f.Proofs {
			n += len(p.Text) + len(p.Kind)
		}
	}
	for _, p := range e.Excerpt {
		for _, l := range p.Lines {
			n += len(l)
		}
	}
	for _, r := range e.Reports {
		n += len(r.Path) + len(r.Problem)
	}
	if n <= maxAll {
		return e
	}
	e.Findings, e.Reports = e.Findings[:min(len(e.Findings), 50)], e.Reports[:min(len(e.Reports), 50)]
	for i := range e.Findings {
		if i >= 5 {
			e.Findings[i].Proofs = nil
		}
	}
	e.Excerpt = e.Excerpt[:min(len(e.Excerpt), 1)]
	return e
}

// Check is Entry's for the judgement on a run.
func (c Closed) Check() (Closed, error) {
	may := map[string]string{"version": c.Version, "commit": c.Commit, "branch": c.Branch}
	if err := lines(map[string]string{"run": c.Run}, may); err != nil {
		return c, err
	}
	for _, w := range c.Wanted {
		if err := lines(map[string]string{"a wanted step": w.Name}, nil); err != nil {
			return c, err
		}
	}
	for _, s := range c.Steps {
		if err := lines(map[string]string{"id": s.ID, "name": s.Name}, map[string]string{"job": s.Job}); err != nil {
			return c, err
		}
	}
	c.Address = cut(c.Address, maxWord)
	c.Wanted = trim(c.Wanted, maxPieces, func(w Wanted) Wanted {
		w.Optional = cut(w.Optional, maxText)
		return w
	})
	c.Steps = trim(c.Steps, maxPieces, func(s Step) Step {
		return Step{ID: s.ID, Name: s.Name, Job: s.Job, Run: c.Run, State: s.State, Started: s.Started}
	})
	c.Findings = trim(c.Findings, maxPieces, finding)
	return c, nil
}

// Redact returns the entry with every free text passed through hide.
func (e Entry) Redact(hide func(string) string) Entry {
	e.Command, e.Address, e.Log = hide(e.Command), hide(e.Address), hide(e.Log)
	e.Findings = hidden(e.Findings, hide)
	for i, p := range e.Excerpt {
		p.Why = hide(p.Why)
		p.Lines = trim(p.Lines, len(p.Lines), hide)
		e.Excerpt[i] = p
	}
	e.Reports = trim(e.Reports, len(e.Reports), func(r Report) Report {
		r.Problem = hide(r.Problem)
		return r
	})
	return e
}

// Redact returns the closing with every free text passed through hide.
func (c Closed) Redact(hide func(string) string) Closed {
	c.Address, c.Findings = hide(c.Address), hidden(c.Findings, hide)
	return c
}

func hidden(all []rule.Finding, hide func(string) string) []rule.Finding {
	return trim(all, len(all), func(f rule.Finding) rule.Finding {
		f.Message, f.Allowed = hide(f.Message), hide(f.Allowed)
		f.Proofs = trim(f.Proofs, len(f.Proofs), func(p rule.Proof) rule.Proof {
			p.Text = hide(p.Text)
			return p
		})
		return f
	})
}

// lines refuses names that are no single visible line.
func lines(need, may map[string]string) error {
	for what, v := range need {
		if strings.TrimSpace(v) == "" {
			return fault.New(fault.Invalid, fmt.Sprintf("%s is missing", what), "")
		}
	}
	for _, names := range []map[string]string{need, may} {
		for what, v := range names {
			if len(v) > maxID || !utf8.ValidString(v) || strings.ContainsFunc(v, unseen) {
				return fault.New(fault.Invalid, fmt.Sprintf("%s must be one line of at most %d bytes", what, maxID), "")
			}
		}
	}
	return nil
}

// unseen reports whether a character controls a display instead of standing
// in it: a line break, an escape, a reversal of the direction of writing.
func unseen(r rune) bool { return unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029' }

// cut makes text from outside one visible line of at most n bytes.
func cut(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unseen(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 4*n)], "�"))
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// trim returns at most n of a list, each changed by f; the caller's list stays.
func trim[T any](list []T, n int, f func(T) T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, 0, min(len(list), n))
	for _, v := range list[:min(len(list), n)] {
		out = append(out, f(v))
	}
	return out
}

func finding(f rule.Finding) rule.Finding {
	f.Rule, f.Message, f.Allowed = rule.ID(cut(string(f.Rule), maxID)), cut(f.Message, maxText), cut(f.Allowed, maxText)
	f.Place.File = cut(f.Place.File, maxWord)
	f.Proofs = trim(f.Proofs, maxProofs, func(p rule.Proof) rule.Proof {
		p.Kind, p.Text = cut(p.Kind, maxID), cut(p.Text, maxText)
		return p
	})
	return f
}

// report keeps of a report file what tells which it was.
func report(r Report) Report {
	return Report{
		Path: cut(r.Path, maxWord), Hash: cut(r.Hash, maxID), Modified: r.Modified,
		Format: cut(r.Format, maxID), Problem: cut(r.Problem, maxText),
	}
}

func passages(all []excerpt.Passage) []excerpt.Passage {
	left := maxLines
	return trim(all, 20, func(p excerpt.Passage) excerpt.Passage {
		p.Why = cut(p.Why, maxText)
		p.Lines = trim(p.Lines, left, func(s string) string { return cut(s, maxText) })
		left -= len(p.Lines)
		return p
	})
}

// slowest keeps the tests that took longest.
func slowest(all map[string]time.Duration) map[string]time.Duration {
	if len(all) == 0 {
		return nil
	}
	out := map[string]time.Duration{}
	for range min(len(all), maxTests) {
		best, name := time.Duration(-1), ""
		for n, d := range all {
			if _, had := out[cut(n, maxID)]; !had && (d > best || d == best && n < name) {
				best, name = d, n
			}
		}
		if best < 0 {
			break
		}
		out[cut(name, maxID)] = best
	}
	return out
}
