package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// nativeGrammars are the test runners of Go, Python, Ruby, PHP, Rust, C++ and of
// the languages that print like them.
func nativeGrammars() []grammar {
	return []grammar{
		newGoTest(), newGoJSON(), &ginkgo{}, newPytest(), &unittest{}, &rspec{}, &minitest{}, &phpunit{}, &pest{},
		&cargoTest{}, &nextest{}, newCtest(), &googletest{}, &catch{}, &doctest{}, &boost{},
		&busted{}, &xctest{}, &dart{}, &elm{},
		&behave{}, &robot{}, &automake{}, &meson{}, &qtTest{}, &unity{}, &cmocka{},
		&testthat{}, &clojure{}, &julia{}, &hspec{},
	}
}

// match compares text with a pattern in which # stands for a whole number, ~ for
// a decimal one, ? for an s that may be there, and * at the end for anything. It
// returns the whole numbers.
func match(text, pattern string) ([]int, bool) {
	var found []int
	for i := 0; i < len(pattern); i++ {
		switch p := pattern[i]; p {
		case '#':
			n, rest, ok := integer(text)
			if !ok {
				return nil, false
			}
			found, text = append(found, n), rest
		case '~':
			if text == "" || !digit(text[0]) {
				return nil, false
			}
			for text != "" && (digit(text[0]) || text[0] == '.' || text[0] == ',') {
				text = text[1:]
			}
		case '?':
			text = strings.TrimPrefix(text, "s")
		case '*':
			return found, true
		default:
			if text == "" || text[0] != p {
				return nil, false
			}
			text = text[1:]
		}
	}
	return found, text == ""
}

// integer reads the number that text begins with, at most nine digits.
func integer(text string) (n int, rest string, ok bool) {
	i := 0
	for i < len(text) && i < 10 && digit(text[i]) {
		n = n*10 + int(text[i]-'0')
		i++
	}
	return n, text[i:], i > 0 && i < 10
}

// tallied reads "3 failed, 2 passed": counts by word, the plural's s taken off.
// A part that is no number and words makes it no list at all.
func tallied(text, sep string) (map[string]int, bool) {
	counts := map[string]int{}
	for part := range strings.SplitSeq(text, sep) {
		n, rest, ok := integer(strings.TrimSpace(part))
		if !ok || len(rest) < 2 || rest[0] != ' ' {
			return nil, false
		}
		counts[strings.TrimSuffix(strings.TrimSpace(rest), "s")] += n
	}
	return counts, true
}

// only reports whether there are no other words than these.
func only(counts map[string]int, words string) bool {
	for w := range counts {
		if !strings.Contains(words, "|"+w+"|") {
			return false
		}
	}
	return len(counts) > 0
}

// frame reports whether text is title between runs of c, as pytest and others
// draw headings.
func frame(text string, c byte) (title string, ok bool) {
	t := strings.TrimLeft(text, string(c))
	if len(t) == len(text) || t == "" || t[0] != ' ' {
		return "", false
	}
	u := strings.TrimRight(t, string(c))
	if len(u) == len(t) || u[len(u)-1] != ' ' {
		return "", false
	}
	return strings.TrimSpace(u), true
}

// allOf reports whether text is made of these bytes alone.
func allOf(text, bytes string) bool { return text != "" && strings.Trim(text, bytes) == "" }

// outcome is the state that counts speak of.
func outcome(r Run) State {
	switch {
	case r.Failed > 0:
		return Failed
	case r.Passed == 0 && r.Skipped == 0:
		return Empty
	}
	return Passed
}

// fails keeps the names of the first failures.
type fails []Failure

func (f *fails) add(name, message string, line int) {
	if len(*f) < maxFailures {
		*f = append(*f, Failure{Name: cut(name), Message: cut(message), Line: line})
	}
}

// join keeps the first failures of others too.
func (f *fails) join(more fails) {
	*f = append(*f, more[:min(len(more), max(0, maxFailures-len(*f)))]...)
}

// explain gives the last failure its message when it has none.
func (f fails) explain(message string) {
	if n := len(f); n > 0 && f[n-1].Message == "" {
		f[n-1].Message = cut(message)
	}
}

// session is a run that began; inner are the runs that came before its end.
type session struct {
	run   Run
	began bool // something beside the header says so
	broke bool // the tool says that it stopped before its end
	inner []Run
	fails fails
}

// sessions tell a runner's own summary from one that a test of it printed: a
// summary belongs to the innermost session that announced as many cases.
type sessions struct{ open []*session }

const maxSessions = 16

// begin opens a session.
func (s *sessions) begin(run Run) *session {
	if len(s.open) >= maxSessions {
		s.open = s.open[:maxSessions-1]
	}
	n := &session{run: run}
	s.open = append(s.open, n)
	return n
}

// top is the innermost session, nil when none is open.
func (s *sessions) top() *session {
	if len(s.open) == 0 {
		return nil
	}
	return s.open[len(s.open)-1]
}

// close ends the session that a summary of so many cases belongs to and returns
// it; outer is the one around it.
func (s *sessions) close(cases int) (done, outer *session) {
	at := len(s.open) - 1
	if at < 0 {
		return nil, nil
	}
	for i := at; i >= 0; i-- {
		if s.open[i].run.Expected == cases {
			at = i
			break
		}
	}
	done = s.open[at]
	s.open = s.open[:at]
	return done, s.top()
}

// give adds a run: to the log's, or to the session around it.
func (s *sessions) give(run Run, outer *session, o *out) {
	if outer == nil {
		o.add(run)
		return
	}
	if len(outer.inner) < maxRuns/4 {
		outer.inner = append(outer.inner, run)
	}
}

// abandon adds what never came to its end, and what came within.
func (s *sessions) abandon(o *out) {
	for _, n := range s.open {
		if n.began || n.run.Expected > 0 {
			n.run.State, n.run.Failures = Unfinished, n.fails
			o.add(n.run)
		}
		for _, run := range n.inner {
			o.add(run)
		}
	}
	s.open = nil
}

// place notes the line a run was last seen at.
func (r *Run) place(l logline.Line) {
	if r.First == 0 {
		r.First = l.Number
	}
	r.Last, r.Indent, r.Text = l.Number, l.Indent, string(l.Text)
}
