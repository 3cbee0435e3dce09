// Package smtptest is a mail submission server for tests: real sockets,
// STARTTLS with a certificate of its own, AUTH PLAIN, and scripted failures.
//
// It keeps what it accepted and delivers nothing. Tests only import it.
package smtptest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxMessage bounds one mail.
const maxMessage = 32 << 20

// Options of a server.
type Options struct {
	StartTLS bool // offer STARTTLS
	Implicit bool // TLS from the first byte
	Username string
	Password string
}

// Message is one accepted mail.
type Message struct {
	From string
	To   []string
	Raw  []byte
	TLS  bool
	User string // who signed in
}

// Parse returns the mail's headers and body.
func (m Message) Parse() (*mail.Message, error) { return mail.ReadMessage(bytes.NewReader(m.Raw)) }

// Failure is played for the next Times commands that start with Command, for
// example "RCPT" or "RCPT TO:<a@example.org>"; "CONNECT" is the greeting, "." the
// end of the data.
type Failure struct {
	Command string
	Times   int    // 0 means 1
	Reply   string // for example "451 4.3.0 try later"
	Hang    bool   // say nothing
	Drop    bool   // cut the connection; at "." after the mail was kept
}

// Server is a running server.
type Server struct {
	Host string
	Port int
	// Roots trusts the server's certificate.
	Roots *x509.CertPool

	options  Options
	config   *tls.Config
	listener net.Listener
	done     chan struct{}
	wait     sync.WaitGroup

	mu       sync.Mutex
	messages []Message
	failures []Failure
	commands []string
	conns    map[net.Conn]bool
}

// Start opens a server on a free port of 127.0.0.1.
func Start(o Options) (*Server, error) {
	s := &Server{options: o, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	if err := s.certify(); err != nil {
		return nil, fmt.Errorf("start mail server: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start mail server: %w", err)
	}
	s.listener = l
	address, _ := l.Addr().(*net.TCPAddr)
	s.Host, s.Port = "127.0.0.1", address.Port
	s.wait.Go(s.accept)
	return s, nil
}

// Close ends the server and every connection.
func (s *Server) Close() {
	close(s.done)
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

// Messages returns the accepted mails in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Commands returns what clients said, without their mails and passwords.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Fail scripts a failure.
func (s *Server) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.failures = append(s.failures, f)
}

func (s *Server) failure(command string) (Failure, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.failures {
		f := &s.failures[i]
		if f.Times > 0 && strings.HasPrefix(strings.ToUpper(command), strings.ToUpper(f.Command)) {
			f.Times--
			return *f, true
		}
	}
	return Failure{}, false
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.wait.Go(func() {
			defer func() {
				_ = conn.Close()
				s.mu.Lock()
				delete(s.conns, conn)
				s.mu.Unlock()
			}()
			if s.options.Implicit {
				conn = tls.Server(conn, s.config)
			}
			t := &talk{server: s, conn: conn, text: textproto.NewConn(conn), tls: s.options.Implicit}
			_ = t.run()
		})
	}
}

// talk is one connection.
type talk struct {
	server *Server
	conn   net.Conn
	text   *textproto.Conn
	tls    bool
	user   string
	mail   Message
}

// errEnd ends a conversation.
var errEnd = errors.New("end of the conversation")

func (t *talk) say(format string, args ...any) error { return t.text.PrintfLine(format, args...) }

// fail plays a scripted failure; played says that the command is answered.
func (t *talk) fail(command string) (played bool, err error) {
	f, ok := t.server.failure(command)
	switch {
	case !ok:
		return false, nil
	case f.Hang:
		<-t.server.done
		return true, errEnd
	case f.Drop:
		return true, errEnd
	}
	return true, t.say("%s", f.Reply)
}

