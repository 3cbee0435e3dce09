package app

import (
	"bufio"
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/demo"
	"github.com/postflight/postflight/internal/ingest"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/slacktest"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

// The environment of a test binary that is run again as the server.
const (
	chaosConfig = "CHAOS_CONFIG" // the configuration to serve; its listener is file 3
	chaosLife   = "CHAOS_LIFE"   // marks every process of one life of the server
	chaosToken  = "POSTFLIGHT_DEMO_SLACK_TOKEN"
)

// chaosChild is the server: what postflight serve does, on an inherited
// socket, so that the address stays over restarts.
func chaosChild(path string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := func() error {
		cfg, err := chaosLoad(path, os.Environ())
		if err != nil {
			return err
		}
		l, err := net.FileListener(os.NewFile(3, "listener"))
		if err != nil {
			return err
		}
		a, err := Open(ctx, Options{
			Config: cfg, Version: "chaos", Listener: l, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		})
		if err != nil {
			return err
		}
		fmt.Println("ready")
		return a.Run(ctx)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "end:", err)
		return 1
	}
	return 0
}

func chaosLoad(path string, env []string) (*config.Config, error) {
	cfg, _, err := config.Load(path, config.Options{JourneyLint: CheckJourney, Environ: env, KnownEnv: []string{chaosToken}})
	return cfg, err
}

// chaosWorld is what outlives the server: the shop and its visitors' address,
// the payments provider, the chat, and the files.
type chaosWorld struct {
	t        *testing.T
	dir      string
	chat     *slacktest.Server
	payments *demo.Payments
	pay      string // address of the provider
	socket   *os.File
	url      string
	env      []string          // of the server, besides
	replace  *strings.Replacer // from the template to this configuration
	resumed  []time.Duration
	kills    []string

	mu    sync.Mutex
	trap  *chaosTrap
	lives []*chaosServer
}

// chaosTrap kills the server at one call of the chat.
type chaosTrap struct {
	name   string
	method string // prefix of the method
	stored bool   // after the chat did the work, else before it
	sprung chan struct{}
}

// chaosServer is one life of the server.
type chaosServer struct {
	cmd   *exec.Cmd
	mark  string
	ended chan struct{} // closed when the process is gone
	err   error
	at    time.Time // of the kill
}

