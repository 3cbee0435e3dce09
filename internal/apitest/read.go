package apitest

import (
	"context"
	"slices"

	"github.com/postflight/postflight/internal/api"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// Products returns where every product stands.
func (h *House) Products(context.Context) ([]api.Standing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []api.Standing
	for _, p := range h.products {
		out = append(out, h.standing(p))
	}
	return out, h.down
}

// Product returns where one product stands.
func (h *House) Product(_ context.Context, id product.ID) (api.Standing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.products {
		if p.ID == id {
			return h.standing(p), h.down
		}
	}
	return api.Standing{}, missing("product", id)
}

func (h *House) standing(p product.Product) api.Standing {
	s := api.Standing{Product: p, State: h.states[p.ID]}
	for _, r := range h.releases {
		if r.ID == s.State.Live {
			s.Live = &r
		}
		if r.ID == s.State.LastGood {
			s.LastGood = &r
		}
	}
	if s.Live != nil {
		if v, ok := h.verdicts[s.Live.ID]; ok {
			s.Verdict = &v
		}
		if w, ok := h.watches[s.Live.ID]; ok {
			s.Watch = &w
		}
	}
	for _, in := range h.incidents {
		if in.Product == p.ID && !in.State.Closed() {
			s.Incidents = append(s.Incidents, in)
		}
	}
	return s
}

// Ledger returns a product's newest releases first.
func (h *House) Ledger(ctx context.Context, id product.ID, limit int) ([]api.Outcome, error) {
	if _, err := h.Product(ctx, id); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []api.Outcome
	for _, r := range slices.Backward(h.releases) {
		if r.Product == id && len(out) < limit {
			out = append(out, h.outcome(r))
		}
	}
	return out, nil
}

// Outcome returns a release and what is claimed of it.
func (h *House) Outcome(_ context.Context, id release.ID) (api.Outcome, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.releases {
		if r.ID == id {
			return h.outcome(r), h.down
		}
	}
	return api.Outcome{}, missing("release", id)
}

func (h *House) outcome(r release.Release) api.Outcome {
	out := api.Outcome{Release: r}
	if v, ok := h.verdicts[r.ID]; ok {
		out.Verdict = &v
	}
	if w, ok := h.watches[r.ID]; ok {
		out.Watch = &w
	}
	for _, in := range h.incidents {
		if in.Release == r.ID {
			out.Incident = in.ID
		}
	}
	return out
}

// Seen returns the newest observations of a release.
func (h *House) Seen(_ context.Context, id release.ID, limit int) ([]signal.Signal, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.seen[id]
	return slices.Clone(all[max(0, len(all)-limit):]), nil
}

// Incidents returns the newest incidents first.
func (h *House) Incidents(_ context.Context, open bool, limit int) ([]incident.Incident, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []incident.Incident
	for _, in := range slices.Backward(h.incidents) {
		if len(out) < limit && (!open || !in.State.Closed()) {
			out = append(out, in)
		}
	}
	return out, h.down
}

// Incident returns an incident with its timeline.
func (h *House) Incident(_ context.Context, id incident.ID) (incident.Incident, []incident.Entry, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, in := range h.incidents {
		if in.ID == id {
			return in, slices.Clone(h.timeline[id]), nil
		}
	}
	return incident.Incident{}, nil, missing("incident", id)
}

// Postmortem returns an incident's postmortem, if there is one.
func (h *House) Postmortem(ctx context.Context, id incident.ID) (postmortem.Postmortem, bool, error) {
	if _, _, err := h.Incident(ctx, id); err != nil {
		return postmortem.Postmortem{}, false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	pm, ok := h.postmortems[id]
	return pm, ok, nil
}

// Drills returns the newest drills first.
func (h *House) Drills(_ context.Context, limit int) ([]drill.Drill, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := slices.Clone(h.drills)
	slices.Reverse(out)
	return out[:min(limit, len(out))], h.down
}

// Drill returns one drill.
func (h *House) Drill(_ context.Context, id drill.ID) (drill.Drill, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.drills {
		if d.ID == id {
			return d, h.down
		}
	}
	return drill.Drill{}, missing("drill", id)
}

// Subscribe tells every change as one of everything.
func (h *House) Subscribe(ctx context.Context) <-chan []string {
	out := make(chan []string, 1)
	h.mu.Lock()
	changed := h.changed
	h.mu.Unlock()
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			h.mu.Lock()
			changed = h.changed
			var topics []string
			for _, r := range h.releases {
				topics = append(topics, "release/"+string(r.ID))
			}
			h.mu.Unlock()
			select {
			case out <- topics:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
