package player

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"html"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message/mail"

	"github.com/postflight/postflight/internal/journey"
)

const (
	maxMail     = 256 << 10 // of one message
	maxMailbox  = 8 << 20   // of one connection
	maxMessages = 50        // newest, each time
	mailPause   = time.Second
)

// mailed waits for a message of this run and returns the code in it.
func (p *play) mailed(ctx context.Context, m journey.Mailbox) (string, error) {
	find, err := regexp.Compile(m.Pattern)
	if err != nil {
		return "", &recordingError{fmt.Sprintf("the pattern of the mail is no regular expression: %s", err)}
	}
	c, err := p.mailbox(ctx, m)
	if err != nil {
		return "", err
	}
	defer c.Close()
	unhook := context.AfterFunc(ctx, func() { c.Close() })
	defer unhook()
	box := &inbox{Client: c, m: m, find: find, since: p.begin.Truncate(time.Second), why: "no message has come since the run began", seen: map[imap.UID]bool{}}
	for {
		code, err := box.look()
		switch {
		case code != "":
			return code, nil
		case ctx.Err() != nil:
			return "", p.waited(ctx, box.why)
		case err != nil:
			return "", p.mailError("the mailbox cannot be read", m, err)
		}
		if pause(ctx, mailPause) != nil {
			return "", p.waited(ctx, box.why)
		}
	}
}

// mailError is a mailbox that does not work, which is no fault of the product.
func (p *play) mailError(what string, m journey.Mailbox, err error) error {
	p.hide.secret(m.Password)
	return &recordingError{p.hide.text(fmt.Sprintf("%s (%s): %s", what, clip(m.URL, 120), clip(err.Error(), 300)))}
}

// mailbox connects, signs in and opens the mailbox, read only.
func (p *play) mailbox(ctx context.Context, m journey.Mailbox) (*imapclient.Client, error) {
	u, plain, err := journey.MailAddress(m.URL)
	if err != nil {
		return nil, &recordingError{"the address of the mailbox: " + err.Error()}
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"imaps": "993", "imap": "143"}[u.Scheme]
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, p.mailError("the mailbox cannot be reached", m, err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // a bound only: ctx closes the connection
	}
	o := &imapclient.Options{TLSConfig: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}
	conn = &bounded{Conn: conn, left: maxMailbox}
	var c *imapclient.Client
	switch {
	case u.Scheme == "imaps":
		secure := tls.Client(conn, o.TLSConfig)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, p.mailError("the mailbox has no secure connection", m, err)
		}
		c = imapclient.New(secure, o)
	case plain:
		c = imapclient.New(conn, o)
	default:
		if c, err = imapclient.NewStartTLS(conn, o); err != nil {
			conn.Close()
			return nil, p.mailError("the mailbox has no secure connection", m, err)
		}
	}
	if err := c.Login(m.User, m.Password).Wait(); err != nil {
		c.Close()
		return nil, p.mailError("the mailbox refused the login", m, err)
	}
	name := strings.Trim(u.Path, "/")
	if name == "" {
		name = "INBOX"
	}
	if _, err := c.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		c.Close()
		return nil, p.mailError(fmt.Sprintf("there is no mailbox %q", clip(name, 60)), m, err)
	}
	return c, nil
}

// bounded is a connection that ends when too much has come.
type bounded struct {
	net.Conn
	left int
}

// Read counts (net.Conn).
func (b *bounded) Read(to []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the mail server sent more than %d MiB", maxMailbox>>20)
	}
	n, err := b.Conn.Read(to[:min(len(to), b.left)])
	b.left -= n
	return n, err
}

// inbox looks for one message.
type inbox struct {
	*imapclient.Client
	m     journey.Mailbox
	find  *regexp.Regexp
	since time.Time
	seen  map[imap.UID]bool // messages that are not the one
	why   string            // why there is no code yet
}

// look returns the code of the newest message that has one.
func (b *inbox) look() (string, error) {
	if err := b.Noop().Wait(); err != nil {
		return "", fmt.Errorf("ask for new mail: %w", err)
	}
	// The search knows days only, in the server's time zone.
	found, err := b.UIDSearch(&imap.SearchCriteria{Since: b.since.AddDate(0, 0, -1)}, nil).Wait()
	if err != nil {
		return "", fmt.Errorf("search mail: %w", err)
	}
	ids := slices.DeleteFunc(found.AllUIDs(), func(id imap.UID) bool { return b.seen[id] })
	slices.Sort(ids)
	ids = ids[max(0, len(ids)-maxMessages):]
	if len(ids) == 0 {
		return "", nil
	}
	heads, err := b.Fetch(imap.UIDSetNum(ids...), &imap.FetchOptions{UID: true, Envelope: true, InternalDate: true}).Collect()
	if err != nil {
		return "", fmt.Errorf("read the heads of mail: %w", err)
	}
	slices.SortFunc(heads, func(x, y *imapclient.FetchMessageBuffer) int { return y.InternalDate.Compare(x.InternalDate) })
	for _, head := range heads {
		b.seen[head.UID] = true
		if head.InternalDate.Before(b.since) || head.Envelope == nil || !b.wanted(head.Envelope) {
			continue
		}
		text, err := b.text(head.UID)
		if err != nil {
			return "", err
		}
		if m := b.find.FindStringSubmatch(text); m != nil {
			return strings.TrimSpace(m[min(1, len(m)-1)]), nil
		}
		b.why = fmt.Sprintf("the message “%s” does not hold what the pattern wants", clip(squeeze(head.Envelope.Subject), 100))
	}
	return "", nil
}

// wanted compares addressee and subject.
func (b *inbox) wanted(e *imap.Envelope) bool {
	to := slices.Concat(e.To, e.Cc, e.Bcc)
	if b.m.To != "" && !slices.ContainsFunc(to, func(a imap.Address) bool { return strings.EqualFold(a.Addr(), b.m.To) }) {
		b.why = "messages have come, but none to that address"
		return false
	}
	if !strings.Contains(strings.ToLower(squeeze(e.Subject)), strings.ToLower(squeeze(b.m.Subject))) {
		b.why = fmt.Sprintf("a message has come, but its subject is “%s”", clip(squeeze(e.Subject), 100))
		return false
	}
	return true
}

// text is what a message says, without its attachments.
func (b *inbox) text(id imap.UID) (string, error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: maxMail}}
	cmd := b.Fetch(imap.UIDSetNum(id), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	var raw []byte
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for item := msg.Next(); item != nil; item = msg.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil {
				continue
			}
			data, err := io.ReadAll(io.LimitReader(body.Literal, maxMail))
			if err != nil {
				return "", fmt.Errorf("read a message: %w", err)
			}
			raw = data
		}
	}
	if err := cmd.Close(); err != nil {
		return "", fmt.Errorf("read a message: %w", err)
	}
	return readable(raw), nil
}

// readable is the text of a message: its plain parts, then its HTML without
// escapes. A message that was cut is read as far as it goes.
func readable(raw []byte) string {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return string(raw)
	}
	var plain, markup strings.Builder
	for range 50 {
		part, err := r.NextPart()
		if err != nil {
			break
		}
		head, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		data, _ := io.ReadAll(io.LimitReader(part.Body, maxMail))
		if kind, _, _ := head.ContentType(); kind == "text/html" {
			markup.WriteString(html.UnescapeString(string(data)))
		} else if kind == "" || strings.HasPrefix(kind, "text/") {
			plain.Write(data)
			plain.WriteByte('\n')
		}
	}
	return plain.String() + markup.String()
}
