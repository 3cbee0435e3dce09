package tally

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNativeCases reads outputs in the shapes that the tools document, of tools
// and versions beyond testdata/native, and words that only look like theirs.
func TestNativeCases(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(otherCases(), furtherCases(), pythonCases(), printedCases()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result, _ := read([]byte(tt.log))
			if diff := cmp.Diff(describe(result), tt.want); diff != "" {
				t.Errorf("runs differ (-got +want):\n%s", diff)
			}
		})
	}
}

// nativeCase is a log and what is read in it.
type nativeCase struct{ name, log, want string }

// otherCases are tools that testdata/native has no logs of.
func otherCases() []nativeCase {
	return []nativeCase{
		{"nextest", `    Finished ` + "`test`" + ` profile [unoptimized + debuginfo] target(s) in 0.04s
    Starting 4 tests across 2 binaries (1 test skipped)
        PASS [   0.005s] shop tests::adds
  TRY 1 FAIL [   0.005s] shop tests::flaky
   FLAKY 2/2 [   0.004s] shop tests::flaky
        FAIL [   0.008s] shop::it breaks
------------
     Summary [   0.015s] 4 tests run: 3 passed (1 slow, 1 flaky), 1 failed, 1 skipped
        FAIL [   0.008s] shop::it breaks
error: test run failed
`, "  nextest failed: 3 passed, 1 failed, 1 skipped, 1 flaky, 4 expected @2-8\n    6: shop::it breaks | \n"},
		{"nextest, nothing selected", `    Starting 0 tests across 1 binary (5 tests skipped)
------------
     Summary [   0.000s] 0 tests run: 0 passed, 5 skipped
error: no tests to run
`, "  nextest empty: 0 passed, 0 failed, 5 skipped @1-3\n"},
		{
			"nextest, killed", "    Starting 3 tests across 1 binary\n        PASS [   0.005s] shop a\n",
			"  nextest unfinished: 0 passed, 0 failed, 0 skipped, 3 expected @1-1\n",
		},
		{"XCTest", `Test Suite 'All tests' started at 2026-01-05 21:46:30.868.
Test Case '-[ShopTests.Cart testAdd]' started.
Test Case '-[ShopTests.Cart testAdd]' passed (0.001 seconds).
Test Case '-[ShopTests.Cart testFail]' started.
Test Case '-[ShopTests.Cart testFail]' failed (0.002 seconds).
Test Suite 'All tests' failed at 2026-01-05 21:46:31.000.
	 Executed 2 tests, with 1 failure (0 unexpected) in 0.003 (0.004) seconds
** TEST FAILED **
`, "  XCTest failed: 1 passed, 1 failed, 0 skipped @1-7\n    5: -[ShopTests.Cart testFail] | \n"},
		{"Swift Testing beside an empty XCTest", `Test Suite 'All tests' started at 2026-04-05 21:46:30.868.
Test Suite 'All tests' passed at 2026-04-05 21:46:30.869.
	 Executed 0 tests, with 0 failures (0 unexpected) in 0.000 (0.000) seconds
✔ Test run with 20 tests in 8 suites passed after 0.064 seconds.
`, "  Swift Testing passed: 20 passed, 0 failed, 0 skipped @4-4\n"},
		{
			"Swift Testing fails", "✘ Test run with 5 tests failed after 0.1 seconds with 2 issues.\n",
			"  Swift Testing failed: 3 passed, 2 failed, 0 skipped @1-1\n",
		},
		{"xcodebuild alone", "** TEST FAILED **\n", "  xcodebuild failed: 0 passed, 1 failed, 0 skipped, uncounted @1-1\n"},
		{
			"Flutter", "00:01 +1 -1: cart adds [E]\n07:49 +6413 ~14 -5: Some tests failed.\n",
			"  dart test failed: 6413 passed, 5 failed, 14 skipped @2-2\n    1: cart adds | \n",
		},
		{"Flutter passes", "00:02 +4: All tests passed!\n", "  dart test passed: 4 passed, 0 failed, 0 skipped @1-1\n"},
		{
			"Pest", "\n   PASS  Tests\\Feature\\UpdatePasswordTest\n  ✓ password can be updated  0.12s\n\n  Tests:    7 skipped, 167 passed (338 assertions)\n  Duration: 13.51s\n\n",
			"  Pest passed: 167 passed, 0 failed, 7 skipped @5-5\n",
		},
		{
			"Pest fails", "  FAILED  Tests\\Unit\\CartTest > adds\n\n  Tests:    1 failed, 2 passed (3 assertions)\n  Duration: 0.11s\n",
			"  Pest failed: 2 passed, 1 failed, 0 skipped @3-3\n    1: Tests\\Unit\\CartTest > adds | \n",
		},
		{"elm", "TEST RUN FAILED\n\nDuration: 123 ms\nPassed:   5\nFailed:   2\n", "  elm-test failed: 5 passed, 2 failed, 0 skipped @1-1\n"},
		{
			"Rails", "Running 5 tests in a single process (parallelization threshold is 50)\nRun options: --seed 4242\n\n# Running:\n\n....S\n\nFinished in 0.1s, 50.0 runs/s, 60.0 assertions/s.\n5 runs, 6 assertions, 0 failures, 0 errors, 1 skips\n",
			"  minitest passed: 4 passed, 0 failed, 1 skipped, 5 expected @4-9\n",
		},
		{
			"Robot Framework", "==============================================================================\nShop.Cart                                                             | FAIL |\n2 tests, 1 passed, 1 failed\n==============================================================================\nShop                                                                  | FAIL |\n3 tests, 2 passed, 1 failed\n==============================================================================\nOutput:  /src/output.xml\nLog:     /src/log.html\n",
			"  Robot Framework failed: 2 passed, 1 failed, 0 skipped @6-6\n",
		},
	}
}

