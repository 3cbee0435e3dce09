package ingest

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
)

// bootSource is the boot script as it stands in a page. It is written small
// by hand (ES5, at most 1 KB compressed) because it goes into every page.
//
//go:embed boot.js
var bootSource string

// Options of the boot script in one page.
type Options struct {
	// Endpoint is where BootHandler answers, without the product:
	// "https://postflight.example/boot", or a path of the same origin.
	Endpoint string
	// Version is the release this page belongs to.
	Version string
	Product product.ID
	// Deadline is the visible time after which a page that did not call
	// window.__postflight() is late; zero means 10 s.
	Deadline time.Duration
}

// Script returns the script element that makes a page report its own start.
//
// Paste it into the page's head as the first element after <meta charset>,
// before every other script: what fails earlier is not seen. The page calls
//
//	window.__postflight && window.__postflight()
//
// once it is usable. Until then it reports, without cookies and at most five
// times: uncaught errors and rejections, scripts and style sheets that do not
// load, scripts blocked by the Content-Security-Policy, the deadline, and
// that it was left early. The settings are data attributes, so the script's
// text is the same in every page: allow it by ScriptHash, and the endpoint by
// connect-src.
func Script(o Options) string {
	deadline := o.Deadline
	if deadline <= 0 {
		deadline = 10 * time.Second
	}
	to := strings.TrimRight(o.Endpoint, "/") + "/" + string(o.Product)
	return `<script data-r="` + html.EscapeString(o.Version) +
		`" data-u="` + html.EscapeString(to) +
		`" data-t="` + strconv.FormatInt(deadline.Milliseconds(), 10) +
		`">` + scriptText() + `</script>`
}

// ScriptHash returns the source expression that allows the script in a
// Content-Security-Policy: 'sha256-…', quotes included.
func ScriptHash() string {
	sum := sha256.Sum256([]byte(scriptText()))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func scriptText() string { return strings.TrimSpace(bootSource) }
