package page_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/workspace"
)

// desk is a store that knows one change and the messages that were sent.
type desk struct {
	book
	told scope.Report
	sent map[string]bool
}

func (d desk) Scope(context.Context, string) (scope.Report, bool, error) {
	return d.told, d.told.Commit != "", nil
}

func (d desk) Action(_ context.Context, key string) (action.Action, error) {
	if !d.sent[key] {
		return action.Action{}, fault.Newf(fault.NotFound, "no action %s", key)
	}
	return action.Action{Key: key}, nil
}

// tellChange handles one report and returns the messages as "op event channel".
func tellChange(t *testing.T, d desk) (said []string, messages []page.Message) {
	t.Helper()
	journeys := []product.Journey{{ID: "book", Title: "Book a visit"}, {ID: "pay"}}
	s := &page.Stage{Products: map[product.ID]product.Product{
		"shop": {ID: "shop", QA: []string{"qa", "mail"}, Notify: []string{"on-call"}, Journeys: journeys}, "admin": {ID: "admin", QA: []string{"qa"}}, "quiet": {ID: "quiet"},
	}}
	ev := journal.New(scope.EventReported, t0, scope.Line{Commit: d.told.Commit})
	ev.Seq = 7
	plan, err := s.Handle(t.Context(), d, ev)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, a := range plan.Actions {
		var m page.Message
		if err := a.Decode(&m); err != nil || keys[a.Key] || a.Incident != "" || a.Kind != page.ActionSend || a.Lane != action.LaneNotify || a.Group == "" {
			t.Fatalf("action %+v, %v", a, err)
		}
		keys[a.Key] = true
		said = append(said, fmt.Sprint(m.Op, " ", m.Event, " ", m.Channel))
		messages = append(messages, m)
	}
	return said, messages
}

func change(products ...string) scope.Report {
	r := scope.Report{Commit: "c0ffee0123456789"}
	for _, p := range products {
		r.Products = append(r.Products, scope.Hit{Name: p, Scope: workspace.Ship, Chain: []scope.Step{{Kind: "file", Name: "a.ts"}, {Kind: "product", Name: p}}})
	}
	return r
}

func TestWhoIsToldOfAChange(t *testing.T) {
	t.Parallel()
	before := func(channels ...string) map[string]bool {
		out := map[string]bool{}
		for _, ch := range channels {
			out["page/scope/c0ffee0123456789/"+ch] = true
		}
		return out
	}
	verified := change("shop")
	verified.Products[0].Scope = workspace.Verify
	all := change()
	all.All = "no base"
	for name, c := range map[string]struct {
		told scope.Report
		sent map[string]bool
		want string
	}{
		"both":                     {change("shop", "admin"), nil, "post scope mail, post scope qa"},
		"one channel":              {change("admin"), nil, "post scope qa"},
		"nobody asked":             {change("quiet", "elsewhere"), nil, ""},
		"only verified":            {verified, nil, ""},
		"everything":               {all, nil, "post scope mail, post scope qa"},
		"an update":                {change("admin"), before("qa"), "reply scope_changed qa, edit scope_changed qa"},
		"nothing ships any more":   {change(), before("qa"), "reply scope_changed qa, edit scope_changed qa"},
		"one is concerned at last": {change("shop"), before("qa"), "post scope mail, reply scope_changed qa, edit scope_changed qa"},
		"not told":                 {scope.Report{}, nil, ""},
	} {
		said, _ := tellChange(t, desk{told: c.told, sent: c.sent})
		if got := strings.Join(said, ", "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatQAReads(t *testing.T) {
	t.Parallel()
	r := change("shop", "admin", "elsewhere")
	r.Title, r.Address, r.Version = "Rounder buttons", "https://code.example/1", "v2"
	r.Problems = []string{"yarn.lock: not read"}
	_, all := tellChange(t, desk{told: r})
	got := all[0]
	want := []page.Fact{
		{Label: "Journeys that cover them", Text: "shop: Book a visit, pay"},
		{Label: "Without any journey", Text: "admin, elsewhere (not watched here)"},
		{Label: "Changed routes without a journey", Text: "unknown: nobody worked them out"},
		{Label: "Could not be read", Text: "yarn.lock: not read"},
		{Label: "Change", Text: "c0ffee0123 Rounder buttons"},
		{Label: "Version", Text: "v2"},
		{Label: "See", Text: "https://code.example/1"},
	}
	if diff := cmp.Diff(got.Facts, want); diff != "" {
		t.Errorf("facts (-got +want):\n%s", diff)
	}
	if got.Title != "This change will release: shop, admin, elsewhere" || got.Link != "/products/shop" ||
		got.Text != "• shop, because a.ts\n• admin, because a.ts\n• elsewhere, because a.ts" {
		t.Errorf("message %q %q %q", got.Title, got.Text, got.Link)
	}
}

// However much a pipeline tells, a message stays one that a channel takes.
func TestMessagesAboutChangesAreBounded(t *testing.T) {
	t.Parallel()
	r := change("shop")
	long := strings.Repeat("ä\n", 3000)
	r.Title, r.All, r.Problems = long, long, []string{long, long}
	for i := range 2000 {
		r.Products = append(r.Products, scope.Hit{Name: fmt.Sprint("p", i, long[:100]), Scope: workspace.Ship, Chain: []scope.Step{{Name: long}, {Name: long}}})
		r.Unowned, r.Routes = append(r.Unowned, long), append(r.Routes, long)
	}
	r.RoutesKnown = true
	_, all := tellChange(t, desk{told: r})
	for _, m := range all {
		n := len(m.Title) + len(m.Text)
		for _, f := range m.Facts {
			n += len(f.Text)
			if strings.Contains(f.Text, "\n") {
				t.Errorf("%s has several lines", f.Label)
			}
		}
		if n > 15_000 || len(m.Title) > 300 || len(m.Text) > 3000 || len(m.Facts) > 10 {
			t.Errorf("a message of %d bytes", n)
		}
	}
}
