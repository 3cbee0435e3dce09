package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/demo"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/slacktest"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// enoughKills is how often the server dies at least.
const enoughKills = 30

// moment is when the server is killed next.
type moment struct {
	name string
	rank int           // moments of one story come in this order
	kind journal.Kind  // after an event of this kind
	trap string        // at a call of this method of the chat …
	kept bool          // … after the chat did the work
	flip bool          // when the pointer has moved away
	wait time.Duration // at most this long; a random part of it when nothing else is set
	ok   func(journal.Event) bool
}

// chaosDeck are the moments of a bad release's story.
func chaosDeck() []moment {
	rolledBack := func(ev journal.Event) bool {
		var a action.Action
		return ev.Decode(&a) == nil && a.Lane == action.LaneDeploy
	}
	const patience = 6 * time.Second
	return []moment{
		{name: "early", rank: 0, wait: time.Second},
		{name: "watch opened", rank: 1, kind: watch.EventOpened, wait: patience},
		{name: "something seen", rank: 2, kind: signal.EventObserved, wait: patience},
		{name: "verdict reached", rank: 3, kind: verdict.EventReached, wait: patience},
		{name: "incident opened, page queued", rank: 4, kind: incident.EventOpened, wait: patience},
		{name: "page not stored", rank: 5, trap: "chat.postMessage", wait: patience},
		{name: "page stored, not recorded", rank: 5, trap: "chat.postMessage", kept: true, wait: patience},
		{name: "pointer flipped", rank: 6, flip: true, wait: patience},
		{name: "rollback recorded", rank: 6, kind: action.EventDone, ok: rolledBack, wait: patience},
		{name: "screenshot's bytes stored", rank: 7, trap: "upload/", kept: true, wait: patience},
		{name: "screenshot shared, not recorded", rank: 7, trap: "files.completeUpload", kept: true, wait: patience},
		{name: "reply stored, not recorded", rank: 8, trap: "chat.postMessage", kept: true, wait: patience},
		{name: "edit stored, not recorded", rank: 9, trap: "chat.update", kept: true, wait: patience},
		{name: "late", rank: 9, wait: 2 * time.Second},
	}
}

// deal draws n moments of the deck, in the order of the story.
func deal(rng *rand.Rand, deck []moment, n int) []moment {
	drawn := make([]moment, 0, n)
	for i, at := range rng.Perm(len(deck)) {
		if i < n {
			drawn = append(drawn, deck[at])
		}
	}
	slices.SortStableFunc(drawn, func(a, b moment) int { return a.rank - b.rank })
	return drawn
}

// chaos is one run of the test.
type chaos struct {
	*chaosWorld
	rng *rand.Rand
	bad []string // versions released that must not stay
	ok  []string // versions released that must stay
}

// TestKilledServerLosesNoMessage plays the scenarios in a server that is
// killed again and again, while shop, provider and chat go on.
func TestKilledServerLosesNoMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a server for two minutes")
	}
	t.Parallel()
	needBrowser(t)
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("CHAOS_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("CHAOS_SEED=%d", seed)
	c := &chaos{chaosWorld: newChaosWorld(t), rng: rand.New(rand.NewPCG(seed, seed))}
	c.baseline()
	for i, name := range []string{"incompatible-page", "static-500", "startup-crash", "integration-loop"} {
		c.badRelease(name, i%2 == 0)
	}
	c.providerDown()
	c.goodRelease()
	for len(c.kills) < enoughKills {
		c.strike(moment{name: "afterwards", wait: time.Second})
	}
	c.await("all messages delivered", func() bool { return c.outstanding() == 0 })
	c.check()
}

// needBrowser skips where nothing can be tested.
func needBrowser(t *testing.T) {
	t.Helper()
	if _, err := browser.Find(t.Context(), ""); err != nil {
		t.Skipf("no browser: %v", err)
	}
}

