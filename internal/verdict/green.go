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

// green decides between healthy, observing and inconclusive. Healthy needs a
// passing look at everything that the product says can be looked at.
func (v *view) green(out *Verdict) {
	w := v.in.Watch
	out.Unseen = v.unseen()
	doubts := v.doubts()
	out.Reasons = append(out.Reasons, doubts...)
	out.Reasons = append(out.Reasons, v.notes()...)
	early := w.Kind == watch.KindVerify || w.Kind == watch.KindStanding
	switch {
	case len(out.Unseen) == 0 && len(doubts) == 0 && (early || v.over()):
		out.State = Healthy
		out.Reasons = append(out.Reasons, v.proofs()...)
		out.Summary = v.healthySummary()
	case v.over():
		out.State = Inconclusive
		out.Reasons = append(out.Reasons, v.proofs()...)
		out.Summary = clip("nothing can be claimed: "+strings.Join(slices.Concat(out.Unseen, texts(doubts), texts(v.notes())), "; "), maxSummary)
		if w.Sensitive() {
			out.Summary = clip(w.Reason()+". Nothing can be claimed: "+strings.TrimPrefix(out.Summary, "nothing can be claimed: "), maxSummary)
		}
	default:
		out.Reasons = append(out.Reasons, v.proofs()...)
		out.Summary = "watching"
		if blind := v.unlooked(doubtBlind); w.Kind == watch.KindStanding && len(blind) > 0 {
			out.Summary = clip("nothing can be said: "+blind[0], maxSummary)
		}
		if len(doubts) > 0 {
			out.Summary = clip("watching: "+doubts[0].Text, maxSummary)
		}
	}
}

// healthySummary says what the claim rests on.
func (v *view) healthySummary() string {
	n := 0
	for k, t := range v.tallies {
		if k.side != signal.Old {
			n += len(t.passes)
		}
	}
	switch v.in.Watch.Kind {
	case watch.KindVerify:
		return fmt.Sprintf("recovered: %s is served again and everything that failed passes (%d passing looks)", v.newName(), n)
	case watch.KindStanding:
		return fmt.Sprintf("%s works (%d passing looks)", v.in.Product.Name, n)
	}
	if v.in.Watch.Sensitive() {
		return clip(fmt.Sprintf("%s is healthy (%d passing looks), watched at high sensitivity: %s", v.newName(), n, v.in.Watch.Reason()), maxSummary)
	}
	return fmt.Sprintf("%s is healthy (%d passing looks)", v.newName(), n)
}

// unseen lists what should have been seen passing and was not.
func (v *view) unseen() []string {
	var out []string
	miss := func(what string, t *tally) {
		if t == nil || len(t.passes) == 0 {
			out = append(out, what+" was never seen passing")
			return
		}
		// The first minute proves nothing of the last: what passed must have
		// been seen passing in the later half of the rounds.
		if last := t.passes[len(t.passes)-1]; t.trail == 0 && 2*last.Round < v.in.Watch.Round {
			out = append(out, fmt.Sprintf("%s was not seen passing since %s", what, last.At.UTC().Format("15:04:05")))
		}
	}
	standing := v.in.Watch.Kind == watch.KindStanding
	if standing {
		if len(v.tallies) == 0 {
			out = append(out, "nothing was looked at yet")
		}
		return append(out, v.unlooked(doubtBlind)...)
	}
	miss(v.thing(signal.Version, "version"), v.at(signal.Version, "version", signal.New))
	apart := 0
	for _, j := range v.in.Product.Journeys {
		if _, away := v.in.Product.Quarantined(j.ID, v.in.Now); away {
			apart++
			continue
		}
		miss(v.thing(signal.Journey, j.ID), v.at(signal.Journey, j.ID, signal.New))
	}
	if apart > 0 && apart == len(v.in.Product.Journeys) && len(v.in.Product.Pages) == 0 {
		out = append(out, "every journey is in quarantine, and nothing else could have failed")
	}
	if len(v.in.Product.Pages) > 0 {
		miss(v.thing(signal.Assets, "assets"), v.at(signal.Assets, "assets", signal.New))
	}
	for _, in := range v.in.Product.Integrations {
		if in.Probe.URL != "" && v.in.Watch.Kind == watch.KindRelease {
			miss(v.thing(signal.Probe, in.ID), v.at(signal.Probe, in.ID, signal.None))
		}
	}
	if len(v.in.Product.Pages)+len(v.in.Product.Journeys) == 0 {
		out = append(out, "the product has neither journeys nor pages to look at")
	}
	if b := v.boots[signal.New]; v.in.Product.Boot.Expected && (b == nil || len(b.ok) == 0) {
		out = append(out, "no page said that it had booted: the boot script is missing, blocked or the pages die")
	}
	return out
}

