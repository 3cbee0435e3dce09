package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What is committed is what the sources give.
func TestCommittedReleasesAreAsGenerated(t *testing.T) {
	t.Parallel()
	if err := run("../../internal/demo", true); err != nil {
		t.Fatal(err)
	}
}

func TestStaleReleaseIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, data := range map[string]string{"a/kept": "x", "a/left-over": "x", "a/stale": "old"} {
		if err := write(filepath.Join(dir, name), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	err := compare(dir, map[string][]byte{"a/kept": []byte("x"), "a/stale": []byte("new"), "a/missing": []byte("x")})
	if err == nil || !strings.HasSuffix(err.Error(), ": a/left-over, a/missing, a/stale") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownAssetIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := hashed([]byte("%asset:none.svg%"), map[string]string{}); err == nil {
		t.Error("a template may name an asset that does not exist")
	}
}
