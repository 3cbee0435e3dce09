package excerpt

// compilerRules are about sources that cannot be built.
func compilerRules() []rule {
	return []rule{
		{name: "compiler error", weight: failure + 1, words: ": error¦: fatal error¦ error ts¦ error cs¦ error fs¦ error bc¦ error msb¦ error netsdk¦ error lnk¦ error mc¦ error rc¦ error c¦ - error ts", shape: `(^([A-Za-z]:)?[^\s:(][^:(]*(:\d+){1,2}:? (fatal )?error\b|^([A-Za-z]:)?[^\s(][^(:]*\(\d+([,-]\d+)*\) ?: (fatal )?error |: (fatal )?error (TS|CS|FS|BC|MSB|NETSDK|LNK|RC|C|NU)\d+| - error TS\d+:|^(clang|gcc|g\+\+|cc1|cc1plus|nvcc|ld|rustc|swiftc|CSC|LINK|MSBUILD|clang\+\+|javac|lld-link|ld\.lld|x86_64-\S+|ptxas|nvlink)( fatal)? ?: (fatal )?error)`},
		{name: "compiler error", weight: failure + 1, words: "^error[e", shape: `^error\[E\d+\]`},
		{name: "compiler error", weight: failure + 1, words: ".go:¦^vet: ", shape: `^(vet: |# )?[^\s:]+\.go:\d+(:\d+)?: [^\s]`},
		{name: "compiler error", weight: failure + 1, words: "[error] ¦^[error]", shape: `^\[(ERROR|error)\] +([A-Za-z]:)?[^\s:]+\.(java|kt|scala|groovy|sbt):(\[?\d+)`},
		{name: "compiler error", weight: failure + 1, words: "^e: ¦^w: ", shape: `^e: (file:|/|[A-Za-z]:|\S+\.kt)`},
		{name: "compiler error", weight: failure, words: "^error in ¦failed to compile¦^syntaxerror¦parse error:¦parse error ¦syntax error¦unexpected token¦indentationerror:¦taberror:¦php parse¦unterminated¦unexpected identifier", shape: `(?i)(^error in (\./|src|\S+\.\w+)|failed to compile|syntaxerror|parse error[: ]|syntax error[, :]|unexpected token|indentationerror|taberror|unterminated)`},
		{name: "linker", weight: failure + 2, words: "undefined reference to¦undefined symbol¦unresolved external symbol¦multiple definition of¦symbol(s) not found¦duplicate symbol¦undefined symbols for architecture¦cannot find entry symbol¦relocation truncated", shape: ``},
		{name: "build tool", weight: specific + 1, words: "^cmake error"},
		{name: "build tool", weight: failure, words: "configure: error:¦a problem occurred¦missing input file¦ninja: error:¦bazel: error¦ failed: error executing¦error executing command¦failed to build:¦meson.build:¦project error", shape: `(configure: error:|[Aa] problem occurred|missing input file|^ninja: error: [^b]|error executing|^ERROR: .*(BUILD|\.bzl).*:\d+|meson\.build:\d+:\d+: ERROR)`},
		{name: "build tool", weight: complaint - 2, words: "failed: build did not¦recipe for target¦build did not complete¦failed building wheel¦failed to build wheel", shape: `(Build did NOT complete|[Rr]ecipe for target .* failed|[Ff]ail(ed|ure) (to build|building) wheel)`},
		{name: "compiler error", weight: failure + 1, words: "catastrophic error¦general error c¦: undefined method¦: undefined local¦error)", shape: `([Cc]atastrophic error|general error c\d|\(([A-Z]\w*::)*[A-Z]\w*(Error|Exception)\)$)`},
		{name: "build edge", weight: 66, words: "^failed: ¦^target //", shape: `(^FAILED: [^ ]+\.(o|obj|a|so|dll|lib|exe|d)\b|^FAILED: (\[code=\d+\] )?\S+/|^Target //\S+ failed to build)`},
		{name: "config", weight: failure, words: "not in gzip format¦invalid tar magic¦end-of-central-directory¦unexpected end of archive¦is not a valid¦invalid configuration¦configuration error¦unknown field¦failed to parse¦could not parse¦cannot unmarshal¦invalid yaml¦mapping values are not allowed¦yaml: line¦json: cannot¦unexpected end of json¦is not valid json¦validation failed¦invalid value for¦unsupported argument¦reference to undeclared¦missing required argument¦duplicate key¦invalid type:", shape: ``},
	}
}

