package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SetFiles gives files to an <input type=file>, which then fires its input and
// change events. The files must be there: Chromium would take any name.
func (o *Object) SetFiles(ctx context.Context, paths ...string) error {
	files, err := uploads(paths)
	if err != nil {
		return err
	}
	err = o.sess.call(ctx, "DOM.setFileInputFiles", map[string]any{"files": files, "objectId": o.ID}, nil)
	if err != nil {
		return fmt.Errorf("set files: %w", lost(err))
	}
	return nil
}

// uploads are the paths as Chromium wants them: absolute, of files we can read.
func uploads(paths []string) ([]string, error) {
	files := make([]string, 0, len(paths))
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("upload %s: %w", path, err)
		}
		info, err := os.Stat(abs)
		switch {
		case err != nil:
			return nil, fmt.Errorf("upload: %w", err)
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("upload %s: not a file", path)
		}
		files = append(files, abs)
	}
	return files, nil
}

// FileChooser is a request of the page for files, waiting for an answer.
type FileChooser struct {
	Multiple bool

	sess *session
	node int
}

// ErrNoChooser means that no file chooser was opened.
var ErrNoChooser = errors.New("no file chooser was opened")

// Choose answers with files.
func (c *FileChooser) Choose(ctx context.Context, paths ...string) error {
	files, err := uploads(paths)
	if err != nil {
		return err
	}
	err = c.sess.call(ctx, "DOM.setFileInputFiles", map[string]any{"files": files, "backendNodeId": c.node}, nil)
	if err != nil {
		return fmt.Errorf("choose files: %w", err)
	}
	return nil
}

// CatchFileChooser runs act, which is to make the page ask for files, and
// returns what it asked, in whatever frame. Until it returns no chooser opens.
func (p *Page) CatchFileChooser(ctx context.Context, act func() error) (*FileChooser, error) {
	caught := make(chan *FileChooser, 1)
	for _, s := range p.frameSessions() {
		defer s.on("Page.fileChooserOpened", func(raw json.RawMessage) {
			var e struct {
				Mode string `json:"mode"`
				Node int    `json:"backendNodeId"`
			}
			if json.Unmarshal(raw, &e) != nil || e.Node == 0 {
				return
			}
			select {
			case caught <- &FileChooser{Multiple: e.Mode == "selectMultiple", sess: s, node: e.Node}:
			default:
			}
		})()
		if err := s.call(ctx, "Page.setInterceptFileChooserDialog", map[string]any{"enabled": true}, nil); err != nil {
			return nil, fmt.Errorf("catch file chooser: %w", err)
		}
		defer s.post("Page.setInterceptFileChooserDialog", map[string]any{"enabled": false})
	}
	if err := act(); err != nil {
		return nil, err
	}
	select {
	case c := <-caught:
		return c, nil
	case <-p.sess.dead:
		return nil, p.sess.reason()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrNoChooser, ctx.Err())
	}
}

// frameSessions are the sessions that host the frames of the page.
func (p *Page) frameSessions() []*session {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	list := []*session{p.sess}
	seen := map[*session]bool{p.sess: true}
	for _, f := range p.frames {
		if !seen[f.sess] {
			seen[f.sess] = true
			list = append(list, f.sess)
		}
	}
	return list
}
