package tally

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// form is what a tool prints and what is told of it.
type form struct{ name, log, want string }

func dotnetForms() []form {
	return []form{
		{
			"vstest by assembly",
			`Failed!  - Failed:     1, Passed:     4, Skipped:     2, Total:     7, Duration: 10 ms - Shop.Tests.dll (net8.0)
Passed!  - Failed:     0, Passed:     5, Skipped:     0, Total:     5, Duration: 9 ms - Cart.Tests.dll (net8.0)`,
			`dotnet test test failed passed=4 failed=1 skipped=2 name=Shop.Tests.dll (net8.0) lines 1-1
dotnet test test passed passed=5 name=Cart.Tests.dll (net8.0) lines 2-2
`,
		},
		{
			"vstest by list",
			"Test Run Failed.\nTotal tests: 8\n     Passed: 5\n     Failed: 3\n Total time: 1.3661 Seconds",
			"dotnet test test failed passed=5 failed=3 lines 2-4\n",
		},
		{
			"vstest by list, passed",
			"Test Run Successful.\nTotal tests: 5\n     Passed: 5\n Total time: 1.3661 Seconds",
			"dotnet test test passed passed=5 lines 2-3\n",
		},
		{
			"vstest of old",
			"Total tests: 39. Passed: 33. Failed: 4. Skipped: 2.\nTest Run Failed.",
			"dotnet test test failed passed=33 failed=4 skipped=2 lines 1-1\n",
		},
		{
			"vstest of old, failed without a failure",
			"Total tests: 261. Passed: 261. Failed: 0. Skipped: 0.\nTest Run Failed.",
			"dotnet test test passed passed=261 lines 1-1\ndotnet test test failed failed=1 lines 2-2\n",
		},
		{
			"vstest with nothing to run",
			"No test matches the given testcase filter `Name=x` in /app/Shop.Tests.dll",
			"dotnet test test empty lines 1-1\nmark nothing-selected dotnet test line 1: No test matches the given testcase filter `Name=x` in /app/Shop.Tests.dll\n",
		},
		{
			"vstest whose filter matches in one assembly",
			"No test matches the given testcase filter `Name=x` in /app/A.dll\nPassed!  - Failed:     0, Passed:     5, Skipped:     0, Total:     5, Duration: 9 ms - B.dll (net8.0)",
			"dotnet test test passed passed=5 name=B.dll (net8.0) lines 2-2\ndotnet test test empty lines 1-1\n",
		},
		{
			"a test host that crashed",
			"The active test run was aborted. Reason: Test host process crashed : Fatal error. Internal CLR error.\nTest Run Aborted.",
			"dotnet test test failed failed=1 lines 2-2\nmark crashed-worker dotnet test line 1: The active test run was aborted. Reason: Test host process crashed : Fatal error. Internal CLR error.\n",
		},
		{
			"Microsoft.Testing.Platform",
			"Test run summary: Failed! - bin/Debug/net9.0/A.dll (net9.0|x64)\n  total: 7\n  failed: 1\n  succeeded: 6\n  skipped: 0\n  duration: 227ms",
			"Microsoft.Testing.Platform test failed passed=6 failed=1 expected=7 lines 1-6\n",
		},
		{
			"Microsoft.Testing.Platform without tests",
			"Test run summary: Zero tests ran\n  total: 0\n  failed: 0\n  succeeded: 0\n  skipped: 0\n  duration: 27ms",
			"Microsoft.Testing.Platform test empty lines 1-6\n",
		},
		{
			"the terminal logger",
			"Test summary: total: 5, failed: 1, succeeded: 4, skipped: 0, duration: 0.2s\nBuild failed with 1 error(s) and 2 warning(s) in 0.9s",
			"dotnet test test failed passed=4 failed=1 lines 1-1\nMSBuild build failed failed=1 warnings=2 lines 2-2\n",
		},
		{
			"MSBuild",
			"Program.cs(3,5): error CS1002: ; expected [/app/a.csproj]\n\nBuild FAILED.\n\nProgram.cs(3,5): error CS1002: ; expected [/app/a.csproj]\n    2 Warning(s)\n    1 Error(s)\n\nTime Elapsed 00:00:01.23",
			"MSBuild build failed failed=1 warnings=2 lines 3-7\n  1: Program.cs(3,5)\n",
		},
		{
			"MSBuild, well",
			"Build succeeded.\n    0 Warning(s)\n    0 Error(s)\n\nTime Elapsed 00:00:01.23",
			"MSBuild build passed lines 1-3\n",
		},
	}
}

