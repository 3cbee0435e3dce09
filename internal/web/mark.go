package web

import (
	"strconv"
	"strings"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

// mark is how a state is shown: never by colour alone, always with a shape
// and a word.
type mark struct {
	Tone string // good, bad, warn, busy, idle: colours in the style sheet
	Icon string // name of a shape in icon.templ
	Word string
}

func verdictMark(s verdict.State) mark {
	switch s {
	case verdict.Healthy:
		return mark{"good", "check", "Healthy"}
	case verdict.BrokenRelease:
		return mark{"bad", "octagon", "Broken release"}
	case verdict.BrokenEnvironment:
		return mark{"env", "cloud", "Broken environment"}
	case verdict.NotDeployed:
		return mark{"warn", "ghost", "Not deployed"}
	case verdict.Inconclusive:
		return mark{"warn", "question", "Inconclusive"}
	case verdict.Observing:
		return mark{"busy", "eye", "Observing"}
	}
	return mark{"idle", "dash", "No verdict"}
}

// lastVerdict marks a verdict that may be missing.
func lastVerdict(v *verdict.Verdict) mark {
	if v == nil {
		return mark{"idle", "dash", "No verdict yet"}
	}
	return verdictMark(v.State)
}

func outcomeMark(o signal.Outcome) mark {
	switch o {
	case signal.Pass:
		return mark{"good", "check", "Pass"}
	case signal.Fail:
		return mark{"bad", "cross", "Fail"}
	case signal.Broken:
		return mark{"warn", "question", "Could not look"}
	}
	return mark{"idle", "dash", "Not reached"}
}

func incidentMark(s incident.State) mark {
	switch s {
	case incident.Triggered:
		return mark{"bad", "bell", "Triggered"}
	case incident.Acknowledged:
		return mark{"warn", "hand", "Acknowledged"}
	case incident.Mitigated:
		return mark{"busy", "shield", "Mitigated"}
	case incident.Resolved:
		return mark{"good", "check", "Resolved"}
	case incident.FalseAlarm:
		return mark{"idle", "dash", "False alarm"}
	}
	return mark{"idle", "question", words(string(s))}
}

func actionMark(s action.State) mark {
	switch s {
	case action.Proposed:
		return mark{"warn", "question", "Waits for approval"}
	case action.Queued:
		return mark{"busy", "clock", "Queued"}
	case action.Running:
		return mark{"busy", "eye", "Running"}
	case action.Done:
		return mark{"good", "check", "Done"}
	case action.Failed:
		return mark{"bad", "cross", "Failed"}
	case action.Cancelled:
		return mark{"idle", "dash", "Cancelled"}
	}
	return mark{"idle", "question", words(string(s))}
}

// deliveryMark is an action's mark in the words of a message.
func deliveryMark(s action.State) mark {
	m := actionMark(s)
	switch s {
	case action.Done:
		m.Word = "Delivered"
	case action.Failed:
		m.Word = "Not delivered"
	case action.Running:
		m.Word = "Sending"
	}
	return m
}

func drillMark(s drill.State) mark {
	switch s {
	case drill.Playing:
		return mark{"busy", "eye", "Playing"}
	case drill.Passed:
		return mark{"good", "check", "Passed"}
	case drill.Missed:
		return mark{"bad", "cross", "Missed"}
	case drill.Aborted:
		return mark{"warn", "dash", "Aborted"}
	}
	return mark{"idle", "question", words(string(s))}
}

func judgementMark(j release.Judgement) mark {
	switch j {
	case release.Good:
		return mark{"good", "check", "Good"}
	case release.Bad:
		return mark{"bad", "octagon", "Bad"}
	case release.Unjudged:
		return mark{"idle", "dash", "Unjudged"}
	}
	return mark{"idle", "question", words(string(j))}
}

// severity reads "SEV1".
func severity(s incident.Severity) string { return "SEV" + strconv.Itoa(int(s)) }

// severityTone maps a severity to a tone.
func severityTone(s incident.Severity) string {
	switch {
	case s <= 0:
		return "idle"
	case s == 1:
		return "bad"
	case s == 2:
		return "warn"
	}
	return "busy"
}

// sourceWord says who made a version live.
func sourceWord(s release.Source) string {
	switch s {
	case release.Announced:
		return "Announced by the pipeline"
	case release.Noticed:
		return "Noticed: the served version changed"
	case release.Rollback:
		return "Rolled back by Postflight"
	case release.Baseline:
		return "Live when Postflight first looked"
	}
	return words(string(s))
}

// ruleWord says what a rule looks at.
func ruleWord(r verdict.Rule) string {
	switch r {
	case verdict.RuleVersion:
		return "served version"
	case verdict.RuleAssets:
		return "assets of the release"
	case verdict.RuleSkew:
		return "assets of the previous release"
	case verdict.RuleJourney:
		return "journeys, new against old"
	case verdict.RuleBoot:
		return "boot reports"
	case verdict.RuleHealth:
		return "the product answers"
	case verdict.RuleProvider:
		return "provider's own probe"
	case verdict.RuleCoverage:
		return "what was not looked at"
	case verdict.RuleCI:
		return "the pipeline against its own evidence"
	}
	return "rule"
}

// kindWord names the kind of an observation.
func kindWord(k signal.Kind) string {
	switch k {
	case signal.Journey:
		return "Journey"
	case signal.Assets:
		return "Assets"
	case signal.OldAsset:
		return "Previous assets"
	case signal.Version:
		return "Served version"
	case signal.Probe:
		return "Provider probe"
	case signal.Boot:
		return "Boot reports"
	case signal.Health:
		return "Health"
	}
	return words(string(k))
}

// roles in their order, for a form.
func roles() []access.Role { return []access.Role{access.Viewer, access.Responder, access.Admin} }

// roleWord says what a role may do.
func roleWord(r access.Role) string {
	switch r {
	case access.Viewer:
		return "Viewer: reads"
	case access.Responder:
		return "Responder: acknowledges, notes, rolls back, announces releases"
	case access.Admin:
		return "Admin: everything, also tokens, drills and pins"
	}
	return string(r)
}

// words turns an identifier into words: "false_alarm" → "False alarm".
func words(s string) string {
	s = strings.NewReplacer("_", " ", ".", " ", "-", " ").Replace(s)
	if s == "" {
		return "unknown"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
