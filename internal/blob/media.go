package blob

import (
	"mime"
	"strings"
)

// form is one media type and the ending its files have.
type form struct{ media, ext string }

// forms lists what journeys and checks leave behind; the first of a kind is
// the one that is given back.
func forms() []form {
	return []form{
		{"image/jpeg", ".jpg"},
		{"image/png", ".png"},
		{"image/webp", ".webp"},
		{"text/plain", ".txt"},
		{"text/html", ".html"},
		{"text/css", ".css"},
		{"text/javascript", ".js"},
		{"application/javascript", ".js"},
		{"application/json", ".json"},
		{"application/x-ndjson", ".ndjson"},
		{"application/gzip", ".gz"},
		{"application/zip", ".zip"},
		{"video/webm", ".webm"},
		{other, ".bin"},
	}
}

const other = "application/octet-stream"

// extension returns the ending for a media type, parameters ignored.
func extension(media string) string {
	if base, _, err := mime.ParseMediaType(media); err == nil {
		media = base
	}
	for _, f := range forms() {
		if strings.EqualFold(f.media, media) {
			return f.ext
		}
	}
	return ".bin"
}

// mediaType returns the media type for an ending.
func mediaType(ext string) string {
	for _, f := range forms() {
		if f.ext == ext {
			return f.media
		}
	}
	return other
}

// known reports whether an ending is one of ours.
func known(ext string) bool {
	for _, f := range forms() {
		if f.ext == ext {
			return true
		}
	}
	return false
}
