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
	// Standing is what the product's standing watch said last, before the
	// release: zero when it said nothing.
	Standing Verdict
}

// finding is one thing that is broken, and what is known of the old release.
type finding struct {
	rule      Rule
	class     string // journey, assets, boot, health: evidence of one class is one witness
	kind      signal.Kind
	name      string
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
	case in.Watch.Kind == watch.KindRelease && v.blameRelease(&out, found, red):
	case v.blameEnvironment(&out, found, red):
	case in.Watch.Kind == watch.KindRelease && v.blameAlone(&out, found):
	case v.notDeployed(&out):
	default:
		v.green(&out)
	}
	v.counter(&out)
	v.remember(&out, found, red)
	v.settle(&out)
	v.suspicion(&out)
	out.Blind = v.blind()
	return out
}

// findings lists what is broken beyond doubt on the new side.
func (v *view) findings() []finding {
	var out []finding
	for _, name := range v.things(signal.Journey, signal.New) {
		if t := v.at(signal.Journey, name, signal.New); t != nil && t.trail >= v.needs(name, t) {
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
	f := finding{rule: rule, class: class, kind: kind, name: name, signals: t.onset}
	last := t.onset[0]
	text := fmt.Sprintf("%s failed %s on %s: %s", what, times(t.trail), v.newName(), said(last))
	if known := v.record(name, t); kind == signal.Journey && known != "" {
		text += " (" + known + ")"
	}
	f.reason = reason(rule, true, text, t.onset...)
	// Only what the old release said since: what it did an hour ago, when the
	// provider was still alive, compares nothing.
	old := v.at(kind, name, signal.Old).since(last.At)
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

// bootFinding says whether the pages of the new release die at their start:
// several pages for our own browser, whose loads are proven, or any page for
// three distinct strangers.
func (v *view) bootFinding() (finding, bool) {
	b := v.boots[signal.New]
	if b == nil || len(b.ok) > 0 || len(b.fatal) < bootFatals {
		return finding{}, false
	}
	fatal := make([]signal.Signal, 0, len(b.fatal))
	pages := map[string]bool{}
	for _, s := range b.fatal {
		fatal = append(fatal, s)
		pages[s.Name] = true
	}
	// Our own loads of one page are the journey's to judge, which tries the
	// old release as well; strangers' reports count from three clients on.
	if !(b.verified && len(pages) > 1) && len(b.clients) < 3 {
		return finding{}, false
	}
	slices.SortFunc(fatal, func(a, b signal.Signal) int { return a.At.Compare(b.At) })
	f := finding{rule: RuleBoot, class: "boot", kind: signal.Boot, name: "boot", signals: fatal}
	f.reason = reason(RuleBoot, true, fmt.Sprintf("%d page loads of %s died before they were ready, none came up: %s",
		len(fatal), v.newName(), said(fatal[0])), fatal...)
	if old := v.boots[signal.Old]; old != nil && len(old.fatal) == 0 {
		if n := old.okSince(fatal[0].At); n > 0 {
			f.oldPasses = true
			r := Reason{Rule: RuleBoot, For: true, At: v.in.Now, Text: fmt.Sprintf(
				"%d page loads of %s came up at the same time", n, v.in.Watch.Against)}
			f.old = &r
		}
	}
	return f, true
}

// blameRelease holds when something fails on the new release and passes on
// the old one. While a provider is down, what pages do differs by luck: two
// journeys that met a good moment blame nobody, and the provider is named.
func (v *view) blameRelease(out *Verdict, found, red []finding) bool {
	for _, f := range found {
		luck := len(red) > 0 && (f.class == "journey" || f.class == "boot")
		if f.oldPasses && !luck {
			out.Differential = true
		}
	}
	// Only open tabs break when the new release's own assets are known to be
	// fine since; while they are not, the crawl decides.
	skew := v.at(signal.OldAsset, "previous assets", signal.New)
	onlySkew := skew.failing(checkFails) && len(found) == 0 && v.at(signal.Assets, "assets", signal.New).since(skew.onset[0].At).ok()
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
	case v.shippedBefore(found):
		out.Summary = v.headline(found, fmt.Sprintf("%s fails since a release of another product shipped it too", v.in.Product.Name))
		out.Suspects = append(out.Suspects, v.carrier(found))
	default:
		out.Summary = v.headline(found, fmt.Sprintf("%s fails although nothing was just released", v.in.Product.Name))
	}
	return true
}

// blameAlone judges a release that was not compared with an old one. One
// witness is told to people, who decide; to go back without asking takes what
// undoable says.
func (v *view) blameAlone(out *Verdict, found []finding) bool {
	if len(found) == 0 || v.waits(found) {
		return false
	}
	out.add(found)
	if v.troubled() {
		out.State = BrokenEnvironment
		out.Summary = v.headline(found, fmt.Sprintf("%s failed before %s went live: not known to be this release", v.in.Product.Name, v.newName()))
		return true
	}
	out.State, out.Rollback = BrokenRelease, v.undoable(found)
	text := "the old release could not be looked at beside the new one, so nothing was compared"
	if slices.ContainsFunc(found, v.oldSpoke) {
		text = "the old release was looked at too and gave no clear answer, so nothing was compared"
	}
	out.Reasons = append(out.Reasons, Reason{Rule: RuleCoverage, For: false, At: v.in.Now, Text: text})
	what := fmt.Sprintf("%s fails since %s went live", v.in.Product.Name, v.newName())
	if v.worked(found) {
		what = fmt.Sprintf("%s fails on %s, which worked at first", v.in.Product.Name, v.newName())
	}
	out.Summary = v.headline(found, what)
	v.suspectRelease(out, found)
	return true
}

// waits reports whether the old release may still answer what was asked of
// it. It has a bounded time: people are not left untold because a look at the
// old release was lost.
func (v *view) waits(found []finding) bool {
	if _, ok := v.in.Product.BaseAt(v.in.Watch.Against); !ok || v.over() {
		return false
	}
	patience := 2 * v.in.Product.Watch.Every
	for _, j := range v.in.Product.Journeys {
		patience = max(patience, 2*v.in.Product.Watch.Every+2*j.Timeout)
	}
	if !v.in.Now.Before(found[0].reason.At.Add(max(patience, 30*time.Second))) {
		return false
	}
	for _, f := range found {
		if v.oldSpoke(f) {
			return false
		}
	}
	return true
}

// oldSpoke reports whether the old release was looked at as often as asked
// since the failure, whatever came of it.
func (v *view) oldSpoke(f finding) bool {
	n := 0
	if t := v.at(f.kind, f.name, signal.Old).since(f.signals[0].At); t != nil {
		n = len(t.all)
	}
	for _, s := range slices.Concat(v.other, v.broken) {
		if s.Side == signal.Old && s.Kind == f.kind && s.Name == f.name && !s.At.Before(f.signals[0].At) {
			n++
		}
	}
	return n >= oldPasses
}

// troubled reports whether the product failed before the release went live.
func (v *view) troubled() bool {
	was := v.in.Standing
	return was.State == BrokenEnvironment && !was.Since.IsZero() && was.Since.Before(v.in.Watch.Opened)
}

// undoable reports whether a release that was compared with nothing may be
// undone without asking: independent witnesses of our own ground agree, they
// failed from the first look on, and the release before was good. What worked
// at first, or fails at other people's hosts, an outage explains as well.
func (v *view) undoable(found []finding) bool {
	classes := map[string]bool{}
	for _, f := range found {
		if !v.foreign(f) {
			classes[f.class] = true
		}
	}
	return len(classes) >= 2 && v.in.Compare.Judgement == release.Good && !v.worked(found)
}

// worked reports whether anything that fails was seen passing on the watched
// release before.
func (v *view) worked(found []finding) bool {
	for _, f := range found {
		if t := v.at(f.kind, f.name, signal.New); t != nil && len(t.passes) > 0 {
			return true
		}
	}
	return false
}

// foreign reports whether a finding rests on other people's hosts only.
func (v *view) foreign(f finding) bool {
	for _, s := range f.signals {
		_, theirs := providerOf(v.in.Product, []signal.Signal{s})
		if !theirs && (s.Failure == nil || s.Failure.Class != "asset_external") {
			return false
		}
	}
	return true
}

// notDeployed holds when another version than the expected one is served
// after the time it had to settle: the last reads agree on it, and nothing met
// the expected one meanwhile. An answer without a version says nothing.
func (v *view) notDeployed(out *Verdict) bool {
	w := v.in.Watch
	if w.Kind == watch.KindStanding || w.Version == "" || v.in.Now.Before(w.Opened.Add(v.in.Product.Watch.Settle)) {
		return false
	}
	var other []signal.Signal // the last reads, which agree
	for _, s := range v.reads() {
		switch {
		case s.Served == "" || s.Served == w.Version:
			other = nil
		case !v.over() && s.At.Before(w.Opened.Add(v.in.Product.Watch.Settle)):
		case len(other) > 0 && other[0].Served != s.Served:
			other = []signal.Signal{s}
		default:
			other = append(other, s)
		}
	}
	if len(other) < checkFails || v.metSince(other[0].At) {
		return false
	}
	last := other[len(other)-1]
	out.State = NotDeployed
	out.Summary = fmt.Sprintf("%s is not served: %s answers %s", w.Version, v.in.Product.Name, last.Served)
	out.Reasons = append(out.Reasons, reason(RuleVersion, true, fmt.Sprintf(
		"read %s: served version is %s, expected %s", times(len(other)), last.Served, w.Version), other...))
	return true
}

// reads returns the looks at the served version, in time order.
func (v *view) reads() []signal.Signal {
	var out []signal.Signal
	if t := v.at(signal.Version, "version", signal.New); t != nil {
		out = append(out, t.all...)
	}
	for _, s := range v.other {
		if s.Kind == signal.Version && s.Side == signal.New {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b signal.Signal) int { return a.At.Compare(b.At) })
	return out
}

// metSince reports whether any look met the watched version since.
func (v *view) metSince(at time.Time) bool {
	for k, t := range v.tallies {
		if k.side != signal.New || k.kind == signal.OldAsset {
			continue
		}
		for _, s := range t.all {
			if s.Served == v.in.Watch.Version && s.At.After(at) {
				return true
			}
		}
	}
	return false
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
	return clip(what+": "+strings.TrimSuffix(said(found[0].signals[0]), "."), maxSummary)
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
