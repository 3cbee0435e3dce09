package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
)

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "evidence")
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, dir
}

func put(t *testing.T, d *Dir, media, content string) string {
	t.Helper()
	key, size, err := d.Put(t.Context(), media, strings.NewReader(content), 0)
	if err != nil || size != int64(len(content)) {
		t.Fatalf("put: %d bytes, %v", size, err)
	}
	return key
}

// files lists every file below dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	d, dir := open(t)
	for media, want := range map[string]string{
		"image/jpeg": "image/jpeg", "text/html; charset=utf-8": "text/html", "application/javascript": "text/javascript",
		"": other, "x/../../y": other, "IMAGE/PNG": "image/png",
	} {
		key := put(t, d, media, "content of "+media)
		r, info, err := d.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil || string(got) != "content of "+media {
			t.Errorf("%s: got %q, %v", media, got, err)
		}
		if diff := cmp.Diff(Info{Key: key, Type: want, Size: int64(len(got)), At: info.At}, info); diff != "" {
			t.Error(diff)
		}
	}
	for _, name := range files(t, dir) {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info.Mode(), err)
	}
}

func TestSameContentIsStoredOnceEvenAtOnce(t *testing.T) {
	t.Parallel()
	d, dir := open(t)
	content := strings.Repeat("x", 100_000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, _, err := d.Put(t.Context(), "text/plain", strings.NewReader(content), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// Two when midnight fell in between.
	if got := files(t, dir); len(got) < 1 || len(got) > 2 {
		t.Errorf("files: %q", got)
	}
}

func TestWhatCannotBeStoredLeavesNothing(t *testing.T) {
	t.Parallel()
	d, dir := open(t)
	_, _, err := d.Put(t.Context(), "text/plain", strings.NewReader("12345"), 4)
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("too large: %v", err)
	}
	broken := errors.New("connection lost")
	_, _, err = d.Put(t.Context(), "text/plain", io.MultiReader(strings.NewReader("1"), iotest.ErrReader(broken)), 0)
	if !errors.Is(err, broken) {
		t.Errorf("broken source: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = d.Put(gone, "text/plain", endless{}, 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("caller gone: %v", err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
	if _, size, err := d.Put(t.Context(), "text/plain", strings.NewReader("1234"), 4); err != nil || size != 4 {
		t.Errorf("exactly the limit: %d, %v", size, err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestKeysReachNothingElse(t *testing.T) {
	t.Parallel()
	d, dir := open(t)
	secret := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := put(t, d, "text/plain", "x")
	// A link that someone with access to the disk made must not lead out.
	link := strings.Replace(key, key[11:15], "0000", 1)
	if err := os.Symlink(secret, filepath.Join(dir, link)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "../secret", "/etc/passwd", secret, key + "/..", "./" + key, strings.ToUpper(key), key[:len(key)-4], key + "\x00",
		strings.Replace(key, "/", "\\", 1), "2026/13/45/" + key[11:], key[:11] + "../../../secret" + key[26:], link, key[:10],
	} {
		r, _, err := d.Get(t.Context(), bad)
		if err == nil {
			_ = r.Close()
			t.Errorf("%q was opened", bad)
		}
		if bad != link && !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	d, dir := open(t)
	old, kept, young := put(t, d, "text/plain", "old"), put(t, d, "text/plain", "kept"), put(t, d, "text/plain", "young")
	touched := put(t, d, "text/plain", "touched")
	for name, content := range map[string]string{"incoming/LEFT": "half", "README": "a person's own"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{old, kept, touched, "incoming/LEFT", "README"} {
		if err := os.Chtimes(filepath.Join(dir, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	put(t, d, "text/plain", "touched") // seen again: young again
	got, err := d.Prune(t.Context(), past.Add(time.Hour), func(key string) bool { return key == kept })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Pruned{Files: 2, Bytes: 7}, got); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]bool{old: false, kept: true, young: true, touched: true} {
		r, _, err := d.Get(t.Context(), key)
		if (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", key, err, want)
		}
		if err == nil {
			_ = r.Close()
		}
	}
	if _, err := d.Prune(t.Context(), time.Now().Add(time.Hour), func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "README")}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	put(t, d, "text/plain", "after the day's directory went")
}

func FuzzValid(f *testing.F) {
	f.Add("2026/11/21/" + strings.Repeat("a", 64) + ".jpg")
	f.Add("../../x")
	f.Fuzz(func(t *testing.T, key string) {
		if Valid(key) && (!fs.ValidPath(key) || !filepath.IsLocal(key) || strings.Count(key, "/") != 3 || bytes.ContainsRune([]byte(key), 0)) {
			t.Errorf("%q passes as a key", key)
		}
	})
}
