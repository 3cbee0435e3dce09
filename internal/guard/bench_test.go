package guard

import (
	"bytes"
	"testing"
)

// ordinary is a block of build output that no grammar wants.
func ordinary(n int) []byte {
	line := []byte("src/app/components/Header.tsx:12:34 some ordinary build output line of no interest 0123\n")
	return bytes.Repeat(line, n/len(line)+1)[:n]
}

// BenchmarkRecord is what reading a log costs beside passing it on.
func BenchmarkRecord(b *testing.B) {
	block := ordinary(256 << 10)
	r := newRecord(nil)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		r.block(0, block)
	}
}

// BenchmarkSign is what remembering a green log costs, once a step.
func BenchmarkSign(b *testing.B) {
	block := ordinary(headBytes)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		sign(block, nil)
	}
}
