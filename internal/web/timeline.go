package web

import (
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// line is one line of a timeline: something that happened, or several of the
// same kind folded under one.
type line struct {
	told
	Seq      int64
	At       time.Time
	By       string
	Evidence []signal.Evidence
	Folded   []line
	class    string // lines of one class that follow each other are folded
}

// The classes that are folded: nobody reads the fifth of them at night.
const (
	foldPass    = "pass"
	foldMessage = "message"
)

// releaseStory puts a release's events in the order they happened and folds
// the steady passes of later rounds.
func releaseStory(events []journal.Event) []line {
	var out []line
	seen := map[string]bool{}
	for _, e := range events {
		l := line{told: tell(e), Seq: e.Seq, At: e.At}
		switch e.Kind {
		case action.EventDone, action.EventRetry:
			var a action.Action
			if e.Decode(&a) == nil && a.Kind == watch.ActionLook {
				continue // its signal tells it
			}
			if a.Kind != "" && a.State == action.Done && e.Kind == action.EventDone && strings.HasPrefix(string(a.Kind), "page.") {
				l.class = foldMessage
			}
		case watch.EventTick:
			l.class = foldPass
		case signal.EventObserved:
			var s signal.Signal
			if e.Decode(&s) == nil && s.Outcome == signal.Pass {
				if key := string(s.Kind) + "/" + s.Name + "/" + string(s.Side); seen[key] {
					l.class = foldPass
				} else {
					seen[key] = true
				}
			}
		}
		out = append(out, l)
	}
	return fold(out)
}

// incidentStory is the same for an incident's entries.
func incidentStory(v IncidentView) []line {
	messages := map[string]bool{}
	for _, a := range v.Deliveries {
		messages[a.Title+": done"] = true
	}
	var out []line
	for _, e := range v.Timeline {
		m := entryMark(e)
		l := line{told: told{mark: m, Text: spoken(e.Text)}, Seq: e.Seq, At: e.At, By: e.By, Evidence: e.Evidence}
		switch {
		case e.Kind == string(signal.EventObserved) && m.Tone == "good" && len(e.Evidence) == 0:
			l.class = foldPass
		case e.Kind == string(action.EventDone) && messages[e.Text]:
			l.class = foldMessage
		}
		out = append(out, l)
	}
	return fold(out)
}

// fold sorts by time and puts lines of one class that follow each other under
// one; two of them are the least.
func fold(all []line) []line {
	slices.SortStableFunc(all, func(a, b line) int { return a.At.Compare(b.At) })
	var out []line
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[i].class != "" && all[j].class == all[i].class {
			j++
		}
		if j-i == 1 {
			out = append(out, all[i])
		} else {
			out = append(out, folded(all[i:j]))
		}
		i = j
	}
	return out
}

func folded(run []line) line {
	l := line{told: run[0].told, Seq: run[0].Seq, At: run[0].At, Folded: run}
	if run[0].class == foldMessage {
		l.Text = count(len(run), "message") + " delivered"
		return l
	}
	passes := 0
	for _, r := range run {
		if r.Tone == "good" {
			l.mark = r.mark
			passes++
		}
	}
	l.Text = count(passes, "look") + " passed"
	if passes == 0 {
		l.Text = "More rounds of looks"
	}
	return l
}

// entryMark marks a timeline entry by its kind, and by the outcome or state
// that its text begins with.
func entryMark(e incident.Entry) mark {
	room, what, _ := strings.Cut(e.Kind, ".")
	switch room {
	case "release":
		return mark{"busy", "rocket", "Release"}
	case "verdict":
		state, _, _ := strings.Cut(strings.TrimPrefix(e.Text, "verdict "), ":")
		return verdictMark(verdict.State(state))
	case "signal":
		if f := strings.Fields(e.Text); len(f) > 1 {
			return outcomeMark(signal.Outcome(strings.TrimSuffix(f[1], ":")))
		}
		return mark{"idle", "eye", "Observation"}
	case "rollback":
		return mark{"busy", "back", "Rollback"}
	case "action", "page":
		if e.Kind == string(action.EventRetry) {
			return mark{"warn", "clock", "Retry"}
		}
		return mark{"idle", "bell", "Message"}
	case "watch":
		return mark{"idle", "eye", "Watch"}
	case "pipeline":
		return mark{"warn", "question", "Pipeline"}
	case "scope":
		return mark{"idle", "rocket", "Change"}
	}
	switch what {
	case "opened", "reopened":
		return mark{"bad", "bell", "Opened"}
	case "acknowledged":
		return mark{"warn", "hand", "Acknowledged"}
	case "mitigated":
		return mark{"busy", "shield", "Mitigated"}
	case "resolved":
		return mark{"good", "check", "Resolved"}
	case "joined":
		return mark{"warn", "dot", "Joined"}
	}
	return mark{"idle", "dot", words(what)}
}

// heading is a summary in its parts: what is broken, what was seen, and what
// is suspected. A summary of another shape is all head.
type heading struct{ Head, Detail, Suspect string }

// cut takes "v2 broke Shop: step 2 failed; suspect: config X" apart.
func cut(summary string) heading {
	var h heading
	rest := summary
	if at := strings.LastIndex(rest, "; suspect: "); at > 0 {
		rest, h.Suspect = rest[:at], rest[at+len("; suspect: "):]
	}
	head, detail, ok := strings.Cut(rest, ": ")
	if !ok || len(head) > 80 {
		h.Head = rest
		return h
	}
	h.Head, h.Detail = head, detail
	return h
}

// spoken writes an entry's text as a sentence, with states in words.
func spoken(text string) string {
	if kind, said, _ := strings.Cut(text, " "); kindWord(signal.Kind(kind)) != words(kind) || kind == string(signal.Journey) {
		text = kindWord(signal.Kind(kind)) + " " + said
	}
	first, rest, _ := strings.Cut(text, ":")
	if rest != "" && strings.Contains(first, "_") {
		text = strings.ReplaceAll(first, "_", " ") + ":" + rest
	}
	return upper(text)
}

// upper begins a sentence with a capital letter.
func upper(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	word, _, _ := strings.Cut(s, " ")
	if strings.ContainsAny(word, "0123456789./_") {
		return s // a version or a path is not a word
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// inTime returns a part's facts, those of the timeline in the order they
// happened.
func inTime(p postmortem.Part) []postmortem.Fact {
	if p.Section != postmortem.Timeline {
		return p.Facts
	}
	return slices.SortedStableFunc(slices.Values(p.Facts), func(a, b postmortem.Fact) int { return a.At.Compare(b.At) })
}