// furtherCases are more of them.
func furtherCases() []nativeCase {
	return []nativeCase{
		{
			"cmocka skips", "[==========] tests: Running 2 test(s).\n[==========] tests: 2 test(s) run.\n[  PASSED  ] 1 test(s).\n[  SKIPPED ] tests: 1 test(s), listed below:\n[  SKIPPED ] b\n\n 1 SKIPPED TEST(S)\n",
			"  cmocka passed: 1 passed, 0 failed, 1 skipped @1-2\n",
		},
		{
			"testthat", "══ Results ═══\n[ FAIL 1 | WARN 2 | SKIP 0 | PASS 5 ]\n\n══ Failed tests ══\n── Failure ('test-a.R:2:3'): adds ──\n\n[ FAIL 1 | WARN 2 | SKIP 0 | PASS 5 ]\nError: Test failures\n",
			"  testthat failed: 5 passed, 1 failed, 0 skipped @2-7\n",
		},
		{
			"Julia", "Test Summary: | Pass  Broken  Total\nGAlgebra.jl   | 1289       1   1290\n   Testing GAlgebra tests passed\n",
			"  Julia Test passed: 1289 passed, 0 failed, 1 skipped (GAlgebra.jl) @2-2\n",
		},
		{
			"Julia fails", "Test Summary: | Pass  Fail  Total  Time\nshop          |    3     1      4  0.2s\n  cart        |    1     1      2  0.1s\nERROR: Some tests did not pass: 3 passed, 1 failed, 0 errored, 0 broken.\n",
			"  Julia Test failed: 3 passed, 1 failed, 0 skipped (shop) @2-2\n",
		},
		{"hspec", "Finished in 0.0005 seconds\n5 examples, 1 failure\n", "  hspec failed: 4 passed, 1 failed, 0 skipped @2-2\n"},
		{
			"Codeception", "Codeception PHP Testing Framework v5.1.2 https://stand-with-ukraine.pp.ua\n\nTime: 00:00.012, Memory: 12.00 MB\n\nFAILURES!\nTests: 3, Assertions: 2, Failures: 1.\n",
			"  PHPUnit failed: 2 passed, 1 failed, 0 skipped @3-6\n",
		},
		{"Boost.Test, standard error early", "*** No errors detected\nRunning 3 test cases...\n", "  Boost.Test passed: 3 passed, 0 failed, 0 skipped, 3 expected @2-2\n"},
		{
			"Ginkgo", "Ran 5 of 6 Specs in 0.123 seconds\nFAIL! -- 4 Passed | 1 Failed | 0 Pending | 1 Skipped\n--- FAIL: TestShop (0.12s)\nFAIL\nFAIL\texample.org/shop\t0.2s\nFAIL\n",
			"  go test failed: 0 passed, 1 failed, 0 skipped, uncounted @3-5\n    3: TestShop | \n  Ginkgo failed: 4 passed, 1 failed, 1 skipped @1-2\n",
		},
		{
			"Ginkgo, focused", "Ran 1 of 6 Specs in 0.1 seconds\nSUCCESS! -- 1 Passed | 0 Failed | 0 Pending | 5 Skipped\nPASS | FOCUSED\nDetected Programmatic Focus - setting exit status to 197\n",
			"  Ginkgo passed: 1 passed, 0 failed, 5 skipped, focused @1-2\n",
		},
		{
			"Automake", "============================================================================\nTestsuite summary for shop 1.0\n============================================================================\n# TOTAL: 4\n# PASS:  2\n# SKIP:  1\n# XFAIL: 0\n# FAIL:  1\n# XPASS: 0\n# ERROR: 0\n============================================================================\nSee ./test-suite.log\n",
			"  Automake failed: 2 passed, 1 failed, 1 skipped @2-10\n",
		},
		{
			"Meson", "1/3 a OK 0.01s\n\nOk:                 2   \nExpected Fail:      0   \nFail:               1   \nUnexpected Pass:    0   \nSkipped:            0   \nTimeout:            0   \n",
			"  Meson failed: 2 passed, 1 failed, 0 skipped @3-8\n",
		},
		{
			"Qt Test", "********* Start testing of TestCart *********\nConfig: Using QtTest library 5.15.8, Qt 5.15.8\nPASS   : TestCart::initTestCase()\nFAIL!  : TestCart::adds() Compared values are not the same\nTotals: 2 passed, 1 failed, 0 skipped, 0 blacklisted, 1ms\n********* Finished testing of TestCart *********\n",
			"  Qt Test failed: 2 passed, 1 failed, 0 skipped (TestCart) @1-5\n    4: TestCart::adds() | Compared values are not the same\n",
		},
		{
			"Unity", "test.c:8:test_adds:PASS\ntest.c:9:test_fails:FAIL: Expected 1 Was 2\n\n-----------------------\n2 Tests 1 Failures 0 Ignored \nFAIL\n",
			"  Unity failed: 1 passed, 1 failed, 0 skipped @5-6\n",
		},
		{
			"cmocka", "[==========] tests: Running 2 test(s).\n[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[  FAILED  ] b\n[==========] tests: 2 test(s) run.\n[  PASSED  ] 1 test(s).\n[  FAILED  ] tests: 1 test(s), listed below:\n[  FAILED  ] b\n\n 1 FAILED TEST(S)\n",
			"  cmocka failed: 1 passed, 1 failed, 0 skipped @1-6\n",
		},
	}
}

