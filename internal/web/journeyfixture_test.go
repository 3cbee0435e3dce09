package web

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"strconv"
	"sync"
	"time"

	pixels "github.com/postflight/postflight/internal/picture"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

func span(ms int) *time.Duration {
	d := time.Duration(ms) * time.Millisecond
	return &d
}

// withJourneys adds what the pages of journeys show.
func withJourneys(w *world) *world {
	ws := &w.products[0]
	ws.Journeys = []product.Journey{
		{ID: "book", Title: "Book a visit", Every: 5 * time.Minute, Timeout: time.Minute, Budgets: product.Budgets{LCP: 2 * time.Second, INP: 150 * time.Millisecond, CLS: 0.1}, Compare: product.Compare{On: true}},
		{ID: "browse", Title: "Browse the workshop", Every: 5 * time.Minute, Timeout: time.Minute},
		{ID: "gift-card", Title: "Buy a gift card", Every: time.Minute, Timeout: time.Minute, Quarantine: &product.Quarantine{Until: at(9 * 86400), Owner: "Rosa Weber", Reason: "the sandbox of Nordpay loses every tenth payment"}},
		{ID: "admin", Title: "Change the opening hours", Every: time.Minute, Timeout: time.Minute},
		{ID: "new", Title: "Ask the reindeer"},
	}
	if len(w.products) > 1 {
		w.products[1].Journeys[0].Every = 10 * time.Minute
	}
	book, broken := richRun("s1", true), richRun("s9", false)
	browse := journeyRun("s5", signal.New, 40, false, false)
	card := journeyRun("s6", signal.New, 60, true, false)
	card.Name, card.Quarantined = "gift-card", true
	old := journeyRun("s7", signal.New, -900, false, false)
	w.stands = []JourneyStanding{
		{Product: "workshop", Journey: "book", Last: &book, LastPass: at(-300), Next: at(200), Median: 2140 * time.Millisecond, P90: 2900 * time.Millisecond, Runs: 1204, Flake: FlakeRate{Rate: 0.0025, Runs: 1204}},
		{Product: "workshop", Journey: "browse", Last: &browse, LastPass: at(40), Next: at(340), Median: 1300 * time.Millisecond, P90: 1900 * time.Millisecond, Runs: 1188, Flake: FlakeRate{Runs: 1188}},
		{Product: "workshop", Journey: "gift-card", Last: &card, LastPass: at(-400), Next: at(100), Median: 4 * time.Second, P90: 7 * time.Second, Runs: 990, Flake: FlakeRate{Rate: 0.11, Runs: 990}},
		{Product: "workshop", Journey: "admin", Last: &old, LastPass: at(-900), Unknown: "the machine is overloaded: 14 runs wait for a place", Next: at(95), Median: time.Second, P90: 2 * time.Second, Runs: 7, Flake: FlakeRate{}},
	}
	bad := w.releases["r42"].Release
	w.runs = map[signal.ID]RunView{
		"s1": {Signal: book, Release: &bad, Earlier: "s5", Median: 2140 * time.Millisecond},
		"s5": {Signal: browse, Release: &bad, Later: "s1"},
		"s9": {Signal: broken, Release: &bad, Median: 2 * time.Second, Accepted: []signal.Baseline{{Key: broken.Steps[2].Compared.Key, Blob: broken.Steps[2].Compared.Picture, By: "Rosa Weber", At: at(80)}}},
		"p1": {Signal: signal.Signal{ID: "p1", Kind: signal.Probe}},
	}
	w.running = []Running{
		{ID: "run-1", Product: "workshop", Journey: "browse", Release: "r43", Version: "2026.11.20-1", Side: signal.New, Started: at(90.2), Step: 3, Steps: 6, StepTitle: "See the free slots", Typical: 1300 * time.Millisecond, Screen: true},
		{ID: "run-2", Product: "gifts", Journey: "find", Started: at(91.5), Typical: 5 * time.Second},
	}
	w.frames = liveFrames()
	w.trends = map[string]Trend{"workshop/book": weeks()}
	return w
}

// liveFrames are painted once: they are only read.
var liveFrames = sync.OnceValue(func() [][]byte { return [][]byte{frameOf(1), frameOf(2)} })

// frameOf is one picture of a run in progress.
func frameOf(kind int) []byte {
	img, _, err := image.Decode(bytes.NewReader(shot(kind)))
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil)
	return b.Bytes()
}

