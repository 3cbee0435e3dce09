package journey

import (
	"errors"
	"fmt"
	"strings"
)

// Language is how one part of a selector finds elements.
type Language string

// The selector languages.
const (
	CSS    Language = "css"
	ARIA   Language = "aria"
	Text   Language = "text"
	XPath  Language = "xpath"
	Pierce Language = "pierce" // CSS through every open shadow root

	deep Language = "deep" // what follows >>>: below the match, and in every open shadow root there
)

// The locators of the YAML form. They are no prefixes of recorded selectors.
const (
	Role        Language = "role"        // Value is the ARIA role; Name and States filter
	Label       Language = "label"       // of a field
	Visible     Language = "visible"     // smallest element with that text, as getByText finds it
	Placeholder Language = "placeholder" // attribute
	Alt         Language = "alt"         // attribute
	Tooltip     Language = "title"       // attribute
	TestID      Language = "testid"      // attribute, exact
)

// Part is one selector. Name and Role are set for ARIA only; HasName tells a
// nameless element from one of any name.
type Part struct {
	Language Language `json:"language"`
	Value    string   `json:"value"`
	Name     string   `json:"name,omitempty"`
	Role     string   `json:"role,omitempty"`
	HasName  bool     `json:"hasName,omitempty"`

	// Of the YAML locators. Texts match as a part and in any case, unless Exact;
	// Pattern is a JavaScript regular expression instead.
	Filter *Filter `json:"filter,omitempty"`
}

// Filter narrows a locator of the YAML form.
type Filter struct {
	Name      string `json:"name,omitempty"`    // accessible name of a role
	HasName   bool   `json:"hasName,omitempty"` // Name is wanted, even when empty
	Exact     bool   `json:"exact,omitempty"`
	Pattern   string `json:"pattern,omitempty"` // source of a regular expression; replaces the text
	Flags     string `json:"flags,omitempty"`
	Hidden    bool   `json:"hidden,omitempty"` // also what is hidden from the accessibility tree
	Level     int    `json:"level,omitempty"`
	Checked   string `json:"checked,omitempty"` // "true", "false", "mixed"; "" any
	Pressed   string `json:"pressed,omitempty"`
	Selected  string `json:"selected,omitempty"`
	Expanded  string `json:"expanded,omitempty"`
	Disabled  string `json:"disabled,omitempty"`
	HasText   string `json:"hasText,omitempty"`   // only matches that contain this text
	Nth       *int   `json:"nth,omitempty"`       // 0-based; negative from the end
	Attribute string `json:"attribute,omitempty"` // testid: the attribute's name
}

// Selector is a chain: each part is looked for inside the match of the one
// before, in its shadow root if it has one.
type Selector []Part

// String writes the selector as the recorder would.
func (s Selector) String() string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = p.String()
	}
	return strings.Join(out, " > ")
}

// String writes the part with its prefix; CSS has none.
func (p Part) String() string {
	switch p.Language {
	case CSS:
		return p.Value
	case deep:
		return ">>> " + p.Value
	}
	return string(p.Language) + "/" + p.Value
}

const maxSelector = 4096

// ParseSelector reads one selector string, which is a chain when it is CSS with
// the combinators of the reference runner: >>> looks below the match and in every
// open shadow root there, >>>> in the shadow root of the match itself.
func ParseSelector(raw string) (Selector, error) {
	rest := strings.TrimPrefix(raw, string(CSS)+"/")
	if !strings.Contains(raw, ">>>") || len(raw) > maxSelector || rest == raw && prefixed(raw) {
		p, err := ParsePart(raw)
		return Selector{p}, err
	}
	var out Selector
	language := CSS
	for first := true; ; first = false {
		part, combinator, after := cutDeep(rest)
		if part = strings.TrimSpace(part); part != "" {
			p, err := ParsePart(part)
			if err != nil {
				return nil, err
			}
			if p.Language != CSS {
				return nil, fmt.Errorf("only CSS can stand beside >>>, not %s/", p.Language)
			}
			p.Language = language
			out = append(out, p)
		} else if !first || combinator == "" {
			return nil, errors.New("selector is missing beside >>>")
		}
		if combinator == "" {
			return out, nil
		}
		if language = CSS; combinator == ">>>" {
			language = deep
		}
		rest = after
	}
}

func prefixed(raw string) bool {
	for _, l := range []Language{ARIA, Text, XPath, Pierce} {
		if strings.HasPrefix(raw, string(l)+"/") {
			return true
		}
	}
	return false
}

