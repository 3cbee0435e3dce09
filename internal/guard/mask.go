package guard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/postflight/postflight/internal/redact"
)

// masks returns a redactor that knows the environment's secrets: the values of
// variables whose names tell.
func masks(environ []string) *redact.Redactor {
	r := redact.New()
	telling := regexp.MustCompile(`(?i)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|_KEY$|_PAT$|_PWD$|DSN$|COOKIE|SESSION_?KEY)`)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if len(value) < 6 || !telling.MatchString(name) || strings.HasPrefix(value, "/") || innocent(value) {
			continue
		}
		r.Secret(value)
		for line := range strings.Lines(value) { // a key of several lines comes out line by line
			if line = strings.TrimSpace(line); len(line) >= 12 && line != value {
				r.Secret(line)
			}
		}
	}
	return r
}

// innocent are values that switch something and would hide half of every log.
func innocent(v string) bool {
	switch strings.ToLower(v) {
	case "enabled", "disabled", "always", "never", "default", "inherit", "optional", "required":
		return true
	}
	return false
}

// masked is a writer that masks secrets, whole lines at a time.
type masked struct {
	to    io.Writer
	mask  *redact.Redactor
	carry []byte
	err   error
}

// Write masks and passes on the whole lines; it holds the rest back.
func (m *masked) Write(p []byte) (int, error) {
	i := bytes.LastIndexByte(p, '\n')
	if i < 0 && len(m.carry)+len(p) < openBytes {
		m.carry = append(m.carry, p...)
		return len(p), nil
	}
	if i < 0 {
		i = len(p) - 1
	}
	m.pass(append(m.carry, p[:i+1]...))
	m.carry = append(m.carry[:0:0], p[i+1:]...)
	return len(p), m.err
}

// Close passes on what was held back.
func (m *masked) Close() error {
	m.pass(m.carry)
	m.carry = nil
	return m.err
}

func (m *masked) pass(p []byte) {
	if len(p) == 0 || m.err != nil {
		return
	}
	_, m.err = io.WriteString(m.to, m.mask.Text(string(p)))
}

// writeMasked writes what is kept of a log.
func writeMasked(path string, r *record, mask *redact.Redactor) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	m := &masked{to: f, mask: mask}
	head, tail, lost := r.parts()
	pieces(m, head)
	if lost > 0 {
		_, _ = fmt.Fprintf(m, "\n[postflight guard: %d bytes of the log are not kept here]\n", lost)
	}
	pieces(m, tail)
	return errors.Join(m.Close(), f.Close())
}

// pieces writes in pieces, so that masking never holds the whole log twice.
func pieces(w io.Writer, p []byte) {
	const piece = 1 << 20
	for len(p) > 0 {
		n := min(piece, len(p))
		if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 && n == piece {
			n = i + 1
		}
		_, _ = w.Write(p[:n])
		p = p[n:]
	}
}
