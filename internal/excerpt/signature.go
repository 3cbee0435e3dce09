package excerpt

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"

	"github.com/postflight/postflight/internal/logline"
)

// maxSigned bounds the lines that a signature knows.
const maxSigned = 200_000

// Signature is what a green log of a step said that sounds like an error. It
// holds hashes of normalised lines, 64 bits each, from which no text can be won
// back, at most 200,000 of them.
type Signature struct {
	known map[uint64]struct{}
	rules *ruleset
	split splitter
	clean logline.Cleaner
	buf   []byte
	hits  []uint16
	forms []uint64 // hashes of lines seen a short while ago, but for their digits
}

// NewSignature returns an empty signature.
func NewSignature() *Signature {
	s := &Signature{known: map[uint64]struct{}{}}
	s.split.line = func(raw []byte) { s.raw(raw) }
	return s
}

// Write reads a block of a green log.
func (s *Signature) Write(p []byte) (int, error) {
	s.split.write(p)
	return len(p), nil
}

// Add reads one line of a green log, cleaned or not.
func (s *Signature) Add(line []byte) { s.raw(line) }

func (s *Signature) raw(raw []byte) {
	if len(s.known) >= maxSigned {
		return
	}
	if s.rules == nil {
		s.rules, s.forms = newRuleset(), make([]uint64, formSlots)
	}
	h := form(raw)
	if s.forms[h%formSlots] == h {
		return
	}
	s.forms[h%formSlots] = h
	if s.hits = s.rules.finder.scan(s.hits[:0], raw); !s.rules.erratic(s.hits) {
		return
	}
	text := s.clean.Clean(raw, 0).Text
	s.known[s.hash(text)] = struct{}{}
}

// formSlots is how many lines are remembered to pass over those that differ from
// one of them in digits alone: their normal forms are the same.
const formSlots = 1 << 13

// form is a quick hash of a line with every digit taken for a 0.
func form(b []byte) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	h := uint64(len(b)) * 0x9E3779B97F4A7C15
	mix := func(x uint64) {
		y := x ^ '0'*ones
		other := (((y&^highs + 0x76*ones) | y) & highs >> 7) * 0xff // all ones where no digit stands
		hi, lo := bits.Mul64(x&other^h, 0xA0761D6478BD642F)
		h ^= (hi ^ lo) + 0xE7037ED1A0B428DB
	}
	for len(b) >= 8 {
		mix(binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	var last [8]byte
	copy(last[:], b)
	mix(binary.LittleEndian.Uint64(last[:]))
	return h
}

// Has reports whether the green log had the line, but for numbers and the like.
func (s *Signature) Has(line []byte) bool {
	if s == nil || len(s.known) == 0 {
		return false
	}
	text := s.clean.Clean(line, 0).Text
	_, ok := s.known[s.hash(text)]
	return ok
}

// Len is how many lines the signature knows.
func (s *Signature) Len() int { return len(s.known) }

func (s *Signature) hash(text []byte) uint64 {
	text, _ = bare(text)
	s.buf = logline.AppendNormal(s.buf[:0], text[:min(len(text), 500)])
	return fnv(s.buf)
}

// fnv is the 64-bit hash FNV-1a: the same in every process, as what is stored
// must be.
func fnv(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// signatureFormat is the first byte of a stored signature; a reader refuses
// formats that it does not know.
const signatureFormat = 1

// MarshalBinary returns the signature to be stored: sorted hashes, each as its
// distance from the one before.
func (s *Signature) MarshalBinary() ([]byte, error) {
	s.split.flush()
	all := make([]uint64, 0, len(s.known))
	for h := range s.known {
		all = append(all, h)
	}
	slices.Sort(all)
	out := append(make([]byte, 0, 8*len(all)+8), signatureFormat)
	out = binary.AppendUvarint(out, uint64(len(all)))
	last := uint64(0)
	for _, h := range all {
		out = binary.AppendUvarint(out, h-last)
		last = h
	}
	return out, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (s *Signature) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != signatureFormat {
		return errors.New("read log signature: unknown format")
	}
	data = data[1:]
	count, n := binary.Uvarint(data)
	if n <= 0 || count > maxSigned || count > uint64(len(data)) {
		return errors.New("read log signature: broken count")
	}
	data = data[n:]
	known := make(map[uint64]struct{}, count)
	last := uint64(0)
	for range count {
		d, n := binary.Uvarint(data)
		if n <= 0 {
			return errors.New("read log signature: cut short")
		}
		data = data[n:]
		last += d
		known[last] = struct{}{}
	}
	s.known = known
	if s.split.line == nil {
		s.split.line = func(raw []byte) { s.raw(raw) }
	}
	return nil
}
