package demo

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// assetName is a flat file name; nothing that starts with a dot, no separators.
var assetName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$`)

// assetType is the type of a file the shop serves, "" for any other; decided
// here because the machine's own table differs from place to place.
func assetType(name string) string {
	switch filepath.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".map":
		return "application/json"
	}
	return ""
}

// asset serves a static file of this release, or of an earlier or later one
// that is still on disk: tabs opened before a flip go on working.
func (a *application) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	kind := assetType(name)
	if kind == "" || !assetName.MatchString(name) {
		http.NotFound(w, r)
		return
	}
	f, info, err := a.openAsset(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = f.Close() }()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, info.ModTime(), f)
}

// openAsset looks in this release first, then in the others, newest first.
func (a *application) openAsset(name string) (*os.File, fs.FileInfo, error) {
	f, info, err := openFile(a.dir, name)
	if err == nil {
		return f, info, nil
	}
	for _, other := range Releases(a.shop.opt.Dir) {
		dir := filepath.Join(a.shop.opt.Dir, "releases", other)
		if dir == a.dir {
			continue
		}
		if f, info, err := openFile(dir, name); err == nil {
			return f, info, nil
		}
	}
	return nil, nil, err
}

// openFile opens a regular file that is truly inside a release's assets.
func openFile(dir, name string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenInRoot(filepath.Join(dir, "public", "assets"), name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, nil, fs.ErrNotExist
	}
	return f, info, nil
}

// Releases lists the release directories that exist, newest first.
func Releases(dir string) []string {
	entries, err := os.ReadDir(filepath.Join(dir, "releases"))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && releaseName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return number(b) - number(a) })
	return names
}

// number is the n of "vn", zero for anything else.
func number(version string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(version, "v"))
	if err != nil {
		return 0
	}
	return n
}
