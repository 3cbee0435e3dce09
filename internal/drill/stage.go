package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

// Store keeps the drills, within the runner's transaction. PlayingDrill
// returns the one that is being played, if one is.
type Store interface {
	PutDrill(ctx context.Context, d Drill) error
	PlayingDrill(ctx context.Context) (Drill, bool, error)
}

// bound is how long one drill may take before it is called missed.
const bound = 3 * time.Minute

// Stage keeps the score of the drill being played.
type Stage struct{}

// Ground is what must be steady before a drill may start.
type Ground struct {
	Live    release.Release
	Open    []incident.Incident
	Playing bool
	Allowed bool // the product was made for drills
}

// Start returns the drill, begun now, or a Conflict that says what is not
// steady. Of d, the id, scenario, product and person are given.
func Start(d Drill, g Ground, now time.Time) (Drill, error) {
	switch {
	case !g.Allowed:
		return Drill{}, fault.New(fault.Denied, fmt.Sprintf("%s is not a drill target", d.Product),
			"drills break the product: they run on the demo product only")
	case g.Playing:
		return Drill{}, fault.New(fault.Conflict, "another drill is being played", "one at a time: wait for it to end")
	case len(g.Open) > 0:
		return Drill{}, fault.New(fault.Conflict, fmt.Sprintf("%s is open", g.Open[0].ID), "resolve it first: real beats drill")
	case g.Live.Judgement != release.Good:
		return Drill{}, fault.New(fault.Conflict, fmt.Sprintf("%s is not known to be steady yet", d.Product),
			"wait until the live release is judged healthy")
	}
	d.State, d.Started = Playing, now
	return d, nil
}

// Begin returns the plan that puts the fault in.
func (d Drill) Begin() action.Plan {
	about := func(k journal.Kind) journal.Event {
		return journal.New(k, d.Started, d).About(string(d.Product), "", "", "")
	}
	return action.Plan{
		Events:  []journal.Event{about(EventStarted)},
		Due:     []journal.Due{{Key: deadlineKey(d.ID), At: d.Started.Add(bound), Event: about(EventDeadline)}},
		Actions: []action.Action{d.action(ActionInject, "Put in: "+d.Scenario.Title, d.Started)},
	}
}

func deadlineKey(id ID) string { return "drill/deadline/" + string(id) }

// action makes the action that puts the fault in or takes it out.
func (d Drill) action(k action.Kind, title string, now time.Time) action.Action {
	a := action.Action{
		Key: string(k) + "/" + string(d.ID), Kind: k, Lane: action.LaneDeploy, Title: title,
		Product: string(d.Product), Group: "deploy/" + string(d.Product),
		State: action.Queued, Queued: now, Due: now, Lease: time.Minute, Retry: action.Retry{Max: 1},
	}
	return a.Encode(d)
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	switch k {
	case action.EventDone, signal.EventObserved, verdict.EventReached, incident.EventOpened,
		incident.EventMitigated, EventDeadline:
		return true
	}
	return false
}

// Handle brings the score card of the drill being played up to date.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	d, playing, err := db.PlayingDrill(ctx)
	if err != nil || !playing || string(d.Product) != ev.Product {
		return action.Plan{}, err
	}
	was, err := json.Marshal(d)
	if err != nil {
		return action.Plan{}, fmt.Errorf("score drill %s: %w", d.ID, err)
	}
	plan, err := d.score(ev)
	if err != nil {
		return plan, err
	}
	if d.State != Playing {
		plan.Drop = append(plan.Drop, deadlineKey(d.ID))
		plan.Events = append(plan.Events, journal.New(EventEnded, ev.At, d).
			About(ev.Product, string(d.Release), "", d.Incident))
	}
	if now, _ := json.Marshal(d); string(now) == string(was) {
		return plan, nil
	}
	return plan, db.PutDrill(ctx, d)
}

// score enters one event.
func (d *Drill) score(ev journal.Event) (action.Plan, error) {
	switch ev.Kind {
	case action.EventDone:
		return d.scoreAction(ev)
	case signal.EventObserved:
		var s signal.Signal
		if err := ev.Decode(&s); err != nil {
			return action.Plan{}, err
		}
		if s.Outcome == signal.Fail && d.Evidence.IsZero() && !d.Fault.IsZero() && !s.At.Before(d.Fault) {
			d.Evidence = s.At
		}
	case verdict.EventReached:
		return d.scoreVerdict(ev)
	case incident.EventOpened:
		switch {
		case d.Fault.IsZero() || ev.Incident == d.Incident:
		case d.Incident == "":
			d.Incident = ev.Incident
		default:
			d.find("a second incident was opened: " + ev.Incident)
		}
	case incident.EventMitigated:
		if ev.Incident == d.Incident && d.Incident != "" {
			d.Verified = ev.At
			d.end(ev.At)
		}
	case EventDeadline:
		d.Findings = append(d.Findings, "not over after "+bound.String())
		d.end(ev.At)
		return action.Plan{Actions: []action.Action{d.action(ActionRestore, "Take out: "+d.Scenario.Title, ev.At)}}, nil
	}
	return action.Plan{}, nil
}

