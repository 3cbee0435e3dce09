package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/release"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func announce(t *testing.T, st release.State, live *release.Release, a release.Announcement) release.Entry {
	t.Helper()
	a.Product = "shop"
	e, err := release.Announce(st, live, a, t0)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnnounceTwiceIsOneRelease(t *testing.T) {
	t.Parallel()
	first := announce(t, release.State{Product: "shop"}, nil, release.Announcement{Version: "v1", Commit: "abc"})
	again := announce(t, first.State, &first.Release, release.Announcement{Version: "v1", Commit: "abc"})
	if again.New || again.Release.ID != first.Release.ID {
		t.Errorf("telling again made %+v", again)
	}
	config := announce(t, first.State, &first.Release, release.Announcement{Version: "v1", Commit: "abc", Config: []string{"url: a -> b"}})
	if !config.New || config.Release.ID != "shop-2" {
		t.Errorf("a configuration change of the same version is a release of its own, got %+v", config)
	}
}

func TestNoticedThenAnnouncedIsEnriched(t *testing.T) {
	t.Parallel()
	noticed, ok := release.Notice(release.State{Product: "shop", Count: 4}, &release.Release{ID: "shop-4", Version: "v1"}, "v2", t0)
	if !ok || noticed.Release.Source != release.Noticed || noticed.Release.Previous != "shop-4" {
		t.Fatalf("noticed %+v, %v", noticed, ok)
	}
	told := announce(t, noticed.State, &noticed.Release, release.Announcement{Version: "v2", Commit: "abc", Config: []string{"x: 1 -> 2"}})
	if told.New || told.Release.ID != "shop-5" || told.Release.Commit != "abc" || len(told.Release.Config) != 1 {
		t.Errorf("enriched %+v", told)
	}
	if _, again := release.Notice(told.State, &told.Release, "v2", t0); again {
		t.Error("the live version is not news")
	}
}

func TestFirstVersionSeenIsTheBaseline(t *testing.T) {
	t.Parallel()
	e, ok := release.Notice(release.State{Product: "shop"}, nil, "v7", t0)
	if !ok || e.Release.Source != release.Baseline || e.Release.Judgement != release.Unjudged || e.State.LastGood != "" {
		t.Errorf("baseline %+v, %v: what was never judged is not good", e, ok)
	}
}

func TestPinHoldsTheBadVersionBack(t *testing.T) {
	t.Parallel()
	good := release.Release{ID: "shop-1", Product: "shop", Version: "v1", Judgement: release.Good}
	bad := release.Release{ID: "shop-2", Product: "shop", Version: "v2", Judgement: release.Bad}
	st := release.State{Product: "shop", Live: "shop-2", LastGood: "shop-1", Count: 2}
	back := release.Undo(st, bad, good, release.Pin{By: "postflight", Reason: "journey fails", At: t0})
	if back.State.Pin == nil || back.State.Pin.Bad != "v2" || back.Release.Undoes != "shop-2" || back.Release.Restores != "shop-1" {
		t.Fatalf("undo %+v", back)
	}
	_, err := release.Announce(back.State, &back.Release, release.Announcement{Product: "shop", Version: "v2"}, t0)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.HintOf(err), "--force") {
		t.Errorf("releasing the bad version again: %v", err)
	}
	forced := announce(t, back.State, &back.Release, release.Announcement{Version: "v2", Force: true})
	if !forced.New || forced.State.Pin != nil {
		t.Errorf("forced %+v", forced)
	}
	came, ok := release.Notice(back.State, &back.Release, "v2", t0)
	if !ok || came.Release.Violates == nil {
		t.Errorf("the bad version came back by itself: %+v", came.Release)
	}
}