// pages before and after, and what differs.
func compared() map[string][]byte {
	before, after := shot(1), shot(2)
	img, _, err := image.Decode(bytes.NewReader(after))
	if err != nil {
		panic(err)
	}
	moved := image.NewRGBA(img.Bounds())
	draw.Draw(moved, moved.Rect, img, image.Point{}, draw.Src)
	draw.Draw(moved, image.Rect(40, 330, 190, 364), image.NewUniform(color.RGBA{255, 253, 248, 255}), image.Point{}, draw.Src)
	draw.Draw(moved, image.Rect(232, 340, 382, 374), image.NewUniform(color.RGBA{164, 36, 44, 255}), image.Point{}, draw.Src)
	a, err := pixels.Decode(before)
	if err != nil {
		panic(err)
	}
	b := pixels.From(moved)
	r, err := pixels.Compare(a, b, pixels.Options{})
	if err != nil {
		panic(err)
	}
	marked, err := pixels.Mark(b, r)
	if err != nil {
		panic(err)
	}
	return map[string][]byte{"2026/11/21/before.png": before, "2026/11/21/after.png": encodePNG(moved), "2026/11/21/diff.png": marked}
}

// richRun is a run with everything that can be known of one.
func richRun(id string, fails bool) signal.Signal {
	s := journeyRun(id, signal.New, 2.31, fails, true)
	s.Product, s.Release, s.Worker = "workshop", "r42", "nuremberg-1"
	s.Browser, s.Viewport, s.Took = "chromium-headless-shell 156.0.8078.79", "1280x720@1", 2140*time.Millisecond
	var start time.Duration
	for i := range s.Steps {
		st := &s.Steps[i]
		st.Start = start
		start += st.Took + 40*time.Millisecond
		st.Selector = &signal.Selector{Used: "aria/" + st.Title + `[role="button"]`, Alive: 4, Of: 4}
		st.URL = "https://workshop.example:8443/book"
	}
	s.Steps[0].Type, s.Steps[0].Selector, s.Steps[0].Budget = "navigate", nil, 60*time.Millisecond
	s.Steps[0].Over, s.Over = true, 1
	s.Steps[1].Selector = &signal.Selector{Used: "#visits > a:nth-child(2)", Index: 2, Alive: 1, Of: 4, Better: `role=link name="Visits"`}
	s.Steps[1].From, s.Steps[1].Console = "sign-in", []signal.Line{{Level: "warning", Text: "the title is “Workshop”, recorded was “Home”"}}
	s.Steps[3].Selector = &signal.Selector{Used: "text/10:30", Alive: 2, Of: 3}
	s.Steps[4].Soft = true
	key := signal.PictureKey{Product: "workshop", Journey: "book", Step: "Choose “Visits”", Browser: s.Browser, Viewport: s.Viewport}
	s.Steps[1].Compared = &signal.Comparison{Key: key, Baseline: "2026/11/21/before.png", Picture: "2026/11/21/after.png", Diff: "2026/11/21/diff.png", Release: "r41", Share: 0.183, Limit: 0.001, State: "different", Why: "18.3 % of the picture differs, in 3 places; up to 0.10 % may", Regions: [][4]int{{232, 146, 368, 130}, {40, 330, 342, 44}}}
	s.Steps[0].Compared = &signal.Comparison{Key: signal.PictureKey{Journey: "book", Step: "Open the workshop", Browser: s.Browser, Viewport: s.Viewport}, Baseline: "2026/11/21/home.png", Picture: "2026/11/21/home.png", State: "same", Limit: 0.001}
	s.Steps[2].Compared = &signal.Comparison{Key: signal.PictureKey{Journey: "book", Step: "See the free slots", Browser: s.Browser, Viewport: s.Viewport}, Picture: "2026/11/21/book.png", State: "incomparable", Why: "the last good picture is of chromium-headless-shell 155.0.1 at 1280x720@1, this one of " + s.Browser + " at 1280x720@1", Limit: 0.001}
	cls := 0.31
	s.Vitals = &signal.Vitals{LCP: span(1840), FCP: span(620), TTFB: span(95), INP: span(310), CLS: &cls, Over: []string{"INP", "CLS"}}
	s.Traffic = []signal.Traffic{
		{Host: "workshop.example:8443", FirstParty: true, Requests: 31, Failed: 1, Bytes: 812345, Took: 1640 * time.Millisecond, Slowest: 410 * time.Millisecond},
		{Host: "fonts.example", Requests: 4, Bytes: 92311, Took: 520 * time.Millisecond, Slowest: 240 * time.Millisecond},
		{Host: "pay.example", Requests: 3, Bytes: 4100, Took: 390 * time.Millisecond, Slowest: 301 * time.Millisecond},
	}
	if !fails {
		s.Vitals.INP = nil
		s.Steps = append(s.Steps, signal.Step{Index: 7, Type: "api", Title: "Remove the booking", Outcome: signal.Pass, Cleanup: true, Start: start, Took: 30 * time.Millisecond})
		return s
	}
	left := 2
	s.Left, s.Soft, s.Dropped = &left, 1, 3
	s.Blocked = []signal.Request{{Method: "POST", URL: "https://tracker.example/collect?v=2", Type: "Fetch", Error: "host is not declared"}}
	s.Evidence = append(s.Evidence,
		signal.Evidence{Kind: "har", Title: "Network record", Blob: "2026/11/21/run.json", Type: "application/json", Size: 412345},
		signal.Evidence{Kind: "trace", Title: "Trace of the browser", Blob: "2026/11/21/trace.json", Type: "application/json", Size: 2412345},
	)
	return s
}

