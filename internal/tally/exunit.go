package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// exunit reads Elixir's ExUnit: "5 tests, 1 failure" right after "Finished in
// 0.05 seconds (0.05s async, 0.00s sync)".
type exunit struct {
	begun Run
	ended int
	fails fails
}

func (e *exunit) triggers() []string {
	return []string{"Finished in ", "Running ExUnit with seed: ", number + "test", number + "doctest", number + "propert", number + "failure",
		number + ") test ", "1) test ", "2) test ", "3) test "}
}

func (e *exunit) line(l logline.Line, o *out) {
	text := string(l.Text)
	switch {
	case strings.Contains(text, ") test ") && l.Indent == 2:
		_, name, _ := strings.Cut(text, ") ")
		e.fails.add(name, "", l.Number)
	case l.Indent > 0:
	case strings.HasPrefix(text, "Running ExUnit with seed: "):
		e.end(o)
		e.begun = Run{Tool: "ExUnit", Kind: Test}
		e.begun.place(l)
	case strings.HasPrefix(text, "Finished in "):
		if _, ok := match(text, "Finished in ~ second? (~s *"); ok && strings.Contains(text, " async, ") || e.begun.Tool != "" && ok {
			e.ended = l.Number
		}
	case e.ended > 0 && l.Number-e.ended == 1:
		e.summary(text, l, o)
	}
}

func (e *exunit) summary(text string, l logline.Line, o *out) {
	counts, ok := tallied(text, ", ")
	if !ok || !only(counts, "|test|doctest|property|propertie|properties|failure|excluded|skipped|invalid|") {
		return
	}
	run := Run{Tool: "ExUnit", Kind: Test, Failed: counts["failure"] + counts["invalid"], Skipped: counts["skipped"], First: e.begun.First}
	all := counts["test"] + counts["doctest"] + counts["property"] + counts["propertie"] + counts["properties"]
	run.Passed = max(0, all-run.Failed-run.Skipped-counts["excluded"])
	run.State, run.Failures = outcome(run), e.fails
	run.place(l)
	o.add(run)
	o.finished("ExUnit")
	*e = exunit{}
}

func (e *exunit) end(o *out) {
	if e.begun.Tool != "" {
		e.begun.State, e.begun.Failures = Unfinished, e.fails
		o.add(e.begun)
	}
	*e = exunit{}
}

// bats reads the end of what Bats' pretty formatter prints: "5 tests, 1 failure,
// 1 skipped", and believes it when as many failures were shown. Its TAP is read
// elsewhere.
type bats struct{ shown, first int }

func (b *bats) triggers() []string {
	return []string{"(in test file ", number + "tests, ", number + "test, "}
}

func (b *bats) line(l logline.Line, o *out) {
	text := string(l.Text)
	if strings.HasPrefix(text, "(in test file ") {
		if l.Indent == 3 && strings.Contains(text, ", line ") {
			b.shown++
		}
		return
	}
	counts, ok := tallied(text, ", ")
	if !ok || !only(counts, "|test|failure|skipped|not run|") || b.shown == 0 || counts["failure"] != b.shown || l.Indent > 0 {
		return
	}
	run := Run{Tool: "Bats", Kind: Test, State: Failed, Failed: b.shown, Skipped: counts["skipped"]}
	run.Passed = max(0, counts["test"]-run.Failed-run.Skipped-counts["not run"])
	run.place(l)
	o.add(run)
	o.finished("Bats")
	*b = bats{}
}

func (b *bats) end(*out) {}

// busted reads Lua's busted: "1 success / 1 failure / 1 error / 1 pending : 0.1
// seconds".
type busted struct{}

func (b *busted) triggers() []string {
	return []string{number + "success / ", number + "successes / "}
}

func (b *busted) line(l logline.Line, o *out) {
	text := string(l.Text)
	list, took, ok := strings.Cut(text, " : ")
	if _, timed := match(took, "~ second?"); !ok || !timed || l.Indent > 0 {
		return
	}
	var n [4]int
	parts := strings.Split(list, " / ")
	if len(parts) != len(n) {
		return
	}
	for i, word := range []string{"success", "failure", "error", "pending"} {
		c, rest, ok := integer(parts[i])
		if !ok || !strings.HasPrefix(strings.TrimSpace(rest), word) {
			return
		}
		n[i] = c
	}
	run := Run{Tool: "busted", Kind: Test, Passed: n[0], Failed: n[1] + n[2], Skipped: n[3]}
	run.State = outcome(run)
	run.place(l)
	o.add(run)
	o.finished("busted")
}

func (b *busted) end(*out) {}
