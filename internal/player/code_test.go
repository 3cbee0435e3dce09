package player

import (
	"context"
	"crypto/tls"
	"encoding/base32"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/postflight/postflight/internal/journey"
)

func TestCodesOfTheStandard(t *testing.T) {
	t.Parallel()
	// RFC 6238, appendix B: eight digits, keys as long as the hash.
	seed := "1234567890123456789012345678901234567890123456789012345678901234"
	for _, c := range []struct {
		at     int64
		hash   otp.Algorithm
		length int
		want   string
	}{
		{59, otp.AlgorithmSHA1, 20, "94287082"},
		{59, otp.AlgorithmSHA256, 32, "46119246"},
		{59, otp.AlgorithmSHA512, 64, "90693936"},
		{1111111109, otp.AlgorithmSHA1, 20, "07081804"},
		{1111111111, otp.AlgorithmSHA256, 32, "67062674"},
		{1234567890, otp.AlgorithmSHA512, 64, "93441116"},
		{2000000000, otp.AlgorithmSHA1, 20, "69279037"},
		{20000000000, otp.AlgorithmSHA256, 32, "77737706"},
		{20000000000, otp.AlgorithmSHA512, 64, "47863826"},
	} {
		key := strings.TrimRight(base32.StdEncoding.EncodeToString([]byte(seed[:c.length])), "=")
		spaced := key[:4] + " " + key[4:8] + "-" + key[8:]
		got, err := codeAt(spaced, time.Unix(c.at, 0), totp.ValidateOpts{Period: 30, Digits: otp.DigitsEight, Algorithm: c.hash})
		if err != nil || got != c.want {
			t.Errorf("%d %s: got %s, %v, want %s", c.at, c.hash, got, err, c.want)
		}
	}
}

func TestCodeWaitsForTheNextPeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The bubble begins at a full minute.
		for _, c := range []struct{ into, wait time.Duration }{
			{0, 0}, {28 * time.Second, 0}, {28500 * time.Millisecond, 1510 * time.Millisecond}, {29999 * time.Millisecond, 11 * time.Millisecond},
		} {
			time.Sleep(time.Until(time.Now().Truncate(30 * time.Second).Add(30*time.Second + c.into)))
			begin := time.Now()
			got, err := oneTime(t.Context(), "otpauth://totp/Shop:ada?secret=JBSWY3DPEHPK3PXP&issuer=Shop")
			if err != nil || time.Since(begin) != c.wait {
				t.Errorf("%s into the period: waited %s, %v", c.into, time.Since(begin), err)
			}
			want, _ := totp.GenerateCode("JBSWY3DPEHPK3PXP", time.Now())
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
	for _, key := range []string{"", "1", "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/a?secret=%"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if code, err := oneTime(ctx, key); err == nil {
			t.Errorf("key %q gives %s", key, code)
		}
		cancel()
	}
}

// post is a mail server with one user.
type post struct {
	addr string
	user *imapmemserver.User
}

