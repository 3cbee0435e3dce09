package report

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of a JSON document: what is kept of it, not what is read.
const (
	maxNodes  = 2_000_000
	maxString = 1000
)

const (
	errJSON  flaw = "the JSON is broken"
	errNodes flaw = "the document holds more values than are read"
)

// node is a JSON value, pruned: members that no format asks for are skipped, and
// texts are cut.
type node struct {
	kind   byte // '{', '[', '"', '0', 't', 'f', 'n'; 0: there is none
	text   string
	names  []string
	values []node
}

// at returns a member, or the zero node.
func (n node) at(names ...string) node {
	for _, name := range names {
		found := false
		for i := range n.names {
			if n.names[i] == name {
				n, found = n.values[i], true
				break
			}
		}
		if !found {
			return node{}
		}
	}
	return n
}

func (n node) has(name string) bool { return n.at(name).kind != 0 }
func (n node) list() []node {
	if n.kind == '[' {
		return n.values
	}
	return nil
}

func (n node) str() string {
	if n.kind == '"' {
		return n.text
	}
	return ""
}

func (n node) num() int {
	if n.kind != '0' {
		return 0
	}
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil || f < 0 || f > 1e9 {
		return 0
	}
	return int(f)
}

// wanted are the members that some format reads.
func wanted() map[string]bool {
	m := map[string]bool{}
	for _, name := range []string{
		// Jest, Vitest
		"numTotalTests", "numFailedTests", "numPassedTests", "numPendingTests", "numTodoTests", "numRuntimeErrorTestSuites", "numFailedTestSuites",
		"numTotalTestSuites", "wasInterrupted", "success", "testResults", "assertionResults", "fullName", "status", "failureMessages", "invocations",
		"retryReasons", "name", "message", "openHandles", "ancestorTitles", "title",
		// Mocha, mochawesome
		"stats", "tests", "passes", "pending", "failures", "suites", "skipped", "fullTitle", "err", "currentRetry", "results", "pass", "fail",
		"testsRegistered", "hasOther", "beforeHooks", "afterHooks", "meta",
		// Playwright
		"specs", "errors", "expected", "unexpected", "flaky", "config", "error", "retry",
		// RSpec
		"examples", "summary", "summary_line", "example_count", "failure_count", "errors_outside_of_examples_count", "full_description", "exception",
		// pytest-json-report
		"exitcode", "collectors", "outcome", "nodeid", "crash", "call", "setup", "teardown", "total", "collected",
		// CTRF
		"tool", "passed", "failed", "other", "reportFormat",
		// Cucumber
		"elements", "steps", "result", "error_message", "before", "after", "type", "keyword",
		// GoogleTest
		"testsuites", "testsuite", "disabled", "failure", "classname",
		// SARIF, ESLint
		"runs", "version", "driver", "level", "kind", "suppressions", "ruleId", "invocations", "executionSuccessful", "text", "rules", "id",
		"defaultConfiguration", "ruleIndex", "filePath", "messages", "errorCount", "warningCount", "fatalErrorCount", "severity", "line", "$schema",
	} {
		m[name] = true
	}
	return m
}

// jsonReader reads JSON with bounded memory.
type jsonReader struct {
	r     *bufio.Reader
	keep  map[string]bool
	nodes int
}

// value reads one value; when keep is false it is only skipped. What was read
// before an error is returned with it.
func (j *jsonReader) value(keep bool, depth int) (node, error) {
	b, err := j.skip()
	if err != nil {
		return node{}, err
	}
	if depth > maxDepth {
		return node{}, errDeep
	}
	if keep {
		if j.nodes++; j.nodes > maxNodes {
			return node{}, errNodes
		}
	}
	switch {
	case b == '{':
		return j.object(keep, depth)
	case b == '[':
		return j.array(keep, depth)
	case b == '"':
		s, err := j.text(keep)
		return node{kind: '"', text: s}, err
	}
	return j.word(b)
}

// skip passes over space and returns the byte after it.
func (j *jsonReader) skip() (byte, error) {
	for {
		b, err := j.r.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return 0, errCutOff
			}
			return 0, err
		}
		switch b {
		case ' ', '\t', '\r', '\n':
		default:
			return b, nil
		}
	}
}