// baseline lets the server meet the shop, through kills.
func (c *chaos) baseline() {
	c.window("20s")
	c.start()
	for range 3 {
		c.strike(moment{name: "meeting the shop", wait: 2 * time.Second})
	}
	c.await("the baseline is judged", func() bool { return c.liveIs("v1", release.Good) })
	c.window("3m") // stories end by what is seen, not by the window
	c.strike(moment{name: "steady", wait: time.Second})
}

// badRelease plays one bad release to the end, with five kills on the way.
func (c *chaos) badRelease(name string, announce bool) {
	c.t.Helper()
	closed := c.closed()
	c.unrest()
	did, err := demo.Deploy(c.t.Context(), c.shop(), name)
	if err != nil {
		c.t.Fatal(err)
	}
	c.bad = append(c.bad, did.Version)
	told := make(chan error, 1)
	go func() {
		if !announce {
			told <- nil // it must be noticed
			return
		}
		told <- c.announce(c.t.Context(), did)
	}()
	for _, m := range deal(c.rng, chaosDeck(), 5) {
		c.strike(m)
	}
	if err := <-told; err != nil {
		c.t.Fatal(err)
	}
	c.await(name+" is rolled back, verified and resolved", func() bool {
		return c.closed() == closed+1 && c.liveIs("v1", release.Good)
	})
}

// providerDown plays an outage of the provider.
func (c *chaos) providerDown() {
	closed := c.closed()
	c.unrest()
	c.payments.Down()
	for _, m := range deal(c.rng, slices.DeleteFunc(chaosDeck(), func(m moment) bool {
		return m.flip || m.ok != nil || m.kind == watch.EventOpened || strings.HasPrefix(m.trap, "upload") || m.rank > 6
	}), 3) {
		c.strike(m)
	}
	c.await("the outage is paged", func() bool { return c.opened() == closed+1 && c.outstanding() == 0 })
	c.payments.Up()
	c.strike(moment{name: "provider is back", wait: time.Second})
	c.await("the outage is over", func() bool { return c.closed() == closed+1 })
}

// goodRelease plays a release that nobody should hear of.
func (c *chaos) goodRelease() {
	c.window("20s")
	c.kill(c.current(), "another window")
	c.start()
	did, err := demo.Deploy(c.t.Context(), c.shop(), "healthy")
	if err != nil {
		c.t.Fatal(err)
	}
	c.ok = append(c.ok, did.Version)
	if err := c.announce(c.t.Context(), did); err != nil {
		c.t.Fatal(err)
	}
	for range 4 {
		c.strike(moment{name: "watching a good release", wait: 2 * time.Second})
	}
	c.await("the good release is judged", func() bool { return c.liveIs(did.Version, release.Good) })
}

// unrest gives the chat a bad moment.
func (c *chaos) unrest() {
	for _, f := range []slacktest.Fault{
		{Status: 500, Times: 2},
		{Method: "chat.postMessage", Drop: true, Times: 1},
		{Status: 429, RetryAfter: "1", Times: 1},
		{Method: "chat.update", Hang: true, Times: 1},
		{Method: "files.completeUploadExternal", Status: 502, Times: 1},
	} {
		if c.rng.IntN(3) == 0 {
			c.chat.Fail(f)
		}
	}
}

// strike kills the server at a moment, or when that moment does not come, and
// starts it again after a while.
func (c *chaos) strike(m moment) {
	c.t.Helper()
	life, hit := c.current(), true
	switch {
	case m.trap != "":
		trap := &chaosTrap{name: m.name, method: m.trap, stored: m.kept, sprung: make(chan struct{})}
		c.arm(trap)
		hit = poll(c.t.Context(), m.wait, time.Millisecond, func() bool { return isClosed(trap.sprung) })
		if !c.disarm(trap) {
			<-trap.sprung // it snapped just now
			hit = true
		}
	case m.flip:
		hit = poll(c.t.Context(), m.wait, 200*time.Microsecond, func() bool {
			live, _ := demo.Live(c.shop())
			return live == "v1"
		})
	case m.kind != "":
		hit = c.seen(m)
	default:
		poll(c.t.Context(), time.Duration(c.rng.Int64N(int64(m.wait))), time.Millisecond, func() bool { return false })
	}
	switch trapped := m.trap != "" && hit; {
	case trapped:
	case isClosed(life.ended):
		c.t.Fatalf("the server ended by itself: %v", life.err)
	case hit:
		c.kill(life, m.name)
	default:
		c.kill(life, m.name+" (did not come)")
	}
	poll(c.t.Context(), time.Duration(c.rng.Int64N(int64(300*time.Millisecond))), time.Millisecond, func() bool { return false })
	c.start()
	if left := c.orphans(20 * time.Second); len(left) > 0 {
		c.t.Errorf("processes outlive their killed server: %v", left)
	}
}

