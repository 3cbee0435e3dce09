package browser

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// Trace is a recording of what the browser itself did, in Chrome's trace format.
type Trace struct {
	page   *Page
	cancel func()
	once   sync.Once
	stream chan string
}

// ErrLarge means that something is larger than its bound.
var ErrLarge = errors.New("it is larger than its bound")

// StartTrace begins to record. It slows the page: never for a run that is
// measured. One browser can record one trace at a time.
func (p *Page) StartTrace(ctx context.Context) (*Trace, error) {
	t := &Trace{page: p, stream: make(chan string, 1)}
	t.cancel = p.sess.on("Tracing.tracingComplete", func(raw json.RawMessage) {
		e := decodeInto[struct {
			Stream string `json:"stream"`
		}](raw)
		t.once.Do(func() { t.stream <- e.Stream })
	})
	err := p.Call(ctx, "Tracing.start", map[string]any{
		"transferMode": "ReturnAsStream", "streamCompression": "gzip",
		"traceConfig": map[string]any{
			"recordMode": "recordUntilFull", "traceBufferSizeInKb": 64 << 10,
			"excludedCategories": []string{"*"},
			"includedCategories": []string{
				"-*", "blink.user_timing", "devtools.timeline", "disabled-by-default-devtools.timeline",
				"disabled-by-default-devtools.timeline.frame", "latencyInfo", "loading", "toplevel",
				"v8.execute", "disabled-by-default-v8.cpu_profiler",
			},
		},
	}, nil)
	if err != nil {
		t.cancel()
		return nil, fmt.Errorf("start trace: %w", err)
	}
	return t, nil
}

// Stop ends the recording and returns it, gzipped JSON, at most limit bytes;
// more is ErrLarge.
func (t *Trace) Stop(ctx context.Context, limit int) ([]byte, error) {
	defer t.cancel()
	if err := t.page.Call(ctx, "Tracing.end", nil, nil); err != nil {
		return nil, fmt.Errorf("stop trace: %w", err)
	}
	var handle string
	select {
	case handle = <-t.stream:
	case <-t.page.sess.dead:
		return nil, fmt.Errorf("stop trace: %w", t.page.sess.reason())
	case <-ctx.Done():
		return nil, fmt.Errorf("stop trace: %w", ctx.Err())
	}
	data, err := t.page.readStream(ctx, handle, limit)
	if err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	return data, nil
}

// readStream reads one of Chromium's streams to its end and closes it.
func (p *Page) readStream(ctx context.Context, handle string, limit int) ([]byte, error) {
	defer p.sess.post("IO.close", map[string]any{"handle": handle})
	var out bytes.Buffer
	for {
		var got struct {
			Data    string `json:"data"`
			Encoded bool   `json:"base64Encoded"`
			EOF     bool   `json:"eof"`
		}
		if err := p.Call(ctx, "IO.read", map[string]any{"handle": handle, "size": 1 << 20}, &got); err != nil {
			return nil, err
		}
		chunk := []byte(got.Data)
		if got.Encoded {
			var err error
			if chunk, err = base64.StdEncoding.DecodeString(got.Data); err != nil {
				return nil, err
			}
		}
		if out.Len()+len(chunk) > limit {
			return nil, ErrLarge
		}
		out.Write(chunk)
		if got.EOF {
			return out.Bytes(), nil
		}
	}
}