// notes says which looks counted for nothing, and why.
func (v *view) notes() []Reason {
	var out []Reason
	if n := len(v.other); n > 0 {
		out = append(out, reason(RuleVersion, false, fmt.Sprintf("%d looks met %s: they count for nothing",
			n, versionOf(v.other[n-1])), v.other[n-1]))
	}
	if n := len(v.early); n > 0 {
		out = append(out, reason(RuleHealth, false, fmt.Sprintf("%d looks got no answer while the product may have been starting: %s",
			n, said(v.early[n-1])), v.early[n-1]))
	}
	if n := len(v.broken); n > 0 {
		out = append(out, reason(RuleCoverage, false, fmt.Sprintf("%d looks could not be made: %s",
			n, said(v.broken[n-1])), v.broken[n-1]))
	}
	return append(out, v.quarantines()...)
}

// doubts lists what failed last but is not decided.
func (v *view) doubts() []Reason {
	var out []Reason
	for k, t := range v.tallies {
		if k.side == signal.Old {
			continue
		}
		total := len(t.fails) + len(t.passes)
		switch {
		case t.trail > 0:
			text := fmt.Sprintf("%s failed %s, undecided: %s", v.thing(k.kind, k.name), times(t.trail), said(t.onset[0]))
			if known := v.record(k.name, t); k.kind == signal.Journey && known != "" {
				text += fmt.Sprintf(" (%s, so it takes %d in a row)", known, v.needs(k.name, t))
			}
			out = append(out, reason(ruleOf(k.kind), false, text, t.onset...))
		case t.wavers(v.in.Watch.Kind == watch.KindStanding, k.kind) || v.restless(k, t):
			out = append(out, reason(ruleOf(k.kind), false, fmt.Sprintf("%s comes and goes: %d of %d looks failed: %s",
				v.thing(k.kind, k.name), len(t.fails), total, said(t.fails[0])), t.fails...))
		}
	}
	if b := v.boots[signal.New]; b.dying() {
		text := fmt.Sprintf("%d page loads died at their start", len(b.fatal))
		if len(b.ok) > 0 {
			text += fmt.Sprintf(", %d came up", len(b.ok))
		}
		out = append(out, Reason{Rule: RuleBoot, At: v.in.Now, Text: text})
	}
	if r, mixed := v.mixed(); mixed {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Reason) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// cleanReads is how many looks at the served version in a row must meet the
// watched one, after another was met although it had the time to settle.
const cleanReads = 3

// mixed says that another version is still served here and there: a build
// that one of three servers lacks is not proven by the other two.
func (v *view) mixed() (Reason, bool) {
	var last signal.Signal
	for _, s := range v.other {
		if s.Side == signal.New && s.Kind != signal.OldAsset {
			last = s
		}
	}
	if last.ID == "" {
		return Reason{}, false
	}
	clean := 0
	if t := v.at(signal.Version, "version", signal.New).since(last.At); t.ok() {
		clean = len(t.passes)
	}
	late := v.in.Watch.Kind == watch.KindRelease && !last.At.Before(v.in.Watch.Opened.Add(v.in.Product.Watch.Settle))
	if clean >= cleanReads || clean > 0 && !late {
		return Reason{}, false
	}
	return reason(RuleVersion, false, fmt.Sprintf("a look at %s still met %s", v.thing(last.Kind, last.Name), versionOf(last)), last), true
}

// versionOf names what a look met that was not aimed at.
func versionOf(s signal.Signal) string {
	if s.Served == "" {
		return "no version that could be told"
	}
	return "another version (" + s.Served + ")"
}

// proofs lists what passed.
func (v *view) proofs() []Reason {
	var out []Reason
	for k, t := range v.tallies {
		if k.side == signal.Old || !t.ok() {
			continue
		}
		last := t.passes[len(t.passes)-1]
		text := fmt.Sprintf("%s passed %s", v.thing(k.kind, k.name), times(len(t.passes)))
		if len(t.fails) > 0 {
			text += fmt.Sprintf(", after it had failed %s", times(len(t.fails)))
		}
		r := reason(ruleOf(k.kind), true, text, last)
		out = append(out, r)
	}
	if b := v.boots[signal.New]; b != nil && len(b.ok) > 0 {
		out = append(out, Reason{Rule: RuleBoot, For: true, At: v.in.Now, Text: fmt.Sprintf(
			"%d page loads said that they had booted, %d died", len(b.ok), len(b.fatal))})
	}
	slices.SortFunc(out, func(a, b Reason) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// counter adds what speaks against a broken verdict: what still passes.
func (v *view) counter(out *Verdict) {
	if !out.State.Broken() {
		return
	}
	out.Reasons = append(out.Reasons, v.quarantines()...)
	var still []Reason
	for k, t := range v.tallies {
		if k.side == signal.Old || !t.ok() || k.kind == signal.Version {
			continue
		}
		r := reason(ruleOf(k.kind), false, v.thing(k.kind, k.name)+" passes", t.passes[len(t.passes)-1])
		r.Evidence = nil
		still = append(still, r)
	}
	slices.SortFunc(still, func(a, b Reason) int { return strings.Compare(a.Text, b.Text) })
	out.Reasons = append(out.Reasons, still...)
}

// settle keeps the worst that was claimed, and says when nothing more comes.
func (v *view) settle(out *Verdict) {
	was := v.in.PriorWas
	if v.in.Prior == BrokenRelease && out.State != BrokenRelease || v.in.Prior == BrokenEnvironment && v.unproven(*out) {
		at := out.At
		*out = was
		out.At = at
	}
	out.Same = out.State == v.in.Prior && out.Integration == was.Integration
	slices.SortStableFunc(out.Reasons, func(a, b Reason) int {
		if a.For != b.For {
			if a.For {
				return -1
			}
			return 1
		}
		if skew := b2i(a.Rule == RuleSkew) - b2i(b.Rule == RuleSkew); skew != 0 {
			return skew // what hurts open tabs only comes after what hurts everybody
		}
		return a.At.Compare(b.At)
	})
	out.Final = v.over()
	if out.State.Broken() {
		out.Since = since(out.Reasons)
	}
}

// remember keeps what is broken, or when everything was seen passing.
func (v *view) remember(out *Verdict, found, red []finding) {
	if out.State.Broken() {
		for _, f := range slices.Concat(red, found) {
			out.Failing = append(out.Failing, string(f.kind)+"/"+f.name)
		}
	}
	if out.State != Healthy {
		return
	}
	out.Passing = map[string]time.Time{}
	for k, t := range v.tallies {
		if k.side != signal.Old && t.ok() {
			out.Passing[string(k.kind)+"/"+k.name] = t.passes[len(t.passes)-1].At
		}
	}
	if b := v.boots[signal.New]; b != nil && len(b.ok) > 0 {
		out.Passing["boot/boot"] = v.in.Now
	}
}

// unproven reports whether a verdict would take back that the environment is
// broken although something that failed was not seen passing since: that it
// was not looked at again, or too long ago to be known, mends nothing.
func (v *view) unproven(out Verdict) bool {
	if out.State.Broken() || out.State == NotDeployed {
		return false
	}
	for _, what := range v.in.PriorWas.Failing {
		kind, name, _ := strings.Cut(what, "/")
		side := signal.New
		switch k := signal.Kind(kind); {
		case k == signal.Boot:
			if b := v.boots[side]; b == nil || len(b.ok) == 0 {
				return true
			}
			continue
		case k == signal.Probe:
			side = signal.None
		}
		if v.configured(signal.Kind(kind), name) && !v.at(signal.Kind(kind), name, side).ok() {
			return true
		}
	}
	return false
}

// configured reports whether the thing is still to be looked at.
func (v *view) configured(kind signal.Kind, name string) bool {
	switch kind {
	case signal.Journey:
		_, away := v.in.Product.Quarantined(name, v.in.Now)
		return !away && slices.ContainsFunc(v.in.Product.Journeys, func(j product.Journey) bool { return j.ID == name })
	case signal.Probe:
		in, ok := v.integration(name)
		return ok && in.Probe.URL != ""
	case signal.Assets:
		return len(v.in.Product.Pages) > 0
	}
	return true
}

// providers lists the integrations whose probe is red.
func (v *view) providers() []finding {
	var out []finding
	for _, name := range v.things(signal.Probe, signal.None) {
		t := v.at(signal.Probe, name, signal.None)
		if t.trail < checkFails {
			continue // a second outage is no flake: each failure was tried three times
		}
		in, ok := v.integration(name)
		if !ok {
			continue
		}
		out = append(out, finding{
			rule: RuleProvider, class: "probe", kind: signal.Probe, name: name, signals: t.onset,
			reason: reason(RuleProvider, true, fmt.Sprintf("the probe of %s failed: %s", in.Name, said(t.onset[0])), t.onset...),
		})
	}
	return out
}

func (v *view) integration(id string) (product.Integration, bool) {
	for _, in := range v.in.Product.Integrations {
		if in.ID == id {
			return in, true
		}
	}
	return product.Integration{}, false
}

// suspectRelease names the change that may be the cause: what the release
// brought, the configuration first when the symptom points there.
func (v *view) suspectRelease(out *Verdict, found []finding) {
	r := v.in.Release
	main := Suspect{Kind: "release", Name: r.Version, Detail: r.Short()}
	for _, f := range found {
		main.For = append(main.For, f.reason.Text)
		if f.old != nil && f.oldPasses {
			main.For = append(main.For, f.old.Text)
		}
	}
	if why := v.in.Watch.Reason(); why != "" {
		main.For = append(main.For, clip(why, maxSaid))
	}
	config := Suspect{Kind: "configuration", Name: clip(strings.Join(r.Config, "; "), maxSaid), Detail: "changed with " + r.Version}
	gateway := gatewayFailure(found)
	for _, name := range v.things(signal.Probe, signal.None) {
		in, ok := v.integration(name)
		if !ok || !v.at(signal.Probe, name, signal.None).ok() {
			continue
		}
		if gateway != "" {
			config.For = append(config.For, fmt.Sprintf("%s, while the probe of %s itself is green", gateway, in.Name))
		}
	}
	if len(r.Config) == 0 {
		out.Suspects = append(out.Suspects, main)
		return
	}
	if len(config.For) > 0 {
		out.Suspects = append(out.Suspects, config, main)
		out.Summary += "; suspect: " + config.Name
		return
	}
	config.Against = append(config.Against, "no failing request points at an integration")
	out.Suspects = append(out.Suspects, main, config)
}

// gatewayFailure returns the sentence of a first failure that a wrong or dead
// upstream makes, or "".
func gatewayFailure(found []finding) string {
	for _, f := range found {
		for _, s := range f.signals {
			if s.Failure != nil && s.Failure.Status >= 500 && s.Failure.Status <= 504 {
				return fmt.Sprintf("%s answers %d", s.Failure.URL, s.Failure.Status)
			}
		}
	}
	return ""
}

// ruleOf names the rule that a kind of signal feeds.
func ruleOf(k signal.Kind) Rule {
	switch k {
	case signal.Journey:
		return RuleJourney
	case signal.Assets:
		return RuleAssets
	case signal.OldAsset:
		return RuleSkew
	case signal.Version:
		return RuleVersion
	case signal.Probe:
		return RuleProvider
	case signal.Boot:
		return RuleBoot
	case signal.Health:
		return RuleHealth
	}
	return RuleCoverage
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func texts(rs []Reason) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = r.Text
	}
	return out
}

// Judgement is what the ledger should remember of a verdict, and whether it
// should remember anything: an environment that failed says nothing of the
// release.
func (v Verdict) Judgement() (release.Judgement, bool) {
	switch {
	case v.Kind == watch.KindStanding:
		return "", false
	case v.State == Healthy:
		return release.Good, true
	case v.State == BrokenRelease:
		return release.Bad, true
	}
	return "", false
}
