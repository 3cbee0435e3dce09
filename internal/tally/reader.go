package tally

import (
	"bytes"
	"math/bits"
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// Bounds of what a Reader keeps; what is beyond them is counted in Dropped.
const (
	maxRuns     = 2000
	maxMarks    = 500
	maxFailures = 50
	maxLanes    = 256
	maxText     = 300
)

// What a trigger may stand for beside a beginning.
const (
	number = "\x00"
	inner  = "\x01"
)

// grammar reads the output of one tool. Lines come cleaned and in order; only
// those that begin with one of its triggers, unless it asked for more.
type grammar interface {
	// triggers are the beginnings of the lines it wants, without indentation: at
	// least two bytes each, better three or more. A trigger that starts with the
	// constant number wants a number and a space before the rest: number+"passing"
	// is "12 passing". The trigger inner wants every line that says ": error" or
	// ": line " after a place.
	triggers() []string
	// line reads one line.
	line(l logline.Line, o *out)
	// end is called once, after the last line: what began and did not end is
	// added as unfinished.
	end(o *out)
}

// out is what a grammar tells of. Each lane (a package of a workspace whose
// lines are prefixed with its name) has grammars and an out of its own.
type out struct {
	r    *Reader
	lane string
	more int // lines that the asking grammar gets, whatever they begin with
}

// add adds a run that ended, or that never will.
func (o *out) add(run Run) {
	if len(o.r.runs) >= maxRuns {
		o.r.dropped++
		return
	}
	if run.Name == "" {
		run.Name = o.lane
	}
	if len(run.Failures) > maxFailures {
		run.Failures = run.Failures[:maxFailures]
	}
	run.Text = cut(run.Text)
	o.r.runs = append(o.r.runs, run)
}

// mark adds a line that means something by itself.
func (o *out) mark(id rule.ID, tool string, l logline.Line) {
	if len(o.r.marks) >= maxMarks {
		o.r.dropped++
		return
	}
	o.r.marks = append(o.r.marks, Mark{Rule: id, Tool: tool, Line: l.Number, Text: cut(string(l.Text))})
}

// next asks for the next n lines, whatever they begin with, for this grammar.
func (o *out) next(n int) { o.more = n }

// begin says that a test case began, and done that it ended; the watchdog names
// what runs. name may be all that is known of the place: a file.
func (o *out) begin(name string) { o.r.now.Test = cut(name) }

// done says that the named test case is over.
func (o *out) done(name string) {
	o.r.now.Last = cut(name)
	if o.r.now.Test == o.r.now.Last {
		o.r.now.Test = ""
	}
}

// finished says that the tool printed what it prints last ("Ran all test
// suites"): the process should end now.
func (o *out) finished(tool string) { o.r.now.Finished = tool }

// prefixed says that a task runner puts names before the lines that follow; cut
// splits such a line into name and rest, ok false when it bears no name.
func (o *out) prefixed(split func(text []byte) (name, rest []byte, ok bool)) { o.r.split = split }

// text is the line as a string, made once for all the grammars that read it.
func (o *out) text(l logline.Line) string { return o.r.strings.of(l.Text) }

// scribe makes strings of lines. Many stand in one piece of memory, which is
// never written again: who keeps a part of one keeps that piece, so it is small.
type scribe struct {
	b    strings.Builder
	from []byte // of which the last string was made
	last string
}

const scribeBytes = 512

// of returns the string of a line, the last one when it is asked for again.
func (s *scribe) of(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if len(s.from) == len(text) && &s.from[0] == &text[0] {
		return s.last
	}
	if len(text) > scribeBytes/4 {
		s.from, s.last = text, string(text)
		return s.last
	}
	if s.b.Cap()-s.b.Len() < len(text) {
		s.b = strings.Builder{}
		s.b.Grow(scribeBytes)
	}
	at := s.b.Len()
	s.b.Write(text)
	s.from, s.last = text, s.b.String()[at:]
	return s.last
}

// forget is called before memory may hold another line.
func (s *scribe) forget() { s.from = nil }

// Progress is what a Reader knows while the log is still being written.
type Progress struct {
	Test     string // the case or file that began and did not end
	Last     string // the one that ended last
	Finished string // the tool that said it is over; "" when none did
}

// Result is all that a log's tools said.
type Result struct {
	Runs    []Run
	Marks   []Mark
	Lines   int // lines in the log
	Dropped int // runs and marks beyond the bounds
}

// Reader reads a log as it comes. It is an io.Writer that never fails. It is
// not safe for concurrent use.
type Reader struct {
	cleaner logline.Cleaner
	sieve   *sieve
	lanes   map[string]*lane
	main    *lane
	split   func(text []byte) (name, rest []byte, ok bool)
	guess   guess
	doubly  bool // the prefix is guessed: lines are read with it, too
	carry   []byte
	long    bool // the line in carry is longer than is kept
	lines   int
	attend  bool // somebody asked for the next line
	deep    int64
	runs    []Run
	marks   []Mark
	dropped int
	now     Progress
	strings scribe
}

// lane is the grammars of one source of lines.
type lane struct {
	grammars []grammar
	outs     []out
	asking   set // those whose out asked for more
}

// NewReader returns a reader for one log.
func NewReader() *Reader {
	r := &Reader{lanes: map[string]*lane{}, deep: deepBytes}
	r.main = r.lane("")
	r.sieve = newSieve(r.main.grammars)
	return r
}

// grammars makes one of each.
func grammars() []grammar {
	var all []grammar
	all = append(all, scriptGrammars()...)
	all = append(all, nativeGrammars()...)
	all = append(all, buildGrammars()...)
	all = append(all, &printed{}) // after all that speak for themselves
	return all
}

func (r *Reader) lane(name string) *lane {
	if l, ok := r.lanes[name]; ok {
		return l
	}
	if len(r.lanes) >= maxLanes {
		return r.main
	}
	l := &lane{grammars: grammars()}
	l.outs = make([]out, len(l.grammars))
	for i := range l.outs {
		l.outs[i] = out{r: r, lane: name}
	}
	r.lanes[name] = l
	return l
}

// Write reads a block of the log; lines may go on in the next.
func (r *Reader) Write(p []byte) (int, error) {
	n := len(p)
	if len(r.carry) > 0 || r.long {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			r.deep -= int64(n)
			r.keep(p)
			return n, nil
		}
		r.keep(p[:i])
		line := r.carry
		r.carry, r.long = r.carry[:0], false
		r.sift(line, true)
		p = p[i+1:]
	}
	// Where the next carriage return is, is looked up once for many lines.
	at, back := 0, next(p, 0)
	for at < len(p) {
		i := bytes.IndexByte(p[at:], '\n')
		if i < 0 {
			r.keep(p[at:])
			break
		}
		end := at + i + 1
		unread := r.sift(p[at:end-1], back < end-1)
		if n, tail := end-at, min(end-at, 8); unread && end+n <= len(p) && p[end] == p[at] && string(p[end+n-tail:end+n]) == string(p[end-tail:end]) {
			n = again(p[end:], p[at:], n)
			r.lines += n / (end - at)
			at = end + n
		} else {
			at = end
		}
		if back < at {
			back = next(p, at)
		}
	}
	r.deep -= int64(n)
	return n, nil
}

