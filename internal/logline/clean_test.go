package logline

import "testing"

func TestClean(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw, want string
		indent          int
		stamped         bool
	}{
		{"plain", "Tests: 1 failed", "Tests: 1 failed", 0, false},
		{"colours", "\x1b[1m\x1b[31m  12 passing\x1b[0m (3ms)\r\n", "12 passing (3ms)", 2, false},
		{"progress overwritten", "10%\r50%\r100% done\r", "100% done", 0, false},
		{"cleared line", "wait\r\x1b[2K\rOK", "OK", 0, false},
		{"GitHub", "2026-07-29T04:36:28.4540735Z ##[error]fatal", "##[error]fatal", 0, true},
		{"byte order mark", "\xef\xbb\xbf2026-07-29T04:36:28.4540735Z Run make", "Run make", 0, true},
		{"stamp, then indentation", "2026-07-29T04:36:28.4540735Z     at f (a.js:1:2)", "at f (a.js:1:2)", 4, true},
		{"stamp, then colour", "2026-07-29T04:36:28.4540735Z \x1b[31mFAIL\x1b[0m a", "FAIL a", 0, true},
		{"GitLab", "2024-05-22T12:43:46.962646Z 00O Job succeeded", "Job succeeded", 0, true},
		{"Jenkins", "[2024-05-22T12:43:46.962Z] BUILD FAILED", "BUILD FAILED", 0, true},
		{"offset", "2024-05-22T12:43:46+02:00 x", "x", 0, true},
		{"no stamp", "2024-05-22 was a good day", "2024-05-22 was a good day", 0, false},
		{"invalid UTF-8", "caf\xe9", "caf\uFFFD", 0, false},
		{"link", "\x1b]8;;https://x\x1b\\file\x1b]8;;\x1b\\ ok", "file ok", 0, false},
		{"unfinished escape", "a\x1b[", "a", 0, false},
		{"empty", "", "", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c Cleaner
			l := c.Clean([]byte(tt.raw), 1)
			if got := string(l.Text); got != tt.want || l.Indent != tt.indent || l.Stamped != tt.stamped {
				t.Errorf("Clean(%q) = %q indent %d stamped %v, want %q %d %v", tt.raw, got, l.Indent, l.Stamped, tt.want, tt.indent, tt.stamped)
			}
		})
	}
	c := Cleaner{Tabbed: true}
	if got := string(c.Clean([]byte("build\tRun tests\t2026-07-28T17:41:15.7688490Z ok 1"), 1).Text); got != "ok 1" {
		t.Errorf("tabbed line: got %q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add([]byte("\x1b[31m2026-07-29T04:36:28.4540735Z a\rb"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := Cleaner{Tabbed: len(raw)%2 == 0}
		if l := c.Clean(raw, 1); len(l.Text) > 3*Max {
			t.Errorf("a line of %d bytes came out of %d", len(l.Text), len(raw))
		}
	})
}
