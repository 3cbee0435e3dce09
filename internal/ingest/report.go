package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// unknownVersion is the one bucket of all versions that no release has.
const unknownVersion = "unknown"

// The longest texts of a report, in bytes; the script cuts at the same.
const (
	maxVersion = 100
	maxPage    = 200
	maxToken   = 40
	maxMessage = 300
	maxFile    = 300
)

// report is what a page sent, cut and cleaned.
type report struct {
	Event, Version, Page, Token, Kind, Message, File string
	Line, Column                                     int
	After                                            time.Duration // since the navigation began
	Webdriver, Empty                                 bool
}

var errJunk = errors.New("not a boot report")

// decode reads one flat JSON object. Unknown keys are dropped, nested values
// refused.
func decode(body []byte) (report, error) {
	fields, err := flat(body)
	if err != nil {
		return report{}, err
	}
	text := func(key string, limit int) string {
		s, _ := fields[key].(string)
		return tidy(s, limit)
	}
	number := func(key string, limit int) int {
		n, _ := fields[key].(float64)
		if math.IsNaN(n) || n < 0 {
			return 0
		}
		return int(math.Min(n, float64(limit)))
	}
	flag := func(key string) bool {
		b, _ := fields[key].(bool)
		return b
	}
	r := report{
		Event: text("e", 10), Version: text("r", maxVersion), Page: bare(text("p", maxPage)), Token: text("t", maxToken),
		Kind: text("k", 20), Message: text("m", maxMessage), File: bare(text("f", maxFile)),
		Line: number("l", 1<<30), Column: number("c", 1<<30),
		After:     time.Duration(number("d", int(time.Hour/time.Millisecond))) * time.Millisecond,
		Webdriver: flag("w"), Empty: flag("x"),
	}
	switch r.Event {
	case "ok", "fatal", "late", "gone":
	default:
		return report{}, errJunk
	}
	switch r.Kind {
	case "error", "rejection", "resource", "csp", "deadline", "":
	default:
		r.Kind = "other"
	}
	if r.Token == "" {
		return report{}, errJunk
	}
	if !strings.HasPrefix(r.Page, "/") {
		r.Page = "/" + r.Page
	}
	return r, nil
}

// flat decodes one JSON object of scalars.
func flat(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errJunk
	}
	fields := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errJunk
		}
		value, err := d.Token()
		if err != nil {
			return nil, errJunk
		}
		if _, nested := value.(json.Delim); nested {
			return nil, errJunk
		}
		fields[key.(string)] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errJunk
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errJunk
	}
	return fields, nil
}

// tidy makes a text one line without control or formatting characters, of at
// most limit bytes.
func tidy(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

// bare cuts query, fragment and credentials off an address.
func bare(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if u, err := url.Parse(s); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return s
}

// ofExtension reports whether the fault is that of a browser extension.
func ofExtension(r report) bool {
	for _, text := range []string{r.File, r.Message} {
		for _, scheme := range []string{
			"chrome-extension:", "moz-extension:", "safari-extension:", "safari-web-extension:",
			"ms-browser-extension:", "webkit-masked-url:",
		} {
			if strings.Contains(strings.ToLower(text), scheme) {
				return true
			}
		}
	}
	return false
}

// signal builds the observation. A page that was left before it was ready
// proves nothing either way, so its outcome is broken: not seen to the end.
func (h *BootHandler) signal(p product.Product, r report, now time.Time) signal.Signal {
	r.Message, r.Page = h.redact.text(r.Message), h.redact.text(r.Page)
	s := signal.Signal{
		At: now, Product: p.ID, Kind: signal.Boot, Name: r.Page, Served: r.Version, Took: r.After,
		BootInfo: &signal.BootReport{
			Event: r.Event, Page: r.Page, Version: r.Version, Kind: r.Kind, Message: r.Message,
			File: r.File, Line: r.Line, Column: r.Column, Empty: r.Empty, Token: r.Token, Webdrive: r.Webdriver,
		},
	}
	switch r.Event {
	case "ok":
		s.Outcome, s.Summary = signal.Pass, fmt.Sprintf("%s was ready after %s", r.Page, r.After)
		return s
	case "gone":
		s.Outcome, s.Summary = signal.Broken, r.Page+" was left before it was ready"
		return s
	}
	f := signal.Failure{Class: "boot", Title: r.Kind, Message: r.Message, URL: r.File}
	if u, err := url.Parse(r.File); err == nil {
		f.Host = u.Host
	}
	if r.File != "" && r.Line > 0 {
		f.Position = fmt.Sprintf("%s:%d:%d", r.File, r.Line, r.Column)
	}
	s.Outcome, s.Failure = signal.Fail, &f
	if r.Event == "late" {
		s.Summary = fmt.Sprintf("%s was not ready in time: %s", r.Page, r.Message)
		if r.Empty {
			s.Summary = fmt.Sprintf("%s stays blank: %s", r.Page, r.Message)
		}
		return s
	}
	s.Summary = fmt.Sprintf("%s died at its start: %s", r.Page, r.Message)
	if f.Position != "" {
		s.Summary += " at " + f.Position
	} else if r.File != "" {
		s.Summary += " " + r.File
	}
	return s
}

// cap keeps the different messages of one release few: beyond the bound, the
// text is dropped and the count stays.
func (h *BootHandler) cap(s *signal.Signal) bool {
	if s.Failure == nil {
		return false
	}
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%s\x00%s\x00%s", s.BootInfo.Kind, s.BootInfo.Message, s.Failure.Position)
	bucket := string(s.Product) + "\x00" + s.BootInfo.Version
	h.mu.Lock()
	defer h.mu.Unlock()
	set := h.messages[bucket]
	if set == nil {
		if len(h.messages) >= maxReleases {
			clear(h.messages)
		}
		set = map[uint64]bool{}
		h.messages[bucket] = set
	}
	if set[sum.Sum64()] {
		return false
	}
	if len(set) < maxMessages {
		set[sum.Sum64()] = true
		return false
	}
	other := fmt.Sprintf("another message; more than %d different ones came", maxMessages)
	s.BootInfo.Message, s.BootInfo.File, s.BootInfo.Line, s.BootInfo.Column = other, "", 0, 0
	s.Failure.Message, s.Failure.URL, s.Failure.Host, s.Failure.Position = other, "", "", ""
	s.Summary = s.Name + ": " + other
	s.Dropped++
	return true
}

// redactor hides what looks like a secret.
type redactor []*regexp.Regexp

func newRedactor() redactor {
	return redactor{
		regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{6,}`),
		regexp.MustCompile(`\beyJ[\w-]{8,}(?:\.[\w-]+){0,2}`),
		regexp.MustCompile(`\b(?:pf_|sk_|ghp_|xox[a-z]-|AKIA)[\w-]{8,}`),
		regexp.MustCompile(`(?i)\b[\w-]*(?:token|secret|passw(?:or)?d|api[_-]?key|authorization|session|cookie)[\w-]*["']?\s*[=:]\s*["']?[^\s"',;&]{3,}`),
		regexp.MustCompile(`[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,64}`),
	}
}

func (r redactor) text(s string) string {
	for _, secret := range r {
		s = secret.ReplaceAllString(s, "[redacted]")
	}
	return s
}
