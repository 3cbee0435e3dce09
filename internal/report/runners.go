package report

import (
	"fmt"
	"strings"

	"github.com/postflight/postflight/internal/tally"
)

// judgeJSON knows a document by its members; whole is whether it came to its end.
func judgeJSON(doc node, whole bool) Result {
	stats := doc.at("stats")
	switch {
	case doc.kind == '[':
		return judgeList(doc, whole)
	case doc.kind != '{':
		return Result{}
	case doc.has("runs") && (doc.has("version") || doc.has("$schema")) && doc.at("runs").kind == '[':
		return sarif(doc, whole)
	case doc.has("testResults") || doc.has("numTotalTests"):
		return jestJSON(doc, whole)
	case doc.has("suites") && (doc.has("errors") || doc.has("config") || stats.has("expected")):
		return playwrightJSON(doc, whole)
	case stats.has("testsRegistered") || stats.has("passes") && doc.has("results"):
		return mochawesome(doc, whole)
	case stats.has("passes"):
		return mochaJSON(doc, whole)
	case doc.has("examples") && (doc.has("summary") || doc.has("summary_line") || doc.has("version")):
		return rspecJSON(doc, whole)
	case doc.at("results").kind == '{' && (doc.at("results").has("summary") || doc.at("results").has("tool")):
		return ctrf(doc, whole)
	case doc.has("exitcode") && doc.has("summary"):
		return pytestJSON(doc, whole)
	case doc.has("testsuites") && doc.has("tests"):
		return googletest(doc, whole)
	}
	return Result{}
}

// judgeList knows a list by its first element.
func judgeList(doc node, whole bool) Result {
	if len(doc.values) == 0 {
		return Result{}
	}
	first := doc.values[0]
	switch {
	case first.has("filePath") && first.has("messages"):
		return eslint(doc, whole)
	case first.has("elements") || first.has("keyword"):
		return cucumberJSON(doc, whole)
	}
	return Result{}
}

// jestJSON reads "jest --json" and Vitest's json reporter.
func jestJSON(doc node, whole bool) Result {
	tool, format := "Vitest", "vitest-json"
	if doc.has("wasInterrupted") || doc.has("openHandles") || doc.has("numRuntimeErrorTestSuites") {
		tool, format = "Jest", "jest-json"
	}
	c := newCount(tool)
	for _, file := range doc.at("testResults").list() {
		bad := c.run.Failed
		for _, test := range file.at("assertionResults").list() {
			name := firstOf(test.at("fullName").str(), test.at("title").str())
			switch test.at("status").str() {
			case "passed":
				if test.at("invocations").num() > 1 || len(test.at("retryReasons").list()) > 0 {
					c.flaked()
				} else {
					c.pass()
				}
			case "failed":
				message := ""
				if m := test.at("failureMessages").list(); len(m) > 0 {
					message = m[0].str()
				}
				c.fail(name, message)
			default: // pending, skipped, todo, disabled
				c.skip()
			}
		}
		if file.at("status").str() == "failed" && c.run.Failed == bad {
			c.fail(file.at("name").str(), file.at("message").str())
		}
	}
	if doc.at("wasInterrupted").kind == 't' {
		whole = false
	}
	res := c.held(format, told{tests: doc.at("numTotalTests").num(), failed: doc.at("numFailedTests").num()}, whole)
	if run := &res.Runs[0]; doc.at("success").kind == 'f' && run.State == tally.Passed && len(doc.at("testResults").list()) > 0 {
		// Unhandled errors and thresholds fail a run whose cases all passed.
		run.State, run.Failed = tally.Failed, 1
		run.Failures = []tally.Failure{{Name: "the run", Message: "success is false"}}
	}
	return res
}

// mochaJSON reads Mocha's json reporter.
func mochaJSON(doc node, whole bool) Result {
	c := newCount("Mocha")
	for _, t := range doc.at("passes").list() {
		if t.at("currentRetry").num() > 0 {
			c.flaked()
		} else {
			c.pass()
		}
	}
	for _, t := range doc.at("failures").list() {
		c.fail(firstOf(t.at("fullTitle").str(), t.at("title").str()), t.at("err", "message").str())
	}
	for range doc.at("pending").list() {
		c.skip()
	}
	stats := doc.at("stats")
	whole = whole && doc.has("passes") && doc.has("failures")
	return c.held("mocha-json", told{tests: stats.at("passes").num() + stats.at("pending").num() + stats.at("failures").num(), failed: stats.at("failures").num()}, whole)
}

