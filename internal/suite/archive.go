package suite

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a trace, unpacked.
const (
	maxEntries  = 5000
	maxUnpacked = 128 << 20
	maxText     = 4 << 20 // of one file that is no JSON
)

var (
	errLarge  = errors.New("it is too large")
	headers   = regexp.MustCompile(`(?i)^(?:cookie|set-cookie|authorization|proxy-authorization|postflight-synthetic|x-api-key|x-auth-token|x-csrf-token|x-xsrf-token)$`)
	secretKey = regexp.MustCompile(`(?i)^(?:password|passwd|secret|token|access_?token|refresh_?token|id_?token|authorization|cookie|set-cookie|api_?key)$`)
)

// quote is a text as JSON writes it, without the quotation marks.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return s
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// json redacts every text of a document, and leaves it a document.
func (r *redactor) json(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.walk(v, "")); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// walk redacts a value. Headers and cookies are told by their names.
func (r *redactor) walk(v any, key string) any {
	switch v := v.(type) {
	case string:
		if v != "" && secretKey.MatchString(key) {
			return hidden
		}
		if key == "body" && len(v) > maxMessage {
			return "(kept apart)"
		}
		return r.text(clean(v))
	case []any:
		for i := range v {
			v[i] = r.walk(v[i], key)
			if m, ok := v[i].(map[string]any); ok && key == "cookies" && m["value"] != nil {
				m["value"] = hidden
			}
		}
	case map[string]any:
		name, _ := v["name"].(string)
		for k, inner := range v {
			v[k] = r.walk(inner, k)
		}
		if _, ok := v["value"].(string); ok && headers.MatchString(name) {
			v["value"] = hidden
		}
	}
	return v
}

// zip redacts a trace of Playwright: its lines of JSON one by one, other texts
// as a whole. Pictures and fonts stay as they are. A trace that takes longer
// than end is given up.
func (r *redactor) zip(data []byte, end time.Time) ([]byte, error) {
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(in.File) > maxEntries {
		return nil, errLarge
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	left := int64(maxUnpacked)
	for _, f := range in.File {
		if f.FileInfo().IsDir() {
			continue
		}
		content, err := unpack(f, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(content))
		entry, err := w.Create(f.Name)
		if err != nil {
			return nil, err
		}
		content, err = r.entry(f.Name, content, end)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(content); err != nil {
			return nil, err
		}
		if int64(out.Len()) > maxTrace {
			return nil, errLarge
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unpack(f *zip.File, limit int64) ([]byte, error) {
	c, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	data, err := io.ReadAll(io.LimitReader(c, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errLarge
	}
	return data, err
}

// entry redacts one file of a trace.
func (r *redactor) entry(name string, data []byte, end time.Time) ([]byte, error) {
	switch ext := path.Ext(name); ext {
	case ".trace", ".network", ".stacks":
		var b bytes.Buffer
		for line := range bytes.Lines(data) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if len(line) > maxText || time.Now().After(end) {
				return nil, errLarge
			}
			clean, err := r.json(line)
			if err != nil {
				return nil, err
			}
			b.Write(clean)
		}
		return b.Bytes(), nil
	case ".js", ".mjs", ".css", ".ts":
		return []byte(r.known(string(data))), nil
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return data, nil
	}
	if len(data) > maxText || time.Now().After(end) {
		return []byte("(too large to be redacted, and not kept)"), nil
	}
	if path.Ext(name) == ".json" {
		if clean, err := r.json(data); err == nil {
			return clean, nil
		}
	}
	return []byte(r.text(string(data))), nil
}
