package npm

import (
	"bytes"
	"encoding/json"
)

// readJSONC decodes JSON with comments and commas before closing brackets.
func readJSONC(data []byte, v any) error {
	return json.Unmarshal(plainJSON(data), v)
}

// plainJSON blanks comments and needless commas out.
func plainJSON(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	out := make([]byte, 0, len(data))
	comma := -1 // where a comma stands that nothing has followed yet
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c == '"':
			end := stringEnd(data, i)
			out = append(out, data[i:end]...)
			i = end - 1
			comma = -1
		case c == '/' && i+1 < len(data) && data[i+1] == '/':
			for i < len(data) && data[i] != '\n' {
				i++
			}
			out = append(out, '\n')
		case c == '/' && i+1 < len(data) && data[i+1] == '*':
			end := bytes.Index(data[i+2:], []byte("*/"))
			if end < 0 {
				return out // an open comment: what is left is broken, and said to be
			}
			i += end + 3
			out = append(out, ' ')
		case c == ',':
			comma = len(out)
			out = append(out, c)
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			out = append(out, c)
		default:
			if comma >= 0 && (c == '}' || c == ']') {
				out[comma] = ' '
			}
			comma = -1
			out = append(out, c)
		}
	}
	return out
}

// stringEnd is behind the quote that closes the string at i.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}
