package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/sign"
	"github.com/postflight/postflight/internal/signal"
)

const (
	maxAnswer    = 1 << 20
	maxRedirects = 10
)

// callError is a request of an api step that failed, or that the fence stopped.
type callError struct{ signal.Failure }

func (e *callError) Error() string { return e.Message }

// reply is what came back at last.
type reply struct {
	url    string
	status int
	header http.Header
	body   []byte
	cut    bool // there is more of it
	took   time.Duration
}

// callAPI carries out an api step: one request with the browser's cookies, and
// what must come back.
func (p *play) callAPI(ctx context.Context, s journey.Step) error {
	c := s.API
	target, err := p.address(c.URL)
	if err != nil {
		return err
	}
	begin := time.Now()
	a, err := p.exchange(ctx, c, target)
	if err != nil {
		return err
	}
	a.took = time.Since(begin)
	p.note("api", fmt.Sprintf("%s %s answered %d in %d ms", c.Method, clip(a.url, 300), a.status, a.took.Milliseconds()))
	return p.examine(c, a)
}

// address is what an api step calls: absolute, or below the base.
func (p *play) address(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") {
		base, _, _ := strings.Cut(p.req.Look.Base, "?")
		base = strings.TrimSuffix(base, "/")
		if !strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "?") {
			base += "/"
		}
		raw = base + raw
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return nil, &recordingError{fmt.Sprintf("%q is no http or https address that can be called", clip(raw, 200))}
	}
	return u, nil
}

// exchange sends the request and follows redirects as a browser does.
func (p *play) exchange(ctx context.Context, c *journey.Call, target *url.URL) (*reply, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 256 << 10
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	method, body, first := c.Method, c.Body, target
	for hop := 0; ; hop++ {
		if err := p.outside(method, target); err != nil {
			return nil, err
		}
		q, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
		if err != nil {
			return nil, &recordingError{fmt.Sprintf("request %s %s: %s", method, clip(target.String(), 200), err)}
		}
		p.dress(ctx, q, c, target.Host == first.Host, body != "")
		r, err := client.Do(q)
		if err != nil {
			return nil, p.unanswered(ctx, q, err)
		}
		p.keepCookies(ctx, target, r)
		next := redirected(r)
		if next == nil {
			return p.answered(ctx, q, r)
		}
		r.Body.Close()
		if hop == maxRedirects {
			return nil, refusal(q, "request", fmt.Sprintf("was redirected more than %d times", maxRedirects))
		}
		if r.StatusCode < http.StatusTemporaryRedirect && method != http.MethodHead {
			method, body = http.MethodGet, ""
		}
		if next.Scheme != "http" && next.Scheme != "https" {
			return nil, refusal(q, "request", "was redirected to "+clip(next.Redacted(), 200))
		}
		target = next
	}
}

// redirected is where an answer sends us; nil when it does not.
func redirected(r *http.Response) *url.URL {
	switch r.StatusCode {
	case 301, 302, 303, 307, 308:
		if next, err := r.Location(); err == nil {
			return next
		}
	}
	return nil
}

