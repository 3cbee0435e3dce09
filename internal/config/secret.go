package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/postflight/postflight/internal/fault"
)

// redacted stands wherever a secret would be printed.
const redacted = "[redacted]"

// maxSecret bounds a secret read from a file.
const maxSecret = 64 << 10

// Secret is a value that is never printed: every way of formatting, logging
// or encoding it gives "[redacted]". The value is behind a pointer, so that
// even printing a struct that holds one does not show it.
type Secret struct {
	value     *string
	reference string
}

// NewSecret returns a secret with this value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the value, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Reference returns where the value came from, "${NAME}" or "file:/path", or
// "" when it stood in the file itself.
func (s Secret) Reference() string { return s.reference }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether both reveal the same.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() && s.reference == o.reference }

// String returns "[redacted]", or "" when there is no value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// Format prints String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue logs String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

var (
	envReference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)
	userinfo     = regexp.MustCompile(`(://[^/?#@\s:]*):[^/?#@\s]*@`)
)

// shown is what the effective configuration prints: the reference, or what of
// a literal is no secret.
func (s Secret) shown() string {
	switch v := s.Reveal(); {
	case s.reference != "":
		return s.reference
	case v == "sqlite" || v == "":
		return v
	default:
		return redacted
	}
}

// resolveSecret reads the value that raw refers to. It never quotes a value
// in an error.
func resolveSecret(raw, dir string, env map[string]string) (Secret, error) {
	if m := envReference.FindStringSubmatch(raw); m != nil {
		v, ok := env[m[1]]
		switch {
		case !ok:
			return Secret{}, fault.Newf(fault.Invalid, "environment variable %s is not set", m[1])
		case strings.TrimSpace(v) == "":
			return Secret{}, fault.Newf(fault.Invalid, "environment variable %s is empty", m[1])
		}
		return Secret{value: &v, reference: raw}, nil
	}
	if strings.Contains(raw, "${") {
		return Secret{}, fault.New(fault.Invalid, "a reference must be the whole value, as ${NAME}", "")
	}
	path, ok := strings.CutPrefix(raw, "file:")
	if !ok {
		return NewSecret(raw), nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	data, err := readBounded(path, maxSecret)
	if err != nil {
		return Secret{}, fault.New(fault.Invalid, "secret "+describeFile(path, err), "")
	}
	v := strings.TrimRight(string(data), "\r\n")
	if strings.TrimSpace(v) == "" {
		return Secret{}, fault.Newf(fault.Invalid, "secret file %s is empty", path)
	}
	return Secret{value: &v, reference: raw}, nil
}

// describeFile says in words why a file cannot be used.
func describeFile(path string, err error) string {
	switch {
	case os.IsNotExist(err):
		return "file " + path + " does not exist"
	case os.IsPermission(err):
		return "file " + path + " may not be read by this user"
	default:
		return "file " + path + ": " + strings.TrimPrefix(err.Error(), "read "+path+": ")
	}
}

// hasPassword reports whether an address carries a password.
func hasPassword(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.User == nil {
		return false
	}
	_, ok := u.User.Password()
	return ok
}
