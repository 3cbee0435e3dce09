package notify_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/smtptest"
)

func mailServer(t *testing.T, o smtptest.Options, change func(*notify.Mail)) (*smtptest.Server, *notify.Notifier) {
	t.Helper()
	s, err := smtptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	m := notify.Mail{
		Host: s.Host, Port: s.Port, From: "Postflight <postflight@post.example>", RootCAs: s.Roots,
		To: []string{"ann@post.example", "Bob <bob@post.example>"}, Username: o.Username, Password: o.Password,
	}
	if change != nil {
		change(&m)
	}
	return s, notify.New([]notify.Channel{{Name: "mail", Mail: &m}}, notify.Options{
		PublicURL: "https://post.example", Blobs: blobs{"shot": png()}, Timeout: time.Minute, Upload: time.Minute,
	})
}

func parsed(t *testing.T, m smtptest.Message) *mail.Message {
	t.Helper()
	out, err := m.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// parts returns the decoded leaves of a mail by content type.
func parts(t *testing.T, kind, encoding string, body io.Reader) map[string]string {
	t.Helper()
	out := map[string]string{}
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(media, "multipart/") {
		if encoding == "base64" {
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{media: string(raw)}
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range parts(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p) {
			out[k] = v
		}
	}
}

func TestMailThread(t *testing.T) {
	t.Parallel()
	s, n := mailServer(t, smtptest.Options{StartTLS: true, Username: "u", Password: "a-password"}, func(m *notify.Mail) {
		m.TLS = notify.TLSMandatory
	})
	root := send(t, n, message("mail", page.Post, "k1"), notify.Delivery{Attempt: 1})
	send(t, n, message("mail", page.Reply, "k2"), notify.Delivery{Attempt: 1, Root: &root})
	send(t, n, message("mail", page.Upload, "k3"), notify.Delivery{Attempt: 1, Root: &root})
	if got := send(t, n, message("mail", page.Edit, "k4"), notify.Delivery{Attempt: 1, Root: &root}); got.Note == "" {
		t.Errorf("edit: %+v", got)
	}
	all := s.Messages()
	if len(all) != 3 {
		t.Fatalf("%d mails, want 3", len(all))
	}
	for _, m := range all {
		if !m.TLS || m.User != "u" {
			t.Errorf("tls %t, user %q", m.TLS, m.User)
		}
		if diff := cmp.Diff([]string{"ann@post.example", "bob@post.example"}, m.To); diff != "" {
			t.Error(diff)
		}
	}
	first, second, third := parsed(t, all[0]), parsed(t, all[1]), parsed(t, all[2])
	id := first.Header.Get("Message-ID")
	if id == "" || id != root.ID || second.Header.Get("In-Reply-To") != id || second.Header.Get("References") != id {
		t.Errorf("ids: %q %q, reply to %q", id, root.ID, second.Header.Get("In-Reply-To"))
	}
	if got := first.Header.Get("Subject"); got != "[INC-7] v2 breaks booking" {
		t.Errorf("subject %q", got)
	}
	body := parts(t, first.Header.Get("Content-Type"), "", first.Body)
	for _, kind := range []string{"text/plain", "text/html"} {
		if !strings.Contains(body[kind], "The booking page stays blank.") || !strings.Contains(body[kind], "https://post.example/incidents/INC-7") {
			t.Errorf("%s: %s", kind, body[kind])
		}
	}
	if got := parts(t, third.Header.Get("Content-Type"), "", third.Body)["image/png"]; got != string(png()) {
		t.Errorf("attachment of %d bytes", len(got))
	}
}

func TestMailImplicitTLS(t *testing.T) {
	t.Parallel()
	s, n := mailServer(t, smtptest.Options{Implicit: true, Username: "u", Password: "a-password"}, func(m *notify.Mail) {
		m.TLS = notify.TLSImplicit
	})
	send(t, n, message("mail", page.Post, "k"), notify.Delivery{Attempt: 1})
	if all := s.Messages(); len(all) != 1 || !all[0].TLS || all[0].User != "u" {
		t.Errorf("%+v", all)
	}
}

func TestMailHostileText(t *testing.T) {
	t.Parallel()
	s, n := mailServer(t, smtptest.Options{}, nil)
	evil := "x\r\nBcc: eve@evil.example\r\n\r\n.\r\n<script>alert(1)</script>\x00"
	m := message("mail", page.Reply, "k\r\nBcc: eve@evil.example")
	m.Title, m.Text, m.Facts = evil, evil, []page.Fact{{Label: evil, Text: evil}}
	m.Incident, m.Product, m.Event = "INC\r\nBcc: eve@evil.example", "p\r\nBcc: eve", "e"
	m.File.Name, m.File.Title = "../a\r\nb.png", evil
	send(t, n, m, notify.Delivery{Attempt: 1, Root: &page.Sent{ID: "<a@b>\r\nBcc: eve@evil.example"}})
	all := s.Messages()
	if len(all) != 1 || slices.Contains(all[0].To, "eve@evil.example") {
		t.Fatalf("%+v", all)
	}
	got := parsed(t, all[0])
	if got.Header.Get("Bcc") != "" || got.Header.Get("In-Reply-To") != "" {
		t.Errorf("headers: %v", got.Header)
	}
	if html := parts(t, got.Header.Get("Content-Type"), "", got.Body)["text/html"]; strings.Contains(html, "<script") {
		t.Error("the HTML part is not escaped")
	}
}

func TestMailFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		options   smtptest.Options
		failure   smtptest.Failure
		change    func(*notify.Mail)
		permanent bool
		kind      fault.Kind
		hint      string
		repeat    bool // the next attempt says so
	}{
		{name: "busy", failure: smtptest.Failure{Command: "CONNECT", Reply: "421 4.3.2 busy"}, kind: fault.Unavailable},
		{name: "greylisted", failure: smtptest.Failure{Command: "RCPT", Times: 2, Reply: "451 4.7.1 later"}, kind: fault.Unavailable},
		{name: "unknown people", failure: smtptest.Failure{Command: "RCPT", Times: 2, Reply: "550 5.1.1 who?"}, permanent: true, kind: fault.NotFound, hint: "address"},
		{name: "sender", failure: smtptest.Failure{Command: "MAIL", Reply: "554 5.7.1 no"}, permanent: true, kind: fault.Invalid, hint: "settings"},
		{name: "full", failure: smtptest.Failure{Command: ".", Reply: "452 4.3.1 disk full"}, kind: fault.Unavailable},
		{name: "spam", failure: smtptest.Failure{Command: ".", Reply: "554 5.7.1 spam"}, permanent: true, kind: fault.Invalid, hint: "settings"},
		{name: "password", options: smtptest.Options{StartTLS: true, Username: "u", Password: "right"}, change: func(m *notify.Mail) {
			m.TLS, m.Password = notify.TLSMandatory, "wrong-password"
		}, permanent: true, kind: fault.Denied, hint: "password"},
		{name: "no STARTTLS", change: func(m *notify.Mail) { m.TLS = notify.TLSMandatory }, permanent: true, kind: fault.Invalid, hint: "implicit"},
		{name: "stranger's certificate", options: smtptest.Options{StartTLS: true}, change: func(m *notify.Mail) {
			m.TLS, m.RootCAs = notify.TLSMandatory, nil
		}, kind: fault.Unavailable, hint: "certificate"},
		{name: "cut", failure: smtptest.Failure{Command: "DATA", Drop: true}, kind: fault.Unavailable},
		{name: "kept, then cut", failure: smtptest.Failure{Command: ".", Drop: true}, kind: fault.Unavailable, repeat: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, n := mailServer(t, tt.options, tt.change)
			if tt.failure.Command != "" {
				s.Fail(tt.failure)
			}
			o := n.Send(t.Context(), message("mail", page.Post, "k"), notify.Delivery{Attempt: 1})
			got := []any{o.Err != nil, o.Permanent, fault.KindOf(o.Err), strings.Contains(fault.HintOf(o.Err), tt.hint)}
			if diff := cmp.Diff([]any{true, tt.permanent, tt.kind, true}, got); diff != "" {
				t.Fatalf("%v: (-want +got)\n%s", o.Err, diff)
			}
			if strings.Contains(o.Err.Error(), "wrong-password") {
				t.Errorf("password in %v", o.Err)
			}
			if tt.permanent || tt.hint != "" {
				return
			}
			send(t, n, message("mail", page.Post, "k"), notify.Delivery{Attempt: 2})
			all := s.Messages()
			last := parsed(t, all[len(all)-1])
			if says := strings.Contains(last.Header.Get("Subject"), "possible repeat"); says != tt.repeat {
				t.Errorf("says repeat: %t, want %t", says, tt.repeat)
			}
			if a, b := parsed(t, all[0]).Header.Get("Message-ID"), last.Header.Get("Message-ID"); a != b {
				t.Errorf("ids %q and %q", a, b)
			}
		})
	}
}

