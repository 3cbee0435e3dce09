package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// body asks for a page that must be there.
func body(t *testing.T, w *world, path, who string) string {
	t.Helper()
	got := ask(t, New(w.options(t)), http.MethodGet, path, who, nil)
	if got.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, got.Code, got.Body)
	}
	return got.Body.String()
}

func wantWords(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("want %q on the page", w)
		}
	}
}

func TestJourneyIsGreenOnlyOnEvidence(t *testing.T) {
	t.Parallel()
	now := at(0)
	pass := func(f func(*signal.Signal)) *signal.Signal {
		s := signal.Signal{Outcome: signal.Pass, At: now.Add(-time.Minute), Expected: "v2", Served: "v2"}
		f(&s)
		return &s
	}
	fresh := pass(func(*signal.Signal) {})
	every := product.Journey{Every: 5 * time.Minute, Timeout: time.Minute}
	q := &product.Quarantine{Until: now.Add(time.Hour)}
	for _, c := range []struct {
		name string
		card journeyCard
		tone string
	}{
		{"passed just now", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: fresh}}, "good"},
		{"never run", journeyCard{Spec: every}, "idle"},
		{"pushed back", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: fresh, Unknown: "overload"}}, "warn"},
		{"passed long ago", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.At = now.Add(-13 * time.Minute) })}}, "warn"},
		{"no cadence", journeyCard{JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.At = now.Add(-13 * time.Hour) })}}, "good"},
		{"met another version", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Served = "v1" })}}, "warn"},
		{"met nobody knows what", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Served = "" })}}, "warn"},
		{"broken runner", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Outcome = signal.Broken })}}, "warn"},
		{"no outcome", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Outcome = "" })}}, "warn"},
		{"fails", journeyCard{Spec: every, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Outcome = signal.Fail })}}, "bad"},
		{"fails in quarantine", journeyCard{Spec: product.Journey{Quarantine: q}, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Outcome = signal.Fail })}}, "warn"},
		{"fails after quarantine", journeyCard{Spec: product.Journey{Quarantine: &product.Quarantine{Until: now}}, JourneyStanding: JourneyStanding{Last: pass(func(s *signal.Signal) { s.Outcome = signal.Fail })}}, "bad"},
	} {
		if got := c.card.mark(now); got.Tone != c.tone {
			t.Errorf("%s: got %+v, want %s", c.name, got, c.tone)
		}
	}
}

func TestJourneysPage(t *testing.T) {
	t.Parallel()
	page := body(t, fullWorld(), "/journeys", "viewer")
	wantWords(t, page, "1 of 6 journeys pass, 1 fail, of 4 nothing certain is known.", "In quarantine until", "Rosa Weber: the sandbox of Nordpay",
		"The machine is overloaded: 14 runs wait for a place", "Never run", "not known yet", "1 step on the last selector that works",
		`href="/running/run-1"`, "Step 3 of 6: See the free slots", "0.2 % of 1204 runs", "0 % of 1188 runs")
	wantWords(t, body(t, emptyWorld(), "/journeys", "viewer"), "0 of 2 journeys pass")
}

func TestRunPage(t *testing.T) {
	t.Parallel()
	page := body(t, fullWorld(), "/signals/s1", "responder")
	wantWords(t, page, "Book a visit: Fails", "1 soft check failed", "1 request stopped at the fence", "2 synthetic records left behind",
		"https://tracker.example/collect?v=2", "chromium-headless-shell 156.0.8078.79", "1280x720@1", "Looks different", "Looks the same", "Cannot be compared",
		"over its budget 150 ms", "Only one of 4 ways to find the element still works", "role=link name=&#34;Visits&#34;", "third party", "This is the new look",
		`href="/signals/s1/bundle.zip"`, `href="/signals/s1/files/3"`, "not reached")
	if strings.Contains(page, "style=") {
		t.Error("an inline style would be blocked by our own policy")
	}
	passed := body(t, fullWorld(), "/signals/s9", "viewer")
	wantWords(t, passed, "Book a visit: Passes", "Not measured", "clean-up")
	if strings.Contains(passed, "This is the new look") {
		t.Error("a viewer is offered what a viewer may not do")
	}
	for _, path := range []string{"/signals/none", "/signals/p1", "/signals/s1/files/0", "/signals/s1/files/99", "/signals/s1/files/x"} {
		if got := ask(t, New(fullWorld().options(t)), http.MethodGet, path, "viewer", nil); got.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, got.Code)
		}
	}
}

