package blob

import (
	"strings"
	"syscall"
	"testing"

	"github.com/postflight/postflight/internal/fault"
)

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("NOT TESTED ON A FULL DISK: mounting needs more rights: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	small := put(t, d, "text/plain", "small")
	_, _, err = d.Put(t.Context(), "text/plain", strings.NewReader(strings.Repeat("x", 200_000)), 0)
	if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("got %v, want an Unavailable fault with a hint", err)
	}
	if got := files(t, dir); len(got) != 1 || !strings.HasSuffix(got[0], small) {
		t.Errorf("files: %q", got)
	}
	put(t, d, "text/plain", "still works")
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]fault.Kind{syscall.ENOSPC: fault.Unavailable, syscall.EACCES: fault.Unavailable, syscall.EIO: fault.Internal} {
		if got := fault.KindOf(explain(err)); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}
