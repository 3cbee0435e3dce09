package trend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// monday is the first day of the tests.
var monday = time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)

const ms = time.Millisecond

// some are runs of one version, ten minutes apart, whose steps take about
// what they should.
func some(rng *rand.Rand, version string, first time.Time, n int, noise float64, steps ...float64) []Row {
	var out []Row
	for i := range n {
		r := Row{
			ID: signal.ID(fmt.Sprintf("%s-%d", version, i)), Product: "shop", Journey: "book", Version: version,
			At: first.Add(time.Duration(i) * 10 * time.Minute), Outcome: signal.Pass, Browser: "shell 156", Viewport: "1280x720@1",
		}
		for k, typical := range steps {
			d := span(typical * math.Exp(rng.NormFloat64()*noise))
			r.Steps = append(r.Steps, Step{Title: fmt.Sprintf("step %d", k+1), Took: d})
			r.Took += d
		}
		out = append(out, r)
	}
	return out
}

func TestFalseAlarmsAreRare(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{8, 20, 60} {
		const rounds = 250
		told, sure := 0, 0
		for range rounds {
			steps := []float64{300, 500, 800, 200, 1000, 400, 600, 350, 450, 700}
			c := Compare(some(rng, "v1", monday, n, 0.35, steps...), some(rng, "v2", monday.Add(day), n, 0.35, steps...))
			if c.State == Regressed {
				told++
			}
			if slices.ContainsFunc(c.Steps, func(e Effect) bool { return e.Confidence >= 1-Level }) {
				sure++
			}
		}
		// Level bounds the share of rounds with a false one: 2 or 3 of 250, which
		// may be up to 8 by chance.
		if limit := 8; told > limit || sure > limit {
			t.Errorf("%d runs: %d of %d alarms are false, %d are sure, at most %d may be", n, told, rounds, sure, limit)
		}
		t.Logf("%d runs: %d false alarms, %d sure, of %d", n, told, sure, rounds)
	}
}

func TestRegressionsAreFound(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 10))
	const rounds = 100
	found, wrong := 0, 0
	for range rounds {
		before := some(rng, "v1", monday, 20, 0.1, 300, 500, 800)
		after := some(rng, "v2", monday.Add(day), 20, 0.1, 300, 700, 800)
		c := Compare(before, after)
		for _, e := range c.Regressions {
			switch e.Step {
			case "step 2":
				found++
				if e.Ratio < 1.2 || e.Ratio > 1.6 || e.Low > e.Shift || e.High < e.Shift || e.Confidence < 0.99 {
					t.Errorf("got %+v", e)
				}
			case "step 1", "step 3":
				wrong++
			}
		}
	}
	if found < rounds*98/100 || wrong > 3 {
		t.Errorf("found %d of %d, and %d that are none", found, rounds, wrong)
	}
}

func TestNoDataIsNoAnswer(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 12))
	many := some(rng, "v1", monday, 30, 0.1, 300, 500)
	slow := some(rng, "v2", monday.Add(day), 30, 0.1, 300, 5000)
	change := func(rows []Row, f func(*Row)) []Row {
		rows = slices.Clone(rows)
		for i := range rows {
			f(&rows[i])
		}
		return rows
	}
	for _, c := range []struct {
		name          string
		before, after []Row
		state         State
		needB, needA  int
		why           string
	}{
		{"nothing", nil, nil, Unknown, 8, 8, "0 runs"},
		{"nothing of before", nil, slow, Unknown, 8, 0, "0 runs"},
		{"too few of after", many, slow[:7], Unknown, 0, 1, "7 of after"},
		{"enough", many, slow[:8], Regressed, 0, 0, ""},
		{"the same again", many, change(many, func(r *Row) {}), Steady, 0, 0, ""},
		{"faster", slow, many, Steady, 0, 0, ""},
		{"all failed", many, change(slow, func(r *Row) { r.Outcome = signal.Fail }), Unknown, 0, 8, "0 of after"},
		{"another browser", many, change(slow, func(r *Row) { r.Browser = "shell 157" }), Unknown, 8, 0, "the browser or the viewport"},
		{"another viewport", many, change(slow, func(r *Row) { r.Viewport = "390x844@3" }), Unknown, 8, 0, "the browser or the viewport"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Compare(c.before, c.after)
			if got.State != c.state || got.NeedBefore != c.needB || got.NeedAfter != c.needA || !strings.Contains(got.Why, c.why) {
				t.Errorf("got %+v", got)
			}
			if got.State == Unknown && (len(got.Steps) > 0 || got.Why == "") {
				t.Errorf("unknown, and yet %+v", got)
			}
		})
	}
}

