package web

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// runPage is one run of a journey, worked out.
type runPage struct {
	RunView
	Product  product.Product
	Journey  product.Journey
	Title    string
	Film     []signal.Step // steps with a picture
	Rows     []stepRow
	Gauges   []gauge
	Pictures []signal.Step // steps that were compared
	Health   []healthRow
	Bundle   bool
}

// stepRow is one step on the run's time axis; X, W and Limit are percentages.
type stepRow struct {
	signal.Step
	X, W, Limit string
	Said        []saying
}

// gauge is one web vital against what is good and its budget.
type gauge struct {
	Name, About string
	Value       string // "" when it was not measured
	Rating      mark
	At          string // of the needle, percent
	Good, Poor  string // ends of the zones, percent
	Budget      string // place of the budget, "" for none
	BudgetWord  string
	Over        bool
}

// healthRow is a step's selectors.
type healthRow struct {
	signal.Step
	State mark
	Says  string
}

// getRun shows one run of a journey.
func (s *site) getRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.runOf(r)
	if err != nil {
		return err
	}
	f := s.frame(r, v, p.Title+", run of "+instant(p.Signal.At))
	s.render(w, r, http.StatusOK, runTempl(f, p))
	return nil
}

// runOf reads the run that a request names.
func (s *site) runOf(r *http.Request) (runPage, error) {
	if s.Journeys == nil {
		return runPage{}, fault.New(fault.NotFound, "there are no runs of journeys here", "")
	}
	ctx, cancel := bounded(r)
	defer cancel()
	view, err := s.Journeys.Run(ctx, signal.ID(r.PathValue("id")))
	if err != nil {
		return runPage{}, err
	}
	if view.Signal.Kind != signal.Journey {
		return runPage{}, fault.New(fault.NotFound, "this observation is not a run of a journey", "the release page shows it")
	}
	p := runPage{RunView: view, Product: s.products[view.Signal.Product]}
	p.Journey, p.Title = journeyOf(p.Product, view.Signal.Name)
	p.Bundle = s.Bundle != nil || kept(view.Signal, "bundle") >= 0
	p.fill()
	return p, nil
}

// journeyOf returns a journey of a product and what to call it.
func journeyOf(p product.Product, id string) (product.Journey, string) {
	for _, j := range p.Journeys {
		if j.ID == id {
			if j.Title != "" {
				return j, j.Title
			}
			return j, words(id)
		}
	}
	return product.Journey{ID: id}, words(id)
}

// kept returns the place of the first evidence of a kind, or −1.
func kept(s signal.Signal, kind string) int {
	return slices.IndexFunc(s.Evidence, func(e signal.Evidence) bool { return e.Kind == kind })
}

// fill works out the parts of the page.
func (p *runPage) fill() {
	total := p.Signal.Took
	for _, st := range p.Signal.Steps {
		total = max(total, st.Start+st.Took)
	}
	if total <= 0 {
		total = 1
	}
	for _, st := range p.Signal.Steps {
		row := stepRow{Step: st, Said: saidBy(signal.Signal{Steps: []signal.Step{st}})}
		if st.Outcome != "" {
			row.X, row.W = share(st.Start, total), share(max(st.Took, total/250), total)
			if st.Budget > 0 && st.Start+st.Budget < total {
				row.Limit = share(st.Start+st.Budget, total)
			}
		}
		p.Rows = append(p.Rows, row)
		if picture(st.Screenshot) {
			p.Film = append(p.Film, st)
		}
		if st.Compared != nil {
			p.Pictures = append(p.Pictures, st)
		}
		if st.Selector != nil && st.Selector.Of > 0 {
			p.Health = append(p.Health, healthOf(st))
		}
	}
	// What looks the same has nothing to say.
	slices.SortStableFunc(p.Pictures, func(a, b signal.Step) int { return plainness(a) - plainness(b) })
	slices.SortStableFunc(p.Health, func(a, b healthRow) int { return b.rank() - a.rank() })
	p.Gauges = gauges(p.Signal.Vitals, p.Journey.Budgets)
}

func plainness(st signal.Step) int {
	if st.Compared.State == "same" {
		return 1
	}
	return 0
}

// share writes a part of a duration as a percentage.
func share(d, total time.Duration) string { return pct(100 * d.Seconds() / total.Seconds()) }

