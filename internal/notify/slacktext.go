package notify

import (
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/postflight/postflight/internal/page"
)

// Slack's limits, in characters, with some room.
const (
	slackSection = 2900
	slackField   = 1900
	slackFields  = 10
	slackTexts   = 4 // sections of facts
)

// content is the message's blocks, and its text for notifications.
func (s *slackRoom) content(j job) []slack.MsgOption {
	fallback := stateSign(j.State) + " " + escape(headline(j), 500)
	if j.Text != "" {
		fallback += "\n" + escape(plain(j.Text), slackSection)
	}
	return []slack.MsgOption{
		slack.MsgOptionText(fallback, false),
		slack.MsgOptionBlocks(slackBlocks(j)...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
}

func slackBlocks(j job) []slack.Block {
	title := strings.ReplaceAll(headline(j), "*", "∗") // a star would end the bold
	if strings.TrimSpace(title) == "" {
		title = "Postflight"
	}
	blocks := []slack.Block{section(stateSign(j.State) + " *" + escape(title, 500) + "*")}
	if text := escape(strings.TrimSpace(plain(j.Text)), slackSection); text != "" {
		blocks = append(blocks, section(text))
	}
	var facts []page.Fact
	if (j.Op == page.Post || j.Op == page.Edit) && j.Change == "" {
		facts = append(facts, page.Fact{Label: "State", Text: stateName(j.State)},
			page.Fact{Label: "Severity", Text: severityName(j.Severity)})
	}
	facts = append(facts, j.Facts...)
	for range slackTexts {
		var fields []*slack.TextBlockObject
		for len(facts) > 0 && len(fields) < slackFields {
			fields = append(fields, fact(facts[0]))
			facts = facts[1:]
		}
		if len(fields) > 0 {
			blocks = append(blocks, slack.NewSectionBlock(nil, fields, nil))
		}
	}
	return append(blocks, footer(j))
}

func fact(f page.Fact) *slack.TextBlockObject {
	label := strings.ReplaceAll(line(f.Label), "*", "∗")
	text := escape(strings.TrimSpace(plain(f.Text)), slackField-200)
	if text == "" {
		text = "unknown"
	}
	return mrkdwn("*" + escape(label, 100) + "*\n" + text)
}

// footer says what it is about and where there is more.
func footer(j job) slack.Block {
	var parts []slack.MixedElement
	add := func(text string) { parts = append(parts, mrkdwn(text)) }
	if j.link != "" {
		add("<" + escape(j.link, slackField) + "|Open " + escape(line(string(j.Incident)), 50) + ">")
	} else {
		add("Postflight " + escape(line(string(j.Incident)), 50))
	}
	if j.Product != "" {
		add(escape(line(string(j.Product)), 100))
	}
	if !j.At.IsZero() {
		add(j.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return slack.NewContextBlock("", parts...)
}

func section(text string) slack.Block { return slack.NewSectionBlock(mrkdwn(text), nil, nil) }

// mrkdwn is verbatim: Slack makes no links or mentions of its own of names
// and addresses in it.
func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}

// escape makes text that can form neither a mention nor a link, at most limit
// characters long once escaped.
func escape(s string, limit int) string {
	// Broken by an invisible joiner, a name in an old client's or a
	// notification's text is no mention either.
	for _, name := range []string{"here", "channel", "everyone"} {
		s = strings.ReplaceAll(s, "@"+name, "@\u2060"+name)
	}
	var b strings.Builder
	n := 0
	for _, r := range s {
		piece := string(r)
		switch r {
		case '&':
			piece = "&amp;"
		case '<':
			piece = "&lt;"
		case '>':
			piece = "&gt;"
		}
		if n += utf8.RuneCountInString(piece); n >= limit {
			return b.String() + "…"
		}
		b.WriteString(piece)
	}
	return b.String()
}
