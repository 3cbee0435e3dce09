package player

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

const (
	shopPassword = "hunter2-Ünder&<cover>"
	shopKey      = "JBSWY3DPEHPK3PXP"
)

// shop is an application with sign-in by password and one-time code, a basket
// and an API.
type shop struct {
	mu     sync.Mutex
	orders map[string]string
	calls  []string
	log    []string // what came with writes
}

func (s *shop) handler() http.Handler {
	m := http.NewServeMux()
	page := func(w http.ResponseWriter, title, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang=en><link rel=icon href=data:,><title>%s</title><main>%s</main>`, title, body)
	}
	m.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		page(w, "Sign in", `<form method=post><label>E-mail <input name=mail></label><label>Password <input name=pw type=text autocomplete=off></label>
			<label>Code <input name=code></label><p id=echo></p><button>Sign in</button></form>
			<script>document.querySelector('[name=pw]').oninput = (e) => { document.querySelector('#echo').textContent = 'You typed ' + e.target.value }</script>`)
	})
	m.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ok, _ := totp.ValidateCustom(r.FormValue("code"), shopKey, time.Now(), totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix})
		if r.FormValue("pw") != shopPassword || !ok || !strings.HasSuffix(r.FormValue("mail"), "@example.com") {
			page(w, "Sign in", "<p>Wrong: "+r.FormValue("pw"))
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "signed-in-0123456789", Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	signed := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI())
			s.mu.Unlock()
			if c, err := r.Cookie("session"); err != nil || c.Value != "signed-in-0123456789" {
				http.Error(w, `{"error":"not signed in"}`, http.StatusForbidden)
				return
			}
			next(w, r)
		}
	}
	m.HandleFunc("GET /{$}", signed(func(w http.ResponseWriter, r *http.Request) {
		var list strings.Builder
		if c, err := r.Cookie("basket"); err == nil {
			for g := range strings.SplitSeq(c.Value, ".") {
				fmt.Fprintf(&list, "<li>%s</li>", g)
			}
		}
		page(w, "Gifts", `<h1>Gifts</h1><ul>`+list.String()+`</ul><p data-testid=count>`+fmt.Sprint(strings.Count(list.String(), "<li>"))+`</p>
			<section aria-label=Sled><button>Add to basket</button></section><section aria-label=Kite><button>Add to basket</button></section>
			<label>Size <select><option value=s>Small</option><option value=l>Large</option></select></label><label><input type=checkbox> I agree</label>
			<script>for (const b of document.querySelectorAll('section button')) b.onclick = () => {
				const had = (document.cookie.match(/basket=([^;]*)/) || [])[1], name = b.parentElement.getAttribute('aria-label');
				document.cookie = 'basket=' + (had ? had + '.' : '') + name; location.reload() }</script>`)
	}))
	m.HandleFunc("POST /api/orders", signed(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Name, Gift string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.orders["7/x"] = in.Name
		s.log = append(s.log, in.Name, in.Gift)
		http.SetCookie(w, &http.Cookie{Name: "basket", Value: "Ordered", Path: "/"})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/api/orders/7%2Fx")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"7/x","n":9007199254740993,"total":12.5,"items":[{"name":"Sled"},{"name":"Kite"}],"paid":false}`)
	}))
	m.HandleFunc("DELETE /api/orders/{id}", signed(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.orders, r.PathValue("id"))
		fmt.Fprintf(w, `{"remaining":%d}`, len(s.orders))
	}))
	return m
}

const signIn = `
title: sign in
steps:
  - open: /login
  - fill: { label: E-mail, with: "test+{{run.short}}@example.com" }
  - fill: { label: Password, with: "{{secret.shop_password}}" }
  - see: You typed
  - code: { totp: "{{secret.totp}}", save: otp }
  - fill: { label: Code, with: "{{otp}}" }
  - click: Sign in
  - see: { url: /, title: Gifts }
`

