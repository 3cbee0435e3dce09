package browser

import "time"

type dialogEvent struct {
	URL     string `json:"url"`
	Message string `json:"message"`
	Type    string `json:"type"`
	Default string `json:"defaultPrompt"`
}

// answer records a dialog and answers it by the policy: an open dialog would
// make every later command of the page hang.
func (p *Page) answer(s *session, e dialogEvent) {
	accept := p.window.opts.Dialogs == DialogAccept || e.Type == "alert" || e.Type == "beforeunload"
	p.window.record.dialog(Dialog{At: time.Now(), Page: p.ID, Kind: e.Type, Text: e.Message, URL: e.URL, Accepted: accept})
	s.post("Page.handleJavaScriptDialog", map[string]any{"accept": accept, "promptText": e.Default})
}
