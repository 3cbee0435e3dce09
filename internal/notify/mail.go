package notify

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/page"
)

// MailTLS says how a mail server's connection is protected.
type MailTLS string

// The policies. The empty one is mandatory, but none for a server on this
// machine.
const (
	TLSMandatory MailTLS = "mandatory" // STARTTLS or nothing is sent
	TLSImplicit  MailTLS = "implicit"  // TLS from the first byte (port 465)
	TLSNone      MailTLS = "none"      // with a password only to servers on this machine
)

// Mail sends to people's addresses over one submission server.
type Mail struct {
	Host     string
	Port     int // default 587; 465 for implicit TLS
	Username string
	Password string
	From     string // an address, with or without a name
	To       []string
	TLS      MailTLS
	RootCAs  *x509.CertPool // nil means the system's
}

func (m Mail) check(name string) error {
	bad := func(text, hint string) error {
		return fault.New(fault.Invalid, fmt.Sprintf("channel %s: %s", name, text), hint)
	}
	if m.Host == "" || strings.ContainsAny(m.Host, "/ \r\n") || m.Port < 0 || m.Port > 65535 {
		return bad("the mail server needs a host and a port", "")
	}
	if len(m.To) == 0 || len(m.To) > 50 {
		return bad("mail needs between 1 and 50 recipients", "")
	}
	for _, a := range append([]string{m.From}, m.To...) {
		if _, err := mail.ParseAddress(a); err != nil {
			return bad(fmt.Sprintf("%q is not a mail address", a), "Write it as name@example.org or Name <name@example.org>.")
		}
	}
	switch m.TLS {
	case "", TLSMandatory, TLSImplicit:
	case TLSNone:
		if m.Password != "" && !loopback(m.Host) {
			return bad("the password would be sent without TLS", "Use mandatory or implicit.")
		}
	default:
		return bad(fmt.Sprintf("unknown TLS policy %q", m.TLS), "It is mandatory, implicit or none.")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// mailer performs deliveries by mail.
type mailer struct {
	Mail
	from    *mail.Address
	to      []*mail.Address
	options Options
}

func newMail(m Mail, o Options) *mailer {
	if m.TLS == "" {
		m.TLS = TLSMandatory
		if loopback(m.Host) {
			m.TLS = TLSNone
		}
	}
	if m.Port == 0 {
		m.Port = 587
		if m.TLS == TLSImplicit {
			m.Port = 465
		}
	}
	out := &mailer{Mail: m, options: o}
	out.from, _ = mail.ParseAddress(m.From) // checked
	for _, a := range m.To {
		to, _ := mail.ParseAddress(a)
		out.to = append(out.to, to)
	}
	return out
}

func (m *mailer) carry(ctx context.Context, j job) (page.Sent, *problem) {
	switch {
	case j.Op == page.Edit:
		return page.Sent{Note: "mail cannot be edited: the reply says what changed"}, nil
	case j.Op == page.Upload && j.file == nil:
		return page.Sent{Note: "no file: nothing to send"}, nil
	}
	message, id, err := m.compose(j)
	if err != nil {
		return page.Sent{}, permanent(fault.Invalid, "the mail cannot be written: "+err.Error(), "Check the addresses.")
	}
	ctx, cancel := context.WithTimeout(ctx, m.options.Upload)
	defer cancel()
	client, err := m.dial(ctx)
	if err != nil {
		return page.Sent{}, seen(mailProblem(err))
	}
	defer func() { _ = client.Close() }()
	refused, p := m.transmit(client, message, j.given)
	if p != nil {
		return page.Sent{}, p
	}
	_ = client.Quit() // it is accepted: what follows cannot undo that
	sent := page.Sent{ID: id}
	if len(refused) > 0 {
		sent.Note = "not accepted for " + strings.Join(refused, "; ")
	}
	return sent, nil
}

// transmit hands the message over for everybody who has not got it yet. One
// refused address does not keep it from the others; when some are to be tried
// again, those who got it are remembered in given.
func (m *mailer) transmit(c *smtp.Client, message *gomail.Msg, given map[string]bool) ([]string, *problem) {
	if err := c.Mail(path(m.from)); err != nil {
		return nil, seen(mailProblem(err))
	}
	var accepted, refused []string
	var later, last *problem
	for _, to := range m.to {
		if given[to.Address] {
			continue
		}
		err := c.Rcpt(path(to))
		if err == nil {
			accepted = append(accepted, to.Address)
			continue
		}
		p := seen(mailProblem(err))
		if !p.permanent {
			later = p
			continue
		}
		last = p
		refused = append(refused, to.Address+" ("+p.text+")")
	}
	if len(accepted) > 0 {
		if p := m.data(c, message); p != nil {
			return nil, p
		}
	}
	for _, a := range accepted {
		given[a] = true
	}
	switch {
	case later != nil:
		return nil, later
	case len(given) == 0 && last != nil:
		last.text = "no recipient was accepted: " + strings.Join(refused, "; ")
		return nil, last
	}
	return refused, nil
}

// path is an address as SMTP writes it: in angle brackets, without a name.
func path(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// data sends the message itself. Only the answer to its last dot can be lost
// after the server took it.
func (m *mailer) data(c *smtp.Client, message *gomail.Msg) *problem {
	w, err := c.Data()
	if err != nil {
		return seen(mailProblem(err))
	}
	if _, err := message.WriteTo(w); err != nil {
		return seen(mailProblem(err)) // without the dot it is no message
	}
	if err := w.Close(); err != nil {
		return mailProblem(err)
	}
	return nil
}

// dial connects, protects the connection and signs in. The context bounds
// everything that is later said on the connection.
func (m *mailer) dial(ctx context.Context) (*smtp.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(m.Port), gomail.WithTimeout(m.options.Timeout), gomail.WithoutNoop(),
		gomail.WithTLSConfig(m.tlsConfig()),
		gomail.WithDialContextFunc(m.connect(ctx)),
	}
	switch m.TLS {
	case TLSImplicit:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if m.Username != "" {
		options = append(options, gomail.WithUsername(m.Username), gomail.WithPassword(m.Password),
			gomail.WithSMTPAuthCustom(smtp.PlainAuth("", m.Username, m.Password, m.Host, m.TLS == TLSImplicit || loopback(m.Host))))
	}
	client, err := gomail.NewClient(m.Host, options...)
	if err != nil {
		return nil, err
	}
	c, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return c, c.UpdateDeadline(m.options.Upload)
}

// mailProblem sorts an error of the conversation: 4xx is worth another try,
// 5xx is not.
func mailProblem(err error) *problem {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		text := fmt.Sprintf("the mail server answered %d %s", reply.Code, clip(line(reply.Msg), 200))
		switch {
		case reply.Code/100 == 4:
			return temporary(text)
		case reply.Code == 530 || reply.Code == 534 || reply.Code == 535 || reply.Code == 538:
			return permanent(fault.Denied, text, "Check the mail server's user name and password.")
		case reply.Code == 550 || reply.Code == 551 || reply.Code == 553:
			return permanent(fault.NotFound, text, "Check the recipient's address.")
		}
		return permanent(fault.Invalid, text, "Check the mail server's settings, and its log.")
	}
	if strings.Contains(err.Error(), "STARTTLS") {
		return permanent(fault.Invalid, "the mail server offers no STARTTLS",
			"Use its implicit TLS port (465), or a server that protects mail on its way.")
	}
	return network("the mail server", err)
}

// messageID derives a mail's id from the action's key, so that a repeat
// carries the id of the first.
func (m *mailer) messageID(key string) string {
	sum := sha256.Sum256([]byte(key))
	domain := "postflight.invalid"
	if _, d, ok := strings.Cut(m.from.Address, "@"); ok {
		domain = d
	}
	return "<" + hex.EncodeToString(sum[:16]) + "@" + domain + ">"
}

// isMessageID reports whether s may stand in References.
func isMessageID(s string) bool {
	return regexp.MustCompile(`^<[A-Za-z0-9._+-]{1,100}@[A-Za-z0-9.\[\]:-]{1,255}>$`).MatchString(s)
}

// within is a connection that ends with a context and cannot talk for ever.
type within struct {
	net.Conn
	stop func() bool
	left int64
	end  time.Time
}

func (w *within) Read(b []byte) (int, error) {
	if w.left <= 0 {
		return 0, errors.New("the answer is too long")
	}
	n, err := w.Conn.Read(b[:min(int64(len(b)), w.left)])
	w.left -= int64(n)
	return n, err
}

// SetDeadline never extends beyond the context's.
func (w *within) SetDeadline(t time.Time) error {
	if !w.end.IsZero() && (t.IsZero() || t.After(w.end)) {
		t = w.end
	}
	return w.Conn.SetDeadline(t)
}

func (w *within) Close() error {
	w.stop()
	return w.Conn.Close()
}