func TestRunPageEscapesAndEndures(t *testing.T) {
	t.Parallel()
	page := body(t, flood(fullWorld()), "/signals/s1", "viewer")
	if strings.Contains(page, "<b>0</b>") {
		t.Error("a step's title became markup")
	}
	w := fullWorld()
	w.runs["s1"] = RunView{Signal: signal.Signal{ID: "s1", Kind: signal.Journey, Outcome: signal.Broken, Summary: "could not look: no browser"}}
	wantWords(t, body(t, w, "/signals/s1", "viewer"), "Could not look", "No step was played.", "Not measured.")
}

func TestAcceptPicture(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	got := ask(t, New(w.options(t)), http.MethodPost, "/signals/s1/accept", "responder", url.Values{"step": {"2"}})
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/signals/s1?done=accepted" {
		t.Errorf("status %d to %q", got.Code, got.Header().Get("Location"))
	}
	if diff := cmp.Diff(w.calls, []string{"accept s1 2 Rosa Weber"}); diff != "" {
		t.Error(diff)
	}
	for _, step := range []string{"", "0", "-1", "x"} {
		if got := ask(t, New(w.options(t)), http.MethodPost, "/signals/s1/accept", "responder", url.Values{"step": {step}}); got.Code != http.StatusBadRequest {
			t.Errorf("step %q: status %d, want 400", step, got.Code)
		}
	}
	wantWords(t, body(t, fullWorld(), "/signals/s9", "responder"), "Accepted by Rosa Weber")
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	run := w.runs["s1"]
	run.Signal.Name = "../\"book\r\n"
	run.Signal.Evidence = append(run.Signal.Evidence, signal.Evidence{Kind: "bundle", Blob: "2026/11/21/home.png"})
	w.runs["s1"] = run
	o := w.options(t)
	for _, c := range []struct {
		path, name, want string
		bundler          bool
	}{
		{"/signals/s1/bundle.zip", "book-20261121-031409-bundle.zip", "zip of s1", true},
		{"/signals/s1/bundle.zip", "book-20261121-031409-bundle.zip", "\x89PNG", false},
		{"/signals/s1/files/3", "book-20261121-031409-har.har", `{"log":{}}`, true},
		{"/signals/s1/files/4", "book-20261121-031409-trace.json", `{"traceEvents":[]}`, true},
	} {
		o.Bundle = nil
		if c.bundler {
			o.Bundle = w.bundle
		}
		got := ask(t, New(o), http.MethodGet, c.path, "viewer", nil)
		_, params, err := mime.ParseMediaType(got.Header().Get("Content-Disposition"))
		if err != nil || params["filename"] != c.name || !strings.HasPrefix(got.Body.String(), c.want) {
			t.Errorf("%s: %q as %q, %v", c.path, got.Body.String()[:min(20, got.Body.Len())], params["filename"], err)
		}
	}
	delete(w.runs, "s1")
	if got := ask(t, New(o), http.MethodGet, "/signals/s1/bundle.zip", "viewer", nil); got.Code != http.StatusNotFound {
		t.Errorf("a run that is gone: status %d", got.Code)
	}
	w = fullWorld()
	o = w.options(t)
	o.Bundle = nil
	if got := ask(t, New(o), http.MethodGet, "/signals/s9/bundle.zip", "viewer", nil); got.Code != http.StatusNotFound {
		t.Errorf("no bundle is kept: status %d", got.Code)
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	one, two := w.frames[0], w.frames[1]
	w.frames = [][]byte{one, []byte("<html>"), make([]byte, maxFrame+1), two}
	srv := httptest.NewServer(New(w.options(t)))
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/running/run-1/screen", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "postflight", Value: "viewer"})
	got, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/x-mixed-replace" {
		t.Fatalf("got %q, %v", kind, err)
	}
	parts := multipart.NewReader(got.Body, params["boundary"])
	var seen [][]byte
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		if p.Header.Get("Content-Type") != "image/jpeg" || p.Header.Get("Content-Length") != fmt.Sprint(len(data)) {
			t.Errorf("got header %v for %d bytes", p.Header, len(data))
		}
		seen = append(seen, data)
	}
	if len(seen) != 2 || !bytes.Equal(seen[0], one) || !bytes.Equal(seen[1], two) {
		t.Errorf("got %d pictures, want the two that are ones", len(seen))
	}
}

