package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/rule"
)

// Past is what the earlier green runs of a step on its branch were like, the
// latest last.
type Past struct {
	Durations []time.Duration `json:"durations,omitempty"` // nanoseconds
	Executed  []int           `json:"executed,omitempty"`  // tests that ran; only runs that counted
	// Longest is the longest that the named tests ever took.
	Longest map[string]time.Duration `json:"longest,omitempty"`
}

// kept is how many runs count, and shrunk how far below the median of the last
// ten a count may fall before somebody is told.
const (
	kept      = 20
	recent    = 10
	enough    = 3
	shrunk    = 0.8
	maxLasted = 2000
)

// Add notes a green run; the oldest falls out.
func (p *Past) Add(s Step) {
	p.Durations = last(append(p.Durations, s.Duration), kept)
	if s.Tests != nil && !s.Tests.Uncounted {
		p.Executed = last(append(p.Executed, s.Tests.Executed()), kept)
	}
}

// Lasted notes how long a test took.
func (p *Past) Lasted(test string, d time.Duration) {
	if p.Longest == nil {
		p.Longest = map[string]time.Duration{}
	}
	if _, ok := p.Longest[test]; ok || len(p.Longest) < maxLasted {
		p.Longest[test] = max(p.Longest[test], d)
	}
}

// Usual is the median of the executed tests of the last ten runs; 0 when there
// are fewer than three.
func (p Past) Usual() int {
	if len(p.Executed) < enough {
		return 0
	}
	list := slices.Clone(last(p.Executed, recent))
	slices.Sort(list)
	return list[(len(list)-1)/2]
}

// fewer finds a count that fell.
func (p Past) fewer(t *Tests) (rule.Finding, bool) {
	usual := p.Usual()
	if t == nil || t.Uncounted || usual == 0 || float64(t.Executed()) >= shrunk*float64(usual) || t.Executed() == 0 {
		return rule.Finding{}, false
	}
	return rule.Finding{
		Rule: rule.FewerTests, Level: rule.Warn,
		Message: fmt.Sprintf("%d tests ran; usually it is %d", t.Executed(), usual),
		Proofs:  []rule.Proof{{Kind: "history", Text: fmt.Sprintf("median of the last %d green runs: %d", min(len(p.Executed), recent), usual)}},
	}, true
}

func last[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	return slices.Clone(list[len(list)-n:])
}
