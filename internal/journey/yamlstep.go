package journey

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

const (
	maxYAMLTimeout = 2 * time.Minute
	mailTimeout    = 60 * time.Second
)

// action decodes what stands under one action's key into a step.
type action func(l *loader, it *item, s *Step)

// actionKeys are the actions in the order in which messages tell them.
func actionKeys() []string {
	return []string{
		"open", "click", "double click", "right click", "hover", "fill", "select", "check", "uncheck", "press", "upload", "scroll",
		"see", "not see", "until", "step", "run", "api", "code", "screenshot", "wait", "viewport", "network", "close",
	}
}

// actions are those that make one step each; step and run are not among them.
func actions() map[string]action {
	return map[string]action{
		"open":         (*loader).open,
		"click":        pointer(Click, browser.Left),
		"double click": pointer(DoubleClick, browser.Left),
		"right click":  pointer(Click, browser.Right),
		"hover":        (*loader).hover,
		"fill":         (*loader).fill,
		"select":       (*loader).choose,
		"check":        tick(Check),
		"uncheck":      tick(Uncheck),
		"press":        (*loader).press,
		"upload":       (*loader).upload,
		"scroll":       (*loader).scroll,
		"see":          (*loader).see,
		"not see":      (*loader).notSee,
		"until":        (*loader).until,
		"api":          (*loader).call,
		"code":         (*loader).code,
		"screenshot":   (*loader).screenshot,
		"wait":         (*loader).wait,
		"viewport":     (*loader).viewport,
		"network":      (*loader).network,
		"close":        (*loader).closePage,
	}
}

// plainStep decodes a step that is neither step nor run.
func (l *loader) plainStep(sec *section, name string, it *item) Step {
	s := Step{Line: it.src.problem(it.at, Problem{}).Line, Timeout: l.timeout, From: l.from}
	if l.kind == "api" || l.kind == "code" {
		s.Timeout = max(s.Timeout, 10*time.Second)
	}
	actions()[name](l, it, &s)
	l.modify(sec, &s)
	s.Templated = templated(sec.it)
	if title := sec.text("name"); title != "" {
		s.Title = clip(squeeze(title), 120)
	}
	return s
}

// modify reads what may stand beside any action.
func (l *loader) modify(sec *section, s *Step) {
	s.Soft = sec.on("soft") || s.Soft
	if d := sec.duration("budget", maxYAMLTimeout); d > 0 {
		s.Budget = d
	}
	if d := sec.duration("within", maxYAMLTimeout); d > 0 {
		s.Timeout = d
	}
	if sec.on("navigates") {
		s.Asserted = []Assertion{{}}
	}
	l.place(sec, s)
}

// place reads which page and frame the step is in.
func (l *loader) place(sec *section, s *Step) {
	it := sec.get("in")
	if it == nil {
		return
	}
	if it.kind != isObject {
		l.fail(it, "in", "must be {page: address} or {frame: [0]}, not %s", it.article())
		return
	}
	in := l.section(it, "in")
	if page := in.text("page"); page != "main" {
		s.Target = page
	}
	frame := in.get("frame")
	in.close()
	if frame == nil {
		return
	}
	list := []*item{frame}
	if frame.kind == isArray {
		list = frame.list
	}
	if len(list) == 0 || len(list) > maxFrames {
		l.fail(frame, "frame", "must hold from 1 to %d numbers", maxFrames)
		return
	}
	for _, one := range list {
		n := 0
		if _, err := fmt.Sscanf(one.text, "%d", &n); err != nil || one.kind != isNumber || n < 0 || n > 1000 {
			l.fail(one, "frame", "must hold whole numbers from 0: the place of each frame in its parent")
			return
		}
		s.Frame = append(s.Frame, n)
	}
}

// inner opens the mapping of an action and reads what any of them may hold.
func (l *loader) inner(it *item, s *Step, what string) *section {
	in := l.section(it, what)
	if it.kind != isObject {
		l.fail(it, "", "%s takes a mapping, not %s", what, it.article())
		return nil
	}
	if d := in.duration("within", maxYAMLTimeout); d > 0 {
		s.Timeout = d
	}
	l.place(in, s)
	return in
}

// target reads a locator in the action's mapping. Locators are strict:
// alternatives in the recorder's spelling are not.
func (in *section) target(s *Step) {
	s.Selectors, s.Strict = in.locate(false), !in.has("selectors")
}

func (l *loader) open(it *item, s *Step) {
	s.Type, s.URL = Open, ""
	if it.scalar() {
		s.URL = l.scalar(it, "open")
	} else if in := l.inner(it, s, "open"); in != nil {
		s.URL = in.need("url")
		in.close()
	}
	if why := wrongAddress(s.URL); why != "" {
		l.fail(it, "open", "%s", why)
	}
	s.Title = "open " + short(s.URL)
}

// wrongAddress says what is wrong with an address relative to the base.
func wrongAddress(raw string) string {
	switch scheme, rest, absolute := strings.Cut(raw, "://"); {
	case strings.TrimSpace(raw) == "":
		return "needs an address, such as / or /basket"
	case strings.HasPrefix(raw, "{{"), raw == "about:blank":
		return ""
	case strings.ContainsAny(raw, "\r\n\t "):
		return "must not hold white space"
	case absolute && strings.Contains(strings.SplitN(rest, "/", 2)[0], "@"):
		return "must not hold a user name or password"
	case absolute && !slices.Contains([]string{"http", "https"}, strings.ToLower(scheme)) && !strings.ContainsAny(scheme, "/?#"):
		return fmt.Sprintf("%q is no http or https address", clip(raw, 80))
	case !absolute && !strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "?") && !strings.HasPrefix(raw, "#"):
		return fmt.Sprintf("%q must begin with / (below the base), or be an http or https address", clip(raw, 80))
	}
	return ""
}

