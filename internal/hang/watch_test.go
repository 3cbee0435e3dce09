package hang

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/rule"
)

// story plays a command second by second; at each, tell changes the sample of
// the second before.
type story struct {
	name   string
	limits Limits
	tell   func(at time.Duration, s *Sample)
	last   time.Duration // when the command ends by itself
	want   rule.ID       // "" when it must be let live
	from   time.Duration // the end comes not before
	to     time.Duration // and not after
	keep   bool
	says   string // part of the reason
	warned []rule.ID
}

func (st story) run(t *testing.T) {
	t.Helper()
	w, s := New(st.limits), Sample{Alive: true, Report: -1}
	var warned []rule.ID
	for at := time.Second; at <= st.last; at += time.Second {
		s.At = at
		s.Stopped = 0
		st.tell(at, &s)
		d := w.Look(s)
		if d.Act == Say {
			warned = append(warned, d.Rule)
		}
		if d.Act != End {
			continue
		}
		if d.Rule != st.want || d.Keep != st.keep || at < st.from || at > st.to || !strings.Contains(d.Reason, st.says) {
			t.Fatalf("got %+v at %v, want %q between %v and %v", d, at, st.want, st.from, st.to)
		}
		st.checkWarnings(t, warned)
		return
	}
	if st.want != "" {
		t.Fatalf("was never ended, want %q", st.want)
	}
	st.checkWarnings(t, warned)
}

func (st story) checkWarnings(t *testing.T, got []rule.ID) {
	t.Helper()
	if len(got) != len(st.warned) {
		t.Fatalf("got warnings %v, want %v", got, st.warned)
	}
	for i := range got {
		if got[i] != st.warned[i] {
			t.Fatalf("got warnings %v, want %v", got, st.warned)
		}
	}
}

const (
	sec = time.Second
	mnt = time.Minute
)

func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	for _, st := range []story{
		{name: "a quiet compiler", last: 25 * mnt, warned: []rule.ID{rule.HangTotal}, tell: func(at time.Duration, s *Sample) { s.CPU = at * 9 / 10 }},
		{name: "a quiet linker that hardly gets CPU", last: 20 * mnt, tell: func(at time.Duration, s *Sample) { s.CPU = at / 50 }},
		{name: "nine minutes of webpack, output at the end", last: 10 * mnt, tell: func(at time.Duration, s *Sample) {
			s.CPU = at
			if at > 9*mnt {
				s.Output = 1000
			}
		}},
		{name: "a slow remote deploy with heartbeats", last: 12 * mnt, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			s.Beats = int64(at / (10 * sec))
		}},
		{name: "a quiet step of docker build", last: 14 * mnt, warned: []rule.ID{rule.HangIdle}, tell: func(_ time.Duration, s *Sample) { s.Away = "docker" }},
		{name: "docker pull", last: 20 * mnt, tell: func(at time.Duration, s *Sample) { s.Output = int64(at / (4 * sec)) }},
		{name: "a quiet copy over a slow line", last: 20 * mnt, tell: func(at time.Duration, s *Sample) { s.Moved = int64(at.Seconds()) * 50_000 }},
		{name: "a test that sleeps four minutes", last: 10 * mnt, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			s.Output = 10
			if at > 4*mnt {
				s.Output = int64(at / sec)
			}
		}},
		{name: "quiet now and then", last: 25 * mnt, warned: []rule.ID{rule.HangIdle, rule.HangIdle, rule.HangIdle, rule.HangTotal}, tell: func(at time.Duration, s *Sample) {
			s.Output = int64(at / (4 * mnt))
		}},
		{name: "jest ends ten seconds after its summary", last: 70 * sec, tell: func(at time.Duration, s *Sample) {
			s.CPU = min(at, mnt)
			if at > mnt {
				s.Finished, s.Passed = "Jest", true
			}
		}},
		{name: "coverage is worked out after the summary", last: 10 * mnt, tell: func(at time.Duration, s *Sample) {
			s.CPU, s.Finished, s.Passed = at, "Jest", true
		}},
		{name: "the script goes on after the tests", last: 4 * mnt, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			if at > 10*sec {
				s.Finished, s.Passed, s.FinishedAt, s.Youngest = "Jest", true, 9500*time.Millisecond, 9800*time.Millisecond
			}
		}},
		{name: "the machine slept an hour", last: 2 * mnt, tell: func(at time.Duration, s *Sample) {
			if at > mnt {
				s.At = at + time.Hour
			}
			if at == mnt+sec {
				s.Stopped = time.Hour
			}
		}},
		{name: "it slept and nobody said so", last: 2 * mnt, tell: func(at time.Duration, s *Sample) {
			if at > mnt {
				s.At = at + time.Hour
			}
		}},
		{name: "stopped each second", limits: Limits{Idle: 10 * sec}, last: 5 * mnt, tell: func(_ time.Duration, s *Sample) { s.Stopped = sec }},
		{name: "reads a pipe while others work", last: 5 * mnt, tell: func(at time.Duration, s *Sample) { s.Waits, s.CPU = true, at/2 }},
		{name: "a lock while others print", last: 5 * mnt, tell: func(at time.Duration, s *Sample) { s.Blocked, s.Output = "/tmp/lock", int64(at) }},
		{name: "a test a little slower than ever", last: 3 * mnt, tell: func(at time.Duration, s *Sample) {
			s.Test, s.Longest, s.CPU = "checkout", 70*sec, at/10
		}},
		{name: "a test three times as slow on a slow machine", last: 8 * mnt, warned: []rule.ID{rule.HangProgress}, tell: func(at time.Duration, s *Sample) {
			s.Test, s.Longest, s.CPU = "checkout", mnt, at/10
		}},
		{name: "a line that ends with a colon", last: 2 * mnt, tell: func(_ time.Duration, s *Sample) { s.Prompt = "Results:" }},
		{name: "everything is off", limits: Limits{Total: -1, Idle: -1, Finished: -1, Reporter: -1, Orphans: -1, Stdin: -1, Lock: -1, Progress: -1}, last: 2 * time.Hour, tell: func(_ time.Duration, s *Sample) {
			s.Waits, s.Prompt, s.Blocked, s.Finished, s.Report, s.Test, s.Longest = true, "[y/N]", "x", "Jest", 0, "a", 1
		}},
		{name: "orphans end in time", last: mnt + 4*sec, tell: func(at time.Duration, s *Sample) {
			s.CPU = at
			if at > mnt {
				s.Alive, s.Others, s.Pipe = false, 2, true
			}
		}},
		{name: "CPU that seems to shrink", last: 20 * mnt, tell: func(at time.Duration, s *Sample) { s.CPU = at % (2 * mnt) }},
	} {
		t.Run(st.name, func(t *testing.T) { t.Parallel(); st.run(t) })
	}
}

