package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// journeyCard is one journey of the overview.
type journeyCard struct {
	JourneyStanding
	Title string
	Spec  product.Journey
	Now   []Running
}

// journeyGroup is a product's journeys.
type journeyGroup struct {
	Product product.Product
	Cards   []journeyCard
}

// getJourneys is every journey and where it stands.
func (s *site) getJourneys(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Journeys == nil {
		return fault.New(fault.NotFound, "there are no journeys here", "")
	}
	ctx, cancel := bounded(r)
	defer cancel()
	stands, err := s.Journeys.Journeys(ctx)
	if err != nil {
		return err
	}
	running, err := s.Journeys.Running(ctx)
	if err != nil {
		return err
	}
	groups := make([]journeyGroup, 0, len(s.Products))
	for _, p := range s.Products {
		g := journeyGroup{Product: p}
		for _, j := range p.Journeys {
			c := journeyCard{JourneyStanding: JourneyStanding{Product: p.ID, Journey: j.ID}, Spec: j}
			_, c.Title = journeyOf(p, j.ID)
			for _, st := range stands {
				if st.Product == p.ID && st.Journey == j.ID {
					c.JourneyStanding = st
				}
			}
			for _, run := range running {
				if run.Product == p.ID && run.Journey == j.ID {
					c.Now = append(c.Now, run)
				}
			}
			g.Cards = append(g.Cards, c)
		}
		groups = append(groups, g)
	}
	f := s.frame(r, v, "Journeys", "product/", "journey/", "run/")
	s.render(w, r, http.StatusOK, journeysPage(f, groups, running))
	return nil
}

// quarantined reports whether failures of the journey count for nothing now.
func (c journeyCard) quarantined(now time.Time) bool {
	q := c.Spec.Quarantine
	return q != nil && now.Before(q.Until)
}

// mark says where the journey stands. Nothing is green without a run that
// passed, met what it should, and is fresh.
func (c journeyCard) mark(now time.Time) mark {
	last := c.Last
	switch {
	case c.Unknown != "":
		return mark{"warn", "question", "Unknown"}
	case last == nil:
		return mark{"idle", "dash", "Never run"}
	case c.overdue(now):
		return mark{"warn", "question", "Overdue"}
	case last.Outcome == signal.Fail && (c.quarantined(now) || last.Quarantined):
		return mark{"warn", "cross", "Fails, in quarantine"}
	case last.Outcome == signal.Fail:
		return mark{"bad", "cross", "Fails"}
	case last.Outcome == signal.Pass && last.Expected != "" && last.Served != last.Expected:
		return mark{"warn", "question", "Met another version"}
	case last.Outcome == signal.Pass:
		return mark{"good", "check", "Passes"}
	}
	return mark{"warn", "question", "Could not look"}
}

// overdue reports that a journey with a cadence has missed two of its turns.
func (c journeyCard) overdue(now time.Time) bool {
	return c.Spec.Every > 0 && c.Last != nil && now.Sub(c.Last.At) > 2*c.Spec.Every+c.Spec.Timeout+time.Minute
}

// flakeWord says how often it failed for no cause that stayed.
func flakeWord(f FlakeRate) string {
	if f.Runs == 0 {
		return "not known yet"
	}
	rate := 100 * f.Rate
	digits := 1
	if rate >= 10 || rate == 0 {
		digits = 0
	}
	return strconv.FormatFloat(rate, 'f', digits, 64) + " % of " + count(f.Runs, "run")
}

// everyWord says how often a journey runs.
func everyWord(j product.Journey) string {
	if j.Every <= 0 {
		return "while a release is watched"
	}
	return "every " + took(j.Every)
}

// sideWord says which release a run is aimed at.
func sideWord(side signal.Side) string {
	if side == signal.None {
		return ""
	}
	return string(side) + " release,"
}

// stepWord says how far a run is.
func stepWord(r Running) string {
	switch {
	case r.Step > 0 && r.Steps > 0:
		return "Step " + strconv.Itoa(r.Step) + " of " + strconv.Itoa(r.Steps) + ": " + r.StepTitle
	case r.Step > 0:
		return "Step " + strconv.Itoa(r.Step) + ": " + r.StepTitle
	}
	return "In progress"
}

// ownedWord says who answers for a quarantine, and why it is one.
func ownedWord(q *product.Quarantine) string {
	out := ", " + orUnknown(q.Owner)
	if q.Reason != "" {
		out += ": " + q.Reason
	}
	return out
}

