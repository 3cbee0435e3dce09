package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/check"
	"github.com/postflight/postflight/internal/deploy"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/sign"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

// hands performs actions through the doors.
type hands struct {
	store    *store.Store
	products map[product.ID]product.Product
	looker   *check.Looker
	play     players
	runs     *runs
	album    album
	notifier *notify.Notifier
	deployer *deploy.Deployer
	ground   Ground
	desk     *Desk
	own      string // our own origin, which receives boot reports
	key      []byte // of the synthetic marker
	log      *slog.Logger
	now      func() time.Time
}

// performers is which hand does what.
func (h *hands) performers() map[action.Kind]performer {
	return map[action.Kind]performer{
		watch.ActionLook:       h.look,
		page.ActionSend:        h.send,
		rollback.ActionPerform: h.rollBack,
		drill.ActionInject:     h.inject,
		drill.ActionRestore:    h.restore,
	}
}

// unreadable ends an action whose payload is not ours.
func unreadable(err error) work {
	return work{Outcome: action.Outcome{Err: err, Permanent: true}}
}

// look makes one observation. A watch that is over needs none any more.
func (h *hands) look(ctx context.Context, a action.Action) work {
	var l watch.Look
	if err := a.Decode(&l); err != nil {
		return unreadable(err)
	}
	p, ok := h.products[l.Product]
	if !ok {
		return unreadable(fmt.Errorf("look at %s: the product is not configured any more", l.Product))
	}
	over := false
	err := h.store.Read(ctx, func(tx *store.Tx) error {
		w, err := tx.Watch(ctx, l.Watch)
		over = w.State != watch.Open
		return err
	})
	if err != nil {
		return work{Outcome: action.Outcome{Err: fmt.Errorf("look at %s: %w", l.Name, err)}}
	}
	if over {
		return work{Outcome: action.Outcome{Result: json.RawMessage(`{"left_out":"the watch is over"}`)}}
	}
	var s signal.Signal
	if l.Kind == signal.Journey {
		s = h.journey(ctx, p, l, a)
	} else {
		s = h.looker.Look(ctx, l, p)
	}
	s.ID = signalID(a.Key, fmt.Sprint(a.Attempt))
	s.At = settled(s.At, h.now())
	return work{keep: func(ctx context.Context, tx *store.Tx) error {
		// A standing look that ends while a release is watched met either
		// version; that watch looks by itself.
		open, err := tx.OpenWatches(ctx, p.ID)
		if err != nil || l.Watch == watch.StandingID(p.ID) && len(open) > 1 {
			return err
		}
		if s.Kind == signal.Version && s.Side == signal.New && s.Served != "" {
			if err := served(ctx, tx, s); err != nil {
				return err
			}
		}
		if err := observe(ctx, tx, s); err != nil {
			return err
		}
		if l.Watch == watch.StandingID(p.ID) && s.Pictured() {
			return firstPictures(ctx, tx, s, h.now())
		}
		return nil
	}}
}

// marker returns the synthetic marker for one host, good for a few minutes.
func (h *hands) marker(run string) func(host string) string {
	id := string(signalID(run))
	return func(host string) string {
		m := sign.Marker{Key: h.key, Run: id, Expires: h.now().Add(10 * time.Minute)}
		value, err := m.Header(host)
		if err != nil {
			h.log.Error("sign marker", "error", err)
		}
		return value
	}
}

// send delivers a message. A reply or an edit needs to know where the root
// message stands.
func (h *hands) send(ctx context.Context, a action.Action) work {
	var m page.Message
	if err := a.Decode(&m); err != nil {
		return unreadable(err)
	}
	d := notify.Delivery{Attempt: a.Attempt, Uncertain: a.Uncertain}
	if m.Op != page.Post && m.Root != "" {
		err := h.store.Read(ctx, func(tx *store.Tx) error {
			root, err := tx.Action(ctx, m.Root)
			if err != nil || root.State != action.Done {
				return err
			}
			d.Root = new(page.Sent)
			return json.Unmarshal(root.Result, d.Root)
		})
		if err != nil {
			return work{Outcome: action.Outcome{Err: fmt.Errorf("find the page's root: %w", err)}}
		}
	}
	return work{Outcome: h.notifier.Send(ctx, m, d)}
}

// rollBack moves the pointer back.
func (h *hands) rollBack(ctx context.Context, a action.Action) work {
	var o rollback.Order
	if err := a.Decode(&o); err != nil {
		return unreadable(err)
	}
	p, ok := h.products[o.Product]
	if !ok {
		return unreadable(fmt.Errorf("roll back %s: the product is not configured any more", o.Product))
	}
	return work{Outcome: h.deployer.Perform(ctx, p.Rollback, o)}
}

// inject puts a drill's fault in, and tells the ledger as a pipeline would.
func (h *hands) inject(ctx context.Context, a action.Action) work {
	var d drill.Drill
	if err := a.Decode(&d); err != nil {
		return unreadable(err)
	}
	in, err := h.ground.Inject(ctx, d)
	if err != nil {
		return work{Outcome: action.Outcome{Err: fmt.Errorf("put in %s: %w", d.Scenario.Name, err)}}
	}
	if in.Version != "" {
		r, _, err := h.desk.Announce(ctx, in.Announcement(d))
		if err != nil {
			return work{Outcome: action.Outcome{Err: fmt.Errorf("announce %s: %w", in.Version, err)}}
		}
		in.Release = r.ID
	}
	raw, err := json.Marshal(in)
	return work{Outcome: action.Outcome{Result: raw, Err: err}}
}

// restore takes a drill's fault out.
func (h *hands) restore(ctx context.Context, a action.Action) work {
	var d drill.Drill
	if err := a.Decode(&d); err != nil {
		return unreadable(err)
	}
	return work{Outcome: action.Outcome{Err: h.ground.Restore(ctx, d)}}
}
