package har

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"
)

// Validate returns everything that a strict reader of HAR 1.2 would refuse, or
// nil: missing parts, dates that are none, pages that are referred to and not
// there, timings that do not add up.
func Validate(h HAR) error {
	l := h.Log
	var errs []error
	say := func(format string, args ...any) {
		if len(errs) < 50 {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	if l.Version != Version {
		say("log.version is %q", l.Version)
	}
	if l.Creator.Name == "" || l.Creator.Version == "" {
		say("log.creator has no name or version")
	}
	if l.Entries == nil {
		say("log.entries is missing")
	}
	pages := map[string]bool{}
	for i, p := range l.Pages {
		if p.ID == "" || pages[p.ID] {
			say("pages[%d].id %q is empty or not unique", i, p.ID)
		}
		pages[p.ID] = true
		if !isDate(p.Started) {
			say("pages[%d].startedDateTime %q is no ISO 8601 date", i, p.Started)
		}
	}
	for i, e := range l.Entries {
		for _, problem := range e.problems(pages) {
			say("entries[%d] %s: %s", i, e.Request.URL, problem)
		}
	}
	return errors.Join(errs...)
}

func isDate(s string) bool {
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}

func (e Entry) problems(pages map[string]bool) []string {
	var out []string
	if e.Page != "" && !pages[e.Page] {
		out = append(out, "pageref names no page")
	}
	if !isDate(e.Started) {
		out = append(out, fmt.Sprintf("startedDateTime %q is no ISO 8601 date", e.Started))
	}
	if e.Request.Method == "" || e.Request.HTTPVersion == "" || e.Response.HTTPVersion == "" {
		out = append(out, "method or httpVersion is missing")
	}
	if u, err := url.Parse(e.Request.URL); err != nil || !u.IsAbs() {
		out = append(out, "the URL is not absolute")
	}
	if e.Request.Cookies == nil || e.Request.Headers == nil || e.Request.Query == nil || e.Response.Cookies == nil || e.Response.Headers == nil {
		out = append(out, "a list is missing")
	}
	if e.Response.Content.MIME == "" {
		out = append(out, "content.mimeType is missing")
	}
	if e.Response.Content.Encoding != "" && e.Response.Content.Encoding != "base64" {
		out = append(out, "content.encoding is not base64")
	}
	t := e.Timings
	for _, v := range []float64{t.Blocked, t.DNS, t.Connect, t.SSL, t.Send, t.Wait, t.Receive} {
		if v < 0 && v != none || math.IsNaN(v) || math.IsInf(v, 0) {
			out = append(out, fmt.Sprintf("a timing is %v", v))
		}
	}
	if t.Send < 0 || t.Wait < 0 || t.Receive < 0 {
		out = append(out, "send, wait and receive are required")
	}
	if t.SSL > t.Connect {
		out = append(out, "ssl is a part of connect")
	}
	if math.Abs(e.Time-sum(t)) > 0.01 {
		out = append(out, fmt.Sprintf("time %v is not the sum of the timings %v", e.Time, sum(t)))
	}
	return out
}
