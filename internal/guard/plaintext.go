package guard

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/fault"
)

// Plaintext reads a log as it was written: unpacked when it is gzipped, as UTF-8
// when PowerShell wrote it as UTF-16. It holds little of it at a time.
func Plaintext(log io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(log, 64<<10)
	head, _ := in.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpack the log: %w", err)
		}
		in = bufio.NewReaderSize(z, 64<<10)
		head, _ = in.Peek(4)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, fault.New(fault.Invalid, "the log is a zip archive", "unpack it, and name one of its files: unzip -p logs.zip | postflight guard judge -")
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		_, _ = in.Discard(2)
		return &wide{in: in, order: binary.LittleEndian}, nil
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		_, _ = in.Discard(2)
		return &wide{in: in, order: binary.BigEndian}, nil
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = in.Discard(3)
	case len(head) == 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0: // no mark, and every second byte is 0
		return &wide{in: in, order: binary.LittleEndian}, nil
	}
	return in, nil
}

// wide reads UTF-16 as UTF-8.
type wide struct {
	in    *bufio.Reader
	order binary.ByteOrder
	half  rune // the first of two surrogates
	out   []byte
	next  int // of out
	err   error
}

// Read decodes a block at a time.
func (w *wide) Read(p []byte) (int, error) {
	for w.next == len(w.out) {
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.out[w.next:])
	w.next += n
	return n, nil
}

func (w *wide) fill() error {
	w.out, w.next = w.out[:0], 0
	for len(w.out) < 32<<10 && w.err == nil {
		var unit [2]byte
		if unit[0], w.err = w.in.ReadByte(); w.err == nil {
			unit[1], w.err = w.in.ReadByte()
			if w.err != nil && w.half == 0 {
				w.half = utf8.RuneError // it ends within a character
			}
		}
		if w.err != nil {
			if w.half != 0 {
				w.out = utf8.AppendRune(w.out, utf8.RuneError)
			}
			break
		}
		r := rune(w.order.Uint16(unit[:]))
		switch {
		case w.half != 0 && utf16.IsSurrogate(r) && r >= 0xdc00:
			w.out, w.half = utf8.AppendRune(w.out, utf16.DecodeRune(w.half, r)), 0
			continue
		case w.half != 0:
			w.out, w.half = utf8.AppendRune(w.out, utf8.RuneError), 0
		}
		if r >= 0xd800 && r < 0xdc00 {
			w.half = r
			continue
		}
		w.out = utf8.AppendRune(w.out, r)
	}
	if len(w.out) > 0 {
		return nil
	}
	return w.err
}
