package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// maxAfter caps the other side's Retry-After.
const maxAfter = time.Hour

// problem is why an attempt failed, in the person's words.
type problem struct {
	kind      fault.Kind
	text      string
	hint      string
	permanent bool
	after     time.Duration
	unseen    bool // the message may have arrived all the same
}

func temporary(text string) *problem {
	return &problem{kind: fault.Unavailable, text: text}
}

func permanent(kind fault.Kind, text, hint string) *problem {
	return &problem{kind: kind, text: text, hint: hint, permanent: true}
}

// network explains an error of a connection. Addresses with secrets in them
// (upload URLs) are left out.
func network(who string, err error) *problem {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	p := temporary(who + " cannot be reached: " + err.Error())
	p.unseen = true
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		p.unseen = false // nothing was said
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, other := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case unknown || other || invalid:
		p.text, p.unseen = who+" shows a certificate that is not trusted: "+err.Error(), false
		p.hint = "Check the address and the server's certificate."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		p.text = who + " did not answer in time"
	case errors.Is(err, context.Canceled):
		p.text = "stopped while " + who + " was asked"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		p.text = who + " cut the connection"
	}
	return p
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// retryAfter reads a Retry-After header: seconds or a date; at most an hour.
func retryAfter(h http.Header, now time.Time) time.Duration {
	raw := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), int64(maxAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(raw); err == nil {
		return min(max(at.Sub(now), 0), maxAfter)
	}
	return 0
}

// bounded is a client whose answers cannot be endless.
type bounded struct {
	*http.Client
	limit int64
}

// Do sends the request and limits what can be read of the answer.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	resp, err := b.Client.Do(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, b.limit), resp.Body}
	return resp, nil
}