func TestHangs(t *testing.T) {
	t.Parallel()
	for _, st := range []story{
		{name: "total", want: rule.HangTotal, from: 30 * mnt, to: 30 * mnt, says: "may take 30m", warned: []rule.ID{rule.HangTotal}, tell: func(at time.Duration, s *Sample) { s.CPU, s.Output = at, int64(at) }},
		{name: "total as asked", limits: Limits{Total: mnt}, want: rule.HangTotal, from: mnt, to: mnt, says: "now in login", warned: []rule.ID{rule.HangTotal}, tell: func(at time.Duration, s *Sample) {
			s.CPU, s.Output, s.Test = at, int64(at), "login"
		}},
		{name: "idle", want: rule.HangIdle, from: 5*mnt + 10*sec, to: 5*mnt + 11*sec, says: "no output for 5m and 0.5 % CPU", warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			s.Output = int64(min(at, 10*sec))
			s.CPU = at / 200
		}},
		{name: "idle after long work", want: rule.HangIdle, from: 11*mnt + 59*sec, to: 12*mnt + sec, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			s.Output, s.CPU = int64(min(at, 7*mnt)), min(at, 7*mnt)
		}},
		{name: "idle as asked, with heartbeats", limits: Limits{Idle: 3 * sec}, want: rule.HangIdle, from: 3 * sec, to: 4 * sec, says: "nothing but heartbeats", warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) { s.Beats = int64(at) }},
		{name: "heartbeats for ever", want: rule.HangIdle, from: 15 * mnt, to: 15 * mnt, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) { s.Beats = int64(at) }},
		{name: "ssh for ever", want: rule.HangIdle, from: 15 * mnt, to: 15 * mnt, says: "while ssh waits", warned: []rule.ID{rule.HangIdle}, tell: func(_ time.Duration, s *Sample) { s.Away = "ssh" }},
		{name: "heartbeats that stopped", want: rule.HangIdle, from: 8 * mnt, to: 8 * mnt, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) { s.Beats = int64(min(at, 6*mnt)) }},
		{name: "idle across a suspension", limits: Limits{Idle: mnt}, want: rule.HangIdle, from: 2*mnt + sec, to: 2*mnt + 2*sec, warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			if at > 30*sec && at <= 90*sec {
				s.Stopped = sec
			}
			s.Output = 1
		}},
		{name: "finished but alive", want: rule.HangFinished, from: mnt + 30*sec, to: 2*mnt + sec, keep: true, says: "Jest was done", tell: func(at time.Duration, s *Sample) {
			s.CPU = min(at, mnt)
			if at > mnt {
				s.Finished, s.Passed, s.FinishedAt, s.Youngest = "Jest", true, mnt, 2*sec
			}
		}},
		{name: "finished, with failures", want: rule.HangFinished, from: 31 * sec, to: mnt, tell: func(_ time.Duration, s *Sample) { s.Finished = "Mocha" }},
		{name: "finished, with a browser that idles", want: rule.HangFinished, from: 2 * mnt, to: 2*mnt + 10*sec, keep: true, tell: func(at time.Duration, s *Sample) {
			s.Finished, s.Passed, s.CPU = "Playwright", true, at/20
		}},
		{name: "the report never comes", want: rule.HangReporter, from: mnt, to: mnt + 5*sec, says: "report", tell: func(_ time.Duration, s *Sample) {
			s.Finished, s.Passed, s.Report = "Vitest", true, 0
		}},
		{name: "the report stands, the process too", want: rule.HangFinished, from: 50 * sec, to: mnt, keep: true, tell: func(at time.Duration, s *Sample) {
			s.Finished, s.Passed, s.Report = "Vitest", true, int64(min(at, 20*sec))
		}},
		{name: "orphans", want: rule.HangOrphans, from: 15 * sec, to: 16 * sec, keep: true, says: "2 processes", tell: func(at time.Duration, s *Sample) {
			if at > 10*sec {
				s.Alive, s.Others, s.Pipe, s.CPU = false, 2, true, at
			}
		}},
		{name: "somebody holds the pipe", want: rule.HangOrphans, from: 15 * sec, to: 16 * sec, keep: true, says: "held open", tell: func(at time.Duration, s *Sample) {
			if at > 10*sec {
				s.Alive, s.Pipe = false, true
			}
		}},
		{name: "asks", want: rule.HangStdin, from: 40 * sec, to: 41 * sec, says: "[y/N]", tell: func(at time.Duration, s *Sample) {
			if at > 10*sec {
				s.Output, s.Prompt, s.Waits = 5, "Do you want to continue? [y/N] ", true
			}
		}},
		{name: "reads without a word", want: rule.HangStdin, from: 2 * mnt, to: 2*mnt + 2*sec, warned: []rule.ID{rule.HangStdin}, tell: func(_ time.Duration, s *Sample) { s.Waits = true }},
		{name: "asks, and nobody is seen to read", want: rule.HangIdle, from: 5 * mnt, to: 5 * mnt, says: "looks like a question", warned: []rule.ID{rule.HangStdin, rule.HangIdle}, tell: func(_ time.Duration, s *Sample) {
			s.Prompt = "Password:"
		}},
		{name: "lock", want: rule.HangLock, from: 2*mnt + 10*sec, to: 2*mnt + 12*sec, says: "/var/lock/x", warned: []rule.ID{rule.HangLock}, tell: func(at time.Duration, s *Sample) {
			if at > 10*sec {
				s.Blocked = "flock /var/lock/x, held by sleep (pid 7)"
			}
		}},
		{name: "one test stands still", want: rule.HangProgress, from: 4 * mnt, to: 4*mnt + 2*sec, says: "checkout runs for", warned: []rule.ID{rule.HangIdle}, tell: func(at time.Duration, s *Sample) {
			s.Output = int64(min(at, mnt))
			if at >= mnt {
				s.Test, s.Longest = "checkout", mnt
			}
		}},
		{name: "one test is busy for ever", want: rule.HangProgress, from: 9 * mnt, to: 10*mnt + 2*sec, warned: []rule.ID{rule.HangProgress}, tell: func(at time.Duration, s *Sample) {
			s.Test, s.Longest, s.CPU = "checkout", mnt, at
		}},
	} {
		st.last = time.Hour
		t.Run(st.name, func(t *testing.T) { t.Parallel(); st.run(t) })
	}
}

