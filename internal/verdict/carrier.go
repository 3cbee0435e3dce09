package verdict

import (
	"fmt"

	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// shippedBefore reports whether a product that nobody released began to fail
// within a release window after another product's release shipped it along.
func (v *view) shippedBefore(found []finding) bool {
	sh := v.in.Watch.Shipped
	if sh == nil || v.in.Watch.Kind != watch.KindStanding || len(found) == 0 {
		return false
	}
	since := found[0].reason.At
	return !since.Before(sh.At) && since.Before(sh.At.Add(v.in.Product.Watch.For))
}

// carrier names the release that shipped the product along, and why. It is a
// suspect, for people: there is nothing of this product's own to roll back.
func (v *view) carrier(found []finding) Suspect {
	sh := v.in.Watch.Shipped
	s := Suspect{
		Kind: "release", Name: fmt.Sprintf("%s of %s", sh.Version, sh.From), Detail: clip(sh.Chain, maxSaid),
		For: []string{fmt.Sprintf("it ships %s too, and %s failed after it", v.in.Product.ID, v.thing(found[0].kind, found[0].name))},
	}
	if t := v.at(found[0].kind, found[0].name, signal.New); t != nil && len(t.passes) == 0 {
		s.Against = append(s.Against, "it is not known whether this passed before")
	}
	return s
}