// healthOf says how a step's selectors are.
func healthOf(st signal.Step) healthRow {
	sel := st.Selector
	h := healthRow{Step: st, State: mark{"good", "check", "Sturdy"}}
	switch {
	case sel.Of == 1:
		h.State, h.Says = mark{"idle", "dash", "Only one"}, "Only one way to find the element was recorded."
	case sel.Alive <= 1:
		h.State, h.Says = mark{"warn", "question", "Last one"}, "Only one of "+strconv.Itoa(sel.Of)+" ways to find the element still works. When it breaks, the step fails."
	case sel.Alive < sel.Of:
		h.State, h.Says = mark{"busy", "eye", "Thinner"}, strconv.Itoa(sel.Of-sel.Alive)+" of "+strconv.Itoa(sel.Of)+" ways to find the element find nothing any more."
	case sel.Index > 0:
		h.Says = "The first way was not the one that was quickest."
	}
	return h
}

func (h healthRow) rank() int {
	switch h.State.Tone {
	case "warn":
		return 3
	case "busy":
		return 2
	case "idle":
		return 1
	}
	return 0
}

// weak counts the steps that stand on their last selector.
func weak(s *signal.Signal) int {
	n := 0
	if s == nil {
		return 0
	}
	for _, st := range s.Steps {
		if st.Selector != nil && st.Selector.Of > 1 && st.Selector.Alive <= 1 {
			n++
		}
	}
	return n
}

// zone are the ends of good and of acceptable for a web vital, as published at
// web.dev/articles/vitals; milliseconds, or the score of CLS.
type zone struct {
	name, about, unit string
	good, poor        float64
}

func zones() []zone {
	return []zone{
		{"LCP", "largest content painted", "ms", 2500, 4000},
		{"FCP", "first content painted", "ms", 1800, 3000},
		{"TTFB", "first byte received", "ms", 800, 1800},
		{"INP", "slowest answer to an input", "ms", 200, 500},
		{"CLS", "how far the layout shifted", "", 0.1, 0.25},
	}
}

// gauges places each vital on its scale; one that was not measured says so.
func gauges(v *signal.Vitals, b product.Budgets) []gauge {
	if v == nil {
		return nil
	}
	value := map[string]*float64{"CLS": v.CLS}
	for name, d := range map[string]*time.Duration{"LCP": v.LCP, "FCP": v.FCP, "TTFB": v.TTFB, "INP": v.INP} {
		if d != nil {
			ms := float64(*d) / float64(time.Millisecond)
			value[name] = &ms
		}
	}
	var out []gauge
	for _, z := range zones() {
		end := 1.6 * z.poor
		g := gauge{Name: z.name, About: z.about, Good: pct(100 * z.good / end), Poor: pct(100 * z.poor / end), Rating: mark{"idle", "dash", "Not measured"}}
		if limit := budgetOf(b, z.name); limit > 0 {
			g.Budget, g.BudgetWord = pct(100*limit/end), "budget "+measure(limit, z.unit)
		}
		if x := value[z.name]; x != nil {
			g.Value, g.At = measure(*x, z.unit), pct(100**x/end)
			switch {
			case *x <= z.good:
				g.Rating = mark{"good", "check", "Good"}
			case *x <= z.poor:
				g.Rating = mark{"warn", "question", "Needs improvement"}
			default:
				g.Rating = mark{"bad", "cross", "Poor"}
			}
			limit := budgetOf(b, z.name)
			g.Over = slices.Contains(v.Over, z.name) || limit > 0 && *x > limit
		}
		out = append(out, g)
	}
	return out
}

// budgetOf returns a vital's budget in its unit.
func budgetOf(b product.Budgets, name string) float64 {
	switch name {
	case "LCP":
		return float64(b.LCP) / float64(time.Millisecond)
	case "FCP":
		return float64(b.FCP) / float64(time.Millisecond)
	case "TTFB":
		return float64(b.TTFB) / float64(time.Millisecond)
	case "INP":
		return float64(b.INP) / float64(time.Millisecond)
	case "CLS":
		return b.CLS
	}
	return 0
}

