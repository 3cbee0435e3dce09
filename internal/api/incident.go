package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
)

type incidentsInput struct {
	Page
	Open bool `query:"open" doc:"Leave out those that are closed."`
}

// IncidentPath names an incident.
type IncidentPath struct {
	Incident string `path:"incident" maxLength:"64" doc:"Id of the incident, such as INC-12."`
}

type remarkInput struct {
	IncidentPath
	Body *client.Note
}

type noteInput struct {
	IncidentPath
	Body client.Note
}

type severityInput struct {
	IncidentPath
	Body client.SeverityChange
}

type postmortemInput struct {
	IncidentPath
	Accept string `header:"Accept" doc:"text/markdown for Markdown, else JSON."`
}

// incidents registers what is about incidents.
func (s *server) incidents() {
	add(s, operation{id: "list-incidents", method: http.MethodGet, path: "/incidents", summary: "Incidents, newest first", need: access.Viewer},
		func(ctx context.Context, in *incidentsInput) (*answer[client.Incidents], error) {
			all, err := s.Incidents.Incidents(ctx, in.Open, in.Limit)
			return say(client.Incidents{Incidents: each(all, wireIncident)}, err)
		})
	add(s, operation{id: "get-incident", method: http.MethodGet, path: "/incidents/{incident}", summary: "An incident with its timeline", need: access.Viewer},
		func(ctx context.Context, in *IncidentPath) (*answer[client.IncidentDetail], error) {
			found, lines, err := s.Incidents.Incident(ctx, incident.ID(in.Incident))
			return say(client.IncidentDetail{Incident: wireIncident(found), Timeline: each(lines, wireEntry)}, err)
		})
	s.remark("acknowledge", "Take an incident in hand", incident.Acknowledge)
	s.remark("resolve", "Close an incident", incident.Resolve)
	s.remark("false-alarm", "Close an incident that was none", incident.Dismiss)
	add(s, operation{id: "note-incident", method: http.MethodPost, path: "/incidents/{incident}/notes", summary: "Add a line to the timeline", need: access.Responder, status: http.StatusAccepted},
		func(ctx context.Context, in *noteInput) (*answer[client.Accepted], error) {
			return s.command(ctx, in.Incident, incident.Command{Verb: incident.Note, Text: in.Body.Text})
		})
	add(s, operation{id: "set-severity", method: http.MethodPost, path: "/incidents/{incident}/severity", summary: "Set the severity", need: access.Responder, status: http.StatusAccepted},
		func(ctx context.Context, in *severityInput) (*answer[client.Accepted], error) {
			return s.command(ctx, in.Incident, incident.Command{
				Verb: incident.SetSeverity, Severity: incident.Severity(in.Body.Severity), Text: in.Body.Text,
			})
		})
	add(s, operation{id: "get-postmortem", method: http.MethodGet, path: "/incidents/{incident}/postmortem", summary: "The postmortem draft, as JSON or Markdown", need: access.Viewer},
		s.postmortem)
	s.alsoMarkdown()
}

// remark registers a verb that may come with a remark.
func (s *server) remark(path, summary string, verb incident.Verb) {
	add(s, operation{id: path + "-incident", method: http.MethodPost, path: "/incidents/{incident}/" + path, summary: summary, need: access.Responder, status: http.StatusAccepted},
		func(ctx context.Context, in *remarkInput) (*answer[client.Accepted], error) {
			c := incident.Command{Verb: verb}
			if in.Body != nil {
				c.Text = in.Body.Text
			}
			return s.command(ctx, in.Incident, c)
		})
}

func (s *server) command(ctx context.Context, id string, c incident.Command) (*answer[client.Accepted], error) {
	c.By = who(ctx).Name
	return say(client.Accepted{Subject: id}, s.Desk.Command(ctx, incident.ID(id), c))
}

// postmortemAnswer is JSON, or Markdown when that is what was asked for.
type postmortemAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        any
}

func (s *server) postmortem(ctx context.Context, in *postmortemInput) (*postmortemAnswer, error) {
	pm, ok, err := s.Incidents.Postmortem(ctx, incident.ID(in.Incident))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.NotFound, fmt.Sprintf("%s has no postmortem yet", in.Incident), "it is drafted when the incident is mitigated")
	}
	if strings.HasPrefix(in.Accept, "text/markdown") {
		return &postmortemAnswer{ContentType: "text/markdown; charset=utf-8", Body: []byte(pm.Markdown(s.PublicURL))}, nil
	}
	return &postmortemAnswer{ContentType: "application/json", Body: wirePostmortem(pm)}, nil
}

// alsoMarkdown describes both forms of the postmortem.
func (s *server) alsoMarkdown() {
	doc := s.huma.OpenAPI()
	schema := doc.Components.Schemas.Schema(typeOf[client.Postmortem](), true, "Postmortem")
	doc.Paths["/incidents/{incident}/postmortem"].Get.Responses["200"] = &huma.Response{
		Description: "OK",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema},
			"text/markdown":    {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}
}
