package web

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// base is when the bad release of the fixture went live.
var base = time.Date(2026, 11, 21, 3, 14, 7, 300e6, time.UTC)

func at(seconds float64) time.Time {
	return base.Add(time.Duration(seconds * float64(time.Second)))
}

// emptyWorld is a server that has just been started for the first time.
func emptyWorld() *world {
	return &world{
		products: []product.Product{shop()},
		sessions: map[string]access.Who{
			"viewer":    {Name: "Vera", Role: access.Viewer},
			"responder": {Name: "Rosa Weber", Role: access.Responder},
			"admin":     {Name: "Ada Lovell", Role: access.Admin},
		},
		links: map[string]access.Who{"pf_GOODLINK": {Name: "Lin", Role: access.Responder}},
	}
}

func shop() product.Product {
	return product.Product{
		ID: "workshop", Name: "Father Christmas Workshop", URL: "https://workshop.example:8443/",
		Journeys: []product.Journey{{ID: "book", Title: "Book a visit"}, {ID: "browse", Title: "Browse the workshop"}},
		Pages:    []string{"/", "/book"},
		Integrations: []product.Integration{
			{ID: "payments", Name: "Nordpay payments", Hosts: []string{"pay.example"}},
			{ID: "mail", Name: "Sleigh mail"},
		},
		Boot: product.Boot{Expected: true}, Rollback: product.Rollback{Method: product.RollbackDirectory, Automatic: true},
		Watch: product.Window{For: 15 * time.Minute, Every: 30 * time.Second},
	}
}

func scenarios() []drill.Scenario {
	bad := drill.Expected{Verdict: verdict.BrokenRelease, Rollback: true, Page: true, FirstRule: []string{"H3"}}
	return []drill.Scenario{
		{Name: "incompatible-page", Title: "The page no longer understands the server", About: "The API answers in a new shape and the booking page breaks.", Expected: bad},
		{Name: "startup-crash", Title: "The bundle dies as it starts", About: "A minifier renames a key that the server still sends, and the page stays blank.", Expected: bad},
		{Name: "integration-loop", Title: "A wrong payments URL and retries without end", About: "The configured payments URL has a wrong prefix: 502s, retries, a slow shop.", Expected: bad},
		{Name: "static-500", Title: "Every static file answers 500", About: "A new middleware breaks scripts, styles and images; the HTML is fine.", Expected: bad},
		{Name: "healthy", Title: "A good release", About: "A small improvement that works.", Expected: drill.Expected{Verdict: verdict.Healthy}},
		{Name: "provider-down", Title: "The payments provider dies", About: "Nothing is released; the provider stops answering.", Expected: drill.Expected{Verdict: verdict.BrokenEnvironment, Page: true, Names: "payments"}},
	}
}

