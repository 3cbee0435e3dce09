package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

const (
	// late is how long after an outage was seen to be over another watch may
	// still report what it met of it.
	late = time.Minute
	// past is how many incidents back an echo may be of.
	past = 10
)

// echo links the outage of a provider, as a release's own watch met it, to the
// incident that the standing watch has told of and already seen the end of:
// it is neither opened nor reopened. Should the provider really be down again,
// the standing watch, which probes it all the time, says so.
func (s *Stage) echo(ctx context.Context, db Store, v verdict.Verdict, ev journal.Event) (bool, error) {
	if v.Kind == watch.KindStanding || v.State != verdict.BrokenEnvironment || v.Integration == "" {
		return false, nil
	}
	newest, err := db.NewestIncidents(ctx, v.Product, past)
	if err != nil {
		return false, fmt.Errorf("incidents of %s: %w", v.Product, err)
	}
	for _, in := range newest {
		if !in.over(v) {
			continue
		}
		e := Entry{
			Incident: in.ID, Seq: ev.Seq, At: ev.At, Kind: string(ev.Kind), Evidence: evidence(v),
			Text: fmt.Sprintf("the watch on %s met it as well: %s", v.Version, v.Summary),
		}
		if err := db.AddEntry(ctx, e); err != nil {
			return false, fmt.Errorf("link to incident %s: %w", in.ID, err)
		}
		return true, nil
	}
	return false, nil
}

// over reports whether the verdict tells of an outage of which this incident
// told, and which it saw the end of, no earlier than what the verdict saw.
func (in Incident) over(v verdict.Verdict) bool {
	return in.Release == "" && in.Watch == string(watch.StandingID(v.Product)) && in.Verdict.Integration == v.Integration &&
		!in.Mitigated.IsZero() && !v.Since.Before(in.Impact.Add(-late)) && v.Since.Before(in.Mitigated.Add(late))
}

// keyBlind is what joins the times at which we cannot look at a product.
func keyBlind(v verdict.Verdict) string { return "blind/" + string(v.Product) }

// sight tells, once, that we cannot look at a product, and when we can again.
// It is our own fault and says nothing of the product.
func (s *Stage) sight(ctx context.Context, db Store, v verdict.Verdict, ev journal.Event, open []Incident, plan *action.Plan) error {
	for _, in := range open {
		if in.Key != keyBlind(v) {
			continue
		}
		switch {
		case len(v.Blind) == 0 && in.State != Mitigated:
			s.mitigate(&in, "we can look again: "+v.Summary, ev, plan)
		case len(v.Blind) > 0 && in.State == Mitigated:
			in.State, in.Mitigated = Triggered, time.Time{}
			if in.Held {
				in.State = Acknowledged
			}
			in.Reopened++
			plan.Drop = append(plan.Drop, holdKey(in.ID))
			plan.Events = append(plan.Events, in.event(EventReopened, ev.At, v.Blind[0], "", nil))
		default:
			return nil
		}
		return db.PutIncident(ctx, in)
	}
	if len(v.Blind) == 0 {
		return nil
	}
	id, err := db.NextIncident(ctx)
	if err != nil {
		return fmt.Errorf("number incident: %w", err)
	}
	name := string(v.Product)
	if p, ok := s.Products[v.Product]; ok && p.Name != "" {
		name = p.Name
	}
	in := Incident{
		ID: id, Key: keyBlind(v), Product: v.Product, Watch: ev.Watch, State: Triggered, Severity: 4, Measured: 4,
		Title:   fmt.Sprintf("Postflight cannot look at %s, which says nothing of %s itself: %s", name, name, v.Blind[0]),
		Verdict: v, Impact: ev.At, Detected: ev.At,
	}
	if err := db.PutIncident(ctx, in); err != nil {
		return fmt.Errorf("open incident %s: %w", id, err)
	}
	plan.Events = append(plan.Events, in.event(EventOpened, ev.At, in.Title, "", nil))
	return nil
}
