package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// world is an in-memory stand-in for everything behind the pages.
type world struct {
	mu        sync.Mutex
	products  []product.Product
	standings []Standing
	rows      map[product.ID][]Row
	releases  map[release.ID]ReleaseView
	incidents []IncidentView
	post      map[incident.ID]postmortem.Postmortem
	drills    []drill.Drill
	events    map[int64]journal.Event
	blobs     map[string][]byte
	grants    []access.Grant
	sessions  map[string]access.Who
	links     map[string]access.Who
	calls     []string
	runs      map[signal.ID]RunView
	stands    []JourneyStanding
	trends    map[string]Trend
	running   []Running
	frames    [][]byte
	err       error // answers every read and every wish, when set
	subs      []chan []string
}

func (w *world) called(parts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, strings.Join(parts, " "))
}

func (w *world) Standings(context.Context) ([]Standing, error) { return w.standings, w.err }

func (w *world) ProductView(_ context.Context, id product.ID) (ProductView, error) {
	v := ProductView{Releases: w.rows[id]}
	for _, s := range w.standings {
		if s.State.Product == id {
			v.Standing = s
		}
	}
	return v, w.err
}

func (w *world) ReleaseView(_ context.Context, id release.ID) (ReleaseView, error) {
	v, ok := w.releases[id]
	if !ok && w.err == nil {
		return v, fault.New(fault.NotFound, "there is no release "+string(id), "the product page lists them")
	}
	return v, w.err
}

func (w *world) Incidents(_ context.Context, open bool, limit int) ([]incident.Incident, error) {
	var out []incident.Incident
	for _, v := range w.incidents {
		if (!open || !v.Incident.State.Closed()) && len(out) < limit {
			out = append(out, v.Incident)
		}
	}
	return out, w.err
}

func (w *world) IncidentView(_ context.Context, id incident.ID) (IncidentView, error) {
	for _, v := range w.incidents {
		if v.Incident.ID == id {
			return v, w.err
		}
	}
	return IncidentView{}, fault.New(fault.NotFound, "there is no incident "+string(id), "")
}

func (w *world) Postmortem(_ context.Context, id incident.ID) (postmortem.Postmortem, bool, error) {
	p, ok := w.post[id]
	return p, ok, w.err
}

func (w *world) Drills(context.Context, int) ([]drill.Drill, error) { return w.drills, w.err }

func (w *world) Drill(_ context.Context, id drill.ID) (drill.Drill, error) {
	for _, d := range w.drills {
		if d.ID == id {
			return d, w.err
		}
	}
	return drill.Drill{}, fault.New(fault.NotFound, "there is no such drill", "")
}

func (w *world) Event(_ context.Context, seq int64) (journal.Event, error) {
	e, ok := w.events[seq]
	if !ok {
		return e, fault.New(fault.NotFound, "there is no such event", "its retention may be over")
	}
	return e, w.err
}

func (w *world) Command(_ context.Context, id incident.ID, c incident.Command) error {
	w.called("command", string(id), string(c.Verb), c.By, c.Text, strconv.Itoa(int(c.Severity)))
	return w.err
}

func (w *world) Rollback(_ context.Context, id release.ID, by string) error {
	w.called("rollback", string(id), by)
	return w.err
}

func (w *world) StartDrill(_ context.Context, scenario, by string) (drill.ID, error) {
	w.called("drill", scenario, by)
	return "d-new", w.err
}

func (w *world) EditPostmortem(_ context.Context, id incident.ID, s postmortem.Section, text, by string) error {
	w.called("edit", string(id), string(s), text, by)
	return w.err
}

func (w *world) Unpin(_ context.Context, id product.ID, by string) error {
	w.called("unpin", string(id), by)
	return w.err
}

func (w *world) SignIn(_ context.Context, link string) (string, access.Who, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	who, ok := w.links[link]
	if !ok {
		return "", access.Who{}, fault.New(fault.Denied, "this sign-in link was used already", "print a new one with: postflight login")
	}
	delete(w.links, link)
	w.sessions["s-"+link] = who
	return "s-" + link, who, nil
}

func (w *world) Session(_ context.Context, secret string) (access.Who, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	who, ok := w.sessions[secret]
	if !ok {
		return who, fault.New(fault.Denied, "this session was revoked", "")
	}
	return who, nil
}

