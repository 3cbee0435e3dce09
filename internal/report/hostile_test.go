package report

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/tally"
)

// TestHostile holds that whatever is wrong with a file is said, and is not green.
func TestHostile(t *testing.T) {
	t.Parallel()
	good := `<testsuite name="a" tests="1" failures="0"><testcase name="b"/></testsuite>`
	tests := []struct{ name, text, problem string }{
		{"empty", "", "empty"},
		{"blank", " \n\t\n", "empty"},
		{"garbage", "\x7fELF\x02\x01", "no known"},
		{"a log", "Tests: 1 passed, 1 total\n", "no known"},
		{"HTML", "<!DOCTYPE html><html><body>404</body></html>", "root html"},
		{"NUL", strings.Replace(good, "a", "a\x00", 1), "NUL"},
		{"not UTF-8", strings.Replace(good, `"b"`, "\"caf\xe9\"", 1), "encoding"},
		{"two documents", good + "\n" + good, "more than one"},
		{"something after", good + "\nexit 0", "follows"},
		{"half", good[:40], "cut off"},
		{"no end", strings.TrimSuffix(good, "</testsuite>"), "cut off"},
		{"entities", `<!DOCTYPE a [<!ENTITY lol "lol"><!ENTITY b "&lol;&lol;">]>` + good, "entities"},
		{"outside entity", `<!DOCTYPE a [ <!ENTITY x SYSTEM "file:///etc/passwd"> ]>` + good, "entities"},
		{"wrong nesting", "<testsuite><testcase></testsuite></testcase>", "not open"},
		{"deep", strings.Repeat("<testsuite>", 100000), "deep"},
		{"markup", "<testsuite tests=1></testsuite>", "broken"},
		{"attributes without cases", `<testsuite tests="5" failures="0"></testsuite>`, "5 tests"},
		{"fewer cases", `<testsuite tests="5" failures="0" time="1"><testcase name="a"/></testsuite>`, "5 tests"},
		{"failures without cases", `<testsuite tests="1" failures="1"><testcase name="a"/></testsuite>`, "1 failures"},
		{"JSON cut off", `{"numTotalTests":1,"numFailedTests":0,"testResults":[{"assertionResults":[{"status":"passed"}`, "cut off"},
		{"JSON twice", `{"stats":{"passes":1},"passes":[{}],"failures":[]}{"stats":{"passes":1}}`, "more than one"},
		{"JSON deep", strings.Repeat("[", 100000), "deep"},
		{"JSON of something", `{"a":1}`, "no known"},
		{"JSON list", `[]`, "no known"},
		{"Jest's counts", `{"numTotalTests":9,"wasInterrupted":false,"testResults":[{"assertionResults":[{"status":"passed"}]}]}`, "9 tests"},
		{"TAP cut off", "TAP version 13\n1..3\nok 1 - a\n", "plan"},
		{"TAP without a plan", "ok 1 - a\nok 2 - b\n", "plan"},
		{"TRX without a summary", "<TestRun><Results><UnitTestResult outcome=\"Passed\"/></Results></TestRun>", "summary"},
		{"go cut off", `{"Action":"run","Package":"p","Test":"T"}` + "\n" + `{"Action":"pass","Package":"p","Te`, "cut off"},
		{"Dart without an end", `{"protocolVersion":"0.1.1","type":"start"}` + "\n" + `{"testID":1,"result":"success","type":"testDone"}`, "done"},
		{"TeamCity cut off", "##teamcity[testStarted name='a']\n", "did not end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := Read("report", strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(res.Problem, tt.problem) || res.Problem == "" {
				t.Errorf("got problem %q, want one of %q", res.Problem, tt.problem)
			}
			for _, run := range res.Runs {
				if run.State == tally.Passed {
					t.Errorf("a green run of it: %s", brief(res))
				}
			}
		})
	}
}

// flood repeats a block up to a size, between a beginning and an end.
func flood(head, block, tail string, size int) io.Reader {
	n := size / len(block)
	return io.MultiReader(strings.NewReader(head), &repeat{block: block, n: n}, strings.NewReader(tail))
}

