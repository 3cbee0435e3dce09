package postmortem

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
)

// Store is what the stage reads and keeps, within the runner's transaction.
// Timeline returns the incident's lines in order; Postmortem says whether
// there is one.
type Store interface {
	Incident(ctx context.Context, id incident.ID) (incident.Incident, error)
	Timeline(ctx context.Context, id incident.ID) ([]incident.Entry, error)
	Postmortem(ctx context.Context, id incident.ID) (Postmortem, bool, error)
	PutPostmortem(ctx context.Context, pm Postmortem) error
}

// Stage drafts a postmortem when an incident is mitigated or closed, and
// renews it when more is known.
type Stage struct{}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	switch k {
	case incident.EventMitigated, incident.EventReopened, incident.EventResolved, incident.EventFalseAlarm,
		incident.EventNoted, incident.EventSeverity, incident.EventAcknowledged:
		return true
	}
	return false
}

// Handle drafts or renews. An incident that is still going on has no draft:
// a note then only stands in the timeline.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	id := incident.ID(ev.Incident)
	in, err := db.Incident(ctx, id)
	if err != nil {
		return action.Plan{}, fmt.Errorf("draft postmortem: %w", err)
	}
	prior, had, err := db.Postmortem(ctx, id)
	if err != nil {
		return action.Plan{}, fmt.Errorf("draft postmortem of %s: %w", id, err)
	}
	if !had && in.Mitigated.IsZero() && !in.State.Closed() {
		return action.Plan{}, nil
	}
	lines, err := db.Timeline(ctx, id)
	if err != nil {
		return action.Plan{}, fmt.Errorf("draft postmortem of %s: %w", id, err)
	}
	// The event itself may not be a line yet: its line is written by the
	// incident's own turn on it.
	if own, ok := incident.Line(in, ev); ok && !slices.ContainsFunc(lines, func(e incident.Entry) bool { return e.Seq == ev.Seq }) {
		lines = append(lines, own)
	}
	if err := db.PutPostmortem(ctx, Draft(in, lines, prior, ev.At)); err != nil {
		return action.Plan{}, fmt.Errorf("keep postmortem of %s: %w", id, err)
	}
	if had {
		return action.Plan{}, nil
	}
	drafted := journal.New(EventDrafted, ev.At, map[string]string{"text": "postmortem drafted"})
	return action.Plan{Events: []journal.Event{drafted.About(ev.Product, ev.Release, ev.Watch, ev.Incident)}}, nil
}

// maxHuman bounds what a person may write into one section, in bytes.
const maxHuman = 64 << 10

// Edit sets what a person wrote in one section; an unknown section is
// Invalid.
func (pm Postmortem) Edit(s Section, text, by string, now time.Time) (Postmortem, error) {
	if len(text) > maxHuman {
		return pm, fault.Newf(fault.Invalid, "a section may hold at most %d bytes", maxHuman)
	}
	for i := range pm.Parts {
		if pm.Parts[i].Section == s {
			parts := append([]Part(nil), pm.Parts...)
			parts[i].Human, parts[i].By = text, by
			pm.Parts, pm.Edited = parts, now
			return pm, nil
		}
	}
	return pm, fault.Newf(fault.Invalid, "a postmortem has no section %q", s)
}

// Markdown renders the postmortem. Base is the public address of this server,
// for the links of the facts. Text from outside is escaped, so that a page's
// exception cannot write headings or links of its own.
func (pm Postmortem) Markdown(base string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n*Drafted %s from the journal. Each sentence links to the event behind it.*\n",
		escape(pm.Title), clock(pm.Generated))
	for _, p := range pm.Parts {
		fmt.Fprintf(&b, "\n## %s\n\n", p.Section.Title())
		for _, f := range p.Facts {
			pm.fact(&b, p.Section, f, base)
		}
		if p.Human != "" {
			fmt.Fprintf(&b, "\n%s\n", p.Human)
			if p.By != "" {
				fmt.Fprintf(&b, "\n*Written by %s.*\n", escape(p.By))
			}
		} else if p.Section.HumanOnly() {
			b.WriteString("*To be written by the people who were there.*\n")
		}
	}
	for _, s := range pm.Screenshots {
		fmt.Fprintf(&b, "\n![%s](%s/evidence/%s)\n", escape(s.Title), base, s.Blob)
	}
	return b.String()
}

func (pm Postmortem) fact(b *strings.Builder, s Section, f Fact, base string) {
	text := escape(f.Text)
	if s == Timeline && !f.At.IsZero() {
		text = f.At.UTC().Format("15:04:05.000") + " " + text
	}
	if f.Seq == 0 {
		fmt.Fprintf(b, "- %s\n", text)
		return
	}
	fmt.Fprintf(b, "- %s [#%d](%s/events/%d)\n", text, f.Seq, base, f.Seq)
}

// escape makes text from outside plain in Markdown.
func escape(s string) string {
	r := strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]",
		"<", "&lt;", ">", "&gt;", "#", "\\#", "|", "\\|", "!", "\\!", "\n", " ", "\r", " ")
	return r.Replace(s)
}