func TestRunThatIsOver(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	h := New(w.options(t))
	if got := ask(t, h, http.MethodGet, "/running/s1", "viewer", nil); got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/signals/s1" {
		t.Errorf("status %d to %q, want the run's own page", got.Code, got.Header().Get("Location"))
	}
	for _, path := range []string{"/running/none", "/running/none/screen"} {
		if got := ask(t, h, http.MethodGet, path, "viewer", nil); got.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got.Code)
		}
	}
	o := w.options(t)
	o.Screens = nil
	if got := ask(t, New(o), http.MethodGet, "/running/run-1/screen", "viewer", nil); got.Code != http.StatusNotFound {
		t.Errorf("without screens: status %d", got.Code)
	}
	w.err = fault.New(fault.Unavailable, "the database does not answer", "")
	if got := ask(t, New(w.options(t)), http.MethodGet, "/running/none", "viewer", nil); got.Code != http.StatusServiceUnavailable {
		t.Errorf("database away: status %d", got.Code)
	}
}

func TestTrendPage(t *testing.T) {
	t.Parallel()
	page := body(t, fullWorld(), "/journeys/workshop/book", "viewer")
	wantWords(t, page, "6160 runs in 4 weeks, 8 failed", "Pay with Nordpay", "480 ms slower (+100 %)", "99.8 % sure", "2026.11.14-2",
		"steady", "budget 700 ms", "third party", "could not look", `aria-current="true"`,
		"Over its budget", "three in four within 2.10 s, 88 runs of the newest version, budget 2.00 s", "Within its budget",
		"Not known yet", "budget 200 ms; 3 more would tell", "It has a budget, and nothing is known of it",
		"Not enough runs that passed: 5 more on 2026.11.21-1 would tell", "Not slower", "100 runs beside 88 of 2026.11.14-2", "1 slower",
		"8 more on 2026.11.02-1 would tell (the browser or the viewport is not the one of before)")
	if strings.Contains(page, "style=") || strings.Contains(page, "NaN") {
		t.Error("inline style or a value that is none")
	}
	wantWords(t, body(t, fullWorld(), "/journeys/workshop/browse?weeks=12", "viewer"), "No run in 12 weeks", "Without runs nothing is known.")
	wantWords(t, body(t, fullWorld(), "/journeys/workshop/browse?weeks=-1", "viewer"), "4 weeks")
	for _, path := range []string{"/journeys/none/book", "/journeys/workshop/none"} {
		if got := ask(t, New(fullWorld().options(t)), http.MethodGet, path, "viewer", nil); got.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got.Code)
		}
	}
}