func TestElastic(t *testing.T) {
	t.Parallel()
	many := func(n int, d time.Duration) []time.Duration {
		out := make([]time.Duration, n)
		for i := range out {
			out[i] = d
		}
		return out
	}
	for _, tt := range []struct {
		name       string
		greens     []time.Duration
		configured time.Duration
		want       time.Duration
		why        string
	}{
		{"nothing known", nil, 0, 30 * mnt, "no green run"},
		{"nothing known but what was asked", nil, 2 * time.Hour, 2 * time.Hour, "configured"},
		{"fast step", many(20, mnt), 0, 10 * mnt, "the least"},
		{"slow step", many(20, 20*mnt), 0, time.Hour, "3 × 20m"},
		{"asked for less", many(20, 20*mnt), 25 * mnt, 25 * mnt, "configured"},
		{"asked for more", many(20, 20*mnt), 2 * time.Hour, time.Hour, "3 × 20m"},
		{"under the floor as asked", many(20, mnt), mnt, mnt, "configured"},
		{"few runs", many(3, mnt), 0, 30 * mnt, "the least"},
		{"few long runs", many(3, 20*mnt), 0, time.Hour, "of 3 green runs"},
		{"one outlier is not the usual", append(many(19, 10*mnt), 9*time.Hour), 0, 30 * mnt, "3 × 10m"},
		{"older runs do not count", append(many(30, 9*time.Hour), many(20, 10*mnt)...), 0, 30 * mnt, "of 20"},
		{"broken history", []time.Duration{-5, 0}, 0, 30 * mnt, "no green run"},
		{"absurd history", many(20, 1<<62), 0, 3000 * time.Hour, "95th"},
	} {
		if got, why := Elastic(tt.greens, tt.configured); got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s: got %v (%s), want %v (%s)", tt.name, got, why, tt.want, tt.why)
		}
	}
}

