package excerpt

import (
	"bytes"
	"slices"

	"github.com/postflight/postflight/internal/logline"
)

// Bounds of what a Finder keeps.
const (
	maxCandidates = 400
	maxSeen       = 50_000 // hashes of lines that were named
	maxText       = 500    // bytes of a line in a passage
	ringSize      = 64     // lines before the present one
	maxTrace      = 600    // lines of a Python traceback
	maxEnds       = 64
	maxHeader     = 500     // lines of the head of a step
	maxScan       = 4 << 10 // bytes of a line that are searched
)

// Options say what is known beside the log.
type Options struct {
	// Green is what the last green log of this step said; nil when there is none.
	Green *Signature
	// Max is how many passages to return; 3 when 0.
	Max int
	// Around is how many lines to show before the line that says it (at most 10,
	// 3 when 0); after it come up to 10.
	Around int
	// Failures are lines of which somebody knows more; see also Finder.Hint.
	Failures []Hint
}

// Hint is a line of the log that a reader of test results knows.
type Hint struct {
	Line    int    // from 1
	Text    string // shown when the line is not kept any more
	Summary bool   // it counts failures, rather than being one
}

// candidate is a line that may explain the failure, with those around it.
type candidate struct {
	line   int
	weight int
	rule   int
	step   int
	post   bool
	hash   uint64
	count  int // lines of the same normal form
	first  int // number of the first of them
	last   int // number of the last of them
	from   int // number of lines[0]
	lines  []string
	want   int // lines still to come
	score  int
}

// Finder reads a log as it comes or afterwards, in bounded memory. It is an
// io.Writer that never fails, and not safe for concurrent use.
type Finder struct {
	opt   Options
	rules *ruleset
	noise *noise
	split splitter
	clean logline.Cleaner
	hits  []uint16
	buf   []byte

	number int
	ring   [ringSize][]byte
	all    []*candidate
	open   []*candidate
	seen   map[uint64]*candidate
	judged map[uint64]verdict // by form of the line

	step    int
	began   int  // the line at which the head of the step began
	header  bool // within the head of a step: its script, inputs, environment
	post    bool // after the work: clean-up
	ends    []end
	settled int // the last line that told how a Go test ended
	wrong   int // lines left in which Gradle says what went wrong
	trace   trace
	tails   []tail
	hints   []Hint
}

// end is a line that says that a step ended with an error.
type end struct{ line, step int }

// tail is what stood before the first words that a step failed.
type tail struct {
	line, step int
	lines      []string // up to line-1
}

// trace is a Python traceback that is being read.
type trace struct {
	on      bool
	prefix  string // what stands before each of its lines
	column  int
	left    int
	chained bool
}

// New returns a finder for one log.
func New(o Options) *Finder {
	if o.Max <= 0 {
		o.Max = 3
	}
	if o.Around <= 0 {
		o.Around = 3
	}
	o.Around = min(o.Around, 10)
	f := &Finder{opt: o, rules: newRuleset(), noise: newNoise(), seen: map[uint64]*candidate{}, judged: map[uint64]verdict{}}
	f.split.line = func(raw []byte) { f.raw(raw) }
	f.hints = append(f.hints, o.Failures...)
	return f
}

// Write reads a block of the log.
func (f *Finder) Write(p []byte) (int, error) {
	f.split.write(p)
	return len(p), nil
}

// Hint tells of a line afterwards, before Passages is called.
func (f *Finder) Hint(h Hint) { f.hints = append(f.hints, h) }

// raw reads one line.
func (f *Finder) raw(raw []byte) {
	f.number++
	if !f.clean.Tabbed && bytes.IndexByte(raw[:min(len(raw), 200)], '\t') > 0 {
		f.clean.Tabbed = len(logline.Columns(raw)) < len(raw)
	}
	// Colours may stand within a word: such lines are cleaned before the search.
	if bytes.IndexByte(raw, 0x1b) >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
		l := f.clean.Clean(raw, f.number)
		f.hits = f.rules.finder.scan(f.hits[:0], l.Text[:min(len(l.Text), maxScan)])
		f.feed(raw)
		if len(f.hits) > 0 || f.trace.on || f.wrong > 0 {
			f.look(l, raw)
		}
	} else {
		f.hits = f.rules.finder.scan(f.hits[:0], raw[:min(len(raw), maxScan)])
		f.feed(raw)
		if len(f.hits) > 0 || f.trace.on || f.wrong > 0 {
			f.look(f.clean.Clean(raw, f.number), raw)
		}
	}
	slot := &f.ring[f.number%ringSize]
	*slot = append((*slot)[:0], raw[:min(len(raw), 4*maxText)]...)
}

// feed gives the line to the candidates that still want what follows.
func (f *Finder) feed(raw []byte) {
	if len(f.open) == 0 {
		return
	}
	text := f.shown(raw)
	keep := f.open[:0]
	for _, c := range f.open {
		c.lines = append(c.lines, text)
		if c.want--; c.want > 0 {
			keep = append(keep, c)
		}
	}
	f.open = keep
}

