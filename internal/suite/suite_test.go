package suite

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

const secret = "hunter2-the-password"

func TestSuitesOfEveryVersion(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			testMixed(t, version)
		})
	}
}

// testMixed plays a suite in which everything happens that a test can do.
func testMixed(t *testing.T, version string) {
	shop := newShop(t)
	dir := project(t, version, spec(`
test.describe('shop', () => {
  test('shows the flight', async ({ page }) => { await page.goto('/'); await expect(page.locator('h1')).toHaveText('Flight 7'); });
  test('is flaky', async ({ page }, info) => { await page.goto(process.env.BASE_URL); expect(info.retry).toBe(1); });
  test('sells', async ({ page }, info) => {
    await page.goto('/'); await page.setContent('<p>password is ' + process.env.SHOP_PASSWORD + '</p>');
    expect('token ' + process.env.SHOP_PASSWORD).toBe('sold');
  });
  test('is slow', async ({ page }) => { test.setTimeout(1500); await page.goto('/'); await page.click('#nope'); });
  test.skip('later', async () => {});
  test('is known to be wrong', async () => { test.fail(); expect(1).toBe(2); });
});`))
	kept := &blobs{}
	q := request(dir, shop.URL, "tests/shop.spec.js")
	q.Suite.Env = map[string]string{"RETRIES": "1", "TRACE": "on-first-retry"}
	q.Secrets = map[string]string{"SHOP_PASSWORD": secret}
	q.Marker = func(string) string { return "v1.1900000000.run.abcdefghijklmnopqrstuvwxyz0123456789" }
	s := playSuite(t, q, kept)
	if s.Outcome != signal.Fail || s.Failure == nil || s.Failure.Class != "assertion" {
		t.Fatalf("got %s %+v", s.Outcome, s.Failure)
	}
	if !strings.HasPrefix(s.Failure.Position, "shop.spec.js:8:") || !strings.Contains(s.Failure.Title, "shop.spec.js › shop › sells") {
		t.Errorf("got position %q, title %q", s.Failure.Position, s.Failure.Title)
	}
	if !strings.Contains(s.Summary, "3 of 6 tests passed (1 flaky), 2 failed, 1 skipped") {
		t.Errorf("got summary %q", s.Summary)
	}
	want := map[string]signal.Outcome{
		"shows the flight": signal.Pass, "is flaky": signal.Pass, "sells": signal.Fail, "is slow": signal.Fail, "later": "", "is known to be wrong": signal.Pass,
	}
	for _, st := range s.Steps {
		name := st.Title[strings.LastIndex(st.Title, "› ")+len("› "):]
		outcome, ok := want[name]
		if !ok || outcome != st.Outcome {
			t.Errorf("%s: got %q, want %q", name, st.Outcome, outcome)
		}
		delete(want, name)
		switch name {
		case "is flaky":
			if !strings.HasPrefix(st.Message, "flaky: passed on retry 1") {
				t.Errorf("flaky: got %q", st.Message)
			}
		case "sells", "is slow":
			if st.Screenshot == "" || st.Took <= 0 || strings.ContainsAny(st.Message, "\x1b|") {
				t.Errorf("%s: got %+v", name, st)
			}
			if name == "is slow" && !strings.Contains(st.Message, "#nope") {
				t.Errorf("it does not say what it waited for: %q", st.Message)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	if !strings.HasPrefix(s.Browser, "playwright 1.") {
		t.Errorf("got browser %q", s.Browser)
	}
	evidence(t, s, kept, q.Marker(""))
	for _, name := range []string{"theirs.json", "playwright-report", "test-results"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was written into the project", name)
		}
	}
	for _, m := range shop.marker {
		if m != "" && m != q.Marker("") {
			t.Errorf("got marker %q", m)
		}
	}
}

// evidence asserts that pictures, a readable trace and the report are kept,
// and that no secret is anywhere in them.
func evidence(t *testing.T, s signal.Signal, kept *blobs, marker string) {
	t.Helper()
	kinds := map[string]int{}
	for _, e := range s.Evidence {
		kinds[e.Kind]++
		data := kept.kept[e.Blob]
		if int64(len(data)) != e.Size || len(data) == 0 {
			t.Errorf("%s: %d bytes are kept, want %d", e.Title, len(data), e.Size)
		}
		all := [][]byte{data}
		if e.Kind == "trace" {
			all = unzip(t, data)
		}
		for _, part := range all {
			if bytes.Contains(part, []byte(secret)) || bytes.Contains(part, []byte(marker)) {
				t.Errorf("a secret is kept in %s %q", e.Kind, e.Title)
			}
		}
	}
	if kinds["screenshot"] < 2 || kinds["trace"] < 1 || kinds["report"] != 1 {
		t.Errorf("got evidence %v", kinds)
	}
	for _, st := range s.Steps {
		if strings.Contains(st.Message+s.Summary+s.Failure.Message, secret) {
			t.Errorf("a secret is told: %q", st.Message)
		}
	}
}

func unzip(t *testing.T, data []byte) [][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
		_ = r.Close()
	}
	if len(out) < 2 {
		t.Errorf("a trace of %d files", len(out))
	}
	return out
}

func TestAPassIsAPass(t *testing.T) {
	t.Parallel()
	shop := newShop(t)
	files := spec(`test('shows', async ({ page }) => { await page.goto('/'); await expect(page.getByRole('button', { name: 'Book' })).toBeVisible(); });`)
	s := playSuite(t, request(project(t, "latest", files), shop.URL), &blobs{})
	if s.Outcome != signal.Pass || s.Failure != nil || len(s.Steps) != 1 || s.Steps[0].Index != 1 {
		t.Fatalf("got %s %+v", s.Outcome, s)
	}
	if !strings.HasPrefix(s.Summary, "1 of 1 tests passed in ") || s.Kind != signal.Journey || s.Name != "checkout" || s.Worker != "here" {
		t.Errorf("got %+v", s)
	}
}

// small is a configuration for suites that need no browser.
const small = `module.exports = { testDir: './tests', workers: 1 };`

func TestOutcomes(t *testing.T) {
	t.Parallel()
	ok := "test('fine', async () => { expect(1).toBe(1); });"
	for _, c := range []struct {
		name, body string
		files      map[string]string
		change     func(*Request)
		want       signal.Outcome
		class      string
		says       string
	}{
		{name: "all skipped", body: "test.skip('a', async () => {}); test.skip('b', async () => {});", want: signal.Fail, class: "suite", says: "all 2 are skipped"},
		{name: "none found", body: ok, change: func(q *Request) { q.Suite.Files = []string{"other.spec.js"} }, want: signal.Fail, class: "suite", says: "no test was executed: nothing matches"},
		{name: "grep finds none", body: ok, change: func(q *Request) { q.Suite.Grep = "nowhere" }, want: signal.Fail, class: "suite", says: "grep nowhere"},
		{name: "syntax error", body: ok + "\nconst = 7;", want: signal.Broken, says: "cannot be parsed"},
		{name: "module missing", body: "require('left-pad-of-nobody');" + ok, want: signal.Broken, says: "module that the suite needs is not installed"},
		{name: "config wrong", body: ok, files: map[string]string{"playwright.config.js": "module.exports = { testDir: 7"}, want: signal.Broken, says: "cannot be parsed"},
		{name: "config throws", body: ok, files: map[string]string{"playwright.config.js": "throw new Error('no staging here')"}, want: signal.Broken, says: "no staging here"},
		{name: "project missing", body: ok, change: func(q *Request) { q.Suite.Project = "safari" }, want: signal.Broken, says: "safari"},
		{
			name: "browser missing", body: "test('a', async ({ page }) => { await page.goto('/'); });",
			change: func(q *Request) { q.Suite.Env["PLAYWRIGHT_BROWSERS_PATH"] = "/nonexistent/browsers" }, want: signal.Broken, says: "not installed",
		},
		{
			name: "global set-up fails", body: ok,
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', globalSetup: './setup.js' };", "setup.js": "module.exports = async () => { throw new Error('no login today'); };"},
			want:  signal.Broken, says: "no login today",
		},
		{
			name: "global tear-down fails", body: ok,
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', globalTeardown: './down.js' };", "down.js": "module.exports = async () => { throw new Error('cannot tidy'); };"},
			want:  signal.Broken, says: "cannot tidy",
		},
		{
			name: "web server dies", body: ok,
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', webServer: { command: 'exit 3', url: 'http://127.0.0.1:9/', timeout: 5000 } };"},
			want:  signal.Broken, says: "web server did not start",
		},
		{name: "worker dies", body: "test('a', async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); });", want: signal.Broken, says: "worker of Playwright died"},
		{name: "exit code lies", body: ok, files: map[string]string{"playwright.config.js": "process.on('exit', () => { process.exitCode = 3; });" + small}, want: signal.Broken, says: "exit code 3"},
		{name: "failed as allowed", body: ok + "test('known', async () => { expect('BUG-7').toBe('fixed'); });", change: func(q *Request) { q.Allow = []string{"BUG-7"} }, want: signal.Pass, says: "1 failed as allowed"},
		{name: "only failed as allowed", body: "test('known', async () => { expect('BUG-7').toBe('fixed'); });", change: func(q *Request) { q.Allow = []string{"BUG-7"} }, want: signal.Fail, class: "suite", says: "no test passed"},
		{name: "test that fails is right and passes", body: "test('a', async () => { test.fail(); });", want: signal.Fail, class: "assertion", says: "passed"},
		{name: "before all fails", body: "test.beforeAll(async () => { expect('down').toBe('up'); });" + ok, want: signal.Fail, class: "assertion", says: "expect("},
		{name: "much output", body: "test('a', async () => { for (let i = 0; i < 200; i++) console.log('x'.repeat(1 << 18)); });", want: signal.Pass, says: "1 of 1"},
		{name: "folder missing", body: ok, change: func(q *Request) { q.Suite.Dir += "-gone" }, want: signal.Broken, says: "is not there"},
		{name: "an option for a file", body: ok, change: func(q *Request) { q.Suite.Files = []string{"--ui"} }, want: signal.Broken, says: "taken for an option"},
		{name: "a name that is none", body: ok, change: func(q *Request) { q.Vars = map[string]string{"A=B": "c"} }, want: signal.Broken, says: "cannot be a variable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := spec(c.body)
			files["playwright.config.js"] = small
			for name, text := range c.files {
				files[name] = text
			}
			version := versions[len(c.name)%len(versions)]
			t.Log(version)
			q := request(project(t, version, files), "http://127.0.0.1:9")
			if c.change != nil {
				c.change(&q)
			}
			s := playSuite(t, q, &blobs{})
			class := ""
			if s.Failure != nil {
				class = s.Failure.Class
			}
			if s.Outcome != c.want || class != c.class || !strings.Contains(s.Summary, c.says) {
				t.Errorf("got %s %q %q, want %s %q …%s…", s.Outcome, class, s.Summary, c.want, c.class, c.says)
			}
		})
	}
}

