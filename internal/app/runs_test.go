package app

import (
	"context"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/watch"
)

// TestRunsAreShownAndFilmedOnlyForWhoLooks: nobody pays for pictures that
// nobody sees, and a slow reader holds up no run.
func TestRunsAreShownAndFilmedOnlyForWhoLooks(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	r := newRuns(func() time.Time { return now })
	look := watch.Look{Product: "shop", Name: "book", Version: "v2"}
	unseen := r.begin("s1", product.Journey{ID: "book"}, look)
	if unseen.watch() != nil {
		t.Error("filmed although nobody looks")
	}
	if got := r.list(); len(got) != 1 || got[0].Screen || got[0].Journey != "book" {
		t.Fatalf("running: %+v", got)
	}
	if _, err := r.Screen(t.Context(), "s1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a run that is not filmed: %v", err)
	}
	r.end(unseen)
	seen := r.begin("s2", product.Journey{ID: "book"}, look)
	if seen.watch() == nil {
		t.Fatal("somebody has just looked, and it is not filmed")
	}
	seen.steps(3)
	seen.reached(2, "Book")
	if got := r.list(); len(got) != 1 || got[0].Step != 2 || got[0].Steps != 3 || got[0].StepTitle != "Book" || !got[0].Screen {
		t.Errorf("running: %+v", got)
	}
	ctx, leave := context.WithCancel(t.Context())
	stays, err := r.Screen(t.Context(), "s2")
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := r.Screen(ctx, "s2")
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if _, open := <-leaves; open {
		t.Error("a picture for one who left")
	}
	for i := range 100 {
		seen.frame([]byte{byte(i)})
	}
	if got := <-stays; got[0] != 99 {
		t.Errorf("a slow reader gets picture %d, not the newest", got[0])
	}
	late, err := r.Screen(t.Context(), "s2")
	if err != nil {
		t.Fatal(err)
	}
	if got := <-late; got[0] != 99 {
		t.Errorf("one who comes late sees picture %d", got[0])
	}
	r.end(seen)
	for _, ch := range []<-chan []byte{stays, late} {
		if _, open := <-ch; open {
			t.Error("the pictures go on after the run")
		}
	}
	now = now.Add(time.Hour)
	if r.begin("s3", product.Journey{ID: "book"}, look).watch() != nil {
		t.Error("filmed an hour after somebody looked")
	}
	if _, err := r.Screen(t.Context(), "s2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a run that is over: %v", err)
	}
}
