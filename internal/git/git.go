// Package git reads a repository: commits by name, what changed between two of
// them, and the files of one, without checking anything out.
//
// It drives the git command, which knows every kind of repository; each call is
// bounded in time and bytes, takes no configuration that could run a program,
// and never writes. A repository that is shallow, a name that does not resolve
// and a folder that is none are told apart. The affected command calls it.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Bounds of one call.
const (
	maxOutput = 512 << 20 // names of a million files
	callLimit = time.Minute
)

// ErrNotFound says that a name leads to no commit.
var ErrNotFound = errors.New("no such commit")

// Repo is a repository. Its methods are safe for concurrent use.
type Repo struct {
	root    string // top of the working tree
	shallow bool
}

// Open finds the repository that dir is in.
func Open(ctx context.Context, dir string) (*Repo, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fault.New(fault.Unavailable, "git is not installed", "install git")
	}
	out, err := call(ctx, dir, "rev-parse", "--show-toplevel", "--is-shallow-repository")
	if err != nil {
		return nil, fault.Newf(fault.NotFound, "%s is in no git repository: %w", dir, err).WithHint("run it in a checkout")
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		return nil, fault.Newf(fault.Invalid, "%s is a repository without a working tree", dir)
	}
	return &Repo{root: filepath.Clean(lines[0]), shallow: lines[1] == "true"}, nil
}

// Root is the top of the working tree.
func (r *Repo) Root() string { return r.root }

// Shallow reports whether history is cut off.
func (r *Repo) Shallow() bool { return r.shallow }

// Commit resolves a name to the id of a commit; ErrNotFound when it leads to
// none, as is common for a base that a shallow clone did not fetch.
func (r *Repo) Commit(ctx context.Context, name string) (string, error) {
	if name == "" || strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("resolve %q: %w", name, ErrNotFound)
	}
	out, err := call(ctx, r.root, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("resolve %q: %w", name, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), nil
}

// MergeBase is the commit from which two have parted; ErrNotFound when they have
// none in common, or when history is cut off before it.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := call(ctx, r.root, "merge-base", a, b)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("merge base of %s and %s: %w", a, b, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), nil
}

// Kind is how a file changed.
type Kind string

// The kinds. A rename is a removal and an addition, and says so in From.
const (
	Added    Kind = "added"
	Modified Kind = "modified"
	Removed  Kind = "removed"
)

// Change is one file that differs.
type Change struct {
	Path string
	Kind Kind
	// From is the old path of a file that was renamed here.
	From string
}

// Changes returns the files that differ between two commits.
func (r *Repo) Changes(ctx context.Context, base, head string) ([]Change, error) {
	out, err := call(ctx, r.root, "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "-M", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", base, head)
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", base, head, err)
	}
	return parseRaw(out)
}

// Dirty returns the files of the working tree that differ from HEAD, untracked
// ones included.
func (r *Repo) Dirty(ctx context.Context) ([]Change, error) {
	out, err := call(ctx, r.root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
	if err != nil {
		return nil, fmt.Errorf("look at the working tree: %w", err)
	}
	var all []Change
	for entry := range bytes.SplitSeq(out, []byte{0}) {
		if len(entry) < 4 {
			continue
		}
		c := Change{Path: string(entry[3:]), Kind: Modified}
		switch {
		case entry[0] == '?' || entry[0] == 'A':
			c.Kind = Added
		case entry[0] == 'D' || entry[1] == 'D':
			c.Kind = Removed
		}
		all = append(all, c)
	}
	return all, nil
}

// parseRaw reads the raw format: ":modes ids STATUS\0path\0[path\0]".
func parseRaw(out []byte) ([]Change, error) {
	var all []Change
	fields := bytes.Split(out, []byte{0})
	for i := 0; i < len(fields) && len(fields[i]) > 0; {
		head := bytes.Fields(fields[i])
		if len(head) != 5 || fields[i][0] != ':' || i+1 >= len(fields) {
			return nil, fmt.Errorf("git told of a change in an unknown form: %.100q", fields[i])
		}
		path := string(fields[i+1])
		i += 2
		switch head[4][0] {
		case 'A':
			all = append(all, Change{Path: path, Kind: Added})
		case 'D':
			all = append(all, Change{Path: path, Kind: Removed})
		case 'R', 'C':
			if i >= len(fields) {
				return nil, errors.New("git told of a rename without its new name")
			}
			to := string(fields[i])
			i++
			if head[4][0] == 'R' {
				all = append(all, Change{Path: path, Kind: Removed})
			}
			all = append(all, Change{Path: to, Kind: Added, From: path})
		default:
			all = append(all, Change{Path: path, Kind: Modified})
		}
	}
	return all, nil
}

// call runs git once, without configuration that runs programs, pages or asks.
func call(ctx context.Context, dir string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	cmd := command(ctx, dir, args...)
	out, said := &bounded{left: maxOutput}, &bounded{left: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(said.String()); text != "" {
			return nil, fmt.Errorf("git %s: %s", args[0], text)
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	if out.over {
		return nil, fmt.Errorf("git %s printed more than %d bytes", args[0], maxOutput)
	}
	return out.Bytes(), nil
}

func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	fixed := []string{"-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "--no-optional-locks"}
	cmd := exec.CommandContext(ctx, "git", append(fixed, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1")
	cmd.WaitDelay = time.Second
	return cmd
}

// bounded keeps the first bytes.
type bounded struct {
	bytes.Buffer
	left int
	over bool
}

// Write never fails, so that git is not stopped by a closed pipe midway.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	b.over = b.over || n < len(p)
	_, _ = b.Buffer.Write(p[:n])
	return len(p), nil
}
