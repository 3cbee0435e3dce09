package app

import (
	"testing"
	"time"
)

func TestClockIsNotSetBack(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	var ran, set time.Duration // how long the process runs, how far the clock was set
	now := steady(func() time.Time { return start.Add(ran + set) }, func() time.Duration { return ran })
	for _, c := range []struct {
		what           string
		ran, set, want time.Duration
	}{
		{"it runs", time.Minute, 0, time.Minute},
		{"corrected a little", 2 * time.Minute, -time.Millisecond, 2*time.Minute - time.Millisecond},
		{"set back by hours", 3 * time.Minute, -3 * time.Hour, 3*time.Minute - time.Millisecond},
		{"and it goes on", 9 * time.Minute, -3 * time.Hour, 9*time.Minute - time.Millisecond},
		{"set right again", 10 * time.Minute, 0, 10 * time.Minute},
		{"after a suspension", 11 * time.Minute, 5 * time.Hour, 5*time.Hour + 11*time.Minute},
	} {
		ran, set = c.ran, c.set
		if got := now().Sub(start); got != c.want {
			t.Errorf("%s: %s passed, want %s", c.what, got, c.want)
		}
	}
}

func TestObservationOfAnotherClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for _, c := range []struct{ at, want time.Time }{
		{now.Add(-time.Second), now.Add(-time.Second)}, {now.Add(-3 * time.Hour), now}, {now.Add(3 * time.Hour), now}, {time.Time{}, now},
	} {
		if got := settled(c.at, now); !got.Equal(c.want) {
			t.Errorf("%s became %s", c.at, got)
		}
	}
}
