package report

import (
	"fmt"
	"strings"
)

// trx reads the reports of vstest, MSTest and the Microsoft testing platform.
type trx struct {
	count   *count
	results []trxResult // that are open: data-driven ones hold inner results
	said    told
	outcome string
	seen    bool // of the summary
	info    string
	infoBad bool
}

type trxResult struct {
	name, outcome, message string
	inner                  bool
}

func (x *trx) open(t token, path []string) {
	switch t.name {
	case "TestRun":
		x.count.run.Name = cut(t.get("name"))
	case "UnitTestResult", "TestResult", "GenericTestResult", "WebTestResult":
		if len(x.results) > 0 {
			x.results[len(x.results)-1].inner = true
		}
		x.results = append(x.results, trxResult{name: t.get("testName"), outcome: t.get("outcome")})
	case "ResultSummary":
		x.outcome, x.seen = t.get("outcome"), true
	case "Counters":
		x.said = told{tests: t.num("total"), failed: t.num("failed") + t.num("error") + t.num("timeout") + t.num("aborted")}
	case "RunInfo":
		x.infoBad = t.get("outcome") == "Error" || t.get("outcome") == "Failed"
	}
}

func (x *trx) text(s string, path []string) {
	switch path[len(path)-1] {
	case "Message":
		if n := len(x.results); n > 0 && x.results[n-1].message == "" {
			x.results[n-1].message = s
		}
	case "Text":
		if x.infoBad && x.info == "" && within(path, "RunInfo") {
			x.info = s
		}
	}
}

func (x *trx) close(path []string) {
	name := path[len(path)-1]
	if !strings.HasSuffix(name, "TestResult") || len(x.results) == 0 {
		return
	}
	r := x.results[len(x.results)-1]
	x.results = x.results[:len(x.results)-1]
	if r.inner {
		return
	}
	switch r.outcome {
	case "Passed", "Warning", "Completed":
		x.count.pass()
	case "NotExecuted", "Inconclusive", "NotRunnable", "Pending", "":
		x.count.skip()
	default: // Failed, Error, Timeout, Aborted, Disconnected, PassedButRunAborted, InProgress
		x.count.fail(r.name, r.message)
	}
}

func (x *trx) result(whole bool) Result {
	res := Result{Format: "trx"}
	failed := x.count.run.Failed
	switch {
	case !whole:
	case !x.seen:
		res.Problem, whole = "the summary is missing", false
	case failed == 0 && (x.outcome == "Failed" || x.outcome == "Error" || x.outcome == "Aborted" || x.outcome == "Timeout"):
		// The run failed outside of any case: a host that crashed, a broken setup.
		x.count.fail("test run "+strings.ToLower(x.outcome), x.info)
	case x.said.failed > 0 && failed == 0:
		res.Problem = fmt.Sprintf("its counters tell of %d failures, its results of none", x.said.failed)
	case x.said.tests > x.count.cases():
		res.Problem = fmt.Sprintf("its counters tell of %d tests, there are %d", x.said.tests, x.count.cases())
	}
	if x.said.tests >= x.count.cases() {
		x.count.run.Expected = x.said.tests
	}
	res.Runs = append(res.Runs, x.count.close(whole))
	return res
}

// nunit reads the reports of NUnit 3 (test-run) and NUnit 2 (test-results).
type nunit struct {
	count  *count
	root   string
	failed bool // the outermost element says so
	said   told
	name   string
	went   string
	label  string
	msg    string
	inCase bool
	bad    string // a suite that failed by itself
	badMsg string
}