// headlineJourneys counts the states.
func headlineJourneys(groups []journeyGroup, now time.Time) string {
	n := map[string]int{}
	total := 0
	for _, g := range groups {
		for _, c := range g.Cards {
			n[c.mark(now).Tone]++
			total++
		}
	}
	if total == 0 {
		return "No journey is configured."
	}
	out := strconv.Itoa(n["good"]) + " of " + count(total, "journey") + " pass"
	if n["bad"] > 0 {
		out += ", " + strconv.Itoa(n["bad"]) + " fail"
	}
	if k := n["warn"] + n["idle"]; k > 0 {
		out += ", of " + strconv.Itoa(k) + " nothing certain is known"
	}
	return out + "."
}

// leftWord says what a product's journeys left behind in it, "" when no run
// has counted that.
func (g journeyGroup) leftWord() string {
	left, counted := g.left()
	switch {
	case counted == 0:
		return ""
	case left == 0:
		return "No synthetic record is left behind, by the last " + count(counted, "run") + " that counted them."
	}
	return count(left, "synthetic record") + " left behind by the last " + count(counted, "run") + " that counted them."
}

func (g journeyGroup) left() (left, counted int) {
	for _, c := range g.Cards {
		left, counted = left+c.Left, counted+c.Counted
	}
	return left, counted
}

// trendPage is a journey over weeks, worked out.
type trendPage struct {
	Trend
	Product  product.Product
	Journey  product.Journey
	Title    string
	Weeks    int
	Runs     chart
	StepRows []stepTrend
	Vitals   []vitalTrend
	Failed   int
	Total    int
}

// stepTrend is one step's line and what it came to.
type stepTrend struct {
	TrendStep
	Line        chart
	First, Last float64 // medians of the first and the last bucket, ms
	Moved       bool    // there is enough in both to say how it changed
	Slower      bool    // a release made it slower, for sure
}

// vitalTrend is one vital's line and how it stands.
type vitalTrend struct {
	TrendVital
	Line chart
}

// weeksShown are the spans that can be chosen.
func weeksShown() []int { return []int{1, 4, 12} }

// getTrend is one journey over weeks.
func (s *site) getTrend(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, ok := s.products[product.ID(r.PathValue("product"))]
	if !ok || s.Journeys == nil {
		return fault.New(fault.NotFound, "there is no such product", "products are named in postflight.yaml")
	}
	id := r.PathValue("journey")
	if !slices.ContainsFunc(p.Journeys, func(j product.Journey) bool { return j.ID == id }) {
		return fault.New(fault.NotFound, "there is no such journey", "journeys are named in postflight.yaml")
	}
	weeks, err := strconv.Atoi(r.URL.Query().Get("weeks"))
	if err != nil || !slices.Contains(weeksShown(), weeks) {
		weeks = 4
	}
	ctx, cancel := bounded(r)
	defer cancel()
	f := s.frame(r, v, "", "product/"+string(p.ID))
	from := f.Now.AddDate(0, 0, -7*weeks)
	trend, err := s.Journeys.Trend(ctx, p.ID, id, from)
	if err != nil {
		return err
	}
	t := trendPage{Trend: trend, Product: p, Weeks: weeks}
	t.Journey, t.Title = journeyOf(p, id)
	t.fill(from, f.Now)
	f.Title = t.Title + " over " + count(weeks, "week")
	s.render(w, r, http.StatusOK, trendTempl(f, t))
	return nil
}

// enoughMoved is how many runs a bucket needs before it is set beside another.
const enoughMoved = 8

// begun is where the time axis begins: a history that is younger than what is
// asked for gets the whole width.
func begun(points []TrendPoint, from, to time.Time) time.Time {
	if len(points) == 0 {
		return from
	}
	first := points[0].At
	first = first.Add(-max(to.Sub(first)/20, time.Minute))
	if first.Before(from) {
		return from
	}
	return first
}

