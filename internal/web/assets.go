package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// asset is one embedded file under its fingerprinted name.
type asset struct {
	body  []byte
	ctype string
}

// assets maps plain names to fingerprinted addresses and those to files.
type assets struct {
	urls  map[string]string // "app.css" → "/static/app.1a2b3c4d.css"
	files map[string]asset  // "app.1a2b3c4d.css" → the file
}

// loadAssets fingerprints every embedded file. The style sheet names the
// fonts, so it is done last, with their fingerprinted names put in.
func loadAssets() *assets {
	a := &assets{urls: map[string]string{}, files: map[string]asset{}}
	var sheets []string
	root, err := fs.Sub(static, "static")
	if err != nil {
		panic("web: embedded files: " + err.Error()) // a build without its files
	}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(name, ".css") {
			sheets = append(sheets, name)
			return nil
		}
		body, err := fs.ReadFile(root, name)
		a.add(name, body)
		return err
	})
	for _, name := range sheets {
		body, readErr := fs.ReadFile(root, name)
		if readErr != nil {
			err = readErr
		}
		text := string(body)
		for plain, fingerprinted := range a.urls {
			text = strings.ReplaceAll(text, "url("+plain+")", "url("+fingerprinted+")")
		}
		a.add(name, []byte(text))
	}
	if err != nil {
		panic("web: embedded files: " + err.Error())
	}
	return a
}

// add registers one file.
func (a *assets) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	file := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	a.urls[name] = "/static/" + file
	a.files[file] = asset{body: body, ctype: assetType(ext)}
}

// assetType names the media type of our own files.
func assetType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return "text/plain; charset=utf-8"
}

// url returns the fingerprinted address of an embedded file.
func (a *assets) url(name string) string { return a.urls[name] }

// serve answers a fingerprinted address; its content never changes.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.ctype)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if r.Method == http.MethodGet {
		_, _ = w.Write(f.body) // the browser left: nothing to do
	}
}
