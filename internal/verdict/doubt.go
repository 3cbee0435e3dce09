package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// How many looks in a row may not come about, by our own fault, before green
// is not claimed any more, and before people are told that we are blind.
const (
	doubtBlind = 2
	tellBlind  = 5
)

// needs is how many failures in a row of a journey prove a fault: by what was
// known of its flakes before the release, and by what it does in the window.
func (v *view) needs(name string, t *tally) int {
	inWindow := t.needs(journeyFails)
	if v.in.Watch.Sensitive() && len(t.passes) > 0 {
		inWindow++ // four times the rounds are four times the chances for a flake
	}
	if _, known := v.in.Watch.Flakes[name]; !known {
		return inWindow
	}
	learned := v.in.Watch.Needs(v.in.Product, name, watch.StepOf(t.onset), len(t.passes) > 0)
	if len(t.fails) == len(t.onset) {
		return learned // it did not come back in this window: the past tells its rate
	}
	return max(learned, inWindow)
}

// record says how often the step that fails now failed for no reason before;
// "" when nothing is known.
func (v *view) record(name string, t *tally) string {
	known, ok := v.in.Watch.Flakes[name]
	if !ok {
		return ""
	}
	return known.At(v.in.Watch.Opened).Say(watch.StepOf(t.onset))
}

// quarantined reports whether a signal counts for nothing.
func (v *view) quarantined(s signal.Signal) bool {
	if s.Kind != signal.Journey {
		return false
	}
	_, away := v.in.Product.Quarantined(s.Name, v.in.Now)
	return away || s.Quarantined
}

// quarantines says which journeys count for nothing, until when, and whose
// task they are.
func (v *view) quarantines() []Reason {
	var out []Reason
	for _, j := range v.in.Product.Journeys {
		q, away := v.in.Product.Quarantined(j.ID, v.in.Now)
		if !away {
			continue
		}
		looks, failed := 0, 0
		var last []signal.Signal
		for _, s := range v.apart {
			if s.Name != j.ID || s.Side == signal.Old {
				continue
			}
			looks++
			if s.Outcome == signal.Fail {
				failed++
				last = []signal.Signal{s}
			}
		}
		out = append(out, reason(RuleCoverage, false, fmt.Sprintf(
			"%s is in quarantine until %s (%s: %s): its %d looks, of which %d failed, count for nothing",
			v.thing(signal.Journey, j.ID), q.Until.Add(-time.Second).UTC().Format(time.DateOnly), q.Owner, clip(q.Reason, maxSaid), looks, failed), last...))
	}
	return out
}

// blind lists what a standing watch could not look at again and again.
func (v *view) blind() []string {
	if v.in.Watch.Kind != watch.KindStanding {
		return nil
	}
	return v.unlooked(tellBlind)
}

// unlooked says which journeys could not be looked at so many times in a row.
func (v *view) unlooked(atLeast int) []string {
	missed := map[string][]signal.Signal{}
	var names []string
	for _, s := range v.broken {
		if s.Kind != signal.Journey || s.Side != signal.New || !v.configured(s.Kind, s.Name) {
			continue
		}
		if t := v.at(s.Kind, s.Name, s.Side); t != nil && !t.all[len(t.all)-1].At.Before(s.At) {
			continue
		}
		if missed[s.Name] == nil {
			names = append(names, s.Name)
		}
		missed[s.Name] = append(missed[s.Name], s)
	}
	slices.Sort(names)
	var out []string
	for _, name := range names {
		if all := missed[name]; len(all) >= atLeast {
			out = append(out, fmt.Sprintf("%s could not be looked at %s since %s: %s",
				v.thing(signal.Journey, name), times(len(all)), all[0].At.UTC().Format("15:04:05"), said(all[len(all)-1])))
		}
	}
	return out
}