// story is a run of a YAML journey against the shop.
func story(t *testing.T, files map[string]string) (*scene, *shop) {
	t.Helper()
	s := &shop{orders: map[string]string{}}
	sc := newScene(t, s.handler(), `{"type":"navigate","url":"§/"}`)
	files["sign-in.yaml"] = signIn
	dir := tree(t, files)
	data, err := os.ReadFile(filepath.Join(dir, "main.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sc.req.Secrets = map[string]string{"shop_password": shopPassword, "totp": shopKey}
	sc.req.Vars = map[string]string{"child": "Grace \"H\""}
	sc.req.Journey, err = journey.Load(filepath.Join(dir, "main.yaml"), data, journey.LoadOptions{Vars: sc.req.Vars, SecretNames: []string{"shop_password", "totp"}})
	if err != nil {
		t.Fatal(err)
	}
	return sc, s
}

func TestStoryBooksGifts(t *testing.T) {
	t.Parallel()
	sc, app := story(t, map[string]string{"main.yaml": `
title: Book gifts
vars: { child: Ada, note: "for {{child}}" }
timeout: 25s
use: [sign-in.yaml]
steps:
  - run: gifts.yaml
  - api:
      post: /api/orders
      json: { name: "{{note}}", gift: Kite }
      expect: { status: 201, $.id: 7/x, $.total: 12.5, $.paid: false, "$.items[*].name": Kite, $.items: { more: 1 }, $.none: absent, header content-type: contains json }
      save: { order: $.id, n: $.n, at: header Location }
  - open: "/?q={{order}}&n={{n}}"
  - see: Ordered
  - see: { url: "/?q=7%2Fx&n=9007199254740993" }
clean up:
  - api: { delete: "/api/orders/{{order}}", expect: { status: [200, 404] }, left: $.remaining }
`, "gifts.yaml": `
each: [{ gift: Sled, n: 1 }, { gift: Kite, n: 2 }]
steps:
  - click: { role: button, name: Add to basket, inside: { role: region, name: "{{gift}}" } }
  - see: { testid: count, text: "{{n}}" }
  - see: { role: listitem, count: "{{n}}" }
  - run: choose.yaml
`, "choose.yaml": `
steps:
  - select: { label: Size, option: Large }
  - check: I agree
  - see: { label: I agree, checked: true }
  - not see: "{{gift}} is sold out"
  - until: "document.querySelector('select').value === 'l'"
`})
	got := sc.run(t, t.Context())
	if got.Outcome != signal.Pass {
		for _, s := range got.Steps {
			t.Logf("%d %s %s: %s %s", s.Index, s.Type, s.Title, s.Outcome, s.Message)
		}
		t.Fatalf("%s: %s", got.Outcome, got.Summary)
	}
	if diff := cmp.Diff(app.log, []string{`for Grace "H"`, "Kite"}); diff != "" {
		t.Error(diff)
	}
	if got.Left == nil || *got.Left != 0 || len(app.orders) != 0 {
		t.Errorf("left %v, orders %v", got.Left, app.orders)
	}
	app.mu.Lock()
	defer app.mu.Unlock()
	if c := app.calls[len(app.calls)-1]; c != "DELETE /api/orders/7%2Fx" {
		t.Errorf("the clean-up called %s", c)
	}
	holdsNoSecret(t, sc, got)
}

// holdsNoSecret looks through everything that was kept.
func holdsNoSecret(t *testing.T, sc *scene, got signal.Signal) {
	t.Helper()
	wire, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string][]byte{"signal": wire}
	for key, data := range sc.shelf.data {
		kept[key] = data
	}
	quoted, _ := json.Marshal(shopPassword)
	for _, secret := range []string{shopPassword, "hunter2", strings.Trim(string(quoted), `"`), shopKey, "signed-in-0123456789"} {
		for key, data := range kept {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", key, secret)
			}
		}
	}
}

func TestStoryHidesSecretsInPictures(t *testing.T) {
	t.Parallel()
	sc, _ := story(t, map[string]string{"main.yaml": "title: t\ntimeout: 25s\nsteps:\n  - run: sign-in.yaml\n"})
	sc.req.Journey.Steps = sc.req.Journey.Steps[:3]
	sc.req.Journey.Steps[2].Title += " {{secret.shop_password}}"
	got := sc.run(t, t.Context())
	if got.Outcome != signal.Pass {
		t.Fatal(got.Summary)
	}
	before, after := sc.picture(t, got.Steps[1].Screenshot), sc.picture(t, got.Steps[2].Screenshot)
	if covered(before) != 0 {
		t.Error("something is covered before the secret is typed")
	}
	if n := covered(after); n < 1000 {
		t.Errorf("%d pixels are covered: the field and the line that repeats it are not", n)
	}
	if got.Steps[2].Title != "fill Password •••" {
		t.Errorf("title %q", got.Steps[2].Title)
	}
	holdsNoSecret(t, sc, got)
}

