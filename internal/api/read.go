package api

import (
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// Standing is where one product stands.
type Standing struct {
	Product   product.Product
	State     release.State
	Live      *release.Release
	LastGood  *release.Release
	Watch     *watch.Watch        // the open release or verify watch
	Verdict   *verdict.Verdict    // the last one on the live release
	Incidents []incident.Incident // open ones
}

// Outcome is a release and what is claimed of it.
type Outcome struct {
	Release  release.Release
	Verdict  *verdict.Verdict // the last one
	Watch    *watch.Watch     // the last one
	Incident incident.ID
}

// settled reports whether nothing is to be waited for: the verdict is final
// or broken, or the watch is over because another release went live.
func (o Outcome) settled() bool {
	if o.Verdict != nil && (o.Verdict.Final || o.Verdict.State.Broken()) {
		return true
	}
	return o.Watch != nil && o.Watch.State == watch.Superseded
}
