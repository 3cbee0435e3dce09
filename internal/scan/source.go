package scan

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/rule"
)

// source is a file that is being read.
type source struct {
	path   string
	text   string
	starts []int // offset of each line
	allow  map[int]*allowance
	out    []rule.Finding
	skips  []Skip
	last   position
	pieces int // fragments read
}

// position is a place with its offset.
type position struct{ line, column, offset int }

// allowance is one guard:ok of a file.
type allowance struct {
	line   int
	ids    []rule.ID
	reason string
	used   bool
}

// maxFindings bounds the findings of a file.
const maxFindings = 500

// open prepares a file; comment is what comments begin with.
func open(path, text, comment string) *source {
	s := &source{path: path, text: text, starts: []int{0}, allow: map[int]*allowance{}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	if !strings.Contains(text, "guard:ok") {
		return s
	}
	for i := range s.starts {
		line := s.line(i + 1)
		at := strings.LastIndex(line, "guard:ok")
		if at < 0 || comment == "" || !strings.Contains(line[:at], comment) {
			continue
		}
		if ids, why, ok := rule.ParseAllow(line[max(0, at-1):]); ok {
			s.allow[i+1] = &allowance{line: i + 1, ids: ids, reason: why}
		}
	}
	return s
}

// line is a line's text, counted from 1.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.starts) {
		return ""
	}
	end := len(s.text)
	if n < len(s.starts) {
		end = s.starts[n] - 1
	}
	return strings.TrimSuffix(s.text[s.starts[n-1]:end], "\r")
}

// continued is a line with those that a backslash joins to it, and the number of the last.
func (s *source) continued(n int) (text string, last int) {
	last = n
	for last < len(s.starts) && strings.HasSuffix(s.line(last), "\\") {
		last++
	}
	return s.text[s.starts[n-1] : s.starts[last-1]+len(s.line(last))], last
}

// place turns an offset into a line and a column.
func (s *source) place(off int) (line, column int) {
	off = max(0, min(off, len(s.text)))
	line = sort.SearchInts(s.starts, off+1)
	return line, utf8.RuneCountInString(s.text[s.starts[line-1]:off]) + 1
}

// offset is the inverse of place, for a column counted in runes. The last answer
// is remembered, so that a file of one long line is not read again and again.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.starts) {
		return len(s.text)
	}
	if s.last.line != line || s.last.column > column {
		s.last = position{line, 1, s.starts[line-1]}
	}
	for s.last.column < column && s.last.offset < len(s.text) {
		_, n := utf8.DecodeRuneInString(s.text[s.last.offset:])
		s.last.offset += n
		s.last.column++
	}
	return s.last.offset
}

// report adds a finding at an offset. Allowances are looked for on its line,
// in the comment above, and in the same way at the lines of also.
func (s *source) report(id rule.ID, level rule.Level, off int, message string, also ...int) {
	if len(s.out) >= maxFindings {
		return
	}
	line, column := s.place(off)
	f := rule.Finding{
		Rule: id, Level: level, Message: clip(message),
		Place:  rule.Place{File: s.path, Line: line, Column: column},
		Proofs: []rule.Proof{{Kind: "file", Text: clip(strings.TrimSpace(s.line(line))), Line: line}},
	}
	for _, at := range append([]int{line}, also...) {
		if a := s.allowed(id, at); a != nil {
			f.Allowed = a.reason
			break
		}
	}
	s.out = append(s.out, f)
}

// allowed finds the allowance for a rule on a line or in the comment above it.
func (s *source) allowed(id rule.ID, line int) *allowance {
	for at := line; at > 0; at-- {
		if a := s.allow[at]; a != nil {
			for _, one := range a.ids {
				if one == id {
					a.used = true
					if a.reason != "" {
						return a
					}
				}
			}
		}
		above := strings.TrimSpace(s.line(at - 1))
		if !strings.HasPrefix(above, "#") && !strings.HasPrefix(above, "//") && !strings.HasPrefix(above, "/*") {
			return nil
		}
	}
	return nil
}

// settle says what is wrong with the file's allowances.
func (s *source) settle() {
	for _, a := range s.allow {
		at := rule.Place{File: s.path, Line: a.line, Column: strings.Index(s.line(a.line), "guard:ok") + 1}
		add := func(id rule.ID, level rule.Level, message string) {
			s.out = append(s.out, rule.Finding{Rule: id, Level: level, Message: message, Place: at})
		}
		if len(a.ids) == 0 {
			add("guard:ok", rule.Warn, "guard:ok names no rule: write `guard:ok RULE REASON`")
			continue
		}
		if a.reason == "" {
			add(a.ids[0], rule.Warn, "guard:ok without a reason allows nothing: write `guard:ok RULE REASON`")
		}
		unknown := false
		for _, id := range a.ids {
			if err := rule.Known(id); err != nil {
				unknown = true
				add(id, rule.Warn, "guard:ok: "+err.Error())
			}
		}
		if !unknown && !a.used {
			add(a.ids[0], rule.Note, fmt.Sprintf("guard:ok allows nothing here: there is no %s to allow", a.ids[0]))
		}
	}
}

func (s *source) skip(off int, why string) {
	line, _ := s.place(off)
	s.skips = append(s.skips, Skip{Path: s.path, Line: line, Reason: clip(why)})
}

// clip makes one line of bounded length, without control characters.
func clip(text string) string {
	if len(text) > 4000 {
		text = text[:4000]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	const most = 240
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return text
}
