package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
)

// TestJourneyView asks for what the journey pages show, from a real store.
func TestJourneyView(t *testing.T) {
	t.Parallel()
	p := product.Product{ID: "shop", Journeys: []product.Journey{{ID: "book"}}}
	h := kitchen(t, p)
	start := time.Now().Add(-10 * time.Hour)
	v := &journeyView{store: h.store, products: []product.Product{p}, runs: newRuns(time.Now), now: time.Now}
	key := signal.PictureKey{Product: "shop", Journey: "book", Step: "home", Browser: "shell 156", Viewport: "1280x720@1"}
	run := func(id signal.ID, version string, hour int, left *int) signal.Signal {
		return signal.Signal{
			ID: id, At: start.Add(time.Duration(hour) * time.Hour), Product: "shop", Kind: signal.Journey, Name: "book", Outcome: signal.Pass,
			Side: signal.New, Served: version, Took: time.Second, Browser: "shell 156", Viewport: "1280x720@1", Left: left,
			Steps: []signal.Step{{Index: 1, Outcome: signal.Pass, Title: "home", Compared: &signal.Comparison{Key: key, Picture: "picture-" + string(id), State: "different"}}},
		}
	}
	two, none := 2, 0
	err := h.store.Write(t.Context(), func(tx *store.Tx) error {
		for i, version := range []string{"v1", "v2", "v3"} {
			id := release.ID("shop-" + version)
			r := release.Release{ID: id, Product: "shop", Version: version, At: start.Add(time.Duration(2*i) * time.Hour)}
			if i > 0 {
				r.Previous, r.Compare = "shop-v1", "shop-v1"
			}
			if err := tx.PutRelease(t.Context(), r); err != nil {
				return err
			}
		}
		for _, s := range []signal.Signal{run("a", "v1", 1, &two), run("b", "v1", 1, nil), run("c", "v3", 5, &none)} {
			if err := tx.PutSignal(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := v.Journeys(t.Context())
	if err != nil || len(all) != 1 || all[0].Left != 2 || all[0].Counted != 2 {
		t.Errorf("standings %+v, %v", all, err)
	}

	if err := v.AcceptPicture(t.Context(), "b", 1, "ann"); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[signal.ID]int{"a": 0, "b": 1} {
		got, err := v.Run(t.Context(), id)
		if err != nil || len(got.Accepted) != want || want == 1 && (got.Accepted[0].By != "ann" || got.Accepted[0].Blob != "picture-b") {
			t.Errorf("run %s: accepted %+v, %v", id, got.Accepted, err)
		}
	}

	// v1 went live before the time that is shown, and v3 is measured against it.
	trend, err := v.Trend(t.Context(), "shop", "book", start.Add(30*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var marks, besides []string
	for _, r := range trend.Releases {
		marks = append(marks, r.Version)
	}
	for _, b := range trend.Beside {
		besides = append(besides, b.Before+" "+b.After+" "+b.State)
		if b.Need == 0 || b.NeedBefore == 0 {
			t.Errorf("nothing is known, and nothing is needed: %+v", b)
		}
	}
	if d := cmp.Diff([]string{"v2", "v3"}, marks) + cmp.Diff([]string{"v1 v3 unknown", "v1 v2 unknown"}, besides); d != "" {
		t.Error(d)
	}
}
