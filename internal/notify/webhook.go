package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/sign"
)

// Webhook posts every event of an incident, signed, to one address.
type Webhook struct {
	URL     string
	Secret  string        // HMAC key; never empty
	Timeout time.Duration // for the whole answer; default 5 s
}

// Event is the body of a webhook. Fields are added, never renamed or removed;
// "version" changes when one must be. Receivers deduplicate by id.
type Event struct {
	Version  int           `json:"version"` // 1
	ID       string        `json:"id"`      // the same on every attempt
	Event    string        `json:"event"`   // opened, joined, mitigated, …
	Op       page.Op       `json:"op"`      // post (the first), reply, upload
	At       time.Time     `json:"at"`
	Product  string        `json:"product"`
	Incident EventIncident `json:"incident"`         // empty when it is about a change
	Change   string        `json:"change,omitempty"` // the commit that will be released
	Title    string        `json:"title"`
	Text     string        `json:"text"`
	Facts    []page.Fact   `json:"facts,omitempty"`
	File     *EventFile    `json:"file,omitempty"`
	// PossibleRepeat says that an earlier attempt may have arrived.
	PossibleRepeat bool `json:"possible_repeat,omitempty"`
}

// EventIncident is the incident of an Event.
type EventIncident struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Severity int    `json:"severity"`
	Drill    bool   `json:"drill"`
	URL      string `json:"url,omitempty"`
}

// EventFile names evidence; it is read at the incident's page.
type EventFile struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

// VerifySignature checks a received webhook: header is the request's, body
// the raw bytes. Receivers call it before they read the body, and ignore a
// Postflight-Id that they have seen.
func VerifySignature(secret string, header http.Header, body []byte, now time.Time) error {
	return sign.VerifyBody(secret, header.Get(sign.HeaderTimestamp), header.Get(sign.HeaderSignature), body, now)
}

func (w Webhook) check(name string) error {
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fault.New(fault.Invalid, fmt.Sprintf("channel %s: the webhook's address is not an absolute http(s) URL", name), "")
	}
	if w.Secret == "" {
		return fault.New(fault.Invalid, fmt.Sprintf("channel %s: the webhook has no secret", name),
			"Make one with: openssl rand -hex 32")
	}
	return nil
}

// webhook performs deliveries to a Webhook.
type webhook struct {
	Webhook
	http bounded
}

func newWebhook(w Webhook, _ Options) *webhook {
	if w.Timeout <= 0 {
		w.Timeout = 5 * time.Second
	}
	return &webhook{Webhook: w, http: bounded{client(), 4 << 10}}
}

func (w *webhook) carry(ctx context.Context, j job) (page.Sent, *problem) {
	if j.Op == page.Edit {
		return page.Sent{Note: "webhooks get every event: no edit needed"}, nil
	}
	body, err := json.Marshal(event(j))
	if err != nil {
		return page.Sent{}, permanent(fault.Internal, "the message cannot be encoded", "")
	}
	now := time.Now()
	signature, err := sign.Body(w.Secret, now, body)
	if err != nil {
		return page.Sent{}, permanent(fault.Invalid, err.Error(), "Set the webhook's secret.")
	}
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return page.Sent{}, permanent(fault.Invalid, "the webhook's address is not a URL", "Correct it in the configuration.")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Postflight")
	req.Header.Set(sign.HeaderID, headerValue(j.Key))
	req.Header.Set(sign.HeaderTimestamp, sign.Timestamp(now))
	req.Header.Set(sign.HeaderSignature, signature)
	resp, err := w.http.Do(req)
	if err != nil {
		return page.Sent{}, network("the webhook", err)
	}
	defer func() { _ = resp.Body.Close() }()
	detail, err := io.ReadAll(resp.Body)
	if resp.StatusCode/100 == 2 {
		if err != nil {
			return page.Sent{}, network("the webhook", err) // 2xx counts when all of it came in time
		}
		return page.Sent{ID: j.Key}, nil
	}
	return page.Sent{}, answered(resp, string(detail))
}

// answered explains an answer that is not 2xx.
func answered(resp *http.Response, detail string) *problem {
	text := fmt.Sprintf("the webhook answered %d", resp.StatusCode)
	if detail = clip(line(detail), 200); detail != "" {
		text += ": " + detail
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		p := temporary(text)
		p.after = retryAfter(resp.Header, time.Now())
		return p
	case code >= 500, code == http.StatusRequestTimeout:
		p := temporary(text)
		p.after, p.unseen = retryAfter(resp.Header, time.Now()), true
		return p
	case code/100 == 3:
		return permanent(fault.Invalid, text, "Redirects are not followed: enter the final address.")
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return permanent(fault.Denied, text, "Check that the receiver knows the webhook's secret.")
	}
	return permanent(fault.Invalid, text, "Check the webhook's address and what the receiver's log says.")
}

func event(j job) Event {
	e := Event{
		Version: 1, ID: j.Key, Event: j.Event, Op: j.Op, At: j.At, Product: string(j.Product),
		Incident: EventIncident{
			ID: string(j.Incident), State: string(j.State), Severity: int(j.Severity), Drill: j.Drill, URL: j.link,
		},
		Title: j.Title, Text: j.Text, Facts: j.Facts, PossibleRepeat: j.repeat,
	}
	if j.Change != "" {
		e.Change, e.Incident = j.Change, EventIncident{URL: j.link}
	}
	if j.File != nil {
		e.File = &EventFile{Name: j.File.Name, Type: j.File.Type, Title: j.File.Title}
	}
	return e
}

// headerValue keeps what may stand in a header.
func headerValue(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
}