func pointer(t StepType, b browser.Button) action {
	return func(l *loader, it *item, s *Step) {
		s.Type, s.Pointer = t, Pointer{Button: b, Centre: true}
		l.aim(it, s, func(in *section) {
			if at := in.get("at"); at != nil {
				l.offset(at, s)
			}
			if hold := in.duration("hold", 30*time.Second); hold > 0 {
				s.Pointer.Hold = hold
			}
		})
		verb := map[StepType]string{Click: "click ", DoubleClick: "double-click "}[t]
		if b == browser.Right {
			verb = "right-click "
		}
		s.Title = verb + describe(s.Selectors)
	}
}

// aim reads a control by its name, or by a locator and further keys.
func (l *loader) aim(it *item, s *Step, more func(*section)) {
	s.Strict = true
	if it.scalar() {
		name := l.scalar(it, l.kind)
		if strings.TrimSpace(name) == "" {
			l.fail(it, l.kind, "is empty")
		}
		s.Selectors = byName(name)
		return
	}
	in := l.inner(it, s, l.kind)
	if in == nil {
		return
	}
	in.target(s)
	more(in)
	in.close()
}

// offset reads where in the element to press, from its top left corner.
func (l *loader) offset(it *item, s *Step) {
	if it.kind != isArray || len(it.list) != 2 || it.list[0].kind != isNumber || it.list[1].kind != isNumber {
		l.fail(it, "at", "must be [x, y] from the element's top left corner")
		return
	}
	x, _ := it.list[0].node().value.(float64)
	y, _ := it.list[1].node().value.(float64)
	s.Pointer.OffsetX, s.Pointer.OffsetY, s.Pointer.Centre = x, y, false
}

func (l *loader) hover(it *item, s *Step) {
	s.Type = Hover
	l.aim(it, s, func(*section) {})
	s.Title = "hover over " + describe(s.Selectors)
}

func (l *loader) fill(it *item, s *Step) {
	s.Type = Change
	in := l.inner(it, s, "fill")
	if in == nil {
		return
	}
	in.target(s)
	if s.Value = in.text("with"); !in.has("with") {
		l.fail(it, "with", `is missing in fill: the text to type ("" empties the field)`)
	}
	in.close()
	s.Title = "fill " + describe(s.Selectors)
}

func (l *loader) choose(it *item, s *Step) {
	s.Type = Select
	in := l.inner(it, s, "select")
	if in == nil {
		return
	}
	in.target(s)
	s.Options = append(in.texts("option"), in.texts("options")...)
	if len(s.Options) == 0 {
		l.fail(it, "option", "is missing in select: the label or value of an option")
	}
	in.close()
	s.Title = "select in " + describe(s.Selectors)
}

func tick(t StepType) action {
	return func(l *loader, it *item, s *Step) {
		s.Type, s.Strict = t, true
		if it.scalar() {
			name := l.scalar(it, l.kind)
			if strings.TrimSpace(name) == "" {
				l.fail(it, l.kind, "is empty")
			}
			s.Selectors = []Selector{{{Language: Label, Value: name}}}
		} else if in := l.inner(it, s, l.kind); in != nil {
			in.target(s)
			in.close()
		}
		s.Title = string(t) + " " + describe(s.Selectors)
	}
}

func (l *loader) press(it *item, s *Step) {
	s.Type = Press
	s.Key = l.scalar(it, "press")
	s.Title = "press " + clip(s.Key, 40)
	parts := strings.Split(s.Key, "+")
	if s.Key == "+" || strings.HasSuffix(s.Key, "++") {
		parts = append(strings.Split(strings.TrimSuffix(strings.TrimSuffix(s.Key, "+"), "+"), "+"), "+")
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	}
	for _, k := range parts {
		if !browser.KnownKey(k) {
			l.fail(it, "press", "unknown key %q; a key is named as in the browser: Enter, Tab, ArrowDown, a, Control+a", clip(k, 40))
			return
		}
	}
}

func (l *loader) upload(it *item, s *Step) {
	s.Type = Upload
	in := l.inner(it, s, "upload")
	if in == nil {
		return
	}
	in.target(s)
	for _, name := range append(in.texts("file"), in.texts("files")...) {
		if path, err := l.within(it.src, name); err != nil {
			l.fail(it, "file", "%s", err)
		} else if _, err := l.size(path); err != nil {
			l.fail(it, "file", "%s", err)
		} else {
			s.Files = append(s.Files, path)
		}
	}
	if !in.has("file") && !in.has("files") {
		l.fail(it, "file", "is missing in upload")
	}
	in.close()
	s.Title = "upload to " + describe(s.Selectors)
}

func (l *loader) scroll(it *item, s *Step) {
	s.Type = Scroll
	in := l.inner(it, s, "scroll")
	if in == nil {
		return
	}
	s.X, _ = in.number("x", 0, 1e7)
	s.Y, _ = in.number("y", 0, 1e7)
	if slices.ContainsFunc(locatorKeys(), in.has) {
		in.target(s)
		s.Title = "scroll " + describe(s.Selectors)
	} else {
		s.Title = fmt.Sprintf("scroll to %g, %g", s.X, s.Y)
		in.know(locatorKeys()...)
	}
	in.close()
}
