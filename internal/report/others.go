package report

import (
	"strings"

	"github.com/postflight/postflight/internal/tally"
)

// ctest reads the Test.xml that "ctest -T Test" writes.
type ctest struct {
	count  *count
	status string
	name   string
	reason string
	value  string
	inTest bool
	tests  bool // a Testing element was there
}

func (c *ctest) open(t token, path []string) {
	switch t.name {
	case "Site":
		c.count.run.Name = cut(firstOf(t.get("BuildName"), t.get("Name")))
	case "Testing":
		c.tests = true
	case "Test":
		if parent(path) == "Testing" {
			c.inTest, c.status, c.name, c.reason = true, t.get("Status"), "", ""
		}
	case "NamedMeasurement":
		c.value = t.get("name")
	}
}

func (c *ctest) text(s string, path []string) {
	if !c.inTest {
		return
	}
	switch last := path[len(path)-1]; {
	case last == "Name" && parent(path) == "Test":
		c.name = s
	case last == "Value" && (c.value == "Exit Code" || c.value == "Completion Status"):
		c.reason = firstOf(c.reason, s)
	}
}

func (c *ctest) close(path []string) {
	if path[len(path)-1] != "Test" || parent(path) != "Testing" || !c.inTest {
		return
	}
	c.inTest = false
	switch c.status {
	case "passed":
		c.count.pass()
	case "notrun":
		if c.reason == "Disabled" || strings.HasPrefix(c.reason, "SKIP") {
			c.count.skip()
			return
		}
		c.count.fail(c.name, "not run: "+c.reason)
	default:
		c.count.fail(c.name, c.reason)
	}
}

func (c *ctest) result(whole bool) Result {
	if whole && !c.tests {
		return Result{Format: "ctest-build"}
	}
	return c.count.held("ctest", told{}, whole)
}

// testng reads testng-results.xml.
type testng struct {
	count *count
	said  told
	name  string
	msg   string
	state string
}

func (n *testng) open(t token, path []string) {
	switch t.name {
	case "testng-results":
		n.said.failed += t.num("failed")
	case "suite":
		n.count.run.Name = firstOf(n.count.run.Name, cut(t.get("name")))
	case "test-method":
		n.name, n.state, n.msg = firstOf(t.get("signature"), t.get("name")), t.get("status"), ""
		if t.get("is-config") == "true" && n.state != "FAIL" {
			n.state = ""
		}
	}
}

func (n *testng) text(s string, path []string) {
	if path[len(path)-1] == "message" && n.msg == "" {
		n.msg = s
	}
}

func (n *testng) close(path []string) {
	if path[len(path)-1] != "test-method" {
		return
	}
	switch n.state {
	case "PASS":
		n.count.pass()
	case "SKIP":
		n.count.skip()
	case "":
	default:
		n.count.fail(n.name, n.msg)
	}
	n.state = ""
}

func (n *testng) result(whole bool) Result { return n.count.held("testng", n.said, whole) }

// catch reads the XML reporter of Catch2: cases with one overall result each.
type catch struct {
	count *count
	name  string
	state string
}

func (c *catch) open(t token, path []string) {
	switch t.name {
	case "TestCase":
		c.name, c.state = t.get("name"), ""
	case "OverallResult":
		c.state = t.get("success")
		if t.num("skips") > 0 && c.state == "true" {
			c.state = "skip"
		}
	}
}

func (c *catch) text(string, []string) {}

func (c *catch) close(path []string) {
	if path[len(path)-1] != "TestCase" {
		return
	}
	switch c.state {
	case "true":
		c.count.pass()
	case "skip":
		c.count.skip()
	default:
		c.count.fail(c.name, "")
	}
}

func (c *catch) result(whole bool) Result { return c.count.held("catch2", told{}, whole) }

// checkstyle reads the XML that Checkstyle, ESLint, ktlint and many others write.
type checkstyle struct {
	run  tally.Run
	file string
}

func (c *checkstyle) open(t token, path []string) {
	switch t.name {
	case "file":
		c.file = t.get("name")
	case "error":
		switch strings.ToLower(t.get("severity")) {
		case "warning", "info", "ignore":
			c.run.Warnings++
		default:
			c.run.Failed++
			if len(c.run.Failures) < maxFailures {
				c.run.Failures = append(c.run.Failures, tally.Failure{Name: cut(c.file + ":" + t.get("line")), Message: cut(t.get("message"))})
			}
		}
	}
}

func (c *checkstyle) text(string, []string) {}
func (c *checkstyle) close([]string)        {}

func (c *checkstyle) result(whole bool) Result {
	return Result{Format: "checkstyle", Runs: []tally.Run{lintState(c.run, whole)}}
}

// lintState sets the state of a linter's run.
func lintState(run tally.Run, whole bool) tally.Run {
	switch {
	case run.Failed > 0:
		run.State = tally.Failed
	case !whole:
		run.State = tally.Unfinished
	default:
		run.State = tally.Passed
	}
	return run
}
