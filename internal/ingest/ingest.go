// Package ingest takes in what comes from outside unasked: the boot reports
// of real pages.
//
// Anybody on the internet can post here, so a report is a claim and no fact:
// it is bounded, decoded strictly, filtered by origin, counted against token
// buckets and cleaned before it becomes a signal. The answer is always the
// same, so that nobody can probe what was believed. The package never stores
// an address, a cookie or a credential, and never decides; the verdict room
// asks for several distinct clients, or for our own verified marker, before
// it believes. The app mounts the handler and stores the signals.
package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// MaxReport is the most bytes of one report.
const MaxReport = 8 << 10

// Drop is why a report was not taken.
type Drop string

// The reasons to drop a report.
const (
	DropProduct   Drop = "product"   // nobody configured it
	DropType      Drop = "type"      // not a content type of ours
	DropOrigin    Drop = "origin"    // not from the product's own pages
	DropClient    Drop = "client"    // this client reports too often
	DropFlood     Drop = "flood"     // the product, or everybody, reports too often
	DropSize      Drop = "size"      // over MaxReport
	DropRead      Drop = "read"      // the body did not arrive
	DropJunk      Drop = "junk"      // not a report
	DropExtension Drop = "extension" // about a browser extension, not the page
	DropStore     Drop = "store"     // could not be stored
)

// Stats counts reports since the start.
type Stats struct {
	Accepted  uint64
	Unknown   uint64 // accepted, of a version that no release has
	Capped    uint64 // accepted, with the message cut for lack of room
	Synthetic uint64 // accepted, with our own verified marker
	Dropped   map[Drop]uint64
}

// Rate is a token bucket: Burst at once, PerSecond for ever.
type Rate struct{ Burst, PerSecond float64 }

// BootOptions of a boot handler. Products, Known and Report are required.
type BootOptions struct {
	Products []product.Product
	// Known returns the release of a version, and whether there is one. It is
	// called for each report and must be quick.
	Known func(product.ID, string) (release.ID, bool)
	// Verify says whether the request carries our own synthetic marker. Nil:
	// no report is synthetic.
	Verify func(*http.Request) bool
	// Report stores a signal; it must be safe for concurrent use. The caller
	// gives the signal its ID.
	Report func(context.Context, signal.Signal) error
	Now    func() time.Time
	Log    *slog.Logger
	// ClientAddr returns the client's address; nil takes that of the
	// connection. Set it behind a proxy that is trusted to tell.
	ClientAddr func(*http.Request) netip.Addr
	// PerClient, PerProduct and Global bound the reports; zero values take
	// the defaults. Reports of success and of failure have their own buckets
	// per product, so that successes cannot crowd out failures.
	PerClient, PerProduct, Global Rate
}

// BootHandler answers POST /boot/{product}, and OPTIONS of the same: mount it
// under that pattern without a method, in front of any sign-in. It is safe
// for concurrent use.
type BootHandler struct {
	o        BootOptions
	products map[product.ID]product.Product
	origins  map[product.ID]map[string]bool
	limit    *limiter
	redact   redactor

	mu       sync.Mutex
	stats    Stats
	messages map[string]map[uint64]bool // product and version → fingerprints
}

// maxMessages is how many different messages of one release are kept apart.
const maxMessages = 200

// maxReleases bounds the releases whose messages are remembered.
const maxReleases = 256

// NewBootHandler returns the handler.
func NewBootHandler(o BootOptions) *BootHandler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ClientAddr == nil {
		o.ClientAddr = peer
	}
	h := &BootHandler{
		o: o, products: map[product.ID]product.Product{}, origins: map[product.ID]map[string]bool{},
		limit: newLimiter(o), redact: newRedactor(),
		stats: Stats{Dropped: map[Drop]uint64{}}, messages: map[string]map[uint64]bool{},
	}
	for _, p := range o.Products {
		h.products[p.ID] = p
		h.origins[p.ID] = originSet(p.Origins())
	}
	return h
}

// Stats returns a copy of the counts.
func (h *BootHandler) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.stats
	out.Dropped = make(map[Drop]uint64, len(h.stats.Dropped))
	for why, n := range h.stats.Dropped {
		out.Dropped[why] = n
	}
	return out
}

