// Package app opens the house, wires the rooms, supervises them and stops
// them.
//
// It is the only place where stages meet the store, actions meet the doors
// and long-lived work is started. The conductor moves the stages along the
// journal, a crew for each lane performs actions, the prober looks all the
// time, and the HTTP server shows it all. It holds no rules of its own. The
// command line calls it.
package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/check"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/deploy"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/ingest"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// Options say what to run.
type Options struct {
	Config   *config.Config
	Version  string
	Listener net.Listener // nil: listen where the configuration says
	Ground   Ground       // nil: nothing may be drilled
	Logger   *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// App is an open house.
type App struct {
	o        Options
	log      *slog.Logger
	now      func() time.Time
	store    *store.Store
	blobs    *blob.Dir
	listener net.Listener
	products []product.Product
	byID     map[product.ID]product.Product
	key      []byte // of the synthetic marker
	url      string // how people and pages reach this server
	desk     *Desk
	keys     *Doorkeeper
	prober   *check.Prober
	hands    *hands
	observer *observer
	boots    *ingest.BootHandler
	pulse    pulse
	machine  *machine
	runs     *runs
	closers  []closer // last in, first out
}

// closer is one step of the teardown.
type closer struct {
	name  string
	close func() error
}

// Open opens everything and starts nothing. What it opened is closed again
// when it fails.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{o: o, log: o.Logger, now: o.Now, products: o.Config.Products(), byID: map[product.ID]product.Product{}}
	if a.now == nil {
		a.now = clock()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	a.machine, a.runs = &machine{now: a.now}, newRuns(a.now)
	for _, p := range a.products {
		titled(p.Journeys)
		a.byID[p.ID] = p
	}
	if err := a.openState(ctx); err != nil {
		return nil, err
	}
	if err := a.listen(ctx); err != nil {
		return nil, err
	}
	return a, a.wire(ctx)
}

// openState opens the database and the evidence directory.
func (a *App) openState(ctx context.Context) error {
	server := a.o.Config.Server
	path := filepath.Join(server.Data, "postflight.db")
	dsn := "sqlite:" + path
	var err error
	if a.blobs, err = blob.Open(filepath.Join(server.Data, "evidence")); err != nil {
		return unusable(server.Data, err)
	}
	a.onClose("evidence", a.blobs.Close)
	if pg, ok := server.Postgres(); ok {
		dsn = pg.Reveal()
		// The same lock as SQLite's: a second server here would let go of the
		// first one's work, which goes by the directory's name.
		unlock, err := store.Lock(path + ".lock")
		if err != nil {
			return fmt.Errorf("open data directory: %w", err)
		}
		a.onClose("data directory", unlock)
	}
	if a.store, err = store.Open(ctx, store.Options{DSN: dsn, Node: node(server.Data), Logger: a.log}); err != nil {
		return err
	}
	a.onClose("store", a.store.Close)
	if a.key, err = a.markerKey(ctx); err != nil {
		return err
	}
	return a.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.ReleaseLeases(ctx, "")
		return err
	})
}

// unusable explains a data directory in which nothing can be kept.
func unusable(dir string, err error) error {
	if _, told := errors.AsType[*fault.Error](err); told {
		return fmt.Errorf("open the data directory %s: %w", dir, err)
	}
	return fault.Newf(fault.Invalid, "the data directory %s cannot be used: %w", dir, err).
		WithHint("name a directory that can be made and written: server.data, or POSTFLIGHT_DATA")
}

// node names this server among those that share a database: the machine and
// the data directory, which only one server holds, stay over a restart.
func node(data string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return host + ":" + data
}

// markerKey returns the key of the synthetic marker, made at the first start.
func (a *App) markerKey(ctx context.Context) (key []byte, err error) {
	err = a.store.Write(ctx, func(tx *store.Tx) error {
		text, ok, err := tx.Setting(ctx, "marker_key")
		if err != nil {
			return err
		}
		if !ok {
			key = make([]byte, 32)
			_, _ = rand.Read(key)
			return tx.PutSetting(ctx, "marker_key", hex.EncodeToString(key))
		}
		key, err = hex.DecodeString(text)
		return err
	})
	return key, err
}

