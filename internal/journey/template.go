package journey

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Piece is a part of a text: plain, or the name of a variable.
type Piece struct {
	Text string
	Name bool
}

// Pieces splits a text at its {{variables}}; {{{{ stands for {{. It fails on
// what begins like a variable and is none.
func Pieces(text string) ([]Piece, error) {
	var out []Piece
	var plain strings.Builder
	for text != "" {
		i := strings.Index(text, "{{")
		if i < 0 {
			plain.WriteString(text)
			break
		}
		plain.WriteString(text[:i])
		rest := text[i+2:]
		if after, ok := strings.CutPrefix(rest, "{{"); ok {
			plain.WriteString("{{")
			text = after
			continue
		}
		end := strings.Index(rest, "}}")
		if end < 0 || !variable(strings.TrimSpace(rest[:end])) {
			return nil, fmt.Errorf("%q begins a variable, such as {{name}}; write {{{{ for the braces themselves", clip(text[i:], 30))
		}
		if plain.Len() > 0 {
			out = append(out, Piece{Text: plain.String()})
			plain.Reset()
		}
		out = append(out, Piece{Text: strings.TrimSpace(rest[:end]), Name: true})
		text = rest[end+2:]
	}
	if plain.Len() > 0 {
		out = append(out, Piece{Text: plain.String()})
	}
	return out, nil
}

// variable reports a name as it may stand between braces.
func variable(name string) bool {
	if name == "" || len(name) > 80 || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

// names are the variables in a text.
func names(text string) []string {
	list, err := Pieces(text)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range list {
		if p.Name {
			out = append(out, p.Text)
		}
	}
	return out
}

// keepTemplates encodes a text and leaves its variables to be filled in.
func keepTemplates(text string, encode func(string) string) string {
	list, err := Pieces(text)
	if err != nil {
		return encode(text)
	}
	var b strings.Builder
	for _, p := range list {
		if p.Name {
			b.WriteString("{{" + p.Text + "}}")
		} else {
			b.WriteString(strings.ReplaceAll(encode(p.Text), "{{", "{{{{"))
		}
	}
	return b.String()
}

// Escape writes a value so that it stays one inside of what it is put into.
// First tells that nothing stands before it.
type Escape func(value string, first bool) string

// Plainly is the Escape that writes a value as it is.
func Plainly(v string, _ bool) string { return v }

// inAddress keeps a value from ending its part of an address, unless the
// address begins with it.
func inAddress(v string, first bool) string {
	if first {
		return v
	}
	return strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
}

func inForm(v string, _ bool) string { return url.QueryEscape(v) }

// inJSON is for values inside of quotes, also those of JavaScript.
func inJSON(v string, _ bool) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data[1 : len(data)-1])
}

func inScript(v string, first bool) string {
	v = inJSON(v, first)
	return strings.NewReplacer("'", `\u0027`, "`", `\u0060`, "${", `\u0024{`).Replace(v)
}

func inPattern(v string, _ bool) string { return regexp.QuoteMeta(v) }
