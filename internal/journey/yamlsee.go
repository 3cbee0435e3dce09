package journey

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// see reads what must be seen, in words or as a locator with conditions, or
// what the page's address or title must be.
func (l *loader) see(it *item, s *Step) {
	s.Type = See
	if it.scalar() {
		s.Selectors = l.shown(it)
		s.Title = "see " + describe(s.Selectors)
		return
	}
	in := l.inner(it, s, "see")
	if in == nil {
		return
	}
	e := &s.Expect
	e.URL, e.Title = in.text("url"), in.text("title")
	for name, v := range map[string]string{"url": e.URL, "title": e.Title} {
		if in.has(name) && strings.Trim(v, "* ") == "" {
			l.fail(in.it.get(name), name, "is met by every page")
		}
	}
	element := in.has("regex") || slices.ContainsFunc(locatorKeys(), in.has)
	if element || (e.URL == "" && e.Title == "") {
		s.Selectors = in.locate(true)
	}
	if len(s.Selectors) > 0 && (s.Selectors[0][len(s.Selectors[0])-1].Language != Visible || in.has("selectors")) {
		e.Text = in.text("text")
	}
	e.Value, e.Enabled, e.Checked = in.text("value"), in.flag("enabled"), in.flag("checked")
	if off := in.flag("disabled"); off != nil {
		on := !*off
		e.Enabled = &on
	}
	if n, ok := in.whole("count", 0, 1_000_000); ok {
		e.Count = &n
	}
	if !element && (e.Value != "" || e.Enabled != nil || e.Checked != nil || e.Count != nil) {
		l.fail(it, "", "see needs an element for value, enabled, checked and count")
	}
	// What is asked of an element is asked of one; being seen may be of many.
	s.Strict = !in.has("selectors") && e.Count == nil && (e.Text != "" || e.Value != "" || e.Enabled != nil || e.Checked != nil)
	in.close()
	s.Title = seen(s)
}

// seen is the title of a see step.
func seen(s *Step) string {
	var out []string
	if len(s.Selectors) > 0 {
		out = append(out, describe(s.Selectors))
	}
	e := s.Expect
	if e.Text != "" {
		out = append(out, fmt.Sprintf("with “%s”", clip(squeeze(e.Text), 60)))
	}
	if e.Value != "" {
		out = append(out, "with its value")
	}
	if e.Count != nil {
		out = append(out, strconv.Itoa(*e.Count)+" times")
	}
	if e.URL != "" {
		out = append(out, "address "+clip(e.URL, 80))
	}
	if e.Title != "" {
		out = append(out, fmt.Sprintf("title “%s”", clip(squeeze(e.Title), 60)))
	}
	return "see " + strings.Join(out, ", ")
}

// shown is a text that somewhere on the page must be read.
func (l *loader) shown(it *item) []Selector {
	text := l.scalar(it, l.kind)
	if strings.TrimSpace(text) == "" {
		l.fail(it, l.kind, "is empty: every page shows that")
	}
	return []Selector{{{Language: Visible, Value: text}}}
}

func (l *loader) notSee(it *item, s *Step) {
	s.Type = NotSee
	if it.scalar() {
		s.Selectors = l.shown(it)
	} else if in := l.inner(it, s, "not see"); in != nil {
		s.Selectors = in.locate(false)
		in.close()
	}
	s.Title = "do not see " + describe(s.Selectors)
}

func (l *loader) until(it *item, s *Step) {
	s.Type = WaitForExpression
	if it.scalar() {
		s.Expression = l.scalar(it, "until")
	} else if in := l.inner(it, s, "until"); in != nil {
		s.Expression = in.need("expression")
		in.close()
	}
	if strings.TrimSpace(s.Expression) == "" {
		l.fail(it, "until", "is empty")
	} else if constant(s.Expression) {
		l.fail(it, "until", "is a constant: it could never fail")
	}
	s.Title = "wait until " + clip(squeeze(s.Expression), 80)
}

