package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

// observer enters what was seen outside the planned looks: the standing
// probes, the served version, and the boot reports of real pages.
type observer struct {
	store *store.Store
	desk  *Desk
	now   func() time.Time
}

// observe writes a signal: whole among the signals, brief in the journal.
func observe(ctx context.Context, tx *store.Tx, s signal.Signal) error {
	if err := tx.PutSignal(ctx, s); err != nil {
		return fmt.Errorf("keep signal %s: %w", s.ID, err)
	}
	_, err := tx.Append(ctx, signal.Observed(s.Brief()))
	return err
}

// signalID names a signal by what it is the result of.
func signalID(parts ...string) signal.ID {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s;", len(p), p)
	}
	return signal.ID("s" + hex.EncodeToString(h.Sum(nil))[:20])
}

// Report takes a standing observation. While a release is watched, that watch
// looks at the product itself, so only the providers' probes are entered.
func (o *observer) Report(ctx context.Context, s signal.Signal) error {
	s.At = settled(s.At, o.now())
	return o.store.Write(ctx, func(tx *store.Tx) error {
		if s.Kind == signal.Version && s.Served != "" {
			if err := served(ctx, tx, s); err != nil {
				return err
			}
		}
		open, err := tx.OpenWatches(ctx, s.Product)
		if err != nil {
			return err
		}
		if len(open) > 1 && s.Kind != signal.Probe {
			return nil
		}
		s.Watch, s.Release = string(watch.StandingID(s.Product)), ""
		s.Side = signal.None
		if s.Confirm && s.Outcome == signal.Fail {
			s.Looks = max(s.Round, 1) // the prober looked again by itself
		}
		if s.Kind == signal.Version {
			s.Name, s.Side = "version", signal.New
		}
		s.ID = signalID(s.Watch, string(s.Kind), s.Name, s.At.String())
		return observe(ctx, tx, s)
	})
}

// served remembers the version last read from the product.
func served(ctx context.Context, tx *store.Tx, s signal.Signal) error {
	st, err := tx.State(ctx, s.Product)
	if err != nil {
		return err
	}
	st.Product, st.Served, st.ServedAt = s.Product, s.Served, s.At
	return tx.PutState(ctx, st)
}

// Notice takes a change of the served version.
func (o *observer) Notice(ctx context.Context, n signal.Noticed) error {
	err := o.store.Write(ctx, func(tx *store.Tx) error {
		return served(ctx, tx, signal.Signal{Product: n.Product, Served: n.Version, At: o.now()})
	})
	if err != nil {
		return err
	}
	return o.desk.Notice(ctx, n.Product, n.Version)
}

// Known returns the version that the ledger holds for live, or "".
func (o *observer) Known(id product.ID) (version string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = o.store.Read(ctx, func(tx *store.Tx) error {
		_, live, err := standing(ctx, tx, id)
		if live != nil {
			version = live.Version
		}
		return err
	})
	return version
}

// Release returns the newest release of a version, and whether there is one.
func (o *observer) Release(id product.ID, version string) (release.ID, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := read(ctx, o.store, func(tx *store.Tx) ([]release.Release, error) { return tx.ReleasesOf(ctx, id, version) })
	if err != nil || len(rows) == 0 {
		return "", false
	}
	return rows[0].ID, true
}

// Boot takes one page's report of its own start and gives it to the watch of
// the release that the page belongs to.
func (o *observer) Boot(ctx context.Context, s signal.Signal) error {
	s.At = settled(s.At, o.now())
	return o.store.Write(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenWatches(ctx, s.Product)
		if err != nil {
			return err
		}
		s.Watch = string(watch.StandingID(s.Product))
		for _, w := range open {
			if s.Served != "" && w.Kind != watch.KindStanding && (w.Version == s.Served || w.Against == s.Served) {
				s.Watch, s.Release = string(w.ID), w.Release
				s.Side = signal.New
				if w.Against == s.Served {
					s.Side = signal.Old
				}
			}
		}
		if s.BootInfo != nil {
			s.ID = signalID(s.Watch, "boot", s.BootInfo.Token, s.BootInfo.Event, s.At.String())
		}
		return observe(ctx, tx, s)
	})
}