// linterRules are about findings of linters and formatters.
func linterRules() []rule {
	return []rule{
		{name: "lint", weight: failure - 3, words: "  error  ¦ error ¦ error:", shape: `^\d+:\d+\s+(✖\s+)?error\s+\S`},
		{name: "lint", weight: failure - 3, words: ".py:¦.pyi:", shape: `^[^\s:]+\.pyi?:\d+(:\d+)?:? ((error|note): |[A-Z]{1,4}\d{2,4}\b|\[[A-Z]\d+|error: )`},
		{name: "lint", weight: failure - 3, words: ".rb:¦.sh:¦.css:¦.scss:¦.tf:¦.yml:¦.yaml:¦.md:¦.lua:¦.proto:¦.php:¦.ts:¦.tsx:¦.js:¦.jsx:¦.vue:¦.json:¦.toml:¦.swift:¦dockerfile:", shape: `^[^\s:]+\.?\w*:\d+(:\d+)?:? +(\[?[CWEF]\]?: |[Ee]rror\b|(SC|DL|MD|W|E|F|C|R)\d{2,4}\b|.*\(\w[\w-]+\)$|MD\d+)`},
		{name: "format", weight: failure - 2, words: "would reformat¦would be reformatted¦code style issues¦not formatted¦is not formatted¦needs formatting¦incorrectly formatted¦unformatted¦not properly formatted¦needs to be formatted¦run gofmt¦not gofmt¦files were modified by this hook¦trailing whitespace¦trailing spaces¦formatting differs¦file would be formatted¦formatter would have printed¦imports are incorrectly sorted¦prettier --write¦fails formatting¦clang-format¦format violations¦run 'gradlew", shape: `(?i)(would (reformat|be reformatted)|^oh no!|code style issues|not (properly )?formatted|needs (to be )?format|incorrectly formatted|unformatted|not gofmt|modified by this hook|trailing (whitespace|spaces)|formatting differs|would be formatted|would have printed|incorrectly sorted|run .*(prettier --write|gofmt|clang-format)|format violations|spotless)`},
		{name: "lint", weight: specific - 2, words: ">>> lint for¦linter failed¦>>> general linter failure", shape: `^(>>> Lint for|.*Linter failed$|.*Linter failed )`},
		{name: "lint", weight: failure - 4, words: "^diff in ¦^in ", shape: `^(Diff in .*:\d+|In \S+ line \d+:)`},
		{name: "hook", weight: 60, words: "....failed¦- hook id:", shape: `(\.\.\.+Failed$|^- hook id: )`},
		{name: "lint", weight: failure - 4, words: "^error - ¦✖ ¦^× ¦^✗ ¦^✘ ¦❌¦🚨¦💥¦⨯ ", shape: `^(.{0,12})(✖|×|✗|✘|❌|🚨|💥|⨯)\s*[^\d\s]`},
	}
}

