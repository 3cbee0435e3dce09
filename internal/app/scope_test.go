package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
	"github.com/postflight/postflight/internal/web"
	"github.com/postflight/postflight/internal/workspace"
)

const (
	headCommit = "c0ffee0123456789c0ffee0123456789c0ffee01"
	baseCommit = "ba5eba5eba5eba5eba5eba5eba5eba5eba5eba5e"
)

// beside adds a second product, which nobody releases, and the QA channel.
func (h *house) beside() {
	h.t.Helper()
	shop := h.prod
	shop.QA = []string{"qa"}
	h.desk.products["shop"], h.prod = shop, shop
	h.desk.products["admin"] = product.Product{
		ID: "admin", Name: "Admin", URL: "http://admin.test", Version: shop.Version, Watch: shop.Watch, Notify: []string{"team"}, QA: []string{"qa"},
		Journeys: []product.Journey{{ID: "sign-in", Title: "Sign in", Timeout: 20 * time.Second}, {ID: "refund", Title: "Refund an order", Timeout: 20 * time.Second}},
	}
	err := h.store.Write(h.t.Context(), func(tx *store.Tx) error {
		ev := journal.New(watch.EventStanding, h.now, "admin").About("admin", "", string(watch.StandingID("admin")), "")
		_, err := tx.Append(h.t.Context(), ev)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// chainTo is a change in shared code.
func chainTo(name string) []scope.Step {
	return []scope.Step{
		{Kind: "file", Name: "packages/ui/button.tsx", Why: "changed"}, {Kind: "unit", Name: "@acme/ui", Why: "dependencies"}, {Kind: "product", Name: name},
	}
}

func shared() scope.Report {
	return scope.Report{
		Commit: headCommit, Base: baseCommit, Version: "v2", Title: "Rounder buttons",
		Products: []scope.Hit{
			{Name: "shop", Scope: workspace.Ship, Chain: chainTo("shop")},
			{Name: "admin", Scope: workspace.Ship, Chain: chainTo("admin")},
			{Name: "docs", Scope: workspace.Verify, Chain: chainTo("docs")},
		},
		Unaffected: []string{"mobile"}, Routes: []string{"/checkout"}, RoutesKnown: true,
	}
}

func (h *house) scope(r scope.Report) (scope.Change, bool) {
	h.t.Helper()
	c, fresh, err := h.desk.ReportScope(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	return c, fresh
}

// announce releases a commit of the shop.
func (h *house) announce(version, commit string) release.Release {
	h.t.Helper()
	h.live = version
	r, _, err := h.desk.Announce(h.t.Context(), release.Announcement{Product: "shop", Version: version, Commit: commit, By: "ci"})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *house) pageOf(r release.Release) web.ScopeView {
	h.t.Helper()
	v := &view{store: h.store, probes: func(product.ID, string) (s signal.Signal, ok bool) { return s, ok }}
	for _, p := range h.desk.products {
		v.products = append(v.products, p)
	}
	out, err := v.ReleaseView(h.t.Context(), r.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Scope
}

// kinds counts the events of a kind about a product.
func (h *house) kinds(p product.ID, k journal.Kind) int {
	h.t.Helper()
	n, err := read(h.t.Context(), h.store, func(tx *store.Tx) (n int, err error) {
		all, err := tx.EventsAbout(h.t.Context(), store.EventFilter{Product: string(p), Limit: 5000})
		for _, e := range all {
			if e.Kind == k {
				n++
			}
		}
		return n, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// QA is told once before anything is released; the release page says why; the
// product that goes along is looked at once, and passes in silence.
func TestQAKnowsWhatAChangeShips(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.beside()
		h.steady()
		c, fresh := h.scope(shared())
		if _, again := h.scope(shared()); !fresh || again {
			t.Errorf("fresh %v, then %v", fresh, again)
		}
		if len(c.Channels) != 1 || c.Channels[0] != "qa" || len(c.Ships) != 3 || len(c.Ships[1].Journeys) != 2 || c.Ships[2].Configured {
			t.Errorf("answer %+v", c)
		}
		h.run(time.Second)
		if got := h.heard("qa"); got != "post scope" {
			t.Fatalf("QA heard %q", got)
		}
		m := h.sent[0]
		said := m.Title + "\n" + m.Text + "\n" + fmt.Sprint(m.Facts)
		for _, want := range []string{
			"This change will release: shop, admin", "shop, because packages/ui/button.tsx → @acme/ui", "admin: Sign in, Refund an order; shop: book",
			"{Changed routes without a journey /checkout}", "{Only verified docs}", "c0ffee0123 Rounder buttons",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("QA does not read %q:\n%s", want, said)
			}
		}
		before := h.looks("admin")
		r := h.announce("v2", headCommit[:12])
		h.run(3 * time.Minute)
		if got := h.looks("admin") - before; got != 2 {
			t.Errorf("the journeys of what goes along ran %d times", got)
		}
		p := h.pageOf(r)
		if p.Binding == nil || p.Binding.Claim != scope.Ships || p.Looks["admin"] != (web.Looks{Total: 2, Passed: 2}) {
			t.Errorf("page %+v %+v", p.Binding, p.Looks)
		}
		less := shared()
		less.Products = less.Products[:1]
		h.scope(less)
		h.run(time.Second)
		if got := h.heard("qa"); got != "post scope, reply scope_changed" {
			t.Errorf("QA heard %q", got)
		}
		if len(h.sent) != 3 || len(h.incidents()) != 0 {
			t.Errorf("sent %d messages, incidents %v", len(h.sent), h.incidents())
		}
	})
}

// looks counts what was seen of a product's journeys.
func (h *house) looks(p product.ID) int {
	h.t.Helper()
	all, err := read(h.t.Context(), h.store, func(tx *store.Tx) ([]signal.Signal, error) {
		return tx.SignalsAbout(h.t.Context(), store.SignalFilter{Product: string(p), Kinds: []signal.Kind{signal.Journey}, Limit: 1000})
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

// What goes along and breaks pages with the chain, and nothing is rolled back.
func TestWhatGoesAlongBreaks(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.beside()
		h.steady()
		broken := false
		h.fails = func(l watch.Look) string {
			if broken && l.Product == "admin" && l.Name == "refund" {
				return "TypeError: e is not a function"
			}
			return ""
		}
		r := h.announce("v2", headCommit)
		h.run(time.Second)
		broken = true
		h.scope(shared()) // told late: the release is there already
		h.run(5 * time.Minute)
		all := h.incidents()
		if len(all) != 1 || all[0].Product != "admin" || all[0].Release != "" || all[0].Verdict.Rollback {
			t.Fatalf("incidents %+v", all)
		}
		if !strings.Contains(all[0].Title, "since a release of another product shipped it too") {
			t.Errorf("title %q", all[0].Title)
		}
		var paged page.Message
		for _, m := range h.sent {
			if m.Channel == "team" && m.Op == page.Post {
				paged = m
			}
		}
		if got := factOf(paged, "Suspect"); got != "release v2 of shop packages/ui/button.tsx → @acme/ui → admin" {
			t.Errorf("the page's suspect is %q", got)
		}
		if h.live != "v2" || h.state().Live != r.ID || h.kinds("admin", scope.EventShipped) != 1 {
			t.Errorf("%s is live, asked %d times", h.live, h.kinds("admin", scope.EventShipped))
		}
		if got := h.pageOf(r).Looks["admin"]; got.Failed != 1 || got.Passed != 1 {
			t.Errorf("the page says %+v", got)
		}
		if all[0].State != incident.Triggered {
			t.Errorf("state %s", all[0].State)
		}
	})
}

// A product that was said to be left alone and is released all the same is
// shown as unexpected; bytes that changed are our own bug, whichever is told
// first; what is not named is not claimed.
func TestSaidUnaffectedAndShipped(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.beside()
		h.steady()
		quiet := shared()
		quiet.Products, quiet.Unaffected = quiet.Products[2:], []string{"shop"}
		build := func(commit, hash string) scope.Manifest {
			return scope.Manifest{Product: "shop", Commit: commit, Files: map[string]scope.File{
				"index.html": {Hash: strings.Repeat("1", 64), Size: 5}, "app.js": {Hash: strings.Repeat(hash, 64), Size: 9},
			}}
		}
		tell := func(m scope.Manifest) (bool, string, *scope.Finding) {
			fresh, against, found, err := h.desk.ReportArtifacts(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			return fresh, against, found
		}
		if fresh, against, found := tell(build(baseCommit, "a")); !fresh || against != "" || found != nil {
			t.Errorf("the first build: %v %q %v", fresh, against, found)
		}
		h.now = h.now.Add(time.Second)
		if _, _, found := tell(build(headCommit, "b")); found != nil {
			t.Errorf("a claim before the report: %+v", found)
		}
		c, _ := h.scope(quiet)
		if len(c.Findings) != 1 || !c.Findings[0].Exact || !strings.Contains(c.Findings[0].Text, "our own bug: said unaffected, bytes changed: app.js of shop is changed") {
			t.Fatalf("findings %+v", c.Findings)
		}
		if fresh, against, found := tell(build(headCommit, "b")); fresh || against != baseCommit || found == nil {
			t.Errorf("told again: %v %q %v", fresh, against, found)
		}
		r := h.announce("v2", headCommit)
		h.run(time.Minute)
		p := h.pageOf(r)
		if p.Binding == nil || !p.Binding.Unexpected() || len(p.Change.Findings) != 1 || h.kinds("shop", scope.EventContradicted) != 1 {
			t.Errorf("page %+v, %d contradictions", p.Binding, h.kinds("shop", scope.EventContradicted))
		}
		if got := h.heard("qa"); got != "" {
			t.Errorf("QA heard %q of a change that ships nothing", got)
		}
		if _, _, found := tell(build(headCommit, "a")); found != nil || len(h.pageOf(r).Change.Findings) != 0 {
			t.Errorf("the same bytes: %+v", found)
		}
		unknown := quiet
		unknown.Unaffected = nil
		h.scope(unknown)
		h.run(time.Second)
		if _, against, found := tell(build(headCommit, "d")); found != nil || against != "" {
			t.Errorf("nothing was claimed: %q %+v", against, found)
		}
		if p := h.pageOf(r); p.Binding.Claim != scope.Unknown {
			t.Errorf("claim %s", p.Binding.Claim)
		}
		if _, err := h.desk.Scope(t.Context(), "feedfeedfeed"); !fault.Is(err, fault.NotFound) {
			t.Errorf("of a change that nobody told: %v", err)
		}
	})
}

// Everything ships when nothing can be told apart, and QA reads why.
func TestAllShipsLoudly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.beside()
		h.steady()
		c, _ := h.scope(scope.Report{Commit: headCommit, All: "the checkout is shallow: the base\x1b[31m is not there"})
		h.run(time.Second)
		if len(c.Ships) != 2 || c.Ships[0].Name != "admin" || strings.Contains(c.All, "\x1b") {
			t.Errorf("answer %+v", c.Ships)
		}
		if len(h.sent) != 1 || !strings.Contains(h.sent[0].Title, "every product: all, because the checkout is shallow") {
			t.Errorf("sent %+v", h.sent)
		}
		if got := factOf(h.sent[0], "Changed routes without a journey"); got != "unknown: nobody worked them out" {
			t.Errorf("routes %q", got)
		}
	})
}
