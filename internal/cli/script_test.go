package cli_test

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/apitest"
	"github.com/postflight/postflight/internal/cli"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postflight": func() { os.Exit(cli.Main(cli.House{})) },
	})
}

// hostile is what a product may say of itself: colours, a cursor, a title, a
// bell, an 8-bit control and a reversed line.
const hostile = "\x1b[31mred\x1b]0;title\x07\u009b2J\u202egnp.exe\rover"

//go:embed testdata/pages
var pageFiles embed.FS

type houseKey struct{}

// Every script talks to an API of its own, over a real socket.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"judge": judge, "incident": openIncident, "pin": pin, "saw": saw, "code": code, "supersede": supersede,
			"told": told, "closed": closed, "knows": knows,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

func setup(env *testscript.Env) error {
	h := apitest.New(
		product.Product{ID: "shop", Name: "Shop", URL: "https://shop.example"},
		product.Product{ID: "blog", Name: "Blog", URL: "https://blog.example"},
	)
	h.Offer(
		drill.Scenario{Name: "bad", Title: "A bad release", Expected: drill.Expected{Verdict: verdict.BrokenRelease, Page: true, Rollback: true}},
		drill.Scenario{Name: "healthy", Title: "A good release", Expected: drill.Expected{Verdict: verdict.Healthy}},
		drill.Scenario{Name: "missed", Title: "One that is missed"},
	)
	h.Play = func(d drill.Drill) { h.EndDrill(played(d)) }
	srv := httptest.NewServer(h.Handler(slog.New(slog.DiscardHandler)))
	env.Defer(srv.Close)
	env.Values[houseKey{}] = h
	files, err := fs.Sub(pageFiles, "testdata/pages")
	if err != nil {
		return err
	}
	pages := httptest.NewServer(http.FileServer(http.FS(files)))
	env.Defer(pages.Close)
	env.Setenv("PAGES", pages.URL)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done() // never answers
	}))
	env.Defer(slow.Close)
	env.Setenv("SLOW", slow.URL)
	env.Setenv("POSTFLIGHT_SERVER", srv.URL)
	env.Setenv("POSTFLIGHT_TOKEN", h.Grant("ci", access.Admin))
	env.Setenv("VIEWER_TOKEN", h.Grant("viewer", access.Viewer))
	env.Setenv("NO_COLOR", "1")
	return nil
}

// played is how the drills of the tests end: three, five, … seconds after
// the fault.
func played(d drill.Drill) drill.Drill {
	at := func(s float64) time.Time { return d.Started.Add(time.Duration(s * float64(time.Second))) }
	d.Fault, d.Ended, d.State = at(0), at(9), drill.Passed
	switch d.Scenario.Name {
	case "bad":
		d.Evidence, d.Detected, d.Paged, d.RolledBack, d.Verified = at(1.25), at(3), at(3.5), at(4), at(8)
		d.First = "journey book: " + hostile
	case "missed":
		d.State, d.Findings = drill.Missed, []string{"nobody was paged " + hostile}
	}
	return d
}

func house(ts *testscript.TestScript) *apitest.House { return ts.Value(houseKey{}).(*apitest.House) }

// judge RELEASE STATE [final]: sets a verdict.
func judge(ts *testscript.TestScript, _ bool, args []string) {
	v := verdict.Verdict{
		State: verdict.State(args[1]), Kind: watch.KindRelease, Summary: "because " + hostile, Final: len(args) > 2,
		Reasons: []verdict.Reason{{Rule: verdict.RuleJourney, For: true, Text: "journey book failed"}},
		Unseen:  []string{"the asset crawl"},
	}
	house(ts).Judge(release.ID(args[0]), v)
}

// supersede RELEASE: ends its watch because another release went live.
func supersede(ts *testscript.TestScript, _ bool, args []string) {
	house(ts).Watch(watch.Watch{Release: release.ID(args[0]), State: watch.Superseded})
}

// saw RELEASE OUTCOME: adds an observation.
func saw(ts *testscript.TestScript, _ bool, args []string) {
	house(ts).See(signal.Signal{
		ID: "s1", Release: release.ID(args[0]), Kind: signal.Journey, Name: "book", Side: signal.New,
		Outcome: signal.Outcome(args[1]), Summary: "step 3 " + hostile,
	})
}

// incident ID: opens one with a drafted postmortem.
func openIncident(ts *testscript.TestScript, _ bool, args []string) {
	id := incident.ID(args[0])
	house(ts).Open(incident.Incident{
		ID: id, Product: "shop", State: incident.Triggered, Severity: 2, Title: "Shop is broken " + hostile,
		Verdict:  verdict.Verdict{State: verdict.BrokenRelease, Summary: "journey book failed"},
		Detected: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
	}, incident.Entry{Incident: id, Seq: 1, At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Text: "opened " + hostile})
	house(ts).Draft(postmortem.Postmortem{Incident: id, Title: "Shop was broken", Parts: []postmortem.Part{
		{Section: postmortem.Summary, Facts: []postmortem.Fact{{Text: "It broke.", Seq: 1}}, Human: "we know why " + hostile},
	}})
}

// pin PRODUCT VERSION: holds a version back.
func pin(ts *testscript.TestScript, _ bool, args []string) {
	house(ts).Pin(product.ID(args[0]), release.Pin{Bad: args[1], Version: "v0", Reason: "it was rolled back"})
}

// code N COMMAND…: runs a command and wants this exit code.
func code(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s ended with %s, want %s", strings.Join(args[1:], " "), fmt.Sprint(got), args[0])
	}
}

// told VERSION STEP STATE N: the server knows of so many runs of a step, the last
// in this state.
func told(ts *testscript.TestScript, _ bool, args []string) {
	p, err := house(ts).Pipeline(context.Background(), "shop", args[0])
	ts.Check(err)
	n, state := 0, ""
	for _, s := range p.Steps {
		if s.Name == args[1] {
			n, state = n+1, string(s.State)
		}
	}
	if fmt.Sprint(n) != args[3] || state != args[2] {
		ts.Fatalf("%d runs of %s are known, the last %q", n, args[1], state)
	}
}

// closed VERSION RUN GREEN: the server was told how a run ended.
func closed(ts *testscript.TestScript, _ bool, args []string) {
	p, err := house(ts).Pipeline(context.Background(), "shop", args[0])
	ts.Check(err)
	for _, c := range p.Closings {
		if c.Run == args[1] && fmt.Sprint(c.Green) == args[2] {
			return
		}
	}
	ts.Fatalf("closings: %+v", p.Closings)
}

// knows TEXT: the text stands in what the server was told.
func knows(ts *testscript.TestScript, neg bool, args []string) {
	p, err := house(ts).Pipeline(context.Background(), "shop", "v1")
	ts.Check(err)
	if found := strings.Contains(fmt.Sprintf("%+v", p), args[0]); found == neg {
		ts.Fatalf("the server knows %q: %v", args[0], found)
	}
}