func newChaosWorld(t *testing.T) *chaosWorld {
	t.Helper()
	// Not t.TempDir: Chromium's sockets need a short path.
	dir, err := os.MkdirTemp("", "pfchaos")
	if err != nil {
		t.Fatal(err)
	}
	w := &chaosWorld{t: t, dir: dir, payments: demo.NewPayments()}
	t.Cleanup(func() {
		w.bury()
		if t.Failed() {
			w.lastWords()
		}
		_ = os.RemoveAll(dir)
	})
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.chat, err = slacktest.New(slacktest.Options{Token: "xoxb-chaos", Channels: []slacktest.Channel{{ID: "C0DEMO", Name: "on-call"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.chat.Close)
	w.openSocket()
	w.pay = w.serve(w.payments)
	shopDir := filepath.Join(dir, "shop")
	if err := demo.Install(t.Context(), shopDir, demo.InstallOptions{PaymentsURL: w.pay}); err != nil {
		t.Fatal(err)
	}
	shop, err := demo.New(demo.Options{Dir: shopDir, BootGuard: func(version string) template.HTML {
		return template.HTML(ingest.Script(ingest.Options{Endpoint: w.url + "/boot", Version: version, Product: demoProduct})) //nolint:gosec // ours
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shop.Close)
	w.configure(w.serve(shop), w.serve(http.HandlerFunc(w.slack)))
	return w
}

// serve serves one part of the world until the test ends.
func (w *chaosWorld) serve(h http.Handler) string {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	srv.Start()
	w.t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv.URL
}

// openSocket takes the server's address for all its lives.
func (w *chaosWorld) openSocket() {
	w.t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + l.Addr().String()
	if w.socket, err = l.(*net.TCPListener).File(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.socket.Close(); _ = l.Close() })
}

// configure writes the demo's journeys and remembers its configuration.
func (w *chaosWorld) configure(shop, chat string) {
	w.t.Helper()
	if err := writeJourneys(w.path("journeys")); err != nil {
		w.t.Fatal(err)
	}
	host := strings.TrimPrefix(shop, "http://")
	_, port, _ := net.SplitHostPort(host)
	w.replace = strings.NewReplacer("%[1]s", strings.TrimPrefix(w.url, "http://"), "%[2]s", chat, "%[3]s", host,
		"%[4]s", port, "%[5]s", strings.TrimPrefix(w.pay, "http://"), "incident_hold: 3s", "incident_hold: 1s")
}

func (w *chaosWorld) path(name string) string { return filepath.Join(w.dir, name) }
func (w *chaosWorld) shop() string            { return w.path("shop") }

// window sets how long releases are watched from the next start on.
func (w *chaosWorld) window(length string) {
	w.t.Helper()
	whole := w.replace.Replace(demoConfig)
	text := strings.Replace(whole, "for: 14s", "for: "+length, 1)
	if text == whole {
		w.t.Fatal("the demo's window is another one")
	}
	if err := os.WriteFile(w.path("postflight.yaml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// slack is the chat, with the trap in front of it.
func (w *chaosWorld) slack(rw http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/api/")
	w.mu.Lock()
	trap := w.trap
	if trap == nil || !strings.HasPrefix(name, trap.method) {
		trap = nil
	} else {
		w.trap = nil
	}
	w.mu.Unlock()
	if trap == nil {
		w.chat.ServeHTTP(rw, r)
		return
	}
	defer func() {
		// Also when the chat played a scripted failure and cut the connection.
		_ = recover()
		w.kill(w.current(), trap.name)
		close(trap.sprung)
		panic(http.ErrAbortHandler)
	}()
	if trap.stored {
		w.chat.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func (w *chaosWorld) arm(trap *chaosTrap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trap = trap
}

// disarm takes the trap away; false when something stepped on it.
func (w *chaosWorld) disarm(trap *chaosTrap) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	armed := w.trap == trap
	w.trap = nil
	return armed
}

func (w *chaosWorld) current() *chaosServer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lives[len(w.lives)-1]
}

// start gives the server a new life and waits until it is open.
func (w *chaosWorld) start() *chaosServer {
	w.t.Helper()
	s := &chaosServer{ended: make(chan struct{})}
	w.mu.Lock()
	s.mark = fmt.Sprintf("%s#%d", w.dir, len(w.lives)+1)
	w.lives = append(w.lives, s)
	w.mu.Unlock()
	log, err := os.OpenFile(w.path("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(os.Args[0])
	s.cmd.Env = append(os.Environ(), chaosConfig+"="+w.path("postflight.yaml"), chaosLife+"="+s.mark,
		chaosToken+"=xoxb-chaos", "TMPDIR="+w.path("tmp"))
	s.cmd.Env = append(s.cmd.Env, w.env...)
	s.cmd.Stderr, s.cmd.ExtraFiles = log, []*os.File{w.socket}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	if err != nil || line != "ready\n" {
		w.t.Fatalf("the server does not start: %q %v", line, err)
	}
	w.resumed = append(w.resumed, time.Since(begun))
	return s
}

// kill ends a life as a power cut would, and returns when it is over.
func (w *chaosWorld) kill(s *chaosServer, why string) {
	_ = s.cmd.Process.Kill()
	<-s.ended
	w.mu.Lock()
	defer w.mu.Unlock()
	s.at = time.Now()
	w.kills = append(w.kills, why)
}

// bury ends whatever is left.
func (w *chaosWorld) bury() {
	for _, s := range w.lives {
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// lastWords shows what the servers said, for a failed test.
func (w *chaosWorld) lastWords() {
	raw, _ := os.ReadFile(w.path("server.log"))
	w.t.Logf("the server's log:\n%s", raw[max(0, len(raw)-20_000):])
	w.lastEvents()
	for i, m := range w.chat.Messages() {
		w.t.Logf("chat %d: ts %s thread %s files %v: %s", i, m.TS, m.Thread, m.Files, m.Text)
	}
}

// lastEvents shows the end of the journal, for a failed test.
func (w *chaosWorld) lastEvents() {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Options{DSN: "sqlite:" + w.path("data/postflight.db"), Guest: true})
	if err != nil {
		w.t.Log(err)
		return
	}
	defer db.Close()
	events, err := read(ctx, db, func(tx *store.Tx) ([]journal.Event, error) {
		standing, err := tx.EventsAbout(ctx, store.EventFilter{Watch: string(watch.StandingID(demoProduct)), Latest: true, Limit: 100})
		if err != nil {
			return nil, err
		}
		all, err := tx.EventsAbout(ctx, store.EventFilter{Latest: true, Limit: 200})
		return append(standing, all...), err
	})
	if err != nil {
		w.t.Log(err)
	}
	for _, ev := range events {
		w.t.Logf("event %d %s %s %s %s %s: %.400s", ev.Seq, ev.At.Format("15:04:05.000"), ev.Kind, ev.Release, ev.Watch, ev.Incident, ev.Data)
	}
}

// orphans are the processes of lives that ended at least a while ago.
func (w *chaosWorld) orphans(age time.Duration) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	dead := map[string]bool{}
	for _, s := range w.lives {
		select {
		case <-s.ended:
			dead[chaosLife+"="+s.mark] = time.Since(s.at) >= age
		default:
		}
	}
	return processes(func(v string) bool { return dead[v] })
}

// processes lists those that have a variable like this in their environment.
func processes(like func(variable string) bool) []string {
	var out []string
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range all {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // gone, or not ours
		}
		for v := range strings.SplitSeq(string(raw), "\x00") {
			if like(v) {
				line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
				out = append(out, fmt.Sprintf("%s %s %.160s", v, filepath.Base(filepath.Dir(file)), strings.ReplaceAll(string(line), "\x00", " ")))
			}
		}
	}
	return out
}

// guest opens the database beside the server, to look.
func (w *chaosWorld) guest() *store.Store {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), store.Options{DSN: "sqlite:" + w.path("data/postflight.db"), Guest: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// await polls until ok says yes.
func (w *chaosWorld) await(what string, ok func() bool) {
	w.t.Helper()
	if !poll(w.t.Context(), 3*time.Minute, 20*time.Millisecond, ok) {
		w.t.Fatalf("waited in vain: %s", what)
	}
}

// poll asks again and again; false when the time is over.
func poll(ctx context.Context, bound, every time.Duration, ok func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// announce tells the server of a release as a pipeline does, through kills
// and restarts. A version that was rolled back meanwhile is not told again.
func (w *chaosWorld) announce(ctx context.Context, d demo.Deployed) error {
	var last error
	told := poll(ctx, 3*time.Minute, 100*time.Millisecond, func() bool {
		token, err := os.ReadFile(w.path("data/admin.token"))
		if err != nil {
			last = err
			return false
		}
		c, err := client.New(w.url, strings.TrimSpace(string(token)), client.WithTries(1), client.WithTimeout(2*time.Second))
		if err == nil {
			_, err = c.Announce(ctx, string(demoProduct), client.Announcement{Version: d.Version, Commit: d.Commit, ConfigChanges: d.ConfigChange})
		}
		last = err
		return err == nil || client.IsKind(err, client.Conflict)
	})
	if !told {
		return fmt.Errorf("announce %s: %w", d.Version, last)
	}
	return nil
}
