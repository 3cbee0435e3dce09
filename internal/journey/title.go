package journey

import (
	"fmt"
	"net/url"
	"strings"
)

// title says in a few words what a step does. A typed value is never part of
// it: it may be a password.
func title(s Step) string {
	switch s.Type {
	case SetViewport:
		return fmt.Sprintf("set viewport %d×%d", s.Viewport.Width, s.Viewport.Height)
	case Navigate:
		return "open " + short(s.URL)
	case Click:
		return "click " + aim(s.Selectors)
	case DoubleClick:
		return "double-click " + aim(s.Selectors)
	case Change:
		return "fill " + aim(s.Selectors)
	case KeyDown:
		return "press " + clip(fmt.Sprintf("%q", s.Key), 20)
	case KeyUp:
		return "release " + clip(fmt.Sprintf("%q", s.Key), 20)
	case Hover:
		return "hover over " + aim(s.Selectors)
	case Scroll:
		if len(s.Selectors) > 0 {
			return "scroll " + aim(s.Selectors)
		}
		return fmt.Sprintf("scroll to %g, %g", s.X, s.Y)
	case WaitForElement:
		if !s.Element.Visible {
			return "wait until " + aim(s.Selectors) + " is gone"
		}
		return "wait for " + aim(s.Selectors)
	case WaitForExpression:
		return "wait until " + clip(squeeze(s.Expression), 80)
	case Close:
		return "close the page"
	case EmulateNetwork:
		if s.Network.Offline() {
			return "cut the network"
		}
		return "change the network's speed"
	case Custom:
		return "custom step " + clip(fmt.Sprintf("%q", s.Custom), 60)
	}
	return ownTitle(s)
}

// ownTitle is title for the step types of our own.
func ownTitle(s Step) string {
	switch s.Type {
	case See:
		return "see " + sought(s)
	case NotSee:
		return "do not see " + aim(s.Selectors)
	case Check:
		return "check " + aim(s.Selectors)
	case Uncheck:
		return "uncheck " + aim(s.Selectors)
	case Select:
		return "choose from " + aim(s.Selectors)
	case Upload:
		return "upload to " + aim(s.Selectors)
	case Press:
		return "press " + clip(s.Key, 40)
	case Open:
		return "open " + short(s.URL)
	case API:
		if s.API != nil {
			return s.API.Method + " " + short(s.API.URL)
		}
	case Code:
		return "fetch a one-time code"
	case Pause:
		return "wait " + s.Wait.String()
	case Shot:
		return "take a picture"
	}
	return string(s.Type)
}

// sought names what a see step looks for.
func sought(s Step) string {
	switch {
	case len(s.Selectors) > 0:
		return aim(s.Selectors)
	case s.Expect.URL != "":
		return "the address " + clip(s.Expect.URL, 80)
	}
	return "the title " + clip(squeeze(s.Expect.Title), 60)
}

// aim names the element: its accessible name or text if the recording knows
// one, else the first selector.
func aim(alternatives []Selector) string {
	if len(alternatives) == 0 || len(alternatives[0]) == 0 {
		return "nothing"
	}
	for _, want := range []Language{ARIA, Text} {
		for _, s := range alternatives {
			p := s[len(s)-1]
			switch {
			case p.Language != want:
			case want == ARIA && p.Name != "":
				return clip(p.Name, 60)
			case want == Text:
				return clip(squeeze(p.Value), 60)
			}
		}
	}
	return clip(squeeze(alternatives[0].String()), 80)
}

// short is an address without its origin, query values and fragment.
func short(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return clip(raw, 80)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return clip(strings.TrimSpace(path), 80)
}