func (j *jsonReader) object(keep bool, depth int) (node, error) {
	n := node{kind: '{'}
	for first := true; ; first = false {
		b, err := j.skip()
		if err != nil {
			return n, err
		}
		if b == '}' && first {
			return n, nil
		}
		if !first {
			switch b {
			case '}':
				return n, nil
			case ',':
				if b, err = j.skip(); err != nil {
					return n, err
				}
			default:
				return n, errJSON
			}
		}
		if b != '"' {
			return n, errJSON
		}
		name, err := j.text(true)
		if err != nil {
			return n, err
		}
		if b, err = j.skip(); err != nil {
			return n, err
		} else if b != ':' {
			return n, errJSON
		}
		keepIt := keep && (j.keep == nil || j.keep[name])
		v, err := j.value(keepIt, depth+1)
		if keepIt {
			n.names, n.values = append(n.names, name), append(n.values, v)
		} else if keep && len(n.names) == 0 && depth == 0 && len(name) > 0 {
			n.text = name
		}
		if err != nil {
			return n, err
		}
	}
}

func (j *jsonReader) array(keep bool, depth int) (node, error) {
	n := node{kind: '['}
	for first := true; ; first = false {
		b, err := j.skip()
		if err != nil {
			return n, err
		}
		if b == ']' {
			return n, nil
		}
		if first {
			_ = j.r.UnreadByte()
		} else if b != ',' {
			return n, errJSON
		}
		v, err := j.value(keep, depth+1)
		if keep && v.kind != 0 {
			n.values = append(n.values, v)
		}
		if err != nil {
			return n, err
		}
	}
}

// text reads a string after its quote.
func (j *jsonReader) text(keep bool) (string, error) {
	var s []byte
	for {
		b, err := j.r.ReadByte()
		if err != nil {
			return string(s), errCutOff
		}
		switch b {
		case '"':
			return string(s), nil
		case '\\':
			if s, err = j.escape(s); err != nil {
				return string(s), err
			}
			continue
		}
		if keep && len(s) < maxString {
			s = append(s, b)
		}
	}
}

// escape reads what follows a backslash.
func (j *jsonReader) escape(s []byte) ([]byte, error) {
	b, err := j.r.ReadByte()
	if err != nil {
		return s, errCutOff
	}
	r := rune(b)
	switch b {
	case 'n', 'r':
		r = '\n'
	case 't', 'b', 'f':
		r = ' '
	case '"', '\\', '/':
	case 'u':
		var hex [4]byte
		if _, err := io.ReadFull(j.r, hex[:]); err != nil {
			return s, errCutOff
		}
		n, err := strconv.ParseUint(string(hex[:]), 16, 16)
		if err != nil {
			return s, errJSON
		}
		r = rune(n)
		if utf16.IsSurrogate(r) {
			r = utf8.RuneError
		}
	default:
		return s, errJSON
	}
	if len(s) < maxString {
		s = utf8.AppendRune(s, r)
	}
	return s, nil
}

// word reads a number, true, false or null.
func (j *jsonReader) word(b byte) (node, error) {
	w := []byte{b}
	for len(w) < 40 {
		b, err := j.r.ReadByte()
		if err != nil {
			break
		}
		if b == ',' || b == '}' || b == ']' || b == ' ' || b == '\n' || b == '\r' || b == '\t' {
			_ = j.r.UnreadByte()
			break
		}
		w = append(w, b)
	}
	switch s := string(w); s {
	case "true", "false", "null":
		return node{kind: s[0]}, nil
	default:
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			return node{}, errJSON
		}
		return node{kind: '0', text: s}, nil
	}
}

// readJSON reads one document, or one a line.
func readJSON(br *bufio.Reader, head []byte) Result {
	if res, ok := readLines(br, head); ok {
		return res
	}
	j := &jsonReader{r: br, keep: wanted()}
	doc, err := j.value(true, 0)
	res := judgeJSON(doc, err == nil)
	if res.Format == "" {
		if err != nil && !errors.Is(err, errJSON) {
			return Result{Problem: err.Error()}
		}
		return Result{Problem: unknown}
	}
	if err != nil {
		res.Problem = err.Error()
		return res
	}
	if b, err := j.skip(); err == nil {
		res.Problem = "something follows the document"
		if b == '{' || b == '[' {
			res.Problem = errNotFirst.Error()
		}
	}
	return res
}