func TestWithoutJourneys(t *testing.T) {
	t.Parallel()
	o := fullWorld().options(t)
	o.Journeys = nil
	h := New(o)
	for _, path := range []string{"/journeys", "/journeys/workshop/book", "/signals/s1", "/signals/s1/bundle.zip", "/running/run-1"} {
		if got := ask(t, h, http.MethodGet, path, "viewer", nil); got.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got.Code)
		}
	}
	if got := ask(t, h, http.MethodGet, "/", "viewer", nil); strings.Contains(got.Body.String(), `href="/journeys"`) {
		t.Error("the navigation leads to pages that are not there")
	}
}

func TestPlot(t *testing.T) {
	t.Parallel()
	from, to := at(0), at(100*3600)
	hour := func(h int, v float64, n int) TrendPoint {
		return TrendPoint{At: at(float64(h) * 3600), P50: v, P90: 2 * v, N: n}
	}
	o := plotOptions{From: from, To: to, Unit: "ms", Budget: 900, Releases: []TrendRelease{
		{Version: "v1", At: at(-1)}, {Version: "v2", At: at(10 * 3600), Judgement: release.Good}, {Version: "v3", At: at(10 * 3600)}, {Version: "v4", At: at(11 * 3600)}, {Version: "v5", At: at(12 * 3600)},
	}}
	c := plot([]TrendPoint{hour(1, 100, 4), hour(2, 110, 4), {At: at(3 * 3600), Failed: 2}, hour(4, 120, 4), hour(90, 100, 4)}, o)
	if n := strings.Count(c.Line, "M"); n != 2 {
		t.Errorf("the line has %d parts, want 2: what was between is not known: %s", n, c.Line)
	}
	if len(c.Dots) != 5 || !c.Dots[2].Bad {
		t.Errorf("got dots %+v", c.Dots)
	}
	var shown []string
	for _, m := range c.Marks {
		if m.Shown {
			shown = append(shown, m.Word)
		}
	}
	if diff := cmp.Diff(shown, []string{"v5", "v4", "v3"}); diff != "" || len(c.Marks) != 4 {
		t.Errorf("versions shown, of %d marks: %s", len(c.Marks), diff)
	}
	if c.Limit == "" || c.LimitWord != "budget 900 ms" {
		t.Errorf("got limit %q, %q", c.Limit, c.LimitWord)
	}
	for name, p := range map[string][]TrendPoint{"none": nil, "one": {hour(1, 5, 1)}, "zero": {hour(1, 0, 1)}, "odd": {hour(1, math.NaN(), 1), hour(2, math.Inf(1), 1)}} {
		if c := plot(p, plotOptions{From: from, To: to}); len(c.Ticks) == 0 || len(c.Ticks) > 8 {
			t.Errorf("%s: %d ticks", name, len(c.Ticks))
		}
	}
	if c := plot(nil, plotOptions{From: to, To: from}); c.Line != "" {
		t.Errorf("a span without length: %q", c.Line)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	for most, want := range map[float64][]float64{
		0: {0, 1}, 0.09: {0, 0.025, 0.05, 0.07500000000000001, 0.1}, 900: {0, 250, 500, 750, 1000}, 2500: {0, 1000, 2000, 3000}, 1: {0, 0.25, 0.5, 0.75, 1},
	} {
		if diff := cmp.Diff(scale(most), want); diff != "" {
			t.Errorf("scale(%v): %s", most, diff)
		}
	}
	if got := scale(math.MaxFloat64); len(got) > 8 {
		t.Errorf("%d ticks", len(got))
	}
}

func TestWordsOfTimelines(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"previous_assets fail: 2 of 9 are gone": "Previous assets fail: 2 of 9 are gone",
		"assets pass":                           "Assets pass",
		"journey fail: step 2":                  "Journey fail: step 2",
		"verdict broken_release: it fails":      "Verdict broken release: it fails",
		"pinned to v1; v2 is held back":         "Pinned to v1; v2 is held back",
	} {
		if got := spoken(in); got != want {
			t.Errorf("spoken(%q): got %q, want %q", in, got, want)
		}
	}
}

