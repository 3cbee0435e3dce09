package app

import (
	"errors"
	"testing"
	"time"
)

func TestServerIsUnwellWhileNothingMoves(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	full := errors.New("the disk is full")
	var p pulse
	unwell := func(after time.Duration, want bool) {
		t.Helper()
		if err := p.trouble(now.Add(after)); (err != nil) != want {
			t.Errorf("after %s: %v", after, err)
		}
	}
	unwell(time.Hour, false)
	p.beat(now, full)
	unwell(time.Second, false) // a moment is no news
	p.beat(now.Add(4*time.Second), full)
	unwell(4*time.Second, true)
	p.beat(now.Add(5*time.Second), nil)
	unwell(time.Hour, false)
	p.beat(now.Add(time.Hour), full)
	p.beat(now.Add(-time.Hour), full) // the clock was put back
	unwell(-time.Hour+5*time.Second, true)
}
