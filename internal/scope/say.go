package scope

import (
	"fmt"
	"strings"

	"github.com/postflight/postflight/internal/product"
)

// Short is a commit as people say it.
func Short(commit string) string { return commit[:min(len(commit), 10)] }

// told is how many steps of a chain a sentence holds.
const told = 6

// Chain writes a chain of reasons in a line: "file → package → … → product".
func Chain(steps []Step) string {
	names := make([]string, 0, len(steps))
	for i, s := range steps {
		switch {
		case len(steps) <= told || i < told-2 || i == len(steps)-1:
			names = append(names, cut(s.Name, 120))
		case i == told-2:
			names = append(names, "…")
		}
	}
	return strings.Join(names, " → ")
}

// Because is Chain without the product at its end.
func Because(steps []Step) string {
	if n := len(steps); n > 1 && steps[n-1].Kind == "product" {
		steps = steps[:n-1]
	}
	return Chain(steps)
}

// Say tells in a sentence what the change ships.
func (r Report) Say() string {
	shipped, verified := r.Shipped(), r.Verified()
	switch {
	case r.All != "":
		return "This change will release every product: all, because " + r.All
	case len(shipped) > 0:
		return "This change will release: " + names(shipped, 5)
	case len(verified) > 0:
		return "This change releases nothing; it touches the checks of " + names(verified, 5)
	case len(r.Unaffected) == 0:
		return "Nothing is known of what this change releases: CI named no product"
	}
	return "This change releases nothing"
}

func names(all []Hit, n int) string {
	out := make([]string, 0, n)
	for _, h := range all[:min(len(all), n)] {
		out = append(out, h.Name)
	}
	text := strings.Join(out, ", ")
	if more := len(all) - n; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// say puts what a release was expected to ship into a sentence.
func (r Report) say(p product.ID, claim Claim, chain []Step) string {
	switch claim {
	case Ships:
		if r.All != "" {
			return fmt.Sprintf("expected to ship: all, because %s", r.All)
		}
		return "expected to ship, because " + Because(chain)
	case Verifies:
		return fmt.Sprintf("was not expected to ship: change %s was said to touch only the checks of %s (%s)", Short(r.Commit), p, Because(chain))
	case Unaffected:
		return fmt.Sprintf("was not expected to ship: change %s was said to leave %s alone", Short(r.Commit), p)
	}
	return fmt.Sprintf("change %s says nothing of %s: whether it ships is not known", Short(r.Commit), p)
}