// fill draws the lines.
func (t *trendPage) fill(from, to time.Time) {
	for _, p := range t.Points {
		t.Failed += p.Failed
		t.Total += p.N + p.Failed
	}
	from = begun(t.Points, from, to)
	o := plotOptions{ID: "runs", Title: "How long a run takes", From: from, To: to, Releases: t.Releases, Unit: "ms"}
	t.Runs = plot(t.Points, o)
	for i, st := range t.Steps {
		o.ID, o.Title, o.Budget = fmt.Sprintf("step-%d", i), "Step “"+st.Title+"”", float64(st.Budget)/float64(time.Millisecond)
		row := stepTrend{TrendStep: st, Line: plot(st.Points, o)}
		row.Slower = slices.ContainsFunc(t.Regressions, func(r Regression) bool { return r.Step == st.Title })
		seen := slices.DeleteFunc(slices.Clone(st.Points), func(p TrendPoint) bool { return p.N == 0 })
		if n := len(seen); n > 0 {
			first, last := seen[0], seen[n-1]
			row.First, row.Last = first.P50, last.P50
			row.Moved = n > 1 && first.N >= enoughMoved && last.N >= enoughMoved
		}
		row.Line.Title += ": from " + measure(row.First, "ms") + " to " + measure(row.Last, "ms")
		t.StepRows = append(t.StepRows, row)
	}
	for _, vital := range t.Trend.Vitals {
		o.ID, o.Title, o.Budget, o.Unit = "vital-"+vital.Name, vital.Name, vital.Budget, "ms"
		if vital.Name == "CLS" {
			o.Unit = ""
		}
		t.Vitals = append(t.Vitals, vitalTrend{vital, plot(vital.Points, o)})
	}
}

// changeWord says how much longer or shorter something takes.
func changeWord(from, to time.Duration) string {
	d := to - from
	word := " slower"
	if d < 0 {
		d, word = -d, " faster"
	}
	out := took(d.Round(time.Millisecond)) + word
	if from > 0 {
		out += " (" + fmt.Sprintf("%+.0f", 100*(to.Seconds()/from.Seconds()-1)) + " %)"
	}
	return out
}

// movedWord compares the first and the last bucket; what is within a tenth is
// no change.
func movedWord(first, last float64) string {
	if last > 0.9*first && last < 1.1*first {
		return "steady"
	}
	return changeWord(ms(first), ms(last))
}

// mark says how a vital stands against its budget.
func (v vitalTrend) mark() mark {
	switch v.State {
	case "within":
		return mark{"good", "check", "Within its budget"}
	case "over":
		return mark{"bad", "cross", "Over its budget"}
	case "unset":
		return mark{"idle", "dash", "No budget"}
	}
	return mark{"warn", "question", "Not known yet"}
}

// word says by what a vital is judged, or what is missing.
func (v vitalTrend) word() string {
	unit := "ms"
	if v.Name == "CLS" {
		unit = ""
	}
	var out string
	switch {
	case v.N > 0:
		out = "three in four within " + measure(v.P75, unit) + ", " + count(v.N, "run") + " of the newest version"
	default:
		out = "not measured on the newest version"
	}
	if v.Budget > 0 {
		out += ", budget " + measure(v.Budget, unit)
	}
	if v.Need > 0 {
		out += "; " + strconv.Itoa(v.Need) + " more would tell"
	}
	return out
}

// mark says what a comparison of releases came to.
func (b Beside) mark() mark {
	switch b.State {
	case "steady":
		return mark{"good", "check", "Not slower"}
	case "regressed":
		return mark{"bad", "cross", strconv.Itoa(b.Slower) + " slower"}
	}
	return mark{"warn", "question", "Not known"}
}

// word says what a comparison of releases rests on, or what it lacks.
func (b Beside) word() string {
	switch {
	case b.State != "unknown":
		return count(b.AfterN, "run") + " beside " + strconv.Itoa(b.BeforeN) + " of " + b.Before
	case b.NeedBefore == 0 && b.Need == 0:
		return upper(b.Why)
	}
	var need []string
	if b.Need > 0 {
		need = append(need, strconv.Itoa(b.Need)+" more on "+b.After)
	}
	if b.NeedBefore > 0 {
		need = append(need, strconv.Itoa(b.NeedBefore)+" more on "+b.Before)
	}
	out := "Not enough runs that passed: " + strings.Join(need, " and ") + " would tell"
	if b.NeedBefore > 0 && b.BeforeN == 0 && b.Why != "" {
		out += " (" + b.Why + ")"
	}
	return out
}

// sureWord says how sure a comparison is, never all of it.
func sureWord(c float64) string {
	p := min(100*c, 99.9)
	if p < 99 {
		return strconv.FormatFloat(p, 'f', 0, 64) + " % sure"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " % sure"
}
