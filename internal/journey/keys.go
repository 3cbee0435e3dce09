package journey

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Builtins are the variables that every run has, sorted: what they stand for
// is the run's to say.
func Builtins() []string {
	return []string{
		"base.host", "base.url", "now", "now.unix", "random.digits", "random.email", "random.word",
		"run.id", "run.journey", "run.short", "today",
	}
}

// builtinName reports one of Builtins.
func builtinName(name string) bool { return slices.Contains(Builtins(), name) }

// Keys splits "Control+Shift+a"; the last key may be "+" itself.
func Keys(chord string) []string {
	if rest, ok := strings.CutSuffix(chord, "++"); ok {
		return append(Keys(rest), "+")
	}
	if chord == "+" {
		return []string{"+"}
	}
	return strings.Split(chord, "+")
}

// CleanKey takes out the spaces and dashes with which keys are shown to people.
func CleanKey(key string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(key)
}

// MailAddress reads the address of a mailbox. Only a server on this machine may
// be spoken to without TLS.
func MailAddress(raw string) (u *url.URL, plain bool, err error) {
	u, err = url.Parse(raw)
	if err != nil || (u.Scheme != "imaps" && u.Scheme != "imap") || u.Hostname() == "" {
		return nil, false, fmt.Errorf("%q is not like imaps://mail.example.com", clip(raw, 120))
	}
	if u.User != nil {
		return nil, false, errors.New("must not hold a user name or password")
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	return u, u.Scheme == "imap" && (u.Hostname() == "localhost" || ip.IsLoopback()), nil
}