// pythonCases are plugins and versions of Python's runners.
func pythonCases() []nativeCase {
	return []nativeCase{
		{
			"pytest-sugar", "Test session starts (platform: linux, Python 3.11.2)\n\n\nResults (0.06s):\n       2 passed\n       1 failed\n         - test_a.py:1 test_a\n",
			"  pytest failed: 2 passed, 1 failed, 0 skipped @4-4\n",
		},
		{
			"pytest with a plugin's own word", "===== test session starts =====\ncollected 3 items\n\na.py ...\n\n===== 3 passed, 2 snapshots in 1.02s (0:00:01) =====\n",
			"  pytest passed: 3 passed, 0 failed, 0 skipped, 3 expected @1-6\n",
		},
		{
			"pytest --lf", "===== test session starts =====\ncollected 1 item\nrun-last-failure: rerun previous 1 failure\n\na.py .\n\n===== 1 passed in 0.02s =====\n",
			"  pytest passed: 1 passed, 0 failed, 0 skipped, 1 expected, rerun @1-7\n",
		},
		{"pytest --collect-only", "===== test session starts =====\ncollected 3 items / 2 deselected / 1 selected\n\n<Module a.py>\n\n===== 1/3 tests collected (2 deselected) in 0.00s =====\n", ""},
		{
			"pytest --collect-only with an error", "===== test session starts =====\ncollected 3 items / 1 error\n\n===== 3 tests collected, 1 error in 0.11s =====\n",
			"  pytest failed: 0 passed, 1 failed, 0 skipped, 3 expected @1-4\n",
		},
		{
			"pytest, failures that passed in a new process", "===== test session starts =====\ncollected 3 items\n\n!!!!! stopping after 1 failures !!!!!\n===== 1 failed, 1 passed, 2 rerun in 1.00s =====\nGot exit code 1\n===== test session starts =====\ncollected 3 items / 2 deselected / 1 selected\nRunning 1 items in this shard\n\n===== 1 passed, 2 deselected in 0.50s =====\nThe following tests failed and then succeeded when run in a new process['a.py::T::t']\n",
			"  pytest passed: 2 passed, 0 failed, 0 skipped, 1 flaky @1-5\n  pytest passed: 1 passed, 0 failed, 0 skipped, 1 expected @7-11\n",
		},
		{
			"pytest, one failed consistently", "===== test session starts =====\ncollected 1 item\n===== 1 failed in 1.00s =====\nThe following tests failed consistently: ['a.py::T::t']\nThe following tests failed and then succeeded when run in a new process['a.py::T::u']\n",
			"  pytest failed: 0 passed, 1 failed, 0 skipped, 1 expected @1-3\n",
		},
		{
			"pytest in shards", "===== test session starts =====\ncollected 9 items\nRunning 3 items in this shard: a, b, c\n\n===== 3 passed in 0.50s =====\n",
			"  pytest passed: 3 passed, 0 failed, 0 skipped, 3 expected @1-5\n",
		},
		{
			"pytest with items taken away", "===== test session starts =====\ncollected 9 items\n\n===== 3 passed in 0.50s =====\n",
			"  pytest passed: 3 passed, 0 failed, 0 skipped @1-4\n",
		},
		{
			"pytest.exit", "===== test session starts =====\ncollected 9 items\n\na.py ...\n\n!!!!! _pytest.outcomes.Exit: enough !!!!!\n===== 3 passed in 0.50s =====\n",
			"  pytest passed: 3 passed, 0 failed, 0 skipped, 9 expected @1-7\n",
		},
		{
			"pytest, old", "======= test session starts =======\ncollected 2 items\n\n======= 1 failed, 1 passed in 0.12 seconds =======\n",
			"  pytest failed: 1 passed, 1 failed, 0 skipped, 2 expected @1-4\n",
		},
		{
			"two pytest sessions, the first crashed", "===== test session starts =====\ncollected 9 items\n\na.py ..Segmentation fault (core dumped)\n===== test session starts =====\ncollected 1 item\n\nb.py .\n\n===== 1 passed in 0.01s =====\n",
			"  pytest unfinished: 0 passed, 0 failed, 0 skipped, 9 expected @1-1\n  pytest passed: 1 passed, 0 failed, 0 skipped, 1 expected @5-10\n",
		},
		{
			"flaky plugin", "===== test session starts =====\ncollected 1 item\n\na.py .\n===Flaky Test Report===\n\ntest_a failed (1 runs remaining out of 2).\n\t<class 'AssertionError'>\ntest_a passed 1 out of the required 1 times. Success!\n\n===End Flaky Test Report===\n===== 1 passed in 0.02s =====\n",
			"  pytest passed: 1 passed, 0 failed, 0 skipped, 1 flaky, 1 expected @1-12\n",
		},
		{
			"unittest of Python 3.12 without tests", strings.Repeat("-", 70) + "\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n",
			"  unittest empty: 0 passed, 0 failed, 0 skipped @2-4\n",
		},
		{
			"Django, parallel, killed", "Found 12 test(s).\nCreating test database for alias 'default'...\nSystem check identified no issues (0 silenced).\n",
			"  unittest unfinished: 0 passed, 0 failed, 0 skipped, 12 expected @1-1\n",
		},
		{
			"Django, standard output last", ".\n" + strings.Repeat("-", 70) + "\nRan 1 test in 0.001s\n\nOK\nFound 1 test(s).\nSystem check identified no issues (0 silenced).\n",
			"  unittest passed: 1 passed, 0 failed, 0 skipped @3-5\n",
		},
		{"Twisted", strings.Repeat("-", 79) + "\nRan 3 tests in 0.009s\n\nPASSED (successes=3)\n", ""},
	}
}

