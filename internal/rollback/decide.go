package rollback

import (
	"fmt"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// Case is all that a decision to go back rests on.
type Case struct {
	Product product.Product
	State   release.State
	Bad     release.Release
	Past    []release.Release
	Order   Order
}

// refused is a Refusal that may be left unsaid: the world moved on.
type refused struct {
	Refusal
	silent bool
}

// Decide completes the order with its target, or says why not. The rules, in
// their order: there must be a way back; the bad release must still be live;
// a rollback is not rolled back by itself; a version that came back after it
// was undone is left to people; and there must be a release worth going to.
func Decide(c Case) (Order, *refused) {
	o := c.Order
	o.Product, o.Bad, o.BadVersion = c.Product.ID, c.Bad.ID, c.Bad.Version
	no := func(reason, hint string) (Order, *refused) {
		return o, &refused{Refusal: Refusal{Order: o, Reason: reason, Hint: hint}}
	}
	if c.Product.Rollback.Method == product.RollbackNone || c.Product.Rollback.Method == "" {
		return no("no way back is configured", "set rollback in postflight.yaml, and go back by hand now")
	}
	if c.State.Live != c.Bad.ID {
		_, r := no(fmt.Sprintf("%s is not live any more", c.Bad.Version), "")
		r.silent = true
		return o, r
	}
	if o.Automatic && c.Bad.Source == release.Rollback {
		return no("the failing release is itself a rollback", "a person must decide: choose a target or release a fix")
	}
	if o.Automatic && c.undoneBefore() {
		return no(fmt.Sprintf("%s was rolled back before and is live again: something redeploys it", c.Bad.Version),
			"stop the pipeline that brings it back, then roll back with the button or: postflight rollback "+string(c.Product.ID))
	}
	target, ok := release.Target(c.Past, c.Bad, true)
	if !ok {
		return no("there is no earlier release that was not judged bad", "release a fix")
	}
	o.Target, o.Version = target.ID, target.Version
	return o, nil
}

// undoneBefore reports whether an earlier release of the bad version was
// already rolled back.
func (c Case) undoneBefore() bool {
	version := map[release.ID]string{}
	for _, r := range c.Past {
		version[r.ID] = r.Version
	}
	for _, r := range c.Past {
		if r.Undoes != "" && r.Undoes != c.Bad.ID && version[r.Undoes] == c.Bad.Version {
			return true
		}
	}
	return false
}
