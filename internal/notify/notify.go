// Package notify performs pages and messages: Slack, signed webhooks, e-mail.
//
// It speaks the protocols and says what became of one attempt: delivered,
// worth another try (and when), or in need of a person (and what to do). It
// never decides whom to tell, never retries by itself and never holds a lane
// longer than its time limits. Text from pages and logs is data here: it
// cannot mention people, make links or headers. Secrets never stand in an
// error. The app's workers call Send; at least once, so a message that may be
// there already says "(possible repeat)".
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/page"
)

// Blobs is where screenshots are read from. Get returns an error that is
// fs.ErrNotExist or a not_found fault when there is none (any more).
type Blobs interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// Options of a Notifier.
type Options struct {
	Blobs Blobs
	// PublicURL is how people reach this server; links start with it. Without
	// it messages carry no link.
	PublicURL string
	// Timeout bounds one call of Slack or one mail command; default 10 s.
	Timeout time.Duration
	// Upload bounds the sending of one file or mail; default 30 s.
	Upload time.Duration
	// MaxFile is the largest file that is attached, in bytes; default 8 MiB.
	MaxFile int64
	Logger  *slog.Logger
}

// Channel is one place to tell people; exactly one of the pointers is set.
type Channel struct {
	Name    string // as in a page.Message
	Slack   *Slack
	Webhook *Webhook
	Mail    *Mail
}

// Delivery is what the caller knows of one attempt.
type Delivery struct {
	Attempt   int        // 1-based
	Uncertain int        // earlier attempts whose end nobody saw
	Root      *page.Sent // of the incident's root message; nil when it failed
}

// job is one delivery with all that a channel needs.
type job struct {
	page.Message
	root   *page.Sent
	repeat bool            // it may be there already
	link   string          // absolute, or ""
	file   []byte          // of an upload
	given  map[string]bool // mail: who has it already
}

// carrier speaks one protocol.
type carrier interface {
	carry(ctx context.Context, j job) (page.Sent, *problem)
}

// Notifier performs deliveries. It is safe for concurrent use.
type Notifier struct {
	options  Options
	carriers map[string]carrier
	broken   map[string]error // channels that cannot be used, and why
	secrets  []string
	memory   *memory
}

// New returns a Notifier for these channels. A channel whose Check fails is
// kept, and every message to it fails with that error.
func New(channels []Channel, o Options) *Notifier {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Upload <= 0 {
		o.Upload = 30 * time.Second
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 8 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Notifier{options: o, carriers: map[string]carrier{}, broken: map[string]error{}, memory: newMemory()}
	for _, c := range channels {
		if err := c.Check(); err != nil {
			n.broken[c.Name] = err
			continue
		}
		switch {
		case c.Slack != nil:
			n.carriers[c.Name] = newSlack(*c.Slack, o)
			n.hide(c.Slack.Token)
		case c.Webhook != nil:
			n.carriers[c.Name] = newWebhook(*c.Webhook, o)
			n.hide(c.Webhook.Secret)
		default:
			n.carriers[c.Name] = newMail(*c.Mail, o)
			n.hide(c.Mail.Password)
		}
	}
	return n
}

func (n *Notifier) hide(secret string) {
	if len(secret) >= 4 { // shorter ones would only tear words apart
		n.secrets = append(n.secrets, secret)
	}
}

// Check reports what is wrong with the channel's settings, as a fault.
func (c Channel) Check() error {
	kinds := 0
	for _, set := range []bool{c.Slack != nil, c.Webhook != nil, c.Mail != nil} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return fault.New(fault.Invalid, fmt.Sprintf("channel %s: it must be exactly one of Slack, webhook, mail", c.Name), "")
	case c.Slack != nil:
		return c.Slack.check(c.Name)
	case c.Webhook != nil:
		return c.Webhook.check(c.Name)
	default:
		return c.Mail.check(c.Name)
	}
}

