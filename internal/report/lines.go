package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/tally"
)

// maxLine is how long a line of JSON may be; longer ones are output, which tells
// nothing.
const maxLine = 1 << 20

// eachLine calls f for every line, cut at the bound; last is true when the file
// ends without a line end.
func eachLine(br *bufio.Reader, f func(line []byte, last bool)) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if room := maxLine - len(line); room > 0 {
			line = append(line, part[:min(room, len(part))]...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(line) > 0 {
			f(bytes.TrimRight(line, "\r\n"), err != nil)
		}
		line = line[:0]
		if err != nil {
			return
		}
	}
}

// event is a line of "go test -json" or of libtest: their members do not collide.
type event struct {
	Action      string
	Package     string
	Test        string
	FailedBuild string
	Type        string
	Event       string
	Name        string
	Stdout      string
	TestCount   *int `json:"test_count"`
}

// readLines reads a format of one value a line, when the first line is of one.
func readLines(br *bufio.Reader, head []byte) (Result, bool) {
	first, _, ok := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimSpace(first)
	if !ok && len(head) >= headBytes || len(first) == 0 {
		return Result{}, false
	}
	var members map[string]json.RawMessage
	if first[0] == '[' {
		if bytes.HasPrefix(first, []byte(`["start",{"total":`)) {
			return readMochaStream(br), true
		}
		return Result{}, false
	}
	if json.Unmarshal(first, &members) != nil {
		return Result{}, false
	}
	_, action := members["Action"]
	_, kind := members["type"]
	_, what := members["event"]
	_, protocol := members["protocolVersion"]
	switch {
	case action:
		return readGo(br), true
	case kind && what:
		return readLibtest(br), true
	case kind && protocol:
		return readDart(br), true
	}
	return Result{}, false
}

// goPackage is one package of "go test -json".
type goPackage struct {
	tests map[string]string // the last action of each test
	fails map[string]bool   // tests that ever failed
	order []string
	ended string
	built bool // the build failed
}

// readGo reads "go test -json". Lines that are no JSON are what packages printed.
func readGo(br *bufio.Reader) Result {
	packages := map[string]*goPackage{}
	total, cutOff := 0, false
	get := func(name string) *goPackage {
		p := packages[name]
		if p == nil {
			p = &goPackage{tests: map[string]string{}, fails: map[string]bool{}}
			packages[name] = p
		}
		return p
	}
	eachLine(br, func(line []byte, last bool) {
		var e event
		if len(line) == 0 || line[0] != '{' {
			return
		}
		if err := json.Unmarshal(line, &e); err != nil {
			cutOff = cutOff || last
			return
		}
		// "go tool test2json" alone names no package; "build-output" names none ever.
		if strings.HasPrefix(e.Action, "build-") || total > 1_000_000 {
			return
		}
		p := get(e.Package)
		p.built = p.built || e.FailedBuild != ""
		switch e.Action {
		case "run", "pass", "fail", "skip":
		default:
			return
		}
		if e.Test == "" {
			if e.Action != "run" {
				p.ended = e.Action
			}
			return
		}
		if p.tests[e.Test] == "" {
			p.order = append(p.order, e.Test)
			total++
		}
		p.tests[e.Test] = e.Action
		if e.Action == "fail" {
			p.fails[e.Test] = true
		}
	})
	return judgeGo(packages, cutOff)
}

// judgeGo counts tests and subtests, as gotestsum does.
func judgeGo(packages map[string]*goPackage, cutOff bool) Result {
	c := newCount("go test")
	whole := !cutOff && len(packages) > 0
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		p := packages[name]
		bad := c.run.Failed
		for _, test := range p.order {
			switch state := p.tests[test]; {
			case state == "fail", state == "run" && p.ended == "fail":
				c.fail(name+"."+test, "")
			case state == "skip":
				c.skip()
			case state == "pass" && p.fails[test]:
				c.flaked()
			case state == "pass":
				c.pass()
			case p.ended == "":
				whole = false
			default:
				// Its end was lost among what the tests printed; the package passed.
				c.pass()
			}
		}
		switch {
		case p.ended == "fail" && c.run.Failed == bad:
			message := ""
			if p.built {
				message = "build failed"
			}
			c.fail(name, message)
		case p.ended == "":
			whole = false
		}
	}
	res := Result{Format: "go-json", Runs: []tally.Run{c.close(whole)}}
	if !whole {
		res.Problem = "packages began and did not end"
		if cutOff {
			res.Problem = errCutOff.Error()
		}
	}
	return res
}

