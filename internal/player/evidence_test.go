package player

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/signal"
)

// unzip reads a gzipped artifact.
func unzip(t *testing.T, data []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// artifact is what a run stored of a kind.
func (s *scene) artifact(t *testing.T, got signal.Signal, kind string) []byte {
	t.Helper()
	for _, e := range got.Evidence {
		if e.Kind == kind {
			return s.shelf.data[e.Blob]
		}
	}
	t.Fatalf("no evidence of kind %s: %+v", kind, got.Evidence)
	return nil
}

func (s *scene) har(t *testing.T, got signal.Signal) har.HAR {
	t.Helper()
	var h har.HAR
	if err := json.Unmarshal(unzip(t, s.artifact(t, got, "har")), &h); err != nil {
		t.Fatal(err)
	}
	return h
}

const navigate = `{"type":"navigate","url":"§/"}`

const clickGo = `{"type":"click","selectors":["#go"],"offsetX":5,"offsetY":5}`

func TestEvidenceOfAPass(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><h1>Hello</h1><button id=go onclick="this.textContent='done'">Go</button>`)
	})
	s := newScene(t, mux, navigate, clickGo)
	got := s.run(t, t.Context())
	if got.Outcome != signal.Pass {
		t.Fatalf("got %+v", got)
	}
	h := s.har(t, got)
	if err := har.Validate(h); err != nil {
		t.Error(err)
	}
	if len(h.Log.Entries) != 1 || len(h.Log.Pages) != 1 || h.Log.Pages[0].Timings.Load <= 0 {
		t.Errorf("got %+v", h.Log)
	}
	v := got.Vitals
	if v == nil || v.FCP == nil || v.LCP == nil || v.TTFB == nil || v.CLS == nil || v.INP == nil || *v.LCP < *v.FCP || *v.FCP < *v.TTFB {
		t.Errorf("got vitals %+v", v)
	}
	want := signal.Traffic{Host: host(s.site.URL), FirstParty: true, Requests: 1}
	if len(got.Traffic) != 1 || got.Traffic[0].Host != want.Host || !got.Traffic[0].FirstParty || got.Traffic[0].Requests != 1 || got.Traffic[0].Took <= 0 {
		t.Errorf("got %+v, want %+v", got.Traffic, want)
	}
}

// open makes a shelf what a bundle is packed from.
func (s *shelf) open(key string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.data[key]
	if !ok {
		return nil, fmt.Errorf("no artifact %q", key)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// unpacked are the files of a bundle, a trace without its gzip.
func unpacked(t *testing.T, data []byte) map[string]string {
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
		if err != nil {
			t.Fatal(err)
		}
		name, gzipped := strings.CutSuffix(f.Name, ".gz")
		if gzipped {
			text = unzip(t, text)
		}
		out[name] = string(text)
	}
	return out
}
