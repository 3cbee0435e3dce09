package tally

import (
	"strings"
	"testing"
)

// TestQuotedSummariesAreNobodys feeds green logs in which other runs are told
// of: by tests of test tools, by documents, by chat.
func TestQuotedSummariesAreNobodys(t *testing.T) {
	t.Parallel()
	jestBlock := "Test Suites: 1 failed, 1 total\nTests:       1 failed, 1 total\nSnapshots:   0 total\nTime:        1 s\n"
	mochaBlock := "  1 passing (3ms)\n  2 failing\n\n  1) a\n"
	nodeBlock := "ℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms 5.1\n"
	vitest := " RUN  v3.0.0 /app\n\nQUOTE\n ✓ a.test.ts (1 test) 2ms\n\n Test Files  1 passed (1)\n      Tests  1 passed (1)\n   Start at  10:00:00\n   Duration  1.00s\n"
	playwright := "\nRunning 1 test using 1 worker\n\nQUOTE\n  ✓  1 a.spec.ts:1:1 › a (2ms)\n\n  1 passed (1.0s)\n"
	jest := "QUOTEPASS ./a.test.js\nPASS ./b.test.js\n\nTest Suites: 2 passed, 2 total\nTests:       3 passed, 3 total\nSnapshots:   0 total\nTime:        1 s\nRan all test suites.\n"
	mocha := "\n\n  suite\nQUOTE    ✔ prints\n    ✔ more\n\n\n  2 passing (5ms)\n\n"
	indent := func(s string) string {
		return "    " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n    ") + "\n"
	}
	tests := []struct{ name, log, want string }{
		{"Jest in Vitest", strings.Replace(vitest, "QUOTE", jestBlock, 1), "Vitest passed 1/0/0 of 1"},
		{"Mocha in Vitest", strings.Replace(vitest, "QUOTE", mochaBlock, 1), "Vitest passed 1/0/0 of 1"},
		{"Node in Vitest", strings.Replace(vitest, "QUOTE", nodeBlock, 1), "Vitest passed 1/0/0 of 1"},
		{"Playwright in Playwright", strings.Replace(playwright, "QUOTE", "  2 failed\n    a.spec.ts:1:1 › x\n  3 passed (4s)\n", 1), "Playwright passed 1/0/0 of 1"},
		{"Mocha in Playwright", strings.Replace(playwright, "QUOTE", mochaBlock, 1), "Playwright passed 1/0/0 of 1"},
		{"TAP in Playwright", strings.Replace(playwright, "QUOTE", "TAP version 13\n1..1\nnot ok 1 - a\n", 1), "Playwright passed 1/0/0 of 1"},
		{"Jest indented in Jest", strings.Replace(jest, "QUOTE", indent(jestBlock), 1), "Jest passed 3/0/0 of 3"},
		{"one line of Jest's", strings.Replace(jest, "QUOTE", "Tests:       9 failed, 9 total\n", 1), "Jest passed 3/0/0 of 3"},
		{"Mocha indented in Jest", strings.Replace(jest, "QUOTE", indent(mochaBlock), 1), "Jest passed 3/0/0 of 3"},
		{"Mocha in Mocha", strings.Replace(mocha, "QUOTE", mochaBlock, 1), "Mocha passed 2/0/0"},
		{"Node indented", indent(nodeBlock), ""},
		{"Jest indented", indent(jestBlock), ""},
		{"lines of TAP", "ok 1 of them\nnot ok 2 - chat\nok then\n1..5\n", ""},
		{"a document", "# Usage\n\n```\n$ node a.js\nTAP version 13\nnot ok 1 - a\n\n1..1\n```\n\n```sh\n" + jestBlock + mochaBlock + "```\n", ""},
		{"after a document", "```\nx\n```\n" + strings.Replace(jest, "QUOTE", "", 1), "Jest passed 3/0/0 of 3"},
		{"words", "3 failed attempts, retrying\n1 passing car\n2 specs, 1 cup\n5 tests passed in 2s\nFAIL: no\nFAIL\nPASS\n12 scenarios\n1 failed\n  1 failed\n", ""},
		{"Go's FAIL", "FAIL\texample.org/a\t0.1s\nFAIL example.org/a [build failed]\n", ""},
		{"ticks of other tools", "✔ Compiled successfully\n  ✔ Preparing lint-staged...\n✖ 1 problem\n✓ built in 3s\n ✓ Generating static pages (3/3)\n", ""},
		{"Karma-like", "Chrome Headless is ready\nExecuted 3 of 4 statements\nFirefox 100: nothing\n", ""},
		{"Cypress-like frames", "│ Tests: 3 │\n│ Failing: 3 │\n✖  1 of 3 failed (33%) 1 2 3 4 5\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, run := range readLog([]byte(tt.log)).Runs {
				if run.Kind != Test || run.Tool == "go test" {
					continue // of other grammars
				}
				got = append(got, brief(run))
			}
			if s := strings.Join(got, "\n"); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

// TestScriptUnfinished cuts real runs off before their last word.
func TestScriptUnfinished(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, log, want string }{
		{"a runner of one's own", "PASS test/a.js\nPASS test/b.test.js\n", ""},
		{"Listr", "\n  ✔ Preparing\n  ✔ Running tasks\nDone in 3s\n", ""},
		{"Codecept", "CodeceptJS v3\n\nx --\n  ✔ visits in 12ms\n\n  OK  | 1 passed   // 3s\n", ""},
		{"another's script", "> x@1.0.0 make\n> forge make\n\n  ✔ Checking\n    ✔ Compiling\n", ""},
		{"times of others", "✔ Built (12.345ms)\n✔ Copied (1.200ms)\n", ""},
		{"vitest bench", " RUN  v3.0.0 /app\n\n ✓ a.bench.ts > x 123ms\n\n BENCH  Summary\n\n  a - a.bench.ts > x\n", ""},
		{"Jest by npm", "> x@1.0.0 test\n> jest\n\nPASS ./a.test.js\n", "Jest unfinished 0/0/0 uncounted"},
		{"Jest", "PASS src/a.test.js\nFAIL src/b.test.js\n  ● b › works\n\n    boom\n", "Jest unfinished 0/1/0 uncounted; b › works: boom @3"},
		{"Vitest", " RUN  v3.0.0 /app\n\n ✓ a.test.ts (1 test) 2ms\n", "Vitest unfinished 0/0/0 uncounted"},
		{"Playwright", "\nRunning 3 tests using 1 worker\n\n  ✓  1 a.spec.ts:1:1 › a (2ms)\n", "Playwright unfinished 0/0/0 of 3 uncounted"},
		{"node:test", "▶ suite\n  ✔ a (0.521000ms)\n", "node:test unfinished 1/0/0"},
		{"TAP", "TAP version 13\n1..3\nok 1 - a\n", "TAP unfinished 1/0/0 of 3"},
		{"Mocha by npm", "\n> x@1.0.0 test\n> mocha\n\n\n\n  suite\n    ✔ one\n", "Mocha unfinished 1/0/0"},
		{"Jasmine", "Randomized with seed 1\nStarted\n..", "Jasmine unfinished 0/0/0 uncounted"},
		{"Karma", "Chrome 90.0 (Linux): Executed 2 of 5 SUCCESS (0 secs / 0 secs)\n", "Karma unfinished 2/0/0 of 5"},
		{"bun", "bun test v1.1.8 (89d25807)\n\na.test.ts:\n✓ a\n", "bun test unfinished 0/0/0 uncounted"},
		{"deno", "running 2 tests from ./a_test.ts\na ... ok (1ms)\n", "deno test unfinished 0/0/0 of 2 uncounted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, run := range readLog([]byte(tt.log)).Runs {
				got = append(got, brief(run))
			}
			if s := strings.Join(got, "\n"); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

// TestScriptProgress tells what runs, and when it is over.
func TestScriptProgress(t *testing.T) {
	t.Parallel()
	r := NewReader()
	_, _ = r.Write([]byte("\nRunning 12 tests using 1 worker\n\n[1/12] a.spec.ts:1:1 › slow\n"))
	if got := r.Progress().Test; got != "a.spec.ts:1:1 › slow" {
		t.Errorf("the test that runs: got %q", got)
	}
	_, _ = r.Write([]byte("  11 passed (3s)\n"))
	if got := r.Progress().Finished; got != "" {
		t.Errorf("11 of 12 are not all, yet %q finished", got)
	}
	_, _ = r.Write([]byte("  1 skipped\n  11 passed (3s)\n"))
	if got := r.Progress().Finished; got != "Playwright" {
		t.Errorf("finished: got %q, want Playwright", got)
	}
	_, _ = r.Write([]byte("PASS src/a.test.js\n"))
	if got := r.Progress(); got.Finished != "" || got.Last != "src/a.test.js" {
		t.Errorf("the next runner began: got %+v", got)
	}
	_, _ = r.Write([]byte("\nTest Suites: 1 passed, 1 total\nTests:       1 passed, 1 total\nSnapshots:   0 total\nTime:        1 s\nRan all test suites.\n"))
	if got := r.Progress().Finished; got != "Jest" {
		t.Errorf("finished: got %q, want Jest", got)
	}
}

// FuzzScript holds that no log breaks the grammars.
func FuzzScript(f *testing.F) {
	f.Add([]byte("Test Suites: 1 failed, 1 total\nTests: 1 failed, 1 total\nSnapshots: 0 total\nTime: 1 s\n"))
	f.Add([]byte("  2 passing (3ms)\n  1 failing\n\n  1) a\n       b:\n     Error: x\n"))
	f.Add([]byte("TAP version 13\n1..2\nok 1 - a # SKIP\n    not ok 1\nnot ok 2 # TODO\n"))
	f.Add([]byte("Running 1 test using 1 worker\n  1 failed\n    a › b\n"))
	f.Add([]byte("  (Run Starting)\n│ Tests: 1 │\n  (Run Finished)\n    ✖  1 of 1 failed (100%) 00:01 1 - 1 - -\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		for _, run := range readLog(log).Runs {
			if run.Passed < 0 || run.Failed < 0 || run.Skipped < 0 || run.State == "" || run.Tool == "" {
				t.Errorf("a run that cannot be: %+v", run)
			}
		}
	})
}