// mochawesome reads the reporter of that name, which Cypress users know.
func mochawesome(doc node, whole bool) Result {
	c := newCount("Mocha")
	var walk func(n node)
	walk = func(n node) {
		for _, t := range n.at("tests").list() {
			switch {
			case t.at("fail").kind == 't':
				c.fail(firstOf(t.at("fullTitle").str(), t.at("title").str()), t.at("err", "message").str())
			case t.at("pass").kind == 't':
				c.pass()
			default:
				c.skip()
			}
		}
		for _, list := range []string{"beforeHooks", "afterHooks"} {
			for _, h := range n.at(list).list() {
				if h.at("fail").kind == 't' {
					c.fail(firstOf(h.at("fullTitle").str(), h.at("title").str()), h.at("err", "message").str())
				}
			}
		}
		for _, s := range n.at("suites").list() {
			walk(s)
		}
	}
	for _, r := range doc.at("results").list() {
		walk(r)
	}
	return c.held("mochawesome", told{tests: doc.at("stats", "testsRegistered").num(), failed: doc.at("stats", "failures").num()}, whole)
}

// playwrightJSON reads Playwright's json reporter.
func playwrightJSON(doc node, whole bool) Result {
	c := newCount("Playwright")
	var walk func(n node, title string)
	walk = func(n node, title string) {
		for _, spec := range n.at("specs").list() {
			name := strings.TrimSpace(title + " " + spec.at("title").str())
			for _, t := range spec.at("tests").list() {
				switch t.at("status").str() {
				case "expected":
					c.pass()
				case "flaky":
					c.flaked()
				case "skipped":
					c.skip()
				default:
					c.fail(name, lastError(t))
				}
			}
		}
		for _, s := range n.at("suites").list() {
			walk(s, strings.TrimSpace(title+" "+s.at("title").str()))
		}
	}
	walk(doc, "")
	for _, e := range doc.at("errors").list() {
		c.fail("outside of tests", e.at("message").str())
	}
	stats := doc.at("stats")
	return c.held("playwright-json", told{
		tests:  stats.at("expected").num() + stats.at("unexpected").num() + stats.at("flaky").num() + stats.at("skipped").num(),
		failed: stats.at("unexpected").num(),
	}, whole && doc.has("suites"))
}

// lastError is the message of the last result that has one.
func lastError(t node) string {
	message := ""
	for _, r := range t.at("results").list() {
		message = firstOf(r.at("error", "message").str(), message)
	}
	return message
}

// rspecJSON reads RSpec's json formatter.
func rspecJSON(doc node, whole bool) Result {
	c := newCount("RSpec")
	for _, e := range doc.at("examples").list() {
		switch e.at("status").str() {
		case "passed":
			c.pass()
		case "failed":
			c.fail(e.at("full_description").str(), e.at("exception", "message").str())
		default:
			c.skip()
		}
	}
	for range min(doc.at("summary", "errors_outside_of_examples_count").num(), 1000) {
		c.fail("outside of examples", doc.at("summary_line").str())
	}
	return c.held("rspec-json", told{tests: doc.at("summary", "example_count").num(), failed: doc.at("summary", "failure_count").num()}, whole && doc.has("summary"))
}

// ctrf reads the Common Test Report Format.
func ctrf(doc node, whole bool) Result {
	results := doc.at("results")
	c := newCount(firstOf(results.at("tool", "name").str(), "CTRF"))
	for _, t := range results.at("tests").list() {
		switch t.at("status").str() {
		case "passed":
			if t.at("flaky").kind == 't' {
				c.flaked()
			} else {
				c.pass()
			}
		case "failed":
			c.fail(t.at("name").str(), t.at("message").str())
		default: // skipped, pending, other
			c.skip()
		}
	}
	summary := results.at("summary")
	return c.held("ctrf", told{tests: summary.at("tests").num(), failed: summary.at("failed").num()}, whole && results.has("summary"))
}

// pytestJSON reads pytest-json-report.
func pytestJSON(doc node, whole bool) Result {
	c := newCount("pytest")
	for _, t := range doc.at("tests").list() {
		switch t.at("outcome").str() {
		case "passed", "xpassed":
			c.pass()
		case "failed", "error":
			message := firstOf(t.at("call", "crash", "message").str(), t.at("setup", "crash", "message").str(), t.at("teardown", "crash", "message").str())
			c.fail(t.at("nodeid").str(), message)
		default: // skipped, xfailed
			c.skip()
		}
	}
	for _, t := range doc.at("collectors").list() {
		if t.at("outcome").str() == "failed" {
			c.fail(t.at("nodeid").str(), "could not be collected")
		}
	}
	summary := doc.at("summary")
	res := c.held("pytest-json", told{tests: summary.at("total").num(), failed: summary.at("failed").num() + summary.at("error").num()}, whole)
	if n := summary.at("collected").num(); n > res.Runs[0].Expected {
		res.Runs[0].Expected = n
	}
	if code := doc.at("exitcode").num(); code > 1 && code < 5 && res.Runs[0].State == tally.Passed {
		res.Runs[0].State = tally.Unfinished
		res.Problem = fmt.Sprintf("it says that pytest ended with exit code %d", code)
	}
	return res
}