func TestOnlyAnotherGoodVersionLiftsThePin(t *testing.T) {
	t.Parallel()
	pin := &release.Pin{Version: "v1", Bad: "v2"}
	st := release.State{Product: "shop", Live: "shop-3", Pin: pin}
	same := release.Remember(st, release.Release{ID: "shop-3", Version: "v1"}, release.Good)
	if same.State.Pin == nil || same.State.LastGood != "shop-3" {
		t.Errorf("the restored version must stay pinned: %+v", same.State)
	}
	fixed := release.Remember(st, release.Release{ID: "shop-3", Version: "v3"}, release.Good)
	if fixed.State.Pin != nil {
		t.Errorf("a good new version lifts the pin: %+v", fixed.State)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	rel := func(id release.ID, v string, j release.Judgement, n int) release.Release {
		return release.Release{ID: id, Product: "shop", Version: v, Judgement: j, At: at(n)}
	}
	bad := rel("shop-9", "v9", release.Unjudged, 9)
	bad.Compare = "shop-8"
	for name, c := range map[string]struct {
		past   []release.Release
		proven bool
		want   release.ID
	}{
		"newest good":                  {[]release.Release{rel("a", "v1", release.Good, 1), rel("b", "v2", release.Good, 2)}, false, "b"},
		"never one judged bad":         {[]release.Release{rel("a", "v1", release.Good, 1), rel("b", "v2", release.Good, 2), rel("c", "v2", release.Bad, 3)}, false, "a"},
		"never the bad version itself": {[]release.Release{rel("a", "v9", release.Good, 1)}, true, ""},
		"unjudged is not good":         {[]release.Release{rel("shop-8", "v8", release.Unjudged, 8)}, false, ""},
		"unjudged but seen working":    {[]release.Release{rel("shop-8", "v8", release.Unjudged, 8)}, true, "shop-8"},
		"nothing before":               {nil, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := release.Target(append(c.past, bad), bad, c.proven)
			if diff := cmp.Diff(c.want, got.ID); diff != "" || ok != (c.want != "") {
				t.Errorf("target (-want +got): %s", diff)
			}
		})
	}
}

func TestAnnounceRefusesWhatIsNotAVersion(t *testing.T) {
	t.Parallel()
	for _, a := range []release.Announcement{
		{},
		{Version: "../v1"},
		{Version: "a\nb"},
		{Version: strings.Repeat("v", 200)},
		{Version: ".."},
		{Version: "  "},
		{Version: "v1 "},
		{Version: "v1\u202e2v"},
		{Version: "v1", By: "ann\u2028bob"},
		{Version: "v1", URL: "not a url"},
		{Version: "v1", Config: []string{"a\x1b[31m"}},
		{Version: "v1", Config: make([]string, 60)},
	} {
		if _, err := release.Announce(release.State{}, nil, a, t0); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v was taken: %v", a, err)
		}
	}
}

func TestSecondRollbackKeepsTheFirstPin(t *testing.T) {
	t.Parallel()
	good := release.Release{ID: "shop-1", Product: "shop", Version: "v1", Judgement: release.Good}
	one := release.Undo(release.State{Product: "shop", Count: 2}, release.Release{ID: "shop-2", Product: "shop", Version: "v2"}, good, release.Pin{By: "ann", At: t0})
	two := release.Undo(one.State, release.Release{ID: "shop-4", Product: "shop", Version: "v3"}, good, release.Pin{By: "ann", At: t0})
	for _, v := range []string{"v2", "v3"} {
		if _, err := release.Announce(two.State, &two.Release, release.Announcement{Product: "shop", Version: v}, t0); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s came back: %v", v, err)
		}
	}
	forced := announce(t, two.State, &two.Release, release.Announcement{Version: "v3", Force: true})
	if !forced.State.Pin.Holds("v2") || forced.State.Pin.Holds("v3") {
		t.Errorf("forcing v3 left %+v", forced.State.Pin)
	}
	last := announce(t, forced.State, &forced.Release, release.Announcement{Version: "v2", Force: true})
	if last.State.Pin != nil {
		t.Errorf("nothing is held back, but %+v", last.State.Pin)
	}
}

func TestUndoneReleaseIsNotTheLastGoodOne(t *testing.T) {
	t.Parallel()
	good := release.Release{ID: "shop-1", Product: "shop", Version: "v1", Judgement: release.Good}
	bad := release.Release{ID: "shop-2", Product: "shop", Version: "v2", Judgement: release.Good}
	e := release.Undo(release.State{Product: "shop", Count: 2, LastGood: "shop-2"}, bad, good, release.Pin{By: "ann", At: t0})
	if e.State.LastGood != "shop-1" || e.Release.Compare != "shop-1" {
		t.Errorf("undo %+v", e)
	}
}
