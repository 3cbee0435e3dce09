package suite

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// one is a report of one test.
func one(status, result string) string {
	return fmt.Sprintf(`{"config":{"version":"1.50.0","rootDir":"/p"},"suites":[{"title":"a.spec.ts","file":"a.spec.ts","specs":[{"title":"t","file":"a.spec.ts","line":3,"column":1,
"tests":[{"expectedStatus":"passed","status":%q,"results":[%s]}]}]}],"errors":[],"stats":{"expected":%d,"unexpected":%d,"flaky":%d,"skipped":%d}}`,
		status, result, b2i(status == "expected"), b2i(status == "unexpected"), b2i(status == "flaky"), b2i(status == "skipped"))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestParseReport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, data, says string }{
		{"a pass", one("expected", `{"status":"passed","duration":12.5,"startTime":"2026-11-21T05:00:00.000Z"}`), ""},
		{"an error that is a text", one("unexpected", `{"status":"failed","errors":["boom"]}`), ""},
		{"nothing", `{}`, "no statistics"},
		{"another document", `[]`, "cannot unmarshal"},
		{"cut off", one("expected", "")[:80], "unexpected end"},
		{"too old", strings.Replace(one("expected", ""), "1.50.0", "1.39.2", 1), "too old"},
		{"tests missing", strings.Replace(one("expected", ""), `"expected":1`, `"expected":2`, 1), "counts 2 tests and lists 1"},
		{"nested without end", `{"stats":{},"suites":[` + strings.Repeat(`{"suites":[`, 40) + strings.Repeat(`]}`, 40) + `]}`, "nests deeper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseReport([]byte(c.data))
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// judged is what a report and an ending come to.
func judged(t *testing.T, report string, e ending) signal.Signal {
	t.Helper()
	f, err := parseReport([]byte(report))
	if err != nil {
		t.Fatal(err)
	}
	q := Request{Timeout: time.Minute}
	p := &play{Runner: New(Options{}), req: q, begin: time.Now(), hide: newRedactor("", q)}
	var s signal.Signal
	p.judge(&s, f, e)
	return s
}

func TestJudgeNeverBelievesInSilence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, report string
		e            ending
		want         signal.Outcome
		says         string
	}{
		{"passed", one("expected", `{"status":"passed"}`), ending{}, signal.Pass, "1 of 1"},
		{"passed without any try", one("expected", ``), ending{}, signal.Fail, "no test was executed"},
		{"failed, and exit code 0", one("unexpected", `{"status":"failed","error":{"message":"x"}}`), ending{}, signal.Fail, "exit code 0"},
		{"a status nobody knows", one("unexpected", `{"status":"exploded"}`), ending{code: 1}, signal.Fail, "gave no reason"},
		{"not reached", one("skipped", ``), ending{code: 1}, signal.Fail, "no test was executed"},
		{"stopped by someone", one("skipped", `{"status":"interrupted"}`), ending{code: 130}, signal.Broken, "interrupted"},
		{"stopped by the deadline", one("skipped", `{"status":"interrupted","duration":40000}`), ending{code: 130, late: true}, signal.Fail, "since 40.0 s"},
		{"killed after passing", one("expected", `{"status":"passed"}`), ending{code: -1, signal: "killed"}, signal.Broken, "signal killed"},
		{
			"flaky, which is not accepted", strings.Replace(one("flaky", `{"status":"failed","error":{"message":"Error: expect(a)"}},{"status":"passed"}`), `"rootDir"`, `"failOnFlakyTests":true,"rootDir"`, 1),
			ending{code: 1},
			signal.Fail, "does not accept flaky",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if s := judged(t, c.report, c.e); s.Outcome != c.want || !strings.Contains(s.Summary, c.says) {
				t.Errorf("got %s %q, want %s …%s…", s.Outcome, s.Summary, c.want, c.says)
			}
		})
	}
}

