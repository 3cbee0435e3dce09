package excerpt

import (
	"bytes"
	"regexp"
	"strings"
)

// noise tells which lines speak of failures without meaning one.
type noise struct {
	none   gate           // "0 errors", "no failures"
	passed gate           // a test that passed, whatever its name
	echo   *regexp.Regexp // commands, variables, files being handled
	warn   gate
	handle []string       // what somebody will deal with: retries, ignored, expected
	refuse *regexp.Regexp // how a script says no
	place  *regexp.Regexp // a file and a line of it
	count  *regexp.Regexp // only counts
	calm   *regexp.Regexp // lines that end a run without explaining it
}

// gate keeps an expression from running on lines that have none of some texts.
type gate struct {
	texts []string // lower case
	full  *regexp.Regexp
}

// match reports whether b matches; low is b in lower case.
func (g gate) match(b, low []byte) bool {
	return has(low, g.texts) && g.full.Match(b)
}

// has reports whether b holds one of the texts.
func has(b []byte, texts []string) bool {
	for _, t := range texts {
		if bytes.Contains(b, []byte(t)) {
			return true
		}
	}
	return false
}

func newNoise() *noise {
	return &noise{
		none:   gate{strings.Split(` 0 |0 err|0 fail|=0|:0|: 0|no |zero |without |-free|"0`, "|"), regexp.MustCompile(`(?i)\b(0|no|zero) ([a-z-]+ )?(errors?|failures?|failed|fail|failing|problems|issues|crashes|exceptions|vulnerabilities)\b|\b(errors?|failures?|failed|fail|exceptions?|unreachable)[:=] ?"?0\b|without (any )?(errors?|failures?)|error-free|\b(no|0) error\b`)},
		passed: gate{strings.Fields(`ok pass skip xfail ignored ✓ ✔ √ ☑ ✅ === test- start expected ↓ ○ run`), regexp.MustCompile(`(\.\.\. ?(ok|passed|skipped|ignored|pass|expected failure)( \([^)]*\))?$|\b(PASSED|SKIPPED|XFAIL|xfail|XPASS \(strict=False\)|PASS)\b( +\[[^\]]*\])*( +\(.*\))?( in [\d.]+m?s)?$|^(✓|✔|√|☑|✅|ok\b|PASS\b|PASSED\b|--- PASS|--- SKIP|=== RUN|=== PAUSE|=== CONT|=== NAME|\[ RUN|\[ +OK|\[  PASSED|TEST-PASS|TEST-START|TEST-OK|TEST-INFO|TEST-KNOWN-FAIL|TEST-UNEXPECTED-WARNING|Start +\d+:|SKIP\b|skip\b|○ |↓ )|^\d+/\d+ Test +#\d+: .* Passed|.* (Passed|ok|OK) +[\d.]+ ?(s|sec|ms)$| (✓|✔)( \(|$)|\[\d+(\.\d+)? ?m?s\] (PASSED|ok)$)`)},
		echo:   regexp.MustCompile(`^(\++ |\$ |> |>> |PS>|set [-+]e|export |echo |if |then$|fi$|elif |else$|done$|do$|return |exit \d|raise |throw |except |try|catch|assert |def |class |import |from |//|/\*|\* @|Compiling |Checking |Downloading |Downloaded |Installing |Building |Collecting |Requirement already|Using cached|Fetching |Get:\d|Hit:\d|Preparing to unpack|Unpacking |Setting up |Selecting previously|inflating: |creating: |creating |copying |adding |deleting |removing |reading sources|writing output|Copying |Generating |Created |Creating |Saved |Wrote |Writing |Unzipping|extracting|x |a |CC |CXX |LD |\[ ?\d+%\] (Building|Linking|Built|Generating)|\[\d+/\d+\] (Building|Linking|Compiling|Copying|Generating|\S*(gcc|g\+\+|clang|cc|nvcc)\b)|(/\S+/)?(gcc|g\+\+|cc|c\+\+|clang|clang\+\+|nvcc|javac|rustc|ccache|sccache|libtool:|python3?|node|bash|sh|docker) [-/].*|-- (Looking|Performing|Found|Checking|Detecting|Configuring|Check)|checking |[A-Z][A-Z0-9_]{2,}(=|: [^A-Za-z]|:$)|\S+\.(py|js|ts|go|rs|rb|java|c|cc|cpp|h|hpp|cs|php|txt|log|json|md|html|css|xml|yml|yaml|o|so|png|snap)$|(file|path|url|http|https)://?\S+$|at \S+.*[:(].*\d\)?$|at .* in .*:line \d+$|File "|\^|~|\d+ \||--> |\.\.\. \d+ more|\[INFO\]|INFO:|INFO |DEBUG|TRACE|notice|note:|hint:|help:|= (note|help):|Diff:|Hint:|Run with|Set |See |To |Try |For more|Did you mean|test .* \.\.\. ok|commit [0-9a-f]+|Merge |HEAD is now|\* \[new|Switched|Note:|Progress|diff --git|@@ |index [0-9a-f]|@(Test|ts)|Uploading|Uploaded|Received|Sent )`),
		warn:   gate{strings.Fields(`warn deprecat (node: w:`), regexp.MustCompile(`(?i)^(npm warn|yarn warn|warn(ing)?\b|\S{0,20} ?warn(ing)?\b|deprecat|\(node:\d+\)|\[deprecat|w: |\S+:\d+(:\d+)?: warning|.{0,80}: warning( [A-Z]+\d+)?: |.{0,60}(Deprecation|User|Future|Runtime|Resource|Syntax|Pending\w*|Import)Warning: |.{0,120}\bwarning[ :(\[])`)},
		handle: strings.Split(`retry|be retr|trying again|attempt |(ignored)|ignoring|ignored|non-fatal|nonfatal|not fatal|expected error|expected failure|error is expected|error was expected|as expected|continue-on-error|continuing|skipping|recovered|falling back|fallback|on failure|on error|error handling|error handler|handle error|error reporting|simulat|should fail|should throw|should raise|should error|should reject|should return|should not|throws |raises |rejects |fails when|fails if|fails with|return an error|returns an error|returns error|error page|error log|error file|error message|error boundary|error rate|error count|error budget|error test|error.log|error_log|log_errors|--fail|--error|-on-error|-error=|no-error|fail-fast|fail_fast|failover|fail-on|failon|failed=0|errors=0`, "|"),
		refuse: regexp.MustCompile(`(?i)(refus|more than|less than|fewer than|exceed|maximum|minimum|at least|at most|\bmust\b|not allowed|missing|expected|\bgot\b|required|please|cannot|can't|invalid|unable|did not|does not|do not|doesn't|don't|didn't|isn't|aren't|is not|are not|was not|were not|should|reject|abort|denied|mismatch|out of date|outdated|changed|dirty|differ|not found|no such|unknown|unsupported|forbidden|disallowed|stop|too (many|large|long|big|old|few|deep|small|much)|broke|conflict|duplicate|violat|incorrect|wrong|bad|problem|issue|fail|error|!$|❌|✖|✗|⛔|🚫|limit|block|not (supported|available|permitted|installed|set|configured|defined|empty|equal|match|valid|pass|clean|up))`),
		place:  regexp.MustCompile(`^[\["'(]?([A-Za-z]:)?[\w./\\@~-]+\.\w+['"]?[:(\[] ?\d+|^\s*\d+:\d+\s`),
		count:  regexp.MustCompile(`(?i)^\W*(found |total:? |errors?: |skipped )?\d+ (\w+ ){0,2}(problems?|errors?|warnings?|hints?|offenses?|files?|issues?|violations?|failures?|failed|tests?|examples?|passed|jobs?)\b|^(errors|failures|warnings|tests|total|result)\b\W*\d+|^tests? (run|cases):?|^failed!?( \(|$)|^errors!$`),
		calm:   regexp.MustCompile(`(?i)(^(re-run maven|to see the full|use |done|finished|completed|complete|total|elapsed|duration|time|took|ran|real|user|sys|summary|result|results|warn|warning|info|note|notice|cleaning|cleanup|removing|stopping|stopped|uploading|uploaded|saving|saved|post|cache|exiting|exit|bye|log|logs|a complete log|see|for more|file|files|node \d+ is being|error: process|searching|logout|disconnect)\b|^(fail|failed|failure|error|errors)\W*$|^[-=*_#~.+ ]+$|^\W*$|^\d+(\.\d+)?%?$|^~?/[\w./ ~-]+$|[\d.]+ ?s(econds)?\.?$)`),
	}
}