// testRules are about tests that failed.
func testRules() []rule {
	return []rule{
		{name: "test failed", weight: specific + 2, words: "test-unexpected-¦process-crash¦failed consistently:¦reftest error¦hit moz_crash¦###!!! abort", shape: `(TEST-UNEXPECTED-(FAIL|ERROR|PASS|TIMEOUT|CRASH|NOTRUN|PRECONDITION|KNOWN|START)|PROCESS-CRASH|^FAILED CONSISTENTLY:|REFTEST ERROR|Hit MOZ_CRASH|###!!! ABORT)`},
		{name: "test failed", weight: specific - 1, words: "^failed ¦^error ", shape: `^(FAILED|ERROR) (\[[\d.]+s\] )?\S+\.pyx?(::\S.*| - .*)`},
		{name: "test failed", weight: failure + 1, words: "^fail: ¦^error: ¦^fail [¦^error [¦^xpass", shape: `^(FAIL|ERROR|XPASS)( \[[\d.]+s\])?: (test\w*|setUp\w*|tearDown\w*|[\w.]+) \(`},
		{name: "test failed", weight: failure + 1, words: "--- fail: ", shape: `^--- FAIL: \S+`},
		{name: goMessage, weight: failure + 2, words: "_test.go:", shape: `^\w+_test\.go:\d+: \S`},
		{name: "assertion", weight: failure + 2, words: "error trace:¦error: ", shape: `^(Error Trace:|Error:\s{3,}\S)`},
		{name: "test failed", weight: failure + 2, words: "[  failed  ]", shape: `^\[  FAILED  \] \S+.*\(\d+ ms\)`},
		{name: "test failed", weight: failure - 15, words: "[  failed  ]", shape: `^\[  FAILED  \] [A-Za-z_/]\S*$`},
		{name: "assertion", weight: failure + 1, words: ": failure", shape: `^\S+:\d+: Failure$|^\S+\(\d+\): error: .*|Assert\.\w+\(\) Failure`},
		{name: "assertion", weight: failure + 1, words: "^e   ", shape: `^E {3}\s*([\w.]*(Error|Exception|Failed|Exit|Timeout|Warning|Interrupted)\b|assert |Failed:|fixture ')`},
		{name: "test failed", weight: failure, words: "● ", shape: `^● .+( › .+|Test suite failed to run)`},
		{name: "assertion", weight: failure + 1, words: "assertionerror¦assertion failed¦assertion `¦failure/error:¦failed asserting that¦assertionfailederror¦comparisonfailure¦expect(received)¦expect(locator)¦expected: ¦assertion failure¦assertion fail¦expected but ¦but was:¦wanted but not invoked¦unmet expectation¦assertfail", shape: `(?i)(^(\[?\w*\]? *)?(uncaught |exception: |error: )?[\w.]*assertion(failed)?error\b|assertion failed|assertion \x60|failure/error:|failed asserting that|assertionfailederror|comparisonfailure|error: expect\(|assertion failure\b.*\S|expected:? .*but (was|got|found)|wanted but not invoked)`},
		{name: "assertion", weight: failure, words: "assert", shape: `(Assertion [\x60'"\(].*failed|[Aa]ssert(ion)? .*failed)`},
		{name: "test failed", weight: failure + 1, words: "[error] ", shape: `^\[ERROR\] +[\w.$]+\.[\w$]+:\d+(->|»| )`},
		{name: "test failed", weight: failure, words: "<<< failure!¦<<< error!", shape: `^(\[ERROR\] +)?[\w.$\[\](), {}-]+(--|Time elapsed).*<<< (FAILURE|ERROR)!`},
		{name: "test failed", weight: failure, words: " failed", shape: `^(\S+ > .+ FAILED$|test \S+( - .*)? \.\.\. FAILED$|Failed [\w.]+.*\[[<\d].*\]$|\S+ > \S+.*FAILED)`},
		{name: "test failed", weight: failure - 1, words: "^not ok ", shape: `^not ok \d+ [^#]*$`},
		{name: "test failed", weight: failure - 1, words: "^fail ¦^❯ ¦^× ¦^failed ", shape: `^(FAIL|❯|×)\s+[^\s]+(\.[cm]?[jt]sx?|\.vue)?( >.*|$)`},
		{name: "test failed", weight: failure, words: "› ", shape: `^\d+\) (\[\w[\w ]*\] )?› .+:\d+:\d+ › `},
		{name: "test failed", weight: failure, words: "failed test ", shape: `^# +Failed test `},
		{name: "test failed", weight: failure - 6, words: "^1) ", shape: `^1\) \S`},
		{name: "test failed", weight: failure - 6, words: "rspec ./¦***failed¦***exception¦***timeout¦***not run", shape: `(^rspec \./|\*\*\*(Failed|Exception|Timeout|Not Run))`},
		{name: "assertion", weight: failure + 1, words: ": failed:¦: failed", shape: `^\S+:\d+: FAILED:?$|^\S+\(\d+\): FAILED:$|^\S+:\d+: ERROR: (CHECK|REQUIRE|TEST_CASE)`},
		{name: "test failed", weight: failure, words: "^failure -> ¦^error -> ¦error: in \"", shape: `^(Failure|Error) -> \S|error: in "`},
		{name: "flaky test", weight: failure - 5, words: "num_retries_left¦errored - num", shape: `^test\S* .*(failed|errored) - num_retries_left`},
		{name: "collection", weight: complaint + 8, words: "error collecting¦importerror while¦found no collectors for¦usage: pytest¦file or directory not found:¦conftestimportfailure", shape: ``},
		{name: "suite failed to run", weight: failure, words: "test suite failed to run¦[setup failed]¦[build failed]¦your test suite must contain¦no tests found¦no test files found¦no tests ran¦no tests were executed", shape: ``},
		{name: "test failed", weight: failure, words: "[fail]", shape: `\S+ \[FAIL\]$`},
		{name: "interrupted", weight: specific - 2, words: "keyboardinterrupt !", shape: `!+ .*KeyboardInterrupt !+`},
		{name: "model check", weight: failure - 1, words: " fail: ¦ improved: ", shape: `^[A-Za-z0-9_]+ +(FAIL|IMPROVED): +\S`},
	}
}

