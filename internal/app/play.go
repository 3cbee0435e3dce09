package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/player"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/suite"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// players play journeys: in the headless shell, in the whole Chromium, or with
// the user's own test runner.
type players struct {
	shell, full *player.Runner
	suites      *suite.Runner
}

// newPlayers finds the browsers. A missing one is told by every journey that
// needs it, as our own fault; the server still serves, probes and pages.
func (a *App) newPlayers(ctx context.Context) players {
	asked := a.o.Config.Server.Browser
	binary, err := browser.Find(ctx, asked)
	if err != nil {
		a.log.Error("no browser: journeys cannot run", "error", err, "hint", fault.HintOf(err))
		binary.Path = asked // looked for again by every run
	}
	whole := binary
	if wants(a.products, func(j product.Journey) bool { return j.Full }) && binary.Kind != browser.KindFull {
		if whole, err = wholeBrowser(ctx); err != nil {
			a.log.Error("no whole Chromium: journeys that ask for it cannot run", "error", err, "hint", fault.HintOf(err))
		}
	}
	with := func(b browser.Binary) *player.Runner {
		return player.New(player.Options{Binary: b, Blobs: a.blobs, Version: a.o.Version, Worker: "journey", Logger: a.log})
	}
	return players{
		shell: with(binary), full: with(whole),
		suites: suite.New(suite.Options{Blobs: a.blobs, Binary: whole.Path, Version: a.o.Version, Worker: "suite", Logger: a.log}),
	}
}

// wants reports whether any configured journey does.
func wants(products []product.Product, f func(product.Journey) bool) bool {
	return slices.ContainsFunc(products, func(p product.Product) bool { return slices.ContainsFunc(p.Journeys, f) })
}

// wholeBrowser finds a Chromium that is not the headless shell. When there is
// none the binary still names one, so that each run looks for it again.
func wholeBrowser(ctx context.Context) (found browser.Binary, err error) {
	var first error
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err = browser.Find(ctx, name); err == nil {
			return found, nil
		}
		if first == nil {
			first = err
		}
	}
	return browser.Binary{Path: "chromium", Kind: browser.KindFull}, first
}

// album hands the journeys the pictures of the last good release.
type album struct {
	store *store.Store
	blobs *blob.Dir
}

// Baseline returns the picture that one under this key is compared with.
func (a album) Baseline(ctx context.Context, key signal.PictureKey) (b signal.Baseline, ok bool, err error) {
	err = a.store.Read(ctx, func(tx *store.Tx) error {
		b, ok, err = tx.Baseline(ctx, key)
		return err
	})
	return b, ok, err
}

// Open reads a picture.
func (a album) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	return opener{a.blobs}.Open(ctx, key)
}

// pictures is the station that keeps the pictures of a release that was found
// good, for the next one to be compared with.
func pictures() station {
	return station{
		name:  "pictures",
		wants: func(k journal.Kind) bool { return k == verdict.EventReached },
		handle: func(ctx context.Context, tx *store.Tx, ev journal.Event) (action.Plan, error) {
			var v verdict.Verdict
			if err := ev.Decode(&v); err != nil {
				return action.Plan{}, err
			}
			if v.Kind != watch.KindRelease || v.State != verdict.Healthy || !v.Final {
				return action.Plan{}, nil
			}
			_, err := tx.PromoteBaselines(ctx, v.Product, v.Release, ev.At)
			return action.Plan{}, err
		},
	}
}

// firstPictures gives a product its first baselines, before its next release:
// those of a standing journey that passes on the live release, when that is the
// last good one. A picture that has a baseline keeps it.
func firstPictures(ctx context.Context, tx *store.Tx, s signal.Signal, now time.Time) error {
	st, live, err := standing(ctx, tx, s.Product)
	if err != nil || live == nil || st.LastGood != live.ID {
		return err
	}
	s.Release, s.Expected = live.ID, live.Version
	if err := tx.PutCandidates(ctx, s); err != nil {
		return err
	}
	_, err = tx.FillBaselines(ctx, s.Product, live.ID, now)
	return err
}

