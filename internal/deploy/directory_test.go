package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/deploy"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
)

// site makes releases v1, v2 and v3, and a link to v2.
func site(t *testing.T, absolute bool) product.Rollback {
	t.Helper()
	dir := t.TempDir()
	for _, v := range []string{"v1", "v2", "v3"} {
		must(t, os.MkdirAll(filepath.Join(dir, "releases", v), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "releases", v, "version"), []byte(v), 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, "releases", "empty"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "releases", "file"), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "outside"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "outside", "version"), []byte("outside"), 0o600))
	must(t, os.Symlink("../outside", filepath.Join(dir, "releases", "leads-out")))
	to := "releases/v2"
	if absolute {
		to = filepath.Join(dir, to)
	}
	must(t, os.Symlink(to, filepath.Join(dir, "current")))
	return product.Rollback{
		Method: product.RollbackDirectory, Current: filepath.Join(dir, "current"), Releases: filepath.Join(dir, "releases"),
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func order(version string) rollback.Order {
	return rollback.Order{
		Product: "workshop", Bad: "r2", BadVersion: "v2", Target: "r1", Version: version, By: "postflight", Automatic: true,
		Incident: "INC-7", Reason: "booking is broken", RequestedAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
}

func served(t *testing.T, r product.Rollback) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.Current, "version"))
	must(t, err)
	return string(b)
}

func performed(t *testing.T, o action.Outcome) rollback.Performed {
	t.Helper()
	var p rollback.Performed
	must(t, json.Unmarshal(o.Result, &p))
	return p
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	for _, absolute := range []bool{false, true} {
		t.Run(fmt.Sprint("absolute ", absolute), func(t *testing.T) {
			t.Parallel()
			r, d := site(t, absolute), deploy.New(deploy.Options{})
			must(t, deploy.Check(t.Context(), r, "v1"))
			// What a crash left behind is swept away.
			must(t, os.Symlink("releases/v3", filepath.Join(filepath.Dir(r.Current), ".current.postflight-LEFT")))
			start := time.Now()
			o := d.Perform(t.Context(), r, order("v1"))
			if o.Err != nil || served(t, r) != "v1" {
				t.Fatalf("%v, serves %s", o.Err, served(t, r))
			}
			if p := performed(t, o); p.Flipped.Before(start) || p.Flipped.After(time.Now()) || !strings.Contains(p.Detail, "→") {
				t.Errorf("%+v", p)
			}
			to, err := os.Readlink(r.Current)
			must(t, err)
			if filepath.IsAbs(to) != absolute {
				t.Errorf("the link says %q", to)
			}
			again := d.Perform(t.Context(), r, order("v1"))
			if p := performed(t, again); again.Err != nil || !strings.Contains(p.Detail, "already") || p.Flipped.IsZero() {
				t.Errorf("again: %v %+v", again.Err, p)
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(r.Current), ".*"))
			must(t, err)
			if len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestDirectoryRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, version string
		change        func(t *testing.T, r *product.Rollback)
		kind          fault.Kind
		quiet         bool // Check cannot see it
	}{
		{name: "missing release", version: "v0", kind: fault.NotFound},
		{name: "empty release", version: "empty", kind: fault.NotFound},
		{name: "a file", version: "file", kind: fault.Invalid},
		{name: "upwards", version: "../outside", kind: fault.Invalid},
		{name: "dots", version: "..", kind: fault.Invalid},
		{name: "itself", version: ".", kind: fault.Invalid},
		{name: "absolute", version: "/etc", kind: fault.Invalid},
		{name: "below", version: "v1/sub", kind: fault.Invalid},
		{name: "nul", version: "v1\x00", kind: fault.Invalid},
		{name: "dash", version: "-rf", kind: fault.Invalid},
		{name: "link that leads out", version: "leads-out", kind: fault.Invalid},
		{name: "no link", version: "v1", kind: fault.Invalid, change: func(t *testing.T, r *product.Rollback) {
			must(t, os.Remove(r.Current))
			must(t, os.Mkdir(r.Current, 0o755))
			must(t, os.WriteFile(filepath.Join(r.Current, "version"), []byte("v2"), 0o600))
		}},
		{name: "no pointer", version: "v1", kind: fault.NotFound, change: func(_ *testing.T, r *product.Rollback) { r.Current += "2" }},
		{name: "no releases", version: "v1", kind: fault.NotFound, change: func(_ *testing.T, r *product.Rollback) { r.Releases += "2" }},
		{name: "not configured", version: "v1", kind: fault.Invalid, change: func(_ *testing.T, r *product.Rollback) { r.Method = product.RollbackNone }},
		{name: "newer release", version: "v1", kind: fault.Conflict, quiet: true, change: func(t *testing.T, r *product.Rollback) {
			must(t, os.Remove(r.Current))
			must(t, os.Symlink("releases/v3", r.Current))
		}},
		{name: "leads elsewhere", version: "v1", kind: fault.Conflict, quiet: true, change: func(t *testing.T, r *product.Rollback) {
			must(t, os.Remove(r.Current))
			must(t, os.Symlink("outside", r.Current))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := site(t, false)
			was := r.Current
			if tt.change != nil {
				tt.change(t, &r)
			}
			before, _ := os.Readlink(was)
			o := deploy.New(deploy.Options{}).Perform(t.Context(), r, order(tt.version))
			if fault.KindOf(o.Err) != tt.kind || !o.Permanent || fault.HintOf(o.Err) == "" {
				t.Errorf("%v (%s), permanent %t, hint %q", o.Err, fault.KindOf(o.Err), o.Permanent, fault.HintOf(o.Err))
			}
			if after, _ := os.Readlink(was); after != before {
				t.Errorf("moved from %q to %q", before, after)
			}
			if err := deploy.Check(t.Context(), r, tt.version); (err == nil) != tt.quiet {
				t.Errorf("Check: %v", err)
			}
		})
	}
}

// TestDirectoryDanglingLink: the bad release was removed, the pointer is back
// all the same.
func TestDirectoryDanglingLink(t *testing.T) {
	t.Parallel()
	r := site(t, false)
	must(t, os.RemoveAll(filepath.Join(r.Releases, "v2")))
	if o := deploy.New(deploy.Options{}).Perform(t.Context(), r, order("v1")); o.Err != nil || served(t, r) != "v1" {
		t.Errorf("%v", o.Err)
	}
}

// TestDirectoryIsAtomic: whoever reads while the pointer moves meets one
// release or the other, never none.
func TestDirectoryIsAtomic(t *testing.T) {
	t.Parallel()
	r, d := site(t, false), deploy.New(deploy.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				b, err := os.ReadFile(filepath.Join(r.Current, "version"))
				if err != nil || len(b) != 2 {
					t.Errorf("read %q: %v", b, err)
					return
				}
			}
		})
	}
	versions := []string{"v2", "v1"}
	for i := range 200 {
		o := order(versions[(i+1)%2])
		o.BadVersion = versions[i%2]
		if out := d.Perform(t.Context(), r, o); out.Err != nil {
			t.Errorf("flip %d: %v", i, out.Err)
			break
		}
	}
	cancel()
	readers.Wait()
}

