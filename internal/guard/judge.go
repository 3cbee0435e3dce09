package guard

import (
	"bytes"
	"hash/maphash"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/postflight/postflight/internal/command"
	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

// judge holds the result against the evidence and fills in the step.
func (r *run) judge(res command.Result) {
	log := r.record.end()
	f := r.facts(res, log)
	j := pipeline.Judge(f)
	s := &r.step
	s.Duration, s.CPU, s.Code = res.Duration, res.CPU, res.Code
	if res.Signal != 0 {
		s.Signal = res.Signal.String()
	}
	s.State, s.Tests, s.Tools, s.Findings = j.State, j.Tests, j.Tools, j.Findings
	if res.Forwarded != 0 && s.State.Green() && !f.Kept {
		// Somebody ended it (a cancelled build); that it then left with 0 proves
		// nothing about the work that it did not do.
		s.State, s.Signal = pipeline.Failed, res.Forwarded.String()
		s.Code = 128 + int(res.Forwarded)
	}
	s.Lines, s.Bytes = log.Lines, r.record.total
	for _, p := range f.Reports[:min(len(f.Reports), 50)] {
		p.Runs = slices.Clone(p.Runs[:min(len(p.Runs), 20)])
		for i := range p.Runs {
			p.Runs[i].Failures = nil
		}
		s.Reports = append(s.Reports, p)
	}
	r.code(res)
	if !s.State.Green() {
		s.Excerpt = r.explain(r.record, log, r.green)
	}
	if !s.State.Green() || r.KeepLog || len(s.Findings) > 0 {
		r.keepLog()
	}
	r.redact()
}

// facts gathers the evidence.
func (r *run) facts(res command.Result, log tally.Result) pipeline.Facts {
	cwd, _ := os.Getwd()
	f := pipeline.Facts{
		Code: res.Code, Argv: r.Argv, Log: log, Started: r.step.Started, MinTests: r.MinTests,
		Absent: r.record.absent(), Kills: res.OOMKills, Piped: piped(r.Stdout, r.Getenv), Past: r.past, Allow: r.Allow,
		Reports: asked(cwd, r.Reports, r.step.Started), Script: script(cwd, r.Argv),
	}
	if res.Signal != 0 {
		f.Signal = res.Signal.String()
	}
	if len(r.Reports) == 0 && len(log.Runs) > 0 {
		f.Reports = usual(cwd, r.step.Started)
	}
	// Processes that outlived the command change nothing about how it ended; all
	// else that the watchdog ended would not have ended by itself.
	r.watcher.mu.Lock()
	d := r.watcher.decision
	r.watcher.mu.Unlock()
	if res.Ended && d.Rule != "" && d.Rule != rule.HangOrphans {
		f.Hang, f.HangReason, f.Kept = d.Rule, d.Reason, d.Rule == rule.HangFinished && good(log.Runs)
	}
	for _, o := range res.Orphans {
		if f.Hang == "" {
			f.Orphans = append(f.Orphans, r.mask.Text(clip(o.Argv, 200)))
		}
	}
	_, err := os.Stat(filepath.Join(r.around.Root, ".git", "shallow"))
	f.Shallow = err == nil
	return f
}

// code is what the guard leaves with.
func (r *run) code(res command.Result) {
	switch r.step.State {
	case pipeline.Hung:
		r.out.Code = ExitHung
	case pipeline.Silent, pipeline.Blind:
		r.out.Code = ExitSilent
	case pipeline.Passed:
		r.out.Code = 0
	default:
		r.out.Code = r.step.Code
		if res.Signal != 0 {
			r.out.Signal = res.Signal
		}
	}
}

// explain finds the lines that say why.
func (r *run) explain(rec *record, log tally.Result, green *excerpt.Signature) []excerpt.Passage {
	head, tail, lost := rec.parts()
	hints := hints(log)
	if lost > 0 {
		// The end explains most failures; its line numbers follow from the count.
		f := excerpt.New(excerpt.Options{Green: green, Max: 3})
		_, _ = f.Write(tail)
		from := log.Lines - strings.Count(string(tail), "\n")
		out := f.Passages()
		for i := range out {
			out[i].From += from
			out[i].Key += from
		}
		return out
	}
	f := excerpt.New(excerpt.Options{Green: green, Max: 3, Failures: hints})
	_, _ = f.Write(head)
	_, _ = f.Write(tail)
	return f.Passages()
}

// hints are the lines that the tools' summaries point at.
func hints(log tally.Result) []excerpt.Hint {
	var out []excerpt.Hint
	for _, run := range log.Runs {
		if run.State != tally.Failed || len(out) > 200 {
			continue
		}
		for _, f := range run.Failures {
			if f.Line > 0 {
				out = append(out, excerpt.Hint{Line: f.Line, Text: f.Message})
			}
		}
	}
	return out
}

// keepLog writes the log, masked, beside the ledger.
func (r *run) keepLog() {
	if r.ledger == nil {
		return
	}
	path := r.ledger.log(r.step.ID, ".log")
	if err := writeMasked(path, r.record, r.mask); err != nil {
		r.problem("the log cannot be kept: " + err.Error())
		return
	}
	r.step.Log = path
}

// redact masks every text of the step.
func (r *run) redact() {
	s := &r.step
	for _, text := range []*string{&s.Command, &s.Address, &s.Branch, &s.Job, &s.Version} {
		*text = r.mask.Text(*text)
	}
	for i := range s.Findings {
		f := &s.Findings[i]
		f.Message, f.Allowed, f.Place.File = r.mask.Text(f.Message), r.mask.Text(f.Allowed), r.mask.Text(f.Place.File)
		for k := range f.Proofs {
			f.Proofs[k].Text = r.mask.Text(f.Proofs[k].Text)
		}
	}
	for i := range s.Excerpt {
		s.Excerpt[i].Lines = r.mask.lines(s.Excerpt[i].Lines)
	}
	for i := range s.Reports {
		s.Reports[i].Path, s.Reports[i].Problem = r.mask.Text(s.Reports[i].Path), r.mask.Text(s.Reports[i].Problem)
		for k := range s.Reports[i].Runs {
			run := &s.Reports[i].Runs[k]
			run.Name, run.Text = r.mask.Text(run.Name), r.mask.Text(run.Text)
		}
	}
}

// remember adds a green run to the history, and returns what it was like.
func (r *run) remember() Memory {
	if !r.step.State.Green() {
		return Memory{}
	}
	r.watcher.mu.Lock()
	r.watcher.testing(tally.Progress{}, r.step.Duration) // the last test ended between two looks
	r.watcher.mu.Unlock()
	var own pipeline.Past
	for test, d := range r.watcher.longest {
		own.Lasted(r.mask.Text(test), d)
	}
	head, tail, _ := r.record.parts()
	sig := sign(head, tail)
	m := Memory{Past: own}
	m.Green, _ = sig.MarshalBinary()
	if r.ledger == nil {
		return m
	}
	key := historyKey(r.Name, r.around.Branch)
	past, _ := r.ledger.Past(key)
	if len(past.Durations) == 0 {
		past = r.past // a new branch goes on from where it came
		past.Longest = maps.Clone(past.Longest)
	}
	past.Add(r.step)
	for test, d := range own.Longest {
		past.Lasted(test, d)
	}
	if err := r.ledger.Remember(key, past, sig); err != nil {
		r.problem("the history cannot be written: " + err.Error())
	}
	return m
}

// signed is how much of a log its signature knows: a flood would cost more to
// remember than it cost to pass on.
const signed = 8 << 20

// sign makes the signature of a green log: all of it, or of a long one the
// beginning and, three times as much, the end.
func sign(head, tail []byte) *excerpt.Signature {
	if len(head)+len(tail) > signed {
		if len(tail) == 0 {
			tail = head[signed/4:]
		}
		head, tail = head[:min(len(head), signed/4)], tail[max(0, len(tail)-3*signed/4):]
	}
	sig, seen := excerpt.NewSignature(), repeats{seed: maphash.MakeSeed()}
	for _, part := range [][]byte{head, tail} {
		for line := range bytes.Lines(part) {
			if !seen.again(line) {
				sig.Add(line)
			}
		}
	}
	return sig
}

// repeats tells lines that were seen a short while ago.
type repeats struct {
	seed  maphash.Seed
	table [4096]uint64
}

func (r *repeats) again(line []byte) bool {
	h := maphash.Bytes(r.seed, line)
	at := &r.table[h%uint64(len(r.table))]
	if *at == h {
		return true
	}
	*at = h
	return false
}

// piped reports whether our output goes into a pipe of the shell that started us
// and that shell forgets our status: "guard run … | tee" under "bash -e".
func piped(stdout *os.File, getenv func(string) string) bool {
	if runtime.GOOS != "linux" || stdout == nil {
		return false
	}
	mine, err := os.Readlink("/proc/self/fd/1")
	if err != nil || !strings.HasPrefix(mine, "pipe:") {
		return false
	}
	parent := "/proc/" + strconv.Itoa(os.Getppid())
	theirs, err := os.Readlink(parent + "/fd/1")
	if err != nil || theirs == mine {
		return false
	}
	raw, err := os.ReadFile(parent + "/cmdline")
	if err != nil || len(raw) == 0 {
		return false
	}
	argv := strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00")
	shell := strings.TrimPrefix(filepath.Base(argv[0]), "-")
	if len(argv) < 2 || !slices.Contains([]string{"sh", "bash", "dash", "zsh", "ash", "ksh"}, shell) {
		return false
	}
	said := strings.Join(argv, " ") + getenv("SHELLOPTS")
	for _, a := range argv[1:] {
		if script, err := readBounded(a, 1<<20); err == nil {
			said += string(script)
		}
	}
	return !strings.Contains(said, "pipefail") && !strings.Contains(said, "PIPESTATUS")
}