func jvmForms() []form {
	return []form{
		{
			"Surefire with flakes in Jenkins",
			`[2023-02-08T07:29:15.204Z] [INFO] --- surefire:3.0.0:test (default-test) @ agent ---
[2023-02-08T07:29:15.204Z] [INFO]  T E S T S
[2023-02-08T07:29:15.204Z] [INFO] Results:
[2023-02-08T07:29:15.204Z] [WARNING] Flakes: 
[2023-02-08T07:29:15.204Z] [ERROR]   Run 1: FlakyTest.passOnSecondRun:38 [This test is expected to fail in its first run] 
[2023-02-08T07:29:15.204Z] [INFO]   Run 2: PASS
[2023-02-08T07:29:15.204Z] [WARNING] Tests run: 970, Failures: 0, Errors: 0, Skipped: 1, Flakes: 1
[2023-02-08T07:29:15.204Z] [INFO] BUILD SUCCESS`,
			"Surefire test passed passed=969 skipped=1 flaky=1 name=agent lines 7-7\nMaven build passed lines 8-8\n",
		},
		{
			"Gradle that ignores",
			"> Task :app:test\n\nA > b FAILED\n    java.lang.AssertionError at A.java:1\n\n245 tests completed, 1 failed, 3 skipped\nThere were failing tests. See the report at: file:///app/index.html\n\nBUILD SUCCESSFUL in 36s\n2 actionable tasks: 2 executed",
			"Gradle test failed passed=241 failed=1 skipped=3 name=:app:test lines 6-6\nGradle build passed lines 9-9\n",
		},
		{
			"Gradle that fails",
			"> Task :compileJava\n> Task :test\n\nA > b FAILED\n\n2 tests completed, 1 failed\n\n> Task :test FAILED\n\nFAILURE: Build failed with an exception.\n\n* What went wrong:\nExecution failed for task ':test'.\n> There were failing tests. See the report at: file:///app/index.html\n\nBUILD FAILED in 1s",
			"Gradle test failed passed=1 failed=1 name=:test lines 6-6\nGradle build failed failed=1 lines 16-16\n",
		},
		{
			"Gradle's test-retry plugin",
			"> Task :test\n\nA > b FAILED\n\nA > b PASSED\n\n3 tests completed, 1 failed\n\nBUILD SUCCESSFUL in 3s",
			"Gradle test passed passed=3 flaky=1 name=:test lines 7-7\nGradle build passed lines 9-9\n",
		},
		{
			"Gradle, well",
			"> Task :compileTestJava\n> Task :test\n> Task :lib:test NO-SOURCE\n> Task :web:test UP-TO-DATE\n\nBUILD SUCCESSFUL in 3s",
			"Gradle test passed passed=1 uncounted name=:test lines 2-2\nGradle test empty uncounted name=:lib:test lines 3-3\nGradle test passed passed=1 uncounted name=:web:test lines 4-4\nGradle build passed lines 6-6\n",
		},
		{
			"Gradle in GitHub's stamps",
			"2026-07-29T04:36:28.4540735Z > Task :test FROM-CACHE\n2026-07-29T04:36:28.4540735Z BUILD SUCCESSFUL in 1s",
			"Gradle test passed passed=1 uncounted name=:test lines 1-1\nGradle build passed lines 2-2\nmark cache-replay Gradle line 1: > Task :test FROM-CACHE\n",
		},
	}
}

