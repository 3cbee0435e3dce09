package excerpt

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// rule names lines of one kind. words are texts of which one must be in the
// line, letters folded, parted by "¦"; one that begins with ^ must stand at its
// beginning, one that begins with = must be a word by itself. shape, where it is set, must match as well.
type rule struct {
	name   string
	weight int
	words  string
	shape  string
	// last: of lines that repeat each other the last counts, as with retries.
	last bool
	// end: it only says that something ended with an error, after its cause.
	end bool
}

// ruleset is all rules, ready to use.
type ruleset struct {
	rules  []rule
	shapes []*regexp.Regexp // compiled when they are first needed
	words  []string
	begins []bool // by word: it must stand at the beginning
	alone  []bool // by word: it must be a word by itself
	owner  []int  // by word: its rule
	order  []int  // by word: when its rule has its turn
	finder *automaton
}

// Weights: a line that names the cause by itself, and what is below it.
const (
	certain   = 96 // nothing else can be meant: disk full, killed for time or memory
	specific  = 90 // the tool names the cause and the place
	failure   = 85 // compiler errors, assertions, exceptions
	complaint = 70 // the tool's own mark of an error
	generic   = 55 // the word alone
	summary   = 36 // counts and names what was told above
	closing   = 10 // says only that something failed
)

// newRuleset compiles all rules.
func newRuleset() *ruleset {
	s := &ruleset{}
	for _, list := range [][]rule{structureRules(), closingRules(), runnerRules(), machineRules(), accessRules(), gitRules(), dependencyRules(), compilerRules(), linterRules(), testRules(), crashRules(), policyRules(), genericRules()} {
		for _, r := range list {
			s.add(r)
		}
	}
	// Reasons that are no rules over words; see Finder.wordsRule and the like.
	s.rules = append(s.rules, rule{name: "error level"}, rule{name: "named by the test results"}, rule{name: whyLast}, rule{name: "exception"}, rule{name: "marked as an error"})
	s.shapes = append(s.shapes, nil, nil, nil, nil, nil)
	turn := make([]int, len(s.rules))
	for i := range turn {
		turn[i] = i
	}
	slices.SortStableFunc(turn, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.rules[a].rank(), s.rules[b].rank()), cmp.Compare(s.rules[b].weight, s.rules[a].weight))
	})
	place := make([]int, len(s.rules))
	for at, i := range turn {
		place[i] = at
	}
	for _, i := range s.owner {
		s.order = append(s.order, place[i])
	}
	texts := make([]string, len(s.words))
	copy(texts, s.words)
	s.finder = newAutomaton(texts)
	return s
}

// rank is when a rule has its turn: the CI system's last words, then what cannot
// mean anything else, then words that only close, then all others.
func (r rule) rank() int {
	switch {
	case r.end:
		return 0
	case r.weight >= specific:
		return 1
	case r.weight == closing:
		return 2
	}
	return 3
}

// fits reports whether the text has the shape of rule i.
func (s *ruleset) fits(i int, text []byte) bool {
	if s.rules[i].shape == "" {
		return true
	}
	if s.shapes[i] == nil {
		s.shapes[i] = regexp.MustCompile(s.rules[i].shape)
	}
	return s.shapes[i].Match(text)
}

func (s *ruleset) add(r rule) {
	s.rules = append(s.rules, r)
	s.shapes = append(s.shapes, nil)
	for w := range strings.SplitSeq(r.words, "¦") {
		text, first := strings.CutPrefix(w, "^")
		text, alone := strings.CutPrefix(text, "=")
		s.words = append(s.words, text)
		s.begins = append(s.begins, first)
		s.alone = append(s.alone, alone)
		s.owner = append(s.owner, len(s.rules)-1)
	}
}

// The rules about the log's own parts; their lines are no candidates.
const (
	isGroup = iota
	isGroupEnd
	isAction
	isSection
	isStage
	isPost
	isTraceback
	isChained
	isResult
	isWrong
	structures // how many there are
)

// goMessage is the rule for what a Go test says.
const goMessage = "Go test"

// structureRules are in the order of the constants.
func structureRules() []rule {
	return []rule{
		{name: "group", words: "##[group]"},
		{name: "group end", words: "##[endgroup]"},
		{name: "action", words: "##[start-action¦##[section]starting:"},
		{name: "section", words: "section_start:¦section_end:"},
		{name: "stage", words: "[pipeline] {¦[pipeline] stage"},
		{name: "post", words: "post job cleanup.¦cleaning up orphan processes¦running after_script¦running after script"},
		{name: "traceback", words: "traceback (most recent call last)"},
		{name: "chained", words: "during handling of the above exception, another¦the above exception was the direct cause"},
		{name: "result", words: "--- pass: ¦--- skip: ¦--- fail: "},
		{name: "what went wrong", words: "* what went wrong:"},
	}
}

