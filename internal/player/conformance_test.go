package player

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// browsers are the binaries that the conformance site is played on: both, or
// those that there are, with a loud word about the missing one.
func browsers(t *testing.T) map[string]browser.Binary {
	t.Helper()
	out := map[string]browser.Binary{}
	for kind, names := range map[browser.Kind][]string{
		browser.KindShell: {"chromium-headless-shell", "chrome-headless-shell"},
		browser.KindFull:  {"chromium", "chromium-browser", "google-chrome"},
	} {
		for _, name := range names {
			if b, err := browser.Find(context.Background(), name); err == nil && b.Kind == kind {
				out[string(kind)] = b
				break
			}
		}
		if _, ok := out[string(kind)]; !ok {
			t.Logf("WARNING: no %s Chromium is installed: the conformance site is NOT played on it", kind)
		}
	}
	if len(out) == 0 {
		t.Fatal("no Chromium is installed")
	}
	return out
}

// venue is the conformance site, and what its pages saw.
type venue struct {
	*httptest.Server
	mu  sync.Mutex
	log []string
}

func newVenue(t *testing.T) *venue {
	t.Helper()
	s := &venue{}
	files := http.FileServer(http.Dir("testdata/site"))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /log", func(w http.ResponseWriter, r *http.Request) {
		line, _ := io.ReadAll(io.LimitReader(r.Body, 1<<10))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log = append(s.log, string(line))
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code := 0
		_, _ = fmt.Sscan(r.PathValue("code"), &code)
		w.WriteHeader(code)
	})
	mux.HandleFunc("/redirect/{page}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/"+r.PathValue("page"), http.StatusFound)
	})
	mux.HandleFunc("/slow/{page}", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(900 * time.Millisecond):
		case <-r.Context().Done():
		}
		r.URL.Path = "/" + r.PathValue("page")
		files.ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /orders", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/", files)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// other is the same server as another site.
func (s *venue) other() string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }

func (s *venue) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// outcome is what a recording must come to.
type outcome struct {
	class string   // of the failure; empty: it passes; "broken"
	words string   // in the summary
	log   []string // what the pages saw, in order
	warns string   // in a warning of some step
}

func passes(log ...string) outcome { return outcome{log: log} }

func fails(class, words string, log ...string) outcome {
	return outcome{class: class, words: words, log: log}
}

func (o outcome) warning(words string) outcome {
	o.warns = words
	return o
}

// pads are the events of one press on the pad.
func pads(events ...string) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = e + " 20,30 true"
	}
	return out
}

// conformance is what each recording must come to.
func conformance() map[string]outcome {
	out := map[string]outcome{}
	for _, part := range []map[string]outcome{pointerCases(), inputCases(), waitCases(), readyCases()} {
		maps.Copy(out, part)
	}
	return out
}

func pointerCases() map[string]outcome {
	return map[string]outcome{
		"viewport-desktop":          passes("900 700 2 0 landscape-primary"),
		"viewport-mobile":           passes("390 844 3 1 portrait-primary"),
		"navigate":                  passes("done "),
		"navigate-elsewhere":        passes("done ").warning("navigated to "),
		"navigate-elsewhere-strict": fails("assertion", "navigated to ", "done "),
		"navigate-title-strict":     fails("assertion", "the title is “Done”, recorded was “Finished”", "done "),
		"navigate-missing":          fails("request", "missing.html answered 404"),
		"navigate-hash":             passes("hash #part"),
		"navigate-blank":            passes("done "),
		"navigate-too-slow":         fails("navigation", "not loaded in time"),
		"navigate-newtab":           passes("done "),
		"no-page-yet":               fails("assertion", "not found"),

		"click-offset":         passes(pads("mousedown 0 1", "mouseup 0 1", "click 0 1")...),
		"click-secondary":      passes(pads("mousedown 2 1", "contextmenu 2 0", "mouseup 2 1", "auxclick 2 1")...),
		"click-auxiliary":      passes(pads("mousedown 1 1", "mouseup 1 1", "auxclick 1 1")...),
		"click-duration":       passes("held true"),
		"click-device-types":   passes("mousedown 0 1 20,30 true", "mouseup 0 1 20,30 true", "click 0 1 20,30 true", "mousedown 0 1 21,30 true", "mouseup 0 1 21,30 true", "click 0 1 21,30 true"),
		"double-click":         passes(pads("mousedown 0 1", "mouseup 0 1", "click 0 1", "mousedown 0 2", "mouseup 0 2", "click 0 2", "dblclick 0 2")...),
		"double-click-buttons": passes(pads("mousedown 2 1", "contextmenu 2 0", "mouseup 2 1", "auxclick 2 1", "mousedown 2 2", "contextmenu 2 0", "mouseup 2 2", "auxclick 2 2")...),
	}
}

