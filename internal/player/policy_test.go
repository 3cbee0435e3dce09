package player

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
)

func TestAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"/api/me", "https://h.example/api/me", true},
		{"/api/me", "https://h.example/api/me?x=1", true},
		{"/api/me", "https://h.example/api/men", false},
		{"/api/me", "https://h.example/v2/api/me", false},
		{"*/api/me", "https://h.example/v2/api/me", true},
		{"…/api/me", "https://h.example/v2/api/me?x", true},
		{"https://h.example/api/*", "https://h.example/api/a/b", true},
		{"https://h.example/api/*", "https://other.example/api/a/b", false},
		{"h.example/api/*", "https://h.example/api/a", true},
		{"ResizeObserver loop", "Error: ResizeObserver loop completed with undelivered notifications.", true},
		{"Script*at x", "ScriptError: bad thing at x.js", true},
		{"Other", "TypeError: x is not a function", false},
		{"", "anything", false},
		{"api", "https://h.example/api/me", false},
	} {
		if got := allows(c.pattern, c.text); got != c.want {
			t.Errorf("allows(%q, %q): got %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func TestStarvedMachineIsNotThePagesFault(t *testing.T) {
	t.Parallel()
	timeout := &cause{Failure: signal.Failure{Class: "step_timeout", Message: "not found"}}
	for name, c := range map[string]struct {
		delays []time.Duration
		class  string
		want   bool
	}{
		"idle":        {[]time.Duration{0, time.Millisecond}, "step_timeout", false},
		"one hiccup":  {[]time.Duration{2 * time.Second}, "step_timeout", false},
		"starved":     {[]time.Duration{1500 * time.Millisecond, 1100 * time.Millisecond}, "step_timeout", true},
		"asleep":      {[]time.Duration{time.Hour}, "deadline", true},
		"not of time": {[]time.Duration{time.Hour}, "exception", false},
	} {
		p := &play{}
		for _, d := range c.delays {
			p.pulse.took(d)
		}
		f := *timeout
		f.Class = c.class
		if got := p.starved(&f); (got != "") != c.want || (c.want && !strings.Contains(got, "this machine is overloaded")) {
			t.Errorf("%s: got %q, want starved %v", name, got, c.want)
		}
	}
}

func TestNoNetworkIsNotThePagesFault(t *testing.T) {
	t.Parallel()
	p := &play{journey: &journey.Journey{Steps: []journey.Step{{Type: journey.Navigate}}}, records: make([]record, 1)}
	p.err = errors.Join(&browser.NavigationError{URL: "https://h.example/", Reason: "net::ERR_INTERNET_DISCONNECTED"})
	if !p.offline() {
		t.Error("got a page's fault for a machine without a network")
	}
	p.journey.Steps = append(p.journey.Steps, journey.Step{Type: journey.EmulateNetwork})
	if p.offline() {
		t.Error("got our fault for a network that the journey cut")
	}
}

func TestFence(t *testing.T) {
	t.Parallel()
	third := stranger(t)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, `<button id="read" onclick="fetch('`+third.URL+`/missing/x').catch(() => {})">Read</button>
				<button id="write" onclick="fetch('/orders', {method: 'POST', body: 'x'}).catch(() => {})">Write</button>
				<button id="test" onclick="fetch('/api/test-1', {method: 'POST', body: 'x'}).then(() => { document.title = 'kept' })">Test</button>`)
		}
	}
	s := newScene(t, http.HandlerFunc(h), open, click(`"#read"`), expect("window.never"))
	s.req.Spec.Hosts = []string{"pay.example"}
	got := s.run(t, t.Context())
	wantFail(t, got, "fence", got.Failure.Step, "stopped at the fence: GET "+third.URL+"/missing/x is a host that is not declared")
	if len(got.Blocked) != 1 || got.Blocked[0].URL != third.URL+"/missing/x" {
		t.Errorf("got blocked %+v", got.Blocked)
	}

	s = newScene(t, http.HandlerFunc(h), open, click(`"#test"`), expect("document.title === 'kept'"), click(`"#write"`), expect("window.never"))
	s.req.Spec.Writes = []string{"POST /api/test-*"}
	got = s.run(t, t.Context())
	wantFail(t, got, "fence", got.Failure.Step, "POST "+s.site.URL+"/orders is a write that is not declared")
	if got.Failure.Step < 4 {
		t.Errorf("got a failure at step %d, want one after the declared write", got.Failure.Step)
	}
}

func TestSoftBudgetAndCleanup(t *testing.T) {
	t.Parallel()
	missing := `{"type":"waitForElement","selectors":["#none"],"timeout":300`
	s := newScene(t, page(`<p>up`), open, missing+`,"x-soft":true}`, missing+`,"x-soft":true,"x-budget":10}`, expect("1 === 1"),
		`{"type":"waitForExpression","expression":"document.title = 'cleaned'","x-cleanup":true}`, missing+`,"x-cleanup":true}`)
	got := s.run(t, t.Context())
	if got.Outcome != signal.Fail || got.Failure.Class != "assertion" || got.Failure.Step != 2 {
		t.Fatalf("got %s: %s", got.Outcome, got.Summary)
	}
	var outcomes []signal.Outcome
	for _, step := range got.Steps {
		outcomes = append(outcomes, step.Outcome)
	}
	if diff := cmp.Diff(outcomes, []signal.Outcome{"pass", "fail", "fail", "pass", "pass", "fail"}); diff != "" {
		t.Error(diff)
	}
	if got.Soft != 2 || got.Over != 1 || got.Left == nil || *got.Left != 1 || !got.Steps[4].Cleanup || !got.Steps[2].Over {
		t.Errorf("got soft %d, over %d, left %v", got.Soft, got.Over, got.Left)
	}
}

func TestHeadedNeedsADisplay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	s := newScene(t, page(`<p>`), open, expect("1 < 2"))
	s.req.Headed = true
	got := s.run(t, t.Context())
	if got.Outcome != signal.Broken || !strings.Contains(got.Summary, "there is no display") {
		t.Errorf("got %s: %s", got.Outcome, got.Summary)
	}
}
