package excerpt

import "testing"

func BenchmarkFind(b *testing.B) {
	log, _ := pad([]byte("error: x\n"), 100_000, 7)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		find(log, Options{})
	}
}
