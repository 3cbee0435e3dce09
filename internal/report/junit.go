package report

import (
	"fmt"
	"strings"
)

// junit reads JUnit's XML as Surefire, Gradle, Ant, pytest, PHPUnit, GoogleTest,
// nextest, CTest, jest-junit, Mocha, Vitest, Playwright, Node, Swift and Bazel
// write it. Suites nest, so only cases are counted; what the outermost suites
// say in attributes is held against them.
type junit struct {
	count *count
	said  told
	// strict: "tests" counts cases. For Catch2 and doctest it counts assertions, for
	// pytest subtests too, which are no cases.
	strict   bool
	root     bool // the outermost element told the counts itself
	now      junitCase
	inCase   bool
	suite    string
	elements int // failure and error elements, of which a case may have many
}

// told is what attributes say.
type told struct{ tests, failed, skipped int }

// junitCase is the case that is open.
type junitCase struct {
	name, message string
	failed, skip  bool
	flaky         bool
	rerun         bool
}

func (j *junit) open(t token, path []string) {
	switch t.name {
	case "testsuites", "testsuite":
		if len(path) == 1 || len(path) == 2 && !j.root {
			j.attributes(t, len(path) == 1)
		}
		if t.name == "testsuite" {
			j.suite = t.get("name")
		}
	case "testcase":
		j.begin(t)
	case "failure", "error", "skipped", "disabled", "rerunFailure", "rerunError", "flakyFailure", "flakyError":
		j.outcome(t, path)
	}
}

// attributes notes what an outermost suite says of all in it.
func (j *junit) attributes(t token, root bool) {
	if j.count.run.Name == "" {
		j.count.run.Name = cut(t.get("name"))
	}
	j.tool(t)
	if !t.has("tests") {
		return
	}
	j.root = j.root || root
	j.strict = (t.has("time") || t.has("skipped")) && t.get("hostname") != "tbd" && j.count.run.Tool != "pytest"
	j.said.tests += t.num("tests")
	j.said.failed += t.num("failures") + t.num("errors")
	j.said.skipped += max(t.num("skipped"), t.num("skip"), t.num("disabled"), t.num("ignored"))
}

// tool guesses the writer by the names that it gives.
func (j *junit) tool(t token) {
	switch name := t.get("name"); {
	case name == "pytest" || name == "pytest tests":
		j.count.run.Tool = "pytest"
	case name == "jest tests":
		j.count.run.Tool = "Jest"
	case name == "vitest tests":
		j.count.run.Tool = "Vitest"
	case name == "Mocha Tests":
		j.count.run.Tool = "Mocha"
	case name == "nextest-run":
		j.count.run.Tool = "nextest"
	case name == "bun test":
		j.count.run.Tool = "bun test"
	case t.get("package") == "org.eslint":
		j.count.run.Tool = "ESLint"
	}
}

func (j *junit) begin(t token) {
	j.finish()
	j.inCase = true
	name := t.get("name")
	if class := t.get("classname"); class != "" && class != name {
		name = class + "." + name
	}
	j.now = junitCase{name: name}
	switch strings.ToLower(t.get("status")) {
	case "notrun", "disabled", "skipped", "ignored", "pending":
		j.now.skip = true
	case "failed", "fail", "error", "failure":
		j.now.failed = true
	}
	switch strings.ToLower(t.get("result")) {
	case "suppressed", "skipped", "ignored":
		j.now.skip = true
	case "failed", "failure", "error":
		j.now.failed = true
	}
}

// outcome reads the element that says how a case, or a suite, went.
func (j *junit) outcome(t token, path []string) {
	message := t.get("message")
	if parent(path) != "testcase" {
		if (t.name == "failure" || t.name == "error") && strings.HasPrefix(parent(path), "testsuite") {
			j.elements++
			j.count.fail(j.suite, message)
		}
		return
	}
	switch t.name {
	case "failure", "error":
		j.elements++
		j.now.failed = true
		if j.now.message == "" {
			j.now.message = message
		}
	case "skipped", "disabled":
		// CTest writes so of a program that is not there, and fails.
		if strings.HasPrefix(message, "Unable to find executable") {
			j.now.failed, j.now.message = true, message
		}
		j.now.skip = true
	case "flakyFailure", "flakyError":
		j.now.flaky = true
	case "rerunFailure", "rerunError":
		j.now.rerun = true
	}
}

func (j *junit) text(s string, path []string) {
	if j.inCase && j.now.message == "" && len(path) > 0 && (path[len(path)-1] == "failure" || path[len(path)-1] == "error") {
		j.now.message = s
	}
}

func (j *junit) close(path []string) {
	if path[len(path)-1] == "testcase" {
		j.finish()
	}
}

// finish counts the case that is open.
func (j *junit) finish() {
	if !j.inCase {
		return
	}
	j.inCase = false
	switch {
	case j.now.failed:
		j.count.fail(j.now.name, j.now.message)
	case j.now.skip:
		j.count.skip()
	case j.now.flaky, j.now.rerun:
		j.count.flaked()
	default:
		j.count.pass()
	}
}

func (j *junit) result(whole bool) Result {
	if j.inCase { // cut off within a case: how it went is not known
		if j.now.failed {
			j.finish()
		}
		j.inCase = false
	}
	res := Result{Format: "junit"}
	if whole {
		res.Problem = j.mismatch()
	}
	j.count.run.Expected = j.said.tests
	if j.said.tests < j.count.cases() || !j.strict {
		j.count.run.Expected = 0
	}
	run := j.count.close(whole)
	if res.Problem != "" && run.State == "empty" {
		run = j.count.close(false)
	}
	res.Runs = append(res.Runs, run)
	return res
}

// mismatch holds the attributes against the cases. Writers count errors, skipped
// cases and several failures of a case each in their own way; only what none of
// those ways explains is said.
func (j *junit) mismatch() string {
	cases, failed := j.count.cases(), j.count.run.Failed
	switch {
	case j.said.failed > 0 && failed == 0:
		return fmt.Sprintf("its attributes tell of %d failures, its cases of none", j.said.failed)
	case j.said.tests > cases+j.elements+j.said.skipped && (j.strict || cases == 0):
		return fmt.Sprintf("its attributes tell of %d tests, there are %d", j.said.tests, cases)
	}
	return ""
}
