package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
)

// maxString bounds every string in the file, in bytes.
const maxString = 2048

// format is a shape that a string must have.
type format struct {
	name, plural string
	pattern      string // for the schema; "" when no pattern says it
	accepted     string
	ok           func(string) bool
}

const (
	idPattern       = `^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`
	durationPattern = `^([0-9]{1,6}d|([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+)$`
	headerPattern   = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	namePattern     = `^[A-Za-z_][A-Za-z0-9_]{0,63}$`
	datePattern     = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	jsonPattern     = `^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`
)

var (
	idShape       = regexp.MustCompile(idPattern)
	durationShape = regexp.MustCompile(durationPattern)
	nameShape     = regexp.MustCompile(namePattern)
	writeShape    = regexp.MustCompile(`^(POST|PUT|PATCH|DELETE|\*) /[^\s?#]*$`)
	daysShape     = regexp.MustCompile(`^[0-9]{1,6}d$`)
	headerShape   = regexp.MustCompile(headerPattern)
	jsonShape     = regexp.MustCompile(jsonPattern)
)

// formats holds every shape by its tag.
var formats = map[string]format{
	"": {name: "text", plural: "texts", accepted: "text", ok: func(string) bool { return true }},
	"id": {
		name: "id", plural: "ids", pattern: idPattern, ok: idShape.MatchString,
		accepted: "lower-case letters, digits, - and _, at most 64",
	},
	"path":    {name: "path", plural: "paths", accepted: "a path, relative to this file or absolute", ok: func(string) bool { return true }},
	"program": {name: "program", plural: "programs", accepted: "a path or a name in PATH", ok: func(string) bool { return true }},
	"address": {name: "host:port", plural: "addresses", accepted: "host:port", ok: isAddress},
	"url": {
		name: "URL", plural: "URLs", pattern: `^https?://`, ok: isURL,
		accepted: "http:// or https:// address without user or fragment",
	},
	"base": {
		name: "base URL", plural: "base URLs", pattern: `^https?://`, ok: isBase,
		accepted: "http:// or https:// address without user, query or fragment",
	},
	"previous": {
		name: "base URL with {version}", plural: "base URLs", pattern: `^https?://.*\{version\}`, ok: isPrevious,
		accepted: "base address that contains {version}, such as https://{version}.shop.example.com",
	},
	"origin": {
		name: "origin", plural: "origins", pattern: `^https?://[^/]+/?$`, ok: isOrigin,
		accepted: "scheme://host or scheme://host:port",
	},
	"location": {
		name: "path on the site", plural: "paths on the site", pattern: `^/([^/]|$)`, ok: isLocation,
		accepted: "path that starts with a single /",
	},
	"host":     {name: "host", plural: "hosts", pattern: `^[^/@\s]+$`, ok: isHost, accepted: "host or host:port, without scheme or path"},
	"header":   {name: "header name", plural: "header names", pattern: headerPattern, ok: headerShape.MatchString, accepted: "name of a header, such as X-Version"},
	"jsonpath": {name: "keys joined by dots", plural: "keys", pattern: jsonPattern, ok: jsonShape.MatchString, accepted: "keys joined by dots, such as build.version"},
	"fence":    {name: "host", plural: "hosts", pattern: `^[^/@\s]+$`, ok: isFence, accepted: "host, host:port or *.host, without scheme or path"},
	"write": {
		name: "method and path", plural: "methods with paths", pattern: `^(POST|PUT|PATCH|DELETE|\*) /`, ok: writeShape.MatchString,
		accepted: "POST, PUT, PATCH, DELETE or * and a path, such as POST /api/test-*",
	},
	"glob": {name: "pattern of files", plural: "patterns of files", ok: isGlob, accepted: "path from the root of the repository, with * and **, such as apps/web/**"},
	"date": {name: "date", plural: "dates", pattern: datePattern, ok: isDate, accepted: "a day, such as 2027-01-31"},
	"mail": {name: "mail address", plural: "mail addresses", accepted: "mail address", ok: isMail},
}

func isGlob(s string) bool {
	return doublestar.ValidatePattern(s) && !strings.HasPrefix(s, "/") && !slices.Contains(strings.Split(s, "/"), "..")
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isHost(u.Host) &&
		u.User == nil && u.Fragment == "" && !strings.ContainsAny(s, " #")
}

func isBase(s string) bool { return isURL(s) && !strings.Contains(s, "?") }

func isPrevious(s string) bool {
	return strings.Contains(s, "{version}") && isBase(strings.ReplaceAll(s, "{version}", "v1")) &&
		!strings.ContainsAny(strings.ReplaceAll(s, "{version}", ""), "{}")
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && isBase(s) && strings.Trim(u.Path, "/") == ""
}

func isLocation(s string) bool {
	u, err := url.Parse(s)
	return err == nil && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && u.Host == "" && !strings.Contains(s, "\\")
}

func isHost(s string) bool {
	if s == "" || strings.ContainsAny(s, "/@?#\\ {}*") {
		return false
	}
	u, err := url.Parse("http://" + s)
	if err != nil || u.Host != s || u.Hostname() == "" {
		return false
	}
	return !strings.HasSuffix(s, ":") && (u.Port() == "" || isPort(u.Port()))
}

// isFence accepts what a fence lets through: a host, or all below one.
func isFence(s string) bool { return isHost(strings.TrimPrefix(s, "*.")) }

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n <= 65535
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && isPort(port) && !strings.ContainsAny(s, "/@ ")
}

func isMail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && strings.Contains(a.Address, "@")
}

// checkText says what is wrong with a string of this field, and what would be
// accepted; "" when nothing is.
func (f field) checkText(s string) (wrong string, accepted []string) {
	shape := formats[f.format]
	switch {
	case strings.TrimSpace(s) == "" && !f.empty:
		return "is empty", []string{shape.accepted}
	case len(s) > maxString:
		return fmt.Sprintf("is longer than %d bytes", maxString), nil
	case strings.ContainsFunc(s, unicode.IsControl):
		return "contains a line break or another control character", []string{"text on one line"}
	case len(f.enum) > 0:
		for _, e := range f.enum {
			if e == s {
				return "", nil
			}
		}
		return "is not known", f.enum
	case s != "" && !shape.ok(s):
		return "is not " + article(shape.name), []string{shape.accepted}
	}
	return "", nil
}

// parseDuration reads a Go duration without sign, or whole days ("30d").
func parseDuration(s string) (time.Duration, bool) {
	if !durationShape.MatchString(s) {
		return 0, false
	}
	if daysShape.MatchString(s) {
		n, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
		if err != nil || n > 100_000 {
			return 0, false
		}
		return time.Duration(n) * 24 * time.Hour, true
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}

// formatDuration is the inverse of parseDuration, in its shortest form.
func formatDuration(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// between says in words which range a field accepts.
func (f field) between() string {
	switch {
	case f.min != "" && f.max != "":
		return f.min + " to " + f.max
	case f.min != "":
		return f.min + " or more"
	default:
		return f.max + " or less"
	}
}