// fullWorld is 90 s after a bad release that was rolled back by itself.
func fullWorld() *world {
	w := emptyWorld()
	gift := product.Product{
		ID: "gifts", Name: "Gift finder", URL: "https://gifts.example/", Rollback: product.Rollback{Method: product.RollbackNone},
		Journeys: []product.Journey{{ID: "find", Title: "Find a gift"}},
	}
	ledgerApp := product.Product{ID: "ledger", Name: "Naughty & nice ledger", URL: "https://ledger.example/"}
	w.products = append(w.products, gift, ledgerApp)
	w.blobs = artifacts()
	good := release.Release{ID: "r41", Product: "workshop", Version: "2026.11.20-1", Commit: "8c1f0b6d2e94aa01", Source: release.Announced, By: "ci", At: at(-86400), Judgement: release.Good}
	bad := release.Release{
		ID: "r42", Product: "workshop", Version: "2026.11.21-1", Commit: "f3a9c2d17be0456789", Source: release.Announced, By: "ci (deploy #318)",
		URL: "https://ci.example/workshop/pipelines/318", Config: []string{"api.revision: 1 → 2"}, At: at(0), Previous: "r41", Judgement: release.Bad,
	}
	back := release.Release{ID: "r43", Product: "workshop", Version: "2026.11.20-1", Commit: good.Commit, Source: release.Rollback, By: "postflight", At: at(5.9), Previous: "r42", Undoes: "r42", Restores: "r41", Judgement: release.Good}
	v := badVerdict()
	st := release.State{Product: "workshop", Live: "r43", LastGood: "r41", Served: "2026.11.20-1", ServedAt: at(88), Pin: &release.Pin{
		Version: "2026.11.20-1", Bad: "2026.11.21-1", Reason: "2026.11.21-1 breaks “Book a visit”; rolled back by INC-12.", At: at(5.9), By: "postflight",
	}}
	in := badIncident(v)
	healthy := verdict.Verdict{State: verdict.Healthy, At: at(7.8), Summary: "Both journeys pass again and every asset answers.", Kind: watch.KindVerify}
	w.standings = []Standing{
		{
			State: st, Live: &back, LastGood: &good, Verdict: &healthy, Incidents: []incident.Incident{in},
			Watch: &watch.Watch{Kind: watch.KindVerify, State: watch.Open, Version: back.Version, Round: 3},
			Probes: []signal.Signal{
				{Name: "payments", Kind: signal.Probe, Outcome: signal.Pass, Took: 42 * time.Millisecond, At: at(85), Summary: "200"},
				{Name: "mail", Kind: signal.Probe, Outcome: signal.Fail, Took: time.Second, At: at(80), Summary: "answered 503, expected 200"},
			},
		},
		{
			State:   release.State{Product: "gifts", Live: "g7", Served: "7.2.1", ServedAt: at(70)},
			Live:    &release.Release{ID: "g7", Product: "gifts", Version: "7.2.0", Source: release.Noticed, At: at(-45)},
			Watch:   &watch.Watch{Kind: watch.KindRelease, State: watch.Open, Version: "7.2.0", Round: 2},
			Verdict: &verdict.Verdict{State: verdict.Observing, At: at(-45), Summary: "Round 2 of journeys is running."},
		},
	}
	w.rows = map[product.ID][]Row{"workshop": {
		{Release: back, Verdict: &healthy},
		{Release: bad, Verdict: &v, Incident: "INC-12"},
		{Release: good, Verdict: &verdict.Verdict{State: verdict.Healthy, At: at(-86000)}},
		{Release: release.Release{ID: "r40", Version: "2026.11.14-2", Source: release.Noticed, At: at(-7 * 86400), Judgement: release.Unjudged}, Verdict: &verdict.Verdict{State: verdict.Inconclusive}},
		{Release: release.Release{ID: "r39", Version: "2026.11.14-1", Source: release.Baseline, At: at(-8 * 86400), Judgement: release.Unjudged}},
	}}
	w.events = badEvents(bad, back, v, in)
	w.releases = map[release.ID]ReleaseView{
		"r42": {
			Release: bad, Previous: &good, State: st, Verdicts: []verdict.Verdict{v},
			Watch:   &watch.Watch{ID: "w42", Kind: watch.KindRelease, State: watch.Superseded, Version: bad.Version, Met: at(0.4), Opened: at(0.1), Round: 1},
			Signals: badSignals(), Before: []signal.Signal{{Kind: signal.Assets, Assets: goodAssets()}},
			Events: ordered(w.events), Incidents: []incident.Incident{in}, Rollbacks: []action.Action{rollbackAction()},
		},
		"r43": {Release: back, Previous: &bad, State: st},
	}
	doubted := w.releases["r42"]
	doubted.Pipeline, doubted.Scope = silentPipeline(), sharedChange()
	w.releases["r42"] = doubted
	w.rows["workshop"][1].Pipeline = pipeline.TrustUnverified
	w.incidents = []IncidentView{
		{Incident: in, Release: &bad, Timeline: badTimeline(), Deliveries: messages(), Rollbacks: []action.Action{rollbackAction()}, Drafted: true},
		{Incident: incident.Incident{ID: "INC-11", Product: "workshop", Title: "Nordpay payments does not answer", State: incident.Resolved, Severity: 1, Impact: at(-90000), Detected: at(-89990), Paged: at(-89989), Mitigated: at(-88000), Resolved: at(-87000), Verdict: verdict.Verdict{State: verdict.BrokenEnvironment, Summary: "The provider's own probe fails; nothing was released."}}},
		{Incident: incident.Incident{ID: "INC-10", Product: "gifts", Version: "7.1.9", Title: "Assets of the previous release are gone", State: incident.FalseAlarm, Severity: 3, Impact: at(-400000), Detected: at(-399995), Drill: "d1"}},
	}
	w.post = map[incident.ID]postmortem.Postmortem{"INC-12": badPostmortem()}
	w.drills = playedDrills()
	w.grants = []access.Grant{
		{ID: "g1", Kind: access.Token, Name: "GitHub Actions, workshop", Role: access.Responder, Created: at(-600000), Used: at(-1)},
		{ID: "g2", Kind: access.Token, Name: "old pipeline", Role: access.Viewer, Created: at(-9000000), Revoked: at(-500000)},
		{ID: "g3", Kind: access.Session, Name: "Ada Lovell", Role: access.Admin, Created: at(-9000), Used: at(90), Expires: at(900000)},
		{ID: "g4", Kind: access.Link, Name: "Rosa Weber", Role: access.Responder, Created: at(-4000), Expires: at(4000)},
		{ID: "g5", Kind: access.Link, Name: "Ada Lovell", Role: access.Admin, Created: at(-9100), Used: at(-9000), Expires: at(-8000)},
	}
	return withJourneys(w)
}

