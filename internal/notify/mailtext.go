package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"html/template"
	"net"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/postflight/postflight/internal/page"
)

// mailHTML is the message's HTML part; every value is escaped by its place.
const mailHTML = `<!doctype html><html lang="en"><body style="margin:0;padding:24px;background:#f5f4f7;color:#1d1c1f;font:15px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif">
<div style="max-width:600px;margin:0 auto;background:#fff;border:1px solid #e3e1e6;border-radius:10px;padding:24px">
<h1 style="font-size:18px;line-height:1.35;margin:0 0 12px">{{.Sign}} {{.Title}}</h1>
{{range .Paragraphs}}<p style="margin:0 0 12px;white-space:pre-wrap">{{.}}</p>
{{end}}<table style="border-collapse:collapse;font-size:14px;width:100%">
{{range .Facts}}<tr><td style="padding:4px 16px 4px 0;color:#66636b;vertical-align:top;white-space:nowrap">{{.Label}}</td><td style="padding:4px 0;overflow-wrap:anywhere">{{.Text}}</td></tr>
{{end}}</table>
{{with .Link}}<p style="margin:20px 0 0"><a href="{{.}}" style="display:inline-block;background:#36294d;color:#fff;text-decoration:none;border-radius:6px;padding:9px 16px;font-weight:600">Open {{$.Incident}}</a></p>
{{end}}</div></body></html>
`

// letter is what both parts of a mail say.
type letter struct {
	Sign, Title, Incident, Link string
	Paragraphs                  []string
	Facts                       []page.Fact
}

func newLetter(j job) letter {
	l := letter{
		Sign: stateSign(j.State), Title: clip(headline(j), 500), Incident: line(string(j.Incident)), Link: j.link,
	}
	for part := range strings.SplitSeq(plain(j.Text), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			l.Paragraphs = append(l.Paragraphs, clip(part, 20000))
		}
	}
	if j.Op == page.Upload && j.File != nil {
		l.Paragraphs = append(l.Paragraphs, "Attached: "+clip(line(j.File.Title), 200))
	}
	if j.Change == "" {
		l.Facts = append(l.Facts, page.Fact{Label: "State", Text: stateName(j.State)},
			page.Fact{Label: "Severity", Text: severityName(j.Severity)},
			page.Fact{Label: "Product", Text: line(string(j.Product))})
	}
	for _, f := range j.Facts[:min(len(j.Facts), 40)] {
		l.Facts = append(l.Facts, page.Fact{Label: clip(line(f.Label), 100), Text: clip(plain(f.Text), 2000)})
	}
	if !j.At.IsZero() {
		l.Facts = append(l.Facts, page.Fact{Label: "At", Text: j.At.UTC().Format("2006-01-02 15:04:05 UTC")})
	}
	return l
}

// text is the plain part.
func (l letter) text() string {
	var b strings.Builder
	b.WriteString(l.Title + "\n\n")
	for _, p := range l.Paragraphs {
		b.WriteString(p + "\n\n")
	}
	for _, f := range l.Facts {
		b.WriteString(f.Label + ": " + f.Text + "\n")
	}
	if l.Link != "" {
		b.WriteString("\nOpen " + l.Incident + ": " + l.Link + "\n")
	}
	return b.String()
}

// compose writes the mail. No text from outside can add a header or end one:
// the subject is one line, ids are checked, addresses are parsed.
func (m *mailer) compose(j job) (*gomail.Msg, string, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(m.from)
	message.ToMailAddress(m.to...)
	id := m.messageID(j.Key)
	message.SetMessageIDWithValue(strings.Trim(id, "<>"))
	at := j.At
	if at.IsZero() {
		at = time.Now()
	}
	message.SetDateWithValue(at)
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	subject := "[" + clip(line(string(j.Incident)), 40) + "] " + clip(headline(j), 200)
	if j.root != nil && isMessageID(j.root.ID) {
		message.SetGenHeaderPreformatted(gomail.HeaderInReplyTo, j.root.ID)
		message.SetGenHeaderPreformatted(gomail.HeaderReferences, j.root.ID)
		subject = "Re: " + subject
	}
	message.Subject(subject)
	l := newLetter(j)
	t, err := template.New("mail").Parse(mailHTML)
	if err != nil {
		return nil, "", err
	}
	var html bytes.Buffer
	if err := t.Execute(&html, l); err != nil {
		return nil, "", err
	}
	message.SetBodyString(gomail.TypeTextPlain, l.text())
	message.AddAlternativeString(gomail.TypeTextHTML, html.String())
	if j.Op == page.Upload && j.File != nil {
		err = message.AttachReader(fileName(j.File.Name), bytes.NewReader(j.file), gomail.WithFileContentType(fileType(j.File.Type)))
	}
	return message, id, err
}

// fileType keeps a picture's type; everything else is bytes.
func fileType(t string) gomail.ContentType {
	switch t {
	case "image/png", "image/jpeg", "image/webp", "image/gif":
		return gomail.ContentType(t)
	}
	return gomail.TypeAppOctetStream
}

func (m *mailer) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: m.Host, RootCAs: m.RootCAs, MinVersion: tls.VersionTLS12}
}

// connect returns the dial function: a connection that ends with ctx.
func (m *mailer) connect(ctx context.Context) gomail.DialContextFunc {
	return func(dial context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: m.options.Timeout}).DialContext(dial, network, address)
		if err != nil {
			return nil, err
		}
		end, _ := ctx.Deadline()
		w := &within{Conn: conn, left: 1 << 20, end: end}
		w.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		if m.TLS != TLSImplicit {
			return w, nil
		}
		secure := tls.Client(w, m.tlsConfig())
		if err := secure.HandshakeContext(dial); err != nil {
			_ = w.Close()
			return nil, err
		}
		return secure, nil
	}
}
