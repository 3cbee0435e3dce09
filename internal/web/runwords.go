package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/postflight/postflight/internal/signal"
)

// runMark says what a run came to; a failure that counts for nothing says so.
func runMark(s signal.Signal) mark {
	switch {
	case s.Outcome == signal.Fail && s.Quarantined:
		return mark{"warn", "cross", "Fails, in quarantine"}
	case s.Outcome == signal.Fail:
		return mark{"bad", "octagon", "Fails"}
	case s.Outcome == signal.Pass:
		return mark{"good", "check", "Passes"}
	case s.Outcome == signal.Broken:
		return mark{"warn", "question", "Could not look"}
	}
	return mark{"idle", "question", words(string(s.Outcome))}
}

// runNotes are the things beside the outcome that a person should know.
func runNotes(s signal.Signal) []mark {
	var out []mark
	add := func(n int, tone, icon, word string) {
		if n > 0 {
			out = append(out, mark{tone, icon, word})
		}
	}
	add(s.Soft, "bad", "cross", count(s.Soft, "soft check")+" failed")
	add(s.Over, "warn", "clock", strconv.Itoa(s.Over)+" over budget")
	add(len(s.Blocked), "bad", "shield", count(len(s.Blocked), "request")+" stopped at the fence")
	if s.Left != nil {
		add(*s.Left, "warn", "question", count(*s.Left, "synthetic record")+" left behind")
	}
	different, blind := 0, 0
	for _, st := range s.Steps {
		if st.Compared == nil {
			continue
		}
		switch st.Compared.State {
		case "different":
			different++
		case "incomparable":
			blind++
		}
	}
	add(different, "warn", "eye", count(different, "picture")+" differ"+plural(different)+" from the last good release")
	add(blind, "warn", "question", count(blind, "picture")+" could not be compared")
	n := weak(&s)
	add(n, "warn", "question", count(n, "step")+" on the last selector that works")
	add(s.Dropped, "idle", "dash", count(s.Dropped, "thing")+" more than is kept")
	return out
}

// usuallyWord says how long the run took beside what is usual.
func usuallyWord(p runPage) string {
	out := "Took " + took(p.Signal.Took)
	if p.Median > 0 {
		out += ", usually " + took(p.Median)
	}
	return out
}

// plural is the ending of a verb: one picture differs, two differ.
func plural(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// barTone colours the bar of a step.
func barTone(s signal.Step) string {
	switch {
	case s.Outcome == signal.Fail:
		return "bad"
	case s.Over || s.Outcome == signal.Broken:
		return "warn"
	}
	return "busy"
}

// sayingsWord counts what a page said in one step.
func sayingsWord(all []saying) string {
	n := map[string]int{}
	for _, s := range all {
		n[s.Kind]++
	}
	var out []string
	for _, k := range [][2]string{{"exception", "exception"}, {"request", "failed request"}, {"console", "console line"}} {
		if n[k[0]] > 0 {
			out = append(out, count(n[k[0]], k[1]))
		}
	}
	return strings.Join(out, ", ")
}

// regionsWord counts where pictures differ.
func regionsWord(c signal.Comparison) string {
	if len(c.Regions) == 0 {
		return ""
	}
	r := c.Regions[0]
	return count(len(c.Regions), "region") + " differ" + plural(len(c.Regions)) + ", the biggest " +
		strconv.Itoa(r[2]) + "×" + strconv.Itoa(r[3]) + " pixels at " + strconv.Itoa(r[0]) + ", " + strconv.Itoa(r[1])
}

// anchor is a place on this page.
func anchor(what string, n int) templ.SafeURL {
	return templ.SafeURL("#" + what + "-" + strconv.Itoa(n))
}

// mostTraffic is the time of the host that took most.
func mostTraffic(all []signal.Traffic) time.Duration {
	most := time.Duration(1)
	for _, t := range all {
		most = max(most, t.Took)
	}
	return most
}

// evidenceWord names a kind of evidence.
func evidenceWord(kind string) string {
	switch kind {
	case "har":
		return "network record (HAR)"
	case "trace":
		return "browser trace"
	case "html":
		return "HTML"
	case "accessibility":
		return "accessibility tree"
	case "bundle":
		return "everything"
	}
	return strings.ToLower(words(kind))
}
