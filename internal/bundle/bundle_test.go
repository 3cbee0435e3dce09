package bundle

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/signal"
)

const hostile = `</pre><script>alert(1)</script>"'><img src=x onerror=alert(2)>`

func squashed(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if err := errors.Join(json.NewEncoder(z).Encode(v), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func failed() signal.Signal {
	lcp := 1200 * time.Millisecond
	return signal.Signal{
		Name: "book a visit", At: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), Outcome: signal.Fail,
		Summary: "step 2 of 3: " + hostile, Failure: &signal.Failure{Class: "exception", Message: hostile, Position: "src/cart.ts:4:1 (app.js:1:9)"},
		Vitals: &signal.Vitals{LCP: &lcp}, Traffic: []signal.Traffic{{Host: "shop.test", FirstParty: true, Requests: 2}},
		Steps: []signal.Step{
			{Index: 1, Type: "navigate", Title: "open", Outcome: signal.Pass, Screenshot: "a"},
			{Index: 2, Type: "click", Title: hostile, Outcome: signal.Fail, Message: hostile, Screenshot: "a"},
			{Index: 3, Type: "click", Title: "pay", Screenshot: "pruned", Compared: &signal.Comparison{Picture: "png"}},
		},
		Evidence: []signal.Evidence{
			{Kind: "screenshot", Title: "the page", Blob: "b"},
			{Kind: "screenshot", Title: "the whole page", Blob: "c"},
			{Kind: "har", Title: "requests", Blob: "har"},
			{Kind: "html", Title: "source", Blob: "html"},
			{Kind: "console", Title: "console", Blob: "console"},
			{Kind: "accessibility", Title: "tree", Blob: "tree"},
			{Kind: "trace", Title: "trace", Blob: "gone"},
		},
	}
}

func archive() har.HAR {
	return har.HAR{Log: har.Log{Version: har.Version, Entries: []har.Entry{
		{Started: "2026-11-21T09:29:58.000Z", Time: 100, Request: har.Request{Method: "GET", URL: "http://shop.test/" + hostile}, Response: har.Response{Status: 200}, Timings: har.Timings{Wait: 60, Receive: 40}},
		{Started: "2026-11-21T09:29:58.050Z", Time: 50, Request: har.Request{Method: "GET", URL: "http://shop.test/b"}, Response: har.Response{Error: "net::ERR_FAILED"}, Timings: har.Timings{Blocked: 50}},
	}}}
}

func unpack(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || out[f.Name] != "" {
			t.Fatalf("%s: %v, or twice", f.Name, err)
		}
		out[f.Name] = string(text)
	}
	return out
}

func TestBundle(t *testing.T) {
	t.Parallel()
	blobs := map[string]string{
		"a": "\xff\xd8\xffA", "b": "\xff\xd8\xffB", "c": "\xff\xd8\xffC", "png": "\x89PNG...", "html": hostile,
		"har": squashed(t, archive()), "console": "12.0 error " + hostile, "tree": "button",
	}
	var out bytes.Buffer
	err := Bundle(t.Context(), &out, failed(), func(blob string) (io.ReadCloser, error) {
		text, ok := blobs[blob]
		if !ok {
			return nil, errors.New("gone")
		}
		return io.NopCloser(strings.NewReader(text)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, out.Bytes())
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"accessibility.txt", "console.txt", "har.har", "page.html.txt", "report.html", "screenshots/2-failure.jpg", "screenshots/failure.jpg",
		"screenshots/step-01.jpg", "screenshots/step-03-compared.png", "signal.json",
	}
	if diff := cmp.Diff(names, want); diff != "" {
		t.Error(diff)
	}
	var h har.HAR
	if err := json.Unmarshal([]byte(files["har.har"]), &h); err != nil || len(h.Log.Entries) != 2 {
		t.Errorf("got %v", err)
	}
	var s signal.Signal
	if err := json.Unmarshal([]byte(files["signal.json"]), &s); err != nil || s.Summary != failed().Summary {
		t.Errorf("got %v", err)
	}
	report := files["report.html"]
	for _, bad := range []string{"<script", "<img src=x", "javascript:", "http-equiv=\"refresh"} {
		if strings.Contains(report, bad) {
			t.Errorf("the report holds %q", bad)
		}
	}
	for _, part := range []string{"data:image/jpeg;base64,", "src/cart.ts:4:1", "1.20 s", "not measured", "the picture of step 3", "left:50%"} {
		if !strings.Contains(report, part) {
			t.Errorf("the report lacks %q", part)
		}
	}
	if strings.Contains(report, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
	if got := Name(failed()); got != "book-a-visit-20261121-093000.zip" {
		t.Errorf("got %s", got)
	}
}

func TestBundleStops(t *testing.T) {
	t.Parallel()
	gone := func(string) (io.ReadCloser, error) { return nil, errors.New("gone") }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Bundle(ctx, io.Discard, failed(), gone); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	full := errors.New("full")
	if err := Bundle(t.Context(), brokenWriter{full}, failed(), gone); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if err := Bundle(t.Context(), io.Discard, signal.Signal{}, gone); err != nil {
		t.Errorf("got %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
