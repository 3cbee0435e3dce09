package deploy

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
)

// tempMark stands in the names of links that are not in place yet.
const tempMark = ".postflight-"

// pointer is where a product's link stands and where it would go.
type pointer struct {
	link   string // the link's path
	holder string // the real directory that holds it
	points string // what the link says
	target string // what it would say for the wanted version
	there  bool   // it already leads to the wanted version
	inner  string // the name inside Releases that it leads to; "" for elsewhere
}

// flip points the link at the wanted version in one rename.
func flip(r product.Rollback, o rollback.Order) (rollback.Performed, error) {
	p, err := inspect(r, o.Version)
	if err != nil {
		return rollback.Performed{}, err
	}
	if p.there {
		at := time.Now()
		if st, err := os.Lstat(p.link); err == nil {
			at = st.ModTime() // a link's time is that of its making
		}
		return rollback.Performed{Flipped: at, Detail: r.Current + " points at " + o.Version + " already"}, nil
	}
	if o.BadVersion != "" && p.inner != o.BadVersion {
		return rollback.Performed{}, fault.New(fault.Conflict,
			fmt.Sprintf("%s points at %s, not at %s: nothing was moved", r.Current, p.points, o.BadVersion),
			"Another release was made meanwhile. Look at what is live, and roll back again if it is needed.")
	}
	sweep(p)
	temp := filepath.Join(p.holder, "."+filepath.Base(p.link)+tempMark+rand.Text()[:8])
	if err := os.Symlink(p.target, temp); err != nil {
		return rollback.Performed{}, explain("write a link beside "+r.Current, p.holder, err)
	}
	if err := os.Rename(temp, filepath.Join(p.holder, filepath.Base(p.link))); err != nil {
		_ = os.Remove(temp)
		return rollback.Performed{}, explain("replace "+r.Current, p.holder, err)
	}
	done := rollback.Performed{Flipped: time.Now(), Detail: fmt.Sprintf("%s: %s → %s", r.Current, p.points, p.target)}
	if err := syncDirectory(p.holder); err != nil {
		done.Detail += " (not yet certain to survive a power cut: " + err.Error() + ")"
	}
	return done, nil
}

// inspect looks at the link, and at the release directory of version if one
// is given, and changes nothing.
func inspect(r product.Rollback, version string) (pointer, error) {
	p := pointer{link: filepath.Clean(r.Current)}
	if r.Current == "" || r.Releases == "" {
		return p, fault.New(fault.Invalid, "the rollback needs the link (current) and the folder of releases", "")
	}
	st, err := os.Lstat(p.link)
	if err != nil {
		return p, explain("look at "+r.Current, r.Current, err)
	}
	if st.Mode()&fs.ModeSymlink == 0 {
		return p, fault.New(fault.Invalid, r.Current+" is not a symbolic link: nothing was moved",
			"Keep each release in a folder of its own, and let "+r.Current+" be a link to the live one.")
	}
	if p.points, err = os.Readlink(p.link); err != nil {
		return p, explain("read "+r.Current, r.Current, err)
	}
	if p.holder, err = filepath.EvalSymlinks(filepath.Dir(p.link)); err != nil {
		return p, explain("look at the folder of "+r.Current, filepath.Dir(p.link), err)
	}
	if err := writable(p.holder); err != nil {
		return p, explain("write in the folder of "+r.Current, p.holder, err)
	}
	releases, err := filepath.EvalSymlinks(r.Releases)
	if err != nil {
		return p, explain("look at "+r.Releases, r.Releases, err)
	}
	p.inner = p.within(releases)
	if version == "" {
		return p, nil
	}
	return p, p.aim(r, releases, version)
}

// within is the name of the release that the link leads to, or "". The
// release itself may be gone.
func (p pointer) within(releases string) string {
	to := p.points
	if !filepath.IsAbs(to) {
		to = filepath.Join(p.holder, to)
	}
	if parent, err := filepath.EvalSymlinks(filepath.Dir(to)); err == nil && parent == releases {
		return filepath.Base(to)
	}
	return ""
}

