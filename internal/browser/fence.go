package browser

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Fence is what a browser context may touch. The first thing it stopped is in
// Telemetry.Blocked.
//
// Hosts hold at the network itself: what is not listed has a proxy that nobody
// serves as its only way out, be it a page, a frame, a worker, a WebSocket or a
// preconnect; that costs nothing. WebRTC alone goes past it, by UDP: Options.NoDatagrams
// stops that for a whole browser. Writes need every request to be looked at
// before it leaves.
type Fence struct {
	// Hosts are the hosts that may be reached, as "host", "host:port" (both may
	// be IP addresses) or "*.host"; nil: any.
	Hosts []string
	// Writes are the requests other than GET, HEAD and OPTIONS that may be
	// made, as "POST /path*" or "POST host/path*", method * for any; nil: any.
	Writes []string
}

// Blocked is a request that the fence stopped.
type Blocked struct {
	At                      time.Time
	Page, URL, Method, Type string
	Reason                  string // "host" or "write"
}

const (
	// deadProxy is a port that is reserved, and refuses at once.
	deadProxy = "http://127.0.0.1:1"
	// BlockedByFence is Request.Error of what the fence stopped.
	BlockedByFence = "net::ERR_BLOCKED_BY_CLIENT"
)

type hostRule struct{ host, port string }

type writeRule struct{ method, host, path string }

// fence is a Fence that was understood.
type fence struct {
	hosts, writes bool // are there rules of that kind
	rules         []hostRule
	allowed       []writeRule
}

func newFence(f Fence) (*fence, error) {
	c := &fence{hosts: f.Hosts != nil, writes: f.Writes != nil}
	for _, raw := range f.Hosts {
		r, err := parseHostRule(raw)
		if err != nil {
			return nil, err
		}
		c.rules = append(c.rules, r)
	}
	for _, raw := range f.Writes {
		r, err := parseWriteRule(raw)
		if err != nil {
			return nil, err
		}
		c.allowed = append(c.allowed, r)
	}
	return c, nil
}

// Check says what is wrong with the rules, if anything.
func (f Fence) Check() error {
	_, err := newFence(f)
	return err
}

// Refuses says why the fence stops a request that something beside the browser
// is about to make: "host", "write", or "" when it does not. Rules that cannot be
// understood let nothing through.
func (f Fence) Refuses(method, url string) string {
	c, err := newFence(f)
	if err != nil {
		return "host"
	}
	return c.refuses(method, url)
}

func parseHostRule(raw string) (hostRule, error) {
	r := hostRule{host: strings.ToLower(strings.TrimSuffix(raw, "."))}
	if h, p, err := net.SplitHostPort(raw); err == nil {
		r = hostRule{host: strings.ToLower(h), port: p}
	}
	r.host = strings.Trim(r.host, "[]")
	bare, _ := strings.CutPrefix(r.host, "*.")
	odd := strings.ContainsAny(bare, "*?/\\@,;<> \t\r\n") || (strings.Contains(bare, ":") && net.ParseIP(bare) == nil)
	if bare == "" || odd || strings.ContainsFunc(r.port, func(c rune) bool { return c < '0' || c > '9' }) {
		return hostRule{}, fmt.Errorf("fence host %q: want host, host:port or *.host", raw)
	}
	return r, nil
}

func parseWriteRule(raw string) (writeRule, error) {
	f := strings.Fields(raw)
	if len(f) != 2 || !strings.Contains(f[1], "/") {
		return writeRule{}, fmt.Errorf("fence write %q: want a method and a path, as in POST /api/test-*", raw)
	}
	host, path, _ := strings.Cut(f[1], "/")
	if strings.ContainsAny(host, "*?@:") && net.ParseIP(strings.Trim(host, "[]")) == nil && !strings.Contains(host, ":") {
		return writeRule{}, fmt.Errorf("fence write %q: the host may hold no %q", raw, "*")
	}
	return writeRule{method: strings.ToUpper(f[0]), host: strings.ToLower(host), path: "/" + path}, nil
}

// refuses says why the fence stops a request: "host", "write", or "" when it does not.
func (f *fence) refuses(method, raw string) string {
	if f == nil || (!f.hosts && !f.writes) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "host"
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
	case "data", "blob", "about", "javascript", "filesystem", "chrome-error":
		return ""
	default:
		if f.hosts {
			return "host"
		}
		return ""
	}
	if f.hosts && !f.permits(u) {
		return "host"
	}
	if f.writes && !f.mayWrite(method, u) {
		return "write"
	}
	return ""
}

func (f *fence) permits(u *url.URL) bool {
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[u.Scheme]
	}
	return slices.ContainsFunc(f.rules, func(r hostRule) bool {
		if r.port != "" && r.port != port {
			return false
		}
		if suffix, ok := strings.CutPrefix(r.host, "*"); ok {
			return strings.HasSuffix(host, suffix) && host != suffix
		}
		return host == r.host
	})
}

func (f *fence) mayWrite(method string, u *url.URL) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return slices.ContainsFunc(f.allowed, func(r writeRule) bool {
		return (r.method == "*" || r.method == method) &&
			(r.host == "" || r.host == strings.ToLower(u.Host) || r.host == strings.ToLower(u.Hostname())) &&
			wildcard(r.path, path)
	})
}

// wildcard matches s against a pattern in which * stands for anything.
func wildcard(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return s == pattern
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, parts[last])
}

// contextParams are the parameters of the browser context that make the fence
// hold at the network. Where the machine itself needs a proxy to get out, ours
// would cut that: there every request is looked at instead.
func (f *fence) contextParams(params map[string]any) {
	if !f.hosts || systemProxy() {
		return
	}
	bypass := []string{"<-loopback>"}
	for _, r := range f.rules {
		host := r.host
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if r.port != "" {
			host = net.JoinHostPort(r.host, r.port)
		}
		bypass = append(bypass, host)
	}
	params["proxyServer"], params["proxyBypassList"] = deadProxy, strings.Join(bypass, ";")
}

// inspects reports whether every request has to be looked at.
func (f *fence) inspects() bool { return f.writes || (f.hosts && systemProxy()) }

func systemProxy() bool {
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// fenced notes a request that the fence stops, once, and reports whether it does.
func (r *recorder) fenced(page, id, method, kind, raw string) bool {
	reason := r.fence.refuses(method, raw)
	if reason == "" {
		return false
	}
	key := id + " " + clipURL(raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped[key] {
		return true
	}
	if len(r.stopped) < maxEarly {
		r.stopped[key] = true
	}
	r.blocked.add(r.next(), Blocked{
		At: time.Now(), Page: page, URL: clipURL(raw), Method: clip(method, 40), Type: kind, Reason: reason,
	})
	return true
}
