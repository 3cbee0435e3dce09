package action_test

import (
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
)

func TestRetryNext(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	r := action.Retry{Max: 10, First: time.Second, Cap: 5 * time.Second, Until: now.Add(time.Minute)}
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second, 9: 5 * time.Second} {
		at, ok := r.Next(attempt, now, 0)
		if !ok || at.Sub(now) != want {
			t.Errorf("after attempt %d: %v, %v; want %v", attempt, at.Sub(now), ok, want)
		}
	}
	if at, ok := r.Next(1, now, 30*time.Second); !ok || at.Sub(now) != 30*time.Second {
		t.Errorf("Retry-After was not honoured: %v, %v", at.Sub(now), ok)
	}
	if _, ok := r.Next(1, now, 2*time.Minute); ok {
		t.Error("an attempt after the last moment is none")
	}
	if _, ok := r.Next(10, now, 0); ok {
		t.Error("the tenth of ten attempts was not the last")
	}
	if _, ok := (action.Retry{}).Next(1, now, 0); ok {
		t.Error("without a rule there is one attempt")
	}
}
