package app

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
)

// A clock that jumps in the middle of a watch and of an unsent page loses
// neither: the bad release is rolled back once, every channel hears the whole
// story once, in order, and the incident ends.
func TestClockJumpsInTheMiddleOfAWatchAndAnUnsentPage(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": 2 * time.Hour, "backward": -2 * time.Hour} {
		for when, after := range map[string]time.Duration{
			"before the first look": 0, "while it is confirmed": time.Second, "while a page waits": 4 * time.Second,
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
				h.steady()
				h.fails, h.down = onlyOn("v2", signal.Journey, "TypeError"), true
				h.release("v2")
				h.run(after)
				h.now = h.now.Add(jump)
				h.run(5 * time.Minute)
				h.down = false
				h.run(140 * time.Minute) // what was put off by the old clock comes as well

				got := h.incidents()
				if len(got) != 1 || got[0].State != incident.Resolved {
					t.Fatalf("incidents %+v", got)
				}
				if st := h.state(); h.live != "v1" || st.Pin == nil || st.Pin.Bad != "v2" {
					t.Errorf("%s is live, state %+v", h.live, st)
				}
				want := "post opened, upload opened, reply rolled_back, reply mitigated, reply resolved"
				for _, ch := range []string{"team", "mail"} {
					if got := h.heard(ch); got != want {
						t.Errorf("%s heard %q, want %q", ch, got, want)
					}
				}
			})
		}
	}
}

// The same for a good release: a jump makes it neither bad nor proven.
func TestClockJumpBlamesNoGoodRelease(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": 2 * time.Hour, "backward": -2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
			h.steady()
			good := h.release("v2")
			h.run(8 * time.Second)
			h.now = h.now.Add(jump)
			h.run(140 * time.Minute)
			if got := h.incidents(); len(got) != 0 || len(h.sent) != 0 {
				t.Errorf("incidents %v, messages %v", got, h.sent)
			}
			r, err := read(t.Context(), h.store, func(tx *store.Tx) (release.Release, error) { return tx.Release(t.Context(), good.ID) })
			if err != nil || r.Judgement == release.Bad {
				t.Errorf("release %+v, %v", r, err)
			}
		})
	}
}
