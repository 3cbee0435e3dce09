package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// ask sends one request as a person; who is a session of the fixture.
func ask(t *testing.T, h http.Handler, method, path, who string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if who != "" {
		r.AddCookie(&http.Cookie{Name: "postflight", Value: who})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryRouteChecksItsRole(t *testing.T) {
	t.Parallel()
	routes := (&site{}).routes()
	for _, rt := range routes {
		if rt.need == "" || strings.Contains(rt.pattern, "/live") || rt.pattern == "GET /" {
			continue
		}
		method, path := concrete(rt.pattern)
		for _, who := range []string{"", "stolen", "viewer", "responder", "admin"} {
			t.Run(method+path+" as "+who, func(t *testing.T) {
				t.Parallel()
				w := fullWorld()
				role := w.sessions[who].Role
				got := ask(t, New(w.options(t)), method, path, who, filled)
				switch {
				case role == "" && method == http.MethodPost && got.Code != http.StatusUnauthorized,
					role == "" && method == http.MethodGet && (got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/sign-in")):
					t.Errorf("signed out: status %d to %q", got.Code, got.Header().Get("Location"))
				case role != "" && !role.Allows(rt.need) && got.Code != http.StatusForbidden:
					t.Errorf("role %s: status %d, want 403", role, got.Code)
				case role.Allows(rt.need) && got.Code >= 400:
					t.Errorf("role %s: status %d: %s", role, got.Code, got.Body)
				}
				if !role.Allows(rt.need) && len(w.calls) > 0 {
					t.Errorf("a person without the role reached the desk: %q", w.calls)
				}
			})
		}
	}
}

func TestControlsAreHiddenFromThoseWhoMayNot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ path, control, from, to string }{
		{"/releases/r42", "Roll back now", "viewer", "responder"},
		{"/releases/r42", ">Acknowledge<", "viewer", "responder"},
		{"/incidents/INC-12", "Add the note", "viewer", "responder"},
		{"/incidents/INC-12/postmortem", "<textarea", "viewer", "responder"},
		{"/drills", `action="/drills"`, "responder", "admin"},
		{"/", `href="/settings"`, "responder", "admin"},
	} {
		h := New(burning().options(t))
		if body := ask(t, h, "GET", tc.path, tc.from, nil).Body.String(); strings.Contains(body, tc.control) {
			t.Errorf("%s shows %q to a %s", tc.path, tc.control, tc.from)
		}
		if body := ask(t, h, "GET", tc.path, tc.to, nil).Body.String(); !strings.Contains(body, tc.control) {
			t.Errorf("%s hides %q from a %s", tc.path, tc.control, tc.to)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	for _, head := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}},
		{"Origin": {"https://evil.example"}},
		{"Origin": {"null"}},
	} {
		w := burning()
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/releases/r42/rollback", nil)
		r.AddCookie(&http.Cookie{Name: "postflight", Value: "admin"})
		for k, v := range head {
			r.Header[k] = v
		}
		rec := httptest.NewRecorder()
		New(w.options(t)).ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden || len(w.calls) > 0 {
			t.Errorf("%v: status %d, calls %q", head, rec.Code, w.calls)
		}
	}
}

