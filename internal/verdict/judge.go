package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// Input is all that a judgement rests on.
type Input struct {
	Product  product.Product
	Release  release.Release // zero for a standing watch
	Compare  release.Release // zero when there is none
	Watch    watch.Watch
	Signals  []signal.Signal
	Now      time.Time
	Prior    State // of this watch; "" at first
	PriorWas Verdict
}

// finding is one thing that is broken, and what is known of the old release.
type finding struct {
	rule      Rule
	class     string // journey, assets, boot, health: evidence of one class is one witness
	reason    Reason
	old       *Reason // what the same look said of the old release
	oldFails  bool
	oldPasses bool
	signals   []signal.Signal
}

// Judge decides what the signals of a watch say. It is deterministic: the
// same input gives the same verdict.
//
// The order of the rules is the order of blame: a difference between new and
// old blames the release, a failure on both or a dead provider the
// environment, and what has no old release to compare with is told to people
// but not undone by itself unless independent witnesses agree.
func Judge(in Input) Verdict {
	v := count(in)
	out := Verdict{
		Watch: in.Watch.ID, Kind: in.Watch.Kind, Product: in.Product.ID, Release: in.Watch.Release,
		Version: in.Watch.Version, State: Observing, At: in.Now,
	}
	found := v.findings()
	red := v.providers()
	switch {
	case in.Watch.Kind == watch.KindRelease && v.blameRelease(&out, found):
	case v.blameEnvironment(&out, found, red):
	case in.Watch.Kind == watch.KindRelease && v.blameAlone(&out, found):
	case v.notDeployed(&out):
	default:
		v.green(&out)
	}
	v.counter(&out)
	v.settle(&out)
	return out
}

// findings lists what is broken beyond doubt on the new side.
func (v *view) findings() []finding {
	var out []finding
	for _, name := range v.things(signal.Journey, signal.New) {
		if t := v.at(signal.Journey, name, signal.New); t.failing(journeyFails) {
			out = append(out, v.compare(RuleJourney, "journey", signal.Journey, name, oldPasses))
		}
	}
	if t := v.at(signal.Assets, "assets", signal.New); t.failing(checkFails) {
		out = append(out, v.compare(RuleAssets, "assets", signal.Assets, "assets", 1))
	}
	if t := v.at(signal.Version, "version", signal.New); t.failing(checkFails) && unreachable(t.onset) {
		out = append(out, v.compare(RuleHealth, "health", signal.Version, "version", 1))
	}
	if f, ok := v.bootFinding(); ok {
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b finding) int { return a.reason.At.Compare(b.reason.At) })
	return out
}

// compare builds the finding of a failing thing, with the old side's answer.
func (v *view) compare(rule Rule, class string, kind signal.Kind, name string, need int) finding {
	what := v.thing(kind, name)
	t := v.at(kind, name, signal.New)
	f := finding{rule: rule, class: class, signals: t.onset}
	last := t.onset[0]
	f.reason = reason(rule, true, fmt.Sprintf("%s failed %s on %s: %s",
		what, times(t.trail), v.newName(), said(last)), t.onset...)
	old := v.at(kind, name, signal.Old)
	if old == nil {
		return f
	}
	if old.trail == 0 && len(old.passes) >= need {
		f.oldPasses = true
		r := reason(rule, true, fmt.Sprintf("%s passed %s on %s at the same time",
			what, times(len(old.passes)), v.in.Watch.Against), old.passes...)
		f.old = &r
	}
	if old.failing(need) {
		f.oldFails = true
		r := reason(rule, true, fmt.Sprintf("%s failed on %s as well: %s",
			what, v.in.Watch.Against, said(old.onset[0])), old.onset...)
		f.old = &r
	}
	return f
}

// bootFinding says whether pages of the new release die at their start. Loads
// of our own browser are proven; of strangers, three distinct ones are needed.
func (v *view) bootFinding() (finding, bool) {
	b := v.boots[signal.New]
	if b == nil || len(b.ok) > 0 || len(b.fatal) < bootFatals {
		return finding{}, false
	}
	if !b.verified && len(b.clients) < 3 {
		return finding{}, false
	}
	fatal := make([]signal.Signal, 0, len(b.fatal))
	for _, s := range b.fatal {
		fatal = append(fatal, s)
	}
	slices.SortFunc(fatal, func(a, b signal.Signal) int { return a.At.Compare(b.At) })
	f := finding{rule: RuleBoot, class: "boot", signals: fatal}
	f.reason = reason(RuleBoot, true, fmt.Sprintf("%d page loads of %s died before they were ready, none came up: %s",
		len(fatal), v.newName(), said(fatal[0])), fatal...)
	if old := v.boots[signal.Old]; old != nil && len(old.ok) > 0 && len(old.fatal) == 0 {
		f.oldPasses = true
		r := Reason{Rule: RuleBoot, For: true, At: v.in.Now, Text: fmt.Sprintf(
			"%d page loads of %s came up at the same time", len(old.ok), v.in.Watch.Against)}
		f.old = &r
	}
	return f, true
}

// blameRelease holds when something fails on the new release and passes on
// the old one.
func (v *view) blameRelease(out *Verdict, found []finding) bool {
	for _, f := range found {
		if f.oldPasses {
			out.Differential = true
		}
	}
	// Only open tabs break when the new release's own assets are known to be
	// fine; while they are not, the crawl decides.
	skew := v.at(signal.OldAsset, "previous assets", signal.New)
	onlySkew := skew.failing(checkFails) && len(found) == 0 && v.at(signal.Assets, "assets", signal.New).ok()
	if !out.Differential && !onlySkew {
		return false
	}
	out.State, out.Rollback = BrokenRelease, out.Differential
	out.add(found)
	if skew.failing(checkFails) {
		out.Reasons = append(out.Reasons, reason(RuleSkew, true,
			"open tabs break: "+said(skew.onset[0]), skew.onset...))
	}
	out.Summary = v.headline(found, fmt.Sprintf("%s broke %s", v.newName(), v.in.Product.Name))
	if !out.Differential {
		out.Summary = fmt.Sprintf("%s removed assets that open tabs of %s still need", v.newName(), v.in.Watch.Against)
		found = []finding{{reason: out.Reasons[len(out.Reasons)-1], signals: skew.onset}}
	}
	v.suspectRelease(out, found)
	return true
}

