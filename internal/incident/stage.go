package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// Book keeps the incidents, within the runner's transaction. OpenIncidents
// returns those of a product that are not closed, newest first, and
// NewestIncidents those of any state. NextIncident hands out each id once.
type Book interface {
	Incident(ctx context.Context, id ID) (Incident, error)
	OpenIncidents(ctx context.Context, p product.ID) ([]Incident, error)
	NewestIncidents(ctx context.Context, p product.ID, limit int) ([]Incident, error)
	PutIncident(ctx context.Context, in Incident) error
	NextIncident(ctx context.Context) (ID, error)
}

// Diary keeps the timelines. Past returns the events about a watch so far, in
// order; AddEntry is idempotent by incident and event. Drilling returns the id
// of the drill being played on a product, or "".
type Diary interface {
	AddEntry(ctx context.Context, e Entry) error
	Past(ctx context.Context, watch string) ([]journal.Event, error)
	Drilling(ctx context.Context, p product.ID) (string, error)
}

// Store is all that the stage needs.
type Store interface {
	Book
	Diary
}

// Stage opens, joins, mitigates and resolves incidents.
type Stage struct {
	Products map[product.ID]product.Product
	// Hold is how long a mitigated incident nobody holds stays open.
	Hold time.Duration
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	return k == verdict.EventReached || k == EventCommand || k == EventHoldOver || k == pipeline.EventJudged || tells(k)
}

// Handle brings the incidents up to date with one event and writes it into
// the timelines it belongs to.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var plan action.Plan
	switch ev.Kind {
	case verdict.EventReached:
		if err := s.judged(ctx, db, ev, &plan); err != nil {
			return plan, err
		}
	case EventCommand:
		return s.command(ctx, db, ev)
	case EventHoldOver:
		return s.holdOver(ctx, db, ev)
	case pipeline.EventJudged:
		return plan, s.doubted(ctx, db, ev, &plan)
	case release.EventDeployed:
		if err := s.deployed(ctx, db, ev); err != nil {
			return plan, err
		}
	case action.EventDone:
		if err := s.clock(ctx, db, ev); err != nil {
			return plan, err
		}
	case signal.EventObserved:
		if err := s.seen(ctx, db, ev, &plan); err != nil {
			return plan, err
		}
	}
	return plan, s.tell(ctx, db, ev)
}

// doubted tells people who are at work on a release that its pipeline was no
// evidence, when that became known after they were paged.
func (s *Stage) doubted(ctx context.Context, db Store, ev journal.Event, plan *action.Plan) error {
	var st pipeline.Standing
	if err := ev.Decode(&st); err != nil {
		return err
	}
	if !st.Alarming() {
		return nil
	}
	open, err := db.OpenIncidents(ctx, st.Product)
	if err != nil {
		return fmt.Errorf("incidents of %s: %w", st.Product, err)
	}
	for _, in := range open {
		if in.Release == st.Release {
			plan.Events = append(plan.Events, in.event(EventNoted, ev.At, st.Say(), "postflight", nil))
		}
	}
	return nil
}

// judged opens, joins or mitigates incidents by a verdict.
func (s *Stage) judged(ctx context.Context, db Store, ev journal.Event, plan *action.Plan) error {
	var v verdict.Verdict
	if err := ev.Decode(&v); err != nil {
		return err
	}
	open, err := db.OpenIncidents(ctx, v.Product)
	if err != nil {
		return fmt.Errorf("incidents of %s: %w", v.Product, err)
	}
	if v.Kind == watch.KindStanding {
		if err := s.sight(ctx, db, v, ev, open, plan); err != nil {
			return err
		}
	}
	switch {
	case v.State == verdict.Healthy:
		return s.recovered(ctx, db, v, ev, open, plan)
	case v.State == verdict.NotDeployed && v.Kind == watch.KindVerify:
		return s.noEffect(ctx, db, v, ev, open, plan)
	case !v.State.Broken():
		return nil
	}
	if linked, err := s.echo(ctx, db, v, ev); err != nil || linked {
		return err
	}
	for _, in := range open {
		if in.takes(v) {
			return s.join(ctx, db, in, v, ev, plan)
		}
	}
	if v.Same {
		return nil // it was told, and somebody closed it since: the same words open nothing
	}
	return s.start(ctx, db, v, ev, plan)
}

// takes reports whether a broken verdict is about this incident's cause: the
// same release or environment, a rollback that did not help, or, with nothing
// else to blame, a bad release that is still live after its window. A fix
// that is itself broken is a cause of its own: it must be judged and undone
// for itself.
func (in Incident) takes(v verdict.Verdict) bool {
	switch {
	case in.Key == keyOf(v):
		return true
	case v.Kind == watch.KindVerify:
		return in.Fix == v.Release && v.Release != ""
	case v.Kind == watch.KindStanding && v.Integration == "":
		return in.Release != "" && in.Fix == ""
	}
	return false
}

// keyOf is what later signals join by: one incident a bad release, one for
// whatever ails the environment of a product.
func keyOf(v verdict.Verdict) string {
	if v.State == verdict.BrokenRelease {
		return "release/" + string(v.Release)
	}
	return "environment/" + string(v.Product)
}

