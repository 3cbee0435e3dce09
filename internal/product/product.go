// Package product says what is watched and what it depends on: products,
// their pages and journeys, and the integrations (other people's services)
// behind them.
//
// It holds values only. The configuration room fills them in at the start;
// every stage and door reads them. It never opens a file or a connection.
package product

import (
	"net/url"
	"strings"
	"time"
)

// ID names a product; it is the key in the configuration file.
type ID string

// Product is one thing that is released as a whole.
type Product struct {
	ID   ID
	Name string
	// URL is the public base address: scheme, host, optional path.
	URL string
	// PreviousURL is where an older release can still be reached, with
	// "{version}" standing for its version; empty when it cannot be.
	PreviousURL  string
	Version      VersionSource
	FirstParty   []string // further origins that belong to the product
	Journeys     []Journey
	Pages        []string // entry pages whose assets are crawled, relative to URL
	Integrations []Integration
	Boot         Boot
	Rollback     Rollback
	Notify       []string // names of channels
	QA           []string // channels that are told what a change will ship
	Watch        Window
}

// VersionKind says where a product publishes the version it serves.
type VersionKind string

// The ways to read the served version.
const (
	VersionHeader VersionKind = "header" // a response header
	VersionMeta   VersionKind = "meta"   // <meta name="…" content="…">
	VersionJSON   VersionKind = "json"   // a path into a JSON document
)

// VersionSource tells how to read the version that is really served.
type VersionSource struct {
	Kind  VersionKind
	Path  string // relative to the product's URL
	Name  string // header name, meta name, or JSON path such as "build.version"
	Every time.Duration
}

// Journey is a scripted user journey of the product.
type Journey struct {
	ID    string
	Title string
	File  string // path of the recording, already absolute
	// Every is the cadence outside a release window; zero means only while a
	// release is watched.
	Every time.Duration
	// Timeout bounds one whole run.
	Timeout time.Duration
	// Full asks for the full Chromium instead of the headless shell.
	Full bool
	// Hosts is the fence: the hosts (host, host:port, *.host) a run may touch
	// beside the product's own and its integrations'. nil: no fence.
	Hosts []string
	// Writes are the requests other than GET, HEAD and OPTIONS that a run may
	// make, as "POST /api/test-*"; nil: any.
	Writes []string
	// Vars and Secrets are what {{name}} and {{secret.name}} stand for.
	Vars    map[string]string
	Secrets map[string]string // never shown
	// Allow are failures that do not fail a run: addresses with * ("…/api/me",
	// 401 included) or parts of exception texts.
	Allow []string
	// Errors says whether an uncaught exception or a failed first-party request
	// fails a run ("fail", the default) or is only told ("warn").
	Errors     string
	Compare    Compare
	Budgets    Budgets
	Quarantine *Quarantine
	// Suite is set for a suite of the user's own test runner; File is empty then.
	Suite *Suite
}

// Compare says how pictures are compared with the last good release's.
type Compare struct {
	On     bool
	Fail   bool     // a difference fails the run; otherwise it is told
	Limit  float64  // share of pixels that may differ, 0–1
	Ignore []string // CSS selectors of regions that are not compared
}

// Budgets are the limits of the web vitals; zero: none.
type Budgets struct {
	LCP, FCP, TTFB, INP time.Duration
	CLS                 float64
}

// Quarantine takes a journey's failures out of the verdict for a while. It is
// shown wherever the journey is, and ends by itself.
type Quarantine struct {
	Until  time.Time
	Owner  string
	Reason string
}

// Suite is a Playwright project and what of it is run.
type Suite struct {
	Dir     string   // where "npx playwright test" runs; absolute
	Files   []string // arguments: spec files or folders
	Project string   // --project; may be empty
	Grep    string   // --grep; may be empty
	Env     map[string]string
}

// Integration is somebody else's service that the product needs.
type Integration struct {
	ID    string
	Name  string
	Hosts []string // host or host:port, as the product calls it
	Probe Probe
	Owner string
}

// Probe is one HTTP request that shows whether an integration is alive.
type Probe struct {
	URL      string
	Method   string
	Status   int    // the expected status
	Contains string // must stand in the first 64 KiB of the body; may be empty
	Every    time.Duration
	Timeout  time.Duration
}

// Boot says whether the product's pages carry the boot report script.
type Boot struct {
	Expected bool
}

// RollbackMethod is how the pointer is moved back.
type RollbackMethod string

// The rollback methods.
const (
	RollbackNone      RollbackMethod = "none"
	RollbackDirectory RollbackMethod = "directory"
	RollbackCommand   RollbackMethod = "command"
	RollbackWebhook   RollbackMethod = "webhook"
)

// Rollback is how, and whether by itself, a product goes back.
type Rollback struct {
	Method    RollbackMethod
	Automatic bool
	Timeout   time.Duration
	Current   string   // directory: the link that is flipped
	Releases  string   // directory: the folder with one folder per version
	Command   []string // command: argv; {version} and {bad_version} are replaced
	Webhook   string   // webhook: URL that receives a signed POST
	Secret    string   // webhook: HMAC key; never shown
}

// Window is how long and how often a release is watched.
type Window struct {
	For    time.Duration // length of the window
	Every  time.Duration // pause between two rounds of journeys and crawls
	Settle time.Duration // how long the new version may take to be served
}

// Quarantined returns the quarantine that a journey is in at an instant.
func (p Product) Quarantined(journey string, now time.Time) (Quarantine, bool) {
	for _, j := range p.Journeys {
		if j.ID == journey && j.Quarantine != nil && now.Before(j.Quarantine.Until) {
			return *j.Quarantine, true
		}
	}
	return Quarantine{}, false
}

// BaseAt returns the address at which version can be reached beside the live
// one, and whether there is one.
func (p Product) BaseAt(version string) (string, bool) {
	if p.PreviousURL == "" || version == "" {
		return "", false
	}
	return strings.ReplaceAll(p.PreviousURL, "{version}", url.PathEscape(version)), true
}

// Origins returns every first-party origin: that of URL, of the side slot of
// each given version, and those declared.
func (p Product) Origins(versions ...string) []string {
	seen := map[string]bool{}
	var out []string
	add := func(raw string) {
		if o := Origin(raw); o != "" && !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	add(p.URL)
	for _, v := range versions {
		if base, ok := p.BaseAt(v); ok {
			add(base)
		}
	}
	for _, o := range p.FirstParty {
		add(o)
	}
	return out
}

// IntegrationFor returns the integration that a request to host (host or
// host:port) belongs to.
func (p Product) IntegrationFor(host string) (Integration, bool) {
	host = strings.ToLower(host)
	bare := host
	if i := strings.LastIndexByte(host, ':'); i > 0 && !strings.HasSuffix(host, "]") {
		bare = host[:i]
	}
	for _, in := range p.Integrations {
		for _, h := range in.Hosts {
			h = strings.ToLower(h)
			if h == host || h == bare {
				return in, true
			}
		}
	}
	return Integration{}, false
}

// Origin returns scheme://host[:port] of an absolute URL, or "".
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
