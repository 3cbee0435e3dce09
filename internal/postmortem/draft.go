package postmortem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

// unknown is what stands where nothing is known.
const unknown = "unknown"

// Draft writes the generated part of a postmortem from the incident and its
// timeline, and keeps what people wrote in prior.
func Draft(in incident.Incident, timeline []incident.Entry, prior Postmortem, now time.Time) Postmortem {
	d := draft{in: in, lines: slices.Clone(timeline)}
	slices.SortStableFunc(d.lines, func(a, b incident.Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	// A line that names no event cannot be told: nobody could check it.
	d.lines = slices.DeleteFunc(d.lines, func(e incident.Entry) bool { return e.Seq <= 0 })
	pm := Postmortem{
		Incident: in.ID, Title: fmt.Sprintf("%s: %s", in.ID, in.Title), Generated: now, Edited: prior.Edited,
		Screenshots: d.screenshots(),
	}
	for _, s := range Sections() {
		part := Part{Section: s, Facts: d.facts(s)}
		for _, old := range prior.Parts {
			if old.Section == s {
				part.Human, part.By = old.Human, old.By
			}
		}
		pm.Parts = append(pm.Parts, part)
	}
	return pm
}

// Sections returns the sections in the order they are read.
func Sections() []Section {
	return []Section{
		Summary, Impact, LeadUp, Fault, Detection, Response, Recovery, Timeline,
		Contributing, Lessons, ActionItems, Evidence,
	}
}

// Title returns the heading of a section.
func (s Section) Title() string {
	words := strings.ReplaceAll(string(s), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// HumanOnly reports whether a section is for people to write. Of the
// contributing factors one is generated: a pipeline that was no evidence.
func (s Section) HumanOnly() bool {
	return s == Contributing || s == Lessons || s == ActionItems
}

// draft is one incident being written up.
type draft struct {
	in    incident.Incident
	lines []incident.Entry
}

// facts returns the generated sentences of one section.
func (d draft) facts(s Section) []Fact {
	switch s {
	case Summary:
		return d.summary()
	case Impact:
		return d.impact()
	case LeadUp:
		return d.leadUp()
	case Fault:
		return d.fault()
	case Detection:
		return d.detection()
	case Response:
		return d.response()
	case Recovery:
		return d.recovery()
	case Timeline:
		return d.each()
	case Evidence:
		return d.evidence()
	case Contributing:
		return d.contributing()
	}
	return nil
}

// line returns the first timeline line of one of the kinds.
func (d draft) line(kinds ...string) (incident.Entry, bool) {
	for _, e := range d.lines {
		if slices.Contains(kinds, e.Kind) {
			return e, true
		}
	}
	return incident.Entry{}, false
}

// each returns the lines of the kinds, or all, as facts.
func (d draft) each(kinds ...string) []Fact {
	var out []Fact
	for _, e := range d.lines {
		if len(kinds) == 0 || slices.Contains(kinds, e.Kind) {
			out = append(out, Fact{Text: e.Text, Seq: e.Seq, At: e.At})
		}
	}
	if len(out) == 0 {
		out = append(out, Fact{Text: unknown})
	}
	return out
}

// leadUp is what was released before the incident: what came after it belongs
// to the recovery.
func (d draft) leadUp() []Fact {
	opened, known := d.line("incident.opened")
	var out []Fact
	for _, e := range d.lines {
		if e.Kind != "release.deployed" && e.Kind != "release.enriched" {
			continue
		}
		if known && e.Seq < opened.Seq || !known && e.At.Before(d.in.Detected) {
			out = append(out, Fact{Text: e.Text, Seq: e.Seq, At: e.At})
		}
	}
	if len(out) == 0 {
		out = append(out, Fact{Text: unknown})
	}
	return out
}

// over returns the line that ended the impact: the last mitigation, unless
// the trouble came back after it.
func (d draft) over() (incident.Entry, bool) {
	for _, e := range slices.Backward(d.lines) {
		switch e.Kind {
		case "incident.mitigated":
			return e, true
		case "incident.reopened":
			return incident.Entry{}, false
		}
	}
	return incident.Entry{}, false
}

// say makes a fact from the first line of a kind; unknown when there is none.
func (d draft) say(format string, kinds ...string) Fact {
	e, ok := d.line(kinds...)
	if !ok {
		return Fact{Text: fmt.Sprintf(format, unknown)}
	}
	return Fact{Text: fmt.Sprintf(format, e.Text), Seq: e.Seq, At: e.At}
}

func (d draft) summary() []Fact {
	out := []Fact{d.say("%s.", "incident.opened")}
	if e, ok := d.over(); ok {
		out = append(out, Fact{Text: "It ended: " + e.Text + ".", Seq: e.Seq, At: e.At})
	} else {
		out = append(out, Fact{Text: "How it ended is unknown."})
	}
	return out
}

func (d draft) impact() []Fact {
	opened, known := d.line("incident.opened")
	from := Fact{Text: "Start: unknown."}
	if first, ok := d.firstFailure(); ok {
		from = Fact{
			Text: fmt.Sprintf("Start: at the latest %s, the first failing observation.", clock(first.At)), Seq: first.Seq, At: first.At,
		}
	}
	out := []Fact{from}
	if e, ok := d.over(); ok {
		out = append(out, Fact{
			Text: fmt.Sprintf("End: %s, %s after the start.", clock(e.At), took(d.in.Impact, e.At)), Seq: e.Seq, At: e.At,
		})
	} else {
		out = append(out, Fact{Text: "End: unknown."})
	}
	if known {
		out = append(out, Fact{Text: fmt.Sprintf("Severity %d.", d.in.Severity), Seq: opened.Seq, At: opened.At})
	} else {
		out = append(out, Fact{Text: "Severity: unknown."})
	}
	return append(out, Fact{Text: "Users hurt: unknown: no telemetry of users was connected."})
}

// firstFailure is the first line that tells a failed observation, not before
// the impact began: a flake an hour earlier was something else.
func (d draft) firstFailure() (incident.Entry, bool) {
	for _, e := range d.lines {
		words := strings.Fields(e.Text) // "journey fail on v2: …"
		failed := len(words) > 1 && strings.TrimSuffix(words[1], ":") == string(signal.Fail)
		if e.Kind == string(signal.EventObserved) && failed && !e.At.Before(d.in.Impact.Truncate(time.Millisecond)) {
			return e, true
		}
	}
	return incident.Entry{}, false
}

// fault names the suspects, with what speaks for and against each, from the
// verdict that opened the incident.
func (d draft) fault() []Fact {
	e, ok := d.line(string(verdict.EventReached), "incident.opened")
	if !ok || len(d.in.Verdict.Suspects) == 0 {
		return []Fact{{Text: "Suspect change: unknown."}}
	}
	fact := func(text string) Fact { return Fact{Text: text, Seq: e.Seq, At: e.At} }
	var out []Fact
	for _, s := range d.in.Verdict.Suspects {
		out = append(out, fact(strings.TrimSpace(fmt.Sprintf("Suspect: %s %s %s", s.Kind, s.Name, s.Detail))+"."))
		for _, f := range s.For {
			out = append(out, fact("For: "+f+"."))
		}
		for _, a := range s.Against {
			out = append(out, fact("Against: "+a+"."))
		}
	}
	for _, r := range d.in.Verdict.Reasons {
		if !r.For {
			out = append(out, fact("Against the verdict: "+r.Text+"."))
		}
	}
	return out
}

func (d draft) detection() []Fact {
	e, ok := d.line("incident.opened")
	if !ok {
		return []Fact{{Text: unknown}}
	}
	out := []Fact{{
		Text: fmt.Sprintf("Time to detect: %s after the first failing observation.", took(d.in.Impact, d.in.Detected)),
		Seq:  e.Seq, At: e.At,
	}}
	if f, ok := d.firstFailure(); ok {
		out = append(out, Fact{Text: "First evidence: " + f.Text + ".", Seq: f.Seq, At: f.At})
	}
	return out
}

func (d draft) response() []Fact {
	var out []Fact
	paged := Fact{Text: "Time to page: unknown: no channel accepted a page."}
	for _, e := range d.lines {
		if e.Kind == "action.done" && strings.HasPrefix(e.Text, "Page ") && strings.Contains(e.Text, ": done") {
			paged = Fact{
				Text: fmt.Sprintf("Time to page: %s after detection (%s).", took(d.in.Detected, e.At), e.Text), Seq: e.Seq, At: e.At,
			}
			break
		}
	}
	out = append(out, paged)
	if e, ok := d.line("incident.acknowledged"); ok {
		out = append(out, Fact{
			Text: fmt.Sprintf("Time to acknowledge: %s after detection.", took(d.in.Detected, e.At)), Seq: e.Seq, At: e.At,
		})
	} else {
		out = append(out, Fact{Text: "Time to acknowledge: unknown: nobody acknowledged."})
	}
	for _, e := range d.lines {
		if e.Kind == "incident.noted" || e.Kind == "incident.severity" {
			out = append(out, Fact{Text: e.Text, Seq: e.Seq, At: e.At})
		}
	}
	return out
}

func (d draft) recovery() []Fact {
	var out []Fact
	for _, e := range d.lines {
		roll := e.Kind == "action.done" && strings.HasPrefix(e.Text, "Roll back ")
		if roll || e.Kind == "rollback.refused" || e.Kind == "rollback.requested" || e.Kind == "release.pinned" {
			out = append(out, Fact{Text: e.Text + ".", Seq: e.Seq, At: e.At})
		}
	}
	if e, ok := d.over(); ok {
		out = append(out, Fact{
			Text: fmt.Sprintf("Time to recover: %s after detection: %s.", took(d.in.Detected, e.At), e.Text), Seq: e.Seq, At: e.At,
		})
	} else {
		out = append(out, Fact{Text: "Time to recover: unknown."})
	}
	return out
}

func (d draft) evidence() []Fact {
	var out []Fact
	for _, e := range d.lines {
		for _, x := range e.Evidence {
			out = append(out, Fact{Text: fmt.Sprintf("%s: %s", x.Kind, x.Title), Seq: e.Seq, At: e.At})
		}
	}
	if len(out) == 0 {
		out = append(out, Fact{Text: unknown})
	}
	return out
}

// contributing says that CI let the release pass, when it did. It is a factor,
// not the cause: what CI saw need not be what broke.
func (d draft) contributing() []Fact {
	var out []Fact
	for _, e := range d.lines {
		told := e.Kind == "pipeline.judged" && !strings.HasPrefix(e.Text, "CI passed") ||
			e.Kind == "incident.noted" && e.By == "postflight"
		text := e.Text + "."
		if told && !slices.ContainsFunc(out, func(f Fact) bool { return f.Text == text }) {
			out = append(out, Fact{Text: text, Seq: e.Seq, At: e.At})
		}
	}
	return out
}

// screenshots collects each picture once.
func (d draft) screenshots() []signal.Evidence {
	var out []signal.Evidence
	seen := map[string]bool{}
	for _, e := range d.lines {
		for _, x := range e.Evidence {
			if x.Kind == "screenshot" && !seen[x.Blob] && len(out) < 12 {
				seen[x.Blob] = true
				out = append(out, x)
			}
		}
	}
	return out
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// took says a duration as people read one, or that it is not known.
func took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return unknown
	}
	d := to.Sub(from)
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
