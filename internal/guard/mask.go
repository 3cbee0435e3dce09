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

// masker hides secrets in what is kept of a command: the environment's, what is
// said to be one, what has the shape of a known token, private keys.
type masker struct {
	values *redact.Redactor
	words  []string // one of them is in whatever has a shape
	shapes *regexp.Regexp
	key    *regexp.Regexp // a line of a private key, a time in front
}

// masks returns one that knows the environment's secrets: the values of
// variables whose names tell.
func masks(environ []string) *masker {
	m := &masker{
		values: redact.New(),
		words: []string{
			"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "glcbt-", "npm_", "xox", "AKIA", "ASIA",
			"sk-", "sk_live_", "rk_live_", "AIza", "dop_v1_", "SG.", "pypi-", "hf_", "dckr_pat_",
		},
		shapes: regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl(?:pat|cbt)-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|xox[abeoprs]-[\w-]{10,}` +
			`|(?:AKIA|ASIA)[A-Z0-9]{16}\b|sk-[\w-]*[A-Za-z0-9]{20,}|[sr]k_live_\w{16,}|AIza[\w-]{35}|dop_v1_[a-f0-9]{64}|SG\.[\w-]{16,}\.[\w-]{16,}` +
			`|pypi-[\w-]{50,}|hf_[A-Za-z0-9]{30,}|dckr_pat_[\w-]{20,})`),
		key: regexp.MustCompile(`^\s*(?:\S*\d\S*\s+){0,2}[A-Za-z0-9+/=]{2,100}\s*$`),
	}
	telling := regexp.MustCompile(`(?i)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|_KEY$|_PAT$|_PWD$|DSN$|COOKIE|SESSION_?KEY)`)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if len(value) < 6 || !telling.MatchString(name) || strings.HasPrefix(value, "/") || innocent(value) {
			continue
		}
		m.values.Secret(value)
		for line := range strings.Lines(value) { // a key of several lines comes out line by line
			if line = strings.TrimSpace(line); len(line) >= 12 && line != value {
				m.values.Secret(line)
			}
		}
	}
	return m
}

// innocent are values that switch something and would hide half of every log.
func innocent(v string) bool {
	switch strings.ToLower(v) {
	case "enabled", "disabled", "always", "never", "default", "inherit", "optional", "required":
		return true
	}
	return false
}

// Text hides the secrets in a text.
func (m *masker) Text(s string) string {
	var within bool
	return m.text(s, &within)
}

// text hides them in a part of a log; within tells, and is told, whether it
// begins and ends within a private key.
func (m *masker) text(s string, within *bool) string {
	s = m.values.Text(s)
	for _, w := range m.words {
		if strings.Contains(s, w) {
			s = m.shapes.ReplaceAllString(s, redact.Hidden)
			break
		}
	}
	if !*within && !strings.Contains(s, "PRIVATE KEY-----") {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		switch {
		case strings.Contains(line, "-----END"):
			*within = false
		case strings.Contains(line, "-----BEGIN") && strings.Contains(line, "PRIVATE KEY-----"):
			*within = true
		case *within && m.key.MatchString(line):
			line = redact.Hidden + line[len(strings.TrimRight(line, "\r\n")):]
		default:
			*within = false
		}
		b.WriteString(line)
	}
	return b.String()
}

// lines hides the secrets in lines that follow each other.
func (m *masker) lines(list []string) []string {
	var within bool
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = m.text(l, &within)
	}
	return out
}

// masked is a writer that masks secrets, whole lines at a time.
type masked struct {
	to     io.Writer
	mask   *masker
	carry  []byte
	within bool // a private key
	err    error
}

// Write masks and passes on the whole lines; it holds the rest back, and of an
// endless line as much as a secret may be cut by.
func (m *masked) Write(p []byte) (int, error) {
	n := len(p)
	if i := bytes.LastIndexByte(p, '\n'); i >= 0 {
		m.pass(append(m.carry, p[:i+1]...))
		m.carry, p = m.carry[:0], p[i+1:]
	}
	m.carry = append(m.carry, p...)
	for len(m.carry) > 2*openBytes {
		cut := m.seam(m.carry[:2*openBytes])
		m.pass(m.carry[:cut])
		m.carry = append(m.carry[:0], m.carry[cut:]...)
	}
	return n, m.err
}

// seam is a place where a line can be cut without cutting a secret.
func (m *masked) seam(p []byte) int {
	whole := m.mask.Text(string(p))
	for _, cut := range []int{len(p) / 2, len(p) / 3, len(p) / 4, len(p) / 5} {
		if m.mask.Text(string(p[:cut]))+m.mask.Text(string(p[cut:])) == whole {
			return cut
		}
	}
	return len(p)
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
	_, m.err = io.WriteString(m.to, m.mask.text(string(p), &m.within))
}

// writeMasked writes what is kept of a log.
func writeMasked(path string, r *record, mask *masker) error {
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
