package browser

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

func TestReadMessage(t *testing.T) {
	t.Parallel()
	const limit = 1 << 10
	long := `{"id":17,"result":"` + strings.Repeat("x", 3*limit) + `"}`
	in := bufio.NewReaderSize(strings.NewReader("{\"a\":1}\x00"+long+"\x00\x00tail\x00cut"), 16)
	for _, want := range []struct {
		raw  string
		over bool
	}{{`{"a":1}`, false}, {long[:headSize], true}, {"", false}, {"tail", false}} {
		raw, over, err := readMessage(in, limit)
		if err != nil || string(raw) != want.raw || over != want.over {
			t.Errorf("got %.40q %v %v, want %.40q %v", raw, over, err, want.raw, want.over)
		}
	}
	if raw, _, err := readMessage(in, limit); err == nil {
		t.Errorf("cut message: got %q, want an error", raw)
	}
	if id := responseID([]byte(long[:headSize])); id != 17 {
		t.Errorf("id of a long response: got %d, want 17", id)
	}
	if id := responseID([]byte(`{"method":"x","params":{"id":3}}`)); id != 0 {
		t.Errorf("id of an event: got %d, want 0", id)
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte("{\"id\":1,\"result\":{}}\x00{\"method\":\"Page.loadEventFired\",\"params\":{}}\x00"))
	f.Add([]byte("{\"id\":2,\"error\":{\"code\":-32000,\"message\":\"no\"}}\x00garbage\x00"))
	f.Add([]byte("\x00\x00{\"id\":99999999999999999999"))
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 64
		r := bufio.NewReaderSize(bytes.NewReader(in), 16)
		for range len(in) + 1 {
			raw, over, err := readMessage(r, limit)
			if err != nil {
				return
			}
			if over {
				responseID(raw)
				continue
			}
			if len(raw) > limit || bytes.IndexByte(raw, 0) >= 0 {
				t.Fatalf("message of %d bytes: %q", len(raw), raw)
			}
			if m, err := decodeMessage(raw); err == nil && m.ID == 0 && m.Method == "" {
				t.Fatalf("neither response nor event: %q", raw)
			}
		}
		t.Fatal("the reader makes no progress")
	})
}

// Hostile messages must neither panic nor stop the connection.
func FuzzConn(f *testing.F) {
	f.Add([]byte(`{"method":"Target.attachedToTarget","params":{"sessionId":"s","targetInfo":{"type":"page"}}}`))
	f.Add([]byte(`{"method":"Inspector.targetCrashed","sessionId":"s"}`))
	f.Add([]byte(`{"method":"Target.detachedFromTarget","params":{"sessionId":7}}`))
	f.Add([]byte(`{"method":"Runtime.exceptionThrown","params":{"exceptionDetails":{"exception":{"type":"string","value":3}}}}`))
	f.Add([]byte(`{"method":"Network.requestWillBeSent","params":{"requestId":"r","redirectResponse":{},"request":{"url":"%"}}}`))
	f.Add([]byte(`{"method":"Fetch.requestPaused","params":{"request":{"url":"http://a.example/","headers":{"a":"b"}}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out := discard{}
		b := &Browser{windows: map[string]*window{}}
		b.conn = newConn(bytes.NewReader(append(bytes.Clone(in), 0)), out)
		w := &window{browser: b, id: "", record: newRecorder(PageOptions{}, nil), changed: make(chan struct{})}
		p := &Page{ID: "p", window: w, sess: newSession(b.conn, "s", targetInfo{}, nil), frames: map[string]*Frame{}, keys: map[string]bool{}}
		p.main = &Frame{ID: "p", page: p, sess: p.sess}
		p.frames["p"] = p.main
		w.pages = []*Page{p}
		p.listen(p.sess)
		p.sess.start()
		<-b.conn.done
		if m, err := decodeMessage(in); err == nil && m.ID == 0 {
			p.sess.push(event{method: m.Method, params: m.Params})
		}
		p.sess.end(ErrClosed)
		if err := p.sess.sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.record.since(Mark{})
	})
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }
