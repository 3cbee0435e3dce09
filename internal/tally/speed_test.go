package tally

import (
	"bytes"
	"testing"
)

// BenchmarkReaderKinds reads streams of several kinds; a nanosecond a byte is a
// second a gigabyte.
func BenchmarkReaderKinds(b *testing.B) {
	for name, line := range map[string]string{
		"plain":    "src/app/components/Header.tsx:12:34 some ordinary build output line of no interest 0123\n",
		"go-v":     "=== RUN   TestHeader/case_17\n    header_test.go:41: error: is only a word here\n--- PASS: TestHeader/case_17 (0.00s)\n",
		"colours":  "\x1b[2K\x1b[1G\x1b[32m✔\x1b[39m \x1b[2mcompiled\x1b[22m src/app/header.tsx \x1b[33m12ms\x1b[39m\n",
		"stamped":  "2026-07-29T04:36:28.4540735Z src/app/components/Header.tsx some ordinary output\n",
		"crlf":     "src/app/components/Header.tsx some ordinary build output line of no interest\r\n",
		"escapes":  "\x1b[0m\x1b[1m\x1b[0m\x1b[32mx\x1b[0m\x1b[1m\x1b[0m\x1b[32mx\x1b[0m\n",
		"progress": "\rdownloading 12%\rdownloading 13%\rdownloading 14%\rdownloading 15%\rdownloading 16%\n",
	} {
		b.Run(name, func(b *testing.B) {
			r := NewReader()
			block := bytes.Repeat([]byte(line), (64<<10)/len(line))
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				_, _ = r.Write(block)
			}
		})
	}
}
