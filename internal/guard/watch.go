package guard

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/postflight/postflight/internal/command"
	"github.com/postflight/postflight/internal/hang"
	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/process"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

// watcher looks at a running command: its output as it passes, its processes
// every second.
type watcher struct {
	run      *run
	mu       sync.Mutex // output and ticks come from different goroutines
	novel    *hang.Novel
	watch    *hang.Watch
	decision hang.Decision
	test     string // that runs now, and since when
	since    time.Duration
	longest  map[string]time.Duration
	looked   time.Duration // when processes were last asked what they wait for
	printed  int64         // output when they were
	at       time.Duration // of the last sample
	finished time.Duration // when the tools' last word was first seen
	waiting  process.Waiting
	// blockedFor is how long our reader has kept us waiting so far.
	blockedFor time.Duration
}

func newWatcher(r *run) *watcher {
	limits := r.Limits
	if limits.Stdin == 0 && r.Stdin && r.interactive() {
		limits.Stdin = -1 // a person is there to answer
	}
	limits.Total, _ = hang.Elastic(r.past.Durations, limits.Total)
	return &watcher{run: r, novel: hang.NewNovel(), watch: hang.New(limits), longest: map[string]time.Duration{}}
}

// interactive reports whether a person sits at a terminal.
func (r *run) interactive() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(r.Stdout.Fd()))
}

// environ adds what makes run times tell where they stand when they are asked.
func (w *watcher) environ(env []string) []string { return process.Environment(env) }

// output reads a block that has passed.
func (w *watcher) output(s command.Stream, block []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run.record.block(int(s), block)
	w.novel.Add(block)
}

// tick decides whether the command may go on.
func (w *watcher) tick(s command.Sample) command.Order {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.decision.Act == hang.End {
		return command.End
	}
	sample := w.sample(s)
	d := w.watch.Look(sample)
	switch d.Act {
	case hang.Say:
		w.run.Say(d.Reason)
	case hang.End:
		w.decision = d
		w.run.Say(d.Reason)
		return command.End
	}
	return command.Continue
}

// sample puts together what is known at one instant.
func (w *watcher) sample(s command.Sample) hang.Sample {
	p := w.run.record.reader.Progress()
	w.testing(p, s.Elapsed)
	others := len(s.Others)
	if s.Command.PID != 0 { // it works and waits as those below it do
		s.Others = append([]process.Process{s.Command}, s.Others...)
	}
	held := w.held(s)
	if process.Halted(s.Others) { // a person stopped it with Ctrl-Z
		held = max(held, s.Elapsed-w.at)
	}
	w.at = s.Elapsed
	out := hang.Sample{
		At: s.Elapsed, Output: w.novel.Output(), Beats: w.novel.Beats(), CPU: process.Spent(s.Others) + s.Reaped, Moved: process.Moved(s.Others),
		Alive: s.Alive, Others: others, Pipe: s.Pipe, Finished: p.Finished, Passed: p.Finished != "" && good(w.run.record.reader.Runs()),
		FinishedAt: w.finishedAt(p, s.Elapsed), Youngest: youngest(s), Away: process.Away(s.Others), Test: w.test, Longest: w.run.past.Longest[w.run.mask.Text(w.test)], Prompt: w.run.record.prompt(),
		Report: w.reports(), Stopped: s.Late + held,
	}
	// Asking each thread what it waits for costs more: when all is quiet, and
	// every fifth second.
	if s.Elapsed-w.looked >= 5*time.Second {
		w.waiting = process.Waiting{}
		if out.Output == w.printed {
			w.waiting = process.Waits(s.Others)
			if w.waiting.Blocked == "" {
				w.waiting.Blocked = hang.Obstacle(w.said())
			}
		}
		w.looked, w.printed = s.Elapsed, out.Output
	}
	out.Waits = w.waiting.Stdin || w.waiting.Terminal && hang.Asks(out.Prompt)
	out.Blocked = w.run.mask.Text(w.waiting.Blocked)
	return out
}

// finishedAt is when the tools' last word was first seen.
func (w *watcher) finishedAt(p tally.Progress, at time.Duration) time.Duration {
	if p.Finished == "" {
		w.finished = 0
	} else if w.finished == 0 {
		w.finished = at
	}
	return w.finished
}

// said are the last lines of the log, cleaned.
func (w *watcher) said() []string {
	var c logline.Cleaner
	lines := w.run.record.last(20)
	for i, l := range lines {
		lines[i] = string(c.Clean([]byte(l), 0).Text)
	}
	return lines
}

// youngest is when the last of the processes that live began, since the
// command did; 0 when that is not known.
func youngest(s command.Sample) time.Duration {
	var first, last time.Duration
	for _, p := range s.Others {
		if p.PID == s.Root {
			first = p.Born
		}
		last = max(last, p.Born)
	}
	if first == 0 {
		return 0
	}
	return max(last-first, 0)
}

// held is how long the reader of our output kept the command waiting since the
// last sample: that time counts for no rule.
func (w *watcher) held(s command.Sample) time.Duration {
	d := s.Blocked - w.blockedFor
	w.blockedFor = s.Blocked
	return max(d, 0)
}

// testing follows which test runs, and notes how long each took.
func (w *watcher) testing(p tally.Progress, at time.Duration) {
	if p.Test == w.test {
		return
	}
	if w.test != "" && len(w.longest) < 2000 {
		w.longest[w.test] = max(w.longest[w.test], at-w.since)
	}
	w.test, w.since = p.Test, at
}

// good reports whether all that was said is good, and something was.
func good(runs []tally.Run) bool {
	ok := false
	for _, r := range runs {
		switch r.State {
		case tally.Passed:
			ok = true
		case tally.Failed, tally.Unfinished, tally.Empty:
			return false
		}
	}
	return ok
}

// reports is the size of the files that must be written; -1 when none is.
func (w *watcher) reports() int64 {
	if len(w.run.Reports) == 0 {
		return -1
	}
	var sum int64
	for _, pattern := range w.run.Reports {
		if strings.Contains(pattern, "**") {
			return -1 // too dear to look for every second
		}
		files, err := Match(".", pattern)
		if err != nil {
			return -1
		}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && info.ModTime().After(w.run.step.Started) {
				sum += info.Size()
			}
		}
	}
	return sum
}

// diagnose writes down what the processes do, before they are ended.
func (w *watcher) diagnose(ctx context.Context, root int, others []int) {
	w.mu.Lock()
	tail, test := w.run.record.last(200), w.test
	w.mu.Unlock()
	text := process.Dump(ctx, process.DumpOptions{
		Roots: append([]int{root}, others...), Tail: tail, Test: test, Redact: w.run.mask.Text, Limit: 1 << 20, Budget: 14 * time.Second,
		Fatal: w.decision.Rule != rule.HangFinished, // what was said before may stand
	})
	if w.run.ledger == nil {
		w.run.Say(text)
		return
	}
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	path := w.run.ledger.log(w.run.step.ID, ".diagnosis.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.run.out.Problems = append(w.run.out.Problems, "the diagnosis cannot be kept: "+err.Error())
		return
	}
	w.run.out.Diagnosis = path
}
