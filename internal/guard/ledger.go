package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/pipeline"
)

// The ledger on disk: steps/ID.json, one file an attempt, replaced as a whole, so
// that parallel jobs on one disk never meet; history/STEP.json and its .green
// signature; logs/. Fields are only ever added.
const (
	maxEntry   = 4 << 20
	maxEntries = 5000
	maxAge     = 30 * 24 * time.Hour // older entries and logs are removed
)

// Ledger is a folder of steps.
type Ledger struct{ dir string }

// OpenLedger makes the folder if needed, and keeps git from seeing it.
func OpenLedger(dir string) (*Ledger, error) {
	for _, d := range []string{"steps", "history", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, fmt.Errorf("open ledger: %w", err)
		}
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
			return nil, fmt.Errorf("open ledger: %w", err)
		}
	}
	return &Ledger{dir: dir}, nil
}

// Put writes a step; an earlier entry of the same id is replaced.
func (l *Ledger) Put(s pipeline.Step) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("write step %s: %w", s.Name, err)
	}
	return replace(filepath.Join(l.dir, "steps", s.ID+".json"), data)
}

// Steps reads the ledgers in the given folders, this one's layout or any folder
// with entries below it (artifacts that were downloaded). Files that are no
// entries are named in bad: a ledger that cannot be read is no proof.
func Steps(dirs ...string) (steps []pipeline.Step, bad []string, err error) {
	for _, dir := range dirs {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real // a link to a folder is not walked
		}
		walk := func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.IsDir() || filepath.Ext(path) != ".json" || filepath.Base(filepath.Dir(path)) != "steps" {
				return nil
			}
			if len(steps)+len(bad) >= maxEntries {
				return fault.New(fault.Invalid, fmt.Sprintf("more than %d entries in %s", maxEntries, dir), "remove the ledgers of earlier runs")
			}
			s, err := readStep(path)
			if err != nil {
				bad = append(bad, fmt.Sprintf("%s: %v", path, err))
				return nil
			}
			steps = append(steps, s)
			return nil
		}
		if err := filepath.WalkDir(dir, walk); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil, fault.Newf(fault.NotFound, "no ledger in %s", dir).WithHint("guarded steps write it; a job on another machine hands it on as an artifact")
			}
			return nil, nil, fmt.Errorf("read ledger %s: %w", dir, err)
		}
	}
	return steps, bad, nil
}

func readStep(path string) (pipeline.Step, error) {
	var s pipeline.Step
	data, err := readBounded(path, maxEntry)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("no ledger entry: %w", err)
	}
	if s.ID == "" || s.Name == "" || s.State == "" {
		return s, errors.New("no ledger entry: id, name or state is missing")
	}
	return s, nil
}

// Past reads what earlier green runs of a step were like.
func (l *Ledger) Past(key string) (pipeline.Past, *excerpt.Signature) {
	var past pipeline.Past
	if data, err := readBounded(l.history(key, ".json"), maxEntry); err == nil {
		if json.Unmarshal(data, &past) != nil {
			past = pipeline.Past{}
		}
	}
	var green *excerpt.Signature
	if data, err := readBounded(l.history(key, ".green"), maxEntry); err == nil {
		s := excerpt.NewSignature()
		if s.UnmarshalBinary(data) == nil {
			green = s
		}
	}
	return past, green
}

// Remember writes them back.
func (l *Ledger) Remember(key string, past pipeline.Past, green *excerpt.Signature) error {
	data, err := json.Marshal(past)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	if err := replace(l.history(key, ".json"), data); err != nil {
		return err
	}
	if green == nil {
		return nil
	}
	if data, err = green.MarshalBinary(); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return replace(l.history(key, ".green"), data)
}

func (l *Ledger) history(key, ext string) string { return filepath.Join(l.dir, "history", key+ext) }

// log is where a step's log is kept.
func (l *Ledger) log(id, ext string) string { return filepath.Join(l.dir, "logs", id+ext) }

// Sweep removes what is older than a month, of histories what no green run
// touched for three, and the oldest of what is too much.
func (l *Ledger) Sweep(now time.Time) {
	for d, age := range map[string]time.Duration{"steps": maxAge, "logs": maxAge, "history": 3 * maxAge} {
		list, err := os.ReadDir(filepath.Join(l.dir, d))
		if err != nil {
			continue
		}
		infos := make([]fs.FileInfo, 0, len(list))
		for _, e := range list {
			if info, err := e.Info(); err == nil {
				infos = append(infos, info)
			}
		}
		slices.SortFunc(infos, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
		for i, info := range infos {
			if i >= maxEntries/2 || now.Sub(info.ModTime()) > age {
				_ = os.Remove(filepath.Join(l.dir, d, info.Name()))
			}
		}
	}
}

// replace writes a file so that a reader sees the old or the new one whole.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%d bytes, at most %d are read", info.Size(), limit)
	}
	return os.ReadFile(path)
}

// slug makes a name fit for a file.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