func TestSmallEffectsDoNotCount(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(13, 14))
	for _, c := range []struct {
		name     string
		from, to float64
		want     State
	}{
		{"much in parts, little in time", 20, 60, Steady},
		{"much in time, little in parts", 5000, 5300, Steady},
		{"much in both", 1000, 1200, Regressed},
	} {
		got := Compare(some(rng, "v1", monday, 40, 0.01, c.from), some(rng, "v2", monday.Add(day), 40, 0.01, c.to))
		if got.State != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got.State, c.want)
		}
	}
}

func TestRowOf(t *testing.T) {
	t.Parallel()
	s := signal.Signal{
		ID: "s", At: monday, Product: "shop", Kind: signal.Journey, Name: "book", Side: signal.New, Served: "v2", Took: time.Second, Outcome: signal.Fail,
		Steps: []signal.Step{
			{Title: "click", Outcome: signal.Pass, Took: 10 * ms},
			{Title: "click", Outcome: signal.Pass, Took: 20 * ms, Budget: 15 * ms},
			{Title: "pay", Outcome: signal.Fail, Took: 5 * time.Second},
			{Title: "look", Outcome: ""},
			{Title: "tidy", Outcome: signal.Pass, Cleanup: true},
		},
		Traffic: []signal.Traffic{{Host: "a", Requests: 2, Took: ms}},
	}
	got, ok := RowOf(s)
	want := Row{
		ID: "s", Product: "shop", Journey: "book", Version: "v2", At: monday, Took: time.Second, Outcome: signal.Fail,
		Steps: []Step{{"click", 10 * ms, 0}, {"click (2)", 20 * ms, 15 * ms}}, Hosts: []Host{{Name: "a", Requests: 2, Took: ms}},
	}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Error(ok, diff)
	}
	for _, change := range []func(*signal.Signal){
		func(s *signal.Signal) { s.Kind = signal.Probe },
		func(s *signal.Signal) { s.Side = signal.Old },
		func(s *signal.Signal) { s.ID = "" },
		func(s *signal.Signal) { s.At = time.Time{} },
	} {
		other := s
		change(&other)
		if _, ok := RowOf(other); ok {
			t.Errorf("%+v is remembered", other)
		}
	}
}

func TestBuild(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(15, 16))
	v1 := some(rng, "v1", monday.Add(time.Hour), 30, 0.05, 300, 500)
	v2 := some(rng, "v2", monday.Add(5*day), 30, 0.05, 300, 900)
	for i := range v2 {
		lcp := time.Duration(2000+10*i) * ms
		v2[i].Vitals = &signal.Vitals{LCP: &lcp}
		v2[i].Hosts = []Host{{Name: "shop", FirstParty: true, Requests: 10, Took: 900 * ms}, {Name: "ads", Requests: 2, Failed: 1, Took: 400 * ms}, {Name: "pay", Requests: 1, Took: 600 * ms}}
		v2[i].Steps[1].Budget = 800 * ms
	}
	bad := v2[3]
	bad.ID, bad.Outcome, bad.Took = "bad", signal.Fail, time.Hour
	ours := v2[3]
	ours.ID, ours.Outcome = "ours", signal.Broken
	future := v2[3]
	future.At = monday.Add(99 * day)
	rows := slices.Concat(v2, v1, []Row{bad, ours, future})
	releases := []release.Release{
		{ID: "shop-2", Version: "v2", At: monday.Add(5 * day), Previous: "shop-1"},
		{ID: "shop-1", Version: "v1", At: monday},
	}
	got := Build(rows, releases, product.Budgets{LCP: 2 * time.Second, CLS: 0.1}, monday.Add(7*day))
	if got.Bucket != day || len(got.Points) != 2 {
		t.Fatalf("got buckets of %s, points %+v", got.Bucket, got.Points)
	}
	p := got.Points[1]
	if p.At != monday.Add(5*day) || p.Version != "v2" || p.N != 30 || p.Failed != 1 || p.Broken != 1 || p.P90 > 1500 || p.P50 < 1100 || p.P50 > p.P90 {
		t.Errorf("got point %+v", p)
	}
	if len(got.Marks) != 2 || got.Marks[0].ID != "shop-1" {
		t.Errorf("got marks %+v", got.Marks)
	}
	if len(got.Steps) != 2 || got.Steps[1].Title != "step 2" || got.Steps[1].Budget != 800*ms || len(got.Steps[1].Points) != 2 {
		t.Errorf("got steps %+v", got.Steps)
	}
	if len(got.Third) != 2 || got.Third[0].Host != "pay" || got.Third[1].Failed != 0.5 || len(got.Hosts) != 3 || got.Hosts[0].Requests != 10 {
		t.Errorf("got hosts %+v", got.Hosts)
	}
	if len(got.Vitals) != 2 || got.Vitals[0].State != Over || got.Vitals[0].N != 30 || got.Vitals[1].State != Unknown || got.Vitals[1].Need != minVital {
		t.Errorf("got vitals %+v", got.Vitals)
	}
	if len(got.Releases) != 2 || got.Releases[0].Version != "v2" || got.Releases[0].Release != "shop-2" || got.Releases[0].Failed != 1 || got.Releases[0].Run.N != 30 {
		t.Errorf("got releases %+v", got.Releases)
	}
	if len(got.Comparisons) != 1 || got.Comparisons[0].State != Regressed || got.Comparisons[0].Release != "shop-2" || got.Comparisons[0].Before != "v1" {
		t.Fatalf("got comparisons %+v", got.Comparisons)
	}
	for _, e := range got.Comparisons[0].Regressions {
		if e.Step == "step 1" || !strings.Contains(e.String(), "% sure, 30 and 30 runs") {
			t.Errorf("got %s", e)
		}
	}
}