// next is where the first carriage return from a place on stands, or the end.
func next(p []byte, from int) int {
	if i := bytes.IndexByte(p[from:], '\r'); i >= 0 {
		return from + i
	}
	return len(p)
}

// again is how many bytes of p repeat a line of n bytes that stands before them:
// with p shifted against itself, all of a flood of one line is compared at once.
func again(p, before []byte, n int) int {
	k := 0
	for step := n; k+step <= len(p) && bytes.Equal(p[k:k+step], before[k:k+step]); step = min(2*step, max(n, 4<<10)/n*n) {
		k += step
	}
	return k
}

// sift reads a whole line if anybody may want it, and reports whether nobody
// did; returns says whether there may be carriage returns in it.
func (r *Reader) sift(line []byte, returns bool) (unread bool) {
	r.lines++
	if !r.attend && r.split == nil && !r.guess.probing(r.lines) {
		if r.sieve.wants(line, returns) {
			r.read(line)
			return false
		}
		if r.deep <= 0 || !inside(line) {
			return true
		}
	}
	r.sieve.raw = nil
	r.read(line)
	return false
}

// keep keeps the beginning of a line until the rest comes.
func (r *Reader) keep(p []byte) {
	if room := 4*logline.Max - len(r.carry); len(p) > room {
		// An endless line may still be one of carriage returns: its end counts.
		tail := p[max(0, len(p)-logline.Max+1):]
		if bytes.IndexByte(tail, '\r') >= 0 {
			r.carry = append(r.carry[:0], tail[bytes.LastIndexByte(tail, '\r')+1:]...)
			return
		}
		p, r.long = p[:max(room, 0)], true
	}
	r.carry = append(r.carry, p...)
}