// journey plays one journey, in a browser of its own.
func (h *hands) journey(ctx context.Context, p product.Product, l watch.Look, a action.Action) (s signal.Signal) {
	quarantine, away := p.Quarantined(l.Name, h.now())
	defer func() {
		s.Worker, s.Quarantined = string(a.Lane), away
		if away && s.Outcome == signal.Fail {
			h.log.Info("a journey in quarantine fails", "journey", l.Name, "owner", quarantine.Owner, "until", quarantine.Until)
		}
	}()
	i := slices.IndexFunc(p.Journeys, func(j product.Journey) bool { return j.ID == l.Name })
	if i < 0 {
		return h.unable(l, fmt.Errorf("journey %q is not configured any more", l.Name))
	}
	j := p.Journeys[i]
	show := h.runs.begin(string(signalID(a.Key, fmt.Sprint(a.Attempt))), j, l)
	defer h.runs.end(show)
	served := func(ctx context.Context, base string) string {
		v, _ := h.looker.Version(ctx, p.Version, base)
		return v
	}
	if j.Suite != nil {
		return h.play.suites.Run(ctx, suite.Request{
			Look: l, Suite: *j.Suite, Timeout: j.Timeout, Marker: h.marker(string(l.Watch)), Served: served,
			Vars: j.Vars, Secrets: j.Secrets, Allow: j.Allow,
		})
	}
	parsed, err := loadJourney(j)
	if err != nil {
		return h.unable(l, err)
	}
	show.steps(len(parsed.Steps))
	runner := h.play.shell
	if j.Full {
		runner = h.play.full
	}
	return runner.Run(ctx, player.Request{
		Look: l, Journey: parsed, Origins: append(p.Origins(l.Version), h.own),
		Version: p.Version, Timeout: j.Timeout, Marker: h.marker(string(l.Watch)), ServedJSON: served,
		Spec: fenced(j, p, h.own), Vars: j.Vars, Secrets: j.Secrets, Trace: l.Trace, Baselines: h.album, Watch: show.watch(), Progress: show.reached,
	})
}

// fenced adds to a journey's fence what belongs inside it anyway: the
// integrations, and our own server, which takes the boot reports.
func fenced(j product.Journey, p product.Product, own string) product.Journey {
	u, err := url.Parse(own)
	known := err == nil && u.Host != ""
	if j.Writes != nil && known {
		j.Writes = append(slices.Clone(j.Writes), "POST "+u.Host+"/*")
	}
	if j.Hosts == nil {
		return j
	}
	j.Hosts = slices.Clone(j.Hosts)
	for _, in := range p.Integrations {
		j.Hosts = append(j.Hosts, in.Hosts...)
	}
	if known {
		j.Hosts = append(j.Hosts, u.Host)
	}
	return j
}

// unable is the signal of a run that could not begin: our own fault.
func (h *hands) unable(l watch.Look, err error) signal.Signal {
	return signal.Signal{
		At: h.now(), Product: l.Product, Release: l.Release, Watch: string(l.Watch), Kind: l.Kind, Name: l.Name,
		Side: l.Side, Round: l.Round, Confirm: l.Confirm, Expected: l.Version, Outcome: signal.Broken, Summary: "could not look: " + err.Error(),
	}
}

// loadJourney reads a configured journey's file.
func loadJourney(j product.Journey) (*journey.Journey, error) {
	names := slices.AppendSeq([]string{}, maps.Keys(j.Secrets)) // empty: there are none
	return readJourney(j.File, journey.LoadOptions{Vars: known(j.Vars), SecretNames: names})
}

// titled gives the journeys without a configured title that of their files. One
// that cannot be read has none, which its runs will say.
func titled(journeys []product.Journey) {
	for i := range journeys {
		j := &journeys[i]
		if j.Title != "" || j.Suite != nil {
			continue
		}
		if parsed, err := loadJourney(*j); err == nil {
			j.Title = parsed.Title
		}
	}
}

// known makes a map that says: these, and no others.
func known(vars map[string]string) map[string]string {
	if vars == nil {
		return map[string]string{}
	}
	return vars
}