func TestPrompt(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"Do you want to continue? [Y/n] ", "Overwrite? (y/N)", "Ok to proceed? (y) ", "Password:", "[sudo] password for ci: ",
		"Username for 'https://github.com': ", "Enter passphrase for key '/root/.ssh/id_ed25519': ",
		"Are you sure you want to continue connecting (yes/no/[fingerprint])? ", "  Enter a value: ", "Press any key to continue . . .",
		"? Would you like to install it? (y/N) ", "Press ENTER to continue", "package name: (default: app) ", "Enter one-time password: ",
		"Proceed with the installation? [y/N/q]",
	} {
		if !Asks(line) {
			t.Errorf("%q: want a question", line)
		}
	}
	for _, line := range []string{
		"", "Results:", "Compiling app", "Tests: 5 passed", "What went wrong:", "Running 1 test using 1 worker", "does it work?",
		"PASS password.test.js", "password: ok", "  at login (a.js:1:2)", "Continuing with the token: abc", "50% [=====>    ]",
	} {
		if Asks(line) {
			t.Errorf("%q: want no question", line)
		}
	}
}

func TestObstacle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want  string
		lines []string
	}{
		{"", nil},
		{"", []string{"Error: listen EADDRINUSE: address already in use :::3000", "tests 5"}},
		{"the address :3000, in use and tried 3 times", []string{"Error: listen EADDRINUSE: address already in use :::3000", "retry", "Error: listen EADDRINUSE: address already in use :::3000", "Error: listen EADDRINUSE: address already in use :::3000"}},
		{"cargo's lock on package cache", []string{"    Blocking waiting for file lock on package cache", ""}},
		{"", []string{"    Blocking waiting for file lock on package cache", "Compiling x"}},
		{"the lock /var/lib/dpkg/lock-frontend", []string{"Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt)... 5s"}},
		{"bazel's other command, pid 12", []string{"Another command (pid=12) is running. Waiting for it to complete on the server (server_pid=9)..."}},
	} {
		if got := Obstacle(tt.lines); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.lines, got, tt.want)
		}
	}
}

func TestEndIsRepeated(t *testing.T) {
	t.Parallel()
	w := New(Limits{Total: sec})
	for at := sec; at < 5*sec; at += sec {
		if d := w.Look(Sample{At: at, Alive: true, Output: int64(at), Report: -1}); d.Act != End {
			t.Errorf("got %+v at %v", d, at)
		}
	}
}
