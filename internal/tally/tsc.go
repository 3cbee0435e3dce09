package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// tsc reads the TypeScript compiler: the count that it prints on a terminal and
// when it watches, and the bare errors that are all it prints elsewhere.
//
//	src/a.ts(1,5): error TS2322: Type 'string' is not assignable to type 'number'.
type tsc struct {
	fails []Failure
	count int
	last  int
}

func (g *tsc) triggers() []string {
	return []string{inner, "Found ", "error TS", "##[error]error TS"}
}

func (g *tsc) line(l logline.Line, o *out) {
	t := strings.TrimPrefix(o.text(l), "##[error]") // GitHub's problem matchers put it there
	if strings.HasPrefix(t, "Found ") {
		g.found(t, l, o)
		return
	}
	place, message, ok := strings.Cut(t, ": error TS")
	if m, bare := strings.CutPrefix(t, "error TS"); bare { // of the project, not of a file
		place, message, ok = "tsconfig.json(1,1)", m, true
	}
	code, _, coded := leading(message)
	if !ok || !coded || code == 0 || l.Indent > 0 || !placed(place) {
		return
	}
	place = strings.TrimSuffix(place, "tsconfig.json(1,1)")
	g.count++
	g.last = l.Number
	if len(g.fails) < maxFailures {
		g.fails = append(g.fails, Failure{Name: cut(place), Message: cut("TS" + message), Line: l.Number})
	}
}

// placed reports whether a place is "path(1,2)".
func placed(place string) bool {
	i := strings.LastIndexByte(place, '(')
	return i > 0 && like1(place[i:], "({n},{n})")
}

// found reads the count, in all its spellings.
func (g *tsc) found(t string, l logline.Line, o *out) {
	for _, p := range []string{
		"Found {n} error{s} in {n} file{s}.", "Found {n} error{s} in the same file, starting at: {*}:{n}",
		"Found {n} error{s}. Watching for file changes.", "Found {n} error in {*}:{n}",
	} {
		n, ok := like(t, p)
		if !ok || l.Indent > 0 {
			continue
		}
		r := problems(of("tsc", Build, l), n[0], 0)
		r.Failures = g.fails
		if len(g.fails) > 0 {
			r.First = g.fails[0].Line
		}
		o.add(r)
		*g = tsc{}
		return
	}
}

// end adds the bare errors.
func (g *tsc) end(o *out) {
	if g.count == 0 {
		return
	}
	first := g.fails[0]
	o.add(Run{
		Tool: "tsc", Kind: Build, State: Failed, Failed: g.count, Failures: g.fails,
		First: first.Line, Last: g.last, Text: first.Name + ": error " + first.Message,
	})
}
