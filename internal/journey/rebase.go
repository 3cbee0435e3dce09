package journey

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/fault"
)

// At returns the journey aimed at another address of the product: every URL,
// also of an asserted navigation, whose origin is that of the recording's first
// navigate moves to base. A path of base is put before the recorded path unless
// that already begins with it. Other origins stay as they are.
func (j *Journey) At(base string) (*Journey, error) {
	to, err := url.Parse(base)
	if err != nil || (to.Scheme != "http" && to.Scheme != "https") || to.Host == "" {
		return nil, fault.Newf(fault.Invalid, "%s: base %q is not an absolute http or https address", j.Name, clip(base, 120))
	}
	out := *j
	out.Steps = slices.Clone(j.Steps)
	for i := range out.Steps {
		s := &out.Steps[i]
		if s.Type == Navigate {
			if s.URL, err = j.move(s.URL, to); err != nil {
				return nil, fmt.Errorf("rebase %s: %w", j.Name, err)
			}
			s.Title = title(*s)
		}
		s.Asserted = slices.Clone(s.Asserted)
		for k := range s.Asserted {
			if moved, err := j.move(s.Asserted[k].URL, to); err == nil {
				s.Asserted[k].URL = moved
			}
		}
	}
	out.origin = origin(base)
	return &out, nil
}

// move rebases one address.
func (j *Journey) move(raw string, to *url.URL) (string, error) {
	if raw == "" || origin(raw) != j.origin {
		return raw, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	prefix := strings.TrimSuffix(to.EscapedPath(), "/")
	path := u.EscapedPath()
	if prefix != "" && path != prefix && !strings.HasPrefix(path, prefix+"/") {
		path = prefix + "/" + strings.TrimPrefix(path, "/")
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return "", err
	}
	u.Scheme, u.Host, u.Path, u.RawPath = to.Scheme, to.Host, plain, path
	return u.String(), nil
}
