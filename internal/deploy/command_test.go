package deploy_test

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
	"unicode/utf8"

	"github.com/postflight/postflight/internal/deploy"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

func script(text string, args ...string) product.Rollback {
	return product.Rollback{
		Method: product.RollbackCommand, Timeout: 2 * time.Minute,
		Command: append([]string{"/bin/sh", "-c", text, "rollback"}, args...),
	}
}

func commits(context.Context, release.ID) (string, error) { return "c0ffee", nil }

func TestCommand(t *testing.T) {
	t.Parallel()
	d := deploy.New(deploy.Options{Commit: commits, Env: []string{"PATH=" + os.Getenv("PATH"), "KEPT=yes"}, Secrets: []string{"hunter2-secret"}})
	r := script(`printf '%s|' "$@"; echo "$POSTFLIGHT_VERSION $POSTFLIGHT_BAD_VERSION $POSTFLIGHT_PRODUCT $POSTFLIGHT_COMMIT $POSTFLIGHT_INCIDENT $KEPT"
		read line && echo "stdin: $line"; echo 'hunter2-secret password: swordfish Bearer abcdefghijk https://u:pw123@h/' >&2`,
		"{version}", "from={bad_version}", "{product}", "{commit}", "$(touch x); `id`")
	o := d.Perform(t.Context(), r, order("v1 $(id);'\""))
	if o.Err != nil {
		t.Fatal(o.Err)
	}
	p := performed(t, o)
	want := "v1 $(id);'\"|from=v2|workshop|c0ffee|$(touch x); `id`|v1 $(id);'\" v2 workshop c0ffee INC-7 yes\n" +
		"[redacted] password: [redacted] Bearer [redacted] https://u:[redacted]@h/"
	if p.Detail != want || p.Flipped.IsZero() || p.Took <= 0 {
		t.Errorf("got  %q\nwant %q\n%+v", p.Detail, want, p)
	}
	must(t, deploy.Check(t.Context(), r, "v1"))
}

func TestCommandFailures(t *testing.T) {
	t.Parallel()
	notExecutable := filepath.Join(t.TempDir(), "plain")
	must(t, os.WriteFile(notExecutable, []byte("#!/bin/sh\n"), 0o600))
	tests := []struct {
		name      string
		r         product.Rollback
		permanent bool
		kind      fault.Kind
		text      string
	}{
		{"fails", script("echo cannot reach host; exit 3"), true, fault.Unavailable, "exit code 3: cannot reach host"},
		{"asks for a retry", script("exit 75"), false, fault.Unavailable, "tried again"},
		{"killed", script("kill -9 $$"), true, fault.Unavailable, "killed"},
		{"bad text", script(`printf 'a\377\376\033[31mred\000\n'; exit 1`), true, fault.Unavailable, "red"},
		{"missing", product.Rollback{Method: product.RollbackCommand, Command: []string{"/nowhere/rollback"}}, true, fault.NotFound, "not there"},
		{"not on the path", product.Rollback{Method: product.RollbackCommand, Command: []string{"no-such-program-here"}}, true, fault.NotFound, "not there"},
		{"not executable", product.Rollback{Method: product.RollbackCommand, Command: []string{notExecutable}}, true, fault.Denied, "may not be run"},
		{"empty", product.Rollback{Method: product.RollbackCommand}, true, fault.Invalid, "empty"},
		{"no commit", script("exit 0", "{commit}"), true, fault.Invalid, "{commit}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := deploy.New(deploy.Options{}).Perform(t.Context(), tt.r, order("v1"))
			if o.Err == nil || o.Permanent != tt.permanent || fault.KindOf(o.Err) != tt.kind || !strings.Contains(o.Err.Error(), tt.text) {
				t.Fatalf("%v, permanent %t, kind %s", o.Err, o.Permanent, fault.KindOf(o.Err))
			}
			if tt.permanent && fault.HintOf(o.Err) == "" {
				t.Error("no hint")
			}
			if p := performed(t, o); !utf8.ValidString(p.Detail) || strings.ContainsAny(p.Detail, "\x1b\x00") || !p.Flipped.IsZero() {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestCommandHangs: neither the command nor what it started outlives its
// time, whatever they do about signals.
func TestCommandHangs(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"sleeps":                 `echo $$ >> "$1"; exec sleep 600`,
		"ignores the signal":     `trap '' TERM; echo $$ >> "$1"; while :; do sleep 1; done`,
		"child holds the output": `sleep 600 & echo $! >> "$1"; echo $$ >> "$1"; wait`,
		"deaf child":             `(trap '' TERM; while :; do sleep 1; done) & echo $! >> "$1"; echo $$ >> "$1"; wait`,
		"closes its output":      `echo $$ >> "$1"; exec >/dev/null 2>&1; sleep 600`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pids := filepath.Join(t.TempDir(), "pids")
			r := script(text, pids)
			r.Timeout = 700 * time.Millisecond
			o := deploy.New(deploy.Options{Grace: 200 * time.Millisecond}).Perform(t.Context(), r, order("v1"))
			if o.Err == nil || !o.Permanent || !strings.Contains(o.Err.Error(), "did not end within") {
				t.Fatalf("%v", o.Err)
			}
			raw, err := os.ReadFile(pids)
			if err != nil {
				return // so busy a machine that it did not come to write it
			}
			for _, field := range strings.Fields(string(raw)) {
				pid, err := strconv.Atoi(field)
				must(t, err)
				gone(t, pid)
			}
		})
	}
}

// gone waits until a process is no more (or only its entry is left, which a
// container without an init never collects).
func gone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Errorf("process %d is still there", pid)
			return
		}
	}
}

func TestCommandLeavesServer(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pids")
	r := script(`sleep 600 & echo $! > "$1"; echo restarted`, pids)
	o := deploy.New(deploy.Options{Grace: 100 * time.Millisecond}).Perform(t.Context(), r, order("v1"))
	if p := performed(t, o); o.Err != nil || !strings.HasPrefix(p.Detail, "restarted") || !strings.Contains(p.Detail, "held its output") {
		t.Errorf("%v %+v", o.Err, p)
	}
	raw, err := os.ReadFile(pids)
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	must(t, err)
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the server that the command started is gone: %v", err)
	}
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

func TestCommandFloods(t *testing.T) {
	t.Parallel()
	r := script(`head -c 1000000000 /dev/zero | tr '\0' 'x'; echo; echo the end; exit 1`)
	o := deploy.New(deploy.Options{}).Perform(t.Context(), r, order("v1"))
	if o.Err == nil || !strings.Contains(o.Err.Error(), "the end") {
		t.Fatalf("%v", o.Err)
	}
	if p := performed(t, o); p.Detail != "[…]\nthe end" {
		t.Errorf("%d bytes kept: %.80q", len(p.Detail), p.Detail)
	}
}

func TestCommandStopped(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stopWatching := make(chan struct{})
	defer close(stopWatching)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stopWatching:
				return
			case <-tick.C:
				if _, err := os.Stat(started); err == nil {
					cancel()
					return
				}
			}
		}
	}()
	o := deploy.New(deploy.Options{Grace: 100 * time.Millisecond}).Perform(ctx, script(`touch "$1"; exec sleep 600`, started), order("v1"))
	if o.Err == nil || o.Permanent || !strings.Contains(o.Err.Error(), "stopped") {
		t.Errorf("%v, permanent %t", o.Err, o.Permanent)
	}
}