func TestWhatPeopleAskForReachesTheDesk(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		path, who string
		form      url.Values
		want      string // call; "" for a refusal
		to        string
	}{
		{"/incidents/INC-12", "responder", url.Values{"verb": {"acknowledge"}}, "command INC-12 acknowledge Rosa Weber  0", "/incidents/INC-12?done=acknowledged"},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"note"}, "text": {" two\r\nlines "}}, "command INC-12 note Rosa Weber two\nlines 0", "/incidents/INC-12?done=noted"},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"severity"}, "severity": {"3"}}, "command INC-12 severity Rosa Weber  3", "/incidents/INC-12?done=severity"},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"false_alarm"}}, "command INC-12 false_alarm Rosa Weber  0", "/incidents/INC-12?done=dismissed"},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"severity"}, "severity": {"0"}}, "", ""},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"note"}}, "", ""},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"drop table"}}, "", ""},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"note"}, "text": {strings.Repeat("a", maxText+1)}}, "", ""},
		{"/incidents/INC-12", "responder", url.Values{"verb": {"note"}, "text": {"\xff"}}, "", ""},
		{"/releases/r42/rollback", "responder", nil, "rollback r42 Rosa Weber", "/releases/r42?done=rollback"},
		{"/releases/r42/rollback", "responder", url.Values{"from": {"//evil.example"}}, "rollback r42 Rosa Weber", "/releases/r42?done=rollback"},
		{"/releases/r42/rollback", "responder", url.Values{"from": {"/incidents/INC-12"}}, "rollback r42 Rosa Weber", "/incidents/INC-12?done=rollback"},
		{"/drills", "admin", url.Values{"scenario": {"healthy"}}, "drill healthy Ada Lovell", "/drills/d-new"},
		{"/drills", "admin", url.Values{"scenario": {"rm -rf"}}, "", ""},
		{"/products/workshop/unpin", "admin", nil, "unpin workshop Ada Lovell", "/products/workshop?done=unpinned"},
		{"/products/nothing/unpin", "admin", nil, "", ""},
		{"/incidents/INC-12/postmortem", "responder", url.Values{"section": {"impact"}, "text": {"x"}}, "edit INC-12 impact x Rosa Weber", "/incidents/INC-12/postmortem?done=saved"},
		{"/incidents/INC-12/postmortem", "responder", url.Values{"section": {"nonsense"}, "text": {"x"}}, "", ""},
		{"/settings/revoke", "admin", url.Values{"id": {"g1"}}, "revoke g1", "/settings?done=revoked"},
		{"/settings/tokens", "admin", url.Values{"name": {"ci"}, "role": {"root"}}, "", ""},
		{"/settings/tokens", "admin", url.Values{"name": {" "}, "role": {"viewer"}}, "", ""},
	} {
		w := fullWorld()
		got := ask(t, New(w.options(t)), "POST", tc.path, tc.who, tc.form)
		if tc.want == "" {
			if len(w.calls) > 0 || got.Code < 400 || got.Code >= 500 {
				t.Errorf("%s %v: status %d, calls %q; want a refusal", tc.path, tc.form, got.Code, w.calls)
			}
			continue
		}
		if diff := cmp.Diff(w.calls, []string{tc.want}); diff != "" {
			t.Errorf("%s: calls differ (-got +want)\n%s", tc.path, diff)
		}
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != tc.to {
			t.Errorf("%s: %d to %q, want %q", tc.path, got.Code, got.Header().Get("Location"), tc.to)
		}
	}
}

func TestASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	h := New(fullWorld().options(t))
	for _, tc := range []struct{ path, want string }{
		{"/settings/tokens", "pf_SECRETTOKEN"}, {"/settings/links", "/sign-in?link=pf_SECRETLINK"},
	} {
		got := ask(t, h, "POST", tc.path, "admin", url.Values{"name": {"ci"}, "role": {"responder"}})
		if !strings.Contains(got.Body.String(), tc.want) || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %v", tc.path, got.Code, got.Header())
		}
	}
	if body := ask(t, h, "GET", "/settings", "admin", nil).Body.String(); strings.Contains(body, "SECRET") {
		t.Error("the settings show a secret again")
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := emptyWorld()
	h := New(w.options(t))
	// A scanner follows the link, twice; the person presses the button.
	for range 2 {
		if got := ask(t, h, "GET", "/sign-in?link=pf_GOODLINK&next=/incidents", "", nil); got.Code != 200 || len(got.Result().Cookies()) > 0 {
			t.Fatalf("looking at the link: %d, cookies %v", got.Code, got.Result().Cookies())
		}
	}
	got := ask(t, h, "POST", "/sign-in", "", url.Values{"link": {"pf_GOODLINK"}, "next": {"/incidents"}})
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/incidents" || len(got.Result().Cookies()) != 1 {
		t.Fatalf("sign in: %d %v", got.Code, got.Header())
	}
	c := got.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	if got := ask(t, h, "GET", "/", c.Value, nil); got.Code != 200 || !strings.Contains(got.Body.String(), "Lin") {
		t.Errorf("with the session: %d", got.Code)
	}
	if got := ask(t, h, "POST", "/sign-in", "", url.Values{"link": {"pf_GOODLINK"}}); got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), "used already") {
		t.Errorf("second use: %d", got.Code)
	}
	if got := ask(t, h, "POST", "/sign-out", c.Value, nil); got.Code != http.StatusSeeOther {
		t.Errorf("sign out: %d", got.Code)
	}
	if got := ask(t, h, "GET", "/", c.Value, nil); got.Code != http.StatusSeeOther {
		t.Errorf("after signing out: %d", got.Code)
	}
	o := emptyWorld().options(t)
	o.Secure = true
	got = ask(t, New(o), "POST", "/sign-in", "", url.Values{"link": {"https://pf.example/sign-in?link=pf_GOODLINK"}})
	if c := got.Result().Cookies(); len(c) != 1 || !c[0].Secure || !strings.HasPrefix(c[0].Name, "__Host-") {
		t.Errorf("over https: cookies %v", c)
	}
}

