package browser

import (
	"fmt"
	"time"
)

// defaultDialogs is how many dialogs a context may open before it is given up.
const defaultDialogs = 100

type dialogEvent struct {
	URL     string `json:"url"`
	Message string `json:"message"`
	Type    string `json:"type"`
	Default string `json:"defaultPrompt"`
}

// answer records a dialog and answers it by the policy: an open dialog would
// make every later command of the page hang. A page that does not stop asking
// is given up: nothing else would ever run in it.
func (p *Page) answer(s *session, e dialogEvent) {
	d := Dialog{At: time.Now(), Page: p.ID, Kind: e.Type, Text: p.window.record.clip(e.Message), URL: clipURL(e.URL)}
	text := e.Default
	switch policy := p.window.opts; {
	case e.Type == "beforeunload":
		d.Accepted = true
	case policy.OnDialog != nil:
		d.Accepted, text = policy.OnDialog(d, e.Default)
	default:
		d.Accepted = e.Type == "alert" || policy.Dialogs == DialogAccept
	}
	limit := p.window.opts.DialogLimit
	if limit <= 0 {
		limit = defaultDialogs
	}
	if p.window.record.dialog(d) > limit {
		p.giveUp(fmt.Errorf("%w: it opened more than %d dialogs", ErrHostile, limit))
		return
	}
	s.post("Page.handleJavaScriptDialog", map[string]any{"accept": d.Accepted, "promptText": text})
}

// giveUp fails everything that is asked of the page from now on, and closes it.
func (p *Page) giveUp(err error) {
	p.sess.kill(err)
	p.window.browser.conn.root.post("Target.closeTarget", map[string]any{"targetId": p.ID})
}