// start opens an incident and tells its past.
func (s *Stage) start(ctx context.Context, db Store, v verdict.Verdict, ev journal.Event, plan *action.Plan) error {
	id, err := db.NextIncident(ctx)
	if err != nil {
		return fmt.Errorf("number incident: %w", err)
	}
	in := Incident{
		ID: id, Key: keyOf(v), Product: v.Product, Watch: ev.Watch, Title: v.Summary, State: Triggered,
		Severity: severity(v), Measured: severity(v), Verdict: v, Impact: v.Since, Detected: ev.At,
	}
	if v.State == verdict.BrokenRelease {
		in.Release, in.Version = v.Release, v.Version
	}
	if in.Impact.IsZero() || in.Impact.After(in.Detected) {
		in.Impact = in.Detected
	}
	if in.Drill, err = db.Drilling(ctx, v.Product); err != nil {
		return fmt.Errorf("open incident %s: %w", id, err)
	}
	if err := db.PutIncident(ctx, in); err != nil {
		return fmt.Errorf("open incident %s: %w", id, err)
	}
	past, err := db.Past(ctx, ev.Watch)
	if err != nil {
		return fmt.Errorf("past of incident %s: %w", id, err)
	}
	for _, p := range past {
		if e, ok := entry(in, p); ok && p.Seq < ev.Seq && !before(p, in, v) {
			if err := db.AddEntry(ctx, e); err != nil {
				return fmt.Errorf("tell past of %s: %w", id, err)
			}
		}
	}
	plan.Events = append(plan.Events, in.event(EventOpened, ev.At, v.Summary, "", evidence(v)))
	return nil
}

// before reports whether an event of a standing watch is older than the
// trouble, so that a new incident does not retell last month.
func before(p journal.Event, in Incident, v verdict.Verdict) bool {
	return v.Kind == watch.KindStanding && p.At.Before(in.Impact.Add(-time.Second))
}

// join adds a verdict to an incident that is open already.
func (s *Stage) join(ctx context.Context, db Store, in Incident, v verdict.Verdict, ev journal.Event, plan *action.Plan) error {
	if v.Final && v.Same && v.Rollback == in.Verdict.Rollback {
		return nil // the window ended, nothing new was said
	}
	kind, text := EventJoined, v.Summary
	if in.State == Mitigated {
		kind, in.State, in.Mitigated = EventReopened, Triggered, time.Time{}
		if in.Held {
			in.State = Acknowledged // the same person still has it
		}
		in.Reopened++
		plan.Drop = append(plan.Drop, holdKey(in.ID))
	}
	// Measured worse than ever: what a person lowered is not raised again by
	// the same measurement.
	if sev := severity(v); in.Measured == 0 || sev < in.Measured {
		in.Measured, in.Severity = sev, min(in.Severity, sev)
	}
	in.Verdict = worse(in.Verdict, v)
	if err := db.PutIncident(ctx, in); err != nil {
		return fmt.Errorf("join incident %s: %w", in.ID, err)
	}
	plan.Events = append(plan.Events, in.event(kind, ev.At, text, "", evidence(v)))
	return nil
}

// worse keeps the verdict that the incident stands for: the newest about its
// own cause, with everything that failed so far.
func worse(was, now verdict.Verdict) verdict.Verdict {
	if was.State != now.State || now.Kind == watch.KindVerify {
		return was
	}
	for _, thing := range was.Failing {
		if !slices.Contains(now.Failing, thing) {
			now.Failing = append(now.Failing, thing)
		}
	}
	if now.Integration == "" {
		now.Integration = was.Integration
	}
	return now
}

// heals reports whether a healthy verdict proves an environment's trouble
// over: everything that failed was seen passing since.
func (in Incident) heals(v verdict.Verdict) bool {
	if in.Release != "" || in.Key == keyBlind(v) {
		return false
	}
	for _, thing := range in.Verdict.Failing {
		if !v.Passing[thing].After(in.Verdict.Since) {
			return false
		}
	}
	return len(in.Verdict.Failing) > 0 || in.Watch == string(v.Watch) || v.Kind == watch.KindStanding
}

// seen mitigates an environment's trouble that a release watch told of and
// that ended after its window: the standing watch sees each thing passing
// again, but it never called anything broken, so it has no verdict to change.
func (s *Stage) seen(ctx context.Context, db Store, ev journal.Event, plan *action.Plan) error {
	var sig signal.Signal
	if err := ev.Decode(&sig); err != nil {
		return err
	}
	standing := string(watch.StandingID(sig.Product))
	if sig.Outcome != signal.Pass || sig.Watch != standing {
		return nil
	}
	open, err := db.OpenIncidents(ctx, sig.Product)
	if err != nil {
		return fmt.Errorf("incidents of %s: %w", sig.Product, err)
	}
	thing := string(sig.Kind) + "/" + sig.Name
	for _, in := range open {
		i := slices.Index(in.Verdict.Failing, thing)
		if in.Release != "" || in.Watch == standing || in.State == Mitigated || i < 0 || !sig.At.After(in.Verdict.At) {
			continue
		}
		in.Verdict.Failing = slices.Delete(slices.Clone(in.Verdict.Failing), i, i+1)
		if len(in.Verdict.Failing) == 0 {
			s.mitigate(&in, "everything that failed was seen passing again, at last: "+sig.Summary, ev, plan)
		}
		if err := db.PutIncident(ctx, in); err != nil {
			return fmt.Errorf("mitigate incident %s: %w", in.ID, err)
		}
	}
	return nil
}

