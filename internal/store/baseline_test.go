package store

import (
	"context"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

var homeKey = signal.PictureKey{Product: "shop", Journey: "book", Step: "home", Browser: "shell 156.0.1", Viewport: "1280x720@1"}

// pictured is a passing look with one compared step.
func pictured(id signal.ID, r release.ID, k signal.PictureKey, blob string, n int) signal.Signal {
	return signal.Signal{
		ID: id, At: at(n), Product: "shop", Release: r, Kind: signal.Journey, Name: "book", Outcome: signal.Pass, Side: signal.New,
		Steps: []signal.Step{{Index: 1, Type: "click"}, {Index: 2, Type: "screenshot", Compared: &signal.Comparison{Key: k, Picture: blob, State: "new"}}},
	}
}

func TestBaselines(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		baseline := func(k signal.PictureKey) *signal.Baseline {
			return ask(t, s, func(ctx context.Context, tx *Tx) (*signal.Baseline, error) {
				b, ok, err := tx.Baseline(ctx, k)
				if !ok {
					return nil, err
				}
				return &b, err
			})
		}
		promote := func(r release.ID, n, want int) {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *Tx) error {
				got, err := tx.PromoteBaselines(ctx, "shop", r, at(n))
				same(t, "promoted of "+string(r), got, want)
				return err
			})
		}
		put := func(list ...signal.Signal) {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *Tx) error {
				for _, x := range list {
					if err := tx.PutSignal(ctx, x); err != nil {
						return err
					}
				}
				return nil
			})
		}
		newer := homeKey
		newer.Browser = "shell 157.0.1"

		put(pictured("s1", "r1", homeKey, "p1", 1), pictured("s2", "r1", homeKey, "p2", 2))
		same(t, "a candidate is no baseline", baseline(homeKey), nil)
		promote("r1", 3, 1)
		first := &signal.Baseline{Key: homeKey, Release: "r1", Blob: "p2", At: at(3)}
		same(t, "the newest run's", baseline(homeKey), first)
		same(t, "another browser's is returned with its key", baseline(newer), first)
		promote("r1", 4, 0)
		same(t, "promoted once", baseline(homeKey), first)

		put(pictured("s3", "r2", homeKey, "p3", 5), pictured("s4", "r2", newer, "p4", 5))
		write(t, s, func(ctx context.Context, tx *Tx) error {
			n, err := tx.FillBaselines(ctx, "shop", "r2", at(6))
			same(t, "filled", n, 1)
			return err
		})
		same(t, "what was there stays", baseline(homeKey), first)
		same(t, "what was missing is filled", baseline(newer), &signal.Baseline{Key: newer, Release: "r2", Blob: "p4", At: at(6)})
		promote("r2", 7, 1)
		same(t, "the next good release", baseline(homeKey), &signal.Baseline{Key: homeKey, Release: "r2", Blob: "p3", At: at(7)})
		promote("r3", 8, 0)

		used := ask(t, s, func(ctx context.Context, tx *Tx) (map[string]bool, error) { return tx.BlobsInUse(ctx) })
		same(t, "pictures are kept", used, map[string]bool{"p1": true, "p2": true, "p3": true, "p4": true})
	})
}

func TestNoBaselineOfADoubtfulRun(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		bad := map[string]func(*signal.Signal){
			"failed":       func(x *signal.Signal) { x.Outcome = signal.Fail },
			"old":          func(x *signal.Signal) { x.Side = signal.Old },
			"another":      func(x *signal.Signal) { x.Expected, x.Served = "2", "1" },
			"unknown":      func(x *signal.Signal) { x.Expected, x.Served = "2", "" },
			"blank":        func(x *signal.Signal) { x.Steps[1].Compared.Blank = "page" },
			"moving":       func(x *signal.Signal) { x.Steps[1].Compared.Moving = true },
			"no picture":   func(x *signal.Signal) { x.Steps[1].Compared.Picture = "" },
			"no release":   func(x *signal.Signal) { x.Release = "" },
			"quarantined":  func(x *signal.Signal) { x.Quarantined = true },
			"not compared": func(x *signal.Signal) { x.Steps[1].Compared = nil },
		}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for name, spoil := range bad {
				x := pictured(signal.ID(name), "r1", homeKey, "p-"+name, 1)
				spoil(&x)
				if err := tx.PutSignal(ctx, x); err != nil {
					return err
				}
			}
			n, err := tx.PromoteBaselines(ctx, "shop", "r1", at(2))
			same(t, "promoted", n, 0)
			return err
		})
	})
}

func TestAcceptBaseline(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		looks := pictured("s1", "r2", homeKey, "p1", 1)
		looks.Outcome = signal.Fail // the difference failed the run
		blank := pictured("s2", "r2", homeKey, "p2", 1)
		blank.Steps[1].Compared.Blank = "canvas"
		write(t, s, func(ctx context.Context, tx *Tx) error {
			return first(tx.PutSignal(ctx, looks), tx.PutSignal(ctx, blank))
		})
		write(t, s, func(ctx context.Context, tx *Tx) error {
			got, err := tx.AcceptBaseline(ctx, "s1", 2, "ann", at(5))
			same(t, "accepted", got, signal.Baseline{Key: homeKey, Release: "r2", Blob: "p1", At: at(5), By: "ann"})
			return err
		})
		for _, c := range []struct {
			id   signal.ID
			step int
			want fault.Kind
		}{{"s1", 1, fault.NotFound}, {"s1", 0, fault.NotFound}, {"s1", 3, fault.NotFound}, {"none", 2, fault.NotFound}, {"s2", 2, fault.Conflict}} {
			err := s.Write(t.Context(), func(tx *Tx) error {
				_, err := tx.AcceptBaseline(t.Context(), c.id, c.step, "ann", at(6))
				return err
			})
			same(t, string(c.id), fault.KindOf(err), c.want)
		}
		got := ask(t, s, func(ctx context.Context, tx *Tx) (signal.Baseline, error) {
			b, _, err := tx.Baseline(ctx, homeKey)
			return b, err
		})
		same(t, "stays", got.By, "ann")
	})
}

func TestPruneForgetsCandidates(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error {
			return first(tx.PutSignal(ctx, pictured("s1", "gone", homeKey, "p1", 1)), tx.PutSignal(ctx, pictured("s2", "gone", homeKey, "p2", 90)))
		})
		n, err := s.Prune(t.Context(), PruneOptions{Signals: at(50)})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the newest is young", n.Pictures, 0)
		n, err = s.Prune(t.Context(), PruneOptions{Signals: at(100).Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "pruned", n.Pictures, 1)
		used := ask(t, s, func(ctx context.Context, tx *Tx) (map[string]bool, error) { return tx.BlobsInUse(ctx) })
		same(t, "in use", used, map[string]bool{})
	})
}
