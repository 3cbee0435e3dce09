package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rule"
)

// Trust is what a release's pipeline is worth as evidence.
type Trust string

// What a pipeline may be worth. A release without a pipeline is unknown: not
// green, and not held against it.
const (
	TrustUnknown    Trust = "unknown"
	TrustVerified   Trust = "verified"   // every step passed with evidence
	TrustUnverified Trust = "unverified" // green, and its own evidence says otherwise
	TrustFailed     Trust = "failed"     // a step failed, and it was released all the same
)

// Standing is what the pipeline of one release says, and what speaks against
// it. Stored as JSON; fields may be added.
type Standing struct {
	Product product.ID `json:"product"`
	Release release.ID `json:"release"`
	Version string     `json:"version"`
	State   Trust      `json:"state"`
	// Reasons are the heaviest first, at most twenty.
	Reasons []Reason `json:"reasons,omitempty"`
	// Steps counts the steps of the release, Passed those that are green, Running
	// those whose end was never told.
	Steps   int `json:"steps"`
	Passed  int `json:"passed"`
	Running int `json:"running,omitempty"`
	// Closed says that somebody checked that no step is missing.
	Closed bool      `json:"closed,omitempty"`
	At     time.Time `json:"at"`
}

// Reason is one thing to know of a pipeline.
type Reason struct {
	Step  string     `json:"step,omitempty"` // "" is about the whole run
	Rule  rule.ID    `json:"rule,omitempty"`
	Level rule.Level `json:"level"`
	Text  string     `json:"text"` // one line, with the step's name
}

// EventJudged carries a Standing that says something new.
const EventJudged journal.Kind = "pipeline.judged"

// Alarming reports whether the release is to be watched more closely.
func (s Standing) Alarming() bool { return s.State == TrustUnverified || s.State == TrustFailed }

// Say tells the standing in a sentence, "" when nothing is known.
func (s Standing) Say() string {
	var grave []string
	for _, r := range s.Reasons {
		if r.Level == rule.Fail {
			grave = append(grave, r.Text)
		}
	}
	why := strings.Join(grave[:min(2, len(grave))], "; ")
	if n := len(grave) - 2; n > 0 {
		why += fmt.Sprintf("; and %d more", n)
	}
	switch s.State {
	case TrustUnverified:
		return "CI was green against its own evidence: " + why
	case TrustFailed:
		return "CI failed, and it was released all the same: " + why
	case TrustVerified:
		return fmt.Sprintf("CI passed with evidence: %d of %d steps", s.Passed, s.Steps)
	case TrustUnknown:
	}
	if s.Running > 0 {
		return fmt.Sprintf("CI is not over: the end of %d of %d steps was not told", s.Running, s.Steps)
	}
	return ""
}

// same reports whether two standings say the same.
func (s Standing) same(o Standing) bool {
	return s.State == o.State && s.Steps == o.Steps && s.Passed == o.Passed && s.Running == o.Running &&
		s.Closed == o.Closed && slices.Equal(s.Reasons, o.Reasons)
}

const maxReasons = 20

// Stand weighs what was told of a release's pipeline. Of each step the last
// run counts, so that a repetition that passed mends; that it was needed is
// said.
func Stand(r release.Release, told []Entry, closings []Closed) Standing {
	s := Standing{Product: r.Product, Release: r.ID, Version: r.Version, State: TrustUnknown}
	closings = LastClosings(closings)
	failed := false
	for _, e := range Counting(told, closings) {
		s.Steps++
		switch e.State {
		case Running:
			s.Running++
		case Passed:
			s.Passed++
		}
		failed = s.step(e) || failed
	}
	for _, c := range closings {
		s.Closed = true
		for _, f := range c.Findings {
			s.found("", "", f)
		}
		if !c.Green && !slices.ContainsFunc(c.Findings, rule.Finding.Fails) {
			s.add(Reason{Level: rule.Fail, Text: "the run was closed as not green"})
		}
	}
	if !s.Closed && s.Steps > 0 {
		s.add(Reason{Level: rule.Note, Text: "nobody checked that no step is missing (postflight guard close)"})
	}
	slices.SortStableFunc(s.Reasons, func(a, b Reason) int { return cmp.Compare(weight(a.Level), weight(b.Level)) })
	grave := len(s.Reasons) > 0 && s.Reasons[0].Level == rule.Fail
	s.Reasons = s.Reasons[:min(len(s.Reasons), maxReasons)]
	switch {
	case failed:
		s.State = TrustFailed
	case grave:
		s.State = TrustUnverified
	case s.Running == 0 && s.Passed > 0 && s.Passed == s.Steps:
		s.State = TrustVerified
	}
	return s
}