func otherForms() []form {
	return []form{
		{
			"NUnit",
			"Test Run Summary\n  Overall result: Failed\n  Test Count: 5, Passed: 3, Failed: 1, Warnings: 0, Inconclusive: 0, Skipped: 1\n    Failed Tests - Failures: 1, Errors: 0, Invalid: 0",
			"NUnit test failed passed=3 failed=1 skipped=1 expected=5 lines 3-3\n",
		},
		{
			"xUnit",
			"=== TEST EXECUTION SUMMARY ===\n   MyTests  Total: 3, Errors: 0, Failed: 1, Skipped: 0, Time: 0.208s",
			"xUnit test failed passed=2 failed=1 name=MyTests lines 2-2\n",
		},
		{"TestNG 7", "===============================================\nDefault Suite\nTotal tests run: 5, Passes: 3, Failures: 1, Skips: 1\n===============================================", "TestNG test failed passed=3 failed=1 skipped=1 lines 3-3\n"},
		{"tsc that watches", "Found 2 errors. Watching for file changes.", "tsc build failed failed=2 lines 1-1\n"},
		{"tsc in one file", "Found 2 errors in the same file, starting at: src/a.ts:1", "tsc build failed failed=2 lines 1-1\n"},
		{"tsc with one", "Found 1 error in src/a.ts:1", "tsc build failed failed=1 lines 1-1\n"},
		{"mypy", "a.py:1: error: Name \"x\" is not defined  [name-defined]\nFound 1 error in 1 file (checked 2 source files)", "mypy lint failed failed=1 lines 2-2\n"},
		{"mypy, well", "Success: no issues found in 12 source files", "mypy lint passed lines 1-1\n"},
		{"Ruff", "Found 3 errors.\n[*] 2 fixable with the `--fix` option.", "Ruff lint failed failed=3 lines 1-1\n"},
		{"Ruff that fixed all", "Found 3 errors (3 fixed, 0 remaining).", "Ruff lint passed lines 1-1\n"},
		{"RuboCop", "55 files inspected, 262 offenses detected", "RuboCop lint failed failed=262 lines 1-1\n"},
		{"RuboCop that corrected all", "5 files inspected, 3 offenses detected, 3 offenses corrected", "RuboCop lint passed lines 1-1\n"},
		{"RuboCop, well", "5 files inspected, no offenses detected", "RuboCop lint passed lines 1-1\n"},
		{"golangci-lint", "3 issues:\n* errcheck: 3", "golangci-lint lint failed failed=3 lines 1-1\n"},
		{"mvn test with nothing to run", "[INFO] --- surefire:3.2.5:test (default-test) @ shop ---\n[INFO] No tests to run.\n[INFO] BUILD SUCCESS", "Surefire test empty name=shop lines 2-2\nMaven build passed lines 3-3\n"},
		{"gradle test with nothing to run", "> Task :test NO-SOURCE\n\nBUILD SUCCESSFUL in 1s", "Gradle test empty uncounted name=:test lines 1-1\nGradle build passed lines 3-3\n"},
		{"psql that goes on", "CREATE TABLE\npsql:m.sql:12: ERROR:  column \"x\" does not exist\npsql:m.sql:13: ERROR:  relation \"y\" already exists", "psql task failed failed=1 lines 2-2\n  2: m.sql:12\n"},
		{"mysql that goes on", "ERROR 1064 (42000) at line 3: You have an error in your SQL syntax", "mysql task failed failed=1 lines 1-1\n"},
		{"a missing command", "sh: 1: jest: not found", "mark child-failed shell line 1: sh: 1: jest: not found\n"},
		{"a shell of macOS", "s.sh: line 3: 123 Killed: 9               node a.js\nSegmentation fault: 11", "mark killed-child shell line 1: s.sh: line 3: 123 Killed: 9               node a.js\nmark killed-child shell line 2: Segmentation fault: 11\n"},
		{"tsc without files", "error TS18003: No inputs were found in config file 'tsconfig.json'.", "tsc build failed failed=1 lines 1-1\n  1: \n"},
		{"Travis", "The command \"npm test\" exited with 1.", "mark contradiction CI line 1: The command \"npm test\" exited with 1.\n"},
		{"rsync", "rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1338) [sender=3.2.7]", "rsync task failed failed=1 lines 1-1\n"},
		{"Python's multiprocessing", "Process Process-1:\nTraceback (most recent call last):\n  File \"/usr/lib/python3.11/multiprocessing/process.py\", line 314, in _bootstrap\n    self.run()\nValueError: x\nall done", "mark child-failed Python line 5: ValueError: x\n"},
		{"deno lint", "Found 2 problems\nChecked 3 files", "deno lint lint failed failed=2 lines 1-1\n"},
		{"Jenkins", "ERROR: script returned exit code 1\nFinished: FAILURE", "mark contradiction CI line 1: ERROR: script returned exit code 1\nmark contradiction CI line 2: Finished: FAILURE\n"},
		{
			"Maven with modules side by side",
			"[INFO] Scanning for projects...\n[INFO] Using the MultiThreadedBuilder implementation with a thread count of 2\n[INFO] --- surefire:3.2.5:test (default-test) @ a ---\n[INFO] --- surefire:3.2.5:test (default-test) @ b ---\n[INFO]  T E S T S\n[INFO]  T E S T S\n[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in A\n[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in B\n[INFO] Results:\n[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n[INFO] Results:\n[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS",
			"Surefire test passed passed=2 lines 10-10\nSurefire test passed passed=3 lines 7-12\nMaven build passed lines 13-13\n",
		},
		{
			"Surefire that was killed",
			"[INFO]  T E S T S\n[INFO] Running A\n[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in A\n[INFO] Running B",
			"Surefire test unfinished passed=2 lines 3-3\n",
		},
		{"NUnit 2", "Tests run: 5, Errors: 1, Failures: 1, Inconclusive: 0, Time: 0.1 seconds", "NUnit test failed passed=3 failed=2 lines 1-1\n"},
		{"Visual Studio", "========== Build: 1 succeeded, 1 failed, 0 up-to-date, 0 skipped ==========", "Visual Studio build failed failed=1 lines 1-1\n"},
		{"Newman", "│              assertions │        5 │        1 │", "Newman test failed passed=4 failed=1 lines 1-1\n"},
		{"MkDocs", "Aborted with 2 warnings in strict mode!", "MkDocs build failed failed=2 lines 1-1\n"},
		{"helm lint", "2 chart(s) linted, 1 chart(s) failed", "Helm lint failed failed=1 lines 1-1\n"},
		{"ruff format", "Would reformat: a.py\n1 file would be reformatted, 3 files already formatted", "Ruff lint failed failed=1 lines 2-2\n"},
		{"two builds of Maven", "[INFO] Scanning for projects...\n[INFO] BUILD FAILURE\n[INFO] Scanning for projects...\n[INFO] BUILD SUCCESS", "Maven build failed failed=1 lines 2-2\nMaven build passed lines 4-4\n"},
		{"tsc under a problem matcher", "##[error]src/a.ts(1,5): error TS2322: x", "tsc build failed failed=1 lines 1-1\n  1: src/a.ts(1,5)\nmark contradiction CI line 1: ##[error]src/a.ts(1,5): error TS2322: x\n"},
		{"GitHub", "##[error]Process completed with exit code 1.", "mark contradiction CI line 1: ##[error]Process completed with exit code 1.\n"},
		{"golangci-lint, well", "0 issues.", "golangci-lint lint passed lines 1-1\n"},
		{"Pyright", "3 errors, 1 warning, 0 informations", "Pyright lint failed failed=3 warnings=1 lines 1-1\n"},
		{"PHPStan", "\n [ERROR] Found 3 errors\n", "PHPStan lint failed failed=3 lines 2-2\n"},
		{"Black", "would reformat a.py\n\nOh no! 💥 💔 💥\n1 file would be reformatted, 2 files would be left unchanged.", "Black lint failed failed=1 lines 4-4\n"},
		{"pre-commit", "ruff.....................................................................Failed\n- hook id: ruff\n- exit code: 1\n\nblack....Failed\n- hook id: black\n- files were modified by this hook", "pre-commit lint failed failed=2 lines 3-7\n  3: ruff\n  7: black\n"},
		{"pre-commit, told at length", "- hook id: ruff\n- duration: 0.1s\n", ""},
		{"webpack 4", "Hash: 2a\nVersion: webpack 4.46.0\nTime: 40ms\n\nERROR in ./src/x.js 1:0\nModule not found: Error: Can't resolve './y'", "webpack build failed failed=1 lines 5-5\n  5: ./src/x.js 1:0\n"},
		{"Create React App", "Failed to compile.\n\nModule not found", "Next or Create React App build failed failed=1 lines 1-1\n"},
		{"Ansible", "PLAY RECAP *********************\nweb1                       : ok=2    changed=1    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0\nweb2                       : ok=2    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0", "Ansible task failed passed=1 failed=1 lines 1-2\n  2: web1\n"},
		{"Docker", "ERROR: failed to solve: process \"/bin/sh -c npm test\" did not complete successfully: exit code: 1", "docker build build failed failed=1 lines 1-1\n"},
		{"Terraform", "╷\n│ Error: Invalid count argument\n│ \n╵", "Terraform task failed failed=1 lines 2-2\n"},
		{"Bazel", "//a:b                 PASSED in 0.3s\n//a:c                 FAILED in 0.2s\nExecuted 2 out of 2 tests: 1 test passes and 1 fails locally.", "Bazel test failed passed=1 failed=1 expected=2 uncounted lines 3-3\n  2: //a:c\n"},
		{"Bazel from its cache", "//a:b   (cached) PASSED in 0.3s\nExecuted 0 out of 1 test: 1 test passes.", "Bazel test passed passed=1 expected=1 uncounted lines 2-2\nmark cache-replay Bazel line 2: Executed 0 out of 1 test: 1 test passes.\n"},
		{"sbt", "[error] Failed: Total 5, Failed 1, Errors 0, Passed 4\n[error] Total time: 2 s, completed Oct 23, 2016", "sbt test failed passed=4 failed=1 lines 1-1\nsbt build failed failed=1 lines 2-2\n"},
		{"compose", "Attaching to api-1, tests-1\ntests-1  | Tests:       1 failed, 1 total\ntests-1 exited with code 1\napi-1 exited with code 137", "mark remote-status docker compose line 3: tests-1 exited with code 1\n"},
	}
}

