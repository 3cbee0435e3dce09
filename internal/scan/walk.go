package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// scanner holds a scan under way.
type scanner struct {
	fsys    fs.FS
	options Options
	result  Result
	ignore  ignore

	files  []found
	seen   map[string]bool     // read already, by another's include
	called map[string]bool     // scripts that a pipeline runs, by path and by base name
	bases  map[string][]string // the same by base name
	loose  map[string]bool     // workflows that stand where no CI system looks
	phony  map[string]bool     // targets that some makefile declares phony
}

// found is a file worth reading.
type found struct {
	path string
	kind kind
}

// kind says who reads a file.
type kind int

const (
	other kind = iota
	github
	gitlab
	circle
	azure
	bitbucket
	drone
	jenkins
	npm
	makefile
	shell
	docker
	justfile
	taskfile
	loose // YAML whose content tells what it is
	golang
	javascript
	python
)

// pipeline says whether files of this kind tell a CI system what to do.
func (k kind) pipeline() bool { return k >= github && k <= jenkins }

// left are folders whose content others wrote, or that are made of material for tests.
var left = map[string]bool{
	"node_modules": true, "vendor": true, ".git": true, ".hg": true, ".svn": true, "bower_components": true,
	".venv": true, "venv": true, "__pycache__": true, "third_party": true, ".terraform": true, ".yarn": true,
	".pnpm-store": true, "testdata": true, "__fixtures__": true, ".tox": true, ".next": true, ".nuxt": true,
}

var (
	errFull  = errors.New("too many files")
	errLarge = errors.New("too large")
)

// walk collects the files worth reading.
func (s *scanner) walk(ctx context.Context) error {
	if text, err := s.read(".gitignore"); err == nil {
		s.ignore = readIgnore(text)
	}
	n := 0
	err := fs.WalkDir(s.fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if p == "." {
				return err
			}
			s.skip(p, 0, "cannot be read: "+reason(err))
			return nil
		}
		if n++; n > s.options.MaxFiles {
			return errFull
		}
		if d.IsDir() {
			return s.enter(p, d.Name())
		}
		k := classify(p)
		if k == other {
			return nil
		}
		if !d.Type().IsRegular() {
			if k.pipeline() {
				s.skip(p, 0, "is a link or no ordinary file")
			} else {
				s.result.Left["links"]++
			}
			return nil
		}
		if !k.pipeline() && s.ignore.match(p) {
			s.result.Left["ignored by git"]++
			return nil
		}
		s.files = append(s.files, found{p, k})
		return nil
	})
	if errors.Is(err, errFull) {
		s.result.Truncated = true
		s.skip(".", 0, fmt.Sprintf("there are more than %d files; the rest was not looked at", s.options.MaxFiles))
		return nil
	}
	return err
}

// enter decides whether a folder is looked into.
func (s *scanner) enter(p, name string) error {
	if p == "." {
		return nil
	}
	if left[name] {
		s.result.Left[name]++
		return fs.SkipDir
	}
	if s.ignore.match(p) {
		s.result.Left["ignored by git"]++
		return fs.SkipDir
	}
	return nil
}

// classify says by its path who reads a file.
func classify(p string) kind {
	name, dir := path.Base(p), path.Dir(p)
	lower := strings.ToLower(name)
	ext := strings.ToLower(path.Ext(name))
	yaml := ext == ".yml" || ext == ".yaml"
	switch {
	case yaml && (strings.HasSuffix(dir, ".github/workflows") || strings.HasSuffix(dir, ".gitea/workflows") || strings.HasSuffix(dir, ".forgejo/workflows")),
		lower == "action.yml" || lower == "action.yaml":
		return github
	case yaml && (strings.HasSuffix(lower, ".gitlab-ci"+ext) || strings.HasPrefix(p, ".gitlab/ci/")):
		return gitlab
	case yaml && strings.HasSuffix(dir, ".circleci"):
		return circle
	case yaml && (strings.Contains(lower, "azure-pipelines") || strings.Contains(dir, ".azure-pipelines")):
		return azure
	case lower == "bitbucket-pipelines.yml":
		return bitbucket
	case yaml && (strings.HasPrefix(lower, ".drone.") || strings.HasPrefix(lower, ".woodpecker.") || strings.HasSuffix(dir, ".woodpecker")):
		return drone
	case name == "Jenkinsfile" || strings.HasPrefix(name, "Jenkinsfile.") || ext == ".jenkinsfile":
		return jenkins
	case name == "package.json":
		return npm
	case lower == "makefile" || name == "GNUmakefile" || ext == ".mk" || strings.HasPrefix(name, "Makefile."):
		return makefile
	case name == "Dockerfile" || strings.HasPrefix(name, "Dockerfile.") || ext == ".dockerfile":
		return docker
	case lower == "justfile" || lower == ".justfile" || ext == ".just":
		return justfile
	case yaml && (lower == "taskfile"+ext || lower == "taskfile.dist"+ext):
		return taskfile
	case yaml:
		return loose
	}
	return classifyCode(p, name, ext)
}

// classifyCode is classify for programs.
func classifyCode(p, name, ext string) kind {
	switch ext {
	case ".sh", ".bash", ".bats":
		return shell
	case ".go":
		if strings.HasSuffix(name, "_test.go") {
			return golang
		}
	case ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".jsx", ".tsx":
		if !strings.Contains(name, ".min.") && !strings.HasSuffix(name, ".d.ts") {
			return javascript
		}
	case ".py":
		return python
	case "":
		for dir := range strings.SplitSeq(path.Dir(p), "/") {
			switch dir {
			case "bin", "scripts", "script", "ci", ".ci", "tools", "hack":
				return shell
			}
		}
	}
	return other
}

func (s *scanner) skip(p string, line int, why string) {
	s.result.Skipped = append(s.result.Skipped, Skip{Path: p, Line: line, Reason: why})
}

// read returns a file's text, if it is small enough.
func (s *scanner) read(p string) (string, error) {
	f, err := s.fsys.Open(p)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, s.options.MaxBytes+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) > s.options.MaxBytes {
		return "", fmt.Errorf("%w: more than %d bytes", errLarge, s.options.MaxBytes)
	}
	return string(data), nil
}

// reason is an error without the path, which stands beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// ignore is the plain part of a .gitignore: names and paths, no exceptions. With
// exceptions in it nothing is ignored: better to read too much.
type ignore struct {
	names map[string]bool // anywhere
	paths map[string]bool // from the root
}

func readIgnore(text string) ignore {
	ig := ignore{names: map[string]bool{}, paths: map[string]bool{}}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "!") {
			return ignore{}
		}
		if line == "" || line[0] == '#' || strings.ContainsAny(line, "*?[\\") {
			continue
		}
		line = strings.TrimSuffix(line, "/")
		if strings.Contains(line, "/") {
			ig.paths[strings.TrimPrefix(line, "/")] = true
		} else if line != "" {
			ig.names[line] = true
		}
	}
	return ig
}

// match says whether git ignores a path, or, of a file, its name.
func (ig ignore) match(p string) bool {
	return ig.paths[p] || ig.names[path.Base(p)]
}
