package slacktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is the documented limit of a message's text, in characters.
const maxText = 40000

// failure is one of Slack's documented errors.
type failure string

func (f failure) Error() string { return string(f) }

// method is one Web API method; it runs with the lock held.
type method func(r *http.Request, args url.Values) (map[string]any, error)

func (s *Server) routes() *http.ServeMux {
	methods := map[string]method{
		"auth.test":                    s.authTest,
		"chat.postMessage":             s.postMessage,
		"chat.update":                  s.update,
		"files.getUploadURLExternal":   s.getUploadURL,
		"files.completeUploadExternal": s.completeUpload,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("method")
		s.serve(w, r, name, func(w http.ResponseWriter, body []byte) { s.call(w, r, methods, body) })
	})
	mux.HandleFunc("POST /upload/{ticket}", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "upload", func(w http.ResponseWriter, body []byte) { s.receive(w, r, body) })
	})
	mux.HandleFunc("GET /{$}", s.showPage)
	mux.HandleFunc("GET /events", s.showEvents)
	mux.HandleFunc("GET /files/{id}", s.showFile)
	return mux
}

// serve reads the request, plays a scripted failure or does the work.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, name string, work func(http.ResponseWriter, []byte)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	f, failing := s.fault(name)
	switch {
	case !failing:
		work(w, body)
	case f.Drop:
		work(httptest.NewRecorder(), body)
		panic(http.ErrAbortHandler)
	default:
		s.play(w, r, name, f)
	}
}

// call runs one API method.
func (s *Server) call(w http.ResponseWriter, r *http.Request, methods map[string]method, body []byte) {
	name := r.PathValue("method")
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := func() (map[string]any, error) {
		args, err := arguments(r, body)
		if err != nil {
			return nil, err
		}
		if err := s.authorise(r, args); err != nil {
			return nil, err
		}
		run, ok := methods[name]
		if !ok {
			return nil, failure("unknown_method")
		}
		return run(r, args)
	}()
	if err != nil {
		if len(s.unexpected) < maxNotes {
			s.unexpected = append(s.unexpected, fmt.Sprintf("%.60s: %s", name, err))
		}
		s.note(name, err.Error())
		reply(w, map[string]any{"ok": false, "error": err.Error()})
		return
	}
	s.keep()
	s.save()
	s.note(name, "ok")
	out["ok"] = true
	reply(w, out)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

// arguments reads the call's arguments from a form or a JSON object.
func arguments(r *http.Request, body []byte) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		v, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, failure("invalid_form_data")
		}
		return v, nil
	case "application/json":
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) != nil {
			return nil, failure("invalid_json")
		}
		v := url.Values{}
		for key, raw := range object {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			v.Set(key, text)
		}
		return v, nil
	}
	return nil, failure("invalid_post_type")
}

func (s *Server) authorise(r *http.Request, args url.Values) error {
	token := args.Get("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	switch token {
	case "":
		return failure("not_authed")
	case s.options.Token:
		return nil
	}
	return failure("invalid_auth")
}

// channel finds a channel by id or name; posting needs a member.
func (s *Server) channel(name string) (string, error) {
	i := slices.IndexFunc(s.options.Channels, func(c Channel) bool {
		return name != "" && (c.ID == name || c.Name == strings.TrimPrefix(name, "#"))
	})
	switch {
	case i < 0:
		return "", failure("channel_not_found")
	case s.options.Channels[i].Archived:
		return "", failure("is_archived")
	case s.options.Channels[i].Stranger:
		return "", failure("not_in_channel")
	}
	return s.options.Channels[i].ID, nil
}

func (s *Server) authTest(*http.Request, url.Values) (map[string]any, error) {
	return map[string]any{
		"url": "https://stand-in.slack.example/", "team": "Stand-in", "user": "postflight",
		"team_id": "T0STANDIN", "user_id": "U0STANDIN", "bot_id": "B0STANDIN",
	}, nil
}

// content checks a message's text and blocks.
func content(args url.Values) (json.RawMessage, error) {
	text, raw := args.Get("text"), args.Get("blocks")
	if utf8.RuneCountInString(text) > maxText {
		return nil, failure("msg_too_long")
	}
	if raw == "" {
		if text == "" && args.Get("attachments") == "" {
			return nil, failure("no_text")
		}
		return nil, nil
	}
	return json.RawMessage(raw), checkBlocks([]byte(raw))
}

