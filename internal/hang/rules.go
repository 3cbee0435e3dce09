package hang

import (
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/rule"
)

// total: longer than it may take at all; warned of at four fifths.
func (w *Watch) total(s Sample) Decision {
	limit := w.limits.Total
	switch {
	case limit < 0:
		return Decision{}
	case w.now >= limit:
		return Decision{Act: End, Rule: rule.HangTotal, Reason: fmt.Sprintf("runs for %s, may take %s%s", figure(w.now), figure(limit), culprit(s))}
	case w.now >= limit*4/5:
		return Decision{Act: Say, Rule: rule.HangTotal, Reason: fmt.Sprintf("runs for %s, is ended after %s%s", figure(w.now), figure(limit), culprit(s))}
	}
	return Decision{}
}

// culprit names the test that runs, for the end of a reason.
func culprit(s Sample) string {
	if s.Test == "" {
		return ""
	}
	return "; now in " + s.Test
}

// idle: neither news nor CPU; warned of at half of the time. Heartbeats, and a
// program whose work is done elsewhere, buy the default limit more of it, never
// one that somebody chose.
func (w *Watch) idle(s Sample) Decision {
	limit := w.limits.Idle
	if limit < 0 || w.quiet() < limit/2 {
		return Decision{}
	}
	load, still := w.still(min(limit, w.quiet()))
	if !still {
		return Decision{}
	}
	what, beats := "no output for "+figure(w.quiet()), w.beat > w.output
	if beats {
		what = "nothing but heartbeats for " + figure(w.quiet())
	}
	if w.asked.Idle == 0 && (s.Away != "" || beats && w.now-w.beat < 2*window) {
		limit *= patience
	}
	what += " and " + load + culprit(s)
	if s.Away != "" {
		what += ", while " + s.Away + " waits for others"
	}
	if Asks(s.Prompt) {
		what += fmt.Sprintf("; the last line looks like a question: %q", tail(s.Prompt))
	}
	switch {
	case w.quiet() >= limit:
		return Decision{Act: End, Rule: rule.HangIdle, Reason: what}
	case w.quiet() >= limit/2:
		return Decision{Act: Say, Rule: rule.HangIdle, Reason: what + "; is ended after " + figure(limit)}
	}
	return Decision{}
}

// over is since when the tests are over and nothing came after: no news, no
// growth of the report, no younger process. Not, when the script goes on.
func (w *Watch) over(s Sample) (since time.Duration, over bool) {
	if w.finished < 0 || s.FinishedAt > 0 && s.Youngest > s.FinishedAt {
		return 0, false
	}
	return w.now - max(w.finished, w.output, w.report), true
}

// finish: the tests said their last word, and the process stays. One that still
// does a little gets more time; one at work, all it wants.
func (w *Watch) finish(s Sample) Decision {
	limit := w.limits.Finished
	since, over := w.over(s)
	if limit < 0 || !over || since < limit {
		return Decision{}
	}
	if w.limits.Reporter >= 0 && s.Report == 0 {
		return Decision{} // the reporter's case
	}
	cores, moving, known := w.load(limit)
	if !known || moving || cores >= busyCPU || cores >= idleCPU && since < 4*limit {
		return Decision{}
	}
	d := Decision{Act: End, Rule: rule.HangFinished, Keep: s.Passed}
	d.Reason = fmt.Sprintf("%s was done %s ago and its process is still alive, at %.1f %% CPU", s.Finished, figure(since), 100*cores)
	return d
}

// reporter: the tests are over and the report that was expected is empty or
// missing still.
func (w *Watch) reporter(s Sample) Decision {
	limit := w.limits.Reporter
	since, over := w.over(s)
	if limit < 0 || !over || s.Report != 0 || since < limit {
		return Decision{}
	}
	if _, still := w.still(limit); !still {
		return Decision{}
	}
	return Decision{
		Act: End, Rule: rule.HangReporter,
		Reason: fmt.Sprintf("%s was done %s ago, and its report is incomplete: nothing was written", s.Finished, figure(since)),
	}
}

// orphans: the command ended, and what it started lives or holds its output. Its
// exit code is known, and stands.
func (w *Watch) orphans(s Sample) Decision {
	limit := w.limits.Orphans
	if limit < 0 || w.died < 0 || s.Others == 0 && !s.Pipe || w.now-w.died < limit {
		return Decision{}
	}
	what := "its output is still held open"
	switch {
	case s.Others == 1:
		what = "a process that it started is still alive"
	case s.Others > 1:
		what = fmt.Sprintf("%d processes that it started are still alive", s.Others)
	}
	return Decision{Act: End, Rule: rule.HangOrphans, Keep: true, Reason: fmt.Sprintf("the command ended %s ago and %s", figure(w.now-w.died), what)}
}

// stdin: somebody waits for an answer. A process that reads and a line that asks
// are proof together; a reader alone is given four times as long, a question
// alone is only spoken of.
func (w *Watch) stdin(s Sample) Decision {
	limit := w.limits.Stdin
	asks := Asks(s.Prompt)
	if limit < 0 || !s.Waits && !asks {
		return Decision{}
	}
	since := w.quiet()
	if s.Waits {
		since = min(since, w.now-w.waits)
	}
	if since < limit {
		return Decision{}
	}
	if _, still := w.still(limit); !still {
		return Decision{}
	}
	d := Decision{Act: Say, Rule: rule.HangStdin}
	switch {
	case s.Waits && asks:
		d.Act, d.Reason = End, fmt.Sprintf("waits for an answer for %s: %q", figure(since), tail(s.Prompt))
	case s.Waits && since >= 4*limit:
		d.Act, d.Reason = End, fmt.Sprintf("reads standard input or a terminal for %s, and nobody writes", figure(since))
	case s.Waits:
		d.Reason = fmt.Sprintf("reads standard input or a terminal for %s, and nobody writes; is ended after %s", figure(since), figure(4*limit))
	default:
		d.Reason = fmt.Sprintf("seems to wait for an answer for %s: %q", figure(since), tail(s.Prompt))
	}
	return d
}

// lock: waits for a lock or an address while nothing else goes on.
func (w *Watch) lock(s Sample) Decision {
	limit := w.limits.Lock
	since := min(w.quiet(), w.now-w.blocked)
	if limit < 0 || s.Blocked == "" || since < limit/2 {
		return Decision{}
	}
	if _, still := w.still(since); !still {
		return Decision{}
	}
	d := Decision{Act: Say, Rule: rule.HangLock, Reason: fmt.Sprintf("waits for %s: %s", figure(since), s.Blocked)}
	if since >= limit {
		d.Act = End
	} else {
		d.Reason += "; is ended after " + figure(limit)
	}
	return d
}

// progress: one test runs far longer than it ever did. It is spoken of then, and
// ended when nothing else moves, or when it takes far too long even for a slow
// machine.
func (w *Watch) progress(s Sample) Decision {
	if w.limits.Progress < 0 || s.Test == "" || s.Longest <= 0 {
		return Decision{}
	}
	limit := max(progressFloor, time.Duration(w.limits.Progress*float64(s.Longest)))
	since := w.now - w.test
	if since < limit {
		return Decision{}
	}
	d := Decision{Act: Say, Rule: rule.HangProgress}
	d.Reason = fmt.Sprintf("%s runs for %s; the longest it took in green runs is %s", s.Test, figure(since), figure(s.Longest))
	load, still := w.still(window)
	switch {
	case still && w.quiet() >= window:
		d.Act, d.Reason = End, d.Reason+"; "+load
	case since >= max(3*limit, 10*time.Minute):
		d.Act = End
	}
	return d
}