// seen waits for a fresh event of the moment's kind.
func (c *chaos) seen(m moment) bool {
	db := c.guest()
	defer db.Close()
	ctx := c.t.Context()
	after, err := read(ctx, db, func(tx *store.Tx) (int64, error) { return tx.LastSeq(ctx) })
	if err != nil {
		c.t.Fatal(err)
	}
	return poll(ctx, m.wait, 2*time.Millisecond, func() bool {
		found, err := read(ctx, db, func(tx *store.Tx) ([]journal.Event, error) {
			return tx.EventsAbout(ctx, store.EventFilter{After: after, Kinds: []journal.Kind{m.kind}})
		})
		if err != nil {
			c.t.Fatal(err)
		}
		return slices.ContainsFunc(found, func(ev journal.Event) bool { return m.ok == nil || m.ok(ev) })
	})
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// ask reads the server's database once.
func ask[T any](w *chaosWorld, f func(context.Context, *store.Tx) (T, error)) T {
	w.t.Helper()
	db := w.guest()
	defer db.Close()
	got, err := read(w.t.Context(), db, func(tx *store.Tx) (T, error) { return f(w.t.Context(), tx) })
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *chaosWorld) incidents() []incident.Incident {
	return ask(w, func(ctx context.Context, tx *store.Tx) ([]incident.Incident, error) {
		return tx.Incidents(ctx, store.IncidentFilter{Limit: 100})
	})
}

func (w *chaosWorld) opened() int { return len(w.incidents()) }

// closed counts the incidents that are over.
func (w *chaosWorld) closed() (n int) {
	for _, in := range w.incidents() {
		if in.State.Closed() {
			n++
		}
	}
	return n
}

// liveIs reports whether the live release has this version and judgement.
func (w *chaosWorld) liveIs(version string, j release.Judgement) bool {
	live := ask(w, func(ctx context.Context, tx *store.Tx) (*release.Release, error) {
		_, live, err := standing(ctx, tx, demoProduct)
		return live, err
	})
	return live != nil && live.Version == version && live.Judgement == j
}

// sends are all messages that were decided.
func (w *chaosWorld) sends() []action.Action {
	return ask(w, func(ctx context.Context, tx *store.Tx) ([]action.Action, error) {
		return tx.Actions(ctx, store.ActionFilter{Kind: "page.send"})
	})
}

// outstanding counts the messages that are not delivered yet.
func (w *chaosWorld) outstanding() (n int) {
	for _, a := range w.sends() {
		if a.State == action.Queued || a.State == action.Running {
			n++
		}
	}
	return n
}

// report tells the numbers of the run.
func (c *chaos) report(messages, repeats int) {
	count := map[string]int{}
	for _, k := range c.kills {
		count[k]++
	}
	var lines []string
	for k, n := range count {
		lines = append(lines, fmt.Sprintf("%3d × %s", n, k))
	}
	slices.Sort(lines)
	slices.Sort(c.resumed)
	c.t.Logf("%d kills, %d messages, %d marked as possible repeats; open again after %v at the median, %v at most\n%s",
		len(c.kills), messages, repeats, c.resumed[len(c.resumed)/2].Round(time.Millisecond),
		c.resumed[len(c.resumed)-1].Round(time.Millisecond), strings.Join(lines, "\n"))
}
