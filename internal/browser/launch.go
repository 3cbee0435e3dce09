package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// startTimeout bounds the wait for Chromium's first answer, and for a tab to be set up.
const startTimeout = 45 * time.Second

// Options for Launch. Only Binary is required.
type Options struct {
	Binary          Binary
	UserAgentSuffix string   // appended to the browser's own user agent after a space
	HostRules       string   // --host-resolver-rules: fences or maps host names
	Dir             string   // where the profile directory is made; default os.TempDir()
	ExtraArgs       []string // further flags, last
	NoDatagrams     bool     // no WebRTC over UDP, which no Fence of a page can stop
	Headed          bool     // show a window; for people, needs a display and the full Chromium
	Memory          int64    // bytes that one process of Chromium may use before it is killed; default 2 GiB, negative: any
	StderrLimit     int      // bytes of stderr kept for error messages; default 64 KiB
}

// Browser is one running Chromium process. It is safe for concurrent use.
type Browser struct {
	Binary Binary // of the process that runs; Version as it reports itself

	conn   *conn
	proc   *process
	memory int64 // limit of one process

	mu      sync.Mutex
	windows map[string]*window // by browser context id
}

// Launch starts Chromium with a fresh profile in its own process group. The
// whole group is killed when ctx ends, at Close, or when this process dies. A
// browser that does not start is a fault.Unavailable with its last words. A
// Binary without a path is looked for as Find does: one that was missing when
// the server started may have been installed since.
func Launch(ctx context.Context, o Options) (*Browser, error) {
	if o.Binary.Path == "" {
		found, err := Find(ctx, "")
		if err != nil {
			return nil, err
		}
		o.Binary = found
	}
	if o.UserAgentSuffix != "" && o.Binary.UserAgent == "" {
		known, err := probe(ctx, o.Binary.Path)
		if err != nil {
			return nil, err
		}
		o.Binary = known
	}
	b, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := b.watchTargets(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("launch %s: %w", o.Binary.Path, err), b.Close())
	}
	return b, nil
}

// start runs the process and waits for its first answer.
func start(ctx context.Context, o Options) (*Browser, error) {
	p, err := startProcess(ctx, o)
	if err != nil {
		return nil, missing(fmt.Sprintf("browser %s does not start: %v", o.Binary.Path, err), err)
	}
	b := &Browser{Binary: o.Binary, proc: p, memory: o.Memory, windows: map[string]*window{}}
	if b.memory == 0 {
		b.memory = defaultMemory
	}
	b.conn = newConn(p.fromChild, p.toChild)
	go p.supervise(ctx, b.conn)
	go p.watchMemory(b.memory)

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var v struct {
		Product   string `json:"product"`
		UserAgent string `json:"userAgent"`
	}
	if err := b.conn.root.call(ctx, "Browser.getVersion", nil, &v); err != nil {
		_ = b.Close()
		return nil, b.refused(err)
	}
	_, b.Binary.Version, _ = strings.Cut(v.Product, "/")
	if o.UserAgentSuffix == "" {
		b.Binary.UserAgent = v.UserAgent
	}
	return b, nil
}

// refused explains a browser that started and left, or never answered.
func (b *Browser) refused(err error) error {
	words := strings.TrimSpace(b.Stderr())
	if len(words) > 600 {
		words = "… " + words[len(words)-600:]
	}
	hint := "run it by hand with --headless to see why"
	if strings.Contains(words, "sandbox") {
		hint = "its sandbox needs user namespaces: allow them (kernel.unprivileged_userns_clone, AppArmor), or run in a container that does"
	}
	f := fault.New(fault.Unavailable, fmt.Sprintf("browser %s does not answer: %s", b.Binary.Path, words), hint)
	f.Cause = err
	return f
}

// Close kills the process group, waits for it and removes the profile. There is
// nothing to save, and asking nicely takes Chromium two seconds. It may be
// called more than once.
func (b *Browser) Close() error {
	b.proc.stop()
	<-b.proc.done
	return b.proc.cleanErr
}

