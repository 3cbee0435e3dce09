package browser

import (
	"fmt"
	"strings"
	"time"
)

type callFrame struct {
	Function string `json:"functionName"`
	URL      string `json:"url"`
	Line     int    `json:"lineNumber"`   // 0-based
	Column   int    `json:"columnNumber"` // 0-based
}

type stackTrace struct {
	Frames []callFrame `json:"callFrames"`
}

type objectPreview struct {
	Properties []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"properties"`
	Overflow bool `json:"overflow"`
}

type exceptionDetails struct {
	Text      string        `json:"text"`
	Line      int           `json:"lineNumber"`
	Column    int           `json:"columnNumber"`
	URL       string        `json:"url"`
	Stack     *stackTrace   `json:"stackTrace"`
	Exception *remoteObject `json:"exception"`
}

// listen records everything that session s, of that page, tells.
func (r *recorder) listen(page string, s *session) {
	r.mu.Lock()
	r.watched = append(r.watched, s)
	r.mu.Unlock()
	handleEvent(s, "Runtime.consoleAPICalled", func(e consoleEvent) { r.line(page, s, e) })
	handleEvent(s, "Runtime.exceptionThrown", func(e struct {
		Timestamp float64           `json:"timestamp"`
		Details   *exceptionDetails `json:"exceptionDetails"`
	},
	) {
		if e.Details == nil {
			s.lose(1)
			return
		}
		x := e.Details.exception()
		x.At, x.Page = millis(e.Timestamp), page
		r.mu.Lock()
		defer r.mu.Unlock()
		x.Text = r.clip(x.Text)
		r.exceptions.add(r.next(), x)
	})
	handleEvent(s, "Log.entryAdded", func(e struct {
		Entry logEvent `json:"entry"`
	},
	) {
		r.log(page, e.Entry)
	})
	r.listenNetwork(page, s)
	r.archive.listen(page, s)
}

type consoleEvent struct {
	Type      string         `json:"type"`
	Args      []remoteObject `json:"args"`
	Timestamp float64        `json:"timestamp"`
	Stack     *stackTrace    `json:"stackTrace"`
}

func (r *recorder) line(page string, s *session, e consoleEvent) {
	words := make([]string, 0, len(e.Args))
	for _, a := range e.Args {
		words = append(words, a.text())
		if a.ObjectID != "" {
			s.post("Runtime.releaseObject", map[string]any{"objectId": a.ObjectID})
		}
	}
	c := ConsoleLine{At: millis(e.Timestamp), Page: page, Level: e.Type}
	if stack := e.Stack.positions(); len(stack) > 0 {
		c.Source = stack[0]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Text = r.clip(strings.Join(words, " "))
	r.console.add(r.next(), c)
}

type logEvent struct {
	Source    string  `json:"source"`
	Level     string  `json:"level"`
	Text      string  `json:"text"`
	Timestamp float64 `json:"timestamp"`
	URL       string  `json:"url"`
	Line      *int    `json:"lineNumber"`
	RequestID string  `json:"networkRequestId"`
}

func (r *recorder) log(page string, e logEvent) {
	if e.Source == "network" && isFavicon(e.URL) {
		return
	}
	l := LogEntry{
		At: millis(e.Timestamp), Page: page, Source: e.Source, Level: e.Level,
		URL: clipURL(e.URL), RequestID: e.RequestID,
	}
	if e.Line != nil {
		l.Line = *e.Line + 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l.Text = r.clip(e.Text)
	r.logs.add(r.next(), l)
}

// text is what a console would show of the value, in short.
func (o remoteObject) text() string {
	switch {
	case o.Type == "string":
		return decodeInto[string](o.Value)
	case o.Preview != nil && o.Subtype != "error":
		parts := make([]string, 0, len(o.Preview.Properties)+1)
		for _, p := range o.Preview.Properties {
			parts = append(parts, p.Name+": "+p.Value)
		}
		if o.Preview.Overflow {
			parts = append(parts, "…")
		}
		return fmt.Sprintf("%s {%s}", o.ClassName, strings.Join(parts, ", "))
	case o.Description != "":
		return o.Description
	case o.Value != nil:
		return string(o.Value)
	case o.Unserializable != "":
		return o.Unserializable
	}
	return o.Type
}

// exception turns the protocol's details into ours: the message without its
// stack, and the place it was thrown at.
func (d *exceptionDetails) exception() Exception {
	x := Exception{
		Text:    d.Text,
		Promise: strings.Contains(d.Text, "(in promise)"),
		Stack:   d.Stack.positions(),
		Source:  Position{URL: clipURL(d.URL), Line: d.Line + 1, Column: d.Column + 1},
	}
	if d.Exception != nil {
		text, _, _ := strings.Cut(d.Exception.text(), "\n    at ")
		x.Text = text
	}
	if len(x.Stack) == 0 {
		return x
	}
	if x.Source.URL == "" || x.Source.URL == x.Stack[0].URL {
		x.Source = x.Stack[0]
	}
	return x
}

func (d *exceptionDetails) stackText() string {
	if d.Exception == nil {
		return ""
	}
	return clip(d.Exception.Description, 4<<10)
}

func (t *stackTrace) positions() []Position {
	if t == nil {
		return nil
	}
	list := make([]Position, 0, min(len(t.Frames), maxFrames))
	for _, f := range t.Frames[:min(len(t.Frames), maxFrames)] {
		list = append(list, Position{Function: clip(f.Function, 200), URL: clipURL(f.URL), Line: f.Line + 1, Column: f.Column + 1})
	}
	return list
}

// millis is a protocol timestamp in milliseconds since 1970.
func millis(ms float64) time.Time { return time.UnixMicro(int64(ms * 1000)) }
