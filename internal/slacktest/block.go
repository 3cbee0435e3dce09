package slacktest

import (
	"encoding/json"
	"html"
	"strings"
	"unicode/utf8"
)

// text is a Block Kit text object.
type text struct {
	Type string `json:"type"` // plain_text or mrkdwn
	Text string `json:"text"`
}

// block is one of the Block Kit blocks that the stand-in knows.
type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text"`
	Fields   []text `json:"fields"`
	Elements []text `json:"elements"`
}

// checkBlocks applies Slack's documented limits.
func checkBlocks(raw []byte) error {
	var blocks []block
	if json.Unmarshal(raw, &blocks) != nil {
		return failure("invalid_blocks_format")
	}
	if len(blocks) == 0 || len(blocks) > 50 {
		return failure("invalid_blocks")
	}
	for _, b := range blocks {
		if !b.ok() {
			return failure("invalid_blocks")
		}
	}
	return nil
}

func (b block) ok() bool {
	switch b.Type {
	case "header":
		return b.Text != nil && b.Text.Type == "plain_text" && b.Text.ok(150)
	case "section":
		if b.Text == nil && len(b.Fields) == 0 || len(b.Fields) > 10 {
			return false
		}
		for _, f := range b.Fields {
			if !f.ok(2000) {
				return false
			}
		}
		return b.Text == nil || b.Text.ok(3000)
	case "context":
		for _, e := range b.Elements {
			if !e.ok(3000) {
				return false
			}
		}
		return len(b.Elements) > 0 && len(b.Elements) <= 10
	case "divider":
		return true
	}
	return false
}

func (t text) ok(limit int) bool {
	n := utf8.RuneCountInString(t.Text)
	return (t.Type == "plain_text" || t.Type == "mrkdwn") && n > 0 && n <= limit
}

// markdownTexts returns the texts in which Slack looks for links and mentions.
func markdownTexts(raw json.RawMessage) []string {
	var blocks []block
	_ = json.Unmarshal(raw, &blocks)
	var out []string
	for _, b := range blocks {
		all := append(append([]text{}, b.Fields...), b.Elements...)
		if b.Text != nil {
			all = append(all, *b.Text)
		}
		for _, t := range all {
			if t.Type == "mrkdwn" {
				out = append(out, t.Text)
			}
		}
	}
	return out
}

// span is a piece of formatted text.
type span struct {
	Kind string // "", "bold", "code", "link", "mention"
	Text string
	URL  string
}

// spans returns the text object's pieces.
func (t text) spans() []span {
	if t.Type == "mrkdwn" {
		return parse(t.Text)
	}
	return []span{{Text: t.Text}}
}

// parse reads Slack's mrkdwn as far as it matters here: <…> sequences, *bold*
// and `code`.
func parse(s string) []span {
	var out []span
	for s != "" {
		i := strings.IndexAny(s, "<*`")
		if i < 0 {
			return append(out, span{Text: html.UnescapeString(s)})
		}
		shut := string(s[i])
		if s[i] == '<' {
			shut = ">"
		}
		end := strings.Index(s[i+1:], shut)
		if end <= 0 || strings.Contains(s[i+1:i+1+end], "\n") {
			out, s = append(out, span{Text: html.UnescapeString(s[:i+1])}), s[i+1:]
			continue
		}
		if i > 0 {
			out = append(out, span{Text: html.UnescapeString(s[:i])})
		}
		out = append(out, token(s[i], s[i+1:i+1+end]))
		s = s[i+2+end:]
	}
	return out
}

func token(open byte, inner string) span {
	switch open {
	case '*':
		return span{Kind: "bold", Text: html.UnescapeString(inner)}
	case '`':
		return span{Kind: "code", Text: html.UnescapeString(inner)}
	}
	target, label, ok := strings.Cut(inner, "|")
	if !ok {
		label = target
	}
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		return span{Kind: "link", Text: html.UnescapeString(label), URL: html.UnescapeString(target)}
	}
	return span{Kind: "mention", Text: html.UnescapeString(inner)}
}
