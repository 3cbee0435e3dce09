package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

// card is one product as the first page shows it.
type card struct {
	Product product.Product
	Standing
}

// probe returns the latest signal of an integration.
func (c card) probe(id string) *signal.Signal {
	for i := range c.Probes {
		if c.Probes[i].Name == id {
			return &c.Probes[i]
		}
	}
	return nil
}

// getProducts is the first page: every product and where it stands.
func (s *site) getProducts(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	standings, err := s.Releases.Standings(ctx)
	if err != nil {
		return err
	}
	cards := make([]card, 0, len(s.Products))
	for _, p := range s.Products {
		c := card{Product: p}
		if i := slices.IndexFunc(standings, func(st Standing) bool { return st.State.Product == p.ID }); i >= 0 {
			c.Standing = standings[i]
		}
		cards = append(cards, c)
	}
	// What needs a person comes first.
	slices.SortStableFunc(cards, func(a, b card) int { return min(len(b.Incidents), 1) - min(len(a.Incidents), 1) })
	var played []drill.Drill
	if len(s.Scenarios) > 0 {
		if played, err = s.Drills.Drills(ctx, 30); err != nil {
			return err
		}
	}
	s.render(w, r, http.StatusOK, productsPage(s.frame(r, v, "Products", "product/", "release/", "incident/", "drill/"), cards, s.panel(played)))
	return nil
}

// getProduct is one product with its ledger.
func (s *site) getProduct(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	p, ok := s.products[product.ID(r.PathValue("id"))]
	if !ok {
		return fault.New(fault.NotFound, "there is no such product", "products are named in postflight.yaml")
	}
	view, err := s.Releases.ProductView(ctx, p.ID)
	if err != nil {
		return err
	}
	var running []Running
	if s.Journeys != nil {
		if running, err = s.Journeys.Running(ctx); err != nil {
			return err
		}
		running = slices.DeleteFunc(slices.Clone(running), func(r Running) bool { return r.Product != p.ID })
	}
	f := s.frame(r, v, s.productName(p.ID), "product/"+string(p.ID), "release/", "incident/", "journey/", "run/")
	s.render(w, r, http.StatusOK, productPage(f, card{Product: p, Standing: view.Standing}, view.Releases, running))
	return nil
}

func (s *site) postUnpin(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := product.ID(r.PathValue("id"))
	if _, ok := s.products[id]; !ok {
		return fault.New(fault.NotFound, "there is no such product", "")
	}
	if err := s.Desk.Unpin(r.Context(), id, v.who.Name); err != nil {
		return err
	}
	return done(w, r, string(link("products", string(id))), "unpinned")
}

// dossier is a release page, worked out.
type dossier struct {
	ReleaseView
	Product product.Product
	Verdict *verdict.Verdict
	Clock   clock
	Films   []film
	Assets  assetTable
	Boot    bootTable
	Reads   []readRow
	Back    remedy
}

// incident returns the newest incident of the release, or nil.
func (d dossier) incident() *incident.Incident {
	if len(d.Incidents) == 0 {
		return nil
	}
	return &d.Incidents[0]
}

// said returns the reason of the verdict that says the same, or nil.
func (d dossier) said(text string) *verdict.Reason {
	if d.Verdict == nil || len(text) < 24 {
		return nil
	}
	plain := strings.TrimRight(text, ".")
	for i, r := range d.Verdict.Reasons {
		if r.Rule != "" && (strings.Contains(r.Text, plain) || strings.Contains(plain, strings.TrimRight(r.Text, "."))) && r.Text != "" {
			return &d.Verdict.Reasons[i]
		}
	}
	return nil
}

// section is one part of the evidence.
type section struct {
	id, Word string
	N        int
}