// googletest reads GoogleTest's JSON.
func googletest(doc node, whole bool) Result {
	c := newCount("GoogleTest")
	for _, s := range doc.at("testsuites").list() {
		for _, t := range s.at("testsuite").list() {
			name := s.at("name").str() + "." + t.at("name").str()
			bad := t.at("failures").list()
			switch {
			case len(bad) > 0:
				c.fail(name, bad[0].at("failure").str())
			case t.at("status").str() == "NOTRUN", t.at("result").str() == "SKIPPED", t.at("result").str() == "SUPPRESSED":
				c.skip()
			default:
				c.pass()
			}
		}
	}
	return c.held("googletest-json", told{tests: doc.at("tests").num(), failed: doc.at("failures").num() + doc.at("errors").num()}, whole)
}

// cucumberJSON reads the JSON of Cucumber in any of its languages.
func cucumberJSON(doc node, whole bool) Result {
	c := newCount("Cucumber")
	for _, feature := range doc.list() {
		background := ""
		for _, e := range feature.at("elements").list() {
			worst, message := scenario(e)
			if e.at("type").str() == "background" || e.at("keyword").str() == "Background" {
				background = worst
				continue
			}
			if worst == "passed" && background != "" {
				worst = background
			}
			background = ""
			switch worst {
			case "failed", "undefined", "ambiguous":
				c.fail(feature.at("name").str()+": "+e.at("name").str(), firstOf(message, worst))
			case "passed":
				c.pass()
			default:
				c.skip()
			}
		}
	}
	return c.held("cucumber-json", told{}, whole)
}

// scenario is the worst that one of the steps and hooks came to.
func scenario(e node) (worst, message string) {
	rank := map[string]int{"passed": 0, "skipped": 1, "pending": 2, "undefined": 3, "ambiguous": 4, "failed": 5}
	worst = "passed"
	look := func(list []node) {
		for _, s := range list {
			status := s.at("result", "status").str()
			if rank[status] > rank[worst] {
				worst, message = status, s.at("result", "error_message").str()
			}
		}
	}
	look(e.at("before").list())
	look(e.at("steps").list())
	look(e.at("after").list())
	for _, s := range e.at("steps").list() {
		look(s.at("before").list())
		look(s.at("after").list())
	}
	return worst, message
}

// sarif reads what static analysers write.
func sarif(doc node, whole bool) Result {
	res := Result{Format: "sarif"}
	for _, r := range doc.at("runs").list() {
		driver := r.at("tool", "driver")
		run := tally.Run{Tool: firstOf(cut(driver.at("name").str()), "SARIF"), Kind: tally.Lint}
		levels := map[string]string{}
		for _, rule := range driver.at("rules").list() {
			levels[rule.at("id").str()] = rule.at("defaultConfiguration", "level").str()
		}
		for _, result := range r.at("results").list() {
			if k := result.at("kind").str(); k != "" && k != "fail" || len(result.at("suppressions").list()) > 0 {
				continue
			}
			id := result.at("ruleId").str()
			switch firstOf(result.at("level").str(), levels[id], "warning") {
			case "error":
				run.Failed++
				if len(run.Failures) < maxFailures {
					run.Failures = append(run.Failures, tally.Failure{Name: cut(id), Message: cut(firstLine(result.at("message", "text").str()))})
				}
			case "warning":
				run.Warnings++
			}
		}
		for _, i := range r.at("invocations").list() {
			if i.at("executionSuccessful").kind == 'f' {
				run.Failed++
				run.Failures = append(run.Failures, tally.Failure{Name: "the run", Message: "executionSuccessful is false"})
			}
		}
		res.Runs = append(res.Runs, lintState(run, whole))
		if len(res.Runs) >= 200 {
			break
		}
	}
	return res
}

// eslint reads ESLint's json formatter.
func eslint(doc node, whole bool) Result {
	run := tally.Run{Tool: "ESLint", Kind: tally.Lint}
	for _, file := range doc.list() {
		run.Failed += file.at("errorCount").num()
		run.Warnings += file.at("warningCount").num()
		for _, m := range file.at("messages").list() {
			if m.at("severity").num() == 2 && len(run.Failures) < maxFailures {
				name := fmt.Sprintf("%s:%d %s", file.at("filePath").str(), m.at("line").num(), m.at("ruleId").str())
				run.Failures = append(run.Failures, tally.Failure{Name: cut(name), Message: cut(m.at("message").str())})
			}
		}
	}
	return Result{Format: "eslint-json", Runs: []tally.Run{lintState(run, whole)}}
}
