package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// PutSignal writes an observation. The same id again changes nothing: an
// observation is never rewritten.
func (t *Tx) PutSignal(ctx context.Context, s signal.Signal) error {
	brief, err := encode(briefly(s))
	if err != nil {
		return fmt.Errorf("write signal %s: %w", s.ID, err)
	}
	err = t.put(ctx, "signal", string(s.ID), s, `INSERT INTO signals (id, body, brief, watch, product, release_id, kind, outcome, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		brief, s.Watch, s.Product, s.Release, s.Kind, s.Outcome, s.At)
	if err != nil {
		return err
	}
	blobs := evidence(s.Evidence)
	for _, step := range s.Steps {
		blobs = append(blobs, step.Screenshot)
		if c := step.Compared; c != nil {
			blobs = append(blobs, c.Baseline, c.Picture, c.Diff)
		}
	}
	if err := t.refer(ctx, "signal/"+string(s.ID), blobs); err != nil {
		return err
	}
	if err := t.PutTrend(ctx, s); err != nil {
		return err
	}
	return t.PutCandidates(ctx, s)
}

// briefly drops what only the page of the signal itself shows: steps, and
// assets that are fine.
func briefly(s signal.Signal) signal.Signal {
	s.Steps = nil
	var bad []signal.Asset
	for _, a := range s.Assets {
		if a.Problem != "" {
			bad = append(bad, a)
		}
	}
	s.Assets = bad
	return s
}

// evidence returns the artifacts that evidence points at.
func evidence(list []signal.Evidence) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, e.Blob)
	}
	return out
}

// Signal returns one signal, whole.
func (t *Tx) Signal(ctx context.Context, id signal.ID) (signal.Signal, error) {
	return get[signal.Signal](ctx, t, "signal", string(id), `SELECT body FROM signals WHERE id = $1`)
}

// Signals returns the newest signals of a watch, whole, in time order.
func (t *Tx) Signals(ctx context.Context, watch string, limit int) ([]signal.Signal, error) {
	return t.SignalsAbout(ctx, SignalFilter{Watch: watch, Limit: limit})
}

// BriefSignals is Signals without steps and without the assets that are fine:
// what a verdict needs. Boot reports and our own looks are bounded each for
// themselves, so that a flood of visitors does not hide what we saw.
func (t *Tx) BriefSignals(ctx context.Context, watch string, limit int) ([]signal.Signal, error) {
	looks, err := t.SignalsAbout(ctx, SignalFilter{
		Watch: watch, Limit: limit, Brief: true,
		Kinds: []signal.Kind{
			signal.Journey, signal.Assets, signal.OldAsset, signal.Version, signal.Probe, signal.Health,
		},
	})
	if err != nil {
		return nil, err
	}
	boots, err := t.SignalsAbout(ctx, SignalFilter{Watch: watch, Limit: limit, Brief: true, Kinds: []signal.Kind{signal.Boot}})
	if err != nil {
		return nil, err
	}
	out := append(looks, boots...)
	slices.SortStableFunc(out, func(a, b signal.Signal) int { return a.At.Compare(b.At) })
	return out, nil
}

// SignalFilter chooses signals; empty fields choose all.
type SignalFilter struct {
	Product, Release, Watch string
	Kinds                   []signal.Kind
	Outcomes                []signal.Outcome
	Brief                   bool // without steps and assets that are fine
	Limit                   int
}

// SignalsAbout returns the newest signals that match, in time order.
func (t *Tx) SignalsAbout(ctx context.Context, f SignalFilter) ([]signal.Signal, error) {
	var w where
	w.is("product", f.Product)
	w.is("release_id", f.Release)
	w.is("watch", f.Watch)
	in(&w, "kind", f.Kinds)
	in(&w, "outcome", f.Outcomes)
	column := "body"
	if f.Brief {
		column = "brief"
	}
	out, err := list[signal.Signal](ctx, t, fmt.Sprintf(
		"SELECT %s FROM (SELECT %s, at, id FROM signals%s ORDER BY at DESC, id DESC LIMIT %d) AS newest ORDER BY at, id",
		column, column, w.String(), bound(f.Limit)), w.args...)
	if err != nil {
		return nil, fmt.Errorf("read signals: %w", err)
	}
	return out, nil
}

// lastAssets finds the newest crawl of a release that found all in order.
const lastAssets = ` FROM signals WHERE release_id = $1 AND kind = 'assets' AND outcome = 'pass'
	ORDER BY at DESC, id DESC LIMIT 1`

// LastAssets returns the addresses of a release's own files (not its pages,
// not other people's) as its last passing crawl saw them; nothing when it was
// never crawled.
func (t *Tx) LastAssets(ctx context.Context, r release.ID) ([]string, error) {
	s, _, err := find[signal.Signal](ctx, t, `SELECT body`+lastAssets, r)
	if err != nil {
		return nil, fmt.Errorf("read assets of release %s: %w", r, err)
	}
	var urls []string
	for _, a := range s.Assets {
		if !a.External && a.Kind != "html" && a.Problem == "" {
			urls = append(urls, a.URL)
		}
	}
	return urls, nil
}