func (t *talk) run() error {
	if played, err := t.fail("CONNECT"); played || err != nil {
		return err
	}
	if err := t.say("220 smtptest ready"); err != nil {
		return err
	}
	for {
		line, err := t.text.ReadLine()
		if err != nil {
			return err
		}
		t.server.mu.Lock()
		if shown, _, ok := strings.Cut(line, "AUTH PLAIN "); ok {
			line2 := shown + "AUTH PLAIN"
			t.server.commands = append(t.server.commands, line2)
		} else {
			t.server.commands = append(t.server.commands, line)
		}
		t.server.mu.Unlock()
		if played, err := t.fail(line); err != nil {
			return err
		} else if played {
			continue
		}
		if err := t.command(line); err != nil {
			return err
		}
	}
}

func (t *talk) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	if v := strings.ToUpper(verb); (v == "MAIL" || v == "RCPT") && address(rest) == "" {
		return t.say("501 5.5.4 write the address as <name@host>")
	}
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		return t.hello()
	case "STARTTLS":
		return t.startTLS()
	case "AUTH":
		return t.auth(rest)
	case "MAIL":
		if t.server.options.Username != "" && t.user == "" {
			return t.say("530 5.7.0 authentication required")
		}
		t.mail = Message{From: address(rest), TLS: t.tls, User: t.user}
		return t.say("250 2.1.0 ok")
	case "RCPT":
		t.mail.To = append(t.mail.To, address(rest))
		return t.say("250 2.1.5 ok")
	case "DATA":
		return t.data()
	case "RSET":
		t.mail = Message{}
		return t.say("250 2.0.0 ok")
	case "NOOP":
		return t.say("250 2.0.0 ok")
	case "QUIT":
		_ = t.say("221 2.0.0 bye")
		return errEnd
	}
	return t.say("502 5.5.2 unknown command")
}

func (t *talk) hello() error {
	lines := []string{"smtptest", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if t.server.options.StartTLS && !t.tls {
		lines = append(lines, "STARTTLS")
	}
	if t.server.options.Username != "" {
		lines = append(lines, "AUTH PLAIN")
	}
	for i, l := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		if err := t.say("250%s%s", sep, l); err != nil {
			return err
		}
	}
	return nil
}

func (t *talk) startTLS() error {
	if !t.server.options.StartTLS || t.tls {
		return t.say("502 5.5.1 not offered")
	}
	if err := t.say("220 2.0.0 go ahead"); err != nil {
		return err
	}
	secure := tls.Server(t.conn, t.server.config)
	if err := secure.Handshake(); err != nil {
		return err
	}
	t.conn, t.text, t.tls = secure, textproto.NewConn(secure), true
	return nil
}

func (t *talk) auth(rest string) error {
	_, encoded, _ := strings.Cut(rest, " ")
	raw, _ := base64.StdEncoding.DecodeString(encoded)
	if string(raw) != "\x00"+t.server.options.Username+"\x00"+t.server.options.Password {
		return t.say("535 5.7.8 bad credentials")
	}
	t.user = t.server.options.Username
	return t.say("235 2.7.0 ok")
}

func (t *talk) data() error {
	if len(t.mail.To) == 0 {
		return t.say("503 5.5.1 no recipient")
	}
	if err := t.say("354 go ahead"); err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(t.text.DotReader(), maxMessage))
	if err != nil {
		return err
	}
	f, failing := t.server.failure(".")
	if failing && f.Reply != "" {
		return t.say("%s", f.Reply)
	}
	t.mail.Raw = raw
	t.server.mu.Lock()
	t.server.messages = append(t.server.messages, t.mail)
	t.server.mu.Unlock()
	t.mail = Message{}
	if failing && f.Hang {
		<-t.server.done
	}
	if failing {
		return errEnd
	}
	return t.say("250 2.0.0 accepted")
}

// address takes the path out of "FROM:<a@b> BODY=8BITMIME".
func address(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	path, _, _ := strings.Cut(rest, ">")
	return path
}

// certify makes the server's certificate.
func (s *Server) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smtptest"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(leaf)
	s.config = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	}
	return nil
}
