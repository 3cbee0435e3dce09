package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/sign"
)

// Request is the body of a rollback webhook, signed as sign.Body says. Fields
// are added, never renamed or removed. The receiver moves the pointer and
// answers 2xx; it must take the same id twice as once.
type Request struct {
	Schema    int         `json:"schema"` // 1
	ID        string      `json:"id"`     // the same on every attempt
	Event     string      `json:"event"`  // "rollback"
	Product   string      `json:"product"`
	From      RequestSide `json:"from"` // the bad release
	To        RequestSide `json:"to"`   // the release to make live
	Incident  string      `json:"incident,omitempty"`
	By        string      `json:"by"`
	Automatic bool        `json:"automatic"`
	Reason    string      `json:"reason,omitempty"`
	Requested time.Time   `json:"requested_at"`
}

// RequestSide is one of the two releases of a Request.
type RequestSide struct {
	Release string `json:"release"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

func checkWebhook(r product.Rollback) error {
	u, err := url.Parse(r.Webhook)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fault.New(fault.Invalid, "the rollback webhook is not an absolute http(s) URL", "Correct rollback.webhook of the product.")
	}
	if r.Secret == "" {
		return fault.New(fault.Invalid, "the rollback webhook has no secret",
			"Make one with: openssl rand -hex 32")
	}
	return nil
}

// post performs a rollback by a signed webhook.
func (d *Deployer) post(ctx context.Context, r product.Rollback, o rollback.Order) (rollback.Performed, error) {
	commit, err := d.commit(ctx, o)
	if err != nil {
		return rollback.Performed{}, err
	}
	id := fmt.Sprintf("rollback/%s/%s/%s/%d", o.Product, o.Bad, o.Target, o.RequestedAt.Unix())
	body, err := json.Marshal(Request{
		Schema: 1, ID: id, Event: "rollback", Product: string(o.Product),
		From:     RequestSide{Release: string(o.Bad), Version: o.BadVersion},
		To:       RequestSide{Release: string(o.Target), Version: o.Version, Commit: commit},
		Incident: o.Incident, By: o.By, Automatic: o.Automatic, Reason: o.Reason, Requested: o.RequestedAt,
	})
	if err != nil {
		return rollback.Performed{}, fmt.Errorf("encode rollback request: %w", err)
	}
	now := time.Now()
	signature, err := sign.Body(r.Secret, now, body)
	if err != nil {
		return rollback.Performed{}, fmt.Errorf("sign rollback request: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, r.Webhook, bytes.NewReader(body))
	if err != nil {
		return rollback.Performed{}, fault.New(fault.Invalid, "the rollback webhook is not a URL", "Correct rollback.webhook of the product.")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Postflight")
	req.Header.Set(sign.HeaderID, strings.Map(visible, id))
	req.Header.Set(sign.HeaderTimestamp, sign.Timestamp(now))
	req.Header.Set(sign.HeaderSignature, signature)
	return d.exchange(req, r)
}

// exchange sends the request and sorts the answer.
func (d *Deployer) exchange(req *http.Request, r product.Rollback) (rollback.Performed, error) {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return rollback.Performed{}, unreachable(err, r)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxOutput))
	done := rollback.Performed{Detail: d.clean(fmt.Sprintf("answered %d\n%s", resp.StatusCode, raw), r.Secret)}
	text := fmt.Sprintf("the rollback webhook answered %d", resp.StatusCode)
	if last := lastLine(d.clean(string(raw), r.Secret)); last != "" {
		text += ": " + last
	}
	switch code := resp.StatusCode; {
	case code/100 == 2 && err == nil:
		done.Flipped = time.Now()
		return done, nil
	case code/100 == 2:
		return done, unreachable(err, r)
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return done, &temporary{fault: fault.New(fault.Unavailable, text, "Look at the receiver's log."), after: retryAfter(resp.Header)}
	case code/100 == 3:
		return done, fault.New(fault.Invalid, text, "Redirects are not followed: enter the final address.")
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return done, fault.New(fault.Denied, text, "Check that the receiver knows rollback.secret of the product.")
	}
	return done, fault.New(fault.Invalid, text, "Check rollback.webhook of the product, and the receiver's log.")
}

// unreachable explains an error of the connection. Asking again is safe: the
// id is the same.
func unreachable(err error, r product.Rollback) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address may hold a secret
	}
	text := "the rollback webhook cannot be reached: " + err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		text = fmt.Sprintf("the rollback webhook did not answer within %s", r.Timeout)
	}
	return &temporary{fault: fault.New(fault.Unavailable, text, "Check rollback.webhook of the product, and that its receiver runs.")}
}

// retryAfter reads Retry-After, in seconds or as a date, at most ten minutes:
// a rollback is urgent.
func retryAfter(h http.Header) time.Duration {
	const most = 10 * time.Minute
	raw := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), int64(most/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(raw); err == nil {
		return min(max(time.Until(at), 0), most)
	}
	return 0
}

func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return '_'
	}
	return r
}
