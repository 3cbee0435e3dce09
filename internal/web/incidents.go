package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// maxText bounds what a person writes in one field.
const maxText = 64 << 10

// getIncidents lists incidents, the newest first.
func (s *site) getIncidents(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	all, err := s.Incidents.Incidents(ctx, false, 200)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, incidentsPage(s.frame(r, v, "Incidents", "incident/"), all))
	return nil
}

// getIncident is one incident.
func (s *site) getIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	view, err := s.Incidents.IncidentView(ctx, incident.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	in := view.Incident
	f := s.frame(r, v, string(in.ID)+" "+in.Title, "incident/"+string(in.ID), "release/"+string(in.Release))
	back, err := s.remedyOf(r, view)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, incidentPage(f, view, incidentClock(in, f.Now), back))
	return nil
}

// remedyOf says whether the incident's release can be rolled back.
func (s *site) remedyOf(r *http.Request, view IncidentView) (remedy, error) {
	if view.Release == nil {
		return remedy{Why: "No release is blamed, so there is nothing to roll back."}, nil
	}
	standings, err := s.Releases.Standings(r.Context())
	if err != nil {
		return remedy{}, fmt.Errorf("read where products stand: %w", err)
	}
	st := release.State{}
	for _, x := range standings {
		if x.State.Product == view.Incident.Product {
			st = x.State
		}
	}
	return remedyFor(s.products[product.ID(view.Incident.Product)], *view.Release, st, view.Rollbacks), nil
}

// postIncident takes one command of a person.
func (s *site) postIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := incident.ID(r.PathValue("id"))
	c := incident.Command{Verb: incident.Verb(r.PostForm.Get("verb")), By: v.who.Name}
	var err error
	if c.Text, err = clean(r.PostForm.Get("text")); err != nil {
		return err
	}
	notice := ""
	switch c.Verb {
	case incident.Acknowledge:
		notice = "acknowledged"
	case incident.Resolve:
		notice = "resolved"
	case incident.Dismiss:
		notice = "dismissed"
	case incident.Note:
		if notice = "noted"; c.Text == "" {
			return fault.New(fault.Invalid, "the note is empty", "write a sentence, then add it")
		}
	case incident.SetSeverity:
		n, err := strconv.Atoi(r.PostForm.Get("severity"))
		if notice = "severity"; err != nil || n < 1 || n > 4 {
			return fault.New(fault.Invalid, "severity is a number from 1 (worst) to 4", "")
		}
		c.Severity = incident.Severity(n)
	default:
		return fault.New(fault.Invalid, "that is not something to do with an incident", "")
	}
	if err := s.Desk.Command(r.Context(), id, c); err != nil {
		return err
	}
	return done(w, r, string(link("incidents", string(id))), notice)
}

// clean checks a person's text: bounded, UTF-8, line ends of one kind.
func clean(text string) (string, error) {
	if len(text) > maxText {
		return "", fault.New(fault.Invalid, "the text is too long", "64 kB is the most one field takes")
	}
	if !utf8.ValidString(text) {
		return "", fault.New(fault.Invalid, "the text is not UTF-8", "")
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), nil
}

// getPostmortem shows the draft for reading and editing.
func (s *site) getPostmortem(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	id := incident.ID(r.PathValue("id"))
	pm, drafted, err := s.Incidents.Postmortem(ctx, id)
	if err != nil {
		return err
	}
	f := s.frame(r, v, "Postmortem of "+string(id), "incident/"+string(id))
	if !drafted {
		// An incident that does not exist has no postmortem to wait for.
		if _, err := s.Incidents.IncidentView(ctx, id); err != nil {
			return err
		}
	}
	s.render(w, r, http.StatusOK, postmortemPage(f, id, pm, drafted))
	return nil
}

// postPostmortem saves what a person wrote in one section.
func (s *site) postPostmortem(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := incident.ID(r.PathValue("id"))
	section := postmortem.Section(r.PostForm.Get("section"))
	if !knownSection(section) {
		return fault.New(fault.Invalid, "a postmortem has no such section", "")
	}
	text, err := clean(r.PostForm.Get("text"))
	if err != nil {
		return err
	}
	if err := s.Desk.EditPostmortem(r.Context(), id, section, text, v.who.Name); err != nil {
		return err
	}
	return done(w, r, string(link("incidents", string(id), "postmortem")), "saved")
}

func knownSection(s postmortem.Section) bool {
	switch s {
	case postmortem.Summary, postmortem.Impact, postmortem.LeadUp, postmortem.Fault, postmortem.Detection,
		postmortem.Response, postmortem.Recovery, postmortem.Timeline, postmortem.Contributing,
		postmortem.Lessons, postmortem.ActionItems, postmortem.Evidence:
		return true
	}
	return false
}

// getMarkdown downloads the draft.
func (s *site) getMarkdown(w http.ResponseWriter, r *http.Request, _ *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	pm, drafted, err := s.Incidents.Postmortem(ctx, incident.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if !drafted {
		return fault.New(fault.NotFound, "there is no postmortem yet", "it is drafted when the incident is resolved")
	}
	w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="postmortem.md"`)
	_, _ = w.Write(s.Markdown(pm)) // the browser left: nothing to do
	return nil
}
