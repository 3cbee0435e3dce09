package page

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/verdict"
)

// Store is what the stage reads. Incident returns a NotFound fault for an
// unknown id.
type Store interface {
	Changes
	Incident(ctx context.Context, id incident.ID) (incident.Incident, error)
}

// Stage tells people what happens to incidents, and QA what a change ships.
type Stage struct {
	Products map[product.ID]product.Product
}

// patience is how long a channel that does not answer is tried again: a
// provider's bad day must not lose a page.
const patience = 12 * time.Hour

// EventUnheard tells that an incident has no channel to be told on.
const EventUnheard journal.Kind = "page.unheard"

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	return k == action.EventDone || k == scope.EventReported || k == "rollback.refused" || strings.HasPrefix(string(k), "incident.")
}

// Handle queues the messages that one event asks for. A message never waits
// for another channel.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var plan action.Plan
	if ev.Kind == scope.EventReported {
		return s.change(ctx, db, ev)
	}
	if ev.Incident == "" {
		return plan, nil
	}
	u, name, ok, err := s.update(ctx, db, ev)
	if err != nil || !ok {
		return plan, err
	}
	p := s.Products[u.Incident.Product]
	if len(p.Notify) == 0 && ev.Kind == incident.EventOpened {
		plan.Events = append(plan.Events, journal.New(EventUnheard, ev.At, map[string]string{
			"text": "nobody was told: the product has no channel in notify",
		}).About(ev.Product, ev.Release, ev.Watch, ev.Incident))
	}
	for _, ch := range p.Notify {
		base := message(u, name, ch, ev.At)
		base.Root = rootKey(u.Incident.ID, ch)
		if ev.Kind == incident.EventOpened {
			plan.Actions = append(plan.Actions, base.as(Post, base.Root, ev))
			for i, f := range files(u) {
				m := base
				m.File = &f
				plan.Actions = append(plan.Actions, m.as(Upload, fmt.Sprintf("%s/file%d", base.Root, i+1), ev))
			}
			continue
		}
		key := fmt.Sprintf("page/%s/%s/%d", u.Incident.ID, ch, ev.Seq)
		plan.Actions = append(plan.Actions, base.as(Reply, key+"/reply", ev), base.as(Edit, key+"/edit", ev))
	}
	return plan, nil
}

// update reads what happened from any of the events that people hear of.
func (s *Stage) update(ctx context.Context, db Store, ev journal.Event) (incident.Update, string, bool, error) {
	var u incident.Update
	name := strings.TrimPrefix(string(ev.Kind), "incident.")
	switch ev.Kind {
	case incident.EventCommand, incident.EventHoldOver:
		return u, "", false, nil
	case action.EventDone:
		var a action.Action
		if err := ev.Decode(&a); err != nil {
			return u, "", false, err
		}
		if a.Lane != action.LaneDeploy || a.Incident == "" {
			return u, "", false, nil
		}
		name, u.Text = "rolled_back", a.Title+": done, now verifying"
		if a.State != action.Done {
			name, u.Text = "rollback_failed", fmt.Sprintf("%s: %s: %s", a.Title, a.State, a.Error)
		}
	case "rollback.refused":
		var r struct{ Reason, Hint string }
		if err := ev.Decode(&r); err != nil {
			return u, "", false, err
		}
		name, u.Text = "rollback_refused", "Not rolled back: "+r.Reason
		if r.Hint != "" {
			u.Text += " — " + r.Hint
		}
	default:
		if err := ev.Decode(&u); err != nil {
			return u, "", false, err
		}
	}
	if u.Incident.ID == "" {
		in, err := db.Incident(ctx, incident.ID(ev.Incident))
		if err != nil {
			return u, "", false, err
		}
		u.Incident = in
	}
	return u, name, true, nil
}

func rootKey(id incident.ID, channel string) string {
	return fmt.Sprintf("page/%s/%s/root", id, channel)
}