// raw reads one whole line.
func (r *Reader) raw(line []byte) {
	r.lines++
	r.sieve.raw = nil
	r.read(line)
}

// read cleans a line and gives it to who wants it.
func (r *Reader) read(raw []byte) {
	if r.lines < 32 && !r.cleaner.Tabbed && bytes.Count(raw, []byte{'\t'}) >= 2 {
		r.cleaner.Tabbed = len(logline.Columns(raw)) < len(raw)
		r.sieve.tabbed = r.cleaner.Tabbed
	}
	l := r.cleaner.Clean(raw, r.lines)
	ln, whole := r.main, l
	if r.split == nil {
		r.guess.look(r, l.Text)
	}
	if r.split != nil {
		if name, rest, ok := r.split(l.Text); ok {
			known := false
			if ln, known = r.lanes[string(name)]; !known {
				ln = r.lane(string(name))
			}
			trimmed := bytes.TrimLeft(rest, " \t")
			l.Indent, l.Text = len(rest)-len(trimmed), trimmed
		}
	}
	if r.doubly {
		r.both(ln, whole, l)
		return
	}
	r.give(ln, l)
}

// give passes the line to the grammars that want it or asked for it.
func (r *Reader) give(ln *lane, l logline.Line) {
	r.strings.forget()
	wanted := r.sieve.whose(l.Text).or(ln.asking)
	for half, w := range wanted {
		for ; w != 0; w &= w - 1 {
			i := half<<6 | bits.TrailingZeros64(w)
			o := &ln.outs[i]
			asked := o.more > 0
			if asked {
				o.more--
			}
			ln.grammars[i].line(l, o)
			if o.more > 0 {
				ln.asking.add(i)
			} else if asked {
				ln.asking.drop(i)
			}
		}
	}
	r.attend = !r.main.asking.empty()
}

// Progress tells how far the log has come.
func (r *Reader) Progress() Progress { return r.now }

// Open is the beginning of a line that has not ended: a prompt, a progress bar.
func (r *Reader) Open() string {
	l := r.cleaner.Clean(r.carry, 0)
	return cut(string(l.Text))
}

// Close ends the log and returns what was in it.
func (r *Reader) Close() Result {
	if len(r.carry) > 0 {
		line := r.carry
		r.carry = nil
		r.raw(line)
	}
	for _, name := range r.names() {
		ln := r.lanes[name]
		for i := range ln.grammars {
			ln.grammars[i].end(&ln.outs[i])
		}
	}
	return Result{Runs: r.runs, Marks: r.marks, Lines: r.lines, Dropped: r.dropped}
}

// cut bounds a text that is kept.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return string(bytes.ToValidUTF8([]byte(s[:maxText]), nil)) + "…"
}

// Runs are the runs that have ended so far; not to be changed.
func (r *Reader) Runs() []Run { return r.runs }
