package guard

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/pipeline"
)

func TestStreamsMergeByLines(t *testing.T) {
	t.Parallel()
	r := newRecord([]string{"the end", "never"})
	r.block(0, []byte("out 1\nout"))
	r.block(1, []byte("err 1\n"))
	r.block(0, []byte(" 2\nContinue? [y/N] "))
	if got := r.prompt(); got != "Continue? [y/N] " {
		t.Errorf("prompt: got %q", got)
	}
	r.block(1, []byte("the end\n"))
	res := r.end()
	head, _, lost := r.parts()
	want := "out 1\nerr 1\nout 2\nthe end\nContinue? [y/N] \n"
	if string(head) != want || lost != 0 || res.Lines != 5 {
		t.Errorf("got %q, %d lost, %d lines; want %q", head, lost, res.Lines, want)
	}
	if d := cmp.Diff([]string{"never"}, r.absent()); d != "" {
		t.Errorf("absent texts (-want +got):\n%s", d)
	}
}

func TestLongLogKeepsBothEnds(t *testing.T) {
	t.Parallel()
	r := newRecord(nil)
	line := strings.Repeat("x", 999)
	n := 0
	for ; r.total < headBytes+2*tailBytes; n++ {
		r.block(0, fmt.Appendf(nil, "%07d %s\n", n, line))
	}
	res := r.end()
	head, tail, lost := r.parts()
	if res.Lines != n || !bytes.HasPrefix(head, []byte("0000000 ")) {
		t.Errorf("%d lines of %d; the log begins with %.10q", res.Lines, n, head)
	}
	if int64(len(head)+len(tail))+lost != r.total || len(r.tail) > tailBytes {
		t.Errorf("%d + %d + %d bytes are not the %d that came", len(head), len(tail), lost, r.total)
	}
	last := fmt.Sprintf("%07d ", n-1)
	if !bytes.Contains(tail[len(tail)-1100:], []byte(last)) || tail[7] != ' ' {
		t.Errorf("the end is not whole lines up to the last: begins %.10q", tail)
	}
}

func TestEndlessLineIsPassedOn(t *testing.T) {
	t.Parallel()
	r := newRecord(nil)
	for range 100 {
		r.block(0, bytes.Repeat([]byte("."), 10_000))
	}
	if len(r.open[0]) > openBytes || r.total < 900_000 {
		t.Errorf("%d bytes are held back of %d", len(r.open[0]), r.total)
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	m := masks([]string{"DEPLOY_TOKEN=hunter2hunter2", "HOME=/root", "CI=true", "FEATURE_AUTH=enabled", "NPM_TOKEN="})
	got := m.Text("curl -H 'X: hunter2hunter2' in /root is enabled true")
	if strings.Contains(got, "hunter2") || !strings.Contains(got, "/root is enabled true") {
		t.Errorf("got %q", got)
	}
	var b bytes.Buffer
	w := &masked{to: &b, mask: m}
	for _, p := range []string{"a hunter2hu", "nter2 b\nhunter2hunt", "er2"} {
		_, _ = w.Write([]byte(p))
	}
	if err := w.Close(); err != nil || strings.Contains(b.String(), "unter2") {
		t.Errorf("a secret over two blocks came through: %q, %v", b.String(), err)
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "guard")
	l, err := OpenLedger(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := pipeline.Step{ID: "unit-1", Name: "unit", Run: "7", State: pipeline.Running}
	if err := l.Put(s); err != nil {
		t.Fatal(err)
	}
	s.State = pipeline.Passed
	if err := l.Put(s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "steps", "torn.json"), []byte(`{"id":"x`), 0o644); err != nil {
		t.Fatal(err)
	}
	steps, bad, err := Steps(dir)
	if err != nil || len(steps) != 1 || steps[0].State != pipeline.Passed || len(bad) != 1 {
		t.Errorf("got %v, bad %v, %v; want one passed step and one bad entry", steps, bad, err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, ".gitignore")); err != nil || string(data) != "*\n" {
		t.Errorf("git would see the ledger: %q, %v", data, err)
	}
	l.Sweep(time.Now().Add(2 * maxAge))
	if steps, _, _ = Steps(dir); len(steps) != 0 {
		t.Errorf("old entries stay: %v", steps)
	}
}

func TestReportsAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, at time.Time) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	const good = `<testsuite name="a" tests="1"><testcase name="x" classname="y"/></testsuite>`
	write("m/target/surefire-reports/TEST-a.xml", good, now)
	write("m/target/surefire-reports/TEST-old.xml", good, now.Add(-time.Hour))
	write("node_modules/p/junit.xml", good, now)
	write("conf/junit.xml", "<config/>", now)
	if got := usual(dir, now.Add(-time.Minute)); len(got) != 1 || got[0].Path != "m/target/surefire-reports/TEST-a.xml" || got[0].Runs[0].Passed != 1 {
		t.Errorf("usual reports: got %+v", got)
	}
	if got := asked(dir, []string{"**/TEST-*.xml", "nothing/*.xml"}, now.Add(-time.Minute)); len(got) != 2 || got[1].Problem != "no such file" {
		t.Errorf("asked reports: got %+v", got)
	}
	write("m/target/surefire-reports/TEST-a.xml", good, now.Add(-time.Hour))
	if got := asked(dir, []string{"m/target/**/*.xml"}, now); len(got) != 1 || !got[0].Modified.Before(now.Add(-time.Minute)) {
		t.Errorf("reports that nothing wrote: got %+v, want the newest of them", got)
	}
}