// artifacts are painted once: they are only read.
var artifacts = sync.OnceValue(func() map[string][]byte {
	out := map[string][]byte{
		"2026/11/21/home.png": shot(0), "2026/11/21/book.png": shot(1), "2026/11/21/pay.png": shot(2),
		"2026/11/21/done.png": shot(3), "2026/11/21/broken.png": shot(9),
		"2026/11/21/console.json": []byte(`[{"level":"error"}]`), "2026/11/21/page.html": []byte("<script>alert(1)</script>"),
		"2026/11/21/run.json": []byte(`{"log":{}}`), "2026/11/21/trace.json": []byte(`{"traceEvents":[]}`),
	}
	maps.Copy(out, compared())
	return out
})

// shot paints a small page, so that strips look like strips.
func shot(kind int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 640, 400))
	fill := func(x, y, w, h int, c color.RGBA) {
		draw.Draw(img, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
	}
	paper, ink, red, green, grey := color.RGBA{255, 253, 248, 255}, color.RGBA{60, 48, 42, 255}, color.RGBA{164, 36, 44, 255}, color.RGBA{30, 90, 60, 255}, color.RGBA{224, 216, 204, 255}
	fill(0, 0, 640, 400, paper)
	fill(0, 0, 640, 46, red)
	fill(24, 16, 150, 14, paper)
	if kind == 9 {
		fill(40, 96, 300, 18, ink)
		for i := range 3 {
			fill(40, 140+i*26, 560, 12, grey)
		}
		return encodePNG(img)
	}
	fill(40, 76, 340, 24, ink)
	fill(40, 110, 260, 10, grey)
	for i := range 3 {
		c := grey
		if i == kind {
			c = green
		}
		fill(40+i*192, 146, 176, 130, c)
		fill(52+i*192, 290, 120, 10, ink)
	}
	fill(40, 330, 150, 34, red)
	return encodePNG(img)
}

