package app

import (
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

func TestAnnouncedBeforeItIsServedIsOneRelease(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		r := h.release("v2")
		h.live = "v1" // the pipeline tells first and flips a moment later
		h.run(2 * time.Second)
		err := h.obs.Notice(t.Context(), signal.Noticed{Product: "shop", Version: "v1", Before: "v2"})
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("the version of before was taken for a release: %v", err)
		}
		h.live = "v2"
		h.run(2 * time.Minute)
		st := h.state()
		if st.Live != r.ID || st.Count != 2 || st.LastGood != r.ID {
			t.Errorf("state %+v", st)
		}
		if len(h.sent) != 0 {
			t.Errorf("messages %v", h.sent)
		}
	})
}

func TestPointerMovedByAnotherHandIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.live = "v3"
		if err := h.obs.Notice(t.Context(), signal.Noticed{Product: "shop", Version: "v3", Before: "v1"}); err != nil {
			t.Fatal(err)
		}
		h.run(2 * time.Minute)
		got, err := (&view{store: h.store}).ReleaseView(t.Context(), h.state().Live)
		if err != nil || got.Release.Source != release.Noticed || got.Release.Judgement != release.Good {
			t.Errorf("release %+v, %v", got.Release, err)
		}
	})
}
