package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

// Desk takes what people and pipelines ask for. Each wish is checked against
// the rules and recorded in one transaction; what follows from it happens
// through the journal. It is safe for concurrent use.
type Desk struct {
	store    *store.Store
	products map[product.ID]product.Product
	drills   []drill.Scenario
	ground   Ground // nil when nothing may be drilled
	now      func() time.Time
}

// product returns a configured product or a NotFound fault that lists them.
func (d *Desk) product(id product.ID) (product.Product, error) {
	if p, ok := d.products[id]; ok {
		return p, nil
	}
	var names []string
	for n := range d.products {
		names = append(names, string(n))
	}
	slices.Sort(names)
	return product.Product{}, fault.New(fault.NotFound, fmt.Sprintf("no product %q is configured", id),
		"configured are: "+strings.Join(names, ", "))
}

// Announce enters a release that a pipeline or a person tells of. Telling the
// same one twice is no error; fresh is false then.
func (d *Desk) Announce(ctx context.Context, a release.Announcement) (r release.Release, fresh bool, err error) {
	if _, err := d.product(a.Product); err != nil {
		return r, false, err
	}
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		st, live, err := standing(ctx, tx, a.Product)
		if err != nil {
			return err
		}
		e, err := release.Announce(st, live, a, d.now())
		if err != nil {
			return err
		}
		r, fresh = e.Release, e.New
		if st.Pin != nil && e.State.Pin == nil {
			if err := unpinned(ctx, tx, a.Product, *st.Pin, a.By, d.now()); err != nil {
				return err
			}
		}
		return enter(ctx, tx, e, d.now())
	})
	return r, fresh, err
}

// Notice enters a version that was seen to be served. It is a Conflict, to be
// told again later, while the pointer is known to be moving: by our own
// rollback, or because a release was announced and is not served yet.
func (d *Desk) Notice(ctx context.Context, id product.ID, version string) error {
	return d.store.Write(ctx, func(tx *store.Tx) error {
		st, live, err := standing(ctx, tx, id)
		if err != nil {
			return err
		}
		e, news := release.Notice(st, live, version, d.now())
		if !news {
			return nil
		}
		if live != nil {
			if late, err := cameLate(ctx, tx, st, version); err != nil || late {
				return err
			}
			if err := moving(ctx, tx, *live, version); err != nil {
				return err
			}
		}
		return enter(ctx, tx, e, d.now())
	})
}

// cameLate makes the newest release live again when it is the one that is
// served: the ledger was corrected because it did not come up in time.
func cameLate(ctx context.Context, tx *store.Tx, st release.State, version string) (bool, error) {
	all, err := tx.ReleasesOf(ctx, st.Product, version)
	if err != nil || len(all) == 0 || all[0].ID == st.Live || !st.Newest(all[0]) {
		return false, err
	}
	w, ok, err := tx.WatchOf(ctx, all[0].ID)
	if err != nil || !ok || w.State != watch.Open {
		return false, err
	}
	st.Live = all[0].ID
	return true, tx.PutState(ctx, st)
}

// moving is a Conflict while what is served may still become, or stop being,
// the live release: our own rollback is under way, the release is not served
// yet, or only some of the servers still answer with the version before it.
func moving(ctx context.Context, tx *store.Tx, live release.Release, version string) error {
	under, err := undoing(ctx, tx, live)
	if err != nil {
		return err
	}
	if under {
		return fault.Newf(fault.Conflict, "a rollback of %s is under way", live.ID)
	}
	w, ok, err := tx.WatchOf(ctx, live.ID)
	if err != nil || !ok || w.State != watch.Open || live.Previous == "" {
		return err
	}
	before, err := tx.Release(ctx, live.Previous)
	if err != nil || before.Version != version {
		return err
	}
	if w.Met.IsZero() {
		return fault.Newf(fault.Conflict, "%s is not served yet", live.ID)
	}
	reads, err := tx.SignalsAbout(ctx, store.SignalFilter{
		Watch: string(w.ID), Kinds: []signal.Kind{signal.Version}, Brief: true, Limit: 2,
	})
	if err != nil {
		return err
	}
	for _, s := range reads {
		if s.Served != version {
			return fault.Newf(fault.Conflict, "%s is still served here and there", live.ID)
		}
	}
	return nil
}

// undoing reports whether a rollback of the live release is queued, runs, or
// moved the pointer and is not in the ledger yet.
func undoing(ctx context.Context, tx *store.Tx, live release.Release) (bool, error) {
	orders, err := tx.Actions(ctx, store.ActionFilter{
		Release: string(live.ID), Kind: rollback.ActionPerform, Limit: 10,
		States: []action.State{action.Queued, action.Running, action.Done},
	})
	if err != nil || len(orders) == 0 {
		return false, err
	}
	newest, err := tx.Releases(ctx, live.Product, 20)
	if err != nil {
		return false, err
	}
	entered := slices.ContainsFunc(newest, func(r release.Release) bool { return r.Undoes == live.ID })
	return !entered || slices.ContainsFunc(orders, func(a action.Action) bool { return a.State != action.Done }), nil
}

// standing reads a product's state and its live release, nil when none is.
func standing(ctx context.Context, tx *store.Tx, id product.ID) (release.State, *release.Release, error) {
	st, err := tx.State(ctx, id)
	if err != nil || st.Live == "" {
		return st, nil, err
	}
	r, err := tx.Release(ctx, st.Live)
	return st, &r, err
}