func TestBuildOfNothing(t *testing.T) {
	t.Parallel()
	got := Build(nil, []release.Release{{ID: "shop-2", Version: "v2", At: monday, Previous: "shop-1"}, {ID: "shop-1", Version: "v1", At: monday.Add(-day)}}, product.Budgets{INP: 200 * ms}, monday.Add(day))
	if len(got.Comparisons) != 1 || got.Comparisons[0].State != Unknown || got.Comparisons[0].NeedAfter != MinRuns {
		t.Errorf("got %+v", got.Comparisons)
	}
	if len(got.Vitals) != 1 || got.Vitals[0].State != Unknown {
		t.Errorf("got %+v", got.Vitals)
	}
}

func TestARollbackIsComparedWithWhatItUndid(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(17, 18))
	rows := slices.Concat(
		some(rng, "v1", monday, 20, 0.05, 500), some(rng, "v2", monday.Add(day), 20, 0.05, 900), some(rng, "v1", monday.Add(2*day), 20, 0.05, 500))
	got := Build(rows, []release.Release{
		{ID: "1", Version: "v1", At: monday},
		{ID: "2", Version: "v2", At: monday.Add(day), Previous: "1"},
		{ID: "3", Version: "v1", At: monday.Add(2 * day), Previous: "2", Source: release.Source("rollback")},
	}, product.Budgets{}, monday.Add(3*day))
	var states []State
	for _, c := range got.Comparisons {
		states = append(states, c.State)
		if c.BeforeN != 20 || c.AfterN < 20 {
			t.Errorf("got %+v", c)
		}
	}
	if !slices.Equal(states, []State{Steady, Regressed}) {
		t.Errorf("got %v", states)
	}
}

func TestBucketsOfWeeksBeginOnMondays(t *testing.T) {
	t.Parallel()
	for i := range 14 {
		at := start(monday.Add(time.Duration(i)*day+13*time.Hour), 7*day)
		if at.Weekday() != time.Monday || at.Hour() != 0 {
			t.Errorf("day %d: got %s", i, at)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	rng := rand.New(rand.NewPCG(19, 20))
	var steps []float64
	for range 20 {
		steps = append(steps, 300)
	}
	var rows []Row
	var releases []release.Release
	for i := range 20 {
		version := fmt.Sprintf("v%d", i)
		at := monday.Add(time.Duration(i) * 4 * day)
		rows = append(rows, some(rng, version, at, 500, 0.2, steps...)...)
		releases = append(releases, release.Release{ID: release.ID(version), Version: version, At: at})
	}
	for b.Loop() {
		Build(rows, releases, product.Budgets{}, monday.Add(99*day))
	}
}
