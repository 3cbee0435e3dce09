// Package bundle packs the evidence of one journey run into a zip file that
// people can attach to a ticket: a report that opens without a network, the
// HTTP archive, the pictures, the console, the page's source and its
// accessibility tree, the trace, and the signal itself.
//
// Everything in it was redacted before it was stored. What the pages said stays
// text: the report escapes it and allows no script, and the page's source is
// packed under a name that no browser renders. What was pruned is listed as
// missing, never left out in silence. The web and the command line call it.
package bundle

import (
	"archive/zip"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/signal"
)

// Bounds of what is read, in bytes: one artifact, and what it unpacks to.
const (
	maxBlob     = 64 << 20
	maxUnpacked = 256 << 20
)

// Open reads an artifact by its key.
type Open func(blob string) (io.ReadCloser, error)

// Bundle writes the zip. It fails when w does or ctx ends; an artifact that
// cannot be opened is listed in the report as missing.
func Bundle(ctx context.Context, w io.Writer, s signal.Signal, open Open) error {
	p := &packer{ctx: ctx, zip: zip.NewWriter(w), s: s, open: open, names: map[string]string{}, images: map[string][]byte{}}
	if err := errors.Join(p.pictures(), p.artifacts(), p.signal(), p.report()); err != nil {
		return fmt.Errorf("pack evidence of %s: %w", s.Name, err)
	}
	if err := p.zip.Close(); err != nil {
		return fmt.Errorf("pack evidence of %s: %w", s.Name, err)
	}
	return nil
}

// Name is a file name for the bundle of a signal.
func Name(s signal.Signal) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, s.Name)
	return fmt.Sprintf("%s-%s.zip", strings.Trim(name, "-"), s.At.UTC().Format("20060102-150405"))
}

type packer struct {
	ctx     context.Context
	zip     *zip.Writer
	s       signal.Signal
	open    Open
	names   map[string]string // by blob: where it is packed
	images  map[string][]byte // by blob: for the report
	missing []string
	har     *har.HAR
	console string
}

// read fetches an artifact; nil when it is gone.
func (p *packer) read(what, blob string) ([]byte, error) {
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	r, err := p.open(blob)
	if err != nil {
		p.missing = append(p.missing, what)
		return nil, nil //nolint:nilerr // it is told in the report
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxBlob+1))
	if err != nil || len(data) > maxBlob {
		p.missing = append(p.missing, what)
		return nil, p.ctx.Err()
	}
	return data, nil
}

func (p *packer) write(name string, data []byte, packed bool) error {
	method := zip.Deflate
	if packed {
		method = zip.Store
	}
	f, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: p.s.At.UTC()})
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return err
}

// picture packs one picture, once.
func (p *packer) picture(name, what, blob string) error {
	if blob == "" || p.names[blob] != "" {
		return nil
	}
	data, err := p.read(what, blob)
	if data == nil || err != nil {
		return err
	}
	name += ending(data)
	p.names[blob], p.images[blob] = name, data
	return p.write(name, data, true)
}

// ending tells a picture by its first bytes.
func ending(data []byte) string {
	switch {
	case strings.HasPrefix(string(data[:min(len(data), 3)]), "\xff\xd8\xff"):
		return ".jpg"
	case strings.HasPrefix(string(data[:min(len(data), 4)]), "\x89PNG"):
		return ".png"
	}
	return ".bin"
}

func (p *packer) pictures() error {
	for _, step := range p.s.Steps {
		name := fmt.Sprintf("screenshots/step-%02d", step.Index)
		what := fmt.Sprintf("the picture of step %d", step.Index)
		if err := p.picture(name, what, step.Screenshot); err != nil {
			return err
		}
		if c := step.Compared; c != nil {
			for _, one := range []struct{ kind, blob string }{{"compared", c.Picture}, {"baseline", c.Baseline}, {"difference", c.Diff}} {
				if err := p.picture(name+"-"+one.kind, what+" ("+one.kind+")", one.blob); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// artifacts packs what the run left beside its steps.
func (p *packer) artifacts() error {
	used := map[string]int{}
	for _, e := range p.s.Evidence {
		if e.Kind == "bundle" || e.Kind == "report" {
			continue
		}
		name := fileName(e)
		if n := used[name]; n > 0 {
			name = fmt.Sprintf("%d-%s", n+1, name)
		}
		used[fileName(e)]++
		var err error
		if e.Kind == "screenshot" {
			err = p.picture("screenshots/"+strings.TrimSuffix(name, ".jpg"), e.Title, e.Blob)
		} else {
			err = p.artifact(name, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fileName is what an artifact is called in the bundle. The page's source gets
// an ending that no browser renders.
func fileName(e signal.Evidence) string {
	switch e.Kind {
	case "screenshot":
		return "failure.jpg"
	case "har":
		return "har.har"
	case "console", "accessibility":
		return e.Kind + ".txt"
	case "html":
		return "page.html.txt"
	case "trace":
		return "trace.json.gz"
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(e.Kind)) + ".bin"
}

func (p *packer) artifact(name string, e signal.Evidence) error {
	data, err := p.read(e.Title, e.Blob)
	if data == nil || err != nil {
		return err
	}
	switch e.Kind {
	case "har":
		if data, err = Plain(data); err != nil {
			p.missing = append(p.missing, e.Title)
			return nil //nolint:nilerr // it is told in the report
		}
		var h har.HAR
		if json.Unmarshal(data, &h) == nil {
			p.har = &h
		}
	case "console":
		p.console = string(data)
	}
	p.names[e.Blob] = name
	return p.write(name, data, e.Kind == "trace")
}

// Plain unpacks what is gzipped and returns anything else as it is.
func Plain(data []byte) ([]byte, error) {
	if len(data) < 2 || data[0] != 0x1f || data[1] != 0x8b {
		return data, nil
	}
	z, err := gzip.NewReader(strings.NewReader(string(data)))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err == nil && len(out) > maxUnpacked {
		err = errors.New("it unpacks to too much")
	}
	return out, err
}

func (p *packer) signal() error {
	text, err := json.MarshalIndent(p.s, "", "  ")
	if err != nil {
		return err
	}
	return p.write("signal.json", append(text, '\n'), false)
}