func inputCases() map[string]outcome {
	return map[string]outcome{
		"hover":          passes("enter", "item"),
		"scroll-window":  passes("window 40 300"),
		"scroll-element": passes("box 30 70"),
		"scroll-default": passes("window 40 300"),
		"scroll-frame":   passes("scrolled ?a"),

		"change-text":    passes("text Grace 5 change", "typed 5 GraceAdaAda Lovelace"),
		"change-prefix":  passes("begun Ada L 2 change", "typed 2 Ada LAda Lovelace"),
		"change-replace": passes("full Bo 2 change", "typed 2 AdaBo"),
		"change-kinds":   passes("area lines 5 change", "number 12.5 4 change", "email a@b.example 11 change", "password hunter22 8 change", "typed 28 AdaAda Lovelace"),
		"change-pickers": passes("date 2026-11-21 1 change", "color #ff8800 1 change", "range 7 1 change"),
		"change-select":  passes("choice b 1 change"),
		"change-rich":    passes("rich hello"),
		"change-plain":   fails("assertion", "cannot be filled"),
		"change-locked":  fails("step_timeout", "read"),

		"key-submit": passes("keydown g KeyG false", "input g", "keyup g KeyG false", "keydown o KeyO false", "input go", "keyup o KeyO false",
			"keydown Enter Enter false", "done ?q=go"),
		"key-return": passes("keydown Enter Enter false", "done ?q="),
		"key-shift": passes("keydown Shift ShiftLeft true", "keydown A KeyA true", "input A", "keyup A KeyA true", "keyup Shift ShiftLeft false",
			"keydown a KeyA false", "input Aa", "keyup a KeyA false"),
		"key-target": passes("main key x"),
		"press":      passes("keydown Shift ShiftLeft true", "keydown A KeyA true", "input A", "keyup A KeyA true", "keyup Shift ShiftLeft false"),

		"popup":            passes("child ?popup", "child left", "main clicked"),
		"tab":              passes("child ?tab"),
		"popup-viewport":   passes(),
		"close-main":       passes("child ?popup"),
		"close-then-click": fails("crash", "closed"),
		"target-absent":    fails("step_timeout", "no page or frame has the address"),
		"frame-by-index":   passes("frame ?a", "frame ?nested"),
		"frame-by-target":  passes("frame ?other", "frame ?other"),
		"frame-absent":     fails("step_timeout", "frame [7]: frame not found"),
		"frame-navigation": passes("frame ?next"),

		"network-offline": passes("online", "note offline"),
		"network-slow":    passes("online"),
	}
}

func waitCases() map[string]outcome {
	return map[string]outcome{
		"wait-defaults":              passes(),
		"wait-at-least":              passes(),
		"wait-equal":                 passes(),
		"wait-at-most":               passes(),
		"wait-count-fails":           fails("assertion", "found 3 times"),
		"wait-gone":                  passes(),
		"wait-visible-is-not-css":    passes(),
		"wait-invisible-is-negation": fails("assertion", ""),
		"wait-attributes":            passes(),
		"wait-attributes-fail":       fails("assertion", "lang"),
		"wait-properties":            passes(),
		"wait-properties-fail":       fails("assertion", "model"),
		"wait-first-alternative":     passes(),
		"expression":                 passes(),
		"expression-promise":         passes(),
		"expression-throws-first":    passes(),
		"expression-false":           fails("assertion", "it is false"),
		"expression-frame":           passes(),
		"custom-unknown":             fails("broken", `unknown custom step "dance"`),
		"custom-own":                 passes("box true", "pick 2", "box false", "done ?opened"),
		"custom-see-fails":           fails("assertion", "its text is"),
		"follow-link":                passes("done ?fast"),
		"follow-slow-link":           passes("done ?slow"),
		"follow-later":               passes("done ?later"),
		"follow-hash":                passes("hash #part"),
		"follow-push":                passes(),
		"follow-nothing":             fails("navigation", "no navigation followed within 4s"),
		"follow-dead-link":           fails("navigation", "ERR_"),
		"follow-missing":             fails("request", "missing.html answered 404"),
		"follow-while-waiting":       passes("done ?later"),
	}
}

