package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/demo"
	"github.com/postflight/postflight/internal/ingest"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/slacktest"
	"github.com/postflight/postflight/internal/store"
)

// demoProduct is the product that the demo watches and drills.
const demoProduct product.ID = "workshop"

// DemoOptions say where the demo lives.
type DemoOptions struct {
	Dir     string // everything is kept in here
	Listen  string // of Postflight itself; the shop, payments and chat follow on the next ports
	Reset   bool   // make v1 live again
	Version string
	Logger  *slog.Logger
	Env     []string // of the configuration; nil means the process's
}

// Demo is Postflight watching the demo shop, with a payments provider and a
// chat that stands in for Slack, all on this machine.
type Demo struct {
	App      *App
	ShopURL  string
	ChatURL  string
	Payments *demo.Payments
	Chat     *slacktest.Server
	Config   string // the file that was written
	Data     string

	shop      *demo.Shop
	listeners map[string]net.Listener
	unlock    func() error // of the directory; nil before it is locked
	log       *slog.Logger
}

// demoParts are the servers of the demo, in the order of their ports.
func demoParts() []string { return []string{"postflight", "shop", "payments", "chat"} }

// OpenDemo installs the shop where it is missing, writes the configuration
// and opens everything. What a person changed in the shop stays.
func OpenDemo(ctx context.Context, o DemoOptions) (_ *Demo, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open demo: %w", err)
	}
	d := &Demo{Payments: demo.NewPayments(), Data: filepath.Join(dir, "data"), listeners: map[string]net.Listener{}, log: o.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open demo: %w", err)
	}
	// Before anything is written: a second demo would move the first one's shop
	// to its own provider, and only then be refused.
	if d.unlock, err = store.Lock(filepath.Join(dir, "demo.lock")); err != nil {
		return nil, fmt.Errorf("open demo: %w", err)
	}
	if err := d.listen(ctx, o.Listen); err != nil {
		return nil, err
	}
	ground := &shopGround{dir: filepath.Join(dir, "shop"), notes: filepath.Join(dir, "drills"), payments: d.Payments, url: d.address("payments")}
	if err := demo.Install(ctx, ground.dir, demo.InstallOptions{PaymentsURL: ground.url, Reset: o.Reset}); err != nil {
		return nil, fmt.Errorf("install the demo shop: %w", err)
	}
	token := "xoxb-" + rand.Text()
	d.Chat, err = slacktest.New(slacktest.Options{
		Token: token, Channels: []slacktest.Channel{{ID: "C0DEMO", Name: "on-call"}}, Dir: filepath.Join(dir, "chat"),
	})
	if err != nil {
		return nil, fmt.Errorf("open the demo's chat: %w", err)
	}
	cfg, err := d.configure(dir, token, o.Env)
	if err != nil {
		return nil, err
	}
	d.App, err = Open(ctx, Options{
		Config: cfg, Version: o.Version, Listener: d.listeners["postflight"], Ground: ground, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	d.shop, err = demo.New(demo.Options{Dir: ground.dir, BootGuard: d.guard, Synthetic: d.App.Marked, Logger: o.Logger})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the demo shop: %w", err), d.App.Close())
	}
	d.ShopURL, d.ChatURL = d.address("shop"), d.address("chat")
	return d, nil
}

// listen takes a port for every part; with port 0 any free one.
func (d *Demo) listen(ctx context.Context, at string) error {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", at, err)
	}
	base, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", at, err)
	}
	var lc net.ListenConfig
	for i, name := range demoParts() {
		n := 0
		if base != 0 {
			n = base + i
		}
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, fmt.Sprint(n)))
		if err != nil {
			return fmt.Errorf("listen for the demo's %s: %w", name, err)
		}
		d.listeners[name] = l
	}
	return nil
}

func (d *Demo) address(part string) string { return "http://" + d.listeners[part].Addr().String() }

// guard is the boot script of one release's pages.
func (d *Demo) guard(version string) template.HTML {
	return template.HTML(ingest.Script(ingest.Options{ //nolint:gosec // built by us, values escaped
		Endpoint: d.App.URL() + "/boot", Version: version, Product: demoProduct,
	}))
}

