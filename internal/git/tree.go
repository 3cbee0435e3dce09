package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxFile is how much of a file is read.
const maxFile = 64 << 20

// Tree is the files of one commit. It satisfies workspace.Tree.
type Tree struct {
	repo  *Repo
	files []string
	ids   map[string]string
	batch *Batch
}

// Batch reads the contents of many files through one process. Close it.
type Batch struct {
	mu   sync.Mutex
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	kept map[string][]byte // by id: both commits have most files in common
	dead error
}

// Batch starts the reading process.
func (r *Repo) Batch(ctx context.Context) (*Batch, error) {
	cmd := command(ctx, r.root, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	return &Batch{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10), kept: map[string][]byte{}}, nil
}

// Close ends the process.
func (b *Batch) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.in.Close()
	_, _ = io.Copy(io.Discard, b.out)
	if err := b.cmd.Wait(); err != nil && b.dead == nil {
		return fmt.Errorf("git cat-file: %w", err)
	}
	return nil
}

// object returns the content of one blob.
func (b *Batch) object(id string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if data, ok := b.kept[id]; ok {
		return data, nil
	}
	if b.dead != nil {
		return nil, b.dead
	}
	data, err := b.ask(id)
	if err != nil {
		return nil, err
	}
	b.kept[id] = data
	return data, nil
}

// ask speaks the protocol: "ID\n" is answered with "ID TYPE SIZE\n", the bytes
// and "\n", or "ID missing\n".
func (b *Batch) ask(id string) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		b.dead = fmt.Errorf("read object %s: %w", id, err)
		return nil, b.dead
	}
	if _, err := io.WriteString(b.in, id+"\n"); err != nil {
		return fail(err)
	}
	head, err := b.out.ReadString('\n')
	if err != nil {
		return fail(err)
	}
	f := strings.Fields(head)
	if len(f) == 2 && f[1] == "missing" {
		return nil, fmt.Errorf("object %s is missing: %w", id, fs.ErrNotExist)
	}
	if len(f) != 3 {
		return fail(fmt.Errorf("unknown answer %.100q", head))
	}
	size, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || size < 0 {
		return fail(fmt.Errorf("unknown size %q", f[2]))
	}
	if f[1] != "blob" || size > maxFile {
		if _, err := io.CopyN(io.Discard, b.out, size+1); err != nil {
			return fail(err)
		}
		if f[1] != "blob" {
			return nil, fmt.Errorf("object %s is a %s, no file", id, f[1])
		}
		return nil, fmt.Errorf("object %s has %d bytes, at most %d are read", id, size, maxFile)
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(b.out, data); err != nil {
		return fail(err)
	}
	return data[:size], nil
}

// Tree lists the files of a commit.
func (r *Repo) Tree(ctx context.Context, commit string, b *Batch) (*Tree, error) {
	out, err := call(ctx, r.root, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", commit, err)
	}
	t := &Tree{repo: r, batch: b, ids: map[string]string{}}
	for entry := range bytes.SplitSeq(out, []byte{0}) {
		if len(entry) == 0 {
			continue
		}
		// "MODE TYPE ID\tPATH"
		head, path, ok := bytes.Cut(entry, []byte{'\t'})
		f := bytes.Fields(head)
		if !ok || len(f) != 3 {
			return nil, fmt.Errorf("git told of a file in an unknown form: %.100q", entry)
		}
		t.files = append(t.files, string(path))
		t.ids[string(path)] = string(f[2])
	}
	slices.Sort(t.files)
	return t, nil
}

// Files are all paths, sorted.
func (t *Tree) Files() []string { return t.files }

// Hash is the blob's id.
func (t *Tree) Hash(path string) string { return t.ids[path] }

// Read returns a file; of a symbolic link, where it leads.
func (t *Tree) Read(path string) ([]byte, error) {
	id, ok := t.ids[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	data, err := t.batch.object(id)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, err
}
