package har

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what one entry keeps, in bytes.
const (
	maxURL      = 8 << 10
	maxHeader   = 8 << 10
	maxHeaders  = 200 // in number
	maxPost     = 16 << 10
	maxMessage  = 4 << 10
	maxMessages = 200
)

// clip shortens s to n bytes at a rune boundary and says so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// pairs lists headers by name. Chromium joins repeated ones by line breaks.
func pairs(headers map[string]string) []Pair {
	out := []Pair{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		for value := range strings.SplitSeq(headers[name], "\n") {
			if len(out) == maxHeaders {
				return out
			}
			out = append(out, Pair{clip(name, 200), clip(value, maxHeader)})
		}
	}
	return out
}

func header(headers map[string]string, name string) string {
	for n, v := range headers {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}

// query lists the parameters of an address in order.
func query(raw string) []Pair {
	out := []Pair{}
	_, rest, ok := strings.Cut(raw, "?")
	if !ok {
		return out
	}
	rest, _, _ = strings.Cut(rest, "#")
	return append(out, form(rest)...)
}

// form decodes name=value pairs; what does not decode stays as it is.
func form(text string) []Pair {
	var out []Pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" || len(out) == maxHeaders {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		out = append(out, Pair{unescape(name), unescape(value)})
	}
	return out
}

func unescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(plain) {
		return s
	}
	return plain
}

// sentCookies reads a Cookie header.
func sentCookies(header string) []Cookie {
	out := []Cookie{}
	for part := range strings.SplitSeq(header, ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok && len(out) < maxHeaders {
			out = append(out, Cookie{Name: name, Value: value})
		}
	}
	return out
}

// setCookies reads Set-Cookie headers, one a line.
func setCookies(header string) []Cookie {
	out := []Cookie{}
	for line := range strings.SplitSeq(header, "\n") {
		first, rest, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(strings.TrimSpace(first), "=")
		if !ok || len(out) == maxHeaders {
			continue
		}
		c := Cookie{Name: name, Value: value}
		for part := range strings.SplitSeq(rest, ";") {
			c.attribute(strings.TrimSpace(part))
		}
		out = append(out, c)
	}
	return out
}

func (c *Cookie) attribute(text string) {
	name, value, _ := strings.Cut(text, "=")
	switch strings.ToLower(name) {
	case "path":
		c.Path = value
	case "domain":
		c.Domain = value
	case "secure":
		c.Secure = true
	case "httponly":
		c.HTTPOnly = true
	case "expires":
		for _, layout := range []string{time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST", time.RFC850, time.ANSIC} {
			if at, err := time.Parse(layout, value); err == nil {
				c.Expires = stamp(at)
				return
			}
		}
	}
}

// stamp is an instant as the format wants it.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// wall is seconds since 1970.
func wall(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }
