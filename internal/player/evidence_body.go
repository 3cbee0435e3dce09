package player

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/journey"
)

// Bounds of the bodies that an archive holds.
const (
	maxBody   = 64 << 10 // one
	maxBodies = 1 << 20  // all
	bodyTime  = 1500 * time.Millisecond
)

// bodies fetches what the run's answers held: failed ones first, then texts of
// the product's own. The browser kept them; nothing is asked of a server again.
func (p *play) bodies(ctx context.Context, l *har.Log) {
	limit, cancel := context.WithTimeout(ctx, bodyTime)
	defer cancel()
	var order []*har.Entry
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Final && e.Response.Status > 0 && e.Type != "websocket" {
			order = append(order, e)
		}
	}
	slices.SortStableFunc(order, func(a, b *har.Entry) int { return rank(a) - rank(b) })
	left := maxBodies
	for _, e := range order {
		c := &e.Response.Content
		switch {
		case !textual(c.MIME):
			c.Comment = "the body is not kept: it is no text"
		case !e.Failed() && !p.first[journey.OriginOf(e.Request.URL)]:
			c.Comment = "the body is not kept: it is a third party's"
		case c.Size > maxBody:
			c.Comment = fmt.Sprintf("the body is not kept: it is larger than %d KiB", maxBody>>10)
		case left <= 0 || limit.Err() != nil:
			c.Comment = "the body is not kept: the run's bodies are over their bound"
		case e.Response.Status == 204 || e.Response.Status == 304 || e.Request.Method == "HEAD":
		default:
			left -= p.body(limit, e, left)
		}
	}
}

// rank puts what failed first.
func rank(e *har.Entry) int {
	if e.Failed() {
		return 0
	}
	return 1
}

// body fetches one and returns its size.
func (p *play) body(ctx context.Context, e *har.Entry, left int) int {
	c := &e.Response.Content
	body, err := p.main.Body(ctx, e.Session, e.ID)
	switch {
	case err != nil:
		c.Comment = "the browser has the body no more"
		return 0
	case len(body) > maxBody:
		c.Size = max(c.Size, int64(len(body)))
		c.Comment = fmt.Sprintf("the body is not kept: it is larger than %d KiB", maxBody>>10)
		return 0
	case len(body) > left:
		c.Comment = "the body is not kept: the run's bodies are over their bound"
		return left
	}
	c.SetBody(body)
	if c.Encoding != "" { // what is no text cannot be searched for secrets
		c.Text, c.Encoding, c.Comment = "", "", "the body is not kept: it is no text"
		return 0
	}
	return len(body)
}

// textual tells the media types that people read.
func textual(mime string) bool {
	mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
	if strings.HasPrefix(mime, "text/") && mime != "text/event-stream" {
		return true
	}
	for _, part := range []string{"json", "xml", "javascript", "x-www-form-urlencoded", "graphql"} {
		if strings.Contains(mime, part) && !strings.HasPrefix(mime, "image/") {
			return true
		}
	}
	return false
}