func readyCases() map[string]outcome {
	return map[string]outcome{
		"selector-css":        passes("css"),
		"selector-prefix":     passes("css"),
		"selector-aria":       passes("aria"),
		"selector-nameless":   passes("nameless"),
		"selector-text":       passes("text"),
		"selector-xpath":      passes("xpath 2"),
		"selector-pierce":     passes("deep"),
		"selector-chain":      passes("deep"),
		"selector-mixed":      passes("shadow"),
		"selector-race":       passes("css"),
		"selector-none":       fails("step_timeout", "not found"),
		"ready-enabled":       passes("enabled"),
		"ready-stable":        passes("moved true"),
		"ready-late":          passes("hydrated"),
		"ready-redrawn":       passes("redrawn"),
		"ready-under-sticky":  passes("under"),
		"ready-label":         passes("agreed true"),
		"ready-dialogs":       passes("confirm false", "prompt "),
		"ready-covered":       fails("covered", "veil"),
		"ready-uncovered":     passes("uncovered true"),
		"ready-document-open": passes("1"),
		"ready-beforeunload":  passes("done "),
		"call-refused":        passes("who 401"),
		"call-broken":         fails("request", "/status/500 answered 500", "bad 500"),
		"call-broken-allowed": passes("bad 500"),
		"call-broken-warned":  passes("bad 500"),
		"exception":           fails("exception", "loose screw"),
		"exception-allowed":   passes(),
		"soft":                fails("assertion", "step 3 of 4", "note"),
		"budget":              passes().warning("over its budget of 100ms"),
		"cleanup":             fails("assertion", "step 3 of 6", "note"),
		"timeout-of-flow":     fails("assertion", "not found"),
		"timeout-ignored":     passes(),
		"unknown-fields":      passes(),
		"nothing":             fails("broken", "asserts nothing", "done "),
		"empty":               fails("broken", "asserts nothing"),
	}
}

// TestConformance plays every row of the recording format, its traps included,
// on both browsers, and compares what the page itself saw.
func TestConformance(t *testing.T) {
	t.Parallel()
	all := conformance()
	files, err := filepath.Glob("testdata/recordings/*.json")
	if err != nil || len(files) != len(all) {
		t.Fatalf("there are %d recordings for %d cases (%v)", len(files), len(all), err)
	}
	for kind, bin := range browsers(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				name := strings.TrimSuffix(filepath.Base(file), ".json")
				want, ok := all[name]
				if !ok {
					t.Errorf("nothing is expected of %s", name)
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					conform(t, bin, file, want)
				})
			}
		})
	}
}

func conform(t *testing.T, bin browser.Binary, file string, want outcome) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	site := newVenue(t)
	doc := strings.NewReplacer("http://site.test", site.URL, "http://other.test", site.other()).Replace(string(raw))
	j, err := journey.Parse(filepath.Base(file), []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{shelf: &shelf{data: map[string][]byte{}}}
	s.Runner = New(Options{Binary: bin, Blobs: s.shelf, Dir: t.TempDir()})
	s.req = Request{
		Look:    watch.Look{Base: site.URL, Kind: signal.Journey, Name: "conformance", Round: 1},
		Journey: j, Timeout: 60 * time.Second,
	}
	got := s.run(t, t.Context())
	class := ""
	switch {
	case got.Outcome == signal.Broken:
		class = "broken"
	case got.Failure != nil:
		class = got.Failure.Class
	}
	if class != want.class || !strings.Contains(got.Summary, want.words) {
		t.Errorf("got %s %s: %s; want %q with %q", got.Outcome, class, got.Summary, want.class, want.words)
	}
	if diff := cmp.Diff(site.seen(), want.log); diff != "" && !(len(want.log) == 0 && len(site.seen()) == 0) {
		t.Errorf("the pages saw (-got +want):\n%s", diff)
	}
	if warned := warnings(got); want.warns != "" && !strings.Contains(warned, want.warns) {
		t.Errorf("got warnings %q, want %q", warned, want.warns)
	}
}

func warnings(s signal.Signal) string {
	var out []string
	for _, step := range s.Steps {
		for _, l := range step.Console {
			if l.Level == "warning" {
				out = append(out, l.Text)
			}
		}
	}
	return strings.Join(out, "\n")
}