// accepted returns who took a step's picture as the new look, or nil.
func (p runPage) accepted(st signal.Step) *signal.Baseline {
	for i, b := range p.Accepted {
		if st.Compared != nil && b.Key == st.Compared.Key && b.Blob == st.Compared.Picture {
			return &p.Accepted[i]
		}
	}
	return nil
}

// comparedMark says what a comparison came to.
func comparedMark(c signal.Comparison) mark {
	switch c.State {
	case "same":
		return mark{"good", "check", "Looks the same"}
	case "different":
		return mark{"warn", "eye", "Looks different"}
	case "new":
		return mark{"idle", "dash", "Nothing to compare with"}
	case "incomparable":
		return mark{"warn", "question", "Cannot be compared"}
	case "blank":
		return mark{"bad", "octagon", "Shows nothing"}
	}
	return mark{"idle", "question", words(c.State)}
}

// percentWord writes a share of pixels.
func percentWord(v float64) string {
	switch {
	case v <= 0:
		return "0 %"
	case v < 0.0001:
		return "<0.01 %"
	case v < 0.01:
		return strconv.FormatFloat(100*v, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + " %"
}

// postAccept takes the picture of a step as the new look.
func (s *site) postAccept(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Journeys == nil {
		return fault.New(fault.NotFound, "there are no runs of journeys here", "")
	}
	id := r.PathValue("id")
	step, err := strconv.Atoi(r.PostForm.Get("step"))
	if err != nil || step < 1 {
		return fault.New(fault.Invalid, "no step was named", "")
	}
	if err := s.Journeys.AcceptPicture(r.Context(), signal.ID(id), step, v.who.Name); err != nil {
		return err
	}
	return done(w, r, string(link("signals", id)), "accepted")
}

// getBundle downloads everything that is kept of a run.
func (s *site) getBundle(w http.ResponseWriter, r *http.Request, _ *visit) error {
	p, err := s.runOf(r)
	if err != nil {
		return err
	}
	if s.Bundle == nil {
		at := kept(p.Signal, "bundle")
		if at < 0 {
			return fault.New(fault.NotFound, "no bundle is kept of this run", "its pictures and its network record are on its page")
		}
		return s.download(w, r, p.Signal, at)
	}
	attach(w, p.Signal, "bundle.zip", "application/zip")
	if r.Method == http.MethodHead {
		return nil
	}
	if err := s.Bundle(r.Context(), w, p.Signal); err != nil && r.Context().Err() == nil {
		s.Logger.Warn("bundle not written", "signal", p.Signal.ID, "error", err)
		panic(http.ErrAbortHandler) // half a bundle must not look like a whole one
	}
	return nil
}

// getFile downloads one piece of a run's evidence under a name that says what
// it is.
func (s *site) getFile(w http.ResponseWriter, r *http.Request, _ *visit) error {
	p, err := s.runOf(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > len(p.Signal.Evidence) {
		return fault.New(fault.NotFound, "there is no such evidence", "")
	}
	return s.download(w, r, p.Signal, n-1)
}

func (s *site) download(w http.ResponseWriter, r *http.Request, sig signal.Signal, at int) error {
	e := sig.Evidence[at]
	key, ok := blobKey(e.Blob)
	if !ok {
		return fault.New(fault.NotFound, "there is no such evidence", "")
	}
	body, err := s.Blobs.Open(r.Context(), key)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	attach(w, sig, fileName(e), "application/octet-stream")
	return s.copy(w, r, key, body)
}

// attach sets the headers of a download. Names are of letters, digits and a few
// signs, whatever the journey is called.
func attach(w http.ResponseWriter, s signal.Signal, name, ctype string) {
	full := plain(s.Name) + "-" + s.At.UTC().Format("20060102-150405") + "-" + name
	w.Header().Set("Content-Type", ctype)
	w.Header().Set("Content-Disposition", `attachment; filename="`+full+`"`)
}

// fileName is the kind of an evidence with the extension of its content.
func fileName(e signal.Evidence) string {
	ext := safeExt(path.Ext(e.Blob))
	switch {
	case e.Kind == "har":
		ext = ".har"
	case e.Kind == "bundle":
		ext = ".zip"
	}
	return plain(e.Kind) + ext
}

// plain keeps what is safe in a file name.
func plain(s string) string {
	out := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, s)
	if out = strings.Trim(out, "-"); out == "" {
		return "run"
	}
	return out[:min(len(out), 60)]
}