// dress puts the headers on a request: the step's, the browser's cookies and,
// for the product's own hosts, the synthetic marker.
func (p *play) dress(ctx context.Context, q *http.Request, c *journey.Call, same, body bool) {
	q.Header.Set("User-Agent", strings.TrimSuffix("Mozilla/5.0 Postflight/"+p.o.Version, "/")+" (+synthetic)")
	q.Header.Set("Accept", "application/json, */*;q=0.8")
	for name, value := range c.Header {
		if !same && (name == "Authorization" || p.hide.text(value) != value) {
			continue // no secret goes where a redirect says
		}
		if name == "Content-Type" && !body {
			continue
		}
		q.Header.Set(name, value)
	}
	if p.first[journey.OriginOf(q.URL.String())] && p.req.Marker != nil {
		if marker := p.req.Marker(q.URL.Host); marker != "" {
			p.hide.secret(marker)
			q.Header.Set(sign.HeaderMarker, marker)
		}
	}
	var got struct {
		Cookies []struct{ Name, Value string } `json:"cookies"`
	}
	if err := p.page.Call(ctx, "Network.getCookies", map[string]any{"urls": []string{q.URL.String()}}, &got); err != nil {
		p.warn("the browser's cookies could not be read: " + clip(err.Error(), 200))
	}
	var pairs []string
	for _, k := range got.Cookies {
		pairs = append(pairs, k.Name+"="+k.Value)
	}
	if len(pairs) > 0 {
		q.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
}

// keepCookies gives the browser the cookies of an answer, as if it had got them.
func (p *play) keepCookies(ctx context.Context, from *url.URL, r *http.Response) {
	for i, c := range r.Cookies() {
		domain := strings.TrimPrefix(strings.ToLower(c.Domain), ".")
		if i >= 100 || domain != "" && !ownDomain(strings.ToLower(from.Hostname()), domain) {
			p.warn(fmt.Sprintf("cookie %q of %s is not accepted", clip(c.Name, 60), from.Host))
			continue
		}
		if len(c.Value) >= 8 {
			p.hide.secret(c.Value)
		}
		params := map[string]any{"name": c.Name, "url": from.Scheme + "://" + from.Host + from.EscapedPath()}
		if domain != "" && domain != strings.ToLower(from.Hostname()) {
			params["domain"] = "." + domain
		}
		if strings.HasPrefix(c.Path, "/") {
			params["path"] = c.Path
		}
		method := "Network.deleteCookies"
		if c.MaxAge >= 0 && (c.Expires.IsZero() || c.MaxAge > 0 || c.Expires.After(time.Now())) {
			method = "Network.setCookie"
			params["value"], params["secure"], params["httpOnly"] = c.Value, c.Secure, c.HttpOnly
			switch {
			case c.MaxAge > 0:
				params["expires"] = time.Now().Add(time.Duration(c.MaxAge) * time.Second).Unix()
			case !c.Expires.IsZero():
				params["expires"] = c.Expires.Unix()
			}
			if site := map[http.SameSite]string{http.SameSiteLaxMode: "Lax", http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None"}[c.SameSite]; site != "" {
				params["sameSite"] = site
			}
		}
		var done struct{ Success *bool }
		if err := p.page.Call(ctx, method, params, &done); err != nil || done.Success != nil && !*done.Success {
			p.warn(fmt.Sprintf("the browser does not take cookie %q of %s", clip(c.Name, 60), from.Host))
		}
	}
}

// ownDomain reports whether a host may set cookies for a domain.
func ownDomain(host, domain string) bool {
	if host == domain {
		return true
	}
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return strings.HasSuffix(host, "."+domain) && suffix != domain && strings.Trim(host, "0123456789.:") != ""
}

// answered reads the answer, within bounds.
func (p *play) answered(ctx context.Context, q *http.Request, r *http.Response) (*reply, error) {
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err != nil {
		return nil, p.unanswered(ctx, q, err)
	}
	a := &reply{url: q.URL.String(), status: r.StatusCode, header: r.Header, body: body}
	if len(body) > maxAnswer {
		a.body, a.cut = body[:maxAnswer], true
	}
	return a, nil
}

// unanswered explains a request without an answer.
func (p *play) unanswered(ctx context.Context, q *http.Request, err error) error {
	why := err.Error()
	if inner, ok := errors.AsType[*url.Error](err); ok {
		why = inner.Err.Error()
	}
	if ctx.Err() != nil {
		if stopped(err, context.Cause(ctx)) || errors.Is(context.Cause(ctx), context.Canceled) {
			return context.Cause(ctx)
		}
		why = "there was no answer in time"
	}
	return refusal(q, "request", "failed: "+clip(why, 300))
}

func refusal(q *http.Request, class, why string) error {
	return &callError{signal.Failure{
		Class: class, URL: q.URL.String(), Host: strings.ToLower(q.URL.Host),
		Message: fmt.Sprintf("%s %s %s", q.Method, clip(q.URL.String(), 300), why),
	}}
}

// outside refuses what the fence keeps a journey from: the rules that the
// browser's requests are held to.
func (p *play) outside(method string, u *url.URL) error {
	why := p.fence().Refuses(method, u.String())
	if why == "" {
		return nil
	}
	c := stoppedAtFence(browser.Blocked{At: time.Now(), URL: u.String(), Method: method, Reason: why})
	p.blocked = append(p.blocked, fenced([]browser.Blocked{{URL: u.String(), Method: method, Type: "API", Reason: why}})...)
	return &callError{c.Failure}
}

// decoded is the answer as JSON, whole numbers as int64.
func (a *reply) decoded() (any, error) {
	if a.cut {
		return nil, fmt.Errorf("the answer is larger than %d KiB", maxAnswer>>10)
	}
	d := json.NewDecoder(strings.NewReader(string(a.body)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the answer is no JSON: more follows the value")
	}
	return numbers(v), nil
}

// numbers turns json.Number into int64 or float64, as JSON paths know them.
func numbers(v any) any {
	switch t := v.(type) {
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n
		}
		f, err := t.Float64()
		if err != nil {
			return t.String()
		}
		return f
	case []any:
		for i := range t {
			t[i] = numbers(t[i])
		}
	case map[string]any:
		for k := range t {
			t[k] = numbers(t[k])
		}
	}
	return v
}
