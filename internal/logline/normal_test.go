package logline

import "testing"

func TestNormalMakesRunsComparable(t *testing.T) {
	t.Parallel()
	same := [][2]string{
		{"error in 12.5s", "error in 1m30s"},
		{"2026-07-29 10:01:29,123 ERROR db down", "2026-11-01 01:00:00,9 ERROR db down"},
		{"pid 4711 exited", "pid 3 exited"},
		{"commit 9c38d77ef2 failed", "commit 0123456abc failed"},
		{"id 5feecffd-d1ed-4188-8a32-d687a7475054 lost", "id 26b8d1b2-f5f7-4474-8ff7-a9e4c8ff9b18 lost"},
		{"cannot read /tmp/tmp.jl7GsmgGnB/x: gone", "cannot read /tmp/a/b/c: gone"},
		{"error at 0x7f3e6308a000", "error at 0x00007f3e94"},
		{"dial tcp 127.0.0.1:54321: refused", "dial tcp 10.0.0.7:80: refused"},
		{"==== 1 failed in 2s ====", "======== 22 failed in 100.10s ======"},
		{"failed  45%", "failed 100%"},
		{"used 4.39 GiB", "used 12 GiB"},
		{"took 3ms", "took 3s"},
	}
	for _, p := range same {
		if a, b := string(Normal([]byte(p[0]))), string(Normal([]byte(p[1]))); a != b {
			t.Errorf("normal forms differ: %q of %q, %q of %q", a, p[0], b, p[1])
		}
	}
	differ := [][2]string{
		{"error: a", "error: b"},
		{"ImportError: foo", "ImportError: bar"},
		{"FAIL pkg/a", "FAIL pkg/b"},
		{"deadbeef", "cafe"},
	}
	for _, p := range differ {
		if a, b := string(Normal([]byte(p[0]))), string(Normal([]byte(p[1]))); a == b {
			t.Errorf("%q and %q have the same normal form %q", p[0], p[1], a)
		}
	}
}

func FuzzNormal(f *testing.F) {
	f.Add([]byte("2026-07-29T10:01:29Z /tmp/x 0x12 12ms"))
	f.Add([]byte("\\Temp\\\x00 --- ###"))
	f.Fuzz(func(t *testing.T, text []byte) {
		once := Normal(text)
		if len(once) > len(text) {
			t.Errorf("%q grew to %q", text, once)
		}
	})
}

func BenchmarkNormal(b *testing.B) {
	line := []byte("2026-07-29 10:01:29,123 ERROR request 5feecffd-d1ed-4188-8a32-d687a7475054 took 35ms at /tmp/a/b.go:12")
	var dst []byte
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		dst = AppendNormal(dst[:0], line)
	}
}
