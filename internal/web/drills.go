package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

// drillPanel is the scenarios with what became of them.
type drillPanel struct {
	Scenarios []drill.Scenario
	Playing   *drill.Drill
	Last      map[string]drill.Drill // by scenario
	Played    []drill.Drill
}

// panel sorts the played drills; it is empty when none can be played.
func (s *site) panel(played []drill.Drill) drillPanel {
	p := drillPanel{Scenarios: s.Scenarios, Played: played, Last: map[string]drill.Drill{}}
	for i, d := range played {
		if d.State == drill.Playing && p.Playing == nil {
			p.Playing = &played[i]
		}
		if _, ok := p.Last[d.Scenario.Name]; !ok && d.State != drill.Playing {
			p.Last[d.Scenario.Name] = d
		}
	}
	return p
}

// getDrills lists the score cards.
func (s *site) getDrills(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	played, err := s.Drills.Drills(ctx, 100)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, drillsPage(s.frame(r, v, "Drills", "drill/", "release/", "incident/"), s.panel(played)))
	return nil
}

// getDrill is one score card.
func (s *site) getDrill(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	d, err := s.Drills.Drill(ctx, drill.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	f := s.frame(r, v, "Drill: "+d.Scenario.Title, "drill/", "incident/", "release/")
	s.render(w, r, http.StatusOK, drillPage(f, d, drillClock(d, f.Now)))
	return nil
}

func (s *site) postDrill(w http.ResponseWriter, r *http.Request, v *visit) error {
	name := r.PostForm.Get("scenario")
	for _, sc := range s.Scenarios {
		if sc.Name == name {
			id, err := s.Desk.StartDrill(r.Context(), name, v.who.Name)
			if err != nil {
				return err
			}
			return done(w, r, string(link("drills", string(id))), "")
		}
	}
	return fault.New(fault.NotFound, "there is no such scenario", "choose one of those on the drills page")
}

// getEvent shows one journal event as it was written.
func (s *site) getEvent(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || seq < 1 {
		return fault.New(fault.NotFound, "there is no such event", "events are numbered from 1")
	}
	e, err := s.Journal.Event(ctx, seq)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, eventPage(s.frame(r, v, "Event "+strconv.FormatInt(seq, 10)), e, pretty(e)))
	return nil
}

// pretty indents an event's data; what is not JSON is shown as it is.
func pretty(e journal.Event) string {
	var b bytes.Buffer
	if json.Indent(&b, e.Data, "", "  ") != nil {
		return string(e.Data)
	}
	return b.String()
}