func TestSuspectsPointAtReasons(t *testing.T) {
	t.Parallel()
	page := body(t, fullWorld(), "/releases/r42", "viewer")
	if n := strings.Count(page, "3 page loads died before they were ready, one of a real visitor."); n != 2 { // under Why, and as a title
		t.Errorf("the reason stands %d times on the page, want it under Why and as the title of its sign", n)
	}
	wantWords(t, page, `<li><a href="#why"><span class="rule"`, "fails only where this version is served")
	if (dossier{}).said("a reason of a verdict that is not there") != nil {
		t.Error("a reason of no verdict")
	}
}

func TestSilentStepsHaveNoColumn(t *testing.T) {
	t.Parallel()
	step := func(kind, shot string, o signal.Outcome) *signal.Step {
		return &signal.Step{Type: kind, Screenshot: shot, Outcome: o}
	}
	for _, c := range []struct {
		f    frames
		want bool
	}{
		{frames{New: step("setViewport", "", signal.Pass)}, true},
		{frames{Old: step("setViewport", "", signal.Pass), New: step("setViewport", "", signal.Pass)}, true},
		{frames{New: step("setViewport", "", signal.Fail)}, false},
		{frames{New: step("setViewport", "a.png", signal.Pass)}, false},
		{frames{Old: step("click", "", signal.Pass), New: step("setViewport", "", signal.Pass)}, false},
		{frames{}, false},
	} {
		if got := c.f.silent(); got != c.want {
			t.Errorf("%+v: got %v", c.f, got)
		}
	}
}

func TestLeftWord(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]journeyGroup{
		"": {Cards: []journeyCard{{}, {}}},
		"3 synthetic records left behind by the last 12 runs that counted them.":   {Cards: []journeyCard{{JourneyStanding: JourneyStanding{Left: 3, Counted: 4}}, {JourneyStanding: JourneyStanding{Counted: 8}}}},
		"No synthetic record is left behind, by the last 1 run that counted them.": {Cards: []journeyCard{{JourneyStanding: JourneyStanding{Counted: 1}}}},
	} {
		if got := g.leftWord(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestYoungHistoryGetsTheWidth(t *testing.T) {
	t.Parallel()
	from, to := at(0), at(28*86400)
	for name, c := range map[string]struct {
		first time.Time
		want  time.Time
	}{
		"as old as what is shown": {at(3600), from},
		"half as old":             {at(14 * 86400), at(14*86400 - 14*86400/20)},
		"of this minute":          {to, to.Add(-time.Minute)},
		"older":                   {at(-86400), from},
	} {
		if got := begun([]TrendPoint{{At: c.first}, {At: to}}, from, to); !got.Equal(c.want) {
			t.Errorf("%s: begins at %s, want %s", name, got, c.want)
		}
	}
	if got := begun(nil, from, to); !got.Equal(from) {
		t.Errorf("without points: begins at %s", got)
	}
}

func TestFewRunsHaveNotMoved(t *testing.T) {
	t.Parallel()
	points := func(n int) []TrendPoint {
		return []TrendPoint{{At: at(1), P50: 10, N: n}, {At: at(2), Failed: 3}, {At: at(3), P50: 90, N: 9}}
	}
	p := trendPage{Trend: Trend{
		Steps:       []TrendStep{{Title: "few", Points: points(2)}, {Title: "one", Points: points(9)[:1]}, {Title: "many", Points: points(9)}, {Title: "slow", Points: points(9)}},
		Regressions: []Regression{{Step: "slow"}},
	}}
	p.fill(at(0), at(10))
	for i, want := range []struct{ moved, slower bool }{{false, false}, {false, false}, {true, false}, {true, true}} {
		if got := p.StepRows[i]; got.Moved != want.moved || got.Slower != want.slower {
			t.Errorf("step %q: moved %v, slower %v", got.Title, got.Moved, got.Slower)
		}
	}
}
