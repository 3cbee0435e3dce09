package slacktest

import (
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a *b* `c` <https://x|y> <!here>", "<", "*", "``", "<>", "<|>", "&lt;&amp;lt;", "*a\n*", "<a\n>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range parse(s) {
			if p.Kind == "link" && !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "https://") {
				t.Errorf("link to %q", p.URL)
			}
			if p.Kind == "mention" && !strings.Contains(s, "<") {
				t.Errorf("mention without a bracket: %q", s)
			}
		}
	})
}

func FuzzCheckBlocks(f *testing.F) {
	f.Add([]byte(`[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`))
	f.Add([]byte(`[null,{"type":"context","elements":[{}]}]`))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_ = checkBlocks(raw)
		_ = markdownTexts(raw)
	})
}
