package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

// headline says in one sentence how all products are.
func headline(cards []card) string {
	broken, watched, unknown, healthy := 0, 0, 0, 0
	for _, c := range cards {
		switch {
		case len(c.Incidents) > 0 || c.Verdict != nil && c.Verdict.State.Broken():
			broken++
		case c.Watch != nil:
			watched++
		case c.Verdict != nil && c.Verdict.State == verdict.Healthy:
			healthy++
		default:
			unknown++
		}
	}
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, count(n, "product")+" "+what)
		}
	}
	add(broken, "with an open incident or a broken verdict")
	add(watched, "with a release under watch")
	add(healthy, "healthy")
	add(unknown, "without a verdict")
	if len(parts) == 0 {
		return "Nothing is watched yet."
	}
	return strings.Join(parts, ", ") + "."
}

// journeyNames lists the journeys of a product.
func journeyNames(p product.Product) string {
	var out []string
	for _, j := range p.Journeys {
		if j.Title != "" {
			out = append(out, j.Title)
		} else {
			out = append(out, j.ID)
		}
	}
	return orNone(out)
}

// pageNames lists the crawled pages of a product.
func pageNames(p product.Product) string { return orNone(p.Pages) }

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// rollbackWord says how a product goes back.
func rollbackWord(r product.Rollback) string {
	by := "by a person"
	if r.Automatic {
		by = "by itself, on proof"
	}
	switch r.Method {
	case product.RollbackDirectory:
		return "release directory, " + by
	case product.RollbackCommand:
		return "command, " + by
	case product.RollbackWebhook:
		return "webhook, " + by
	case product.RollbackNone, "":
		return "not configured"
	}
	return string(r.Method)
}

// orUnknown never leaves a field blank.
func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// versionOr says so when a version is not known.
func versionOr(v string) string { return orUnknown(v) }

// tally counts the runs of a strip.
func tally(t strip) string {
	if len(t.Looks) == 0 {
		return "no run"
	}
	out := strconv.Itoa(t.Passed) + " of " + strconv.Itoa(t.Passed+t.Failed) + " passed"
	if t.Other > 0 {
		out += ", " + strconv.Itoa(t.Other) + " not counted"
	}
	return out
}

// bootWord says what a boot event means.
func bootWord(event string) string {
	switch event {
	case "ok":
		return "started"
	case "fatal":
		return "died"
	case "late":
		return "not ready in time"
	case "gone":
		return "left before ready"
	}
	return event
}

// saying is one thing a page said during a run.
type saying struct {
	Step              int
	Kind, Text, Where string
}

// saidBy lists exceptions, failed requests and console errors of a run, in
// the order of its steps, at most 40.
func saidBy(s signal.Signal) []saying {
	var out []saying
	for _, st := range s.Steps {
		for _, x := range st.Exceptions {
			out = append(out, saying{st.Index, "exception", x.Text, position(x.URL, x.Line, x.Column)})
		}
		for _, q := range st.Requests {
			text := q.Method + " " + q.URL
			if q.Status > 0 {
				text += " → " + strconv.Itoa(q.Status)
			}
			if q.Error != "" {
				text += " → " + q.Error
			}
			where := "third party"
			if q.FirstParty {
				where = "first party"
			}
			out = append(out, saying{st.Index, "request", text, where})
		}
		for _, l := range st.Console {
			out = append(out, saying{st.Index, "console", l.Level + ": " + l.Text, position(l.URL, l.Line, 0)})
		}
	}
	if len(out) > 40 {
		rest := len(out) - 39
		out = append(out[:39], saying{Kind: "console", Text: strconv.Itoa(rest) + " more lines are in the evidence"})
	}
	return out
}

// allLooks merges both sides in the order of time.
func allLooks(f film) []signal.Signal {
	out := append(slices.Clone(f.Old.Looks), f.New.Looks...)
	slices.SortStableFunc(out, func(a, b signal.Signal) int { return a.At.Compare(b.At) })
	return out
}

// severityWord explains a severity.
func severityWord(n int) string {
	switch n {
	case 1:
		return "SEV1: people cannot use it"
	case 2:
		return "SEV2: a main thing is broken"
	case 3:
		return "SEV3: a lesser thing is broken"
	}
	return "SEV" + strconv.Itoa(n) + ": worth knowing"
}

// order reads what a rollback action is to do; zero when it cannot be read.
func order(a action.Action) rollback.Order {
	var o rollback.Order
	if a.Decode(&o) != nil {
		return rollback.Order{}
	}
	return o
}

// message reads what a delivery says.
func message(a action.Action) page.Message {
	var m page.Message
	if a.Decode(&m) != nil || m.Channel == "" {
		m.Channel = "unknown channel"
	}
	return m
}

// expectation says in a few words what the right end of a scenario is.
func expectation(e drill.Expected) string {
	out := strings.ToLower(verdictMark(e.Verdict).Word)
	if e.Page {
		out += ", people told"
	} else {
		out += ", nobody paged"
	}
	if e.Rollback {
		return out + ", rolled back"
	}
	return out + ", no rollback"
}

// recovery is the time from the fault to its verified end, or to the verdict
// where nothing is rolled back; zero when unknown.
func recovery(d drill.Drill) time.Duration {
	end := d.Verified
	if end.IsZero() {
		end = d.Detected
	}
	if end.IsZero() || d.Fault.IsZero() {
		return 0
	}
	return end.Sub(d.Fault)
}

// after is how long after a start something happened, or a dash.
func after(start, t time.Time) string {
	if start.IsZero() || t.IsZero() {
		return "–"
	}
	return took(t.Sub(start))
}