func (l *loader) screenshot(it *item, s *Step) {
	s.Type, s.Title = Shot, "take a picture"
	if it.kind == isBool && it.text == "true" || it.kind == isString && it.text == "screenshot" {
		return
	}
	in := l.inner(it, s, "screenshot")
	if in == nil {
		return
	}
	s.Compare = in.on("compare")
	if s.Compare {
		s.Title = "compare the picture"
	}
	for _, raw := range in.texts("ignore") {
		p, err := ParsePart(raw)
		if err != nil {
			l.fail(in.it.get("ignore"), "ignore", "%s", err)
		}
		s.Ignore = append(s.Ignore, Selector{p})
	}
	in.close()
}

func (l *loader) wait(it *item, s *Step) {
	s.Type = Pause
	s.Wait = l.duration(it, "wait", 30*time.Second)
	s.Timeout = max(s.Timeout, s.Wait+time.Second)
	s.Title = "wait " + s.Wait.String()
}

func (l *loader) viewport(it *item, s *Step) {
	s.Type, s.Viewport = SetViewport, browser.Viewport{Scale: 1}
	v := &s.Viewport
	if it.scalar() {
		if n, err := fmt.Sscanf(l.scalar(it, "viewport"), "%dx%d", &v.Width, &v.Height); err != nil || n != 2 {
			l.fail(it, "viewport", "must be like 390x844, or {width: 390, height: 844}")
		}
	} else if in := l.inner(it, s, "viewport"); in != nil {
		v.Width, _ = in.whole("width", 1, 10000)
		v.Height, _ = in.whole("height", 1, 10000)
		if scale, ok := in.number("scale", 0.1, 10); ok {
			v.Scale = scale
		}
		v.Mobile, v.Touch, v.Landscape = in.on("mobile"), in.on("touch"), in.on("landscape")
		in.close()
	}
	if v.Width < 1 || v.Height < 1 || v.Width > 10000 || v.Height > 10000 {
		l.fail(it, "viewport", "needs a width and a height from 1 to 10000")
	}
	s.Title = fmt.Sprintf("set viewport %d×%d", v.Width, v.Height)
}

func (l *loader) network(it *item, s *Step) {
	s.Type = EmulateNetwork
	s.Title = "use a slower network"
	if it.scalar() {
		switch word := l.scalar(it, "network"); word {
		case "offline":
			s.Title = "cut the network off"
		case "online":
			s.Network, s.Title = browser.Network{Download: -1, Upload: -1}, "use the network as it is"
		default:
			l.fail(it, "network", "%s", unknown("value", word, "network", []string{"offline", "online", "{download: bytes a second, upload:, latency:}"}))
		}
		return
	}
	in := l.inner(it, s, "network")
	if in == nil {
		return
	}
	s.Network = browser.Network{Download: -1, Upload: -1}
	for name, to := range map[string]*float64{"download": &s.Network.Download, "upload": &s.Network.Upload} {
		if v, ok := in.number(name, 1, 1e10); ok {
			*to = v
		}
	}
	s.Network.Latency = in.duration("latency", 30*time.Second)
	in.close()
}

func (l *loader) closePage(it *item, s *Step) {
	s.Type, s.Title = Close, "close the page"
	if it.kind == isBool || it.kind == isString && it.text == "close" {
		return
	}
	if in := l.inner(it, s, "close"); in != nil {
		in.close()
	}
}

// encoded writes a YAML value as JSON, keys in the order of encoding/json.
func encoded(it *item) string {
	data, err := json.Marshal(jsonValue(it))
	if err != nil {
		return "null" // cannot be: an item holds only what JSON can say
	}
	return string(data)
}

// jsonValue keeps numbers as they are written where JSON can.
func jsonValue(it *item) any {
	switch it.kind {
	case isNumber:
		if json.Valid([]byte(it.text)) {
			return json.Number(it.text)
		}
	case isArray:
		out := make([]any, 0, len(it.list))
		for _, v := range it.list {
			out = append(out, jsonValue(v))
		}
		return out
	case isObject:
		out := make(map[string]any, len(it.keys))
		for _, k := range it.keys {
			out[k.name] = jsonValue(k.value)
		}
		return out
	}
	return it.plain()
}