// weeks is a month of runs with one release that made a step slower.
func weeks() Trend {
	t := Trend{Releases: []TrendRelease{
		{ID: "r38", Version: "2026.11.02-1", At: at(-19 * 86400), Judgement: release.Good},
		{ID: "r39", Version: "2026.11.14-1", At: at(-7.4 * 86400), Judgement: release.Good},
		{ID: "r40", Version: "2026.11.14-2", At: at(-7 * 86400), Judgement: release.Unjudged},
		{ID: "r41", Version: "2026.11.20-1", At: at(-86400), Judgement: release.Good},
		{ID: "r42", Version: "2026.11.21-1", At: at(0), Judgement: release.Bad},
	}}
	titles := []string{"Open the workshop", "Choose “Visits”", "See the free slots", "Pick a slot and enter a name", "Pay with Nordpay", "See the confirmation"}
	for _, title := range titles {
		t.Steps = append(t.Steps, TrendStep{Title: title})
	}
	t.Steps[4].Budget = 700 * time.Millisecond
	t.Vitals = []TrendVital{
		{Name: "LCP", Budget: 2000, State: "over", P75: 2100, N: 88},
		{Name: "CLS", Budget: 0.1, State: "within", P75: 0.03, N: 88},
		{Name: "INP", Budget: 200, State: "unknown", N: 2, P75: 80, Need: 3},
	}
	t.Beside = []Beside{
		{Release: "r42", Before: "2026.11.20-1", After: "2026.11.21-1", BeforeN: 120, AfterN: 3, State: "unknown", Need: 5, Why: "there are 3 runs"},
		{Release: "r41", Before: "2026.11.14-2", After: "2026.11.20-1", BeforeN: 88, AfterN: 100, State: "steady"},
		{Release: "r40", Before: "2026.11.02-1", After: "2026.11.14-2", BeforeN: 120, AfterN: 88, State: "regressed", Slower: 1},
		{Release: "r39", Before: "2026.11.02-1", After: "2026.11.14-1", AfterN: 9, State: "unknown", NeedBefore: 8, Why: "the browser or the viewport is not the one of before"},
	}
	for day := range 28 {
		if day == 11 || day == 12 || day == 13 || day == 14 || day == 15 || day == 16 {
			continue // the server was down: nothing is known
		}
		when := at(float64(day-28)*86400 + 43200)
		wave := math.Sin(float64(day)*1.7) * 60
		slow := 0.0
		if day >= 21 {
			slow = 480
		}
		p := TrendPoint{At: when, Version: "2026.11.02-1", P50: 1900 + wave + slow, P90: 2500 + 2*wave + slow*1.5, N: 280}
		if day == 6 || day == 27 {
			p.Failed, p.N = 4, 276
		}
		if day == 19 {
			p.Broken = 12
		}
		t.Points = append(t.Points, p)
		for i := range t.Steps {
			v := 120 + 90*float64(i) + wave/4
			if i == 4 {
				v += slow
			}
			t.Steps[i].Points = append(t.Steps[i].Points, TrendPoint{At: when, P50: v, P90: 1.4 * v, N: 280})
		}
		t.Vitals[0].Points = append(t.Vitals[0].Points, TrendPoint{At: when, P50: 1500 + wave, P90: 1900 + 4*wave, N: 280})
		t.Vitals[1].Points = append(t.Vitals[1].Points, TrendPoint{At: when, P50: 0.02 + math.Abs(wave)/4000, P90: 0.05, N: 280})
	}
	t.Hosts = []TrendHost{
		{Host: "workshop.example:8443", FirstParty: true, Requests: 31.2, Median: 1600 * time.Millisecond, P90: 2100 * time.Millisecond, Runs: 412},
		{Host: "fonts.example", Requests: 4, Median: 510 * time.Millisecond, P90: 900 * time.Millisecond, Failed: 0.004, Runs: 412},
		{Host: "pay.example", Requests: 3, Median: 380 * time.Millisecond, P90: 700 * time.Millisecond, Runs: 410},
	}
	t.Regressions = []Regression{{Step: "Pay with Nordpay", Before: "2026.11.02-1", After: "2026.11.14-2", Release: "r40", From: 480 * time.Millisecond, To: 960 * time.Millisecond, Confidence: 0.998, BeforeN: 120, AfterN: 88}}
	return t
}

// flood is a world whose runs are as big and as odd as stored data can be.
func flood(w *world) *world {
	s := w.runs["s1"].Signal
	for i := range 300 {
		s.Steps = append(s.Steps, signal.Step{Index: 7 + i, Title: "<b>" + strconv.Itoa(i) + "</b> \x00 " + string(bytes.Repeat([]byte("long "), 60)), Outcome: signal.Pass, Took: -time.Second, Selector: &signal.Selector{Of: -1}})
	}
	w.runs["s1"] = RunView{Signal: s}
	return w
}