// aim finds the version's directory and what the link must say to lead there.
func (p *pointer) aim(r product.Rollback, releases, version string) error {
	if !filepath.IsLocal(version) || strings.ContainsAny(version, `/\`) || strings.HasPrefix(version, ".") {
		return fault.New(fault.Invalid, fmt.Sprintf("%.60q cannot be the name of a release folder", version),
			"A release's folder is named like its version, without slashes.")
	}
	path := filepath.Join(releases, version)
	real, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, fmt.Sprintf("release %s is not in %s any more", version, r.Releases),
			"Keep more old releases, or restore this one and try again.")
	case err != nil:
		return explain("look at release "+version, path, err)
	case filepath.Dir(real) != releases:
		return fault.New(fault.Invalid, fmt.Sprintf("release %s leads out of %s: nothing was moved", version, r.Releases),
			"A release must be a folder in the folder of releases.")
	}
	if err := filled(real); err != nil {
		return err
	}
	if now, err := filepath.EvalSymlinks(p.link); err == nil && now == real {
		p.there = true
	}
	p.target = filepath.Join(r.Releases, version)
	if !filepath.IsAbs(p.points) {
		// Links stay relative, so that the whole tree can be moved or mounted.
		if p.target, err = filepath.Rel(p.holder, path); err != nil {
			return explain("lead from "+p.holder+" to "+path, path, err)
		}
		return nil
	}
	if p.target, err = filepath.Abs(p.target); err != nil {
		return explain("name "+path, path, err)
	}
	return nil
}

// filled refuses a release that is no directory or an empty one.
func filled(path string) error {
	d, err := os.Open(path) //nolint:gosec // the path was checked to be inside the releases
	if err != nil {
		return explain("open "+path, path, err)
	}
	defer func() { _ = d.Close() }()
	st, err := d.Stat()
	if err != nil {
		return explain("look at "+path, path, err)
	}
	if !st.IsDir() {
		return fault.New(fault.Invalid, path+" is not a folder", "A release is a folder named like its version.")
	}
	if _, err := d.Readdirnames(1); errors.Is(err, io.EOF) {
		return fault.New(fault.NotFound, path+" is empty: nothing was moved", "Restore the release's files and try again.")
	} else if err != nil {
		return explain("read "+path, path, err)
	}
	return nil
}

// sweep removes links that a crash left beside the pointer.
func sweep(p pointer) {
	left, err := filepath.Glob(filepath.Join(p.holder, "."+filepath.Base(p.link)+tempMark+"*"))
	if err != nil {
		return
	}
	for _, path := range left {
		if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSymlink != 0 {
			_ = os.Remove(path)
		}
	}
}

func syncDirectory(path string) error {
	d, err := os.Open(path) //nolint:gosec // the folder of the configured link
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// explain turns an error of the file system into what a person can do.
func explain(doing, path string, err error) error {
	message := doing + ": " + cause(err)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &fault.Error{
			Kind: fault.Denied, Message: message, Cause: err,
			Hint: "Let the user that runs Postflight write in " + path + ".",
		}
	case errors.Is(err, fs.ErrNotExist):
		return &fault.Error{
			Kind: fault.NotFound, Message: message, Cause: err,
			Hint: "Check rollback.current and rollback.releases of the product.",
		}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EMFILE):
		return &temporary{fault: &fault.Error{
			Kind: fault.Unavailable, Message: message, Cause: err, Hint: "Free some space on the disk of " + path + ".",
		}}
	}
	return &fault.Error{
		Kind: fault.Invalid, Message: message, Cause: err,
		Hint: "Check rollback.current and rollback.releases of the product.",
	}
}

// cause is the innermost reason, without paths that were said already.
func cause(err error) string {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err.Error()
}
