package web

import (
	"fmt"
	"strings"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
)

// ScopeView is what CI said of the change of a release. Change is nil when it
// said nothing.
type ScopeView struct {
	Change  *scope.Change
	Binding *scope.Binding
	// Looks are what was seen since of the products that go along.
	Looks map[product.ID]Looks
}

// Looks counts the journeys of a product that goes along, by what was last seen
// of each since the release.
type Looks struct{ Total, Passed, Failed int }

// alarming reports whether a person should see it before the evidence.
func (v ScopeView) alarming() bool {
	return v.Change != nil && len(v.Change.Findings) > 0 || v.Binding != nil && v.Binding.Unexpected()
}

func (v ScopeView) mark() mark {
	switch {
	case v.Change == nil:
		return mark{"idle", "dash", "Not known"}
	case len(v.Change.Findings) > 0:
		return mark{"bad", "cross", "Said unaffected, bytes changed"}
	case v.Binding == nil:
		return mark{"idle", "clock", "Not compared yet"}
	}
	return claimMark(v.Binding.Claim)
}

func claimMark(c scope.Claim) mark {
	switch c {
	case scope.Ships:
		return mark{"good", "check", "Expected to ship"}
	case scope.Verifies, scope.Unaffected:
		return mark{"warn", "question", "Was not expected to ship"}
	case scope.Unknown:
	}
	return mark{"idle", "dash", "Not known"}
}

func claimWord(c scope.Claim) string {
	if c == scope.Verifies {
		return "touched in its checks only"
	}
	return "left alone"
}

// maxShipped bounds the products of one page.
const maxShipped = 100

func (v ScopeView) shown() []scope.Shipping {
	return v.Change.Ships[:min(len(v.Change.Ships), maxShipped)]
}

// looked says what was seen of a product that goes along; its word is "" when
// nobody was asked to look.
func (v ScopeView) looked(s scope.Shipping) mark {
	l, ok := v.Looks[product.ID(s.Name)]
	switch {
	case !ok || l.Total == 0:
		return mark{}
	case l.Failed > 0:
		return mark{"bad", "cross", fmt.Sprintf("%d of %d failed after this release", l.Failed, l.Total)}
	case l.Passed == l.Total:
		return mark{"good", "check", fmt.Sprintf("%d of %d passed after this release", l.Passed, l.Total)}
	}
	return mark{"busy", "clock", fmt.Sprintf("%d of %d seen since this release", l.Passed, l.Total)}
}

// listed joins at most n texts, and says how many there are besides.
func listed(all []string, n int) string {
	text := strings.Join(all[:min(len(all), n)], ", ")
	if more := len(all) - n; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func leftAlone(c scope.Change) string {
	switch {
	case c.All != "":
		return "nothing: everything ships"
	case len(c.Unaffected) == 0:
		return "not told"
	}
	return listed(c.Unaffected, 20)
}

// shownBug is a finding's text below a heading that says what it is.
func shownBug(x scope.Finding) string { return upper(strings.TrimPrefix(x.Text, "our own bug: ")) }

// filesOf counts the files that differ, and those that are listed.
func filesOf(x scope.Finding) string {
	if len(x.Files) < x.Total {
		return fmt.Sprintf("The first %d of %d files", len(x.Files), x.Total)
	}
	return count(x.Total, "file")
}

// hashes shows the beginnings of a file's hashes.
func hashes(d scope.Difference) string {
	part := func(h, none string) string {
		if h == "" {
			return none
		}
		return h[:min(len(h), 12)]
	}
	return part(d.Was, "new") + " → " + part(d.Now, "gone")
}

// tellScope puts what became of a change into words.
func tellScope(e journal.Event) (told, error) {
	switch e.Kind {
	case scope.EventBound:
		var b scope.Binding
		err := e.Decode(&b)
		return told{claimMark(b.Claim), "Scope: " + strings.ToLower(claimMark(b.Claim).Word), b.Text}, err
	case scope.EventContradicted:
		var x scope.Finding
		err := e.Decode(&x)
		return told{mark{"bad", "cross", "Contradicted"}, "Said unaffected, bytes changed", x.Text}, err
	case scope.EventShipped:
		var sh scope.Shipment
		err := e.Decode(&sh)
		return told{mark{"busy", "rocket", "Shipped along"}, "Ships along, unannounced", sh.Text}, err
	}
	var l scope.Line
	err := e.Decode(&l)
	return told{mark{"idle", "rocket", "Change"}, "CI said what change " + scope.Short(l.Commit) + " ships", l.Text}, err
}