// Done is closed once the process group is gone and the profile removed.
func (b *Browser) Done() <-chan struct{} { return b.proc.done }

// Stderr returns the kept tail of what Chromium wrote to stderr.
func (b *Browser) Stderr() string { return b.proc.stderr.String() }

// watchTargets makes every tab of our contexts, popups included, and every
// shared worker attach itself, paused, before its first request.
func (b *Browser) watchTargets(ctx context.Context) error {
	root := b.conn.root
	handleEvent(root, "Target.attachedToTarget", b.attached)
	handleEvent(root, "Target.detachedFromTarget", b.detached)
	handleEvent(root, "Browser.downloadWillBegin", b.downloadBegins)
	handleEvent(root, "Browser.downloadProgress", b.downloadMoves)
	return root.call(ctx, "Target.setAutoAttach", map[string]any{
		"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true,
		"filter": []any{map[string]any{"type": "page"}, map[string]any{"type": "shared_worker"}},
	}, nil)
}

func (b *Browser) window(contextID string) *window {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.windows[contextID]
}

func (b *Browser) allWindows() []*window {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*window, 0, len(b.windows))
	for _, w := range b.windows {
		all = append(all, w)
	}
	return all
}

// attached sets up a new tab, or lets go of one that is not ours (full Chromium
// opens internal pages).
func (b *Browser) attached(e attachedEvent) {
	s := b.conn.session(e.SessionID)
	if s == nil {
		return
	}
	w := b.window(e.TargetInfo.BrowserContextID)
	if w != nil && e.TargetInfo.Type == "shared_worker" { // no page attaches those: they are nobody's
		w.owner().child(e)
		return
	}
	if w == nil || e.TargetInfo.Type != "page" {
		s.start()
		s.post("Runtime.runIfWaitingForDebugger", nil)
		b.conn.root.post("Target.detachFromTarget", map[string]any{"sessionId": s.id})
		return
	}
	if w.crowded() {
		w.turnAway(s)
		return
	}
	w.open(s)
}

func (b *Browser) detached(e struct {
	SessionID string `json:"sessionId"`
},
) {
	for _, w := range b.allWindows() {
		w.left(e.SessionID)
	}
}

// arguments are the flags Chromium is started with.
func arguments(o Options, profile string) []string {
	args := []string{
		"--remote-debugging-pipe",
		"--user-data-dir=" + profile,
		"--no-first-run", "--no-default-browser-check", "--no-startup-window",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-default-apps", "--disable-extensions", "--disable-domain-reliability",
		"--disable-client-side-phishing-detection", "--metrics-recording-only",
		"--disable-breakpad", "--disable-crash-reporter",
		"--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars",
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding",
		"--disable-backgrounding-occluded-windows", "--disable-hang-monitor", "--disable-popup-blocking",
		"--password-store=basic", "--use-mock-keychain", "--force-color-profile=srgb",
		"--disable-features=Translate,MediaRouter,OptimizationHints,Prerender2,BackForwardCache",
		// One process less, a seventh of the CPU of a short run. On Linux the
		// network service has no sandbox of its own that would be lost.
		"--enable-features=NetworkServiceInProcess2",
	}
	if o.Binary.Kind == KindFull && !o.Headed {
		args = append(args, "--headless")
	}
	if os.Getuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	if o.UserAgentSuffix != "" {
		args = append(args, "--user-agent="+o.Binary.UserAgent+" "+o.UserAgentSuffix)
	}
	if o.NoDatagrams { // each binary knows the policy by its own name
		args = append(args, "--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp")
	}
	if o.HostRules != "" {
		args = append(args, "--host-resolver-rules="+o.HostRules)
	}
	return append(args, o.ExtraArgs...)
}

// decodeInto ignores what does not decode: the zero value then speaks for itself.
func decodeInto[T any](raw json.RawMessage) T {
	var v T
	_ = json.Unmarshal(raw, &v)
	return v
}