// listen takes the address, so that it is refused before anything runs.
func (a *App) listen(ctx context.Context) error {
	a.listener = a.o.Listener
	if a.listener == nil {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", a.o.Config.Server.Listen)
		if err != nil {
			return fault.Newf(fault.Unavailable, "the address cannot be served: %w", err).
				WithHint("end the program that holds it, or name another one: server.listen, or POSTFLIGHT_LISTEN")
		}
		a.listener = l
	}
	a.onClose("listener", func() error {
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	a.url = a.o.Config.Server.PublicURL
	if a.url == "" {
		a.url = "http://" + a.listener.Addr().String()
	}
	return nil
}

// wire makes the doors and hands them their tools.
func (a *App) wire(ctx context.Context) error {
	a.keys = &Doorkeeper{store: a.store, now: a.now}
	a.desk = &Desk{store: a.store, products: a.byID, ground: a.o.Ground, now: a.now}
	if a.o.Ground != nil {
		a.desk.drills = a.o.Ground.Scenarios()
	}
	a.observer = &observer{store: a.store, desk: a.desk, now: a.now}
	looker := check.New(check.Options{
		Worker: "check", UserAgent: a.agent(), Now: a.now, Marker: a.markerHeader,
	})
	a.prober = check.NewProber(check.ProberOptions{
		Looker: looker, Products: a.products, Known: a.observer.Known,
		Report: a.observer.Report, Notice: a.observer.Notice, Log: a.log,
	})
	told := channels(a.o.Config.Channels)
	for _, ch := range told {
		if err := ch.Check(); err != nil {
			return fmt.Errorf("channel %s: %w", ch.Name, err)
		}
	}
	hidden := secrets(a.o.Config, a.products)
	notifier := notify.New(told, notify.Options{
		Blobs: reader{a.blobs}, PublicURL: a.url, Logger: a.log,
	})
	a.hands = &hands{
		store: a.store, products: a.byID, looker: looker, notifier: notifier,
		play: a.newPlayers(ctx), runs: a.runs, album: album{store: a.store, blobs: a.blobs},
		deployer: deploy.New(deploy.Options{Logger: a.log, Commit: a.commit, Secrets: hidden, Env: without(os.Environ(), hidden)}),
		ground:   a.o.Ground, desk: a.desk, own: product.Origin(a.url), key: a.key, log: a.log, now: a.now,
	}
	return nil
}

// commit returns the commit of a release, for rollback commands.
func (a *App) commit(ctx context.Context, id release.ID) (string, error) {
	r, err := read(ctx, a.store, func(tx *store.Tx) (release.Release, error) { return tx.Release(ctx, id) })
	return r.Commit, err
}

// agent is how our own requests name themselves.
func (a *App) agent() string { return "Postflight/" + a.o.Version + " (+synthetic)" }

// URL is how people and pages reach this server.
func (a *App) URL() string { return a.url }

// Desk takes what people and pipelines ask for.
func (a *App) Desk() *Desk { return a.desk }

// BootStats counts the boot reports that were taken and dropped.
func (a *App) BootStats() ingest.Stats { return a.boots.Stats() }

// Changed returns a channel that is closed after the next change of anything.
func (a *App) Changed() <-chan struct{} { return a.store.Changed() }

// Drill returns one drill.
func (a *App) Drill(ctx context.Context, id drill.ID) (drill.Drill, error) {
	return (&view{store: a.store}).Drill(ctx, id)
}

// Releases returns a product's newest releases.
func (a *App) Releases(ctx context.Context, id product.ID) ([]release.Release, error) {
	return read(ctx, a.store, func(tx *store.Tx) ([]release.Release, error) { return tx.Releases(ctx, id, maxRows) })
}

// Incidents returns the newest incidents, of all products.
func (a *App) Incidents(ctx context.Context) ([]incident.Incident, error) {
	return (&view{store: a.store}).Incidents(ctx, false, maxRows)
}

// Doorkeeper hands out sign-in links and tokens.
func (a *App) Doorkeeper() *Doorkeeper { return a.keys }

// Run runs everything until ctx ends or one part fails, then stops it in
// order. It closes the app.
func (a *App) Run(ctx context.Context) error {
	if err := a.begin(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range a.parts() {
		g.Go(func() error {
			if err := run.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", run.name, err)
			}
			return nil
		})
	}
	a.serve(ctx, g)
	err := g.Wait()
	return errors.Join(err, a.Close())
}

// begin hangs up the local key and starts the standing watches.
func (a *App) begin(ctx context.Context) error {
	if err := a.hangKey(ctx); err != nil {
		return err
	}
	return a.stand(ctx)
}

// stand opens the standing watch of every product.
func (a *App) stand(ctx context.Context) error {
	return a.store.Write(ctx, func(tx *store.Tx) error {
		for _, p := range a.products {
			ev := journal.New(watch.EventStanding, a.now(), p.ID).About(string(p.ID), "", string(watch.StandingID(p.ID)), "")
			if _, err := tx.Append(ctx, ev); err != nil {
				return err
			}
		}
		return nil
	})
}

// part is something that runs as long as the app.
type part struct {
	name string
	run  func(context.Context) error
}

// parts lists what runs beside the HTTP server.
func (a *App) parts() []part {
	perform := a.hands.performers()
	size := a.machine.places(a.o.Config.Server.Concurrency, a.products)
	team := func(lane action.Lane, n int, patient bool) part {
		c := &crew{
			lanes: []action.Lane{lane}, size: n, store: a.store, perform: perform, log: a.log, now: a.now, patient: patient,
		}
		return part{"workers of lane " + string(lane), c.Run}
	}
	// A release's journeys come first; those that nobody waits for never hold
	// every place. What confirms a release's failure has places of its own.
	browsers := func(name string, give int, lanes ...action.Lane) part {
		c := &crew{
			lanes: lanes, give: give, most: func() int { return a.machine.standing(size) },
			size: size, store: a.store, perform: perform, log: a.log, now: a.now,
		}
		return part{name, c.Run}
	}
	retention := a.o.Config.Server.Retention
	j := &janitor{
		store: a.store, blobs: a.blobs, events: retention.Events, evidence: retention.Evidence, log: a.log, now: a.now,
	}
	c := &conductor{store: a.store, stations: a.stations(), log: a.log, now: a.now, pulse: &a.pulse}
	return []part{
		{"conductor", c.Run},
		browsers("workers that confirm", 1, action.LaneConfirm, action.LaneRecheck),
		browsers("workers of journeys", 2, action.LaneJourney, action.LaneVerify, action.LaneRecheck, action.LaneStanding),
		team(action.LaneCheck, 8, false),
		team(action.LaneNotify, 8, true), team(action.LaneDeploy, 2, true),
		{"prober", a.prober.Run},
		{"janitor", j.Run},
		{"store listener", (&listener{listen: a.store.Listen, log: a.log}).Run},
	}
}

// stations is the house in its order: one release is followed from the top
// to the bottom of this list.
func (a *App) stations() []station {
	return []station{
		at[pipeline.Store]("pipeline", &pipeline.Stage{Products: a.byID}),
		at[scope.Store]("scope", &scope.Stage{Products: a.byID}),
		at[watch.Store]("watch", &watch.Stage{Products: a.byID}),
		at[verdict.Store]("verdict", &verdict.Stage{Products: a.byID}),
		pictures(),
		at[incident.Store]("incident", &incident.Stage{Products: a.byID, Hold: a.o.Config.Server.IncidentHold}),
		at[page.Store]("page", &page.Stage{Products: a.byID}),
		at[rollback.Store]("rollback", &rollback.Stage{Products: a.byID}),
		at[postmortem.Store]("postmortem", &postmortem.Stage{}),
		at[drill.Store]("drill", &drill.Stage{}),
	}
}

func (a *App) onClose(name string, f func() error) { a.closers = append(a.closers, closer{name, f}) }

// Close closes what Open opened, last first. It is idempotent.
func (a *App) Close() error {
	var errs []error
	for len(a.closers) > 0 {
		last := a.closers[len(a.closers)-1]
		a.closers = a.closers[:len(a.closers)-1]
		if err := last.close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", last.name, err))
		}
	}
	return errors.Join(errs...)
}

// probe returns the latest signal of an integration.
func (a *App) probe(p product.ID, integration string) (signal.Signal, bool) {
	s, _, ok := a.prober.Now(p, integration)
	return s, ok
}

// serve starts the HTTP server and its graceful stop.
func (a *App) serve(ctx context.Context, g *errgroup.Group) {
	srv := &http.Server{
		Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog:    slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	g.Go(func() error {
		if err := srv.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := srv.Shutdown(stop); err != nil {
			return srv.Close()
		}
		return nil
	})
}
