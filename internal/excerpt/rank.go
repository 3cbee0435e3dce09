package excerpt

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// novel is the reason where no rule spoke.
const (
	whyNew  = "new since the last green run"
	whyLast = "the last words before the end"
)

// prune forgets the weakest candidates but for the latest of them, as what
// stands before the end may be all there is.
func (f *Finder) prune() {
	slices.SortStableFunc(f.all, func(a, b *candidate) int { return cmp.Compare(b.weight, a.weight) })
	rest := f.all[maxCandidates/2:]
	slices.SortStableFunc(rest, func(a, b *candidate) int { return cmp.Compare(b.last, a.last) })
	for _, c := range f.all[maxCandidates:] {
		delete(f.seen, c.hash)
		if c.want > 0 {
			f.open = slices.DeleteFunc(f.open, func(o *candidate) bool { return o == c })
		}
	}
	clear(f.all[maxCandidates:])
	f.all = f.all[:maxCandidates]
}

// Passages ends the log and returns what explains the failure, most telling
// first. Passages do not overlap.
func (f *Finder) Passages() []Passage {
	f.split.flush()
	list := slices.Clone(f.all)
	slices.SortStableFunc(list, func(a, b *candidate) int { return cmp.Compare(a.line, b.line) })
	list = append(list, f.lastWords()...)
	list = f.hinted(list)
	for _, c := range list {
		c.score = f.score(c)
	}
	f.cascade(list)
	slices.SortStableFunc(list, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.line, b.line))
	})
	var out []Passage
	for _, c := range list {
		if len(out) >= f.opt.Max {
			break
		}
		if c.score <= 0 && len(out) > 0 {
			break
		}
		p := f.passage(c)
		if !slices.ContainsFunc(out, func(o Passage) bool {
			return o.From < p.From+len(p.Lines) && p.From < o.From+len(o.Lines) && o.covers(c.line)
		}) {
			out = append(out, p)
		}
	}
	return out
}

func (p Passage) covers(line int) bool { return line >= p.From && line < p.From+len(p.Lines) }

// score adds to a candidate's weight what its place in the log says.
func (f *Finder) score(c *candidate) int {
	s := c.weight
	if c.post {
		s -= 30
	}
	own, first := false, math.MaxInt
	for _, e := range f.ends {
		first = min(first, e.line)
		own = own || e.step == c.step && e.line >= c.line
	}
	switch {
	case own:
		s += 12
	case len(f.ends) > 0 && c.line > first:
		s -= 18
	case len(f.ends) > 0:
		s -= 4
	}
	// The same line again and again through the whole log is how this step talks.
	if spread := c.last - c.first; c.count >= 3 && spread > 200 && spread > f.number/10 {
		s -= min(30, 7*c.count)
	}
	// What kills a run, or is tried again, is told of shortly before its end.
	if r := &f.rules.rules[c.rule]; (r.last || r.weight >= certain) && f.near(c) < nearby {
		s -= 14
	}
	if f.opt.Green != nil && f.green(c) {
		s -= 70
	}
	return s
}

// green reports whether the last green log had the line.
func (f *Finder) green(c *candidate) bool {
	_, known := f.opt.Green.known[c.hash]
	return known
}

// nearby is what the farthest line gains that still stands before an end.
const nearby = 9

// near is what a candidate gains for standing shortly before the end of its
// step, or of the log.
func (f *Finder) near(c *candidate) int {
	until := f.number
	for _, e := range f.ends {
		if e.step == c.step && e.line >= c.last {
			until = e.line
			break
		}
	}
	switch d := until - c.last; {
	case d <= 30:
		return 16
	case d <= 120:
		return 13
	case d <= 500:
		return nearby
	case d <= 3000:
		return 3
	}
	return 0
}

// cascade gives errors of one kind what the last of them gains, as the first of
// a cascade is the one that counts.
func (f *Finder) cascade(list []*candidate) {
	type kind struct {
		name string
		step int
	}
	best := map[kind]int{}
	for _, c := range list {
		k := kind{f.why(c), c.step}
		best[k] = max(best[k], f.near(c))
	}
	for _, c := range list {
		if r := &f.rules.rules[c.rule]; c.weight >= failure-6 && !r.last {
			c.score += best[kind{f.why(c), c.step}]
		} else {
			c.score += f.near(c)
		}
	}
}