// readLibtest reads "cargo test -- --format json".
func readLibtest(br *bufio.Reader) Result {
	c := newCount("cargo test")
	begun, ended, cutOff, suites := 0, 0, false, 0
	eachLine(br, func(line []byte, last bool) {
		var e event
		if len(line) == 0 || line[0] != '{' {
			return
		}
		if err := json.Unmarshal(line, &e); err != nil {
			cutOff = cutOff || last
			return
		}
		switch {
		case e.Type == "suite" && e.Event == "started":
			begun++
			if e.TestCount != nil {
				suites += *e.TestCount
			}
		case e.Type == "suite":
			ended++
		case e.Type != "test":
		case e.Event == "ok":
			c.pass()
		case e.Event == "ignored":
			c.skip()
		case e.Event == "failed", e.Event == "timeout":
			c.fail(e.Name, e.Stdout)
		}
	})
	c.run.Expected = suites
	whole := !cutOff && begun == ended && begun > 0
	res := Result{Format: "libtest-json", Runs: []tally.Run{c.close(whole)}}
	if !whole {
		res.Problem = "suites began and did not end"
	}
	return res
}

// readDart reads "dart test --reporter json" and Flutter's.
func readDart(br *bufio.Reader) Result {
	c := newCount("dart test")
	names, errs := map[int]string{}, map[int]string{}
	done, success := false, false
	eachLine(br, func(line []byte, _ bool) {
		var e struct {
			Type, Result    string
			TestID          *int
			Skipped, Hidden bool
			Success         *bool
			Test            struct {
				ID   int
				Name string
			}
			Error string
		}
		if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
			return
		}
		switch e.Type {
		case "testStart":
			if len(names) < 200_000 {
				names[e.Test.ID] = cut(e.Test.Name)
			}
		case "error":
			if e.TestID != nil && len(errs) < 1000 {
				errs[*e.TestID] = cut(firstLine(e.Error))
			}
		case "testDone":
			if e.TestID == nil {
				return
			}
			switch {
			case e.Result != "success":
				c.fail(names[*e.TestID], errs[*e.TestID])
			case e.Hidden:
			case e.Skipped:
				c.skip()
			default:
				c.pass()
			}
			delete(names, *e.TestID)
		case "done":
			done, success = true, e.Success != nil && *e.Success
		}
	})
	res := Result{Format: "dart-json"}
	switch {
	case !done:
		res.Problem = "it does not say that it is done"
	case len(names) > 0 && success:
		res.Problem = "tests began and did not end"
	case !success && c.run.Failed == 0 && c.cases() > 0:
		c.fail("the run", "success is false")
	}
	res.Runs = append(res.Runs, c.close(res.Problem == ""))
	return res
}

// readMochaStream reads Mocha's json-stream reporter.
func readMochaStream(br *bufio.Reader) Result {
	c := newCount("Mocha")
	total, pending, ended := 0, 0, false
	eachLine(br, func(line []byte, _ bool) {
		var pair [2]json.RawMessage
		var kind string
		if len(line) == 0 || line[0] != '[' || json.Unmarshal(line, &pair) != nil || json.Unmarshal(pair[0], &kind) != nil {
			return
		}
		var e struct {
			Total, Pending, CurrentRetry int
			FullTitle, Err               string
		}
		if json.Unmarshal(pair[1], &e) != nil {
			return
		}
		switch kind {
		case "start":
			total = e.Total
		case "pass":
			if e.CurrentRetry > 0 {
				c.flaked()
			} else {
				c.pass()
			}
		case "fail":
			c.fail(e.FullTitle, e.Err)
		case "end":
			ended, pending = true, e.Pending
		}
	})
	c.run.Skipped = pending
	c.run.Expected = total
	res := Result{Format: "mocha-json-stream", Runs: []tally.Run{c.close(ended)}}
	if !ended {
		res.Problem = "it does not say that it ended"
	}
	return res
}