type repeat struct {
	block string
	n     int
	rest  string
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.block
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// TestFloods reads files far larger than what may be held of them.
func TestFloods(t *testing.T) {
	t.Parallel()
	block := strings.Repeat("x", 1<<16)
	tests := []struct {
		name, head, block, tail, want string
	}{
		{"text", `<testsuite tests="1"><testcase name="a"><system-out>`, block, "</system-out></testcase></testsuite>", "junit | JUnit passed 1/0/0"},
		{"CDATA", `<testsuite tests="1"><testcase name="a"><system-out><![CDATA[`, "<x>" + block, "]]></system-out></testcase></testsuite>", "junit | JUnit passed 1/0/0"},
		{"attribute", `<testsuite tests="1"><testcase name="`, block, `"/></testsuite>`, "junit | JUnit passed 1/0/0"},
		{"name", `<testsuite tests="1"><testcase name="a" `, block, `="b"/></testsuite>`, "junit | JUnit passed 1/0/0"},
		{"comments", `<testsuite tests="1"><testcase name="a"/>`, strings.Repeat("<!-- -->", 1000), `</testsuite>`, "junit | JUnit passed 1/0/0"},
		{"cases", `<testsuite>`, strings.Repeat(`<testcase name="a"><failure/></testcase>`, 1000), `</testsuite>`, "junit | JUnit failed 0/209000/0"},
		{"JSON text", `{"stats":{"passes":1},"passes":[{"title":"`, block, `"}],"failures":[]}`, "mocha-json | Mocha passed 1/0/0"},
		{"JSON skipped", `{"x":[0`, strings.Repeat(`,{"a":[1,"b"]}`, 1000), `],"stats":{"passes":1},"passes":[{}],"failures":[]}`, "mocha-json | Mocha passed 1/0/0"},
		{"an endless line", `{"Action":"output","Package":"p","Output":"`, block, "\"}\n" + `{"Action":"run","Package":"p","Test":"T"}` + "\n" + `{"Action":"pass","Package":"p","Test":"T"}` + "\n" + `{"Action":"pass","Package":"p"}` + "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := Read("report", flood(tt.head, tt.block, tt.tail, 8<<20))
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(res); tt.want != "" && got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestReaderError passes on what the reader itself says.
func TestReaderError(t *testing.T) {
	t.Parallel()
	boom := errors.New("disk on fire")
	r := io.MultiReader(strings.NewReader("<testsuite>"+strings.Repeat("<testcase/>", 20000)), errReader{boom})
	if _, err := Read("a.xml", r); !errors.Is(err, boom) {
		t.Errorf("got error %v, want %v", err, boom)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`<testsuites><testsuite tests="1"><testcase name="a"><failure message="&#x41;&lt;"/></testcase></testsuite></testsuites>`,
		`<?xml version="1.0"?><!DOCTYPE a [<!ELEMENT b ANY>]><TestRun><Results><UnitTestResult outcome="Failed"/></Results><ResultSummary outcome="Completed"/></TestRun>`,
		`{"numTotalTests":1,"testResults":[{"assertionResults":[{"status":"passed"}]}]}`,
		`{"Action":"pass","Package":"p","Test":"T"}` + "\n",
		"TAP version 13\n1..1\nok 1 - a\n", "##teamcity[testStarted name='a|'b']\n", "\xff\xfe<\x00a\x00", `[{"elements":[{"steps":[]}]}]`,
		`<test-run result="Failed"><test-case result="Passed"/></test-run>`, `<Site><Testing><Test Status="passed"><Name>a</Name></Test></Testing></Site>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		res, err := Read("x", strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range res.Runs {
			if res.Problem != "" && run.State == tally.Passed {
				t.Errorf("green with a problem: %s", brief(res))
			}
			if run.Passed < 0 || run.Failed < 0 || run.Skipped < 0 || run.State == "" {
				t.Errorf("a run that cannot be: %s", brief(res))
			}
		}
	})
}
