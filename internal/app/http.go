package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/bundle"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/ingest"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/sign"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/web"
)

// handler is everything this server answers: boot reports from strangers'
// browsers, the API, and the pages.
func (a *App) handler() http.Handler {
	v := &view{store: a.store, products: a.products, probes: a.probe}
	ui := web.New(web.Options{
		Releases: v, Incidents: v, Drills: v, Journal: v, Desk: a.desk, Doorkeeper: a.keys, Keys: a.keys,
		Journeys: &journeyView{store: a.store, products: a.products, runs: a.runs, now: a.now}, Screens: a.runs, Bundle: a.bundle,
		Live: &live{store: a.store}, Blobs: opener{a.blobs}, Products: a.products, Scenarios: a.desk.drills,
		Markdown: func(pm postmortem.Postmortem) []byte { return []byte(pm.Markdown(a.url)) },
		Version:  a.o.Version, Secure: strings.HasPrefix(a.url, "https:"), Logger: a.log, Now: a.now,
	})
	mux := http.NewServeMux()
	a.boots = ingest.NewBootHandler(ingest.BootOptions{
		Products: a.products, Known: a.observer.Release, Report: a.observer.Boot, Now: a.now, Log: a.log, Verify: a.Marked,
	})
	mux.Handle("/boot/{product}", a.boots)
	mux.Handle("/api/", a.api(v))
	mux.Handle("/healthz", a.api(v))
	mux.Handle("/", ui)
	return mux
}

// bundle writes everything that is kept of a run.
func (a *App) bundle(ctx context.Context, w io.Writer, s signal.Signal) error {
	return bundle.Bundle(ctx, w, s, func(key string) (io.ReadCloser, error) { return opener{a.blobs}.Open(ctx, key) })
}

// Marked reports whether a request carries our own synthetic marker.
func (a *App) Marked(r *http.Request) bool {
	_, err := sign.VerifyMarker(a.key, r.Header.Get(sign.HeaderMarker), r.Host, a.now())
	return err == nil
}

// markerHeader is the synthetic marker as request headers for one host.
func (a *App) markerHeader(host string) http.Header {
	value := a.hands.marker("check")(host)
	if value == "" {
		return nil
	}
	return http.Header{sign.HeaderMarker: {value}}
}

// reader opens evidence for notify.
type reader struct{ blobs *blob.Dir }

// Get opens an artifact.
func (r reader) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	rc, _, err := r.blobs.Get(ctx, key)
	return rc, err
}

// opener opens evidence for the pages.
type opener struct{ blobs *blob.Dir }

// Open opens an artifact.
func (o opener) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	rc, _, err := o.blobs.Get(ctx, key)
	return rc, err
}

// channels translates the configured channels; the doors do not know the
// configuration.
func channels(in []config.Channel) []notify.Channel {
	var out []notify.Channel
	for _, c := range in {
		ch := notify.Channel{Name: c.Name}
		switch {
		case c.Slack != nil:
			ch.Slack = &notify.Slack{Token: c.Slack.Token.Reveal(), Channel: c.Slack.Channel, APIURL: c.Slack.APIURL}
		case c.Webhook != nil:
			ch.Webhook = &notify.Webhook{URL: c.Webhook.URL.Reveal(), Secret: c.Webhook.Secret.Reveal()}
		case c.Email != nil:
			ch.Mail = mail(*c.Email)
		}
		out = append(out, ch)
	}
	return out
}

// mail translates a configured mail channel. Load checked the address.
func mail(e config.Email) *notify.Mail {
	host, port, _ := net.SplitHostPort(e.SMTP)
	n, _ := strconv.Atoi(port)
	m := &notify.Mail{Host: host, Port: n, Username: e.Username, Password: e.Password.Reveal(), From: e.From, To: e.To}
	switch e.TLS {
	case "tls":
		m.TLS = notify.TLSImplicit
	case "none":
		m.TLS = notify.TLSNone
	}
	return m
}