// as makes the delivery action of a message. Messages of one incident to one
// channel keep their order.
func (m Message) as(op Op, key string, ev journal.Event) action.Action {
	m.Op, m.Key = op, key
	a := action.Action{
		Key: key, Kind: ActionSend, Lane: action.LaneNotify,
		Title:   fmt.Sprintf("%s to %s (%s)", op.title(), m.Channel, m.Event),
		Product: string(m.Product), Release: ev.Release, Watch: ev.Watch, Incident: string(m.Incident),
		Group: "page/" + string(m.Incident) + "/" + m.Channel,
		State: action.Queued, Queued: ev.At, Due: ev.At, Lease: time.Minute,
		Retry: action.Retry{Max: 10_000, Until: ev.At.Add(patience), First: time.Second, Cap: 30 * time.Second},
	}
	return a.Encode(m)
}

// title is how the timeline calls a delivery.
func (op Op) title() string {
	switch op {
	case Post:
		return "Page"
	case Edit:
		return "Update of the page"
	case Upload:
		return "Screenshot"
	}
	return "Message"
}

// message composes what is told of an update.
func message(u incident.Update, name, channel string, at time.Time) Message {
	in := u.Incident
	m := Message{
		Channel: channel, Incident: in.ID, Product: in.Product, Event: name, State: in.State,
		Severity: in.Severity, Drill: in.Drill != "", Title: line(in.Title, maxTitle), Text: clip(u.Text, maxText), At: at,
		Link: "/incidents/" + string(in.ID),
	}
	if m.Text == "" {
		m.Text = m.Title
	}
	m.Facts = facts(in)
	for i := range m.Facts {
		m.Facts[i].Text = line(m.Facts[i].Text, maxFact)
	}
	return m
}

// Bounds of a message, in bytes: text from pages and pipelines must not make
// it one that a channel refuses or nobody reads.
const (
	maxTitle = 300
	maxText  = 3000
	maxFact  = 500
)

// line makes text one line of bounded length.
func line(text string, limit int) string {
	return clip(strings.Join(strings.Fields(text), " "), limit)
}

// clip bounds text, and drops what is neither text nor a line break.
func clip(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// facts are the lines a person needs to decide at three in the morning.
func facts(in incident.Incident) []Fact {
	v := in.Verdict
	out := []Fact{{"Product", string(in.Product)}}
	if in.Version != "" {
		out = append(out, Fact{"Release", in.Version})
	}
	if v.Integration != "" {
		out = append(out, Fact{"Integration", v.Integration})
	}
	for i, s := range v.Suspects {
		if i < 2 {
			out = append(out, Fact{"Suspect", strings.TrimSpace(s.Kind + " " + s.Name + " " + s.Detail)})
		}
	}
	// That the pipeline is no evidence is said by itself, whatever else there is.
	if i := slices.IndexFunc(v.Reasons, func(r verdict.Reason) bool { return r.Rule == verdict.RuleCI }); i >= 0 {
		out = append(out, Fact{"CI", v.Reasons[i].Text})
	}
	n := 0
	for _, r := range v.Reasons {
		if r.For && r.Rule != verdict.RuleCI && n < 4 {
			out = append(out, Fact{"Evidence " + string(r.Rule), r.Text})
			n++
		}
	}
	for _, r := range v.Reasons {
		if !r.For && r.Rule != verdict.RuleCI {
			out = append(out, Fact{"Against", r.Text})
			break
		}
	}
	return append(out, Fact{"Rollback", rollbackLine(in)})
}

func rollbackLine(in incident.Incident) string {
	v := in.Verdict
	switch {
	case !in.Mitigated.IsZero():
		return "not needed any more"
	case !in.Acted.IsZero():
		return "done at " + in.Acted.UTC().Format("15:04:05") + " UTC"
	case len(v.Blind) > 0 && !v.State.Broken():
		return "no: we cannot look, which says nothing of the product"
	case v.State == verdict.BrokenEnvironment:
		return "no: this is not a release's fault"
	case v.Rollback:
		return "advised"
	}
	return "not advised by itself; a person decides"
}

// files are the screenshots to attach: the broken page and the old one.
func files(u incident.Update) []File {
	var out []File
	for i, e := range u.Evidence {
		if e.Kind == "screenshot" && len(out) < 2 {
			ext := ".jpg"
			if e.Type == "image/png" {
				ext = ".png"
			}
			out = append(out, File{Blob: e.Blob, Type: e.Type, Title: e.Title, Name: fmt.Sprintf("%s-%d%s", u.Incident.ID, i+1, ext)})
		}
	}
	return out
}
