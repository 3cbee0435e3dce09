package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// pictureID names a picture's row: its key, and the release for a candidate.
func pictureID(k signal.PictureKey, r release.ID) (string, error) {
	raw, err := json.Marshal(struct {
		signal.PictureKey
		Release release.ID `json:"release,omitempty"`
	}{k, r})
	if err != nil {
		return "", fmt.Errorf("name picture: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// PutCandidates notes the pictures of a run that its release is compared by
// later, if it is found good. The newest run's count.
func (t *Tx) PutCandidates(ctx context.Context, s signal.Signal) error {
	for _, b := range s.Candidates() {
		id, err := pictureID(b.Key, b.Release)
		if err != nil {
			return err
		}
		err = t.put(ctx, "picture", id, b, `INSERT INTO baseline_candidates (id, body, product, release_id, at)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET body = excluded.body, at = excluded.at`, b.Key.Product, b.Release, b.At)
		if err != nil {
			return err
		}
		if err := t.refer(ctx, "candidate/"+id, []string{b.Blob}); err != nil {
			return err
		}
	}
	return nil
}

// Baseline returns the picture that one under this key is compared with. When
// there is none under the whole key it returns the newest one of the same step
// in another browser or viewport, so that a caller can say that; its Key tells.
func (t *Tx) Baseline(ctx context.Context, k signal.PictureKey) (signal.Baseline, bool, error) {
	id, err := pictureID(k, "")
	if err != nil {
		return signal.Baseline{}, false, err
	}
	b, ok, err := find[signal.Baseline](ctx, t, `SELECT body FROM baselines WHERE id = $1`, id)
	if err == nil && !ok {
		b, ok, err = find[signal.Baseline](ctx, t, `SELECT body FROM baselines
			WHERE product = $1 AND journey = $2 AND step = $3 ORDER BY at DESC, id LIMIT 1`, k.Product, k.Journey, k.Step)
	}
	if err != nil {
		return b, false, fmt.Errorf("read baseline of %s: %w", k.Step, err)
	}
	return b, ok, nil
}

// PromoteBaselines makes a release's pictures the ones that later releases are
// compared with. It is called when the watch on the release ended healthy; a
// second call changes nothing. It returns how many pictures there were.
func (t *Tx) PromoteBaselines(ctx context.Context, p product.ID, r release.ID, now time.Time) (int, error) {
	return t.promote(ctx, p, r, now, false)
}

// FillBaselines is PromoteBaselines for the keys that have no baseline yet: a
// new step, or a new browser. It is called when the last good release's
// journeys pass outside of a release watch.
func (t *Tx) FillBaselines(ctx context.Context, p product.ID, r release.ID, now time.Time) (int, error) {
	return t.promote(ctx, p, r, now, true)
}

func (t *Tx) promote(ctx context.Context, p product.ID, r release.ID, now time.Time, missing bool) (int, error) {
	all, err := list[signal.Baseline](ctx, t,
		`SELECT body FROM baseline_candidates WHERE product = $1 AND release_id = $2 ORDER BY id`, p, r)
	if err != nil {
		return 0, fmt.Errorf("read pictures of release %s: %w", r, err)
	}
	n := 0
	for _, b := range all {
		have, ok, err := t.Baseline(ctx, b.Key)
		if err != nil {
			return n, err
		}
		ok = ok && have.Key == b.Key
		// What a person accepted on this release stays theirs.
		if ok && (missing || have.Release == r) {
			continue
		}
		b.At = now
		if err := t.putBaseline(ctx, b); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (t *Tx) putBaseline(ctx context.Context, b signal.Baseline) error {
	id, err := pictureID(b.Key, "")
	if err != nil {
		return err
	}
	err = t.put(ctx, "baseline", id, b, `INSERT INTO baselines (id, body, product, journey, step, release_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, release_id = excluded.release_id, at = excluded.at`,
		b.Key.Product, b.Key.Journey, b.Key.Step, b.Release, b.At)
	if err != nil {
		return err
	}
	return t.refer(ctx, "baseline/"+id, []string{b.Blob})
}

// AcceptBaseline makes one picture of a signal the baseline because a person
// says that this is how it should look.
func (t *Tx) AcceptBaseline(ctx context.Context, id signal.ID, step int, by string, now time.Time) (signal.Baseline, error) {
	s, err := t.Signal(ctx, id)
	if err != nil {
		return signal.Baseline{}, err
	}
	if step < 1 || step > len(s.Steps) || s.Steps[step-1].Compared == nil {
		return signal.Baseline{}, fault.New(fault.NotFound, "this run has no picture of that step", "only steps that are compared have one")
	}
	c := *s.Steps[step-1].Compared
	if !c.Accepts() {
		return signal.Baseline{}, fault.New(fault.Conflict, "this picture cannot be compared with", "it shows nothing, or never stood still: ignore the region that moves")
	}
	b := signal.Baseline{Key: c.Key, Release: s.Release, Blob: c.Picture, At: now, By: by}
	return b, t.putBaseline(ctx, b)
}