// mitigate puts an incident into the state that its impact is over.
func (s *Stage) mitigate(in *Incident, text string, ev journal.Event, plan *action.Plan, shown ...signalEvidence) {
	in.State, in.Mitigated = Mitigated, ev.At
	plan.Events = append(plan.Events, in.event(EventMitigated, ev.At, text, "", shown))
	if !in.Held {
		hold := in.event(EventHoldOver, ev.At, "", "", nil)
		plan.Due = append(plan.Due, journal.Due{Key: holdKey(in.ID), At: ev.At.Add(s.Hold), Event: hold})
	}
}

// recovered mitigates what the healthy verdict proves over: the release that
// this one undoes or follows, or the environment.
func (s *Stage) recovered(ctx context.Context, db Store, v verdict.Verdict, ev journal.Event, open []Incident, plan *action.Plan) error {
	for _, in := range open {
		fixed := in.Fix != "" && in.Fix == v.Release
		if in.State == Mitigated || !(fixed || in.heals(v)) {
			continue
		}
		s.mitigate(&in, v.Summary, ev, plan, evidence(v)...)
		if err := db.PutIncident(ctx, in); err != nil {
			return fmt.Errorf("mitigate incident %s: %w", in.ID, err)
		}
	}
	return nil
}

// noEffect tells that a rollback said it was done and was not.
func (s *Stage) noEffect(_ context.Context, _ Store, v verdict.Verdict, ev journal.Event, open []Incident, plan *action.Plan) error {
	for _, in := range open {
		if in.Fix == v.Release && in.State != Mitigated {
			text := "the rollback had no effect: " + v.Summary
			plan.Events = append(plan.Events, in.event(EventJoined, ev.At, text, "", nil))
		}
	}
	return nil
}

// deployed remembers which release should repair an open incident: the
// rollback of its release, or whatever is released next.
func (s *Stage) deployed(ctx context.Context, db Store, ev journal.Event) error {
	var r release.Release
	if err := ev.Decode(&r); err != nil {
		return err
	}
	open, err := db.OpenIncidents(ctx, r.Product)
	if err != nil {
		return fmt.Errorf("incidents of %s: %w", r.Product, err)
	}
	for _, in := range open {
		if in.Release == "" || in.Release == r.ID {
			continue
		}
		in.Fix = r.ID
		if r.Undoes == in.Release && in.Acted.IsZero() {
			in.Acted = r.At
		}
		if err := db.PutIncident(ctx, in); err != nil {
			return fmt.Errorf("update incident %s: %w", in.ID, err)
		}
	}
	return nil
}

// clock sets the first page's time when a channel accepted it.
func (s *Stage) clock(ctx context.Context, db Store, ev journal.Event) error {
	var a action.Action
	if err := ev.Decode(&a); err != nil {
		return err
	}
	if a.Lane != action.LaneNotify || a.State != action.Done || a.Incident == "" {
		return nil
	}
	in, err := db.Incident(ctx, ID(a.Incident))
	if err != nil || !in.Paged.IsZero() {
		return err
	}
	in.Paged = a.Finished
	return db.PutIncident(ctx, in)
}

// holdOver resolves a mitigated incident that nobody holds.
func (s *Stage) holdOver(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	in, err := db.Incident(ctx, ID(ev.Incident))
	if err != nil || in.State != Mitigated || in.Held {
		return action.Plan{}, err
	}
	in.State, in.Resolved = Resolved, ev.At
	plan := action.Plan{Events: []journal.Event{
		in.event(EventResolved, ev.At, "resolved: it stayed recovered and nobody holds it", "", nil),
	}}
	return plan, db.PutIncident(ctx, in)
}

// command does what a person asked for.
func (s *Stage) command(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var c Command
	if err := ev.Decode(&c); err != nil {
		return action.Plan{}, err
	}
	in, err := db.Incident(ctx, ID(ev.Incident))
	if err != nil {
		return action.Plan{}, err
	}
	in, out, err := in.Obey(c, ev.At)
	if err != nil {
		return action.Plan{}, nil // refused when it was asked; the world moved on since
	}
	plan := action.Plan{Events: []journal.Event{out}}
	if in.Held || in.State.Closed() {
		plan.Drop = append(plan.Drop, holdKey(in.ID))
	}
	return plan, db.PutIncident(ctx, in)
}

func holdKey(id ID) string { return "incident/hold/" + string(id) }

// event returns an event about the incident.
func (in Incident) event(k journal.Kind, now time.Time, text, by string, ev []signalEvidence) journal.Event {
	u := Update{Incident: in, Text: text, By: by, Evidence: ev}
	return journal.New(k, now, u).About(string(in.Product), string(in.Release), in.Watch, string(in.ID))
}