// crashRules are about processes that died.
func crashRules() []rule {
	return []rule{
		{name: "panic", weight: failure + 3, words: "^panic: ¦ panicked at ¦fatal error: ¦^fatal python error¦unhandled exception¦unhandledpromiserejection¦terminate called after throwing¦^uncaught ¦kernel panic", shape: `(^panic: |' (\(\d+\) )?panicked at|^fatal error: [a-z]|^Fatal Python error|[Uu]nhandled exception[.:]|UnhandledPromiseRejection|terminate called after|^Uncaught |PHP Fatal error|Kernel panic)`},
		{name: "signal", weight: failure + 2, words: "segmentation fault¦core dumped¦sigsegv¦sigabrt¦sigbus¦sigill¦bus error¦illegal instruction¦received signal: sig¦access violation¦stack overflow¦stack smashing¦double free¦0xc0000005¦abort trap¦stackoverflowerror¦was terminated by signal¦terminated by signal", shape: ``},
		{name: "signal", weight: complaint + 4, words: "got exit code -", shape: ``},
		{name: "harness", weight: specific, words: "automation error:¦you are leaking the world¦remotefailed:¦: nested bug", shape: ``},
		{name: "sanitizer", weight: specific + 1, words: "error: addresssanitizer¦error: leaksanitizer¦warning: threadsanitizer¦warning: memorysanitizer¦warning: data race¦: runtime error: ¦summary: addresssanitizer¦summary: threadsanitizer¦summary: undefinedbehaviorsanitizer", shape: `(ERROR: (Address|Leak)Sanitizer|WARNING: (Thread|Memory)Sanitizer|WARNING: DATA RACE|:\d+:\d+: runtime error: |SUMMARY: \w+Sanitizer)`},
		{name: "exception", weight: failure, words: "error: ¦exception: ¦exception¦error¦failure: ", shape: `^(\[\w+\] )?(Uncaught |Unhandled |Caught |fatal: |Error: )?([A-Za-z_$][\w$]*(\.|::|\\))*[A-Za-z_$][\w$]*(Error|Exception|Failure|Violation)(\s*\[[\w-]+\]|\s*\([\w: .-]+\))?: \S`},
		{name: "exception", weight: failure, words: "exception in thread¦unhandled rejection¦uncaughtexception", shape: ``},
		{name: "exception", weight: failure - 4, words: "caused by: ", shape: `^Caused by: [\w.$]+`},
		{name: "exception", weight: failure - 5, words: "php fatal error¦^fatal error: uncaught¦warning: uncaught", shape: ``},
	}
}

// policyRules are about thresholds and house rules that were not met.
func policyRules() []rule {
	return []rule{
		{name: "coverage", weight: specific, words: "coverage¦threshold", shape: `(?i)(required test coverage|coverage (threshold|for|of|total|rate|\(|is|was|has|failure)?.*(not met|below|less than|does not meet|under|lower|not reached|decreased|minimum|fail)|below (the )?(minimum|threshold|required)|threshold.*(not met|exceeded|not reached|below)|fail_under)`},
		{name: "licence", weight: failure, words: "license¦licence¦copyright", shape: `(?i)((missing|invalid|incorrect|no|without|unknown|incompatible|forbidden|not allowed|disallowed|unapproved|lacks?) .{0,40}(licen[cs]e|copyright)|(licen[cs]e|copyright)s? .{0,40}(missing|not allowed|not found|invalid|incompatible|forbidden|denied|is not|not approved|violation))`},
		{name: "security", weight: failure - 3, words: "vulnerabilit¦secret detected¦leaks found¦leak detected¦secrets found", shape: `(?i)([1-9]\d* (\w+ )*vulnerabilit|vulnerabilit(y|ies) (found|detected)|secrets? (detected|found)|leaks? (found|detected))`},
		{name: "terraform", weight: specific, words: "error: ", shape: `^Error: (Invalid|Unsupported|Missing|Reference|Failed|error|Error|creating|updating|deleting|reading|Provider|Inconsistent|Cycle|Duplicate|Backend|No |Module|Argument|Incorrect|Could not|Unable|Variables|Saved|Plugin|configuring|Cannot|waiting)`},
		{name: "commit message", weight: failure, words: "subject may not be empty¦type may not be empty¦subject must not¦[subject-¦[type-¦[header-¦[body-¦signed-off-by¦dco¦conventional commit¦pull request title¦no release type found", shape: `(?i)(may not be empty|subject must not|\[(subject|type|header|body|scope|footer)-[a-z-]+\]$|missing .*signed-off-by|signed-off-by .*(missing|not)|dco .*fail|does not (follow|match) .*conventional|pull request title.*(does not|must|invalid))`},
		{name: "refusal", weight: complaint + 3, words: "refusing to¦is not allowed¦are not allowed¦not permitted¦must be¦must not¦more than the¦exceeds the¦exceeded the¦too large¦larger than¦does not match¦do not match¦mismatch¦expected ¦did not¦not supported¦unsupported¦invalid ¦is missing¦are missing¦backward incompatible¦breaking change¦regression¦introducing¦already exists¦already been¦not exist¦deprecated and has been removed¦too old¦not found", shape: `(?i)(refusing to (run|continue|start|merge|allow|proceed|deploy)|(is|are) not allowed|more than the .*(max|limit|allow)|exceed(s|ed) the (max|limit|allow|size|budget)|exceeds? .*(budget|limit)|(^|[^-])backward.incompatible|breaking changes? (detected|found)|regression(s)? (detected|found)|REGRESSION:|version .*already (exists|been)|cannot publish over|deprecated and has been removed|maximum .*exceeded|bundle size)`},
	}
}