func TestWhatIsNotInstalled(t *testing.T) {
	t.Parallel()
	_ = modules(t, "latest")
	q := request(project(t, "", spec("")), "http://127.0.0.1:9")
	s := playSuite(t, q, &blobs{})
	if s.Outcome != signal.Broken || !strings.Contains(s.Summary, "playwright is not installed") {
		t.Errorf("got %s %q", s.Outcome, s.Summary)
	}
	s = New(Options{Blobs: &blobs{}, Dir: t.TempDir(), Environ: []string{"PATH=/nonexistent"}}).Run(t.Context(), q)
	if s.Outcome != signal.Broken || !strings.Contains(s.Summary, "node is not installed") {
		t.Errorf("got %s %q", s.Outcome, s.Summary)
	}
}

func TestNothingOfOursIsHandedOn(t *testing.T) {
	t.Parallel()
	files := spec(`test('env', async () => { expect(Object.keys(process.env).sort().join(' ')).toBe('none'); });`)
	files["playwright.config.js"] = small
	q := request(project(t, "latest", files), "http://127.0.0.1:9")
	r := New(Options{Blobs: &blobs{}, Dir: t.TempDir(), Environ: append(os.Environ(), "POSTFLIGHT_SECRET_KEY=abcdef", "AWS_SECRET_ACCESS_KEY=abcdef")})
	q.Timeout = time.Minute
	s := r.Run(t.Context(), q)
	if s.Outcome != signal.Fail || !strings.Contains(s.Steps[0].Message, "BASE_URL") {
		t.Fatalf("got %s %q", s.Outcome, s.Summary)
	}
	if strings.Contains(s.Steps[0].Message, "SECRET") || strings.Contains(s.Steps[0].Message, "AWS") {
		t.Errorf("got %q", s.Steps[0].Message)
	}
}

func TestAStoreThatDoesNotWork(t *testing.T) {
	t.Parallel()
	files := spec(`test('a', async () => { expect(1).toBe(2); });`)
	files["playwright.config.js"] = small
	s := playSuite(t, request(project(t, "latest", files), "http://127.0.0.1:9"), &blobs{err: os.ErrPermission})
	if s.Outcome != signal.Broken || !strings.Contains(s.Summary, "keep evidence") {
		t.Errorf("got %s %q", s.Outcome, s.Summary)
	}
}
