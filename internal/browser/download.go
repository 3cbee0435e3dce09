package browser

import (
	"context"
	"path/filepath"
	"strings"
	"time"
)

// defaultDownload is the bytes one download may have when PageOptions does not say.
const defaultDownload = 32 << 20

type downloadEvent struct {
	FrameID  string  `json:"frameId"`
	GUID     string  `json:"guid"`
	URL      string  `json:"url"`
	Name     string  `json:"suggestedFilename"`
	Total    float64 `json:"totalBytes"`
	Received float64 `json:"receivedBytes"`
	State    string  `json:"state"`
	Path     string  `json:"filePath"`
}

// allowDownloads sets what becomes of downloads in the window; both ways they are reported.
func (w *window) allowDownloads(ctx context.Context) error {
	params := map[string]any{"behavior": "deny", "browserContextId": w.id, "eventsEnabled": true}
	if dir := w.opts.DownloadDir; dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		params["behavior"], params["downloadPath"] = "allowAndName", abs
	}
	return w.browser.conn.root.call(ctx, "Browser.setDownloadBehavior", params, nil)
}

// downloadBegins records a download in the window that has its frame.
func (b *Browser) downloadBegins(e downloadEvent) {
	windows := b.allWindows()
	for _, w := range windows {
		page := w.pageOf(e.FrameID)
		if page == "" && len(windows) > 1 {
			continue
		}
		d := &Download{
			At: time.Now(), ID: e.GUID, Page: page, URL: clipURL(e.URL),
			Name: clip(filepath.Base(e.Name), 255), State: "started",
		}
		if w.record.download(d) {
			return
		}
		w.cancelDownload(e.GUID)
		return
	}
}

// downloadMoves follows a download and cancels it when it grows too big.
func (b *Browser) downloadMoves(e downloadEvent) {
	for _, w := range b.allWindows() {
		limit := w.opts.DownloadLimit
		if limit <= 0 {
			limit = defaultDownload
		}
		if w.record.downloadMoved(e, limit, w.opts.DownloadDir) {
			w.cancelDownload(e.GUID)
		}
	}
}

func (w *window) cancelDownload(guid string) {
	w.browser.conn.root.post("Browser.cancelDownload", map[string]any{"guid": guid, "browserContextId": w.id})
}

// pageOf returns the id of the page that has the frame.
func (w *window) pageOf(frameID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pages {
		if p.frames[frameID] != nil {
			return p.ID
		}
	}
	return ""
}

func (r *recorder) download(d *Download) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.downloads.add(r.next(), d)
}

// downloadMoved notes the progress and reports whether to cancel.
func (r *recorder) downloadMoved(e downloadEvent, limit int64, dir string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.downloads.items {
		if d.ID != e.GUID {
			continue
		}
		d.Bytes = int64(e.Received)
		if e.State != "inProgress" {
			d.State = e.State
		}
		if e.State == "completed" && dir != "" {
			d.Path = filepath.Join(dir, filepath.Base(strings.TrimSpace(e.GUID)))
		}
		over := !d.OverLimit && e.State == "inProgress" && max(e.Received, e.Total) > float64(limit)
		d.OverLimit = d.OverLimit || over
		return over
	}
	return false
}
