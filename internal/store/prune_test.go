package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// Six releases, each with a watch and what was seen; the first has a closed
// incident, the second an open one, the fourth is the last good one, and only
// the newest two are kept for their age.
func TestPruneKeepsWhatItMust(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error { return fill(ctx, tx) })
		old := at(1000)
		pruned, err := s.Prune(t.Context(), PruneOptions{Events: old, Signals: old, Actions: old, Releases: 2})
		if err != nil {
			t.Fatal(err)
		}
		// Of releases 1 and 3: their watch, crawl, first verdict and action, but
		// release 1's action belongs to an incident that is kept. Of the standing
		// watch: two signals. The last event is ahead of the slowest cursor.
		same(t, "pruned", pruned, Pruned{Events: 1, Signals: 4, Verdicts: 2, Watches: 2, Actions: 1, Grants: 1})
		have := func(query string) []string {
			return ask(t, s, func(ctx context.Context, tx *Tx) ([]string, error) { return tx.names(ctx, query) })
		}
		same(t, "signals", have("SELECT id FROM signals ORDER BY id"), []string{"s2", "s4", "s5", "s6", "young"})
		same(t, "actions", have("SELECT key FROM actions ORDER BY key"), []string{"a1", "a2", "queued"})
		same(t, "watches", have("SELECT id FROM watches ORDER BY id"), []string{"standing-shop", "w2", "w4", "w5", "w6"})
		same(t, "latest verdicts", have("SELECT DISTINCT watch FROM verdicts ORDER BY watch"), []string{"w1", "w2", "w3", "w4", "w5", "w6"})
		same(t, "events", have("SELECT CAST(seq AS TEXT) FROM events ORDER BY seq"), []string{"1", "2", "4", "5", "6", "7"})
		same(t, "evidence", have("SELECT blob FROM blob_refs ORDER BY blob"), []string{"blob-e1", "blob-pm", "blob-s2", "blob-s4", "blob-s5", "blob-s6"})
		used := ask(t, s, func(ctx context.Context, tx *Tx) (bool, error) { return tx.BlobInUse(ctx, "blob-s1") })
		same(t, "evidence of a signal that went", used, false)

		pruned, err = s.Prune(t.Context(), PruneOptions{Incidents: old})
		same(t, "prune incidents", err, nil)
		same(t, "pruned incidents", pruned, Pruned{Incidents: 1})
		same(t, "incidents", have("SELECT id FROM incidents"), []string{"INC-2"})
		same(t, "evidence after", have("SELECT blob FROM blob_refs ORDER BY blob"), []string{"blob-s2", "blob-s4", "blob-s5", "blob-s6"})
		pruned, err = s.Prune(t.Context(), PruneOptions{})
		same(t, "prune nothing", err, nil)
		same(t, "pruned nothing", pruned, Pruned{})
		write(t, s, func(ctx context.Context, tx *Tx) error {
			out, err := tx.Append(ctx, journal.New("test.n", at(1), nil))
			same(t, "numbers are not given out again", out[0].Seq, 8)
			return err
		})
	})
}

func fill(ctx context.Context, tx *Tx) error {
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	for i := 1; i <= 6; i++ {
		r, w := fmt.Sprint("r", i), fmt.Sprint("w", i)
		inc := ""
		if i <= 2 {
			inc = fmt.Sprint("INC-", i)
		}
		add(tx.PutRelease(ctx, release.Release{ID: release.ID(r), Product: "shop", At: at(i)}))
		add(tx.PutWatch(ctx, watch.Watch{ID: watch.ID(w), Kind: watch.KindRelease, Product: "shop", Release: release.ID(r), State: watch.Ended, Ended: at(i)}))
		add(tx.PutSignal(ctx, signal.Signal{
			ID: signal.ID(fmt.Sprint("s", i)), At: at(i), Release: release.ID(r), Watch: w, Kind: signal.Journey,
			Evidence: []signal.Evidence{{Blob: fmt.Sprint("blob-s", i)}},
		}))
		add(tx.PutVerdict(ctx, verdict.Verdict{Watch: watch.ID(w), Release: release.ID(r), State: verdict.Observing, At: at(i)}))
		add(tx.PutVerdict(ctx, verdict.Verdict{Watch: watch.ID(w), Release: release.ID(r), State: verdict.Healthy, At: at(i)}))
		_, err := tx.Append(ctx, journal.New("test.n", at(i), i).About("shop", r, w, inc))
		add(err)
		if i <= 3 {
			a := do(i)
			a.Key, a.Incident = fmt.Sprint("a", i), inc
			add(tx.Queue(ctx, a))
			a.State = action.Failed
			a.Finished = at(i)
			add(tx.keep(ctx, a, ""))
		}
	}
	standing := watch.StandingID("shop")
	add(tx.PutWatch(ctx, watch.Watch{ID: standing, Kind: watch.KindStanding, Product: "shop", Release: "r6", State: watch.Open}))
	for i, id := range []signal.ID{"old1", "old2", "young"} {
		add(tx.PutSignal(ctx, signal.Signal{ID: id, At: at(i * 600), Release: "r6", Watch: string(standing), Kind: signal.Probe}))
	}
	_, err := tx.Append(ctx, journal.New("test.ahead", at(1), nil))
	add(err)
	add(tx.Advance(ctx, "fast", 0, 7))
	add(tx.Advance(ctx, "slow", 0, 6))
	add(tx.PutState(ctx, release.State{Product: "shop", Live: "r6", LastGood: "r4"}))
	add(tx.PutIncident(ctx, incident.Incident{ID: "INC-1", Release: "r1", Watch: "w1", State: incident.Resolved, Resolved: at(1)}))
	add(tx.PutIncident(ctx, incident.Incident{ID: "INC-2", Release: "r2", Watch: "w2", State: incident.Triggered, Detected: at(1)}))
	add(tx.AddEntry(ctx, incident.Entry{Incident: "INC-1", Seq: 1, At: at(1), Evidence: []signal.Evidence{{Blob: "blob-e1"}}}))
	add(tx.PutPostmortem(ctx, postmortem.Postmortem{Incident: "INC-1", Screenshots: []signal.Evidence{{Blob: "blob-pm"}}}))
	add(tx.Queue(ctx, action.Action{Key: "queued", Kind: "test.do", Due: at(1)}))
	add(tx.PutGrant(ctx, access.Grant{ID: "g1", Hash: "h1", Expires: at(1)}))
	add(tx.PutGrant(ctx, access.Grant{ID: "g2", Hash: "h2"}))
	return first(errs...)
}

func TestPruneGivesSpaceBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, "sqlite:"+path, "")
	write(t, s, func(ctx context.Context, tx *Tx) error {
		for range 1200 {
			if _, err := tx.Append(ctx, journal.New("test.big", at(0), strings.Repeat("x", 3000))); err != nil {
				return err
			}
		}
		return tx.Advance(ctx, "reader", 0, 1200)
	})
	pages := func() (n int) {
		if err := s.write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := pages()
	pruned, err := s.Prune(t.Context(), PruneOptions{Events: at(1)})
	same(t, "prune", err, nil)
	same(t, "pruned", pruned.Events, 1200)
	if after := pages(); after > before/2 {
		t.Errorf("pages: %d before, %d after", before, after)
	}
}
