package demo

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// timing adds a Server-Timing header with the time to the first byte. The
// header has to go out with the status, so the status is held back until the
// body starts.
func timing(next http.Handler, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &timedWriter{ResponseWriter: w, begun: now(), now: now}
		next.ServeHTTP(t, r)
		t.send()
	})
}

// timedWriter is a response whose status waits for its first byte.
type timedWriter struct {
	http.ResponseWriter
	begun  time.Time
	now    func() time.Time
	status int
	sent   bool
}

// WriteHeader remembers the status for the first byte.
func (t *timedWriter) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
}

// send lets the status out, once.
func (t *timedWriter) send() {
	if t.sent {
		return
	}
	t.sent = true
	if t.status == 0 {
		t.status = http.StatusOK
	}
	ms := float64(t.now().Sub(t.begun).Microseconds()) / 1000
	t.Header().Set("Server-Timing", fmt.Sprintf("app;dur=%.2f", ms))
	t.ResponseWriter.WriteHeader(t.status)
}

// Write sends a rendered page.
func (t *timedWriter) Write(p []byte) (int, error) {
	t.send()
	return t.ResponseWriter.Write(p)
}

// ReadFrom sends a file the fast way. This is the defect that the release
// static-500 ships, and is kept on purpose: a file that is served whole or in
// part arrives as an *io.LimitedReader and never as the *os.File assumed here.
// Pages come through Write and pass, which is how it got past review.
func (t *timedWriter) ReadFrom(src io.Reader) (int64, error) {
	file := src.(*os.File)
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	t.Header().Set("X-Body-Size", fmt.Sprint(info.Size()))
	t.send()
	return io.Copy(t.ResponseWriter, file)
}
