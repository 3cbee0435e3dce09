package slacktest

import (
	"crypto/rand"
	_ "embed" // the page's template
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

// view is what the page shows.
type view struct {
	Nonce    string
	Channels []Channel
	Current  Channel
	Messages []messageView
}

// messageView is one message with its answers.
type messageView struct {
	Message
	Blocks  []blockView
	Images  []File
	Others  []File
	Replies []messageView
}

// blockView is one block, its texts parsed.
type blockView struct {
	Type   string
	Text   []span
	Fields [][]span
}

// newPage parses the page's template.
func newPage() (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"day":   func(t time.Time) string { return t.UTC().Format("Monday, 2 January 2006") },
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}).Parse(pageHTML)
}

// showPage shows one channel, the newest message last.
func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	v := view{Nonce: rand.Text(), Channels: s.options.Channels, Current: s.options.Channels[0]}
	for _, c := range v.Channels {
		if c.ID == r.URL.Query().Get("channel") {
			v.Current = c
		}
	}
	messages, files := s.Messages(), s.Files()
	for _, m := range messages {
		if m.Channel != v.Current.ID || m.Thread != "" {
			continue
		}
		root := show(m, files)
		for _, reply := range messages {
			if reply.Thread == m.TS && reply.Channel == m.Channel {
				root.Replies = append(root.Replies, show(reply, files))
			}
		}
		v.Messages = append(v.Messages, root)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; img-src 'self'; connect-src 'self'; "+
		"style-src 'nonce-%[1]s'; script-src 'nonce-%[1]s'; base-uri 'none'; form-action 'none'", v.Nonce))
	_ = s.page.Execute(w, v)
}

func show(m Message, files []File) messageView {
	v := messageView{Message: m}
	var blocks []block
	_ = json.Unmarshal(m.Blocks, &blocks)
	for _, b := range blocks {
		bv := blockView{Type: b.Type}
		if b.Text != nil {
			bv.Text = b.Text.spans()
		}
		for _, f := range append(b.Fields, b.Elements...) {
			bv.Fields = append(bv.Fields, f.spans())
		}
		v.Blocks = append(v.Blocks, bv)
	}
	if len(v.Blocks) == 0 && m.Text != "" {
		v.Blocks = []blockView{{Type: "section", Text: parse(m.Text)}}
	}
	for _, f := range files {
		switch {
		case !slices.Contains(m.Files, f.ID):
		case imageType(f.Bytes) != "":
			v.Images = append(v.Images, f)
		default:
			v.Others = append(v.Others, f)
		}
	}
	return v
}

// imageType returns the type of bytes that are a picture, and only of those.
func imageType(b []byte) string {
	switch t := http.DetectContentType(b); t {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return t
	}
	return ""
}

// showFile serves a file: pictures to look at, everything else to save.
func (s *Server) showFile(w http.ResponseWriter, r *http.Request) {
	files := s.Files()
	i := slices.IndexFunc(files, func(f File) bool { return f.ID == r.PathValue("id") })
	if i < 0 {
		http.NotFound(w, r)
		return
	}
	kind := imageType(files[i].Bytes)
	if kind == "" {
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, _ = w.Write(files[i].Bytes)
}

// showEvents tells open pages that something changed.
func (s *Server) showEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	for {
		changed := s.Changed()
		if _, err := strings.NewReader("data: changed\n\n").WriteTo(w); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
}