// weigh lowers or raises the weight of a line that a rule named. 0 or less: it
// is no candidate.
func (n *noise) weigh(b []byte, lv level, r *rule, w int) int {
	strong := w >= specific
	if lv == muted || len(b) == 0 {
		if strong && lv == muted && w >= certain {
			return w - 40
		}
		return 0
	}
	head := b[:min(len(b), 400)]
	low := bytes.ToLower(head)
	if n.passed.match(head, low) && lv != raised {
		return 0
	}
	if w < certain && r.name != "closing words" && n.none.match(head, low) && !onemore(head) {
		return 0
	}
	// What a program under test logs.
	if bytes.Contains(low, []byte("level=")) || bytes.Contains(low, []byte(`"level":"`)) {
		w = min(w, complaint)
	}
	if lv == warned {
		if r.name == "sanitizer" {
			return w
		}
		return w - 50
	}
	if r.end || r.weight == closing {
		return w
	}
	if lv == erred {
		w = max(w, complaint-4)
	}
	if lv == raised {
		return max(w, failure+3) + 4
	}
	if w < failure+2 && n.echo.Match(head) && r.name != "compiler error" && r.name != "exception" && r.name != "assertion" && r.name != goMessage {
		return w - 45
	}
	if r.name != "sanitizer" && r.name != "linker" && n.warn.match(head, low) {
		return w - 45
	}
	if w < specific && has(low, n.handle) && r.name != "assertion" && r.name != goMessage && r.name != "compiler error" && r.name != "signal" {
		return w - 25
	}
	return w
}

// onemore reports counts that are not 0 beside one that is: "0 passed, 1 failed".
func onemore(b []byte) bool {
	for i := range b {
		if b[i] >= '1' && b[i] <= '9' && (i == 0 || !digit(b[i-1]) && b[i-1] != '.') {
			rest := bytes.TrimLeft(b[i:], "0123456789")
			for _, w := range []string{" fail", " error", " problem", " vulnerab"} {
				if bytes.HasPrefix(rest, []byte(w)) {
					return true
				}
			}
		}
	}
	return false
}

// erratic reports whether a cleaned line may speak of an error at all: what a
// signature of green logs keeps.
func (s *ruleset) erratic(hits []uint16) bool {
	for _, h := range hits {
		if s.owner[h] >= structures {
			return true
		}
	}
	return false
}
