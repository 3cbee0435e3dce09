package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// buildGrammars are the JVM's and .NET's runners, compilers, linters, bundlers
// and task runners.
func buildGrammars() []grammar {
	return []grammar{
		&surefire{}, &maven{}, &gradle{}, &junitConsole{},
		oneLine{testngTriggers, testng},
		&junit4{},
		&vstest{}, &mtp{}, &msbuild{}, &xunit{},
		oneLine{nunitTriggers, nunit},
		&tsc{},
		oneLine{eslintTriggers, eslint},
		&found{},
		oneLine{lintTriggers, lint},
		&listed{},
		&webpack{},
		oneLine{bundleTriggers, bundle},
		&esbuild{},
		&compiler{}, &gobuild{}, &cargo{},
		oneLine{ninjaTriggers, ninja},
		&gnumake{},
		oneLine{packagerTriggers, packager},
		&turbo{}, &nx{},
		oneLine{runnerTriggers, taskRunner},
		oneLine{imageTriggers, image},
		&recap{}, &psql{},
		oneLine{moreTriggers, moreTools},
		&pnpm{}, &lanes{}, &compose{}, &bazel{},
		oneLine{workerTriggers, worker},
		oneLine{killTriggers, killed},
		&annotation{},
		&traceback{}, &uncaught{}, &goPanic{},
	}
}

// oneLine is a grammar whose every line says all that there is to say.
type oneLine struct {
	starts []string
	read   func(t string, l logline.Line, o *out)
}

func (g oneLine) triggers() []string          { return g.starts }
func (g oneLine) line(l logline.Line, o *out) { g.read(o.text(l), l, o) }
func (g oneLine) end(*out)                    {}

// of is a run that is told in one line.
func of(tool string, kind Kind, l logline.Line) Run {
	return Run{Tool: tool, Kind: kind, State: Passed, First: l.Number, Last: l.Number, Text: string(l.Text)}
}

// bad is a run of something else than tests that failed with n problems.
func bad(tool string, kind Kind, n int, l logline.Line) Run {
	r := of(tool, kind, l)
	r.State, r.Failed = Failed, max(n, 1)
	return r
}

// problems is what a linter or compiler came to: warnings alone do not fail.
func problems(r Run, failed, warnings int) Run {
	r.Failed, r.Warnings = failed, warnings
	if failed > 0 {
		r.State = Failed
	}
	return r
}

// tested is what a test runner came to.
func tested(r Run, passed, failed, skipped int) Run {
	r.Passed, r.Failed, r.Skipped = max(passed, 0), failed, skipped
	switch {
	case failed > 0:
		r.State = Failed
	case passed+skipped <= 0:
		r.State = Empty
	default:
		r.State = Passed
	}
	return r
}

// nums are the numbers that like found, in order.
type nums [8]int

// like compares a line with a pattern in which {n} stands for a number, {s} for
// an s that may be there, and {*} for anything.
func like(text, pattern string) (n nums, ok bool) {
	const most = 1 << 10 // no summary is longer
	if len(text) > most {
		text = text[:most]
	}
	ok = n.match(text, pattern, 0)
	return n, ok
}

func (n *nums) match(t, p string, k int) bool {
	for p != "" {
		if len(p) < 3 || p[0] != '{' || p[2] != '}' {
			if t == "" || t[0] != p[0] {
				return false
			}
			t, p = t[1:], p[1:]
			continue
		}
		rest := p[3:]
		switch p[1] {
		case 'n':
			value, after, ok := leading(t)
			if !ok || k >= len(n) {
				return false
			}
			n[k], t, k = value, after, k+1
		case 's':
			if strings.HasPrefix(t, "s") && n.match(t[1:], rest, k) {
				return true
			}
		default:
			return n.anything(t, rest, k)
		}
		p = rest
	}
	return t == ""
}

// anything tries the rest of a pattern at every place.
func (n *nums) anything(t, rest string, k int) bool {
	if rest == "" {
		return true
	}
	for i := 0; i <= len(t); i++ {
		if i < len(t) && rest[0] != '{' && t[i] != rest[0] {
			continue
		}
		if n.match(t[i:], rest, k) {
			return true
		}
	}
	return false
}

// leading is the number that a text begins with, without separators.
func leading(t string) (value int, rest string, ok bool) {
	i := 0
	for i < len(t) && digit(t[i]) {
		if value < 1e9 {
			value = value*10 + int(t[i]-'0')
		}
		i++
	}
	return value, t[i:], i > 0
}

// numberAfter is the number that follows a word: numberAfter("a: 3, b", "a: ") is 3.
func numberAfter(t, word string) (int, bool) {
	_, rest, found := strings.Cut(t, word)
	if !found {
		return 0, false
	}
	n, _, ok := leading(strings.TrimLeft(rest, " "))
	return n, ok
}

// countBefore is the number before a word: countBefore("3 errors and 1 warning",
// " warning") is 1; 0 when there is none.
func countBefore(t, word string) int {
	i := strings.Index(t, word)
	if i <= 0 {
		return 0
	}
	j := i
	for j > 0 && digit(t[j-1]) {
		j--
	}
	n, _, _ := leading(t[j:i])
	return n
}

// anyPrefix reports whether t begins with one of the prefixes.
func anyPrefix(t string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	return false
}

// token reports whether t is one word of the kind that packages, tasks and
// targets are called by.
func token(t string) bool {
	if t == "" || len(t) > 120 {
		return false
	}
	for i := range len(t) {
		c := t[i]
		switch {
		case digit(c), c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case strings.IndexByte("@/._-:#+", c) >= 0:
		default:
			return false
		}
	}
	return true
}
