package excerpt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// labelled is a log in which somebody marked the line that names the failure.
type labelled struct {
	name  string
	log   []byte
	match []int // numbers of the marked lines, from 1
}

// load reads the labelled logs of a folder.
func load(t testing.TB, folder string) []labelled {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no labelled logs in %s: %v", folder, err)
	}
	var out []labelled
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq("\n"+string(data), "\n#=LOG=# ") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			title, body := filepath.Base(name), part
			if first, rest, ok := strings.Cut(part, "\n"); ok && part[0] != '\n' {
				title, body = first, rest
			}
			out = append(out, parse(title, strings.TrimPrefix(body, "\n")))
		}
	}
	return out
}

func parse(name, text string) labelled {
	l := labelled{name: name}
	n := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "#=SOURCE=#") {
			continue
		}
		n++
		if rest, ok := strings.CutPrefix(line, "#=MATCH=# "); ok {
			line = rest
			l.match = append(l.match, n)
		}
		line = strings.NewReplacer("‹", "", "›", "").Replace(line)
		l.log = append(append(l.log, line...), '\n')
	}
	return l
}

// pad puts green lines before the log, and returns how many they are.
func pad(log []byte, lines int, seed uint64) ([]byte, int) {
	if lines == 0 {
		return log, 0
	}
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	for i := range lines {
		b.WriteString(green(r, i))
		b.WriteByte('\n')
	}
	lines = bytes.Count(b.Bytes(), []byte{'\n'})
	b.Write(log)
	return b.Bytes(), lines
}

// green is a line of a run in which nothing is wrong.
func green(r *rand.Rand, i int) string {
	n := func(k int) int { return r.IntN(k) }
	forms := []func() string{
		func() string {
			return fmt.Sprintf("test/test_error_%d.py::TestErrors::test_fails_%d PASSED [%3d%%]", n(90), n(900), n(100))
		},
		func() string {
			return fmt.Sprintf("ok  \tgithub.com/acme/shop/internal/errors%d\t0.%03ds", n(500), n(1000))
		},
		func() string {
			return fmt.Sprintf("[%d/%d] Building CXX object src/CMakeFiles/core.dir/error_handler_%d.cc.o", i, 9999, n(999))
		},
		func() string { return fmt.Sprintf("   Compiling thiserror-impl v1.0.%d", n(60)) },
		func() string {
			return fmt.Sprintf("Downloading https://registry.example/fail-fast-%d.tgz (%d kB)", n(999), n(999))
		},
		func() string {
			return fmt.Sprintf("2026-07-29 10:%02d:%02d,%03d INFO worker-%d processed batch %d, 0 errors", n(60), n(60), n(1000), n(8), i)
		},
		func() string { return fmt.Sprintf("  ✓ rejects an invalid token with an error (%d ms)", n(90)) },
		func() string { return fmt.Sprintf("test errors::tests::fails_on_bad_input_%d ... ok", n(999)) },
		func() string {
			return "npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory."
		},
		func() string {
			return fmt.Sprintf("src/legacy/file%d.c:%d:%d: warning: unused variable 'error' [-Wunused-variable]", n(99), n(999), n(80))
		},
		func() string {
			return fmt.Sprintf("time=2026-07-29T10:00:00Z level=info msg=\"request %d served\" status=200", i)
		},
		func() string {
			return fmt.Sprintf("Get:%d http://archive.ubuntu.com/ubuntu jammy/main amd64 liberror-perl all 0.17029-1 [26.5 kB]", n(400))
		},
		func() string {
			return "Tests run: 12, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s - in com.acme.ErrorTest"
		},
		func() string { return fmt.Sprintf("+ run_step --on-error=abort --id %d", n(999)) },
		func() string { return "" },
		func() string { return fmt.Sprintf("Step %d finished", i) },
	}
	if r.IntN(400) == 0 {
		return handled(r, i)
	}
	return forms[r.IntN(len(forms))]()
}

// handled is one or more lines of errors that nobody minds: tried again,
// expected, logged by a test that passes.
func handled(r *rand.Rand, i int) string {
	forms := []string{
		"curl: (7) Failed to connect to localhost port 5432: Connection refused",
		fmt.Sprintf("psycopg2.OperationalError: connection to server at \"localhost\", port 5432 failed: Connection refused (attempt %d), retrying", i%9),
		"Traceback (most recent call last):\n  File \"/app/jobs.py\", line 12, in run\n    work()\nValueError: expected by the test",
		"ERROR:root:could not send metrics: timed out",
		fmt.Sprintf("2026-07-29 10:00:00,123 ERROR worker-%d lost its lease", i%8),
		"W: Failed to fetch http://security.ubuntu.com/dists/jammy/InRelease  Temporary failure resolving 'security.ubuntu.com'",
		"fatal: No names found, cannot describe anything.",
		"git warning: error: pathspec 'v1' did not match any file(s) known to git",
		fmt.Sprintf("time=2026-07-29T10:00:00Z level=error msg=\"request %d failed\" err=\"context deadline exceeded\"", i),
		"    console.error\n      Error: Not implemented: navigation (except hash changes)",
	}
	return forms[r.IntN(len(forms))]
}

