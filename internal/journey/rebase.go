package journey

import (
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
	if out.Steps, err = j.moved(j.Steps, to); err != nil {
		return nil, err
	}
	if out.Cleanup, err = j.moved(j.Cleanup, to); err != nil {
		return nil, err
	}
	out.origin = OriginOf(base)
	return &out, nil
}

// moved rebases steps: what they open, and what they expect to be opened. The
// address of an open step is relative to the base.
func (j *Journey) moved(steps []Step, to *url.URL) ([]Step, error) {
	out := slices.Clone(steps)
	for i := range out {
		s := &out[i]
		var err error
		switch s.Type {
		case Navigate:
			s.URL, err = j.move(s.URL, to)
		case Open:
			s.URL, err = j.under(s.URL, to)
		}
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "%s: step %d: %q cannot be moved to %s: %v", j.Name, i+1, clip(s.URL, 120), to, err)
		}
		if (s.Type == Navigate || s.Type == Open) && s.From == "" && s.Title == title(steps[i]) {
			s.Title = title(*s)
		}
		s.Asserted = slices.Clone(s.Asserted)
		for k := range s.Asserted {
			if moved, err := j.move(s.Asserted[k].URL, to); err == nil {
				s.Asserted[k].URL = moved
			}
		}
		for _, raw := range []*string{&s.Target, &s.Expect.URL} {
			if moved, err := j.move(*raw, to); err == nil {
				*raw = moved
			}
		}
	}
	return out, nil
}

// under is an address relative to the base; an absolute one is moved like any.
func (j *Journey) under(raw string, to *url.URL) (string, error) {
	if strings.Contains(raw, "://") || strings.HasPrefix(raw, "{{") || raw == "about:blank" {
		return j.move(raw, to)
	}
	if strings.HasPrefix(raw, "//") {
		return to.Scheme + ":" + raw, nil
	}
	base := *to
	base.RawQuery, base.Fragment = "", ""
	return strings.TrimSuffix(base.String(), "/") + "/" + strings.TrimPrefix(raw, "/"), nil
}

// move rebases one address.
func (j *Journey) move(raw string, to *url.URL) (string, error) {
	if raw == "" || j.origin == "" || OriginOf(raw) != j.origin {
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