func newPost(t *testing.T, secure *tls.Config) *post {
	t.Helper()
	mem := imapmemserver.New()
	p := &post{user: imapmemserver.NewUser("robot", "letmein-please")}
	if err := p.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem.AddUser(p.user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		InsecureAuth: true, Caps: imap.CapSet{imap.CapIMAP4rev1: {}},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return p
}

func (p *post) deliver(t *testing.T, at time.Time, to, subject, body string) {
	t.Helper()
	text := strings.ReplaceAll("From: Shop <shop@example.com>\nTo: Ada <"+to+">\nSubject: "+subject+"\nMIME-Version: 1.0\n"+body, "\n", "\r\n")
	if _, err := p.user.Append("INBOX", letter{strings.NewReader(text), int64(len(text))}, &imap.AppendOptions{Time: at}); err != nil {
		t.Fatal(err)
	}
}

type letter struct {
	*strings.Reader
	size int64
}

func (l letter) Size() int64 { return l.size }

const multipart = `Content-Type: multipart/alternative; boundary=B

--B
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Your code=
 is: 481516.
--B
Content-Type: text/html

<p>Or open <a href="https://shop.example/in?a=1&amp;t=xyz">this</a></p>
--B--
`

func mailRun(t *testing.T) *play {
	t.Helper()
	j, err := journey.Load("t.yaml", []byte("title: t\nsteps:\n  - open: /\n"), journey.LoadOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return newPlay(New(Options{}), Request{Secrets: map[string]string{"mail": "letmein-please"}}, j, time.Now())
}

func TestMailBringsTheCode(t *testing.T) {
	t.Parallel()
	server := newPost(t, nil)
	p := mailRun(t)
	server.deliver(t, p.begin.Add(-2*time.Second), "ada@example.com", "Your code", "\nYour code is: 111111\n")
	server.deliver(t, p.begin, "bob@example.com", "Your code", "\nYour code is: 222222\n")
	server.deliver(t, p.begin, "ada@example.com", "Welcome", "\nYour code is: 333333\n")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	box := journey.Mailbox{
		URL: "imap://" + server.addr, User: "robot", Password: "letmein-please", To: "ADA@example.com", Subject: "your CODE", Pattern: `code is: (\d{6})`,
	}
	step := journey.Step{Type: journey.Code, Code: &journey.CodeSource{Mail: &box}, Save: "otp"}
	late := make(chan struct{})
	go func() { // the message comes while the step waits
		defer close(late)
		server.deliver(t, time.Now(), "ada@example.com", "=?utf-8?q?Your_code?=", multipart)
	}()
	err := p.fetchCode(ctx, step)
	<-late
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.expand(journey.Step{Templated: true, Value: "{{otp}}"}); err != nil || got.Value != "481516" {
		t.Errorf("got %q, %v", got.Value, err)
	}
	if text := p.hide.text("it was 481516"); strings.Contains(text, "481516") {
		t.Errorf("the code is not hidden: %s", text)
	}
	box.Pattern = `https://shop\.example/[^\s">]+`
	if err := p.fetchCode(ctx, step); err != nil {
		t.Fatal(err)
	}
	if got := p.values.saved["otp"]; got != "https://shop.example/in?a=1&t=xyz" {
		t.Errorf("link %q", got)
	}
}

func TestMailThatDoesNotCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deliver func(t *testing.T, s *post, begin time.Time)
		change  func(m *journey.Mailbox)
		want    string
		ours    bool
	}{
		"nothing": {want: "no message has come since the run began"},
		"subject": {
			deliver: func(t *testing.T, s *post, begin time.Time) {
				s.deliver(t, begin, "ada@example.com", "News", "\n123456\n")
			},
			want: "a message has come, but its subject is “News”",
		},
		"address": {
			deliver: func(t *testing.T, s *post, begin time.Time) {
				s.deliver(t, begin, "bob@example.com", "Code", "\n123456\n")
			},
			want: "messages have come, but none to that address",
		},
		"pattern": {
			deliver: func(t *testing.T, s *post, begin time.Time) {
				s.deliver(t, begin, "ada@example.com", "Code", "\n12345\n")
			},
			want: "the message “Code” does not hold what the pattern wants",
		},
		"huge": {
			deliver: func(t *testing.T, s *post, begin time.Time) {
				s.deliver(t, begin, "ada@example.com", "Code", "\n"+strings.Repeat("a line of it\n", 200_000)+"123456\n")
			},
			want: "the message “Code” does not hold what the pattern wants",
		},
		"login":   {change: func(m *journey.Mailbox) { m.Password = "letmein-pleas" }, want: "the mailbox refused the login", ours: true},
		"mailbox": {change: func(m *journey.Mailbox) { m.URL += "/Codes" }, want: `there is no mailbox "Codes"`, ours: true},
		"closed":  {change: func(m *journey.Mailbox) { m.URL = "imap://127.0.0.1:1" }, want: "the mailbox cannot be reached", ours: true},
		"no TLS":  {change: func(m *journey.Mailbox) { m.URL = strings.Replace(m.URL, "imap:", "imaps:", 1) }, want: "the mailbox has no secure connection", ours: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newPost(t, nil)
			p := mailRun(t)
			if c.deliver != nil {
				c.deliver(t, server, p.begin)
			}
			box := journey.Mailbox{URL: "imap://" + server.addr, User: "robot", Password: "letmein-please", To: "ada@example.com", Subject: "code", Pattern: `\b\d{6}\b`}
			if c.change != nil {
				c.change(&box)
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errStep)
			defer cancel()
			err := p.fetchCode(ctx, journey.Step{Type: journey.Code, Code: &journey.CodeSource{Mail: &box}, Save: "otp"})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "letmein") {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if _, ours := err.(*recordingError); ours != c.ours {
				t.Errorf("our own fault: %v, want %v (%T)", ours, c.ours, err)
			}
		})
	}
}

func TestMailRefusesAnUnknownCertificate(t *testing.T) {
	t.Parallel()
	site := httptest.NewTLSServer(nil)
	t.Cleanup(site.Close)
	server := newPost(t, &tls.Config{Certificates: site.TLS.Certificates})
	p := mailRun(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := p.mailbox(ctx, journey.Mailbox{URL: "imaps://" + server.addr, User: "robot", Password: "letmein-please"})
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}