// demoConfig is the demo's configuration; the addresses are filled in.
const demoConfig = `# Written by the demo at every start: a configuration to learn from.
server:
  listen: %[1]s
  data: data
  incident_hold: 3s

channels:
  on-call:
    slack: # a stand-in that runs on this machine
      token: ${POSTFLIGHT_DEMO_SLACK_TOKEN}
      channel: C0DEMO
      api_url: %[2]s/api/

products:
  workshop:
    name: Father Christmas Workshop
    url: http://%[3]s
    previous_url: http://{version}.localhost:%[4]s
    version:
      header: X-Release
      path: /healthz
      every: 1s
    journeys:
      - file: journeys/book-a-visit.json
        every: 1m
        timeout: 10s
      - file: journeys/browse.json
        every: 1m
        timeout: 10s
        compare: { ignore: [.foot] } # the version stands there
        budgets: { lcp: 1500ms, cls: 0.1 }
      - file: journeys/find-out.yaml # written by hand
        every: 1m
        timeout: 10s
        hosts: ["*.localhost"] # beside the shop, its integrations and Postflight
        writes: [POST /api/errors]
        budgets: { lcp: 1500ms, ttfb: 300ms, inp: 200ms, cls: 0.1 }
    pages: [/, /book]
    boot_reports: true
    integrations:
      payments:
        name: Payments
        hosts: ["%[5]s"]
        owner: payments-team@example.com
        probe:
          url: http://%[5]s/healthz
          every: 2s
          timeout: 2s
    rollback:
      automatic: true
      timeout: 10s
      directory:
        current: shop/current
        releases: shop/releases
    notify: [on-call]
    qa: [on-call]
    watch:
      for: 14s
      every: 6s
      settle: 8s
`

// writeJourneys writes the demo's journeys.
func writeJourneys(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range demo.Journeys() {
		raw, err := demo.Journey(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(name, ".json")+".json"), raw, 0o600); err != nil {
			return err
		}
	}
	raw, err := fs.ReadFile(demo.Files(), "journeys/"+demo.Written)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, demo.Written), raw, 0o600)
}

// configure writes the demo's files and reads the configuration back, as a
// user's would be read.
func (d *Demo) configure(dir, token string, env []string) (*config.Config, error) {
	if err := writeJourneys(filepath.Join(dir, "journeys")); err != nil {
		return nil, fmt.Errorf("write the demo's journeys: %w", err)
	}
	shop := d.listeners["shop"].Addr().String()
	_, port, err := net.SplitHostPort(shop)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(demoConfig, d.listeners["postflight"].Addr(), d.address("chat"), shop, port, d.listeners["payments"].Addr())
	d.Config = filepath.Join(dir, "postflight.yaml")
	if err := os.WriteFile(d.Config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the demo's configuration: %w", err)
	}
	if env == nil {
		env = os.Environ()
	}
	cfg, warnings, err := config.Load(d.Config, config.Options{
		JourneyLint: CheckJourney, Environ: append(env, "POSTFLIGHT_DEMO_SLACK_TOKEN="+token),
		KnownEnv: []string{"POSTFLIGHT_DEMO_SLACK_TOKEN"},
	})
	for _, w := range warnings {
		d.log.Warn("configuration", "warning", w.Warn())
	}
	return cfg, err
}

// Run serves everything until ctx ends.
func (d *Demo) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for part, handler := range map[string]http.Handler{"shop": d.shop, "payments": d.Payments, "chat": d.Chat} {
		srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		g.Go(func() error {
			if err := srv.Serve(d.listeners[part]); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve the demo's %s: %w", part, err)
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			return srv.Close()
		})
	}
	g.Go(func() error { return d.App.Run(ctx) })
	err := g.Wait()
	return errors.Join(err, d.close())
}

func (d *Demo) close() error {
	for _, l := range d.listeners {
		_ = l.Close()
	}
	if d.Chat != nil {
		d.Chat.Close()
	}
	if d.shop != nil {
		d.shop.Close()
	}
	if d.unlock != nil {
		return d.unlock()
	}
	return nil
}
