package web

import (
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/postflight/postflight/internal/fault"
)

// inlineTypes are the artifacts that may be looked at in the browser. The
// name decides, never the content; whatever is not here is downloaded.
func inlineType(ext string) (string, bool) {
	switch strings.ToLower(ext) {
	case ".jpg", ".jpeg":
		return "image/jpeg", true
	case ".png":
		return "image/png", true
	case ".webp":
		return "image/webp", true
	case ".txt", ".log", ".json", ".md", ".har":
		return "text/plain; charset=utf-8", true
	}
	return "application/octet-stream", false
}

// blobKey accepts clean relative keys only.
func blobKey(raw string) (string, bool) {
	if raw == "" || len(raw) > 300 || strings.ContainsAny(raw, "\\\x00") ||
		path.Clean("/"+raw) != "/"+raw || strings.HasPrefix(raw, ".") || strings.Contains(raw, "/.") {
		return "", false
	}
	return raw, true
}

// getEvidence serves an artifact. It comes from the watched product, so it is
// never run: no sniffing, no scripts, no plugins, its own opaque origin.
func (s *site) getEvidence(w http.ResponseWriter, r *http.Request, _ *visit) error {
	key, ok := blobKey(r.PathValue("key"))
	if !ok {
		return fault.New(fault.NotFound, "there is no such evidence", "")
	}
	body, err := s.Blobs.Open(r.Context(), key)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	ctype, inline := inlineType(path.Ext(key))
	h := w.Header()
	h.Set("Content-Type", ctype)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	if !inline {
		h.Set("Content-Disposition", `attachment; filename="evidence`+safeExt(path.Ext(key))+`"`)
	}
	// Keys name their content, so it never changes; private, as it needs a session.
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	return s.copy(w, r, key, body)
}

// copy writes an artifact; the browser may leave in the middle of it.
func (s *site) copy(w http.ResponseWriter, r *http.Request, key string, body io.Reader) error {
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, body); err != nil && r.Context().Err() == nil {
		s.Logger.Warn("evidence not written", "key", key, "error", err)
	}
	return nil
}

// safeExt keeps an extension of letters and digits.
func safeExt(ext string) string {
	for _, c := range strings.TrimPrefix(ext, ".") {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return ".bin"
		}
	}
	if len(ext) < 2 || len(ext) > 8 {
		return ".bin"
	}
	return ext
}