// cutDeep splits at the first >>> or >>>> outside quotes and brackets.
func cutDeep(s string) (before, combinator, after string) {
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"', '\'':
			if end := closing(s, i, true); end >= 0 {
				i = end
			}
		case '(', '[':
			open++
		case ')', ']':
			open--
		case '>':
			if open > 0 || !strings.HasPrefix(s[i:], ">>>") {
				continue
			}
			combinator = ">>>"
			if strings.HasPrefix(s[i:], ">>>>") {
				combinator = ">>>>"
			}
			return s[:i], combinator, s[i+len(combinator):]
		}
	}
	return s, "", ""
}

// ParsePart reads one selector string.
func ParsePart(raw string) (Part, error) {
	if len(raw) > maxSelector {
		return Part{}, fmt.Errorf("selector is longer than %d bytes", maxSelector)
	}
	p := Part{Language: CSS, Value: raw}
	for _, l := range []Language{CSS, ARIA, Text, XPath, Pierce} {
		if rest, ok := strings.CutPrefix(raw, string(l)+"/"); ok {
			p = Part{Language: l, Value: rest}
			break
		}
	}
	if strings.TrimSpace(p.Value) == "" {
		return Part{}, errors.New("selector is empty")
	}
	switch p.Language {
	case ARIA:
		return parseARIA(p)
	case CSS, Pierce:
		return p, checkCSS(p.Value)
	case XPath:
		return p, balanced(p.Value, false)
	case Text:
	}
	return p, nil
}

// parseARIA splits Name[role="button"] into the name and its attributes.
func parseARIA(p Part) (Part, error) {
	var text strings.Builder
	rest := p.Value
	for rest != "" {
		if rest[0] != '[' {
			text.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		key, value, after, ok := ariaAttribute(rest)
		if !ok {
			text.WriteByte('[')
			rest = rest[1:]
			continue
		}
		switch key {
		case "name":
			p.Name, p.HasName = squeeze(value), true
		case "role":
			p.Role = squeeze(value)
		default:
			return Part{}, fmt.Errorf("unknown attribute %q in an aria selector: name and role are known", clip(key, 40))
		}
		rest = after
	}
	if name := squeeze(text.String()); name != "" && !p.HasName {
		p.Name, p.HasName = name, true
	}
	if !p.HasName && p.Role == "" {
		return Part{}, errors.New("an aria selector needs a name or a role")
	}
	return p, nil
}

// ariaAttribute reads [key="value"] at the start of s. What does not have this
// shape is part of the name.
func ariaAttribute(s string) (key, value, rest string, ok bool) {
	eq := strings.IndexByte(s, '=')
	if eq < 0 {
		return "", "", "", false
	}
	key = strings.TrimSpace(s[1:eq])
	if key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return "", "", "", false
	}
	body := strings.TrimLeft(s[eq+1:], " ")
	if body == "" || body[0] != '"' && body[0] != '\'' {
		return "", "", "", false
	}
	for i := 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case body[0]:
			after := strings.TrimLeft(body[i+1:], " ")
			if !strings.HasPrefix(after, "]") {
				return "", "", "", false
			}
			return key, unescape(body[1:i]), after[1:], true
		}
	}
	return "", "", "", false
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// squeeze trims and collapses runs of white space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// checkCSS finds what Chromium would refuse, as far as it can be seen without
// it, and the reference runner's extensions, which are not CSS.
func checkCSS(s string) error {
	if strings.Contains(s, "::-p-") {
		return errors.New("the ::-p- pseudo-elements are not supported: use text/, aria/ or xpath/")
	}
	return balanced(s, true)
}

// balanced checks quotes and brackets; a backslash escapes in CSS, not in XPath.
func balanced(s string, escapes bool) error {
	var open []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if escapes {
				i++
			}
		case '"', '\'':
			end := closing(s, i, escapes)
			if end < 0 {
				return fmt.Errorf("quote %c is not closed", c)
			}
			i = end
		case '(':
			open = append(open, ')')
		case '[':
			open = append(open, ']')
		case ')', ']':
			if len(open) == 0 || open[len(open)-1] != c {
				return fmt.Errorf("unexpected %c", c)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%c is missing", open[len(open)-1])
	}
	return nil
}

func closing(s string, at int, escapes bool) int {
	for i := at + 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == s[at]:
			return i
		}
	}
	return -1
}