// genericRules know only the words for it.
func genericRules() []rule {
	return []rule{
		{name: "npm", weight: complaint + 4, words: "npm err!¦npm error", shape: `^npm (ERR!|error) `},
		{name: "error", weight: complaint - 3, words: "^error ", shape: `^(error|ERROR|Error) [A-Z"'\x60]`},
		{name: "error code", weight: specific, words: "npm err! code e¦npm error code e", shape: `^npm (ERR!|error) code E[A-Z0-9]+$`},
		{name: "apt", weight: failure - 3, last: true, words: "^e: ", shape: `^E: \S`},
		{name: "error", weight: complaint + 2, words: "^error: ¦^error response¦^fatal: ¦^fatal error¦^abort: ¦^abort:¦^error - ¦^error (", shape: `^(ERROR|Error|error|FATAL|Fatal|fatal|abort|Abort)(:| \(|! | - | )`},
		{name: "error", weight: complaint, words: "[error]¦[fatal]¦:error]¦:exception]¦[critical]", shape: `(?i)^.{0,40}\[([\w.-]+:)?(error|fatal|critical|exception)\] *[^\s]`},
		{name: "error", weight: complaint - 4, words: "error -¦critical -¦fatal -¦ error ¦ fatal ¦level=error¦level=fatal¦\"level\":\"error\"¦ critical ¦|error|¦^error:¦error:root", shape: `(^\S* ?-? ?(ERROR|FATAL|CRITICAL)[ :]|\b(ERROR|CRITICAL|FATAL) - |[-|] ?(ERROR|FATAL|CRITICAL) ?[-|:]|level=(error|fatal)|"level":"(error|fatal)")`},
		{name: "error", weight: complaint - 3, words: "*** ", shape: `^(\S+: )?\*\*\* [A-Za-z]`},
		{name: "tool error", weight: complaint, words: ": error:¦: fatal:¦: error: ¦ error: ", shape: `(^[\w./-]+(\[\d+\])?( [\w-]+)?: (fatal )?error: |[^\w-]ERROR: \S)`},
		{name: "tool error", weight: complaint, words: "curl: (¦rm: cannot ¦cp: cannot ¦mv: cannot ¦tar: ¦wget: ¦ssh: ¦sccache: error¦conda", shape: `(^curl: \(\d+\)|^(rm|cp|mv|mkdir|ln|chmod): cannot |^tar: .*(error|cannot|not)|^wget: |^ssh: |^sccache: error|[Cc]onda(Http|Value)?Error)`},
		{name: "failed", weight: generic + 6, words: "failed to ¦unable to ¦cannot ¦could not ¦couldn't ¦can't ¦unexpected error¦an error occurred¦an unexpected error¦something went wrong¦failed because¦error while¦error when¦error occurred¦failed with¦is not defined¦aborting", shape: `(?i)(^(\W*)(failed to|unable to|cannot|could not|couldn't|can't) |an (unexpected )?error (has )?occurred|something went wrong|failed because|^error (while|when)|error occurred|unexpected error|: (failed to|unable to|cannot|could not|couldn't|can't) |is not defined|\baborting\b|failed with )`},
		{name: "error word", weight: generic, words: "error¦fail¦fatal¦exception¦aborted¦crash", shape: `(?i)(^|[\s\[("'>|:])(error|fatal|exception|failure|errors|fail|failed|fails|failing|crashed|crash|aborted)($|[:!\])"'|.,]|\s+-|\s)`},
	}
}