func (s *Server) postMessage(_ *http.Request, args url.Values) (map[string]any, error) {
	channel, err := s.channel(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	blocks, err := content(args)
	if err != nil {
		return nil, err
	}
	thread := args.Get("thread_ts")
	if err := s.canAnswer(channel, thread); err != nil {
		return nil, err
	}
	m := Message{
		Channel: channel, Thread: thread, Text: args.Get("text"), Blocks: blocks,
		Loud: args.Get("parse") == "full" || args.Get("link_names") == "true" || args.Get("link_names") == "1",
	}
	m.TS, m.At = s.stamp()
	s.messages = append(s.messages, m)
	return map[string]any{
		"channel": channel, "ts": m.TS,
		"message": map[string]any{"type": "message", "ts": m.TS, "thread_ts": thread, "text": m.Text, "bot_id": "B0STANDIN"},
	}, nil
}

// canAnswer refuses a thread_ts that names no root message.
func (s *Server) canAnswer(channel, thread string) error {
	if thread == "" {
		return nil
	}
	if i := s.find(channel, thread); i < 0 || s.messages[i].Thread != "" {
		return failure("thread_not_found")
	}
	return nil
}

func (s *Server) update(_ *http.Request, args url.Values) (map[string]any, error) {
	channel := args.Get("channel")
	if !slices.ContainsFunc(s.options.Channels, func(c Channel) bool { return c.ID == channel }) {
		return nil, failure("channel_not_found") // names are not accepted here
	}
	blocks, err := content(args)
	if err != nil {
		return nil, err
	}
	i := s.find(channel, args.Get("ts"))
	if i < 0 {
		return nil, failure("message_not_found")
	}
	m := &s.messages[i]
	if m.Edits = append(m.Edits, m.Text); len(m.Edits) > 50 {
		m.Edits = m.Edits[1:]
	}
	m.Text, m.Blocks, m.Edited = args.Get("text"), blocks, time.Now().UTC()
	return map[string]any{"channel": channel, "ts": m.TS, "text": m.Text}, nil
}

func (s *Server) getUploadURL(r *http.Request, args url.Values) (map[string]any, error) {
	size, err := strconv.Atoi(args.Get("length"))
	if err != nil || size <= 0 || args.Get("filename") == "" {
		return nil, failure("invalid_arguments")
	}
	if size > maxRequest-1<<16 {
		return nil, failure("file_upload_size_restricted")
	}
	if len(s.order) >= maxPending {
		delete(s.pending, s.order[0])
		s.order = s.order[1:]
	}
	ticket := newID("U")
	s.pending[ticket] = upload{file: File{
		ID: newID("F"), Name: args.Get("filename"), Alt: args.Get("alt_txt"), Size: size,
	}}
	s.order = append(s.order, ticket)
	return map[string]any{"upload_url": "http://" + r.Host + "/upload/" + ticket, "file_id": s.pending[ticket].file.ID}, nil
}

// receive takes the bytes of an announced file, raw or as a form.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if f, _, err := r.FormFile("file"); err == nil {
		body, _ = io.ReadAll(f)
	}
	ticket := r.PathValue("ticket")
	up, ok := s.pending[ticket]
	if !ok || up.ready || len(body) != up.file.Size {
		s.unexpected = append(s.unexpected, fmt.Sprintf("upload: %d bytes for %d announced, known %t", len(body), up.file.Size, ok))
		s.note("upload", "400")
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	up.file.Bytes, up.ready = body, true
	s.pending[ticket] = up
	s.note("upload", "ok")
	_, _ = fmt.Fprintf(w, "OK - %d", len(body))
}

func (s *Server) completeUpload(_ *http.Request, args url.Values) (map[string]any, error) {
	var wanted []struct{ ID, Title string }
	if json.Unmarshal([]byte(args.Get("files")), &wanted) != nil || len(wanted) == 0 {
		return nil, failure("invalid_arguments")
	}
	channel, err := s.channel(args.Get("channel_id"))
	if err != nil {
		return nil, err
	}
	thread := args.Get("thread_ts")
	if err := s.canAnswer(channel, thread); err != nil {
		return nil, err
	}
	m := Message{Channel: channel, Thread: thread, Text: args.Get("initial_comment")}
	m.TS, m.At = s.stamp()
	var done []File
	var tickets []string
	for _, want := range wanted {
		i := slices.IndexFunc(s.order, func(t string) bool { return s.pending[t].file.ID == want.ID && s.pending[t].ready })
		if i < 0 {
			return nil, failure("file_not_found")
		}
		f := s.pending[s.order[i]].file
		f.Title, f.Channel, f.Thread, f.At = want.Title, channel, thread, m.At
		done, tickets = append(done, f), append(tickets, s.order[i])
		m.Files = append(m.Files, f.ID)
	}
	for _, t := range tickets {
		delete(s.pending, t)
		s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == t })
	}
	for _, f := range done {
		s.store(f)
	}
	s.files = append(s.files, done...)
	s.messages = append(s.messages, m)
	return map[string]any{"files": wanted}, nil
}
