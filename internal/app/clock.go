package app

import (
	"sync"
	"time"
)

// backstep is how far a clock may go back without being held.
const backstep = time.Second

// steady returns a clock that is never set back while it runs. When the
// machine's is, by an operator or by time synchronisation, it goes on by the
// time that really passes until the machine's has caught up: looks, messages
// and deadlines would otherwise wait for hours that have been already, and
// what is seen after would sort before what was seen. A step forward, as
// after a suspension, is followed. Wall is what the machine's clock says,
// passed how long the process runs.
func steady(wall func() time.Time, passed func() time.Duration) func() time.Time {
	var mu sync.Mutex
	base, since := wall(), passed()
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		says, ran := wall(), passed()
		if held := base.Add(ran - since); says.Before(held.Add(-backstep)) {
			return held
		}
		base, since = says, ran
		return says
	}
}

// clock is the steady clock of this machine.
func clock() func() time.Time {
	start := time.Now()
	return steady(func() time.Time { return time.Now().Round(0) }, func() time.Duration { return time.Since(start) })
}

// maxSkew is how far the time of an observation may be from the house's.
const maxSkew = time.Minute

// settled returns when an observation that just ended was made: its own time,
// unless the machine's clock was set meanwhile.
func settled(at, now time.Time) time.Time {
	if d := now.Sub(at); d > maxSkew || d < -maxSkew {
		return now
	}
	return at
}