func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"/incidents/INC-1?x=1": "/incidents/INC-1?x=1", "": "/", "//evil.example": "/", "https://evil.example": "/",
		`/\evil.example`: "/", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "relative": "/",
	} {
		if got := localPath(raw); got != want {
			t.Errorf("localPath(%q) = %q, want %q", raw, got, want)
		}
	}
}

// everyPage lists the addresses that show something in the full fixture.
var everyPage = []string{
	"/", "/products/workshop", "/products/gifts", "/products/ledger", "/releases/r42", "/releases/r43", "/incidents", "/incidents/INC-12", "/incidents/INC-11",
	"/incidents/INC-12/postmortem", "/incidents/INC-11/postmortem", "/drills", "/drills/d3", "/drills/d4", "/settings",
	"/events/101", "/events/103", "/events/105", "/sign-in", "/nowhere", "/releases/none",
}

func TestPagesHaveNothingInline(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`<script>|<style|\sstyle=|\son[a-z]+=|javascript:`)
	for name, w := range map[string]*world{"full": fullWorld(), "burning": burning(), "empty": emptyWorld()} {
		h := New(w.options(t))
		for _, path := range everyPage {
			got := ask(t, h, "GET", path, "admin", nil)
			if at := inline.FindString(got.Body.String()); at != "" {
				t.Errorf("%s %s: inline %q", name, path, at)
			}
			if csp := got.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: policy %q", path, csp)
			}
			if n := strings.Count(got.Body.String(), "<h1"); n != 1 {
				t.Errorf("%s %s: %d main headings", name, path, n)
			}
			ids := map[string]bool{}
			for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(got.Body.String(), -1) {
				if ids[m[1]] {
					t.Errorf("%s %s: id %q twice", name, path, m[1])
				}
				ids[m[1]] = true
			}
		}
	}
}

const evil = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>javascript:alert(1)`

// poison puts the evil string into every string that v holds, but for those
// that are keys or words of a fixed list.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				poison(v.Index(i))
			}
		}
	case reflect.String:
		v.SetString(evil + v.String())
	default:
	}
}

func TestNothingFromOutsideBecomesMarkup(t *testing.T) {
	t.Parallel()
	w := burning()
	rel, inc := w.releases["r42"], w.incidents[0]
	pm, dr := w.post["INC-12"], w.drills[1]
	rows := w.rows["workshop"]
	for _, v := range []any{&rel, &inc, &pm, &dr, &rows, &w.standings, &w.grants} {
		poison(reflect.ValueOf(v).Elem())
	}
	// The keys that the pages are found by stay.
	w.releases = map[release.ID]ReleaseView{"r42": rel}
	inc.Incident.ID = "INC-12"
	w.incidents = []IncidentView{inc}
	w.post = map[incident.ID]postmortem.Postmortem{"INC-12": pm}
	dr.ID = "d3"
	w.drills[1] = dr
	w.rows = map[product.ID][]Row{"workshop": rows}
	for i := range w.standings {
		w.standings[i].State.Product = w.products[i].ID
	}
	rel.Release.Product = "workshop"
	h := New(w.options(t))
	seen := 0
	for _, path := range everyPage {
		body := ask(t, h, "GET", path, "admin", nil).Body.String()
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") || strings.Contains(body, `"javascript:`) {
			t.Errorf("%s: text from outside became markup", path)
		}
		for _, m := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "http") && !strings.HasPrefix(m[1], "#") {
				t.Errorf("%s: address %q", path, m[1])
			}
		}
		seen += strings.Count(body, "&lt;script&gt;alert(1)")
	}
	if seen < 100 {
		t.Errorf("the poison was shown %d times only: the test looks at too little", seen)
	}
	if got := webURL("javascript:alert(1)"); got != "" {
		t.Errorf("webURL lets %q through", got)
	}
}