func (d *Drill) scoreAction(ev journal.Event) (action.Plan, error) {
	var a action.Action
	if err := ev.Decode(&a); err != nil {
		return action.Plan{}, err
	}
	switch {
	case a.Kind == ActionInject && a.State == action.Done:
		var in Injected
		if err := json.Unmarshal(a.Result, &in); err != nil {
			return action.Plan{}, fmt.Errorf("decode result of %s: %w", a.Key, err)
		}
		d.Fault, d.Release = in.At, in.Release
	case a.Kind == ActionInject:
		d.Findings = append(d.Findings, "the fault could not be put in: "+a.Error)
		d.State, d.Ended = Aborted, ev.At
	case a.Lane == action.LaneNotify && a.State == action.Done && a.Incident == d.Incident && d.Incident != "":
		if d.Paged.IsZero() {
			d.Paged = a.Finished
			if d.Release == "" {
				return action.Plan{Actions: []action.Action{d.action(ActionRestore, "Take out: "+d.Scenario.Title, ev.At)}}, nil
			}
		}
	case a.Kind == rollback.ActionPerform && a.State == action.Done && d.RolledBack.IsZero():
		var p rollback.Performed
		if err := json.Unmarshal(a.Result, &p); err != nil {
			return action.Plan{}, fmt.Errorf("decode result of %s: %w", a.Key, err)
		}
		d.RolledBack = p.Flipped
	}
	return action.Plan{}, nil
}

func (d *Drill) scoreVerdict(ev journal.Event) (action.Plan, error) {
	var v verdict.Verdict
	if err := ev.Decode(&v); err != nil {
		return action.Plan{}, err
	}
	if v.State == verdict.BrokenRelease && d.Scenario.Expected.Verdict != verdict.BrokenRelease && !d.Fault.IsZero() {
		d.find(fmt.Sprintf("%s was blamed", v.Version))
	}
	mine := d.Release != "" && v.Release == d.Release || d.Release == "" && v.State == verdict.BrokenEnvironment
	if d.Fault.IsZero() || !mine || !d.Detected.IsZero() || v.State == verdict.Observing {
		return action.Plan{}, nil
	}
	d.Detected, d.Verdict = ev.At, v.State
	for _, r := range v.Reasons {
		if r.For && v.State.Broken() {
			d.First = string(r.Rule) + ": " + r.Text
			break
		}
	}
	if want := d.Scenario.Expected.Names; want != "" && !named(v, want) {
		d.Findings = append(d.Findings, fmt.Sprintf("%q is not named as the first suspect", want))
	}
	if !v.State.Broken() {
		d.end(ev.At)
	}
	return action.Plan{}, nil
}

// find enters what went wrong, once.
func (d *Drill) find(text string) {
	if !slices.Contains(d.Findings, text) {
		d.Findings = append(d.Findings, text)
	}
}

// named reports whether the first suspect names what is at fault.
func named(v verdict.Verdict, want string) bool {
	if len(v.Suspects) == 0 {
		return false
	}
	s := v.Suspects[0]
	return strings.Contains(strings.ToLower(s.Name+" "+s.Detail+" "+v.Integration), strings.ToLower(want))
}

// end closes the score card: passed when everything expected happened and
// nothing else.
func (d *Drill) end(now time.Time) {
	d.Ended = now
	e := d.Scenario.Expected
	miss := func(bad bool, text string) {
		if bad {
			d.Findings = append(d.Findings, text)
		}
	}
	miss(d.Verdict != e.Verdict, fmt.Sprintf("verdict is %q, expected %q", d.Verdict, e.Verdict))
	miss(e.Rollback && d.RolledBack.IsZero(), "nothing was rolled back")
	miss(!e.Rollback && !d.RolledBack.IsZero(), "rolled back without a cause")
	miss(e.Page && d.Paged.IsZero(), "nobody was paged")
	miss(!e.Page && d.Incident != "", "an incident was opened without a cause")
	miss(e.Page && d.Verified.IsZero(), "recovery was not verified")
	rule, _, _ := strings.Cut(d.First, ":")
	right := len(e.FirstRule) == 0
	for _, want := range e.FirstRule {
		right = right || want == rule
	}
	miss(!right, fmt.Sprintf("the first evidence is %q, expected %s", d.First, strings.Join(e.FirstRule, " or ")))
	d.State = Passed
	if len(d.Findings) > 0 {
		d.State = Missed
	}
}