// printedCases are shapes that mislead, and words that mean nothing.
func printedCases() []nativeCase {
	return []nativeCase{
		{
			"RSpec ignores its focus filter", "Run options: include {:focus=>true}\n\nAll examples were filtered out; ignoring {:focus=>true}\n.\n\nFinished in 0.01 seconds (files took 0.1 seconds to load)\n1 example, 0 failures\n",
			"  RSpec passed: 1 passed, 0 failed, 0 skipped @1-7\n",
		},
		{
			"RSpec, Ruby 3.4", "Run options: include {focus: true}\n.\n\nFinished in 1 minute 3.2 seconds (files took 2.1 seconds to load)\n1 example, 0 failures\n",
			"  RSpec passed: 1 passed, 0 failed, 0 skipped, focused @1-5\n",
		},
		{
			"PHPUnit 11", "PHPUnit 11.2.1 by Sebastian Bergmann and contributors.\n\nRuntime:       PHP 8.3.8\nConfiguration: /src/phpunit.xml\n\n....                                                                4 / 4 (100%)\n\nTime: 00:00.010, Memory: 10.00 MB\n\nOK, but there were issues!\nTests: 4, Assertions: 4, Deprecations: 1.\n",
			"  PHPUnit passed: 4 passed, 0 failed, 0 skipped @1-11\n",
		},
		{"PHPUnit only told its version", "PHPUnit 9.6.7 by Sebastian Bergmann and contributors.\n\n", ""},
		{
			"cargo test, standard error early", "    Finished `test` profile [unoptimized] target(s) in 0.05s\n     Running unittests src/lib.rs (target/debug/deps/shop-1)\n\nrunning 2 tests\ntest a ... ok\n     Running tests/it.rs (target/debug/deps/it-1)\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\nrunning 1 test\ntest c ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
			"  cargo test passed: 3 passed, 0 failed, 0 skipped, 3 expected @2-14\n",
		},
		{"cargo bench", "    Finished `bench` profile [optimized] target(s) in 0.05s\n     Running unittests src/lib.rs (target/release/deps/shop-1)\n\nrunning 2 tests\ntest a ... ignored\ntest b ... ignored\n\ntest result: ok. 0 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n", ""},
		{"cargo run", "    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.05s\n     Running `target/debug/shop`\n3\n", ""},
		{"cargo test with a harness of its own", "    Finished `test` profile [unoptimized] target(s) in 0.05s\n     Running unittests src/lib.rs (target/debug/deps/shop-1)\n\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n     Running tests/cucumber.rs (target/debug/deps/cucumber-1)\n[Summary]\n1 feature\n3 scenarios (3 passed)\n", ""},
		{
			"go test in its own directory, with a test that prints", "--- FAIL: TestInner (0.00s)\n    inner_test.go:5: expected\nFAIL\nFAIL\texample.org/inner\t0.001s\nPASS\nok  \texample.org/shop\t0.002s\n",
			"  go test passed: 1 passed, 0 failed, 0 skipped, uncounted @1-6\n",
		},
		{
			"go test of one package, then of another with -v", "ok  \texample.org/a\t0.1s\n=== RUN   TestX\n--- PASS: TestX (0.00s)\nPASS\nok  \texample.org/b\t0.1s\nok  \texample.org/c\t0.1s\n",
			"  go test passed: 1 passed, 0 failed, 0 skipped @1-6\n",
		},
		{
			"go test -v, TestMain exits in one package", "=== RUN   TestX\n--- PASS: TestX (0.00s)\nPASS\nok  \texample.org/a\t0.1s\nok  \texample.org/b\t0.1s\n=== RUN   TestY\n--- PASS: TestY (0.00s)\nPASS\nok  \texample.org/c\t0.1s\n",
			"  go test empty: 0 passed, 0 failed, 0 skipped (example.org/b) @5-5\n  go test passed: 2 passed, 0 failed, 0 skipped @1-9\n",
		},
		{"go test -v, killed", "=== RUN   TestX\n    x_test.go:3: waiting\n", "  go test unfinished: 0 passed, 0 failed, 0 skipped @1-1\n"},
		{
			"a Go test binary", "=== RUN   TestX\n    x_test.go:3: bad\n--- FAIL: TestX (0.00s)\nFAIL\n",
			"  go test failed: 0 passed, 1 failed, 0 skipped @1-3\n    3: TestX | x_test.go:3: bad\n",
		},
		{
			"go test without packages", "go: warning: \"./...\" matched no packages\nno packages to test\n",
			"  go test empty: 0 passed, 0 failed, 0 skipped @2-2\n  mark nothing-selected 1: go: warning: \"./...\" matched no packages\n",
		},
		{
			"go test timed out", "panic: test timed out after 1s\n\trunning tests:\n\t\tTestX (1s)\n\ngoroutine 7 [running]:\nFAIL\texample.org/a\t1.004s\nFAIL\n",
			"  go test failed: 0 passed, 1 failed, 0 skipped, uncounted @6-6\n    6: example.org/a | panic: test timed out after 1s\n",
		},
		{"words only", strings.Join([]string{
			"FAIL", "FAILED", "OK", "PASS", "error: something failed", "panic: no", "FAILURES!", "ERRORS!", "Tests: 5, Assertions: 9, Failures: 1.",
			"5 examples, 1 failure", "5 runs, 6 assertions, 1 failures, 0 errors, 0 skips", "1 failed, 2 passed in 0.1s", "===== 1 failed in 0.1s =====",
			"Ran 3 tests in 0.1s", "FAILED (failures=1)", "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
			"[  FAILED  ] 1 test, listed below:", "[  FAILED  ] A.B", "1 FAILED TEST", "0% tests passed, 3 tests failed out of 3", "test cases: 3 | 2 passed | 1 failed",
			"5 tests, 1 failure", "--- FAIL: TestX", "FAIL\tnothing", "DONE 3 of 4", "*** 1 failure is detected", "TEST FAILED",
			"running 3 tests", "running 3 tests of the shop", "Executed 5 tests, with 1 failure (0 unexpected) in 0.1 (0.1) seconds", "    Starting 3 servers",
			"collected 5 items", "FAILED tests/a.py::b - no", "ERROR tests/a.py", "Finished in 3.2 seconds", "ok", "not ok", "Failed: 3",
		}, "\n") + "\n", ""},
	}
}