// sections puts first the evidence that the verdict rests on.
func (d dossier) sections() []section {
	all := []section{
		{"journeys", "Journeys", len(d.Films)},
		{"assets", "Assets", len(d.Assets.Rows)},
		{"boot", "Boot reports", d.Boot.Total},
		{"reads", "Probes", len(d.Reads)},
	}
	if d.Verdict == nil || !d.Verdict.State.Broken() {
		return all
	}
	first := ""
	if rs := reasonsOf(d.Verdict.Reasons, true); len(rs) > 0 {
		switch rs[0].Rule {
		case verdict.RuleAssets, verdict.RuleSkew:
			first = "assets"
		case verdict.RuleBoot:
			first = "boot"
		case verdict.RuleVersion, verdict.RuleHealth, verdict.RuleProvider:
			first = "reads"
		case verdict.RuleJourney, verdict.RuleCoverage, verdict.RuleCI:
		}
	}
	slices.SortStableFunc(all, func(a, b section) int {
		if a.id == first && b.id != first {
			return -1
		}
		if b.id == first && a.id != first {
			return 1
		}
		return 0
	})
	return all
}

// sight is the failing step on both sides.
type sight struct {
	Film       string
	Index      int
	OldVersion string
	Old, New   *signal.Step
}

// sight finds the first failing step that has a picture.
func (d dossier) sight() sight {
	if d.Verdict == nil || !d.Verdict.State.Broken() {
		return sight{}
	}
	for _, f := range d.Films {
		for _, fr := range f.Frames {
			if fr.New != nil && fr.New.Outcome == signal.Fail && picture(fr.New.Screenshot) {
				return sight{Film: f.Title, Index: fr.Index, OldVersion: versionOr(f.Old.Version), Old: fr.Old, New: fr.New}
			}
		}
	}
	return sight{}
}

// remedy says whether this release can be rolled back now.
type remedy struct {
	Possible bool
	Target   string // version
	Why      string // when it is not possible
	Running  *action.Action
}

// remedyFor explains the roll back button. The rollback room decides again
// when the wish arrives.
func remedyFor(p product.Product, rel release.Release, st release.State, acts []action.Action) remedy {
	for i := range acts {
		if acts[i].State == action.Queued || acts[i].State == action.Running || acts[i].State == action.Proposed {
			return remedy{Running: &acts[i], Why: "A rollback is on its way."}
		}
	}
	switch {
	case st.Live != rel.ID:
		return remedy{Why: "This release is not live any more."}
	case p.Rollback.Method == product.RollbackNone || p.Rollback.Method == "":
		return remedy{Why: "No way to roll back is configured for this product."}
	case st.LastGood == "":
		return remedy{Why: "No release is known to be good: there is nothing to go back to."}
	case st.LastGood == rel.ID:
		return remedy{Why: "This is the last good release."}
	}
	return remedy{Possible: true}
}

// getRelease is the main screen: one release and what was seen of it.
func (s *site) getRelease(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, cancel := bounded(r)
	defer cancel()
	view, err := s.Releases.ReleaseView(ctx, release.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	f := s.frame(r, v, view.Release.Version+" of "+s.productName(view.Release.Product),
		"release/"+string(view.Release.ID), "product/"+string(view.Release.Product), "incident/")
	p := s.products[view.Release.Product]
	d := dossier{
		ReleaseView: view, Product: p, Clock: releaseClock(view, f.Now), Films: films(view, p),
		Assets: crawled(view), Boot: booted(view), Reads: reads(view.Signals),
		Back: remedyFor(p, view.Release, view.State, view.Rollbacks),
	}
	if len(view.Verdicts) > 0 {
		d.Verdict = &view.Verdicts[0]
	}
	s.render(w, r, http.StatusOK, releasePage(f, d))
	return nil
}

func (s *site) postRollback(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := release.ID(r.PathValue("id"))
	if err := s.Desk.Rollback(r.Context(), id, v.who.Name); err != nil {
		return err
	}
	to := string(link("releases", string(id)))
	if from := localPath(r.PostForm.Get("from")); from != "/" {
		to = from
	}
	return done(w, r, to, "rollback")
}