// TestMailSomeRecipients: one bad address keeps nothing from the others, and
// nobody gets a second mail because of another's mailbox.
func TestMailSomeRecipients(t *testing.T) {
	t.Parallel()
	s, n := mailServer(t, smtptest.Options{}, nil)
	s.Fail(smtptest.Failure{Command: "RCPT TO:<ann@", Reply: "550 5.1.1 gone"})
	if got := send(t, n, message("mail", page.Post, "k1"), notify.Delivery{Attempt: 1}); !strings.Contains(got.Note, "ann@post.example (") {
		t.Errorf("note %q", got.Note)
	}
	s.Fail(smtptest.Failure{Command: "RCPT TO:<ann@", Reply: "450 4.2.1 later"})
	if o := n.Send(t.Context(), message("mail", page.Post, "k2"), notify.Delivery{Attempt: 1}); o.Err == nil || o.Permanent {
		t.Fatalf("%+v", o)
	}
	send(t, n, message("mail", page.Post, "k2"), notify.Delivery{Attempt: 2})
	var got [][]string
	for _, m := range s.Messages() {
		got = append(got, m.To)
		if bytes.Contains(m.Raw, []byte("possible repeat")) {
			t.Error("says repeat although nobody got it twice")
		}
	}
	if diff := cmp.Diff([][]string{{"bob@post.example"}, {"bob@post.example"}, {"ann@post.example"}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMailHangs(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"CONNECT", "EHLO", "RCPT", "."} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			s, err := smtptest.Start(smtptest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			n := notify.New([]notify.Channel{{Name: "mail", Mail: &notify.Mail{
				Host: s.Host, Port: s.Port, From: "p@post.example", To: []string{"a@post.example"},
			}}}, notify.Options{Timeout: 300 * time.Millisecond, Upload: 600 * time.Millisecond})
			s.Fail(smtptest.Failure{Command: command, Hang: true})
			o := n.Send(t.Context(), message("mail", page.Post, "k"), notify.Delivery{Attempt: 1})
			if o.Err == nil || o.Permanent {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestChannelCheck(t *testing.T) {
	t.Parallel()
	good := notify.Mail{Host: "mail.example", From: "a@b.example", To: []string{"c@d.example"}}
	bad := func(change func(*notify.Mail)) notify.Channel {
		m := good
		change(&m)
		return notify.Channel{Name: "x", Mail: &m}
	}
	if err := (notify.Channel{Name: "x", Mail: &good}).Check(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]notify.Channel{
		"none":           {Name: "x"},
		"two":            {Name: "x", Mail: &good, Slack: &notify.Slack{Token: "t", Channel: "c"}},
		"slack token":    {Name: "x", Slack: &notify.Slack{Channel: "c"}},
		"slack address":  {Name: "x", Slack: &notify.Slack{Token: "t", Channel: "c", APIURL: "slack"}},
		"webhook scheme": {Name: "x", Webhook: &notify.Webhook{URL: "file:///etc/passwd", Secret: secret}},
		"no secret":      {Name: "x", Webhook: &notify.Webhook{URL: "https://a.example"}},
		"no host":        bad(func(m *notify.Mail) { m.Host = "" }),
		"nobody":         bad(func(m *notify.Mail) { m.To = nil }),
		"address":        bad(func(m *notify.Mail) { m.To = []string{"a@b.example\r\nBcc: c@d.example"} }),
		"plain far away": bad(func(m *notify.Mail) { m.TLS, m.Password = notify.TLSNone, "p" }),
		"policy":         bad(func(m *notify.Mail) { m.TLS = "maybe" }),
	} {
		if err := c.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
