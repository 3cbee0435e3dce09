package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// scriptGrammars are the test runners of JavaScript and TAP. Mocha comes last:
// that it began and did not end is told by its look alone, so it yields to all
// the others.
func scriptGrammars() []grammar {
	s := &stage{}
	all := []grammar{
		&jest{}, &vitest{stage: s}, &nodeTest{}, &playwright{stage: s}, &cypress{stage: s}, &tap{}, &jasmine{},
		&karma{}, &ava{}, &bun{stage: s}, &deno{stage: s}, &testcafe{stage: s}, &wdio{}, &cucumber{}, &uvu{}, &bats{}, &nodeTap{}, &mocha{},
	}
	for i := range all {
		all[i] = &guest{grammar: all[i], stage: s}
	}
	return all
}

// stage tells the grammars of one lane whose run is on: a runner that says when
// it begins and when it ends. What the others see meanwhile, its tests print.
type stage struct{ host grammar }

// guest is a grammar that is silent while another has the stage, and within the
// fences of a document that somebody prints.
type guest struct {
	grammar
	stage *stage
	fence int // the line on which a fence opened
}

// maxFence is how many lines a fence may hold; one that is never closed silences
// no more than these.
const maxFence = 100

func (g *guest) triggers() []string { return append(g.grammar.triggers(), "```") }

func (g *guest) line(l logline.Line, o *out) {
	if len(l.Text) > 2 && l.Text[0] == '`' && strings.HasPrefix(o.text(l), "```") {
		word := o.text(l)[3:]
		switch {
		case l.Indent > 3: // within a code block of a list: no fence, and no grammar's line
		case g.fence > 0:
			g.fence = 0
		case !strings.ContainsAny(word, " `"):
			g.fence = l.Number
		}
		return
	}
	if g.fence > 0 {
		if l.Number <= g.fence+maxFence {
			return
		}
		g.fence = 0
	}
	if h := g.stage.host; h == nil || h == g.grammar {
		g.grammar.line(l, o)
	}
}

// follows tells whether a line stands at most gap lines below another. In a lane
// the lines of other packages may stand in between.
func (o *out) follows(at, now, gap int) bool {
	if o.lane != "" {
		gap += 100
	}
	return at > 0 && now > at && now <= at+gap
}

// numbered splits a number and the space after it off a text.
func numbered(text string) (n int, rest string, ok bool) {
	i := 0
	for i < len(text) && i < 9 && digit(text[i]) {
		n = n*10 + int(text[i]-'0')
		i++
	}
	if i == 0 || i < len(text) && digit(text[i]) {
		return 0, text, false
	}
	return n, strings.TrimPrefix(text[i:], " "), true
}

// wordCounts reads "1 failed, 2 passed, 3 total": numbers and words between
// separators, and nothing else.
func wordCounts(text, sep string) (map[string]int, bool) {
	m := map[string]int{}
	for part := range strings.SplitSeq(text, sep) {
		n, word, ok := numbered(strings.TrimSpace(part))
		if !ok || word == "" || len(word) > 40 {
			return nil, false
		}
		m[word] += n
	}
	return m, true
}

// isDuration tells whether text is a time such as "12ms", "3.4s", "1m", "2m 3s".
func isDuration(text string) bool {
	if text == "" || len(text) > 24 || !digit(text[0]) {
		return false
	}
	last := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case digit(c), c == '.', c == ' ', strings.IndexByte("dhmnsuµ\xc2\xb5", c) >= 0:
			last = c
		default:
			return false
		}
	}
	return !digit(last) && last != '.' && last != ' '
}

// cutTime splits a time in parentheses off the end of a text.
func cutTime(text string) (before string, ok bool) {
	i := strings.LastIndexByte(text, '(')
	if i < 0 || !strings.HasSuffix(text, ")") || !isDuration(text[i+1:len(text)-1]) {
		return text, false
	}
	return strings.TrimSpace(text[:i]), true
}

// scriptFile tells whether the name of a file is that of a script.
func scriptFile(name string) bool {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 {
		return false
	}
	switch name[i+1:] {
	case "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "coffee":
		return true
	}
	return false
}

// cutPlural is "1 test" or "2 tests": whether text begins with word, with or
// without an s; rest is what follows.
func cutPlural(text, word string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(text, word)
	if !ok {
		return text, false
	}
	rest = strings.TrimPrefix(rest, "s")
	if rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
		return text, false
	}
	return rest, true
}

// addFailure appends a failure once: runners repeat them at the end.
func addFailure(list []Failure, f Failure) []Failure {
	for i := range list {
		if list[i].Name == f.Name {
			if list[i].Message == "" {
				list[i].Message = f.Message
			}
			return list
		}
	}
	if len(list) >= maxFailures {
		return list
	}
	f.Name, f.Message = cut(f.Name), cut(f.Message)
	return append(list, f)
}

// firstLine is the first of two line numbers, 0 being none.
func firstLine(a, b int) int {
	if a == 0 {
		return b
	}
	return a
}