func (s *scene) picture(t *testing.T, key string) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(s.shelf.data[key]))
	if err != nil {
		t.Fatalf("picture %q: %v", key, err)
	}
	return img
}

// covered counts the pixels of the veil's colour.
func covered(img image.Image) int {
	n := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			c := color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
			if c > 0x7a && c < 0x86 {
				n++
			}
		}
	}
	return n - n%100 // edges of letters
}

func TestStoryFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps, class, message string
		outcome               signal.Outcome
		spec                  product.Journey
	}{
		"status": {
			"- api: {get: /}", "assertion", "answered 403, not 200–299: {\"error\":\"not signed in\"}", signal.Fail, product.Journey{},
		},
		"value": {
			"- run: sign-in.yaml\n  - api: {post: /api/orders, json: {}, expect: {$.total: 13, $.items: {less: 2}, body: contains nothing}}", "assertion",
			`$.items is [{"name":"Sled"},{"name":"Kite"}], wanted less 2; $.total is 12.5, wanted equals 13; the body is`, signal.Fail,
			product.Journey{},
		},
		"host": {
			"- api: {get: 'http://other.example/x'}", "fence", "other.example/x is a host that is not declared", signal.Fail, product.Journey{Hosts: []string{"*.cdn.example"}},
		},
		"write": {
			"- api: {post: /api/orders, json: {}}", "fence", "a write that is not declared", signal.Fail, product.Journey{Writes: []string{"POST /login"}},
		},
		"refused": {
			"- api: {get: 'http://127.0.0.1:1/x'}", "request", "GET http://127.0.0.1:1/x failed: dial tcp", signal.Fail, product.Journey{},
		},
		"missing": {"- see: '{{later}}'", "", "variable {{later}} has no value", signal.Broken, product.Journey{}},
		"unsaved": {
			"- soft: true\n    api: {get: /, save: {order: $.id}}\n  - api: {get: '/{{order}}'}", "assertion", "the step “get /” has not saved it", signal.Fail, product.Journey{},
		},
		"ambiguous": {"- run: sign-in.yaml\n  - click: {role: button, name: Add}", "", "2", signal.Fail, product.Journey{}},
		"unseen":    {"- see: {url: /other}\n    within: 300ms", "assertion", "/other", signal.Fail, product.Journey{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, _ := story(t, map[string]string{"main.yaml": "title: t\ntimeout: 25s\nsteps:\n  - open: /login\n"})
			dir := tree(t, map[string]string{"sign-in.yaml": signIn})
			j, err := journey.Load("t.yaml", []byte("title: t\ntimeout: 25s\nsteps:\n  - open: /login\n  "+strings.Replace(c.steps, "\n  - click", "\n  - within: 1s\n    click", 1)+"\n"), journey.LoadOptions{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			sc.req.Journey, sc.req.Spec = j, c.spec
			got := sc.run(t, t.Context())
			if got.Outcome != c.outcome || !strings.Contains(got.Summary, c.message) {
				t.Fatalf("got %s: %s", got.Outcome, got.Summary)
			}
			if c.class != "" && got.Failure.Class != c.class {
				t.Errorf("class %s, want %s", got.Failure.Class, c.class)
			}
			if c.class == "fence" && len(got.Blocked) != 1 {
				t.Errorf("blocked: %+v", got.Blocked)
			}
		})
	}
}

func TestStoryCleansUpWhatWasMade(t *testing.T) {
	t.Parallel()
	sc, _ := story(t, map[string]string{"main.yaml": `
title: t
steps:
  - open: /login
  - see: { text: Never, within: 200ms }
  - api: { post: /api/orders, json: {}, save: { order: $.id } }
clean up:
  - api: { delete: "/api/orders/{{order}}" }
`})
	got := sc.run(t, t.Context())
	if got.Outcome != signal.Fail || got.Left != nil {
		t.Fatalf("%s: %s, left %v", got.Outcome, got.Summary, got.Left)
	}
	if last := got.Steps[3]; !last.Cleanup || last.Outcome != "" || !strings.Contains(last.Message, "nothing to clean up") {
		t.Errorf("%+v", last)
	}
}
