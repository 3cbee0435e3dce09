package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/postflight/postflight/internal/product"
)

// stranger is the user agent for everyone but the product itself.
const stranger = "Mozilla/5.0 (compatible; Postflight)"

// errRedirect ends a chain of redirects that must not be followed.
type errRedirect struct{ why string }

func (e *errRedirect) Error() string { return e.why }

// origins is a set of first-party origins.
type origins map[string]bool

// firstParty collects the origins of the product, of the look's base and of
// the side slots of these versions.
func firstParty(p product.Product, base string, versions ...string) origins {
	set := origins{}
	for _, raw := range append(p.Origins(versions...), base) {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			set[originOf(u)] = true
		}
	}
	return set
}

func (o origins) has(u *url.URL) bool { return o[originOf(u)] }

// originOf returns scheme://host, without the scheme's own port.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// vantage is one independent way to the network: its own connections, marked
// towards the product and plain towards strangers.
type vantage struct {
	l     *Looker
	first origins
	inner *http.Transport
	outer *http.Transport
}

// vantage opens a new one. Reuse keeps connections between its requests.
// Close it after use.
func (l *Looker) vantage(first origins, reuse bool) *vantage {
	return &vantage{
		l: l, first: first,
		inner: l.transport(reuse, nil),
		outer: l.transport(reuse, nil),
	}
}

func (l *Looker) transport(reuse bool, control func(network, address string, c syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: control}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            here(dialer),
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      !reuse,
		MaxConnsPerHost:        l.o.Limits.Workers,
		MaxIdleConnsPerHost:    l.o.Limits.Workers,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// loopbackName reports whether the name is localhost or below it. Browsers
// take those for this machine without asking anybody (RFC 6761, 6.3); Go's
// resolver asks the network for them.
func loopbackName(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// proxy is the environment's, but never for this machine.
func proxy(r *http.Request) (*url.URL, error) {
	if loopbackName(r.URL.Hostname()) {
		return nil, nil // as http.Transport asks for: no proxy and no error
	}
	return http.ProxyFromEnvironment(r)
}

// here dials names below localhost as this machine.
func here(dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil || !loopbackName(host) {
			return dialer.DialContext(ctx, network, address)
		}
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
		if six, failed := dialer.DialContext(ctx, network, net.JoinHostPort("::1", port)); failed == nil {
			return six, nil
		}
		return nil, err
	}
}

// guard keeps the vantage from carrying a page's reference into our own
// network: a public product has no business pointing at a private address.
func (v *vantage) guard(ctx context.Context, base *url.URL) {
	local := isLocal(ctx, base.Hostname())
	guarded := v.l.transport(true, func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dial %s: %w", address, err)
		}
		ip := at.Addr().Unmap()
		if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() ||
			(!local && (ip.IsLoopback() || ip.IsPrivate())) {
			return &errRedirect{"the address is not a public one"}
		}
		return nil
	})
	// Through a proxy the address dialled is the proxy's own, which may well
	// be private: there the proxy has to be the guard.
	if through, err := proxy(&http.Request{URL: base}); err == nil && through == nil {
		guarded.Proxy = nil
		v.outer = guarded
	}
}

// isLocal reports whether the host is on our own machine or network.
func isLocal(ctx context.Context, host string) bool {
	if loopbackName(host) {
		return true
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.IsLoopback() || ip.IsPrivate() {
			return true
		}
	}
	return false
}

// RoundTrip dresses each hop by its own host, so that a redirect can not
// carry the marker to a stranger.
func (v *vantage) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Referer")
	if !v.first.has(r.URL) {
		r.Header.Set("User-Agent", stranger)
		return v.outer.RoundTrip(r)
	}
	r.Header.Set("User-Agent", v.l.o.UserAgent)
	if v.l.o.Marker != nil {
		for name, values := range v.l.o.Marker(r.URL.Host) {
			r.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return v.inner.RoundTrip(r)
}

func (v *vantage) close() {
	v.inner.CloseIdleConnections()
	v.outer.CloseIdleConnections()
}

// do sends the request and follows redirects that allow lets pass. The
// response's body must be closed.
func (v *vantage) do(r *http.Request, allow func(from, to *url.URL) error) (*http.Response, error) {
	limit := v.l.o.Limits.Redirects
	client := http.Client{Transport: v, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		switch {
		case len(via) > limit:
			return &errRedirect{fmt.Sprintf("more than %d redirects", limit)}
		case next.URL.Scheme != "http" && next.URL.Scheme != "https":
			return &errRedirect{"redirects to something that is not HTTP"}
		case via[0].URL.Scheme == "https" && next.URL.Scheme == "http":
			return &errRedirect{"redirects from HTTPS to plain HTTP"}
		case allow != nil:
			return allow(via[0].URL, next.URL)
		}
		return nil
	}}
	return client.Do(r)
}

// sameSite refuses to leave the first-party origins.
func (v *vantage) sameSite(_, to *url.URL) error {
	if v.first.has(to) {
		return nil
	}
	return &errRedirect{"redirects to another origin, " + clean(originOf(to), 200)}
}

// sameOrigin refuses to leave the origin of the first request.
func sameOrigin(from, to *url.URL) error {
	if originOf(from) == originOf(to) {
		return nil
	}
	return &errRedirect{"redirects to another origin, " + clean(originOf(to), 200)}
}

// at joins a path of the configuration, which may carry a query, to the base
// address, whose own path stays.
func at(base, path string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("parse address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("address %q is not an HTTP one", clean(base, 200))
	}
	rel, err := url.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("parse path: %w", err)
	}
	if rel.IsAbs() || rel.Host != "" {
		return nil, fmt.Errorf("path %q is not relative", clean(path, 200))
	}
	joined := *u
	joined.Path = strings.TrimRight(u.Path, "/") + "/" + strings.TrimLeft(rel.Path, "/")
	joined.RawPath, joined.RawQuery, joined.Fragment = "", rel.RawQuery, ""
	return &joined, nil
}

// ours reports whether the error says that we, not the other side, are out
// of something.
func ours(err error) bool {
	for _, e := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL, syscall.ENETDOWN,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// reason says in few words why a request brought no complete answer.
func reason(err error, limit time.Duration) string {
	var refused *errRedirect
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return refused.why
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no complete answer in %s", limit)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the body ends early"
	case errors.Is(err, io.EOF):
		return "connection closed without an answer"
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return clean(err.Error(), 200)
}

// clean makes text from outside fit for one line: no control or formatting
// characters, at most limit bytes.
func clean(s string, limit int) string {
	if len(s) > 4*limit {
		s = s[:4*limit]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
