package tally

import (
	"bytes"
	"strconv"
	"testing"
)

// BenchmarkReaderKinds reads streams of several kinds; a nanosecond a byte is a
// second a gigabyte. A # is another number on every line, so that the short way
// for a line that repeats is not what is measured.
func BenchmarkReaderKinds(b *testing.B) {
	for _, kind := range []struct{ name, lines string }{
		{"plain", "src/app/components/Header.tsx:12:34 some ordinary build output line of no interest #\n"},
		{"repeated", "y\n"},
		{"seq", "#\n"},
		{"stamped", "2026-07-29T04:36:28.4540735Z src/app/components/Header.tsx some ordinary output #\n"},
		{"crlf", "src/app/components/Header.tsx some ordinary build output line of no interest #\r\n"},
		{"progress", "\rdownloading 12%\rdownloading 13%\rdownloading 14%\rdownloading 15%\rdownloading 16% #\n"},
		{"colours", "\x1b[2K\x1b[1G\x1b[32m✔\x1b[39m \x1b[2mcompiled\x1b[22m src/app/header.tsx \x1b[33m#ms\x1b[39m\n"},
		{"escapes", "\x1b[0m\x1b[1m\x1b[0m\x1b[32mx\x1b[0m\x1b[1m\x1b[0m\x1b[32m#\x1b[0m\n"},
		{"json", "{\"level\":\"info\",\"time\":\"2026-07-29T04:36:28Z\",\"msg\":\"request done\",\"status\":#}\n"},
		{"clock", "12:34:56 INFO request done status=200 path=/a/b/#\n"},
		{"go-v", "=== RUN   TestHeader/case_#\n    header_test.go:41: error: is only a word here\n--- PASS: TestHeader/case_# (0.00s)\n"},
		{"go-json", `{"Time":"2026-07-29T04:36:28.4540735Z","Action":"run","Package":"example.com/app","Test":"TestA/#"}` + "\n" +
			`{"Time":"2026-07-29T04:36:28.4540735Z","Action":"output","Package":"example.com/app","Test":"TestA/#","Output":"=== RUN   TestA/#\n"}` + "\n" +
			`{"Time":"2026-07-29T04:36:28.4540735Z","Action":"output","Package":"example.com/app","Test":"TestA/#","Output":"--- PASS: TestA/# (0.00s)\n"}` + "\n" +
			`{"Time":"2026-07-29T04:36:28.4540735Z","Action":"pass","Package":"example.com/app","Test":"TestA/#","Elapsed":0}` + "\n"},
		{"pytest", "tests/test_header.py::TestHeader::test_case[#] PASSED                     [ 12%]\n"},
		{"jest", "PASS src/app/header#.test.tsx\n  Header\n    ✓ renders the title # (12 ms)\n    ✓ renders the menu (3 ms)\n    ✓ renders # (1 ms)\n"},
		{"mocha", "  Header #\n    ✔ renders the title\n    ✔ renders the menu (45ms)\n"},
		{"vitest", " ✓ src/header.test.ts > Header > renders the title # 12ms\n"},
		{"node", "▶ Header #\n  ✔ renders the title # (0.846149ms)\n  ✔ renders the menu (1.246149ms)\n✔ Header (3.123456ms)\n"},
		{"cargo", "test header::tests::renders_the_title_# ... ok\n"},
		{"tap", "ok # - header renders the title\n"},
		{"gtest", "[ RUN      ] Header.Renders#\n[       OK ] Header.Renders# (0 ms)\n"},
		{"gradle", "> Task :app:compileJava# UP-TO-DATE\n"},
		{"ctest", "      Start #: header_test\n#/90000 Test ##: header_test ......................   Passed    0.01 sec\n"},
		{"maven", "[INFO] Downloading from central: https://repo.maven.apache.org/maven2/org/a/b/1.#/b-1.#.pom\n"},
		{"unittest", "test_case_# (tests.test_header.TestHeader.test_case) ... ok\n"},
		{"stack", "    at Object.<anonymous> (/app/src/header.test.js:12:#)\n"},
		{"errors", "ERROR: something went wrong here but it is only a log line #\n"},
	} {
		b.Run(kind.name, func(b *testing.B) {
			r := NewReader()
			for _, line := range []string{"running 100000000 tests\n", "TAP version 13\n", "============================= test session starts ==============================\n"} {
				_, _ = r.Write([]byte(line))
			}
			var block []byte
			for n := 1000; len(block) < 256<<10; n++ {
				block = append(block, bytes.ReplaceAll([]byte(kind.lines), []byte("#"), strconv.AppendInt(nil, int64(n), 10))...)
			}
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = r.Write(block)
			}
		})
	}
}
