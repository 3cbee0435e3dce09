package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// ginkgo reads Go's Ginkgo, by itself or within go test: "Ran 5 of 6 Specs in
// 0.1 seconds", and what came of them on the next line.
type ginkgo struct {
	ran     Run
	focused bool
}

func (g *ginkgo) triggers() []string {
	return []string{"Ran ", "SUCCESS! -- ", "FAIL! - ", "FAIL! -- ", "Detected Programmatic Focus"}
}

func (g *ginkgo) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case l.Indent > 0:
	case strings.HasPrefix(text, "Detected Programmatic Focus"):
		g.focused = true
	case strings.HasPrefix(text, "Ran "):
		if n, ok := match(text, "Ran # of # Specs in ~ seconds"); ok && n[0] <= n[1] {
			g.flush(o)
			g.ran = Run{Tool: "Ginkgo", Kind: Test}
			g.ran.place(l)
		}
	case g.ran.Tool != "" && g.ran.State == "" && l.Number-g.ran.Last == 1:
		g.summary(text, l)
	}
}

// summary reads "FAIL! -- 4 Passed | 1 Failed | 1 Flaked | 0 Pending | 1 Skipped".
func (g *ginkgo) summary(text string, l logline.Line) {
	word, list, ok := strings.Cut(text, " -- ")
	counts, all := tallied(list, " | ")
	if _, passed := counts["Passed"]; !ok || !all || !passed {
		return
	}
	r := &g.ran
	r.Passed, r.Failed, r.Skipped, r.Flaky = counts["Passed"], counts["Failed"], counts["Pending"]+counts["Skipped"], counts["Flaked"]
	r.State = outcome(*r)
	if strings.HasPrefix(word, "FAIL!") {
		r.State, r.Failed = Failed, max(1, r.Failed)
	}
	r.place(l)
}

// flush adds the suite that ended; what it says of focus comes after the counts.
func (g *ginkgo) flush(o *out) {
	if g.ran.State != "" {
		g.ran.Focused = g.focused
		o.add(g.ran)
	}
	*g = ginkgo{}
}

func (g *ginkgo) end(o *out) { g.flush(o) }