func TestManyTests(t *testing.T) {
	t.Parallel()
	var specs []string
	for i := range 1200 {
		status, result := "expected", "passed"
		if i%100 == 99 {
			status, result = "unexpected", "failed"
		}
		specs = append(specs, fmt.Sprintf(`{"title":"t%d","file":"a","line":%d,"tests":[{"status":%q,"expectedStatus":"passed","results":[{"status":%q,"startTime":"2026-11-21T05:00:00.%03dZ"}]}]}`, i, i, status, result, i%1000))
	}
	s := judged(t, `{"stats":{"expected":1188,"unexpected":12},"suites":[{"title":"a","specs":[`+strings.Join(specs, ",")+`]}]}`, ending{code: 1})
	failed := 0
	for i, st := range s.Steps {
		if st.Index != i+1 {
			t.Fatalf("step %d has index %d", i, st.Index)
		}
		if st.Outcome == signal.Fail {
			failed++
		}
	}
	if len(s.Steps) != maxSteps || failed != 12 || s.Dropped != 1200-maxSteps || s.Steps[s.Failure.Step-1].Outcome != signal.Fail {
		t.Errorf("got %d steps, %d failed, %d dropped, failure %+v", len(s.Steps), failed, s.Dropped, s.Failure)
	}
}

func TestReportAmongOtherOutput(t *testing.T) {
	t.Parallel()
	report := one("expected", `{"status":"passed"}`)
	for _, out := range []string{report, "hello\n" + report + "\nbye", "{ not this }\n{\"nor\":1}\n" + report} {
		if _, err := parseReport(onStdout([]byte(out))); err != nil {
			t.Errorf("%.40q: %v", out, err)
		}
	}
	for _, out := range []string{"", "{", "x\n{\"suites\"", "nothing"} {
		if got := onStdout([]byte(out)); got != nil {
			t.Errorf("%q: got %q", out, got)
		}
	}
}

func TestRedactedDocumentsStayDocuments(t *testing.T) {
	t.Parallel()
	r := newRedactor("", Request{Suite: product.Suite{Env: map[string]string{"SHOP_TOKEN": `a"b\c-secret`, "COLOR": "crimson"}}})
	in := `{"a":"cookie: x=1; y=\"2\"","b":[{"name":"Authorization","value":"tok"},{"name":"other","value":"kept"}],"cookies":[{"name":"sid","value":"s"}],"n":12345678901234567890,"t":"is a\"b\\c-secret, crimson","password":"p"}`
	out, err := r.json([]byte(in))
	if err != nil || !json.Valid(out) {
		t.Fatalf("got %s %v", out, err)
	}
	for _, gone := range []string{"tok", `"s"`, "c-secret", "x=1", `"p"`} {
		if strings.Contains(string(out), gone) {
			t.Errorf("%q is kept in %s", gone, out)
		}
	}
	for _, kept := range []string{"kept", "12345678901234567890", "crimson"} {
		if !strings.Contains(string(out), kept) {
			t.Errorf("%q is lost in %s", kept, out)
		}
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	in := "\x1b[31mError: no\x1b[39m\n\n  1 | a\n> 2 | b\n    |  ^\n\n    at /p/a.spec.ts:2:1\n    at fn (/p/a.spec.ts:2:1)\ncall | log"
	if got, want := brief(clean(in)), "Error: no\ncall | log"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(one("expected", `{"status":"passed"}`)), 0)
	f.Add([]byte(one("unexpected", `{"status":"failed","errors":[{"message":"x","location":{"file":"/p/a","line":1}}]}`)), 1)
	f.Add([]byte(one("skipped", `{"status":"interrupted"}`)), 130)
	f.Fuzz(func(t *testing.T, data []byte, code int) {
		list, err := parseReport(data)
		if err != nil {
			return
		}
		q := Request{Timeout: time.Minute}
		p := &play{Runner: New(Options{}), req: q, begin: time.Now(), hide: newRedactor("", q)}
		var s signal.Signal
		p.judge(&s, list, ending{code: code})
		if s.Outcome == "" || s.Summary == "" {
			t.Errorf("no outcome for %s", data)
		}
		if s.Outcome == signal.Pass && (code != 0 || !strings.Contains(string(data), "passed")) {
			t.Errorf("green without evidence: %s", data)
		}
	})
}