// TestBuildForms reads what tools print that could not be run for testdata; the
// texts stand in their makers' documents and issues.
func TestBuildForms(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(dotnetForms(), jvmForms(), otherForms()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := told([]byte(tt.log + "\n"))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestCleanBuilds: nothing bad is told of green logs full of bad words.
func TestCleanBuilds(t *testing.T) {
	t.Parallel()
	for _, log := range []string{
		"npm warn deprecated request@2.88.2: request has been deprecated\nnpm warn ERESOLVE overriding peer dependency\nadded 12 packages\nfound 0 vulnerabilities",
		"npm error code E404\nnpm error 404 Not Found - GET https://registry.npmjs.org/@a%2fb\nPublishing @a/b",
		"npm ERR! code EUSAGE\nnpm ERR! `npm ci` can only install packages when\nadded 3 packages",
		"src/error-handler.ts compiled\nerrors/failed.go ok\n0 errors\n0 failed\nFailed: 0\nErrors: 0\nfailures=0",
		"✖ 2 problems (0 errors, 2 warnings)",
		"Retrying download (1/3)… error: connection reset\ndownload succeeded",
		"WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'ReadTimeoutError'",
		"make: Entering directory '/app'\nmake[1]: Nothing to be done for 'all'.\nmake: 'dist/app.js' is up to date.\nmake: Leaving directory '/app'",
		"rm -f *.o\nrm: cannot remove 'x': No such file\nmake: [Makefile:9: clean] Error 1 (ignored)",
		"[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.02 s - in ErrorFailureTest\n[INFO] Results:\n[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS",
		"2026-01-01 10:00:00 ERROR [main] expected in a test: java.lang.IllegalStateException: boom\n\tat a.B.c(B.java:3)\nCaused by: java.io.IOException: BUILD FAILED",
		"    Traceback (most recent call last):\n      File \"x.py\", line 1, in <module>\n    ValueError: quoted",
		"ERROR:root:cache failed\nTraceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    1/0\nZeroDivisionError: division by zero\nok",
		"Traceback (most recent call last):\n  File \"/app/worker.py\", line 10, in handle\n    raise ValueError()\nValueError\nretried, fine",
		"Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nModuleNotFoundError: No module named 'x'\nInstalling x",
		"Exception ignored in: <function X.__del__ at 0x1>\nTraceback (most recent call last):\n  File \"x.py\", line 1, in __del__\nAttributeError: 'NoneType'",
		"2024/01/01 10:00:00 http: panic serving 127.0.0.1:1: boom\ngoroutine 18 [running]:\nnet/http.(*conn).serve.func1()",
		"panic: recovered and told in one line\nserver goes on",
		"Running on Node.js v20.1.0\nNode.js v20.1.0\nUsing npm 10",
		"thread 'tests::fails_well' panicked at src/lib.rs:1:1:\nnote: run with `RUST_BACKTRACE=1`\ntest tests::fails_well - should panic ... ok",
		"s.sh: line 5:  8900 Terminated              node server.js",
		"[1]+  Done                    npm start\n[1] 4242\n[2]-  Terminated              sleep 100",
		"# Changelog\nmain.go: changed\n# Errors\n./x.go is new",
		"# github.com/mattn/go-sqlite3\nsqlite3-binding.c:128049:10: warning: function may return address of local variable [-Wreturn-local-addr]",
		"# example.com/a\n./a.go:5:10: warning: implicit declaration of function ‘x’",
		"-- Looking for strlcpy - not found\n-- Performing Test HAVE_ERROR - Failed\n-- Configuring done",
		"echo '##[error]not at the beginning'\nsee ::error:: in the docs",
		"The build failed yesterday: BUILD FAILED in 3s\n  BUILD FAILED\n> BUILD FAILED",
		"web-1  | error: 0\nweb-1 exited with code 0",
		"> Task :lintVitalAnalyzeRelease\n> Task :assembleDebugAndroidTest FAILED-SAFE\n> Task :compileTestJava NO-SOURCE",
		"Build succeeded.\n\nwarning CS0618: 'x' is obsolete: error in the docs\n    1 Warning(s)\n    0 Error(s)",
		"Finished in 0.1 seconds\nCompiled successfully in 3 s with 0 errors",
		"webpack 5.90.0 compiled with 2 warnings in 300 ms",
		"[api] Build failed with 3 errors, says the fixture\n[info] Failed: Total is a word",
		"0 issues found in errors.ts\nNo errors found!\n0 errors found",
		"##[error]fatal: unable to access 'https://github.com/a/b/'\nThe process '/usr/bin/git' failed with exit code 128\nWaiting 17 seconds before trying again\nok",
		"[INFO] Scanning for projects...\n[INFO] Scanning for projects...\n[INFO] BUILD FAILURE\n[INFO] BUILD SUCCESS",
		"conftest.c:10:10: fatal error: x.h: No such file or directory\n3 issues: a, b, c\n3 issues.",
		"[0] a\n[1] b\n[0] a exited with code 1\n[0] a restarted\n[0] a exited with code 0",
		"[INFO] Scanning for projects...\n[INFO] --- maven-surefire-plugin:2.22.3:test (default-test) @ shop ---\n[INFO] Tests are skipped.\n[INFO] --- maven-jar-plugin:3.3.0:jar (default-jar) @ shop ---\n[INFO] BUILD SUCCESS",
		"> Task :compileJava\n> Task :jar\n> Task :assemble\n> Task :test NO-SOURCE\n> Task :check UP-TO-DATE\n> Task :build\n\nBUILD SUCCESSFUL in 1s",
		"The command \"npm test\" exited with 0.\nDone. Your build exited with 0.",
		"sh: not a message\nbash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)\nzsh: is fine\nProcess started\nProcess 12: ready",
		"rsync error: is a word\npsql:m.sql:3: NOTICE:  relation \"x\" already exists, skipping\nERROR 1 of 3 retried",
		"2 chart(s) linted, 0 chart(s) failed\n========== Build: 2 succeeded, 0 failed, 1 up-to-date, 0 skipped ==========\nbuild succeeded, 3 warnings.",
		"│              assertions │        5 │        0 │\n│                requests │        3 │        0 │",
		"--- a.py\nwould reformat a.py\nAll done! ✨ 🍰 ✨\n1 file would be reformatted.",
		"Attempt 1 of 3\nAttempt 2 succeeded",
		"FATAL ERROR: is a word in this game\nKilled 3 orcs\nKilled by an orc",
		"time=\"2024-01-01\" level=error msg=\"expected\"\n{\"level\":\"error\",\"msg\":\"failed\"}",
		"│ Warning: Deprecated\nApply complete! Resources: 0 added, 0 changed, 0 destroyed.",
		"config.log:1:2: error: is read as text\nconftest.c is gone",
		"Performing C SOURCE FILE Test X failed with the following output:\n    src.c:1:10: fatal error: x.h: No such file or directory",
		"Executed 5 out of 5 tests: 5 tests pass.\nINFO: Build completed successfully, 9 total actions",
		"SCOPE: 3\nScope: all 4 workspace projects\npackages/a test$ vitest\npackages/a test: error is a word\nerror here: nothing",
		"Checked 12 files in 8ms. No fixes applied.",
	} {
		res := NewReader()
		_, _ = res.Write([]byte(log + "\n"))
		got := res.Close()
		for _, r := range got.Runs {
			if r.State != Passed {
				t.Errorf("of a green log %q: %s %s", log, r.Tool, r.State)
			}
		}
		for _, m := range got.Marks {
			t.Errorf("of a green log %q: mark %s %q", log, m.Rule, m.Text)
		}
	}
}