func TestSurroundings(t *testing.T) {
	t.Parallel()
	env := func(list ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(list); i += 2 {
				if list[i] == name {
					return list[i+1]
				}
			}
			return ""
		}
	}
	dir := t.TempDir()
	got := Surround(env("GITHUB_ACTIONS", "true", "GITHUB_RUN_ID", "12", "GITHUB_RUN_ATTEMPT", "2", "GITHUB_REPOSITORY", "a/b",
		"GITHUB_SERVER_URL", "https://github.com", "GITHUB_SHA", "abc", "GITHUB_REF_NAME", "main", "GITHUB_WORKSPACE", dir, "GITHUB_JOB", "test"), dir)
	want := Surroundings{System: "GitHub Actions", Run: "12.2", Job: "test", Address: "https://github.com/a/b/actions/runs/12", Commit: "abc", Branch: "main", Root: dir}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := Surround(env(), dir); got.Run != LocalRun || got.Root != dir {
		t.Errorf("outside CI: got %+v", got)
	}
	// Jobs of a matrix have one name; a container's workspace is elsewhere.
	got = Surround(env("GITHUB_ACTIONS", "true", "GITHUB_RUN_ID", "12", "GITHUB_JOB", "test", "RUNNER_NAME", "GitHub Actions 4",
		"GITHUB_WORKSPACE", "/no/such/place", "GITHUB_BASE_REF", "next"), dir)
	if got.Job != "test on GitHub Actions 4" || got.Root != dir || got.Base != "next" {
		t.Errorf("a job of a matrix: got %+v", got)
	}
	if got := Surround(env("CIRCLECI", "true", "CIRCLE_WORKFLOW_ID", "w", "CIRCLE_JOB", "test", "CIRCLE_NODE_INDEX", "1", "CIRCLE_NODE_TOTAL", "4"), dir); got.Job != "test 1/4" {
		t.Errorf("a shard: got %+v", got)
	}
	if got := Surround(env("POSTFLIGHT_RUN", "nightly-3"), dir); got.Run != "nightly-3" {
		t.Errorf("a run that is named: got %+v", got)
	}
	// Without git, or where it refuses a checkout of another owner.
	below := filepath.Join(dir, "a", "b")
	for _, d := range []string{below, filepath.Join(dir, ".git")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := checkout(below); got != dir {
		t.Errorf("checkout of a subfolder: got %s, want %s", got, dir)
	}
	if got := Folder("", env("POSTFLIGHT_GUARD_DIR", "ledger"), Surroundings{Root: dir}); got != filepath.Join(dir, "ledger") {
		t.Errorf("a folder that is not absolute: got %s", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for want, argv := range map[string][]string{
		"npm test": {"npm", "test", "--", "-x"}, "go test": {"/usr/local/go/bin/go", "test", "./..."}, "sh": {"sh", "-c", "make; true"}, "step": {"-x"},
	} {
		if got := nameOf(argv); got != want {
			t.Errorf("nameOf(%q) = %q, want %q", argv, got, want)
		}
	}
	if got := slug("Unit tests / äöü (Linux)"); got != "unit-tests-linux" {
		t.Errorf("slug: got %q", got)
	}
}
