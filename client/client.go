// Package client talks to a Postflight server.
//
// It holds the wire types, once, and one typed method for each operation of
// the HTTP API. It depends on the standard library only, so that importing it
// costs nothing. Answers are bounded, every call ends, redirects are never
// followed (the token belongs to one server), and only reads are repeated.
// The command line uses it, and so may any program. Fields may be added to
// the types; none is renamed or removed within /api/v1.
package client

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
)

// Bounds of one call.
const (
	maxAnswer   = 16 << 20
	maxProblem  = 64 << 10
	callTimeout = 30 * time.Second
	readTries   = 3
	readPause   = 200 * time.Millisecond // doubles
	maxPause    = 5 * time.Second        // for a Retry-After as well
	// WaitMax is the longest time that one Wait may ask for.
	WaitMax = 60 * time.Second
)

// Client calls one server. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	token   string
	http    *http.Client
	agent   string
	timeout time.Duration
	tries   int
}

// Option changes a Client.
type Option func(*Client)

// WithTransport sends the calls through another transport.
func WithTransport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

// WithTimeout bounds each attempt of a call; the default is 30 s.
func WithTimeout(d time.Duration) Option { return func(c *Client) { c.timeout = d } }

// WithTries sets how often a read is tried; the default is 3, 1 means once.
func WithTries(n int) Option { return func(c *Client) { c.tries = max(n, 1) } }

// WithUserAgent names the program that calls.
func WithUserAgent(name string) Option { return func(c *Client) { c.agent = name } }

// New returns a client of the server at base, such as
// "https://postflight.example.com". The token may be empty for what needs
// none.
func New(base, token string, opts ...Option) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, &Error{Kind: Invalid, Message: fmt.Sprintf("%q is not the address of a server", base), Hint: "write it as http://host:port or https://host"}
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &Error{Kind: Invalid, Message: "the server's address must hold nothing but scheme, host and path", Hint: "the token has its own place"}
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &Error{Kind: Invalid, Message: "the token holds characters that no token has", Hint: "it is one word that begins with pf_"}
	}
	u.Path = strings.TrimRight(u.Path, "/")
	c := &Client{
		base: u, token: token, agent: "postflight-client", timeout: callTimeout, tries: readTries,
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	for _, o := range opts {
		o(c)
	}
	return c, nil
}

// Base returns the server's address.
func (c *Client) Base() string { return c.base.String() }

// call is one operation.
type call struct {
	method string
	path   []string // parts after /api/v1, unescaped
	query  url.Values
	accept string // "" means JSON
	body   any
	wait   time.Duration // on top of the timeout
}

// do performs a call and decodes the answer into out, which may be nil or
// *[]byte. Reads are repeated when the server cannot be reached or says that
// it is busy; anything else is sent once.
func (c *Client) do(ctx context.Context, k call, out any) error {
	var body []byte
	if k.body != nil {
		var err error
		if body, err = json.Marshal(k.body); err != nil {
			return fmt.Errorf("encode %s %s: %w", k.method, strings.Join(k.path, "/"), err)
		}
	}
	tries := 1
	if k.method == http.MethodGet {
		tries = c.tries
	}
	pause := readPause
	for try := 1; ; try++ {
		after, err := c.once(ctx, k, body, out)
		if err == nil || try >= tries || !IsKind(err, Unavailable) || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(min(max(pause, after), maxPause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		pause *= 2
	}
}

// once makes one attempt; after is what the server asked to wait.
func (c *Client) once(ctx context.Context, k call, body []byte, out any) (after time.Duration, err error) {
	bound, cancel := context.WithTimeout(ctx, c.timeout+k.wait)
	defer cancel()
	req, err := c.request(bound, k, body)
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return retryAfter(resp.Header), problemOf(resp)
	}
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return 0, nil
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, c.unreachable(ctx, err)
	}
	if len(raw) > maxAnswer {
		return 0, &Error{Kind: Internal, Status: resp.StatusCode, Message: "the server's answer is too large"}
	}
	if text, ok := out.(*[]byte); ok {
		*text = raw
		return 0, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return 0, &Error{
			Kind: Internal, Status: resp.StatusCode, Message: "the answer of " + c.Base() + " is not what a Postflight server says",
			Hint: "is this the address of a Postflight server?", Cause: err,
		}
	}
	return 0, nil
}

// request builds one attempt.
func (c *Client) request(ctx context.Context, k call, body []byte) (*http.Request, error) {
	u := *c.base
	for _, p := range append([]string{"api", "v1"}, k.path...) {
		if p == "" || p == "." || p == ".." {
			return nil, &Error{Kind: Invalid, Message: fmt.Sprintf("%q cannot be a name", p)}
		}
		u.RawPath = strings.TrimRight(u.EscapedPath(), "/") + "/" + url.PathEscape(p)
		u.Path += "/" + p
	}
	u.RawQuery = k.query.Encode()
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), r)
	if err != nil {
		return nil, fmt.Errorf("build request to %s: %w", c.Base(), err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if k.accept != "" {
		req.Header.Set("Accept", k.accept)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// unreachable tells that no answer came. The caller's own end of patience is
// not the server's fault.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	what := "cannot reach " + c.Base()
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		what = c.Base() + " did not answer in time"
	} else if inner := errors.Unwrap(err); inner != nil {
		what += ": " + inner.Error() // without the URL, which is long
	}
	return &Error{Kind: Unavailable, Message: what, Hint: "is the server running? start it with: postflight serve", Cause: err}
}

// retryAfter reads how many seconds the server asks to wait.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 3600)) * time.Second
}