// enter writes an entry of the ledger and tells it.
func enter(ctx context.Context, tx *store.Tx, e release.Entry, now time.Time) error {
	if err := tx.PutRelease(ctx, e.Release); err != nil {
		return err
	}
	if err := tx.PutState(ctx, e.State); err != nil {
		return err
	}
	kind := release.EventDeployed
	if !e.New {
		kind = release.EventEnriched
	}
	r := e.Release
	_, err := tx.Append(ctx, journal.New(kind, now, r).About(string(r.Product), string(r.ID), "", ""))
	return err
}

// Command records what a person asks of an incident, after checking that it
// makes sense now.
func (d *Desk) Command(ctx context.Context, id incident.ID, c incident.Command) error {
	return d.store.Write(ctx, func(tx *store.Tx) error {
		in, err := tx.Incident(ctx, id)
		if err != nil {
			return err
		}
		if _, _, err := in.Obey(c, d.now()); err != nil {
			return err
		}
		_, err = tx.Append(ctx, journal.New(incident.EventCommand, d.now(), c).
			About(string(in.Product), string(in.Release), in.Watch, string(id)))
		return err
	})
}

// Rollback records that a person wants a release undone. It refuses at once
// what the rules refuse.
func (d *Desk) Rollback(ctx context.Context, id release.ID, by string) error {
	return d.store.Write(ctx, func(tx *store.Tx) error {
		bad, err := tx.Release(ctx, id)
		if err != nil {
			return err
		}
		p, err := d.product(bad.Product)
		if err != nil {
			return err
		}
		st, err := tx.State(ctx, p.ID)
		if err != nil {
			return err
		}
		past, err := tx.Releases(ctx, p.ID, 100)
		if err != nil {
			return err
		}
		o := rollback.Order{Bad: id, By: by, Reason: "asked for by " + by}
		if _, no := rollback.Decide(rollback.Case{Product: p, State: st, Bad: bad, Past: past, Order: o}); no != nil {
			return fault.New(fault.Conflict, "not rolled back: "+no.Reason, no.Hint)
		}
		about, err := incidentOf(ctx, tx, bad)
		if err != nil {
			return err
		}
		_, err = tx.Append(ctx, journal.New(rollback.EventRequested, d.now(), o).About(string(p.ID), string(id), "", about))
		return err
	})
}

// incidentOf returns the open incident that a release caused, or "".
func incidentOf(ctx context.Context, tx *store.Tx, r release.Release) (string, error) {
	open, err := tx.OpenIncidents(ctx, r.Product)
	if err != nil {
		return "", err
	}
	for _, in := range open {
		if in.Release == r.ID {
			return string(in.ID), nil
		}
	}
	return "", nil
}

// Unpin lets a version that was rolled back be released again.
func (d *Desk) Unpin(ctx context.Context, id product.ID, by string) error {
	if _, err := d.product(id); err != nil {
		return err
	}
	return d.store.Write(ctx, func(tx *store.Tx) error {
		st, err := tx.State(ctx, id)
		if err != nil {
			return err
		}
		if st.Pin == nil {
			return fault.New(fault.Conflict, fmt.Sprintf("%s is not pinned", id), "")
		}
		pin := *st.Pin
		st.Pin = nil
		if err := tx.PutState(ctx, st); err != nil {
			return err
		}
		return unpinned(ctx, tx, id, pin, by, d.now())
	})
}

// unpinned tells that a pin was lifted, and by whom.
func unpinned(ctx context.Context, tx *store.Tx, id product.ID, pin release.Pin, by string, now time.Time) error {
	pin.By = by
	_, err := tx.Append(ctx, journal.New(release.EventUnpinned, now, pin).About(string(id), "", "", ""))
	return err
}

// Scenarios lists what can be drilled.
func (d *Desk) Scenarios() []drill.Scenario { return d.drills }

// StartDrill starts a scenario on the drill ground, if everything is steady.
func (d *Desk) StartDrill(ctx context.Context, scenario, by string) (id drill.ID, err error) {
	i := slices.IndexFunc(d.drills, func(s drill.Scenario) bool { return s.Name == scenario })
	if i < 0 {
		return "", fault.New(fault.NotFound, fmt.Sprintf("no scenario is called %q", scenario), "list them with: postflight drill list")
	}
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		target := d.ground.Target()
		_, live, err := standing(ctx, tx, target)
		if err != nil {
			return err
		}
		g := drill.Ground{Allowed: true}
		if live != nil {
			g.Live = *live
		}
		if g.Open, err = tx.OpenIncidents(ctx, target); err != nil {
			return err
		}
		if _, g.Playing, err = tx.PlayingDrill(ctx); err != nil {
			return err
		}
		now := d.now()
		id = drill.ID(fmt.Sprintf("%s-%d", scenario, now.UnixMilli()))
		played, err := drill.Start(drill.Drill{ID: id, Scenario: d.drills[i], Product: target, By: by}, g, now)
		if err != nil {
			return err
		}
		if err := tx.PutDrill(ctx, played); err != nil {
			return err
		}
		return tx.Apply(ctx, played.Begin(), now)
	})
	return id, err
}

// EditPostmortem keeps what a person wrote in one section.
func (d *Desk) EditPostmortem(ctx context.Context, id incident.ID, s postmortem.Section, text, by string) error {
	return d.store.Write(ctx, func(tx *store.Tx) error {
		pm, ok, err := tx.Postmortem(ctx, id)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.NotFound, fmt.Sprintf("%s has no postmortem yet", id), "it is drafted when the incident is mitigated")
		}
		if pm, err = pm.Edit(s, text, by, d.now()); err != nil {
			return err
		}
		return tx.PutPostmortem(ctx, pm)
	})
}