func TestErrorsTellPeopleWhatHelps(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	got := ask(t, New(w.options(t)), "GET", "/releases/none", "viewer", nil)
	if body := got.Body.String(); got.Code != 404 || !strings.Contains(body, "There is no release none") || !strings.Contains(body, "the product page lists them") {
		t.Errorf("missing release: %d %s", got.Code, body)
	}
	w.err = errors.New("dial tcp 10.0.0.7:5432: password=hunter2")
	got = ask(t, New(w.options(t)), "GET", "/", "viewer", nil)
	if body := got.Body.String(); got.Code != 500 || strings.Contains(body, "hunter2") || !strings.Contains(body, "number <code>") {
		t.Errorf("internal error: %d %s", got.Code, body)
	}
	if got := ask(t, New(fullWorld().options(t)), "POST", "/incidents", "admin", nil); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("posting to a page: %d, want 405", got.Code)
	}
}

func TestAPanickingReaderIsAnErrorPage(t *testing.T) {
	t.Parallel()
	o := fullWorld().options(t)
	o.Drills = nil
	if got := ask(t, New(o), "GET", "/drills", "admin", nil); got.Code != 500 || !strings.Contains(got.Body.String(), "Something went wrong") {
		t.Errorf("status %d", got.Code)
	}
}

func TestEvidenceCannotRun(t *testing.T) {
	t.Parallel()
	h := New(fullWorld().options(t))
	for _, tc := range []struct {
		key, ctype string
		inline     bool
		code       int
	}{
		{"2026/11/21/home.png", "image/png", true, 200},
		{"2026/11/21/console.json", "text/plain; charset=utf-8", true, 200},
		{"2026/11/21/page.html", "application/octet-stream", false, 200},
		{"2026/11/21/none.png", "", false, 404},
		{"2026/11/%2e%2e/%2e%2e/etc/passwd", "", false, 404},
		{".hidden", "", false, 404},
		{"a%5cb.png", "", false, 404},
	} {
		got := ask(t, h, "GET", "/evidence/"+tc.key, "viewer", nil)
		if got.Code == http.StatusMovedPermanently || got.Code == http.StatusTemporaryRedirect || got.Code == http.StatusPermanentRedirect {
			continue // the mux cleaned the path: it never reached the blobs
		}
		if got.Code != tc.code {
			t.Errorf("%s: status %d, want %d", tc.key, got.Code, tc.code)
		}
		if tc.code != 200 {
			continue
		}
		hd := got.Header()
		if hd.Get("Content-Type") != tc.ctype || hd.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(hd.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: headers %v", tc.key, hd)
		}
		if attached := strings.HasPrefix(hd.Get("Content-Disposition"), "attachment"); attached == tc.inline {
			t.Errorf("%s: attachment %v", tc.key, attached)
		}
	}
}

func TestAssetsAreFingerprinted(t *testing.T) {
	t.Parallel()
	h := New(emptyWorld().options(t))
	body := ask(t, h, "GET", "/sign-in", "", nil).Body.String()
	paths := regexp.MustCompile(`/static/[^"]+`).FindAllString(body, -1)
	if len(paths) < 3 {
		t.Fatalf("the page names %v", paths)
	}
	for _, p := range paths {
		got := ask(t, h, "GET", p, "", nil)
		if got.Code != 200 || !strings.Contains(got.Header().Get("Cache-Control"), "immutable") || got.Body.Len() == 0 {
			t.Errorf("%s: %d %v", p, got.Code, got.Header())
		}
		for _, font := range regexp.MustCompile(`url\(([^)]+)\)`).FindAllStringSubmatch(got.Body.String(), -1) {
			if f := ask(t, h, "GET", font[1], "", nil); f.Code != 200 || f.Header().Get("Content-Type") != "font/woff2" {
				t.Errorf("font %s: %d", font[1], f.Code)
			}
		}
	}
	if got := ask(t, h, "GET", "/static/../web.go", "", nil); got.Code == 200 {
		t.Error("a file outside the assets was served")
	}
}