// closingRules say that a failure happened, never which.
func closingRules() []rule {
	return []rule{
		{
			name: "closing words", weight: closing, end: true, words: "process completed with exit code¦job failed: exit¦job failed (system failure)¦script returned exit code¦finished: failure¦marked build as failure¦step script exited with code¦job execution failed¦unsuccessful task run with exit code¦bash exited with code¦powershell exited with code",
			shape: `(?i)(^process completed with exit code|^error: process completed|job failed(:| \()|script returned exit code|^finished: failure|marked build as failure|step script exited|job execution failed|unsuccessful task run|(bash|powershell) exited with code)`,
		},
		{name: "closing words", weight: closing, end: true, words: `^the command "`, shape: `^The command ".*" (exited with|failed)`},
		{
			name: "closing words", weight: closing, words: "exit code¦exited with¦exited (¦exit status¦return code¦return status¦container implementation failed¦returned a non-zero code¦returned non-zero exit¦the build failed¦build step failed¦failed with status",
			shape: `(?i)(exit(ed)? with (exit )?(code|status|return code)|returned (exit )?(code|status)|failed with (exit )?(code|status|return code)|the build failed|build step failed|container implementation failed|returned a non-zero code|did not complete successfully: exit code: \d+$|returned non-zero exit status \d+\.?$|^(error: )?exit status \d+$|^(error: )?exit code:? \d+$|^exited \(\d+\)$|^(got|with|failed with) exit code \d+|non-zero (exit|return) (code|status))`,
		},
		{name: "closing words", weight: closing, words: "make", shape: `^(g|moz|ming)?(w32-)?make(\.exe)?(\[\d+\])?: (\*\*\* \[.*\] (Error \d+|Terminated|Killed)|\*\*\* Waiting for unfinished jobs)`},
		{name: "closing words", weight: closing, words: "npm err!¦npm error", shape: `^npm (ERR!|error)\s*($|code (ELIFECYCLE|\d+)|errno|path |command |Lifecycle|workspace|location|Exit status|Failed at the|Test failed|This is probably not|A complete log|\.npmrc|[\w@./-]+: \x60|\s*/|\s*C:\\|in workspace|at (workspace|location))`},
		{name: "closing words", weight: closing, words: "elifecycle¦^error command failed¦err_pnpm_recursive¦command failed with exit code¦lerna err!¦err! lerna", shape: `(?i)(elifecycle|command failed with exit code|command failed\.?$|err_pnpm_recursive|lerna err! .*exited)`},
		{name: "closing words", weight: closing, words: "ninja: build stopped¦ninja: error: build stopped¦ld returned 1 exit status¦linker command failed with exit code¦build failed¦^fail¦command phase failed¦failed tasks:", shape: `(?i)(^ninja: build stopped|ld returned \d+ exit status|linker command failed|^\W*build failed\W*$|^build failed (in|after)|^failure: build failed with an exception|^FAIL$|^failed\.?$|^\[(info|error)\] build failure|^failed tasks:)`},
		{name: "closing words", weight: closing, words: "error response from daemon: exit¦error: process ¦test run failed¦check failure logs¦check the step logs¦see the full log¦for more information¦full log¦[help 1]¦re-run maven¦to see the full stack trace¦run with --stacktrace¦run with --scan¦get more log output", shape: `(?i)^(\[error\] *)?(error response from daemon: exit|error: process |test run failed|check failure logs|check the step logs|see the full log|(for )?more information|for more info|.{0,40}full log|\[help \d+\]|re-run maven|to see the full stack trace|run with --)`},
		{
			name: "summary", weight: summary, words: "could not compile¦error: aborting due to¦errors generated¦error generated¦test failed, to rerun¦target failed¦tests failed¦test failed¦failed to execute goal¦execution failed for task¦failed with 1 error¦some tests failed¦there were failing tests¦there are test failures¦there was a failing test¦there was 1 failure¦failures!¦did not succeed¦errors found¦error found¦failed to build¦task failed¦problems (¦problem (¦command failed¦subprocess-exited-with-error¦compilation failed",
			shape: ``,
		},
		{name: "summary", weight: summary, words: "failed¦failures:¦errors:¦failing", shape: `(?i)(^=+ .*\b[1-9]\d* (failed|errors?)\b.*=+$|^tests?:.*[1-9]\d* failed|^test suites?:.*[1-9]\d* failed|^test files .*[1-9]\d* failed|^[1-9]\d* (tests? )?(failed|failing)|^failed \((failures|errors)=|^test result: failed|\btests run: \d+, +failures|\b[1-9]\d* examples?, [1-9]\d* failures?|^tests: \d+, assertions|^failed!|^\d+% tests passed, [1-9]|^the following tests failed|^failures:$|^errors:$)`},
	}
}