// teamcityHead tells whether a service message stands in the beginning.
func teamcityHead(head []byte) bool {
	return bytes.HasPrefix(head, []byte("##teamcity[")) || bytes.Contains(head, []byte("\n##teamcity[test"))
}

// readTeamCity reads TeamCity's service messages from a stream.
func readTeamCity(br *bufio.Reader) Result {
	c := newCount("TeamCity")
	open := map[string]string{} // how the tests that run go so far
	suites := 0
	eachLine(br, func(line []byte, _ bool) {
		text, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "##teamcity[")
		if !ok || !strings.HasSuffix(text, "]") {
			return
		}
		kind, rest, _ := strings.Cut(strings.TrimSuffix(text, "]"), " ")
		name, message := service(rest, "name"), service(rest, "message")
		key := service(rest, "flowId") + "\x00" + name
		switch kind {
		case "testSuiteStarted":
			suites++
		case "testSuiteFinished":
			suites--
		case "testStarted":
			if len(open) < 100_000 {
				open[key] = "passed"
			}
		case "testFailed":
			c.fail(name, message)
			open[key] = "failed"
		case "testIgnored":
			c.skip()
			open[key] = "ignored"
		case "testFinished":
			if open[key] == "passed" {
				c.pass()
			}
			delete(open, key)
		}
	})
	running := 0
	for _, state := range open {
		if state == "passed" {
			running++
		}
	}
	whole := running == 0 && suites <= 0
	res := Result{Format: "teamcity", Runs: []tally.Run{c.close(whole)}}
	if !whole {
		res.Problem = "tests or suites began and did not end"
	}
	return res
}

// service returns an attribute of a service message, its escapes undone.
func service(text, name string) string {
	_, rest, ok := strings.Cut(" "+text, " "+name+"='")
	if !ok {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(rest) && b.Len() < maxText; i++ {
		switch {
		case rest[i] == '\'':
			return b.String()
		case rest[i] == '|' && i+1 < len(rest):
			i++
			switch rest[i] {
			case 'n', 'r':
				b.WriteByte('\n')
			default:
				b.WriteByte(rest[i])
			}
		default:
			b.WriteByte(rest[i])
		}
	}
	return b.String()
}

// tapHead tells whether a file begins as TAP does.
func tapHead(head []byte) bool {
	for line := range bytes.SplitSeq(head[:min(len(head), 4096)], []byte("\n")) {
		s := string(bytes.TrimRight(line, "\r"))
		switch {
		case s == "" || strings.HasPrefix(s, "#"):
			continue
		case strings.HasPrefix(s, "TAP version 1"):
			return true
		}
		rest, bad := strings.CutPrefix(s, "not ")
		plan, isPlan := strings.CutPrefix(s, "1..")
		number, isTest := strings.CutPrefix(rest, "ok ")
		switch {
		case isPlan && plan != "" && plan[0] >= '0' && plan[0] <= '9':
			return true
		case isTest && (strings.HasPrefix(number, "1 ") || number == "1" || bad && strings.HasPrefix(number, "1")):
			return true
		}
		return false
	}
	return false
}

// readTAP reads TAP with the grammar that reads it in logs.
func readTAP(br *bufio.Reader) Result {
	t := tally.NewReader()
	_, _ = io.Copy(t, br)
	res := Result{Format: "tap"}
	for _, run := range t.Close().Runs {
		switch run.Tool {
		case "TAP", "node:test", "prove":
			if run.State == tally.Unfinished {
				res.Problem = "the plan and the tests do not agree"
			}
			run.First, run.Last = 0, 0
			res.Runs = append(res.Runs, run)
		}
	}
	if len(res.Runs) == 0 {
		res.Problem = "it begins as TAP does and holds no plan"
	}
	return res
}

// lcovHead tells whether a file begins as LCOV's traces do.
func lcovHead(head []byte) bool {
	return bytes.HasPrefix(head, []byte("TN:")) || bytes.HasPrefix(head, []byte("SF:"))
}