// step adds what one step has against it; true when the command itself failed.
func (s *Standing) step(e Entry) (failed bool) {
	before := len(s.Reasons)
	for _, f := range e.Findings {
		s.found(e.Name, e.Name+": ", f)
	}
	grave := slices.ContainsFunc(s.Reasons[before:], func(r Reason) bool { return r.Level == rule.Fail })
	switch e.State {
	case Failed:
		s.add(Reason{Step: e.Name, Level: rule.Fail, Text: fmt.Sprintf("%s: failed with exit code %d", e.Name, e.Code)})
		return true
	case Silent, Hung, Blind:
		if !grave {
			s.add(Reason{Step: e.Name, Level: rule.Fail, Text: e.Name + ": " + stateWord(e.State)})
		}
	}
	return false
}

func stateWord(s State) string {
	switch s {
	case Silent:
		return "exit 0 against its own evidence"
	case Hung:
		return "hung, and was ended"
	case Blind:
		return "nothing in it could have failed"
	}
	return string(s)
}

// found adds a finding, unless the same was said before.
func (s *Standing) found(step, before string, f rule.Finding) {
	r := Reason{Step: step, Rule: f.Rule, Level: f.Level, Text: cut(before+f.Message, 400)}
	if f.Rule != "" {
		r.Text += " (" + string(f.Rule) + ")"
	}
	if f.Allowed != "" {
		r.Level, r.Text = rule.Note, cut(r.Text+", allowed: "+f.Allowed, 500)
	}
	s.add(r)
}

func (s *Standing) add(r Reason) {
	if !slices.ContainsFunc(s.Reasons, func(o Reason) bool { return o.Text == r.Text }) {
		s.Reasons = append(s.Reasons, r)
	}
}

func weight(l rule.Level) int {
	switch l {
	case rule.Fail:
		return 0
	case rule.Warn:
		return 1
	}
	return 2
}

// local is the run of what ran outside CI.
const local = "local"

// Of returns what was told of a release's own pipeline. What somebody ran at
// their desk counts when they named the version, never because they had the
// same commit checked out.
func Of(r release.Release, told []Entry, closings []Closed) ([]Entry, []Closed) {
	foreign := func(run, version string) bool { return run == local && version != r.Version }
	told = slices.DeleteFunc(slices.Clone(told), func(e Entry) bool { return foreign(e.Run, e.Version) })
	closings = slices.DeleteFunc(slices.Clone(closings), func(c Closed) bool { return foreign(c.Run, c.Version) })
	return told, closings
}

// Counting returns the steps that count, by name: of each name the newest run,
// of each job in it the last attempt; and what only a closing tells of.
func Counting(told []Entry, closings []Closed) []Entry {
	all := slices.Clone(told)
	for _, c := range closings {
		for _, s := range c.Steps {
			if !slices.ContainsFunc(told, func(e Entry) bool { return e.ID == s.ID }) {
				all = append(all, Entry{Step: s})
			}
		}
	}
	newest := map[string]Entry{}
	for _, e := range all {
		if was, ok := newest[e.Name]; !ok || e.Started.After(was.Started) {
			newest[e.Name] = e
		}
	}
	last := map[[2]string]Entry{}
	for _, e := range all {
		if e.Run != newest[e.Name].Run {
			continue
		}
		k := [2]string{e.Name, e.Job}
		if was, ok := last[k]; !ok || e.Started.After(was.Started) || e.Started.Equal(was.Started) && e.ID > was.ID {
			last[k] = e
		}
	}
	out := make([]Entry, 0, len(last))
	for _, e := range last {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Job, b.Job))
	})
	return out
}

// LastClosings keeps, of the runs that wanted the same, the one closed last.
func LastClosings(all []Closed) []Closed {
	byWanted := map[string]Closed{}
	for _, c := range all {
		names := make([]string, 0, len(c.Wanted))
		for _, w := range c.Wanted {
			names = append(names, w.Name)
		}
		slices.Sort(names)
		k := strings.Join(names, "\n")
		if was, ok := byWanted[k]; !ok || !c.Told.Before(was.Told) {
			byWanted[k] = c
		}
	}
	out := make([]Closed, 0, len(byWanted))
	for _, c := range byWanted {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Closed) int { return cmp.Or(a.Told.Compare(b.Told), cmp.Compare(a.Run, b.Run)) })
	return out
}
