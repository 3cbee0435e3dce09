package api

import (
	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// each translates a list; it is never nil, so that JSON says [].
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// some translates what may be absent.
func some[A, B any](in *A, f func(A) B) *B {
	if in == nil {
		return nil
	}
	b := f(*in)
	return &b
}

func texts[S ~string](in []S) []string { return each(in, func(s S) string { return string(s) }) }

func wirePin(p release.Pin) client.Pin {
	return client.Pin{Version: p.Version, Bad: p.Bad, Reason: p.Reason, At: p.At, By: p.By}
}

func wireRelease(r release.Release) client.Release {
	return client.Release{
		ID: string(r.ID), Product: string(r.Product), Version: r.Version, Commit: r.Commit,
		Source: string(r.Source), By: r.By, URL: r.URL, ConfigChanges: r.Config, At: r.At,
		Previous: string(r.Previous), Compare: string(r.Compare), Judgement: string(r.Judgement),
		Undoes: string(r.Undoes), Restores: string(r.Restores), Violates: some(r.Violates, wirePin),
	}
}

func wireVerdict(v verdict.Verdict) client.Verdict {
	return client.Verdict{
		State: string(v.State), Kind: string(v.Kind), Watch: string(v.Watch), At: v.At, Summary: v.Summary,
		Final: v.Final, Reasons: each(v.Reasons, wireReason), Unseen: v.Unseen, Integration: v.Integration,
		Suspects:     each(v.Suspects, func(s verdict.Suspect) client.Suspect { return client.Suspect(s) }),
		Differential: v.Differential, Rollback: v.Rollback, Since: v.Since,
	}
}

func wireReason(r verdict.Reason) client.Reason {
	return client.Reason{Rule: string(r.Rule), For: r.For, Text: r.Text, At: r.At, Signals: texts(r.Signals)}
}

func wireWatch(w watch.Watch) client.Watch {
	return client.Watch{
		ID: string(w.ID), Kind: string(w.Kind), State: string(w.State), Opened: w.Opened,
		Until: w.Until, Ended: w.Ended, Round: w.Round, Met: w.Met, Sensitive: w.Reason(),
	}
}

func wireOutcome(o Outcome) client.Outcome {
	return client.Outcome{
		Release: wireRelease(o.Release), Verdict: some(o.Verdict, wireVerdict), Watch: some(o.Watch, wireWatch),
		Incident: string(o.Incident), Settled: o.settled(),
	}
}

func wireStanding(s Standing) client.Product {
	return client.Product{
		ID: string(s.Product.ID), Name: s.Product.Name, URL: s.Product.URL,
		Served: s.State.Served, ServedAt: s.State.ServedAt, Pin: some(s.State.Pin, wirePin),
		Live: some(s.Live, wireRelease), LastGood: some(s.LastGood, wireRelease),
		Verdict: some(s.Verdict, wireVerdict), Watch: some(s.Watch, wireWatch),
		Incidents: each(s.Incidents, wireIncident),
	}
}

func wireSignal(s signal.Signal) client.Signal {
	out := client.Signal{
		ID: string(s.ID), At: s.At, Kind: string(s.Kind), Name: s.Name, Side: string(s.Side), Round: s.Round,
		Confirm: s.Confirm, TookMS: s.Took.Milliseconds(), Expected: s.Expected, Served: s.Served,
		Outcome: string(s.Outcome), Summary: s.Summary, Evidence: each(s.Evidence, wireEvidence),
	}
	out.Failure = some(s.Failure, func(f signal.Failure) client.Failure {
		return client.Failure{
			Class: f.Class, Step: f.Step, Title: f.Title, Message: f.Message, URL: f.URL, Status: f.Status, Position: f.Position,
		}
	})
	return out
}

func wireEvidence(e signal.Evidence) client.Evidence { return client.Evidence(e) }

func wireIncident(in incident.Incident) client.Incident {
	return client.Incident{
		ID: string(in.ID), Product: string(in.Product), Release: string(in.Release), Version: in.Version,
		Fix: string(in.Fix), Title: in.Title, State: string(in.State), Severity: int(in.Severity), By: in.By,
		Drill: in.Drill, Reopened: in.Reopened, Verdict: string(in.Verdict.State), Summary: in.Verdict.Summary,
		Impact: in.Impact, Detected: in.Detected, Paged: in.Paged, Acknowledged: in.Acknowledged,
		Acted: in.Acted, Mitigated: in.Mitigated, Resolved: in.Resolved,
	}
}

func wireEntry(e incident.Entry) client.Entry {
	return client.Entry{Seq: e.Seq, At: e.At, Kind: e.Kind, Text: e.Text, By: e.By, Evidence: each(e.Evidence, wireEvidence)}
}

func wirePostmortem(pm postmortem.Postmortem) client.Postmortem {
	return client.Postmortem{
		Incident: string(pm.Incident), Title: pm.Title, Generated: pm.Generated, Edited: pm.Edited,
		Screenshots: each(pm.Screenshots, wireEvidence),
		Parts: each(pm.Parts, func(p postmortem.Part) client.PostmortemPart {
			return client.PostmortemPart{
				Section: string(p.Section), Title: p.Section.Title(), Human: p.Human, By: p.By,
				Facts: each(p.Facts, func(f postmortem.Fact) client.Fact { return client.Fact(f) }),
			}
		}),
	}
}

func wireScenario(s drill.Scenario) client.Scenario {
	return client.Scenario{
		Name: s.Name, Title: s.Title, About: s.About,
		Verdict: string(s.Expected.Verdict), Rollback: s.Expected.Rollback, Page: s.Expected.Page,
	}
}

func wireDrill(d drill.Drill) client.Drill {
	return client.Drill{
		ID: string(d.ID), Scenario: wireScenario(d.Scenario), Product: string(d.Product), State: string(d.State),
		By: d.By, Started: d.Started, Release: string(d.Release), Incident: d.Incident, Fault: d.Fault,
		Evidence: d.Evidence, Detected: d.Detected, Paged: d.Paged, RolledBack: d.RolledBack,
		Verified: d.Verified, Ended: d.Ended, Verdict: string(d.Verdict), First: d.First, Findings: d.Findings,
	}
}

func wireToken(g access.Grant) client.Token {
	return client.Token{ID: g.ID, Name: g.Name, Role: string(g.Role), Created: g.Created, Used: g.Used, Revoked: g.Revoked}
}