func (n *nunit) open(t token, path []string) {
	switch t.name {
	case "test-run", "test-results":
		if len(path) > 1 {
			return
		}
		n.count.run.Name = cut(t.get("name"))
		n.root = t.name
		n.failed = n.failed || t.get("result") == "Failed"
		n.said.failed += t.num("failed") + t.num("failures") + t.num("errors") + t.num("invalid")
		n.said.tests += t.num("total")
	case "test-suite":
		if t.get("result") == "Failed" && (t.get("site") == "SetUp" || t.get("site") == "TearDown" || t.get("label") == "Invalid") || t.get("result") == "Error" && n.root == "test-results" && t.get("executed") == "False" {
			n.bad = firstOf(n.bad, t.get("fullname"), t.get("name"))
		}
	case "test-case":
		n.inCase = true
		n.name, n.went, n.label, n.msg = firstOf(t.get("fullname"), t.get("name")), t.get("result"), t.get("label"), ""
		if n.went == "" { // NUnit 2.4 and before
			switch {
			case t.get("executed") == "False":
				n.went = "Ignored"
			case t.get("success") == "True":
				n.went = "Success"
			default:
				n.went = "Failure"
			}
		}
	}
}

func (n *nunit) text(s string, path []string) {
	if path[len(path)-1] != "message" {
		return
	}
	if n.inCase && n.msg == "" {
		n.msg = s
	} else if !n.inCase && n.bad != "" && n.badMsg == "" {
		n.badMsg = s
	}
}

func (n *nunit) close(path []string) {
	if path[len(path)-1] != "test-case" || !n.inCase {
		return
	}
	n.inCase = false
	switch n.went {
	case "Passed", "Success", "Warning":
		n.count.pass()
	case "Skipped", "Ignored", "Inconclusive", "NotRunnable":
		if n.went == "NotRunnable" { // NUnit 2 failed the run for such
			n.count.fail(n.name, n.msg)
			return
		}
		n.count.skip()
	default:
		n.count.fail(n.name, n.msg)
	}
}

func (n *nunit) result(whole bool) Result {
	if whole && n.count.run.Failed == 0 && (n.bad != "" || n.failed) {
		n.count.fail(firstOf(n.bad, "test run failed"), n.badMsg)
	}
	// NUnit's total leaves out what was not selected; only the cases count.
	return n.count.held("nunit", told{failed: n.said.failed}, whole)
}

// xunit reads the reports of xUnit.net, versions 1 and 2.
type xunit struct {
	count  *count
	said   told
	name   string
	bad    bool
	skip   bool
	msg    string
	inTest bool
	error  string
}

func (x *xunit) open(t token, path []string) {
	switch t.name {
	case "assembly":
		if x.count.run.Name == "" {
			x.count.run.Name = cut(t.get("name"))
		}
		x.said.tests += t.num("total")
		x.said.failed += t.num("failed") + t.num("errors")
	case "test":
		x.inTest, x.name, x.msg = true, t.get("name"), ""
		result := t.get("result")
		x.skip = result == "Skip" || result == "NotRun"
		x.bad = !x.skip && result != "Pass"
	case "error":
		if parent(path) == "errors" {
			x.error = firstOf(t.get("name"), t.get("type"), "error")
			x.msg = ""
		}
	}
}

func (x *xunit) text(s string, path []string) {
	if path[len(path)-1] == "message" && x.msg == "" {
		x.msg = s
	}
}

func (x *xunit) close(path []string) {
	switch name := path[len(path)-1]; {
	case name == "error" && x.error != "":
		x.count.fail(x.error, x.msg)
		x.error = ""
	case name == "test" && x.inTest:
		x.inTest = false
		switch {
		case x.bad:
			x.count.fail(x.name, x.msg)
		case x.skip:
			x.count.skip()
		default:
			x.count.pass()
		}
	}
}

func (x *xunit) result(whole bool) Result {
	return x.count.held("xunit", x.said, whole)
}

// held closes a count after holding it against what attributes say.
func (c *count) held(format string, said told, whole bool) Result {
	res := Result{Format: format}
	if whole {
		switch {
		case said.failed > 0 && c.run.Failed == 0:
			res.Problem = fmt.Sprintf("its attributes tell of %d failures, its cases of none", said.failed)
		case said.tests > c.cases():
			res.Problem = fmt.Sprintf("its attributes tell of %d tests, there are %d", said.tests, c.cases())
		}
	}
	if said.tests >= c.cases() {
		c.run.Expected = said.tests
	}
	res.Runs = append(res.Runs, c.close(whole && res.Problem == ""))
	return res
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