// find runs a finder over a log.
func find(log []byte, o Options) []Passage {
	f := New(o)
	for len(log) > 0 {
		n := min(len(log), 32<<10)
		_, _ = f.Write(log[:n])
		log = log[n:]
	}
	return f.Passages()
}

// rate counts hits among the first and the first three passages: lenient when
// the marked line is within the passage, strict when it is its key.
type rate struct{ logs, strict1, strict3, at1, at3 int }

func (r rate) String() string {
	pc := func(n int) float64 { return 100 * float64(n) / float64(max(1, r.logs)) }
	return fmt.Sprintf("%d logs: key@1 %.0f%%, key@3 %.0f%%, within@1 %.0f%%, within@3 %.0f%%", r.logs, pc(r.strict1), pc(r.strict3), pc(r.at1), pc(r.at3))
}

func (r *rate) add(l labelled, off int, ps []Passage) (ok bool) {
	r.logs++
	var s1, s3, a1, a3 bool
	for i, p := range ps {
		for _, m := range l.match {
			key, within := p.Key == m+off, p.covers(m+off)
			s1, a1 = s1 || i == 0 && key, a1 || i == 0 && within
			s3, a3 = s3 || i < 3 && key, a3 || i < 3 && within
		}
	}
	for _, x := range []struct {
		hit bool
		n   *int
	}{{s1, &r.strict1}, {s3, &r.strict3}, {a1, &r.at1}, {a3, &r.at3}} {
		if x.hit {
			*x.n++
		}
	}
	return s1
}

// evaluate measures a folder, bare and among 100,000 lines.
func evaluate(t *testing.T, folder string, lines int, tell bool) rate {
	t.Helper()
	var r rate
	noise, off := pad(nil, lines, 1)
	for _, l := range load(t, folder) {
		if len(l.match) == 0 {
			t.Errorf("%s: no line is marked", l.name)
			continue
		}
		log := slices.Concat(noise, l.log)
		ps := find(log, Options{})
		if !r.add(l, off, ps) && tell {
			all := strings.Split(string(l.log), "\n")
			t.Logf("%s: want %d %q", l.name, l.match[0], clip(all[l.match[0]-1]))
			for _, p := range ps {
				t.Logf("    got %d (%s) %q %v", p.Key-off, p.Why, clip(all[max(0, p.Key-off-1)]), within(l, off, p))
			}
		}
	}
	return r
}

func within(l labelled, off int, p Passage) string {
	for _, m := range l.match {
		if p.covers(m + off) {
			return "near"
		}
	}
	return ""
}

func clip(s string) string { return s[:min(len(s), 110)] }

// TestHitRate holds the rates at which the marked line is the key of the first
// passage, and within its lines. held was not looked at while rules were written.
func TestHitRate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		folder                string
		lines, key, withinOne int // green lines before, least rates in percent
	}{
		{"pytorch", 0, 90, 95},
		{"pytorch", 100_000, 90, 95},
		{"seen", 0, 90, 95},
		{"seen", 20_000, 90, 95},
		{"held", 0, 75, 90},
		{"held", 20_000, 75, 90},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s/%d", tt.folder, tt.lines), func(t *testing.T) {
			t.Parallel()
			if tt.lines > 0 && (testing.Short() || underRace) {
				t.Skip("long logs")
			}
			r := evaluate(t, tt.folder, tt.lines, testing.Verbose() && tt.folder != "held")
			t.Log(r)
			if r.strict1*100 < tt.key*r.logs || r.at1*100 < tt.withinOne*r.logs {
				t.Errorf("below key@1 %d%%, within@1 %d%%: %v", tt.key, tt.withinOne, r)
			}
		})
	}
}

// TestFailureInTheMiddle holds that what comes after a failure, for long, does
// not hide it: other steps, or the same one going on.
func TestFailureInTheMiddle(t *testing.T) {
	t.Parallel()
	if testing.Short() || underRace {
		t.Skip("long logs")
	}
	before, off := pad(nil, 6000, 3)
	after, _ := pad(nil, 3000, 4)
	for _, between := range []string{"", "##[group]Run upload\n##[endgroup]\n"} {
		var r rate
		for _, l := range append(load(t, "pytorch"), load(t, "seen")...) {
			r.add(l, off, find(slices.Concat(before, l.log, []byte(between), after), Options{}))
		}
		if t.Log(r); r.at1*100 < 90*r.logs || r.at3*100 < 95*r.logs {
			t.Errorf("the failures are not found: %v", r)
		}
	}
}
