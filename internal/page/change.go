package page

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/workspace"
)

// Changes is what is read to tell QA of a change. Action returns a NotFound
// fault for an unknown key.
type Changes interface {
	Scope(ctx context.Context, commit string) (scope.Report, bool, error)
	Action(ctx context.Context, key string) (action.Action, error)
}

// The events of messages to QA.
const (
	changeTold = "scope"
	changeNew  = "scope_changed"
)

// Bounds of a message about a change: who reads more opens the page.
const (
	maxProducts = 12
	maxJourneys = 30
	maxRoutes   = 20
)

// QA returns the channels that are told of a change: those that the products
// which it ships name.
func QA(products map[product.ID]product.Product, r scope.Report) []string {
	var out []string
	for id, p := range products {
		if claim, _ := r.Of(id); claim == scope.Ships {
			out = append(out, p.QA...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// change queues what QA is told of a change: one message a channel, and an
// update of it with each new result. Who was told once is told the end of it,
// even when nothing of theirs ships any more.
func (s *Stage) change(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var plan action.Plan
	var l scope.Line
	if err := ev.Decode(&l); err != nil {
		return plan, err
	}
	told, known, err := db.Scope(ctx, l.Commit)
	if err != nil || !known {
		return plan, err
	}
	concerned := QA(s.Products, told)
	for _, ch := range s.everyQA() {
		root := "page/scope/" + told.Commit + "/" + ch
		_, err := db.Action(ctx, root)
		before := err == nil
		if err != nil && !fault.Is(err, fault.NotFound) {
			return plan, fmt.Errorf("message about %s: %w", told.Commit, err)
		}
		if !before && !slices.Contains(concerned, ch) {
			continue
		}
		m := s.about(told, ch, ev.At)
		if !before {
			plan.Actions = append(plan.Actions, m.tell(Post, root, ev))
			continue
		}
		m.Event, m.Root = changeNew, root
		key := fmt.Sprintf("%s/%d", root, ev.Seq)
		plan.Actions = append(plan.Actions, m.tell(Reply, key+"/reply", ev), m.tell(Edit, key+"/edit", ev))
	}
	return plan, nil
}

// everyQA lists the channels that any product names for QA.
func (s *Stage) everyQA() []string {
	var out []string
	for _, p := range s.Products {
		out = append(out, p.QA...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tell makes the delivery of a message about a change. Messages about one change
// to one channel keep their order; they are given up after a day.
func (m Message) tell(op Op, key string, ev journal.Event) action.Action {
	a := m.as(op, key, ev)
	a.Incident, a.Group = "", "page/scope/"+m.Change+"/"+m.Channel
	a.Title = fmt.Sprintf("%s to %s (what change %s ships)", op.title(), m.Channel, scope.Short(m.Change))
	if op == Post {
		a.Title = fmt.Sprintf("Message to %s (what change %s ships)", m.Channel, scope.Short(m.Change))
	}
	return a
}

// about composes what QA is told.
func (s *Stage) about(r scope.Report, channel string, at time.Time) Message {
	m := Message{
		Channel: channel, Change: r.Commit, Event: changeTold, Title: line(r.Say(), maxTitle), At: at,
		Incident: incident.ID("change " + scope.Short(r.Commit)),
	}
	var text []string
	for _, h := range r.Shipped()[:min(len(r.Shipped()), maxProducts)] {
		text = append(text, fmt.Sprintf("• %s, because %s", h.Name, cmp.Or(scope.Because(h.Chain), "no reason was given")))
	}
	if n := len(r.Shipped()) - maxProducts; n > 0 {
		text = append(text, fmt.Sprintf("• and %d more", n))
	}
	m.Text = clip(strings.Join(text, "\n"), maxText)
	if m.Text == "" {
		m.Text = m.Title
	}
	add := func(label, text string) {
		if text != "" {
			m.Facts = append(m.Facts, Fact{label, line(text, 2*maxFact)})
		}
	}
	covering, bare := s.covering(r)
	add("Journeys that cover them", cmp.Or(strings.Join(covering, "; "), "none"))
	add("Without any journey", strings.Join(bare, ", "))
	routes := "unknown: nobody worked them out"
	if r.RoutesKnown {
		routes = cmp.Or(first(r.Routes, maxRoutes), "none")
	}
	add("Changed routes without a journey", routes)
	add("Only verified", first(namesOf(r.Verified()), maxProducts))
	add("Files that belong to nothing", first(r.Unowned, 5))
	add("Could not be read", first(r.Problems, 3))
	add("Change", strings.TrimSpace(scope.Short(r.Commit)+" "+r.Title))
	add("Version", r.Version)
	add("See", r.Address)
	for _, h := range r.Shipped() {
		if _, ok := s.Products[product.ID(h.Name)]; ok && m.Link == "" {
			m.Link = "/products/" + url.PathEscape(h.Name)
		}
	}
	return m
}

// covering lists the journeys of what ships, by product, and what has none.
func (s *Stage) covering(r scope.Report) (with, bare []string) {
	left := maxJourneys
	for _, id := range slices.Sorted(maps.Keys(s.Products)) {
		if claim, _ := r.Of(id); claim != scope.Ships {
			continue
		}
		var titles []string
		for _, j := range s.Products[id].Journeys {
			titles = append(titles, cmp.Or(j.Title, j.ID))
		}
		switch {
		case len(titles) == 0:
			bare = append(bare, string(id))
		case left <= 0:
			with = append(with, fmt.Sprintf("%s: %d", id, len(titles)))
		default:
			with = append(with, string(id)+": "+first(titles, left))
			left -= len(titles)
		}
	}
	for _, h := range r.Products {
		if _, ok := s.Products[product.ID(h.Name)]; !ok && h.Scope == workspace.Ship {
			bare = append(bare, h.Name+" (not watched here)")
		}
	}
	return with, bare[:min(len(bare), maxProducts)]
}

func namesOf(hits []scope.Hit) []string {
	out := make([]string, 0, len(hits))
	for _, h := range hits {
		out = append(out, h.Name)
	}
	return out
}

// first joins at most n texts, and says how many there are besides.
func first(all []string, n int) string {
	text := strings.Join(all[:min(len(all), n)], ", ")
	if more := len(all) - n; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
