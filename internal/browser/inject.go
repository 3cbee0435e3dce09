package browser

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// pausedRequest is a request of a first-party origin that waits for its headers.
type pausedRequest struct {
	RequestID string `json:"requestId"`
	NetworkID string `json:"networkId"`
	Type      string `json:"resourceType"`
	Request   struct {
		URL     string            `json:"url"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
	} `json:"request"`
}

type headerEntry struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// checkInjection refuses origins and headers that could reach further than they say.
func checkInjection(o PageOptions) error {
	for _, origin := range o.InjectOrigins {
		if _, err := parseOrigin(origin); err != nil {
			return err
		}
	}
	if err := checkHeaders(o.InjectHeaders); err != nil {
		return err
	}
	for origin, headers := range o.InjectFor {
		if _, err := parseOrigin(origin); err != nil {
			return err
		}
		if err := checkHeaders(headers); err != nil {
			return err
		}
	}
	return nil
}

func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c) }) {
			return fmt.Errorf("inject header %q: not a header name", name)
		}
		if strings.ContainsAny(value, "\r\n\x00") {
			return fmt.Errorf("inject header %s: value has a line break", name)
		}
	}
	return nil
}

// parseOrigin returns the origin in the one form Chromium writes it.
func parseOrigin(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("origin %q: %w", raw, err)
	}
	bare := (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == "" && u.User == nil
	if !bare || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsAny(u.Host, `*?\`) {
		return "", fmt.Errorf("origin %q: want scheme://host[:port]", raw)
	}
	return originOf(u), nil
}

func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

// fetchPatterns are the requests to pause: all, when the fence has to look at
// each, else those of the first-party origins. Nothing is paused when there is
// nothing to inject, because pausing costs.
func (w *window) fetchPatterns() []any {
	o := w.opts
	if w.record.fence.inspects() {
		return []any{map[string]any{"urlPattern": "*", "requestStage": "Request"}}
	}
	var patterns []any
	for _, raw := range slices.Concat(o.InjectOrigins, slices.Sorted(maps.Keys(o.InjectFor))) {
		origin, err := parseOrigin(raw)
		if err == nil && len(o.headersFor(origin)) > 0 {
			patterns = append(patterns, map[string]any{"urlPattern": origin + "/*", "requestStage": "Request"})
		}
	}
	return patterns
}

// resume lets a paused request go on, with the headers if it really is
// first-party, or ends it at the fence.
func (p *Page) resume(s *session, e pausedRequest) {
	w := p.window
	params := map[string]any{"requestId": e.RequestID}
	if w.record.fenced(p.ID, e.NetworkID, e.Request.Method, e.Type, e.Request.URL) {
		params["errorReason"] = "BlockedByClient"
		s.post("Fetch.failRequest", params)
		return
	}
	if u, err := url.Parse(e.Request.URL); err == nil {
		if extra := w.opts.headersFor(originOf(u)); len(extra) > 0 {
			params["headers"] = mergeHeaders(e.Request.Headers, extra)
		}
	}
	s.post("Fetch.continueRequest", params)
}

// headersFor are the headers that one origin gets; none if it is not first-party.
func (o PageOptions) headersFor(origin string) map[string]string {
	headers := map[string]string{}
	for _, raw := range o.InjectOrigins {
		if known, err := parseOrigin(raw); err == nil && known == origin {
			maps.Copy(headers, o.InjectHeaders)
		}
	}
	for raw, own := range o.InjectFor {
		if known, err := parseOrigin(raw); err == nil && known == origin {
			maps.Copy(headers, own)
		}
	}
	return headers
}

func mergeHeaders(own, extra map[string]string) []headerEntry {
	list := make([]headerEntry, 0, len(own)+len(extra))
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !hasFold(extra, name) {
			list = append(list, headerEntry{name, own[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		list = append(list, headerEntry{name, extra[name]})
	}
	return list
}

func hasFold(m map[string]string, name string) bool {
	for n := range m {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
