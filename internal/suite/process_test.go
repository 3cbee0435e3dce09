package suite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

// strays is a spec that leaves processes behind in every way we know: a child
// that leads a session of its own, one whose environment is empty, and one
// whose parent ended at once. Each writes its number down.
const strays = `
const { spawn } = require('child_process');
const fs = require('fs');
test('leaves children', async () => {
  const note = (pid) => fs.appendFileSync(process.env.PIDS, pid + '\n');
  note(process.pid);
  const own = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }); own.unref(); note(own.pid);
  const bare = spawn('sleep', ['600'], { detached: true, stdio: 'inherit', env: { PATH: process.env.PATH } }); bare.unref(); note(bare.pid);
  const fork = spawn('sh', ['-c', 'setsid sleep 600 & echo $! >> "$PIDS"'], { detached: true, stdio: 'inherit' });
  await new Promise((done) => fork.on('exit', done));
  await new Promise((done) => setTimeout(done, 1000)); // without a name and a parent it is found only while it has one
  if (process.env.HANG) { process.on('SIGINT', () => {}); await new Promise((done) => setTimeout(done, 600000)); }
});`

func TestNoProcessIsLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		hang    bool
		cancel  bool
		timeout time.Duration
		want    signal.Outcome
		class   string
	}{
		{name: "passes", timeout: time.Minute, want: signal.Pass},
		{name: "over time", hang: true, timeout: 45 * time.Second, want: signal.Fail, class: "deadline"},
		{name: "called off", hang: true, cancel: true, timeout: time.Minute, want: signal.Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := spec(strays)
			files["playwright.config.js"] = "module.exports = { testDir: './tests', workers: 1, timeout: 0 };"
			dir := project(t, "latest", files)
			pids := filepath.Join(dir, "pids")
			q := request(dir, "http://127.0.0.1:9")
			q.Timeout = c.timeout
			q.Suite.Env["PIDS"] = pids
			if c.hang {
				q.Suite.Env["HANG"] = "1"
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				go func() {
					for len(numbers(pids)) < 4 && ctx.Err() == nil {
						<-time.After(20 * time.Millisecond)
					}
					cancel()
				}()
			}
			s := New(Options{Blobs: &blobs{}, Dir: t.TempDir()}).Run(ctx, q)
			t.Logf("%s: %s", s.Outcome, s.Summary)
			class := ""
			if s.Failure != nil {
				class = s.Failure.Class
			}
			if s.Outcome != c.want || class != c.class {
				t.Errorf("got %s %q %q", s.Outcome, class, s.Summary)
			}
			list := numbers(pids)
			if len(list) != 4 {
				t.Fatalf("got %d processes, want 4", len(list))
			}
			for _, pid := range list {
				if alive(pid) {
					t.Errorf("process %d lives", pid)
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			if s.Took > c.timeout+sweep+drain+5*time.Second {
				t.Errorf("took %s of %s", s.Took, c.timeout)
			}
		})
	}
}

func numbers(file string) []int {
	data, _ := os.ReadFile(file)
	var out []int
	for _, f := range strings.Fields(string(data)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// alive reports whether a process runs; one that only waits to be buried does not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	hang := "module.exports = async () => { process.on('SIGINT', () => {}); await new Promise((d) => setTimeout(d, 600000)); };"
	for _, c := range []struct {
		name    string
		version string
		files   map[string]string
		body    string
		want    signal.Outcome
		class   string
		says    string
		timeout time.Duration
	}{
		{
			name: "hang in the global set-up", version: "latest", body: "test('a', async () => {});",
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', globalSetup: './setup.js' };", "setup.js": hang},
			want:  signal.Broken, says: "time",
		},
		{
			name: "hang in the global set-up, first version", version: "1.40.1", body: "test('a', async () => {});",
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', globalSetup: './setup.js' };", "setup.js": hang},
			want:  signal.Broken, says: "time",
		},
		{
			name: "busy for ever", version: "latest", body: "test('fine', async () => {}); test('spins', async () => { for (;;) {} });",
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', workers: 1, timeout: 0 };"},
			want:  signal.Broken, says: "left no report", timeout: 40 * time.Second,
		},
		{
			name: "a hanging test after a failed one", version: "1.40.1", body: "test('wrong', async () => { expect(1).toBe(2); }); test('hangs', async () => { await new Promise(() => setTimeout(() => {}, 600000)); });",
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', workers: 1, timeout: 0 };"},
			want:  signal.Fail, class: "assertion", says: "wrong", timeout: 40 * time.Second,
		},
		{
			name: "its own global time", version: "latest", body: "test('hangs', async () => { await new Promise(() => setTimeout(() => {}, 600000)); });",
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', workers: 1, timeout: 0, globalTimeout: 12000 };"},
			want:  signal.Fail, class: "deadline", says: "global time", timeout: time.Minute,
		},
		{
			name: "endless output", version: "latest", body: "test('talks', async () => { for (;;) { console.log('x'.repeat(1 << 16)); await new Promise(setImmediate); } });",
			files: map[string]string{"playwright.config.js": "module.exports = { testDir: './tests', workers: 1, timeout: 0 };"},
			want:  "", says: "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := spec(c.body)
			for name, text := range c.files {
				files[name] = text
			}
			q := request(project(t, c.version, files), "http://127.0.0.1:9")
			if q.Timeout = c.timeout; q.Timeout == 0 {
				q.Timeout = 12 * time.Second
			}
			s := playSuite(t, q, &blobs{})
			class := ""
			if s.Failure != nil {
				class = s.Failure.Class
			}
			if c.want == "" && s.Outcome == signal.Pass {
				t.Errorf("got %s %q", s.Outcome, s.Summary)
			}
			if c.want != "" && (s.Outcome != c.want || class != c.class || !strings.Contains(s.Summary, c.says)) {
				t.Errorf("got %s %q %q, want %s %q …%s…", s.Outcome, class, s.Summary, c.want, c.class, c.says)
			}
			if s.Took > q.Timeout+sweep+2*drain+5*time.Second {
				t.Errorf("took %s of %s", s.Took, q.Timeout)
			}
		})
	}
}