// hinted raises the candidates at lines that somebody knows, and adds those
// that no rule had named.
func (f *Finder) hinted(list []*candidate) []*candidate {
	at := map[int]*candidate{}
	for _, c := range list {
		at[c.line] = c
	}
	for _, h := range f.hints {
		if h.Line <= 0 {
			continue
		}
		c := at[h.Line]
		switch {
		case c != nil && !h.Summary:
			c.weight += 6
		case c == nil && h.Text != "":
			w := failure - 4
			if h.Summary {
				w = summary
			}
			c = &candidate{line: h.Line, first: h.Line, last: h.Line, from: h.Line, weight: w, rule: f.hintRule(), step: f.step, lines: []string{h.Text}, count: 1}
			list = append(list, c)
			at[h.Line] = c
		}
	}
	return list
}

// passage is the candidate as it is shown.
func (f *Finder) passage(c *candidate) Passage {
	from, lines := c.from, c.lines
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" && from+len(lines)-1 > c.line {
		lines = lines[:len(lines)-1]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" && from < c.line {
		lines, from = lines[1:], from+1
	}
	return Passage{From: from, Key: c.line, Lines: slices.Clone(lines), Why: f.why(c)}
}

func (f *Finder) why(c *candidate) string { return f.rules.rules[c.rule].name }

// lastWords makes candidates of what stood before the words that a step failed,
// and before the end: scripts say there why they refuse, in words of their own.
func (f *Finder) lastWords() []*candidate {
	tails := slices.Clone(f.tails)
	if len(tails) == 0 {
		f.number++
		tails = append(tails, tail{line: f.number, step: f.step, lines: f.before(ringSize - 1)})
		f.number--
	}
	var out []*candidate
	for _, t := range tails {
		if c := f.last(t); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// last picks the line of the last paragraph that says most.
func (f *Finder) last(t tail) *candidate {
	best, score, run := -1, math.MinInt, 0
	for i := len(t.lines) - 1; i >= 0 && run < 12; i-- {
		text, lv := bare([]byte(strings.TrimSpace(t.lines[i])))
		if len(text) == 0 {
			if run > 0 {
				run += 2 // the paragraph before is farther away
			}
			continue
		}
		if lv == muted || f.boundary(text) {
			if run > 0 {
				break
			}
			continue
		}
		s := 0
		switch {
		case f.noise.calm.Match(text) || f.noise.passed.full.Match(text):
			continue
		case f.noise.echo.Match(text):
			s = -20
		}
		if f.noise.refuse.Match(text) {
			s += 10
		}
		if f.noise.place.Match(text) {
			s += 8
		}
		if f.noise.count.Match(text) {
			s -= 12
		}
		s -= run
		if lv == warned || f.noise.warn.full.Match(text) {
			s -= 14
		}
		if f.noise.none.full.Match(text) {
			s -= 14
		}
		// Of a paragraph the first line, when it says as much.
		if s+2 > score || best >= 0 && i == best-1 && s+4 > score && !f.noise.echo.Match(text) {
			best, score = i, max(s, score)
		}
		run++
	}
	if best < 0 {
		return nil
	}
	first := max(0, best-f.opt.Around)
	line := t.line - len(t.lines) + best
	return &candidate{
		line: line, first: line, last: line, from: line - (best - first), weight: generic - 3 + min(score, 8), rule: f.wordsRule(), step: t.step, count: 1,
		lines: t.lines[first:min(len(t.lines), best+11)], hash: fnv([]byte(t.lines[best])),
	}
}

func (f *Finder) boundary(text []byte) bool {
	return strings.HasPrefix(string(text), "##[") || strings.HasPrefix(string(text), "section_")
}

// hintRule is the rule of lines that only a hint names.
func (f *Finder) hintRule() int { return len(f.rules.rules) - 4 }

// wordsRule is the rule of last words.
func (f *Finder) wordsRule() int { return len(f.rules.rules) - 3 }
