// Package blob keeps evidence: screenshots, page sources, logs, as files in
// one directory.
//
// A file is written once, under a key made of the day and its content's
// SHA-256, and is whole or not there at all. Keys are checked and resolved
// inside the directory only, so a key from outside can reach nothing else.
// The package does not know what refers to a file: whoever prunes says what to
// keep. What it returns came from the pages that were watched: never serve it
// as a page of our own.
package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Largest bounds one artifact whatever the caller asks, in bytes.
const Largest = 64 << 20

// scratch is where files are written before they have their name.
const scratch = "incoming"

// Dir is an open evidence directory, safe for concurrent use.
type Dir struct {
	root *os.Root
}

// Info tells what an artifact is.
type Info struct {
	Key  string
	Type string // media type, "application/octet-stream" when not known
	Size int64
	At   time.Time // when it was last put
}

// Open makes the directory if needed and opens it.
func Open(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, explain(fmt.Errorf("make evidence directory: %w", err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, explain(fmt.Errorf("open evidence directory: %w", err))
	}
	if err := root.MkdirAll(scratch, 0o700); err != nil {
		return nil, errors.Join(explain(fmt.Errorf("make evidence directory: %w", err)), root.Close())
	}
	return &Dir{root: root}, nil
}

// Close lets go of the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Put stores what r holds and returns its key and size. The same content on
// the same day is stored once. More than limit bytes are an Invalid fault (0
// means Largest); a full disk is an Unavailable one. When it returns without
// error the file survives a power cut.
func (d *Dir) Put(ctx context.Context, mediaType string, r io.Reader, limit int64) (key string, size int64, err error) {
	if limit <= 0 || limit > Largest {
		limit = Largest
	}
	name := path.Join(scratch, rand.Text())
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, explain(fmt.Errorf("create artifact: %w", err))
	}
	defer func() {
		if err != nil {
			_ = d.root.Remove(name)
		}
	}()
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, hash), io.LimitReader(patient{ctx, r}, limit+1))
	if err == nil && size > limit {
		err = fault.Newf(fault.Invalid, "the artifact is larger than %d bytes", limit)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", 0, explain(fmt.Errorf("write artifact: %w", err))
	}
	key = time.Now().UTC().Format("2006/01/02/") + hex.EncodeToString(hash.Sum(nil)) + extension(mediaType)
	if err = d.settle(name, key); err != nil {
		return "", 0, explain(fmt.Errorf("keep artifact: %w", err))
	}
	return key, size, nil
}

// settle gives a whole file its name, for good. It tries twice, since pruning
// may remove the day's directory while it is still empty.
func (d *Dir) settle(name, key string) error {
	day := path.Dir(key)
	var err error
	for range 2 {
		if err = d.root.MkdirAll(day, 0o700); err != nil {
			return err
		}
		if err = d.root.Rename(name, key); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return err
	}
	for dir := day; ; dir = path.Dir(dir) {
		if err := d.sync(dir); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

// sync makes the names in a directory last.
func (d *Dir) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get opens an artifact. The caller closes it. An unknown or malformed key is
// a NotFound fault.
func (d *Dir) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, Info{}, err
	}
	if !Valid(key) {
		return nil, Info{}, fault.Newf(fault.NotFound, "there is no artifact %q", key)
	}
	f, err := d.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Info{}, fault.Newf(fault.NotFound, "there is no artifact %q; it may have been pruned", key)
	}
	if err != nil {
		return nil, Info{}, explain(fmt.Errorf("open artifact: %w", err))
	}
	stat, err := f.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = fault.Newf(fault.NotFound, "there is no artifact %q", key)
	}
	if err != nil {
		return nil, Info{}, errors.Join(explain(fmt.Errorf("open artifact: %w", err)), f.Close())
	}
	return f, Info{Key: key, Type: mediaType(path.Ext(key)), Size: stat.Size(), At: stat.ModTime()}, nil
}

// Pruned counts what went.
type Pruned struct {
	Files int
	Bytes int64
}

// Prune removes the artifacts last put before a time for which keep is false,
// and what an interrupted Put left behind.
func (d *Dir) Prune(ctx context.Context, before time.Time, keep func(key string) bool) (Pruned, error) {
	var n Pruned
	var dirs []string
	err := fs.WalkDir(d.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if e.IsDir() {
			if name != "." && name != scratch {
				dirs = append(dirs, name)
			}
			return nil
		}
		if !Valid(name) && path.Dir(name) != scratch {
			return nil // not ours
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // settled just now
		}
		if err != nil || !info.ModTime().Before(before) || (Valid(name) && keep(name)) {
			return err
		}
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		n.Files++
		n.Bytes += info.Size()
		return nil
	})
	if err != nil {
		return n, explain(fmt.Errorf("prune artifacts: %w", err))
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		_ = d.root.Remove(dirs[i]) // refused unless empty
	}
	return n, nil
}

// patient stops reading when the caller gives up.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// Valid reports whether key has the form that Put gives:
// "2026/11/21/<64 hex digits>.jpg".
func Valid(key string) bool {
	const day = len("2006/01/02/")
	if len(key) < day+64+2 {
		return false
	}
	if _, err := time.Parse("2006/01/02/", key[:day]); err != nil {
		return false
	}
	sum, ext := key[day:day+64], key[day+64:]
	return strings.Trim(sum, "0123456789abcdef") == "" && known(ext)
}

// explain makes faults of what the file system says.
func explain(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return &fault.Error{
			Kind: fault.Unavailable, Message: "the disk that holds the evidence is full",
			Hint: "free some space; what is stored is whole, and work goes on by itself", Cause: err,
		}
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return &fault.Error{
			Kind: fault.Unavailable, Message: "the evidence directory cannot be written",
			Hint: "give the user that runs postflight the right to write there", Cause: err,
		}
	}
	return err
}
