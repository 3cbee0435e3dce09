package report

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// source is the bytes of a file as UTF-8: UTF-16 is decoded, byte order marks
// are taken off, NUL bytes are noted, and a giant ends at the bound.
type source struct {
	r       io.Reader
	started bool
	wide    int // 0: UTF-8; 1: UTF-16, little end first; 2: big end first
	raw     []byte
	out     []byte
	half    uint16 // the first of two surrogates
	read    int64
	nul     bool
	big     bool
	err     error
	eof     bool
}

func (s *source) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.eof {
			return 0, io.EOF
		}
		s.fill()
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// fill reads the next block.
func (s *source) fill() {
	block := make([]byte, 32<<10)
	n, err := io.ReadFull(s.r, block)
	if err != nil {
		s.eof = true
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			s.err = err
		}
	}
	if s.read += int64(n); s.read > maxBytes {
		s.big, s.eof = true, true
	}
	block = append(s.raw, block[:n]...)
	s.raw = nil
	if !s.started {
		s.started = true
		block = s.begin(block)
	}
	if s.wide == 0 {
		s.nul = s.nul || bytes.IndexByte(block, 0) >= 0
		s.out = block
		return
	}
	s.decode(block)
}

// begin takes off the byte order mark, or finds UTF-16 without one.
func (s *source) begin(b []byte) []byte {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return b[3:]
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		s.wide = 1
		return b[2:]
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		s.wide = 2
		return b[2:]
	case len(b) >= 4 && b[1] == 0 && b[3] == 0 && (b[0] == '<' || b[0] == '{' || b[0] == '['):
		s.wide = 1
	case len(b) >= 4 && b[0] == 0 && b[2] == 0 && (b[1] == '<' || b[1] == '{' || b[1] == '['):
		s.wide = 2
	}
	return b
}

// decode appends UTF-16 as UTF-8.
func (s *source) decode(b []byte) {
	s.out = s.out[:0]
	for ; len(b) >= 2; b = b[2:] {
		u := uint16(b[0]) | uint16(b[1])<<8
		if s.wide == 2 {
			u = uint16(b[1]) | uint16(b[0])<<8
		}
		s.nul = s.nul || u == 0
		switch {
		case s.half != 0:
			s.out = utf8.AppendRune(s.out, utf16.DecodeRune(rune(s.half), rune(u)))
			s.half = 0
		case u >= 0xd800 && u < 0xdc00:
			s.half = u
		default:
			s.out = utf8.AppendRune(s.out, rune(u))
		}
	}
	s.raw = append(s.raw, b...)
}

// problem is what is wrong with the bytes.
func (s *source) problem() string {
	switch {
	case s.big:
		return "the file is larger than a gigabyte; the rest was not read"
	case s.nul:
		return "the file holds NUL bytes"
	}
	return ""
}