// Send makes one attempt to deliver the message. On success the outcome's
// result is a page.Sent. The caller gives at most one attempt of a key at a
// time.
func (n *Notifier) Send(ctx context.Context, m page.Message, d Delivery) action.Outcome {
	c, ok := n.carriers[m.Channel]
	if !ok {
		err := n.broken[m.Channel]
		if err == nil {
			err = fault.New(fault.NotFound, fmt.Sprintf("send to %s: no such channel", m.Channel),
				"Add the channel to the configuration, or remove it from the product's notify list.")
		}
		return action.Outcome{Err: err, Permanent: true}
	}
	known, past := n.memory.past(m.Key)
	j := job{
		Message: m, root: d.Root, link: n.link(m.Link), given: past.given,
		// After a restart nobody remembers how the former attempts ended.
		repeat: d.Uncertain > 0 || past.unseen || d.Attempt > 1 && !known,
	}
	note := ""
	if m.Op == page.Upload && m.File != nil {
		var p *problem
		if j.file, note, p = n.read(ctx, *m.File); p != nil {
			return n.failed(m, p)
		}
		if note != "" {
			return done(page.Sent{Note: note})
		}
	}
	sent, p := c.carry(ctx, j)
	if p != nil {
		n.memory.keep(m.Key, trace{unseen: past.unseen || p.unseen, given: j.given}, p.permanent)
		return n.failed(m, p)
	}
	n.memory.drop(m.Key)
	n.options.Logger.DebugContext(ctx, "message delivered", "channel", m.Channel, "key", m.Key, "op", string(m.Op),
		"attempt", d.Attempt, "note", sent.Note)
	return done(sent)
}

func done(sent page.Sent) action.Outcome {
	raw, err := json.Marshal(sent)
	if err != nil {
		return action.Outcome{Err: fmt.Errorf("encode result: %w", err), Permanent: true}
	}
	return action.Outcome{Result: raw}
}

func (n *Notifier) failed(m page.Message, p *problem) action.Outcome {
	message := fmt.Sprintf("send to %s: %s", m.Channel, p.text)
	for _, secret := range n.secrets {
		message = strings.ReplaceAll(message, secret, "[redacted]")
	}
	return action.Outcome{
		Err:       fault.New(p.kind, message, p.hint),
		Permanent: p.permanent, After: min(max(p.after, 0), maxAfter),
	}
}

// read returns the file's bytes, or a note why it is left out.
func (n *Notifier) read(ctx context.Context, f page.File) ([]byte, string, *problem) {
	if n.options.Blobs == nil {
		return nil, "no evidence store: left out", nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Timeout)
	defer cancel()
	r, err := n.options.Blobs.Get(ctx, f.Blob)
	if errors.Is(err, fs.ErrNotExist) || fault.Is(err, fault.NotFound) {
		return nil, "the file is no longer kept: left out", nil
	}
	if err != nil {
		return nil, "", temporary("the evidence cannot be read")
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(io.LimitReader(r, n.options.MaxFile+1))
	switch {
	case err != nil:
		return nil, "", temporary("the evidence cannot be read")
	case len(b) == 0:
		return nil, "the file is empty: left out", nil
	case int64(len(b)) > n.options.MaxFile:
		return nil, fmt.Sprintf("the file is larger than %d bytes: left out", n.options.MaxFile), nil
	}
	return b, "", nil
}

// link makes a path on this server absolute.
func (n *Notifier) link(path string) string {
	base, err := url.Parse(n.options.PublicURL)
	if err != nil || base.Host == "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return ""
	}
	ref, err := url.Parse(path)
	if err != nil || ref.IsAbs() || ref.Host != "" {
		return ""
	}
	out := base.JoinPath(ref.EscapedPath())
	out.RawQuery, out.Fragment = ref.RawQuery, ref.Fragment
	return strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", " ", "%20").Replace(out.String())
}

// client returns an HTTP client that follows no redirect.
func client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConnsPerHost:    2,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