func (w *world) SignOut(_ context.Context, secret string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sessions, secret)
	return nil
}

func (w *world) Grants(context.Context) ([]access.Grant, error) { return w.grants, w.err }

func (w *world) CreateToken(_ context.Context, name string, role access.Role, by string) (string, error) {
	w.called("token", name, string(role), by)
	return "pf_SECRETTOKEN", w.err
}

func (w *world) CreateLink(_ context.Context, name string, role access.Role, by string) (string, error) {
	w.called("link", name, string(role), by)
	return "pf_SECRETLINK", w.err
}

func (w *world) RevokeToken(_ context.Context, id string) error {
	w.called("revoke", id)
	return w.err
}

func (w *world) Open(_ context.Context, key string) (io.ReadCloser, error) {
	b, ok := w.blobs[key]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no such evidence", "its retention may be over")
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (w *world) Subscribe(context.Context) <-chan []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan []string, 4)
	w.subs = append(w.subs, c)
	return c
}

func (w *world) Journeys(context.Context) ([]JourneyStanding, error) { return w.stands, w.err }

func (w *world) Run(_ context.Context, id signal.ID) (RunView, error) {
	v, ok := w.runs[id]
	if !ok && w.err == nil {
		return v, fault.New(fault.NotFound, "there is no such run", "its retention may be over")
	}
	return v, w.err
}

func (w *world) Trend(_ context.Context, p product.ID, journey string, _ time.Time) (Trend, error) {
	return w.trends[string(p)+"/"+journey], w.err
}

func (w *world) Running(context.Context) ([]Running, error) { return w.running, w.err }

func (w *world) AcceptPicture(_ context.Context, id signal.ID, step int, by string) error {
	w.called("accept", string(id), strconv.Itoa(step), by)
	return w.err
}

func (w *world) Screen(_ context.Context, run string) (<-chan []byte, error) {
	if len(w.running) == 0 || w.running[0].ID != run {
		return nil, fault.New(fault.NotFound, "this run is over", "")
	}
	c := make(chan []byte, len(w.frames))
	for _, f := range w.frames {
		c <- f
	}
	close(c)
	return c, w.err
}

func (w *world) bundle(_ context.Context, out io.Writer, s signal.Signal) error {
	_, err := io.WriteString(out, "zip of "+string(s.ID))
	return err
}

// options wires the world; now is 90 s after the bad release unless changed.
func (w *world) options(t testing.TB) Options {
	t.Helper()
	return Options{
		Releases: w, Incidents: w, Drills: w, Journal: w, Desk: w, Doorkeeper: w, Keys: w, Live: w, Blobs: w,
		Journeys: w, Screens: w, Bundle: w.bundle,
		Markdown:  func(p postmortem.Postmortem) []byte { return []byte("# " + p.Title + "\n") },
		Products:  w.products,
		Scenarios: scenarios(),
		Version:   "1.0.0-test",
		Logger:    slog.New(slog.DiscardHandler),
		Now:       func() time.Time { return at(92) },
	}
}

// concrete fills a route's pattern with ids of the full fixture.
func concrete(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	switch {
	case strings.HasPrefix(path, "/products/"):
		path = strings.Replace(path, "{id}", "workshop", 1)
	case strings.HasPrefix(path, "/releases/"):
		path = strings.Replace(path, "{id}", "r42", 1)
	case strings.HasPrefix(path, "/incidents/"):
		path = strings.Replace(path, "{id}", "INC-12", 1)
	case strings.HasPrefix(path, "/signals/"):
		path = strings.Replace(path, "{id}", "s1", 1)
	case strings.HasPrefix(path, "/running/"):
		path = strings.Replace(path, "{id}", "run-1", 1)
	case strings.HasPrefix(path, "/drills/"):
		path = strings.Replace(path, "{id}", "d3", 1)
	}
	return method, strings.NewReplacer("{$}", "", "{n}", "1", "{product}", "workshop", "{journey}", "book", "{seq}", "105", "{key...}", "2026/11/21/home.png").Replace(path)
}

// filled is a form that every POST route of the fixture accepts.
var filled = url.Values{
	"verb": {"note"}, "text": {"hello"}, "section": {"impact"}, "scenario": {"healthy"},
	"name": {"ci"}, "role": {"viewer"}, "id": {"g1"}, "step": {"2"},
}
