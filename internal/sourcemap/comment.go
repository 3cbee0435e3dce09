package sourcemap

import (
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// Reference is the address of the map that a script names in its last comment,
// as it stands there; "" when it names none.
func Reference(script string) string {
	tail := script
	if i := strings.LastIndex(script, "sourceMappingURL="); i >= 0 {
		tail = script[max(0, i-20):]
	}
	m := regexp.MustCompile(`(?m)(?://|/\*)[#@]\s*sourceMappingURL=([^\s'"]+)[ \t]*(?:\*/)?\s*\z`).FindStringSubmatch(tail)
	if m == nil {
		return ""
	}
	return strings.TrimSuffix(m[1], "*/")
}

// Inline decodes a map that is written into its address. ok is false for other
// addresses.
func Inline(reference string) (data []byte, ok bool, err error) {
	rest, ok := strings.CutPrefix(reference, "data:")
	if !ok {
		return nil, false, nil
	}
	if len(rest) > 2*MaxSize {
		return nil, true, errors.New("the inline source map is too large")
	}
	head, body, found := strings.Cut(rest, ",")
	if !found {
		return nil, true, errors.New("the inline source map has no content")
	}
	if strings.HasSuffix(strings.TrimSpace(head), ";base64") {
		data, err = base64.StdEncoding.DecodeString(strings.TrimSpace(body))
		return data, true, err
	}
	text, err := url.PathUnescape(body)
	return []byte(text), true, err
}