// blameEnvironment holds when old and new fail alike, a provider is down, or
// something fails although nothing was released.
func (v *view) blameEnvironment(out *Verdict, found []finding, red []finding) bool {
	both := false
	for _, f := range found {
		both = both || f.oldFails
	}
	quiet := v.in.Watch.Kind != watch.KindRelease || v.in.Release.Source == release.Baseline
	if len(red) == 0 && !both && !(quiet && len(found) > 0) {
		return false
	}
	out.State = BrokenEnvironment
	out.add(red)
	out.add(found)
	if len(red) > 0 {
		in, _ := v.integration(red[0].signals[0].Name)
		out.Integration = in.ID
		out.Summary = said(red[0].signals[0])
		if !strings.Contains(out.Summary, in.Name) {
			out.Summary = fmt.Sprintf("%s is down: %s", in.Name, out.Summary)
		}
		out.Suspects = append(out.Suspects, Suspect{
			Kind: "integration", Name: in.Name, Detail: in.Probe.URL, For: []string{red[0].reason.Text},
		})
		return true
	}
	if in, ok := providerOf(v.in.Product, found[0].signals); ok {
		out.Integration = in.ID
	}
	switch {
	case v.in.Watch.Kind == watch.KindVerify:
		out.Summary = v.headline(found, "the restored release fails as well: rolling back did not help")
	case both:
		out.Summary = v.headline(found, fmt.Sprintf("%s fails on new and old alike: not this release", v.in.Product.Name))
	default:
		out.Summary = v.headline(found, fmt.Sprintf("%s fails although nothing was just released", v.in.Product.Name))
	}
	return true
}

// blameAlone judges a release that has no old one to be compared with. Two
// independent witnesses, and a previous release that was good, stand in for
// the difference; one witness is told to people, who decide.
func (v *view) blameAlone(out *Verdict, found []finding) bool {
	if len(found) == 0 {
		return false
	}
	if _, waits := v.in.Product.BaseAt(v.in.Watch.Against); waits && !v.oldUnusable() && !v.over() {
		return false // the old release can still answer
	}
	classes := map[string]bool{}
	for _, f := range found {
		classes[f.class] = true
	}
	out.State = BrokenRelease
	out.Rollback = len(classes) >= 2 && v.in.Compare.Judgement == release.Good
	out.add(found)
	out.Reasons = append(out.Reasons, Reason{
		Rule: RuleCoverage, For: false, At: v.in.Now,
		Text: "the old release could not be looked at beside the new one, so nothing was compared",
	})
	out.Summary = v.headline(found, fmt.Sprintf("%s fails since %s went live", v.in.Product.Name, v.newName()))
	v.suspectRelease(out, found)
	return true
}

// notDeployed holds when another version than the expected one is served
// after the time it had to settle.
func (v *view) notDeployed(out *Verdict) bool {
	w := v.in.Watch
	if w.Kind == watch.KindStanding || w.Version == "" || v.in.Now.Before(w.Opened.Add(v.in.Product.Watch.Settle)) {
		return false
	}
	var other []signal.Signal
	for _, s := range v.other {
		if s.Kind == signal.Version && s.Side == signal.New {
			other = append(other, s)
		}
	}
	if t := v.at(signal.Version, "version", signal.New); len(other) < checkFails || t.ok() {
		return false
	}
	last := other[len(other)-1]
	out.State = NotDeployed
	out.Summary = fmt.Sprintf("%s is not served: %s answers %s", w.Version, v.in.Product.Name, last.Served)
	out.Reasons = append(out.Reasons, reason(RuleVersion, true, fmt.Sprintf(
		"read %s: served version is %s, expected %s", times(len(other)), last.Served, w.Version), other...))
	return true
}

// unreachable reports whether looks got no usable answer.
func unreachable(signals []signal.Signal) bool {
	for _, s := range signals {
		if s.Failure == nil || (s.Failure.Class != "health" && s.Failure.Class != "navigation") {
			return false
		}
	}
	return len(signals) > 0
}

// oldUnusable reports whether every look at the old release was our own
// fault or met another version.
func (v *view) oldUnusable() bool {
	n := 0
	for _, s := range slices.Concat(v.other, v.broken) {
		if s.Side == signal.Old {
			n++
		}
	}
	return n >= oldPasses
}

// over reports whether the watch's window has ended.
func (v *view) over() bool { return v.in.Watch.State != watch.Open }

// newName is how a sentence names the watched release.
func (v *view) newName() string {
	if v.in.Watch.Version == "" {
		return "the live release"
	}
	return v.in.Watch.Version
}

// headline is a summary that ends with the first finding.
func (v *view) headline(found []finding, what string) string {
	if len(found) == 0 {
		return what
	}
	return what + ": " + strings.TrimSuffix(said(found[0].signals[0]), ".")
}

// add puts findings and their comparisons among the reasons.
func (out *Verdict) add(found []finding) {
	for _, f := range found {
		out.Reasons = append(out.Reasons, f.reason)
		if f.old != nil {
			out.Reasons = append(out.Reasons, *f.old)
		}
		if out.First == "" && len(f.signals) > 0 {
			out.First = f.signals[0].ID
		}
	}
}