// TestDirectoryPermission runs itself as nobody when it is root, whom no
// directory refuses.
func TestDirectoryPermission(t *testing.T) {
	t.Parallel()
	const place = "DEPLOY_TEST_SITE"
	dir := os.Getenv(place)
	if dir == "" {
		r := site(t, false)
		dir = filepath.Dir(r.Current)
		if os.Geteuid() == 0 {
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestDirectoryPermission$", "-test.v")
			for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
				must(t, os.Chmod(d, 0o755)) //nolint:gosec // a test's own folder
			}
			cmd.Env, cmd.Dir = append(os.Environ(), place+"="+dir), "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			out, err := cmd.CombinedOutput()
			if err != nil && !strings.Contains(string(out), "--- FAIL") {
				t.Skipf("cannot run as nobody here: %v %s", err, out)
			}
			if err != nil || !strings.Contains(string(out), "refused as it must be") {
				t.Errorf("as nobody: %v\n%s", err, out)
			}
			return
		}
		must(t, os.Chmod(dir, 0o500)) //nolint:gosec // a test's own folder
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	}
	r := product.Rollback{
		Method: product.RollbackDirectory, Current: filepath.Join(dir, "current"), Releases: filepath.Join(dir, "releases"),
	}
	o := deploy.New(deploy.Options{}).Perform(t.Context(), r, order("v1"))
	to, err := os.Readlink(r.Current)
	must(t, err)
	if !fault.Is(o.Err, fault.Denied) || !o.Permanent || !strings.Contains(fault.HintOf(o.Err), dir) || to != "releases/v2" {
		t.Fatalf("%v, hint %q", o.Err, fault.HintOf(o.Err))
	}
	if err := deploy.Check(t.Context(), r, "v1"); !fault.Is(err, fault.Denied) {
		t.Errorf("Check: %v", err)
	}
	t.Log("refused as it must be")
}

func FuzzDirectoryVersion(f *testing.F) {
	for _, seed := range []string{"v1", "../outside", "..", "leads-out", "", "v1\x00", "-x", `..\x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, version string) {
		r := site(t, false)
		o := order(version)
		o.BadVersion = ""
		out := deploy.New(deploy.Options{}).Perform(t.Context(), r, o)
		if got := served(t, r); out.Err == nil && got != version || out.Err != nil && got != "v2" {
			t.Errorf("%q: %v, serves %s", version, out.Err, got)
		}
	})
}