func encodePNG(img image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func badVerdict() verdict.Verdict {
	return verdict.Verdict{
		Watch: "w42", Kind: watch.KindRelease, Product: "workshop", Release: "r42", Version: "2026.11.21-1", State: verdict.BrokenRelease,
		At: at(4.62), Since: at(2.31), Differential: true, Rollback: true, Final: true, First: "s1",
		Summary: "“Book a visit” fails at step 3 on 2026.11.21-1 in 4 of 4 runs and passes on 2026.11.20-1 in 2 of 2.",
		Reasons: []verdict.Reason{
			{Rule: verdict.RuleJourney, For: true, Text: "“Book a visit” fails on the new release (4 of 4) and passes on the old one (2 of 2): TypeError: Cannot read properties of undefined (reading 'slots').", At: at(2.31), Signals: []signal.ID{"s1", "s2", "s3", "s4"}},
			{Rule: verdict.RuleBoot, For: true, Text: "3 page loads died before they were ready, one of a real visitor.", At: at(2.9), Signals: []signal.ID{"b1", "b2", "b3"}},
			{Rule: verdict.RuleAssets, For: true, Text: "1 asset of the new release is broken: /static/app.9c1b44.css answers 404.", At: at(1.2), Signals: []signal.ID{"a1"}},
			{Rule: verdict.RuleProvider, Text: "Nordpay payments answers its own probe.", At: at(1.8), Signals: []signal.ID{"p1"}},
			{Rule: verdict.RuleHealth, Text: "The product answers: 12 of 12 requests.", At: at(1.1)},
		},
		Suspects: []verdict.Suspect{
			{Kind: "configuration", Name: "api.revision", Detail: "api.revision: 1 → 2", For: []string{"the failing response is the one that this setting shapes", "changed with this release"}},
			{Kind: "release", Name: "f3a9c2d17b", Detail: "book.ts, slot.ts (2 files)", For: []string{"3 page loads died before they were ready, one of a real visitor.", "fails only where this version is served"}, Against: []string{"“Browse the workshop” passes on it"}},
			{Kind: "integration", Name: "Nordpay payments", Against: []string{"its probe is green", "no failed request goes to its hosts"}},
		},
		Unseen: []string{"No telemetry of the servers: error rates (H5 to H7) were not judged.", "“Browse the workshop” ran once only."},
	}
}

func journeyRun(id string, side signal.Side, when float64, fails, confirm bool) signal.Signal {
	version := "2026.11.21-1"
	if side == signal.Old {
		version = "2026.11.20-1"
	}
	s := signal.Signal{ID: signal.ID(id), At: at(when), Kind: signal.Journey, Name: "book", Side: side, Round: 1, Confirm: confirm, Took: 2140 * time.Millisecond, Expected: version, Served: version, Outcome: signal.Pass, Summary: "all 6 steps pass"}
	titles := []string{"Open the workshop", "Choose “Visits”", "See the free slots", "Pick a slot and enter a name", "Pay with Nordpay", "See the confirmation"}
	shots := []string{"home", "book", "book", "pay", "pay", "done"}
	for i, title := range titles {
		st := signal.Step{Index: i + 1, Type: "click", Title: title, Outcome: signal.Pass, Took: time.Duration(90+i*61) * time.Millisecond, Screenshot: "2026/11/21/" + shots[i] + ".png"}
		if fails && i == 2 {
			st.Outcome, st.Took, st.Screenshot = signal.Fail, 1030*time.Millisecond, "2026/11/21/broken.png"
			st.Message = "Uncaught TypeError: Cannot read properties of undefined (reading 'slots')"
			st.Exceptions = []signal.Exception{{Text: "TypeError: Cannot read properties of undefined (reading 'slots')", URL: "https://workshop.example:8443/static/book.9c1b44.js", Line: 1, Column: 18342}}
			st.Requests = []signal.Request{{URL: "https://workshop.example:8443/static/app.9c1b44.css", Method: "GET", Type: "style", Status: 404, FirstParty: true}}
			st.Console = []signal.Line{{Level: "error", Text: "slots could not be drawn", URL: "https://workshop.example:8443/static/book.9c1b44.js", Line: 1}}
		}
		if fails && i > 2 {
			st.Outcome, st.Screenshot, st.Took = "", "", 0
		}
		s.Steps = append(s.Steps, st)
	}
	if fails {
		s.Outcome, s.Summary = signal.Fail, "step 3 “See the free slots”: uncaught TypeError"
		s.Failure = &signal.Failure{Class: "exception", Step: 3, Title: "See the free slots", Message: "TypeError: Cannot read properties of undefined (reading 'slots')\n    at drawSlots", URL: "https://workshop.example:8443/book", Position: "/static/book.9c1b44.js:1:18342"}
		s.Evidence = []signal.Evidence{{Kind: "console", Title: "Console", Blob: "2026/11/21/console.json", Type: "application/json", Size: 1832}, {Kind: "html", Title: "Page as it was", Blob: "2026/11/21/page.html", Type: "text/html", Size: 20412}}
	}
	return s
}

func goodAssets() []signal.Asset {
	u := "https://workshop.example:8443"
	return []signal.Asset{
		{URL: u + "/", Kind: "html", Status: 200, Size: 4210, Took: 12 * time.Millisecond},
		{URL: u + "/book", Kind: "html", Status: 200, Size: 3822, Took: 15 * time.Millisecond},
		{URL: u + "/static/book.9c1b44.js", Kind: "script", Status: 200, Size: 48211, Took: 9 * time.Millisecond, From: u + "/book"},
		{URL: u + "/static/images/workshop.webp", Kind: "image", Status: 200, Size: 182345, Took: 18 * time.Millisecond},
		{URL: u + "/static/images/sleigh.webp", Kind: "image", Status: 404, Size: 19, Took: 4 * time.Millisecond, Problem: "answers 404", From: u + "/"},
	}
}

func badSignals() []signal.Signal {
	u := "https://workshop.example:8443"
	assets := append(goodAssets(), signal.Asset{URL: u + "/static/app.9c1b44.css", Kind: "style", Status: 404, Type: "text/html", Size: 19, Took: 4 * time.Millisecond, Problem: "answers 404", From: u + "/book"})
	browse := journeyRun("j9", signal.New, 3.1, false, false)
	browse.Name, browse.Steps = "browse", browse.Steps[:2]
	out := []signal.Signal{
		{ID: "v1", At: at(0.4), Kind: signal.Version, Name: "served", Side: signal.New, Outcome: signal.Pass, Served: "2026.11.21-1", Took: 6 * time.Millisecond, Summary: "serves 2026.11.21-1"},
		{ID: "a1", At: at(1.2), Kind: signal.Assets, Name: "assets", Side: signal.New, Outcome: signal.Fail, Assets: assets, Summary: "2 of 6 broken", Took: 80 * time.Millisecond},
		{ID: "o1", At: at(1.3), Kind: signal.OldAsset, Name: "assets", Side: signal.New, Outcome: signal.Pass, Assets: goodAssets()[2:4], Summary: "all there"},
		{ID: "p1", At: at(1.8), Kind: signal.Probe, Name: "payments", Outcome: signal.Pass, Took: 41 * time.Millisecond, Summary: "answered 200 as expected"},
		{ID: "p2", At: at(1.9), Kind: signal.Probe, Name: "mail", Outcome: signal.Fail, Took: time.Second, Summary: "answered 503, expected 200"},
		{ID: "h1", At: at(1.1), Kind: signal.Health, Name: "GET /", Side: signal.New, Outcome: signal.Pass, Took: 11 * time.Millisecond, Summary: "answered 200"},
		journeyRun("s1", signal.New, 2.31, true, false),
		journeyRun("s2", signal.New, 3.6, true, true), journeyRun("s3", signal.New, 3.7, true, true), journeyRun("s4", signal.New, 4.1, true, true),
		journeyRun("s5", signal.Old, 4.2, false, true), journeyRun("s6", signal.Old, 4.5, false, true),
		browse,
	}
	for i := range 3 {
		out = append(out, signal.Signal{ID: signal.ID("b" + strconv.Itoa(i+1)), At: at(2.9 + float64(i)), Kind: signal.Boot, Name: "/book", Outcome: signal.Fail, BootInfo: &signal.BootReport{
			Event: "fatal", Kind: "error", Page: "/book", Message: "TypeError: Cannot read properties of undefined (reading 'slots')", File: u + "/static/book.9c1b44.js", Line: 1, Column: 18342, Empty: true, Synthetic: i > 0,
		}})
	}
	return append(out, signal.Signal{ID: "b9", At: at(3), Kind: signal.Boot, Name: "/", Outcome: signal.Pass, BootInfo: &signal.BootReport{Event: "ok", Page: "/"}})
}

func badIncident(v verdict.Verdict) incident.Incident {
	return incident.Incident{
		ID: "INC-12", Product: "workshop", Release: "r42", Version: "2026.11.21-1", Title: "“Book a visit” is broken since 2026.11.21-1", State: incident.Mitigated, Severity: 2, Verdict: v,
		Impact: at(2.31), Detected: at(4.62), Paged: at(4.95), Acted: at(5.9), Mitigated: at(7.8),
	}
}

func rollbackAction() action.Action {
	return action.Action{
		Key: "rollback/r42", Kind: rollback.ActionPerform, Title: "Roll back to 2026.11.20-1", State: action.Done, Attempt: 1, Queued: at(4.62), Finished: at(5.9),
	}.Encode(rollback.Order{Bad: "r42", BadVersion: "2026.11.21-1", Target: "r41", Version: "2026.11.20-1", By: "postflight", Automatic: true, Reason: "Fails on new in 4 of 4 runs, passes on old in 2 of 2."})
}

func messages() []action.Action {
	send := func(channel, title string, state action.State, attempt int, text string) action.Action {
		a := action.Action{Key: "page.send/" + channel, Kind: page.ActionSend, Title: title, State: state, Attempt: attempt, Error: text, Queued: at(4.62), Due: at(130)}.Encode(page.Message{Channel: channel, Title: title})
		if state == action.Done || state == action.Failed {
			a.Finished = at(4.95)
		}
		return a
	}
	return []action.Action{
		send("slack #workshop-ops", "INC-12 opened", action.Done, 1, ""),
		send("mail oncall@workshop.example", "INC-12 opened", action.Failed, 8, "550 5.1.1 no such mailbox"),
		send("webhook status-board", "INC-12 mitigated", action.Queued, 3, "answered 503; Retry-After 40 s"),
	}
}

func badTimeline() []incident.Entry {
	shots := []signal.Evidence{{Kind: "screenshot", Title: "Step 3 on 2026.11.21-1", Blob: "2026/11/21/broken.png"}, {Kind: "screenshot", Title: "Step 3 on 2026.11.20-1", Blob: "2026/11/21/book.png"}}
	return []incident.Entry{
		{Seq: 101, At: at(0), Kind: "release.deployed", Text: "2026.11.21-1 went live, announced by the pipeline.", By: "ci (deploy #318)"},
		{Seq: 103, At: at(2.31), Kind: "signal.observed", Text: "“Book a visit” failed at step 3: TypeError: Cannot read properties of undefined (reading 'slots').", Evidence: shots},
		{Seq: 105, At: at(4.62), Kind: "incident.opened", Text: "Opened: broken release. Fails on new in 4 of 4 runs, passes on old in 2 of 2."},
		{Seq: 106, At: at(4.95), Kind: "action.done", Text: "Paged slack #workshop-ops."},
		{Seq: 107, At: at(5.9), Kind: "rollback.performed", Text: "Rolled back to 2026.11.20-1; pinned."},
		{Seq: 108, At: at(7.8), Kind: "incident.mitigated", Text: "Verified: 2026.11.20-1 is served and “Book a visit” passes."},
		{Seq: 109, At: at(61), Kind: "incident.noted", Text: "Looked at the shop from my phone, booking works again.\nTold the front desk.", By: "Rosa Weber"},
	}
}

func badEvents(bad, back release.Release, v verdict.Verdict, in incident.Incident) map[int64]journal.Event {
	out := map[int64]journal.Event{}
	add := func(seq int64, e journal.Event) {
		e.Seq = seq
		out[seq] = e.About("workshop", "r42", "w42", "INC-12")
	}
	add(101, journal.New(release.EventDeployed, at(0), bad))
	add(102, journal.New(watch.EventOpened, at(0.1), watch.Watch{Version: bad.Version}))
	add(103, signal.Observed(journeyRun("s1", signal.New, 2.31, true, false)))
	add(104, journal.New(verdict.EventReached, at(4.62), v))
	add(105, journal.New(incident.EventOpened, at(4.62), incident.Update{Incident: in, Text: "Opened: broken release."}))
	add(106, journal.New(action.EventDone, at(4.95), messages()[0]))
	add(107, journal.New(release.EventDeployed, at(5.9), back))
	add(108, journal.New(release.EventPinned, at(5.9), release.Pin{Version: back.Version, Reason: "2026.11.21-1 is bad."}))
	return out
}

func ordered(m map[int64]journal.Event) []journal.Event {
	var out []journal.Event
	for seq := int64(101); seq < 120; seq++ {
		if e, ok := m[seq]; ok {
			out = append(out, e)
		}
	}
	return out
}

func badPostmortem() postmortem.Postmortem {
	return postmortem.Postmortem{
		Incident: "INC-12", Title: "“Book a visit” broken for 5.5 seconds by 2026.11.21-1", Generated: at(60), Edited: at(70),
		Parts: []postmortem.Part{
			{Section: postmortem.Summary, Facts: []postmortem.Fact{{Text: "2026.11.21-1 went live at 03:14:07 UTC and was judged broken 4.62 s later.", Seq: 104}, {Text: "It was rolled back to 2026.11.20-1, verified at 03:14:15 UTC.", Seq: 107}}},
			{Section: postmortem.Impact, Facts: []postmortem.Fact{{Text: "The first failing signal is from 03:14:09 UTC.", Seq: 103}, {Text: "How many visitors were hurt is unknown."}}, Human: "One family called the front desk.\nThey booked by phone.", By: "Rosa Weber"},
			{Section: postmortem.Detection, Facts: []postmortem.Fact{{Text: "Detected 2.31 s after the first failing signal, by a journey.", Seq: 105}}},
			{Section: postmortem.Response, Facts: []postmortem.Fact{{Text: "Paged slack #workshop-ops 0.33 s after detection.", Seq: 106}, {Text: "Nobody acknowledged: unknown."}}},
			{Section: postmortem.Contributing},
			{Section: postmortem.ActionItems},
		},
		Screenshots: []signal.Evidence{{Title: "Step 3 on 2026.11.21-1", Blob: "2026/11/21/broken.png"}, {Title: "Step 3 on 2026.11.20-1", Blob: "2026/11/21/book.png"}},
	}
}

func playedDrills() []drill.Drill {
	sc := scenarios()
	return []drill.Drill{
		{ID: "d4", Scenario: sc[3], Product: "workshop", State: drill.Playing, By: "Ada Lovell", Started: at(86), Fault: at(87), Evidence: at(88.2), Detected: at(90.1), Paged: at(90.4)},
		{ID: "d3", Scenario: sc[0], Product: "workshop", State: drill.Passed, By: "Ada Lovell", Started: at(-1), Fault: at(0), Evidence: at(2.31), Detected: at(4.62), Paged: at(4.95), RolledBack: at(5.9), Verified: at(7.8), Ended: at(8), Release: "r42", Incident: "INC-12", Verdict: verdict.BrokenRelease, First: "“Book a visit” fails at step 3: TypeError."},
		{ID: "d2", Scenario: sc[4], Product: "workshop", State: drill.Passed, By: "cli", Started: at(-901), Fault: at(-900), Detected: at(-894), Ended: at(-890), Verdict: verdict.Healthy},
		{ID: "d1", Scenario: sc[5], Product: "workshop", State: drill.Missed, By: "cli", Started: at(-5001), Fault: at(-5000), Evidence: at(-4998), Detected: at(-4995), Ended: at(-4900), Verdict: verdict.BrokenEnvironment, Findings: []string{"Nobody was paged within 60 s."}},
	}
}
