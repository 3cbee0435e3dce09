package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// busted reads Lua's busted: "1 success / 1 failure / 1 error / 1 pending : 0.1
// seconds".
type busted struct{}

func (b *busted) triggers() []string {
	return []string{number + "success / ", number + "successes / "}
}

func (b *busted) line(l logline.Line, o *out) {
	text := o.text(l)
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
