package guard

import (
	"bytes"
	"io"
	"slices"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/tally"
)

// How much of a log is kept in memory: its beginning and its end. What lies
// between was read as it passed, and is counted.
const (
	headBytes = 16 << 20
	tailBytes = 4 << 20  // fits a processor's cache: a flood runs through it
	openBytes = 64 << 10 // of a line that has not ended
)

// record is the log of one step: the streams merged line by line, in the order
// in which they came.
type record struct {
	reader *tally.Reader
	open   [4][]byte // the line that has not ended, of each stream
	head   []byte
	tail   []byte
	at     int // where the tail's oldest byte is, once it is full
	total  int64
	wanted []text
	copies io.Writer // the copy that was asked for; nil when none was
}

// text is something that the log must say.
type text struct {
	text string
	seen bool
	last []byte // bytes before those that come, as many as the text has
}

func newRecord(wanted []string) *record {
	r := &record{reader: tally.NewReader()}
	for _, w := range wanted {
		r.wanted = append(r.wanted, text{text: w})
	}
	return r
}

// block takes what one stream printed.
func (r *record) block(stream int, p []byte) {
	open := &r.open[stream%len(r.open)]
	i := bytes.IndexByte(p, '\n') // by far the faster of the two on an endless line
	if i >= 0 {
		i = bytes.LastIndexByte(p, '\n')
	}
	if i < 0 && len(*open)+len(p) < openBytes {
		*open = append(*open, p...)
		return
	}
	if i < 0 { // an endless line goes on without the others' lines in between
		i = len(p) - 1
	}
	if len(*open) > 0 {
		r.add(*open)
		*open = (*open)[:0]
	}
	r.add(p[:i+1])
	*open = append(*open, p[i+1:]...)
}

// add appends merged bytes.
func (r *record) add(p []byte) {
	_, _ = r.reader.Write(p)
	r.total += int64(len(p))
	r.seek(p)
	if r.copies != nil {
		_, _ = r.copies.Write(p)
	}
	if room := headBytes - len(r.head); room > 0 {
		n := min(room, len(p))
		r.head = append(r.head, p[:n]...)
		p = p[n:]
	}
	r.ring(p)
}

// seek looks for the texts that a complete log holds: as they came, or without
// the colours within them, and where a line was cut.
func (r *record) seek(p []byte) {
	if !slices.ContainsFunc(r.wanted, func(w text) bool { return !w.seen }) {
		return
	}
	plain := p
	if bytes.IndexByte(p, 0x1b) >= 0 {
		var c logline.Cleaner
		plain = nil
		for line := range bytes.Lines(p) {
			plain = append(append(plain, c.Clean(line, 0).Text...), '\n')
		}
	}
	for i := range r.wanted {
		w := &r.wanted[i]
		if w.seen {
			continue
		}
		want := []byte(w.text)
		seam := append(w.last, p[:min(len(p), len(want))]...)
		w.seen = bytes.Contains(p, want) || bytes.Contains(plain, want) || bytes.Contains(seam, want)
		w.last = append(w.last, p[max(0, len(p)-len(want)):]...)
		w.last = append([]byte(nil), w.last[max(0, len(w.last)-len(want)):]...)
	}
}

// ring keeps the last bytes.
func (r *record) ring(p []byte) {
	if len(p) >= tailBytes {
		r.tail, r.at = append(r.tail[:0], p[len(p)-tailBytes:]...), 0
		return
	}
	if room := tailBytes - len(r.tail); room > 0 {
		n := min(room, len(p))
		r.tail = append(r.tail, p[:n]...)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(r.tail[r.at:], p)
		r.at = (r.at + n) % len(r.tail)
		p = p[n:]
	}
}

// end adds the lines that never ended, and returns what the tools said.
func (r *record) end() tally.Result {
	for i := range r.open {
		if len(r.open[i]) > 0 {
			r.add(r.open[i])
			r.add([]byte{'\n'})
			r.open[i] = nil
		}
	}
	return r.reader.Close()
}

// absent are the texts that never came.
func (r *record) absent() []string {
	var out []string
	for _, w := range r.wanted {
		if !w.seen {
			out = append(out, w.text)
		}
	}
	return out
}

// prompt is the line that has not ended, of whichever stream has one.
func (r *record) prompt() string {
	for _, o := range r.open {
		if len(o) > 0 {
			return string(o[max(0, len(o)-200):])
		}
	}
	return ""
}

// parts returns beginning and end of what is kept, and how many bytes between
// them are not. The end starts at a whole line when something is missing.
func (r *record) parts() (head, tail []byte, lost int64) {
	tail = append(append(make([]byte, 0, len(r.tail)), r.tail[r.at:]...), r.tail[:r.at]...)
	lost = r.total - int64(len(r.head)) - int64(len(tail))
	if lost > 0 {
		if i := bytes.IndexByte(tail, '\n'); i >= 0 && i < openBytes {
			lost += int64(i + 1)
			tail = tail[i+1:]
		}
	}
	return r.head, tail, lost
}

// last returns the last n lines.
func (r *record) last(n int) []string {
	_, tail, _ := r.parts()
	if len(tail) == 0 {
		tail = r.head
	}
	tail = tail[max(0, len(tail)-256<<10):]
	lines := bytes.Split(bytes.TrimRight(tail, "\n"), []byte{'\n'})
	lines = lines[max(0, len(lines)-n):]
	out := make([]string, 0, len(lines)+1)
	for _, l := range lines {
		out = append(out, string(l))
	}
	if p := r.prompt(); p != "" {
		out = append(out, p)
	}
	return out
}
