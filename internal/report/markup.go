package report

import (
	"bufio"

	"github.com/postflight/postflight/internal/tally"
)

// dialect reads the elements of one XML format.
type dialect interface {
	// open is called for each element, close at its end, text for what stands in
	// between; path is the elements that are open, the outermost first.
	open(t token, path []string)
	text(s string, path []string)
	close(path []string)
	// result is called once; whole is whether the document came to its end.
	result(whole bool) Result
}

// dialectOf knows a format by its outermost element.
func dialectOf(root token) dialect {
	switch root.name {
	case "testsuites", "testsuite":
		return &junit{count: newCount("JUnit")}
	case "TestRun":
		return &trx{count: newCount("dotnet test")}
	case "test-run", "test-results":
		return &nunit{count: newCount("NUnit")}
	case "assemblies", "assembly":
		return &xunit{count: newCount("xUnit.net")}
	case "Site":
		return &ctest{count: newCount("CTest")}
	case "testng-results":
		return &testng{count: newCount("TestNG")}
	case "Catch2TestRun", "Catch":
		return &catch{count: newCount("Catch2")}
	case "checkstyle":
		return &checkstyle{run: tally.Run{Tool: "Checkstyle", Kind: tally.Lint}}
	case "coverage":
		if root.has("line-rate") || root.has("lines-valid") || root.has("branch-rate") {
			return silent("cobertura")
		}
		return silent("clover")
	case "report":
		return silent("jacoco")
	}
	return nil
}

// silent is a format that is known and tells of no tests.
type silent string

func (s silent) open(token, []string)  {}
func (s silent) text(string, []string) {}
func (s silent) close([]string)        {}
func (s silent) result(bool) Result    { return Result{Format: string(s)} }

// readXML reads a document, and those after it if there are more.
func readXML(br *bufio.Reader) Result {
	x := &lexer{r: br}
	var d dialect
	for {
		t, err := x.next()
		if err != nil {
			return broken(d, err)
		}
		switch t.kind {
		case tokenEnd:
			if d == nil {
				return Result{Problem: unknown}
			}
			res := d.result(true)
			if p := x.problem(); p != "" {
				res.Problem = p
			}
			return res
		case tokenOpen:
			if d == nil {
				if d = dialectOf(t); d == nil {
					return Result{Problem: unknown + ": XML with the root " + cut(t.name)}
				}
			}
			d.open(t, x.stack)
		case tokenText:
			d.text(t.text, x.stack)
		case tokenClose:
			d.close(append(x.stack, t.name))
		}
	}
}

// broken is the result of a document that did not come to its end.
func broken(d dialect, err error) Result {
	if d == nil {
		return Result{Problem: err.Error()}
	}
	res := d.result(false)
	res.Problem = err.Error()
	return res
}

// parent is the element around the innermost one.
func parent(path []string) string {
	if len(path) < 2 {
		return ""
	}
	return path[len(path)-2]
}

// within reports whether an element of that name is open.
func within(path []string, name string) bool {
	for _, p := range path {
		if p == name {
			return true
		}
	}
	return false
}
