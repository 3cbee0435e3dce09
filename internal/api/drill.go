package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/drill"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

type drillInput struct {
	Drill string `path:"drill" maxLength:"200" doc:"Id of the drill."`
}

type drillStartInput struct {
	Body client.DrillStart
}

// drills registers what is about drills.
func (s *server) drills() {
	add(s, operation{id: "list-scenarios", method: http.MethodGet, path: "/drills/scenarios", summary: "What can be played", need: access.Viewer},
		func(context.Context, *nothing) (*answer[client.Scenarios], error) {
			return say(client.Scenarios{Scenarios: each(s.Scenarios, wireScenario)}, nil)
		})
	add(s, operation{id: "list-drills", method: http.MethodGet, path: "/drills", summary: "Played drills, newest first", need: access.Viewer},
		func(ctx context.Context, in *Page) (*answer[client.Drills], error) {
			all, err := s.Drills.Drills(ctx, in.Limit)
			return say(client.Drills{Drills: each(all, wireDrill)}, err)
		})
	add(s, operation{id: "start-drill", method: http.MethodPost, path: "/drills", summary: "Play a scenario, if everything is steady", need: access.Admin, status: http.StatusAccepted},
		func(ctx context.Context, in *drillStartInput) (*answer[client.Started], error) {
			id, err := s.Desk.StartDrill(ctx, in.Body.Scenario, who(ctx).Name)
			return say(client.Started{ID: string(id)}, err)
		})
	add(s, operation{id: "get-drill", method: http.MethodGet, path: "/drills/{drill}", summary: "A drill with its score card", need: access.Viewer},
		func(ctx context.Context, in *drillInput) (*answer[client.Drill], error) {
			d, err := s.Drills.Drill(ctx, drill.ID(in.Drill))
			return say(wireDrill(d), err)
		})
}
