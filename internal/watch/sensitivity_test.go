package watch_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/watch"
)

// doubted is the standing of a release whose pipeline was no evidence.
func doubted(id release.ID, why string) pipeline.Standing {
	return pipeline.Standing{
		Product: "shop", Release: id, State: pipeline.TrustUnverified,
		Reasons: []pipeline.Reason{{Step: "unit", Level: rule.Fail, Text: why}},
	}
}

// judge hands the watch what the pipeline's stage said.
func (d *desk) judge(st pipeline.Standing, at time.Duration) action.Plan {
	return d.event(journal.New(pipeline.EventJudged, t0, st), at)
}

// dueAt is when a key is due.
func dueAt(t *testing.T, plan action.Plan, key string) time.Duration {
	t.Helper()
	for _, x := range plan.Due {
		if x.Key == key {
			return x.At.Sub(t0)
		}
	}
	t.Fatalf("%s is not due: %+v", key, plan.Due)
	return 0
}

func TestDoubtedReleaseIsWatchedLongerAndDenser(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.standing = map[release.ID]pipeline.Standing{"shop-2": doubted("shop-2", "unit: exit 0, and Jest says 2 failed")}
	plan := d.deploy("shop-2", "v2", 0)
	w := d.watches["w-shop-2"]
	want := &watch.Sensitivity{Level: watch.High, Reason: "CI was green against its own evidence: unit: exit 0, and Jest says 2 failed", Since: t0}
	if diff := cmp.Diff(w.Sensitivity, want); diff != "" {
		t.Errorf("sensitivity (-got +want):\n%s", diff)
	}
	if got := dueAt(t, plan, "watch/close/w-shop-2"); got != 20*time.Minute || w.Until.Sub(t0) != got {
		t.Errorf("it closes after %s", got)
	}
	if got := dueAt(t, plan, "watch/tick/w-shop-2/"); got != 7500*time.Millisecond {
		t.Errorf("the next round comes after %s", got)
	}
	next := d.due(plan, "watch/tick/", 8*time.Second)
	if got := dueAt(t, next, "watch/tick/w-shop-2/"); got != 15500*time.Millisecond {
		t.Errorf("the round after comes at %s", got)
	}
	if got := looks(t, next); len(got) != 6 {
		t.Errorf("a round looks at %v", got)
	}
}

// More rounds are more chances for a flake: a sensitive watch asks for no
// fewer failures in a row than another, and for more where its length says so.
func TestSensitiveWatchIsNotQuickerToBlame(t *testing.T) {
	t.Parallel()
	known := map[string]flake.Record{"book": flake.Record{}.Saw(340, 0, "", t0).Saw(34, 34, "", t0)}
	d := newDesk(t)
	p := d.stage.Products["shop"]
	plain := watch.Watch{Kind: watch.KindRelease, Flakes: known}
	doubted := plain
	doubted.Sensitivity = &watch.Sensitivity{Level: watch.High}
	for _, passed := range []bool{true, false} {
		for _, journey := range []string{"book", "pay"} {
			a, b := plain.Needs(p, journey, "", passed), doubted.Needs(p, journey, "", passed)
			if b < a {
				t.Errorf("%s, passed %v: %d in a row instead of %d", journey, passed, b, a)
			}
		}
	}
}

func TestOpenWatchIsRaisedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.deploy("shop-2", "v2", 0)
	plan := d.judge(doubted("shop-2", "unit is silent"), 4*time.Minute)
	if len(plan.Events) != 1 || plan.Events[0].Kind != watch.EventRaised {
		t.Fatalf("events %+v", plan.Events)
	}
	if got := dueAt(t, plan, "watch/close/w-shop-2"); got != 20*time.Minute {
		t.Errorf("it closes after %s", got)
	}
	if again := d.judge(doubted("shop-2", "unit is silent"), 5*time.Minute); len(again.Events)+len(again.Due) != 0 {
		t.Errorf("raised again: %+v", again)
	}
	if more := d.judge(doubted("shop-2", "e2e is missing as well"), 6*time.Minute); len(more.Due) != 0 || d.watches["w-shop-2"].Reason() != "CI was green against its own evidence: e2e is missing as well" {
		t.Errorf("a new reason: %+v, %+v", more, d.watches["w-shop-2"].Sensitivity)
	}
	mended := pipeline.Standing{Product: "shop", Release: "shop-2", State: pipeline.TrustVerified}
	if d.judge(mended, 7*time.Minute); !d.watches["w-shop-2"].Sensitive() {
		t.Error("a step that was repeated until it passed ends the doubt")
	}
	// The close that was due before it was raised comes too early now.
	d.due(first, "watch/close/", 10*time.Minute)
	if w := d.watches["w-shop-2"]; w.State != watch.Open {
		t.Errorf("it was closed early: %+v", w)
	}
	d.due(plan, "watch/close/", 20*time.Minute)
	if w := d.watches["w-shop-2"]; w.State != watch.Ended {
		t.Errorf("it was not closed: %+v", w)
	}
	if late := d.judge(doubted("shop-2", "told too late"), time.Hour); len(late.Events)+len(late.Due) != 0 {
		t.Errorf("a watch that is over was raised: %+v", late)
	}
}

func TestRollbackAndUnknownPipelinesRaiseNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.standing = map[release.ID]pipeline.Standing{
		"shop-2": {Release: "shop-2", State: pipeline.TrustUnknown}, "shop-3": doubted("shop-3", "x"),
	}
	if d.deploy("shop-2", "v2", 0); d.watches["w-shop-2"].Sensitive() {
		t.Error("a pipeline that is not over is held against the release")
	}
	back := release.Release{ID: "shop-3", Product: "shop", Version: "v1", Source: release.Rollback}
	d.releases["shop-3"] = back
	d.event(journal.New(release.EventDeployed, t0, back), time.Minute)
	d.judge(doubted("shop-3", "x"), 2*time.Minute)
	if w := d.watches["w-shop-3"]; w.Kind != watch.KindVerify || w.Sensitive() {
		t.Errorf("a rollback is doubted: %+v", w)
	}
	if plan := d.judge(doubted("shop-9", "x"), 3*time.Minute); len(plan.Events) != 0 {
		t.Errorf("a release nobody watches: %+v", plan)
	}
}
