package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

// Bounds of the evidence of one run.
const (
	maxPicture  = 4 << 20
	maxTrace    = 32 << 20
	maxVideo    = 16 << 20
	maxNote     = 512 << 10
	maxEvidence = 30

	maxReportKept = 2 << 20
	maxPictures   = 60
	maxKept       = 96 << 20
	// keeping bounds the time for all of it.
	keeping = 10 * time.Second
)

// form is what is kept of one kind of attachment.
type form struct {
	kind, media string
	limit       int64
}

// formOf says how an attachment is kept, by its name and by what it holds,
// never by what it claims to be; the zero form is not kept.
func formOf(name string, data []byte) form {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return form{"screenshot", "image/png", maxPicture}
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return form{"screenshot", "image/jpeg", maxPicture}
	case bytes.HasPrefix(data, []byte("\x1a\x45\xdf\xa3")):
		return form{"video", "video/webm", maxVideo}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")) && name == "trace":
		return form{"trace", "application/zip", maxTrace}
	case bytes.IndexByte(data, 0) >= 0:
		return form{}
	case name == "error-context":
		return form{"accessibility", "text/plain; charset=utf-8", maxNote}
	}
	return form{"log", "text/plain; charset=utf-8", maxNote}
}

// keep stores the attachments: pictures of every test, all else of those that
// failed or were flaky, in the try that failed last. What does not fit is
// counted. An error means that the store does not work.
func (p *play) keep(ctx context.Context, s *signal.Signal, f found) error {
	steps := map[string]int{}
	for i, st := range s.Steps {
		steps[st.Title+"\x00"+st.From] = i
	}
	pictures, end := 0, time.Now().Add(keeping)
	for _, t := range f.tests {
		i, ok := steps[titleOf(t)+"\x00"+placeOf(t)]
		if !ok {
			continue
		}
		for _, a := range telltale(t) {
			if time.Now().After(end) {
				s.Dropped++
				continue
			}
			data, err := p.attached(a)
			if err != nil {
				s.Dropped++
				continue
			}
			how := formOf(a.Name, data)
			picture := how.kind == "screenshot"
			switch {
			case picture && pictures < maxPictures:
			case !picture && telling(t) && len(s.Evidence) < maxEvidence && how.kind != "":
			default:
				s.Dropped++
				continue
			}
			e, err := p.put(ctx, how, data)
			if err != nil {
				return err
			}
			if e.Blob == "" {
				s.Dropped++
				continue
			}
			e.Title = clip(squeeze(a.Name), 80) + " of " + s.Steps[i].Title
			if picture {
				pictures++
				if s.Steps[i].Screenshot == "" {
					s.Steps[i].Screenshot = e.Blob
				}
			}
			if telling(t) && len(s.Evidence) < maxEvidence {
				s.Evidence = append(s.Evidence, e)
			}
		}
	}
	return p.keepReport(ctx, s)
}

func titleOf(t test) string { return clip(squeeze(t.title), 300) }
func placeOf(t test) string { return fmt.Sprintf("%s:%d:%d", clip(t.file, 200), t.line, t.column) }

// telltale are the attachments of a test that are looked at: of the last try
// that did not pass, else of the last one; and of all tries those called trace,
// because a trace is often made on the first retry only.
func telltale(t test) []attachment {
	if len(t.results) == 0 {
		return nil
	}
	at := len(t.results) - 1
	for i, r := range t.results {
		if r.Status != "passed" {
			at = i
		}
	}
	out := t.results[at].Attachments
	for i, r := range t.results {
		for _, a := range r.Attachments {
			if i != at && a.Name == "trace" {
				out = append(out[:len(out):len(out)], a)
			}
		}
	}
	return out[:min(len(out), maxEvidence)]
}

// attached reads an attachment. One in a file must lie in the run's own
// directory or in the project: a report may name any path.
func (p *play) attached(a attachment) ([]byte, error) {
	if a.Path == "" {
		return a.Body, nil
	}
	for _, dir := range []string{p.dir, p.req.Suite.Dir} {
		rel, err := filepath.Rel(dir, a.Path)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		return readWithin(dir, rel, max(maxTrace, maxVideo))
	}
	return nil, errors.New("it lies elsewhere")
}

func readWithin(dir, rel string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(rel)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, errors.New("it is no file, or too large")
	}
	f, err := root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// put redacts and stores one artifact. What is too large, empty, or cannot be
// redacted is not kept, and no error.
func (p *play) put(ctx context.Context, how form, data []byte) (signal.Evidence, error) {
	if int64(len(data)) > how.limit {
		return signal.Evidence{}, nil
	}
	switch how.kind {
	case "trace":
		var err error
		if data, err = p.hide.zip(data, time.Now().Add(keeping)); err != nil {
			return signal.Evidence{}, nil //nolint:nilerr // a trace that cannot be redacted is not kept
		}
	case "log", "accessibility":
		data = []byte(p.hide.text(clean(string(data))))
	}
	size := int64(len(data))
	if size == 0 || size > how.limit || p.kept+size > maxKept {
		return signal.Evidence{}, nil
	}
	key, size, err := p.o.Blobs.Put(ctx, how.media, bytes.NewReader(data), how.limit)
	if err != nil {
		return signal.Evidence{}, err
	}
	p.kept += size
	return signal.Evidence{Kind: how.kind, Blob: key, Type: how.media, Size: size}, nil
}

// keepReport stores the report of a run that did not simply pass.
func (p *play) keepReport(ctx context.Context, s *signal.Signal) error {
	if s.Outcome == signal.Pass && len(s.Evidence) == 0 {
		return nil
	}
	data, err := readBounded(p.reportFile(), maxReportKept)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it was read from the output
	}
	if err == nil {
		data, err = p.hide.json(data)
	}
	if err != nil {
		s.Dropped++ // too large; the steps tell the same
		return nil
	}
	e, err := p.put(ctx, form{"report", "application/json", 2 * maxReportKept}, data)
	if err == nil && e.Blob != "" {
		e.Title = "the report of Playwright"
		s.Evidence = append(s.Evidence, e)
	}
	return err
}

// keepOutput stores the end of what was said, for people who have to mend the
// set-up.
func (p *play) keepOutput(ctx context.Context, s *signal.Signal, e ending) {
	text := strings.TrimSpace(e.tail)
	if text == "" {
		return
	}
	if e.dropped > 0 {
		text = fmt.Sprintf("(%d bytes before this were not kept)\n%s", e.dropped, text)
		s.Dropped++
	}
	kept, err := p.put(ctx, form{"log", "text/plain; charset=utf-8", maxNote}, []byte(text))
	if err != nil {
		p.log.WarnContext(ctx, "keep output of suite", "error", err)
	}
	if kept.Blob != "" {
		kept.Title = "the output of Playwright"
		s.Evidence = append(s.Evidence, kept)
	}
}
