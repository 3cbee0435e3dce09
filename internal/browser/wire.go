package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxMessage bounds one message from Chromium. A full-page screenshot is a few
// megabytes; a page that logs a gigabyte string must not become our gigabyte.
const maxMessage = 64 << 20

// headSize is how much of an oversized message is kept, to learn what it was.
const headSize = 512

// message is one protocol message as received: a response (ID) or an event (Method).
type message struct {
	ID        int64           `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *wireError      `json:"error"`
}

type wireError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// command is one protocol message as sent.
type command struct {
	ID        int64  `json:"id"`
	SessionID string `json:"sessionId,omitempty"`
	Method    string `json:"method"`
	Params    any    `json:"params,omitempty"`
}

// decodeMessage parses one message; it must be a response or an event.
func decodeMessage(raw []byte) (message, error) {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return message{}, fmt.Errorf("decode protocol message: %w", err)
	}
	if m.ID == 0 && m.Method == "" {
		return message{}, errors.New("decode protocol message: neither response nor event")
	}
	return m, nil
}

// readMessage reads up to the next NUL. A message over limit is discarded as it
// comes, without being held: over is then true and raw is its first bytes.
func readMessage(r *bufio.Reader, limit int) (raw []byte, over bool, err error) {
	var kept []byte
	for {
		chunk, err := r.ReadSlice(0)
		if err == nil {
			chunk = chunk[:len(chunk)-1]
		}
		switch {
		case over:
		case len(kept)+len(chunk) > limit:
			over = true
			kept = append(kept, chunk...)
			kept = bytes.Clone(kept[:min(len(kept), headSize)])
		default:
			kept = append(kept, chunk...)
		}
		if err == nil {
			return kept, over, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && len(kept) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, false, err
		}
	}
}

// responseID finds the id of a message of which only the head is known.
// Chromium writes the id first; 0 means it is no response.
func responseID(head []byte) int64 {
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(head), []byte(`{"id":`))
	if !ok {
		return 0
	}
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	id, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return id
}
