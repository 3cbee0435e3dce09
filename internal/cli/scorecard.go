package cli

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/postflight/postflight/client"
)

// card is the result of a drill run. Times are seconds after the fault; what
// did not happen is absent.
type card struct {
	Drills []client.Drill `json:"drills"`
	Median []medians      `json:"median,omitempty"`
	Passed int            `json:"passed"`
	Missed int            `json:"missed"`
}

// medians are the middle times of one scenario, over the drills in which a
// thing happened.
type medians struct {
	Scenario   string   `json:"scenario"`
	Runs       int      `json:"runs"`
	Passed     int      `json:"passed"`
	Evidence   *float64 `json:"evidence,omitempty"`
	Detected   *float64 `json:"detected,omitempty"`
	Paged      *float64 `json:"paged,omitempty"`
	RolledBack *float64 `json:"rolled_back,omitempty"`
	Verified   *float64 `json:"verified,omitempty"`
}

// scoreCard counts a run.
func scoreCard(played []client.Drill, times int) card {
	c := card{Drills: played}
	by := map[string][]client.Drill{}
	var order []string
	for _, d := range played {
		if d.State == client.DrillPassed {
			c.Passed++
		} else {
			c.Missed++
		}
		if _, ok := by[d.Scenario.Name]; !ok {
			order = append(order, d.Scenario.Name)
		}
		by[d.Scenario.Name] = append(by[d.Scenario.Name], d)
	}
	if times < 2 {
		return c
	}
	for _, name := range order {
		c.Median = append(c.Median, mediansOf(name, by[name]))
	}
	return c
}

func mediansOf(name string, runs []client.Drill) medians {
	m := medians{Scenario: name, Runs: len(runs)}
	for _, d := range runs {
		if d.State == client.DrillPassed {
			m.Passed++
		}
	}
	pick := func(at func(client.Drill) time.Time) *float64 { return median(runs, at) }
	m.Evidence = pick(func(d client.Drill) time.Time { return d.Evidence })
	m.Detected = pick(func(d client.Drill) time.Time { return d.Detected })
	m.Paged = pick(func(d client.Drill) time.Time { return d.Paged })
	m.RolledBack = pick(func(d client.Drill) time.Time { return d.RolledBack })
	m.Verified = pick(func(d client.Drill) time.Time { return d.Verified })
	return m
}

// median is the middle of the seconds after the fault at which something
// happened; nil when it never did.
func median(runs []client.Drill, at func(client.Drill) time.Time) *float64 {
	var all []float64
	for _, d := range runs {
		if s, ok := after(d, at(d)); ok {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	mid := all[len(all)/2]
	if len(all)%2 == 0 {
		mid = (all[len(all)/2-1] + mid) / 2
	}
	return &mid
}

// after is how many seconds after the fault something happened.
func after(d client.Drill, at time.Time) (float64, bool) {
	if at.IsZero() || d.Fault.IsZero() {
		return 0, false
	}
	return at.Sub(d.Fault).Seconds(), true
}

// seconds writes a time of the table.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 2, 64) }

func when(d client.Drill, at time.Time) string {
	s, ok := after(d, at)
	if !ok {
		return "-"
	}
	return seconds(s)
}

func maybe(s *float64) string {
	if s == nil {
		return "-"
	}
	return seconds(*s)
}

// maxEvidence bounds the words of the first evidence in the table.
const maxEvidence = 60

// drillHead names the columns of the table.
func drillHead() *table {
	return columns("SCENARIO", "RESULT", "FIRST EVIDENCE", ">DETECTED", ">PAGED", ">ROLLED BACK", ">VERIFIED")
}

// drillTable is one row a drill.
func drillTable(p *printer, played []client.Drill) *table {
	tab := drillHead()
	for _, d := range played {
		first := "-"
		if s, ok := after(d, d.Evidence); ok {
			first = seconds(s) + "s"
		}
		if d.First != "" {
			first += " " + shorten(d.First, maxEvidence)
		}
		tab.row(d.Scenario.Name, result(p, d.State), first,
			when(d, d.Detected), when(d, d.Paged), when(d, d.RolledBack), when(d, d.Verified))
	}
	return tab
}

// result words the state of a drill.
func result(p *printer, state string) styled {
	switch state {
	case client.DrillPassed:
		return p.green(state)
	case client.DrillPlaying:
		return plain(state)
	}
	return p.red(state)
}

// print writes the card.
func (c card) print(p *printer) {
	tab := drillTable(p, c.Drills)
	for _, m := range c.Median {
		evidence := maybe(m.Evidence)
		if m.Evidence != nil {
			evidence += "s"
		}
		tab.row("median "+m.Scenario, fmt.Sprintf("%d/%d", m.Passed, m.Runs), evidence,
			maybe(m.Detected), maybe(m.Paged), maybe(m.RolledBack), maybe(m.Verified))
	}
	tab.print(p)
	p.line(p.dim("times are seconds after the fault; - means that it did not happen"))
	for _, d := range c.Drills {
		for _, f := range d.Findings {
			p.line(p.red("! "), d.ID, ": ", f)
		}
	}
	p.line(count(len(c.Drills), "drill"), ": ", fmt.Sprint(c.Passed), " passed, ", fmt.Sprint(c.Missed), " missed")
}
