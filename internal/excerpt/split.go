package excerpt

import (
	"bytes"

	"github.com/postflight/postflight/internal/logline"
)

// splitter cuts blocks into lines; of an endless line only the beginning is kept.
type splitter struct {
	carry []byte
	long  bool
	line  func(raw []byte)
}

// maxRaw is how much of a line before cleaning is kept.
const maxRaw = 2 * logline.Max

func (s *splitter) write(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			s.keep(p)
			return
		}
		if len(s.carry) == 0 && !s.long {
			s.line(p[:min(i, maxRaw)])
		} else {
			s.keep(p[:i])
			s.flush()
		}
		p = p[i+1:]
	}
}

func (s *splitter) keep(p []byte) {
	if room := maxRaw - len(s.carry); len(p) > room {
		// A line of carriage returns: its end counts.
		if i := bytes.LastIndexByte(p, '\r'); i >= 0 && i+1 < len(p) && len(p)-i < logline.Max {
			s.carry = append(s.carry[:0], p[i+1:]...)
			s.long = false
			return
		}
		p, s.long = p[:max(room, 0)], true
	}
	s.carry = append(s.carry, p...)
}

func (s *splitter) flush() {
	if len(s.carry) == 0 && !s.long {
		return
	}
	line := s.carry
	s.carry, s.long = s.carry[:0], false
	s.line(line)
}