func TestPagesSayWhatTheyMust(t *testing.T) {
	t.Parallel()
	full, burn, none := New(fullWorld().options(t)), New(burning().options(t)), New(emptyWorld().options(t))
	for _, tc := range []struct {
		h    http.Handler
		path string
		want []string
	}{
		{full, "/", []string{"Father Christmas Workshop", "2026.11.20-1", "held at", "Verifying the rollback", "answered 503, expected 200", "differs", "INC-12", "+3.40 s", "Every static file answers 500"}},
		{none, "/", []string{"Nothing was seen live yet", "No verdict yet", "none known", "not probed yet", "Never played"}},
		{burn, "/releases/r42", []string{"Broken release", "4.62 s after it went live", "Roll back now", ">H3<", "Step 3", "book.9c1b44.js:1:18342", "not reached", "2 of 2 passed", "0 of 4 passed", "new in 2026.11.21-1", "before 2026.11.21-1", "also broken in 2026.11.20-1", "page empty", "api.revision: 1 → 2", "No telemetry of the servers", "failing since"}},
		{burn, "/releases/r50", []string{"Observing", "No verdict yet", "the watch is not over"}},
		{full, "/releases/r42", []string{"not live any more", "This release is not live any more"}},
		{full, "/releases/r43", []string{"No verdict yet", "That is not the same as healthy", "Not crawled yet", "None came in", "Not run yet"}},
		{full, "/products/workshop", []string{"last good", "Remove the pin", "Inconclusive", "release directory, by itself, on proof"}},
		{full, "/products/ledger", []string{"No release yet", "not configured"}},
		{full, "/incidents/INC-12", []string{"Mitigated", "Not delivered", "550 5.1.1", "8 attempts", "next try", "2026.11.21-1 → 2026.11.20-1", "/events/103", "Told the front desk"}},
		{full, "/incidents/INC-11", []string{"No release is blamed", "No message has been written"}},
		{none, "/incidents", []string{"Nothing has gone wrong yet"}},
		{full, "/incidents/INC-12/postmortem", []string{`href="/events/104"`, "is unknown", "One family called the front desk.\nThey booked by phone.", "Download Markdown"}},
		{full, "/incidents/INC-11/postmortem", []string{"Not drafted yet"}},
		{full, "/drills/d1", []string{"Missed", "Nobody was paged within 60 s."}},
		{full, "/drills", []string{"7.80 s", "Score cards"}},
		{full, "/events/105", []string{"incident.opened", "&#34;broken_release&#34;"}},
		{full, "/settings", []string{"GitHub Actions, workshop", "Revoked", "Used"}},
	} {
		got := ask(t, tc.h, "GET", tc.path, "admin", nil)
		for _, want := range tc.want {
			if !strings.Contains(got.Body.String(), want) {
				t.Errorf("%s does not say %q (status %d)", tc.path, want, got.Code)
			}
		}
	}
	md := ask(t, full, "GET", "/incidents/INC-12/postmortem.md", "viewer", nil)
	if b, _ := io.ReadAll(md.Body); md.Code != 200 || !strings.HasPrefix(string(b), "# “Book a visit”") {
		t.Errorf("markdown: %d %s", md.Code, b)
	}
	if got := ask(t, full, "GET", "/incidents/INC-11/postmortem.md", "viewer", nil); got.Code != 404 {
		t.Errorf("markdown before the draft: %d", got.Code)
	}
}

// A green mark is a claim: nothing seen is never shown as good.
func TestNothingIsNeverGreen(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mark{
		"no verdict": lastVerdict(nil), "unknown verdict": verdictMark("new-state"), "no outcome": outcomeMark(""), "broken": outcomeMark("broken"),
		"unjudged": judgementMark(release.Unjudged), "no run": strip{}.mark(), "only other builds": strip{Other: 3, Looks: badSignals()[:1]}.mark(),
		"revoked": grantMark(access.Grant{Revoked: base}, base),
	} {
		if m.Tone == "good" || m.Word == "" {
			t.Errorf("%s is shown as %+v", name, m)
		}
	}
	if fresh := ask(t, New(burning().options(t)), "GET", "/releases/r50", "viewer", nil).Body.String(); strings.Contains(fresh, "Decided") || strings.Contains(fresh, "names nothing") {
		t.Error("a release under observation is shown as decided")
	}
	body := ask(t, New(emptyWorld().options(t)), "GET", "/products/workshop", "viewer", nil).Body.String()
	if strings.Contains(body, "tone-good") {
		t.Error("a product of which nothing is known shows green")
	}
}