// shown is a line as a passage shows it: without colours and time stamps, its
// indentation kept.
func (f *Finder) shown(raw []byte) string {
	c := logline.Cleaner{Tabbed: f.clean.Tabbed}
	l := c.Clean(raw, 0)
	text := l.Text
	cut := len(text) > maxText
	if cut {
		text = bytes.ToValidUTF8(text[:maxText], nil)
	}
	s := string(bytes.Repeat([]byte{' '}, min(l.Indent, 40))) + string(text)
	if l.Indent > 0 && len(text) == 0 {
		s = ""
	}
	if cut {
		s += "…"
	}
	return s
}

// look finds out what the line means.
func (f *Finder) look(l logline.Line, raw []byte) {
	if f.structure(l) {
		return
	}
	if f.header && f.number-f.began < maxHeader || scriptLine(raw) {
		return
	}
	if f.trace.on && f.traced(l) {
		return
	}
	text, lv := bare(l.Text)
	if f.wrong > 0 {
		f.wrong--
		if reason, ok := bytes.CutPrefix(text, []byte("> ")); ok {
			f.buf = logline.AppendNormal(f.buf[:0], reason[:min(len(reason), maxText)])
			f.candidate(l, f.reason(reason), fnv(f.buf))
			return
		}
	}
	f.buf = logline.AppendNormal(f.buf[:0], text[:min(len(text), maxText)])
	hash := fnv(f.buf)
	v := f.verdict(text, lv, hash)
	if v.weight <= 0 {
		return
	}
	if v.rule == f.annotation() || lv == raised || f.rules.rules[v.rule].end {
		f.ended()
	}
	f.candidate(l, v, hash)
}

// verdict is which rule names a line, and how much that weighs; 0 when none.
type verdict struct{ rule, weight int }

// verdict judges a line; lines of the same form are judged once.
func (f *Finder) verdict(text []byte, lv level, hash uint64) verdict {
	key := hash*31 + uint64(lv) + zeros(text)
	if v, ok := f.judged[key]; ok {
		return v
	}
	v := verdict{rule: -1}
	slices.SortFunc(f.hits, func(a, b uint16) int { return f.rules.order[a] - f.rules.order[b] })
	for n, h := range f.hits {
		if n > 0 && f.hits[n-1] == h || f.rules.owner[h] < structures || !f.matches(int(h), text) {
			continue
		}
		v.rule = f.rules.owner[h]
		r := &f.rules.rules[v.rule]
		v.weight = f.noise.weigh(text, lv, r, r.weight)
		break
	}
	if v.rule < 0 && lv == raised && len(text) > 0 {
		v = verdict{f.annotation(), failure + 3}
	}
	if v.rule < 0 && lv == erred && len(text) > 0 {
		v = verdict{f.leveled(), complaint - 8}
	}
	if len(f.judged) < maxSeen {
		f.judged[key] = v
	}
	return v
}

// zeros tells numbers that are 0 from others, which a normal form does not.
func zeros(text []byte) uint64 {
	sum := uint64(1)
	for i := 0; i < len(text) && i < maxText; i++ {
		if !digit(text[i]) {
			continue
		}
		bit := uint64(0)
		for i < len(text) && digit(text[i]) {
			if text[i] != '0' {
				bit = 1
			}
			i++
		}
		sum = sum*1099511628211 + bit
	}
	return sum
}

// scriptLine reports whether the runner shows a line of the step's own script.
func scriptLine(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 160)], []byte("[36;1m"))
}

// annotation is the rule for lines that only the CI system marks as an error.
func (f *Finder) annotation() int { return len(f.rules.rules) - 1 }

// leveled is the rule for lines that only have the level of an error.
func (f *Finder) leveled() int { return len(f.rules.rules) - 5 }

// reason judges what Gradle gives as a reason: often only that a process ended.
func (f *Finder) reason(text []byte) verdict {
	for _, w := range []string{"finished with non-zero", "see the compiler error", "There were failing tests", "Execution failed", "exit value", "a failure occurred while executing"} {
		if bytes.Contains(bytes.ToLower(text), bytes.ToLower([]byte(w))) {
			return verdict{f.leveled(), summary}
		}
	}
	return verdict{f.leveled(), complaint + 6}
}

// matches reports whether the text that was found makes its rule hold.
func (f *Finder) matches(word int, text []byte) bool {
	if f.rules.begins[word] {
		w := f.rules.words[word]
		if len(text) < len(w) || !bytes.EqualFold(text[:len(w)], []byte(w)) {
			return false
		}
	}
	if f.rules.alone[word] && !alone(text, f.rules.words[word]) {
		return false
	}
	return f.rules.fits(f.rules.owner[word], text[:min(len(text), 2<<10)])
}

