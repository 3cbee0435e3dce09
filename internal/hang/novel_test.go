package hang

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// feed writes the blocks, then returns how many of the later half were news.
func feed(count int, block func(i int) string) (news int) {
	n := NewNovel()
	for i := range count {
		before := n.Output()
		n.Add([]byte(block(i)))
		if i >= count/2 && n.Output() > before {
			news++
		}
	}
	return news
}

func TestNovelHeartbeats(t *testing.T) {
	t.Parallel()
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	bars := []string{"[=    ]", "[ =   ]", "[  =  ]", "[   = ]", "[    =]"}
	tests := map[string]func(i int) string{
		"the same line": func(int) string { return "Waiting for the server\n" },
		"elapsed seconds": func(i int) string {
			return fmt.Sprintf("aws_db_instance.main: Still creating... [%ds elapsed]\n", 10*i)
		},
		"elapsed minutes":     func(i int) string { return fmt.Sprintf("module.db: Still creating... [%dm%ds elapsed]\n", i/6, i%6*10) },
		"attempts":            func(i int) string { return fmt.Sprintf("Attempt %d: connection refused\n", i) },
		"still waiting, bare": func(i int) string { return fmt.Sprintf("still waiting %d\n", i) },
		"time of day":         func(i int) string { return fmt.Sprintf("[12:%02d:%02d] build running\n", i/60, i%60) },
		"date and time":       func(i int) string { return fmt.Sprintf("2026-11-21T12:%02d:%02d.123Z INFO idle\n", i/60, i%60) },
		"spinner":             func(i int) string { return "\r\x1b[2K" + string(frames[i%10]) + " Running tests" },
		"spinner and time": func(i int) string {
			return fmt.Sprintf("\x1b[2K\x1b[1G\x1b[36m%c\x1b[39m deploying (%ds)", frames[i%10], i)
		},
		"spinner of ASCII":  func(i int) string { return "\b" + `|/-\`[i%4:i%4+1] },
		"bouncing bar":      func(i int) string { return "\r" + bars[i%5] + " resolving" },
		"dots of a wait":    func(i int) string { return map[bool]string{true: "Waiting for postgres ", false: "."}[i == 0] },
		"dots below a wait": func(i int) string { return map[bool]string{true: "Waiting for postgres\n", false: "."}[i == 0] },
		"growing ellipsis":  func(i int) string { return "\rLoading" + strings.Repeat(".", i%4) },
		"blank lines":       func(int) string { return "\n\n" },
		"a stuck bar": func(i int) string {
			return fmt.Sprintf("\r 45%%|####    | 45/100 [00:%02d<00:40, %d.%dit/s]", i, i%7, i%3)
		},
		"a cycle of lines": func(i int) string { return []string{"checking\n", "status: pending\n", "sleeping\n"}[i%3] },
		"a trace in a loop": func(int) string {
			return "Error: listen EADDRINUSE: address already in use :::3000\n    at Server (net.js:1)\n    at f (a.js:2)\n"
		},
		"an id in a loop":     func(i int) string { return fmt.Sprintf("retrying request 7%07xa\n", 1<<20+i) },
		"uncolouring":         func(i int) string { return fmt.Sprintf("\x1b[%dmwatching\x1b[0m\n", 31+i%2) },
		"title of the window": func(i int) string { return fmt.Sprintf("\x1b]0;step %d\x07watching\n", i) },
		"live summary": func(i int) string {
			return fmt.Sprintf("\x1b[2A\x1b[J RUNS  src/pay.test.js\nTime:        %d.%d s, estimated 20 s\n", i, i%10)
		},
		"gradle stands still": func(i int) string {
			return fmt.Sprintf("\x1b[1A\x1b[2K<====---> 45%% EXECUTING [%dm %ds]\n", i/60, i%60)
		},
		"epoch":                 func(i int) string { return fmt.Sprintf("%d watching\n", 1763712000000+i) },
		"countdown in a prompt": func(i int) string { return fmt.Sprintf("\rtimeout in %d seconds", 400-i) },
	}
	for name, block := range tests {
		if news := feed(400, block); news > 0 {
			t.Errorf("%s: got %d of 200 as news, want none", name, news)
		}
	}
}

func TestNovelProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]func(i int) string{
		"percentage":        func(i int) string { return fmt.Sprintf("\r%d%% done", i/4) },
		"finer percentage":  func(i int) string { return fmt.Sprintf("\rbuilding %d.%d%%", i/10, i%10) },
		"fraction":          func(i int) string { return fmt.Sprintf("\r[%d/400] Compiling\x1b[K", i) },
		"fraction in words": func(i int) string { return fmt.Sprintf("Waiting for rollout: %d of 400 updated replicas\n", i) },
		"docker pull": func(i int) string {
			return fmt.Sprintf("\x1b[1A\x1b[2K\ra1b2c3d4e5f6: Downloading [=>  ] %d.%dMB/45.6MB\x1b[1B", i/10, i%10)
		},
		"size":               func(i int) string { return fmt.Sprintf("\rreceived %d kB", 12*i) },
		"growing bar":        func(i int) string { return "\r[" + strings.Repeat("=", i) + ">" },
		"dots of pytest":     func(i int) string { return map[bool]string{true: "tests/test_wait.py ", false: "."}[i == 0] },
		"dots alone":         func(int) string { return "." },
		"dots of mocha":      func(int) string { return "\u2024" },
		"TAP without names":  func(i int) string { return fmt.Sprintf("ok %d\n", i) },
		"tests by name":      func(i int) string { return fmt.Sprintf("ok - waits for %s\n", word(i)) },
		"batches":            func(i int) string { return fmt.Sprintf("processed batch %d\n", i) },
		"lines of a build":   func(i int) string { return "[INFO] Compiling " + word(i) + ".java\n" },
		"one endless line":   func(i int) string { return strings.Repeat(word(i), 50) },
		"stars":              func(int) string { return "✓" },
		"a test in a second": func(i int) string { return fmt.Sprintf("  ✓ opens %s (%d ms)\n", word(i), i) },
	}
	for name, block := range tests {
		if news := feed(400, block); news < 45 { // a percentage moves at every fourth block only
			t.Errorf("%s: got %d of 200 as news, want nearly all", name, news)
		}
	}
}

// word is a different word for each number.
func word(i int) string {
	return string([]byte{'a' + byte(i/100%10), 'k' + byte(i/10%10), 'a' + byte(i%10)})
}

func TestNovelBlocks(t *testing.T) {
	t.Parallel()
	n := NewNovel()
	big := bytes.Repeat([]byte("same\n"), 10<<10)
	n.Add(big)
	n.Add(big)
	if n.Output() != 2*int64(len(big)) {
		t.Errorf("got %d bytes of news, want all of two large blocks", n.Output())
	}
	n = NewNovel()
	beats := bytes.Repeat([]byte("watching\n"), 1<<10)
	n.Add(beats)
	n.Add(beats)
	n.Add(append(bytes.Clone(beats), "done\n"...))
	if n.Output() != 2*int64(len(beats))+5 || n.Beats() != int64(len(beats)) {
		t.Errorf("got %d of news, %d of heartbeats, want the first and the last block as news", n.Output(), n.Beats())
	}
	if n.Add(nil); n.Output()+n.Beats() != 3*int64(len(beats))+5 {
		t.Error("an empty block counts")
	}
	// What is cut anywhere is news or not as a whole would be, once it was seen.
	n = NewNovel()
	for range 300 {
		n.Add([]byte("Wai"))
		n.Add([]byte("ting 3s\n"))
	}
	if n.Output() > 100 {
		t.Errorf("got %d bytes of news, want little of a heartbeat in pieces", n.Output())
	}
}

func FuzzNovel(f *testing.F) {
	f.Add([]byte("\r\x1b[2K 45% 3/20 12:00:05 1.2 MB/s\n...."), uint8(7))
	f.Fuzz(func(t *testing.T, text []byte, at uint8) {
		n := NewNovel()
		cut := min(int(at), len(text))
		n.Add(text[:cut])
		n.Add(text[cut:])
		n.Add(text)
		if n.Output()+n.Beats() != 2*int64(len(text)) || len(n.open) > openMax {
			t.Errorf("%q: %d + %d bytes counted of %d", text, n.Output(), n.Beats(), 2*len(text))
		}
	})
}

func BenchmarkNovel(b *testing.B) {
	lines := []byte(strings.Repeat("[INFO] Compiling 12 source files to /target/classes\n", 1300))
	for name, size := range map[string]int{"64KiB": 64 << 10, "8KiB": 8 << 10, "line": 52} {
		b.Run(name, func(b *testing.B) {
			n := NewNovel()
			b.SetBytes(int64(size))
			for b.Loop() {
				n.Add(lines[:size])
			}
		})
	}
}
