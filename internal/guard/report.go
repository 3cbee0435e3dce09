package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/report"
)

// Bounds of looking for report files.
const (
	maxReports = 2000
	maxWalked  = 50_000
	maxDepth   = 8
)

// asked reads the reports that patterns name; a pattern that names none is a
// report that is missing. "**" stands for any number of folders.
func asked(dir string, patterns []string, started time.Time) []pipeline.Report {
	var out []pipeline.Report
	for _, p := range patterns {
		files, err := Match(dir, p)
		switch {
		case err != nil:
			out = append(out, pipeline.Report{Path: p, Problem: err.Error()})
		case len(files) == 0:
			out = append(out, pipeline.Report{Path: p, Problem: "no such file"})
		}
		fresh := 0
		var old *pipeline.Report
		for _, f := range files {
			r := readReport(dir, f)
			// Among many files a stale one may be of a test that is gone; only when
			// nothing at all is new did nothing write the report.
			if !r.Modified.IsZero() && r.Modified.Before(started.Add(-2*time.Second)) {
				if old == nil || r.Modified.After(old.Modified) {
					old = &r
				}
				continue
			}
			fresh++
			out = append(out, r)
		}
		if fresh == 0 && old != nil {
			out = append(out, *old)
		}
	}
	return out
}

// Match finds the files of a pattern, relative to dir, sorted.
func Match(dir, pattern string) ([]string, error) {
	if filepath.IsAbs(pattern) {
		if rel, err := filepath.Rel(dir, pattern); err == nil && !strings.HasPrefix(rel, "..") {
			pattern = rel
		} else {
			files, err := filepath.Glob(pattern)
			return files[:min(len(files), maxReports)], err
		}
	}
	pattern = filepath.ToSlash(filepath.Clean(pattern))
	if !strings.Contains(pattern, "**") {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fmt.Errorf("the pattern is not valid: %w", err)
		}
		return files[:min(len(files), maxReports)], nil
	}
	var out []string
	err := each(dir, func(path, rel string) bool {
		if globbed(strings.Split(pattern, "/"), strings.Split(rel, "/")) {
			out = append(out, path)
		}
		return len(out) < maxReports
	})
	slices.Sort(out)
	return out, err
}

// globbed matches path elements against pattern elements; "**" takes any number.
func globbed(pattern, elements []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := 0; i <= len(elements); i++ {
				if globbed(pattern[1:], elements[i:]) {
					return true
				}
			}
			return false
		}
		if len(elements) == 0 {
			return false
		}
		if ok, err := filepath.Match(pattern[0], elements[0]); err != nil || !ok {
			return false
		}
		pattern, elements = pattern[1:], elements[1:]
	}
	return len(elements) == 0
}

// each walks the files below dir, without what package managers and git keep,
// never through symbolic links, and not without end.
func each(dir string, file func(path, rel string) bool) error {
	walked := 0
	stop := errors.New("stop")
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read holds no report
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if walked++; walked > maxWalked {
			return fmt.Errorf("more than %d files", maxWalked)
		}
		if e.IsDir() {
			if name := e.Name(); name == "node_modules" || name == ".git" || name == ".postflight" || strings.Count(rel, "/") >= maxDepth {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type().IsRegular() && !file(path, rel) {
			return stop
		}
		return nil
	})
	if errors.Is(err, stop) {
		return nil
	}
	return err
}

// usual finds reports that nobody named and that the step wrote: the well-known
// places of Surefire, Gradle, JUnit writers and TRX. What is older than the step
// is another's.
func usual(dir string, started time.Time) []pipeline.Report {
	var out []pipeline.Report
	_ = each(dir, func(path, rel string) bool {
		if !known(rel) {
			return true
		}
		info, err := os.Stat(path)
		if err != nil || info.ModTime().Before(started) {
			return true
		}
		// A file in a usual place that is no report is somebody else's.
		if r := readReport(dir, path); r.Problem == "" && len(r.Runs) > 0 {
			out = append(out, r)
		}
		return len(out) < maxReports
	})
	return out
}

// known tells a report by its usual place and name.
func known(rel string) bool {
	name := rel[strings.LastIndexByte(rel, '/')+1:]
	folder := "/" + strings.TrimSuffix(rel, name)
	ext := filepath.Ext(name)
	switch {
	case ext == ".trx":
		return true
	case ext != ".xml":
		return false
	case strings.HasPrefix(name, "TEST-"), strings.HasPrefix(name, "junit"), name == "test-results.xml", name == "report.xml":
		return true
	}
	return strings.Contains(folder, "/surefire-reports/") || strings.Contains(folder, "/failsafe-reports/") ||
		strings.Contains(folder, "/test-results/") || strings.Contains(folder, "/test-reports/")
}

// readReport reads one file.
func readReport(dir, path string) pipeline.Report {
	r := pipeline.Report{Path: path}
	if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		r.Path = filepath.ToSlash(rel)
	}
	f, err := os.Open(path)
	if err != nil {
		r.Problem = "it cannot be opened"
		return r
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		r.Problem = "it is no file"
		return r
	}
	r.Modified = info.ModTime()
	hash := sha256.New()
	in := io.TeeReader(f, hash)
	result, err := report.Read(r.Path, in)
	_, _ = io.Copy(io.Discard, in)
	r.Hash, r.Format, r.Runs, r.Problem = hex.EncodeToString(hash.Sum(nil)), result.Format, result.Runs, result.Problem
	if err != nil && r.Problem == "" {
		r.Problem = err.Error()
	}
	if r.Problem == "" && len(r.Runs) == 0 {
		r.Problem = "no tests in it"
	}
	return r
}