// alone reports whether the word stands in the text with no letter or digit
// beside it.
func alone(text []byte, word string) bool {
	part := func(i int) bool {
		return i >= 0 && i < len(text) && (letter(text[i]) || digit(text[i]))
	}
	for i := 0; i+len(word) <= len(text); i++ {
		if !part(i-1) && !part(i+len(word)) && bytes.EqualFold(text[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// structure follows groups, steps and the beginning of tracebacks; true when
// the line is nothing more.
func (f *Finder) structure(l logline.Line) bool {
	for _, h := range f.hits {
		i := f.rules.owner[h]
		if i >= structures {
			continue
		}
		switch i {
		case isGroup:
			if bytes.HasPrefix(l.Text, []byte("##[group]Run ")) {
				f.step++
				f.header, f.post, f.began = true, false, f.number
			}
			return bytes.HasPrefix(l.Text, []byte("##[group]"))
		case isGroupEnd:
			if bytes.HasPrefix(l.Text, []byte("##[endgroup]")) {
				f.header = false
				return true
			}
		case isAction, isStage:
			f.step++
			f.header, f.post = false, false
			return true
		case isSection:
			f.step++
			f.header = false
			f.post = bytes.Contains(l.Text, []byte("after_script")) || bytes.Contains(l.Text, []byte("cleanup")) || bytes.Contains(l.Text, []byte("upload_artifacts"))
		case isPost:
			f.step++
			f.header, f.post = false, true
			return true
		case isChained:
			f.trace.chained = true
			return true
		case isWrong:
			f.wrong = 8
			return true
		case isResult:
			if f.result(l) {
				return true
			}
		case isTraceback:
			f.begin(l)
			return true
		}
	}
	return false
}

// result reads the verdict on a Go test: what a passing test logged, under -v,
// looks as what a failing one says.
func (f *Finder) result(l logline.Line) bool {
	text, _ := bare(l.Text)
	passed := bytes.HasPrefix(text, []byte("--- PASS: ")) || bytes.HasPrefix(text, []byte("--- SKIP: "))
	if passed {
		for _, c := range f.all {
			if c.line > f.settled && f.rules.rules[c.rule].name == goMessage {
				c.weight = summary - 20
			}
		}
	}
	if passed || bytes.HasPrefix(text, []byte("--- FAIL: ")) {
		f.settled = f.number
	}
	return passed
}

// ended notes that a step ended with an error.
func (f *Finder) ended() {
	if len(f.ends) >= maxEnds {
		copy(f.ends[maxEnds/2:], f.ends[maxEnds/2+1:])
		f.ends = f.ends[:maxEnds-1]
	}
	f.ends = append(f.ends, end{f.number, f.step})
	if len(f.tails) < 4 && (len(f.tails) == 0 || f.tails[len(f.tails)-1].step != f.step) {
		f.tails = append(f.tails, tail{line: f.number, step: f.step, lines: f.before(ringSize - 1)})
	}
}

// before returns the last n lines before the present one.
func (f *Finder) before(n int) []string {
	n = min(n, f.number-1, ringSize-1)
	out := make([]string, 0, n)
	for i := f.number - n; i < f.number; i++ {
		out = append(out, f.shown(f.ring[i%ringSize]))
	}
	return out
}

// candidate keeps the present line.
func (f *Finder) candidate(l logline.Line, v verdict, h uint64) {
	rule, weight := v.rule, v.weight
	if old := f.seen[h]; old != nil {
		old.count++
		old.last = f.number
		if weight < old.weight || !f.rules.rules[rule].last && (weight == old.weight || !f.trace.chained) {
			return
		}
		if old.weight == weight && f.number-old.line < 30 && old.want > 0 {
			old.line = f.number // a retry soon after: one passage
			return
		}
		old.weight, old.rule = weight, rule
		f.place(old, l)
		return
	}
	c := &candidate{weight: weight, rule: rule, hash: h, count: 1, first: f.number, last: f.number}
	f.place(c, l)
	f.all = append(f.all, c)
	if len(f.seen) < maxSeen {
		f.seen[h] = c
	}
	if len(f.all) >= 2*maxCandidates {
		f.prune()
	}
}

// place sets the candidate to the present line.
func (f *Finder) place(c *candidate, l logline.Line) {
	c.line, c.step, c.post = f.number, f.step, f.post
	c.lines = append(f.before(f.opt.Around), f.text(l))
	c.from = f.number - len(c.lines) + 1
	if c.want == 0 {
		f.open = append(f.open, c)
	}
	c.want = 10
}

// text is the present line as passages show it.
func (f *Finder) text(l logline.Line) string {
	t := l.Text
	if len(t) > maxText {
		t = append(bytes.ToValidUTF8(t[:maxText], nil), "…"...)
	}
	return string(bytes.Repeat([]byte{' '}, min(l.Indent, 40))) + string(t)
}