// ServeHTTP answers every POST with 204 and nothing else, whatever became of
// the report.
func (h *BootHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, known := h.products[product.ID(r.PathValue("product"))]
	origin := requestOrigin(r)
	w.Header().Set("Cache-Control", "no-store")
	if known && origin != "" && h.allowed(p, origin, "") {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Vary", "Origin")
	}
	switch r.Method {
	case http.MethodPost:
		if why := h.take(w, r, p, origin); why != "" {
			h.drop(why)
		}
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
		w.Header().Set("Access-Control-Allow-Headers", "content-type")
		w.Header().Set("Access-Control-Max-Age", "86400")
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take turns one request into a signal, or says why not.
func (h *BootHandler) take(w http.ResponseWriter, r *http.Request, p product.Product, origin string) Drop {
	now := h.o.Now()
	if p.ID == "" {
		return DropProduct
	}
	if !reportType(r.Header.Get("Content-Type")) {
		return DropType
	}
	client := h.limit.client(h.o.ClientAddr(r), now)
	if !h.limit.allowClient(client, now) {
		return DropClient
	}
	body, why := read(w, r)
	if why != "" {
		return why
	}
	report, err := decode(body)
	if err != nil {
		return DropJunk
	}
	id, isRelease := h.o.Known(p.ID, report.Version)
	if !h.allowed(p, origin, versionIf(isRelease, report.Version)) {
		return DropOrigin
	}
	if ofExtension(report) {
		return DropExtension
	}
	if !h.limit.allowProduct(p.ID, report.Event, now) {
		return DropFlood
	}
	synthetic := h.o.Verify != nil && h.o.Verify(r)
	s := h.signal(p, report, now)
	s.BootInfo.Client, s.BootInfo.Synthetic = client, synthetic
	if s.Release = id; !isRelease {
		s.Release, s.Served, s.BootInfo.Version = "", "", unknownVersion
	}
	capped := h.cap(&s)
	bounded, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := h.o.Report(bounded, s); err != nil {
		h.o.Log.WarnContext(r.Context(), "boot report not stored", "product", p.ID, "error", err)
		return DropStore
	}
	h.accepted(isRelease, capped, synthetic)
	return ""
}

func (h *BootHandler) drop(why Drop) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Dropped[why]++
}

func (h *BootHandler) accepted(known, capped, synthetic bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Accepted++
	for count, yes := range map[*uint64]bool{
		&h.stats.Unknown: !known, &h.stats.Capped: capped, &h.stats.Synthetic: synthetic,
	} {
		if yes {
			*count++
		}
	}
}

// read reads the bounded body, and does not wait for a slow one.
func read(w http.ResponseWriter, r *http.Request) ([]byte, Drop) {
	if r.ContentLength > MaxReport {
		return nil, DropSize
	}
	// Not every ResponseWriter has a deadline; the server's own then holds.
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
	defer func() { _ = connection.SetReadDeadline(time.Time{}) }()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxReport))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, DropSize
	}
	if err != nil {
		return nil, DropRead
	}
	return body, ""
}

// reportType accepts what the script sends; both are bodies that need no
// preflight or have been allowed one.
func reportType(header string) bool {
	media, _, err := mime.ParseMediaType(header)
	return err == nil && (media == "text/plain" || media == "application/json")
}

// requestOrigin is the origin the browser names: a filter against stray
// pages, not a proof.
func requestOrigin(r *http.Request) string {
	if o := r.Header.Get("Origin"); o != "" {
		return normal(o)
	}
	return normal(r.Header.Get("Referer"))
}

// allowed reports whether the origin is one of the product's, the side slot
// of a known version included.
func (h *BootHandler) allowed(p product.Product, origin, version string) bool {
	if origin == "" {
		return false
	}
	return h.origins[p.ID][origin] || (version != "" && originSet(p.Origins(version))[origin])
}

func originSet(origins []string) map[string]bool {
	set := map[string]bool{}
	for _, o := range origins {
		set[normal(o)] = true
	}
	return set
}

// normal is scheme://host of an address, without the scheme's own port; ""
// for "null" and for what is no address.
func normal(raw string) string {
	if len(raw) > 2048 {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

func versionIf(known bool, version string) string {
	if known {
		return version
	}
	return ""
}

// peer is the address of the connection.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}
