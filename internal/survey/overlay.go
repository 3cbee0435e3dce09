package survey

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/postflight/postflight/internal/git"
	"github.com/postflight/postflight/internal/workspace"
)

// maxFile is how much of a file of the working tree is read.
const maxFile = 64 << 20

// patched is a commit with the working tree's changes on it.
type patched struct {
	workspace.Tree
	root    string
	changed map[string]bool // true: there; false: removed
	files   []string
}

// overlay lays the changes of the working tree over a commit.
func overlay(t workspace.Tree, root string, list []git.Change) workspace.Tree {
	p := &patched{Tree: t, root: root, changed: map[string]bool{}}
	for _, c := range list {
		p.changed[c.Path] = c.Kind != git.Removed
	}
	for _, f := range t.Files() {
		if _, ok := p.changed[f]; !ok {
			p.files = append(p.files, f)
		}
	}
	for f, there := range p.changed {
		if there {
			p.files = append(p.files, f)
		}
	}
	slices.Sort(p.files)
	return p
}

// Files are all paths, sorted.
func (p *patched) Files() []string { return p.files }

// Hash of a changed file is told by its size and time.
func (p *patched) Hash(path string) string {
	there, ok := p.changed[path]
	if !ok {
		return p.Tree.Hash(path)
	}
	info, err := os.Lstat(filepath.Join(p.root, filepath.FromSlash(path)))
	if !there || err != nil {
		return ""
	}
	return fmt.Sprintf("working tree %d %d", info.Size(), info.ModTime().UnixNano())
}

// Read reads a changed file from disk, never through a symbolic link.
func (p *patched) Read(path string) ([]byte, error) {
	there, ok := p.changed[path]
	if !ok {
		return p.Tree.Read(path)
	}
	name := filepath.Join(p.root, filepath.FromSlash(path))
	info, err := os.Lstat(name)
	switch {
	case !there || err != nil:
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(name)
		return []byte(to), err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, fmt.Errorf("read %s: no file of at most %d bytes", path, maxFile)
	}
	return os.ReadFile(name)
}
