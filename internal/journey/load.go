package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// LoadOptions tells Load where the files are that a journey refers to, and what
// is known of its values. The zero value reads nothing outside the current
// directory.
type LoadOptions struct {
	// Dir is the directory of the journey's file; default: that of its name.
	Dir string
	// Root is the directory tree that sub-journeys, data and uploads must be in;
	// default Dir.
	Root string
	// Vars are the configured variables. When it is nil they are not known, and
	// a variable that the journey does not define is left to the run.
	Vars map[string]string
	// SecretNames are the configured secrets; nil: not known.
	SecretNames []string
	// ReadFile reads a file of at most limit bytes; default: a regular file of
	// the machine, whose links must not lead out of Root.
	ReadFile func(path string, limit int64) ([]byte, error)
}

const (
	maxFiles    = 100
	maxIncludes = 1000
	maxChain    = 16
)

// Load reads a journey in either form: a recording of the Chrome DevTools
// Recorder (Parse), or the hand-written YAML form, which compiles to the same
// model. Name is used in messages. What cannot be played is a fault.Invalid
// whose cause is Problems, each with file, line and column.
func Load(name string, data []byte, o LoadOptions) (*Journey, error) {
	l := &loader{o: o, name: name, j: &Journey{Name: name, Vars: map[string]string{}}, saved: map[string]bool{}, used: map[string]bool{}, cache: map[string]*source{}, timeout: defaultTimeout * time.Millisecond}
	if err := l.locateRoot(); err != nil {
		return nil, err
	}
	main, recorded, bad := l.source(name, filepath.Join(l.dir, filepath.Base(name)), data)
	if recorded {
		return l.recording(data)
	}
	if len(bad) > 0 {
		return nil, Problems(bad).fault()
	}
	l.chain = []string{main.path}
	l.file(main)
	l.finish()
	if len(l.bad) > 0 {
		return nil, l.problems().fault()
	}
	return l.j, nil
}

// loader compiles one journey with its sub-journeys.
type loader struct {
	o         LoadOptions
	name      string
	dir, root string
	j         *Journey
	bad       []*Problem
	saved     map[string]bool // variables that steps so far have kept
	used      map[string]bool // files of "use", which run once
	chain     []string        // files that are being read, outermost first
	cache     map[string]*source
	includes  int
	full      bool // more than maxSteps

	// Of the file and step being read.
	timeout   time.Duration
	attribute string
	from      string
	scope     map[string]*item // values of the data row and of run's with
	cleaning  bool
	step      int
	kind      string
	pending   []string // names that the step keeps
}

// locateRoot makes Dir and Root absolute.
func (l *loader) locateRoot() error {
	dir := l.o.Dir
	if dir == "" {
		dir = filepath.Dir(l.name)
	}
	root := l.o.Root
	if root == "" {
		root = dir
	}
	var err error
	if l.dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("locate journey %s: %w", l.name, err)
	}
	if l.root, err = filepath.Abs(root); err != nil {
		return fmt.Errorf("locate journey %s: %w", l.name, err)
	}
	return nil
}

// source reads one file's text; recorded tells a recording, which is JSON whose
// steps have a type, or that has none.
func (l *loader) source(name, path string, data []byte) (s *source, recorded bool, bad []*Problem) {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	asJSON := strings.EqualFold(filepath.Ext(name), ".json")
	if !asJSON && !(len(text) > 0 && text[0] == '{' && json.Valid(text)) {
		s, bad = readYAML(name, data)
		s.path = path
		return s, false, bad
	}
	root, r, err := read(name, data)
	if err != nil || root.kind != isObject {
		return nil, true, nil // Parse tells why
	}
	steps := root.byKey["steps"]
	if steps == nil || len(steps.items) == 0 || slices.ContainsFunc(steps.items, func(n *node) bool { return n.byKey["type"] != nil }) {
		return nil, true, nil
	}
	s = &source{reader: r, path: path}
	s.root = fromNode(s, root)
	return s, false, nil
}

// finish checks what only the whole journey can tell.
func (l *loader) finish() {
	l.step, l.kind = 0, ""
	if len(l.j.Steps) == 0 && len(l.bad) == 0 {
		l.bad = append(l.bad, &Problem{Name: l.name, Line: 1, Column: 1, Field: "steps", Message: "there are none: such a journey could never fail"})
	}
	slices.Sort(l.j.Secrets)
	l.j.Secrets = slices.Compact(l.j.Secrets)
}

// problems are those found, each once, in the order of files and lines.
func (l *loader) problems() Problems {
	var out Problems
	seen := map[Problem]bool{}
	for _, p := range l.bad {
		if !seen[*p] {
			seen[*p] = true
			out = append(out, p)
		}
	}
	return out
}

// within returns the absolute path of a file that one of the journey's files
// names, if it is in the tree.
func (l *loader) within(from *source, name string) (string, error) {
	if strings.TrimSpace(name) == "" || strings.ContainsRune(name, 0) {
		return "", errors.New("needs the name of a file")
	}
	path := filepath.FromSlash(name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from.path), path)
	}
	root := l.root
	if l.o.ReadFile == nil {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			if os.IsNotExist(err) {
				err = errors.New("there is no such file")
			}
			return "", fmt.Errorf("%q: %w", clip(name, 120), err)
		}
		path = real
		if real, err := filepath.EvalSymlinks(root); err == nil {
			root = real
		}
	}
	rel, err := filepath.Rel(root, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", fmt.Errorf("%q is outside the directory of the journey, which nothing may be read from", clip(name, 120))
	}
	return path, nil
}

// maxUpload bounds a file that is put into a form.
const maxUpload = 50 << 20

// size checks that a file is there and not too large.
func (l *loader) size(path string) (int64, error) {
	if l.o.ReadFile != nil {
		data, err := l.o.ReadFile(path, maxUpload)
		return int64(len(data)), err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: there is no such file", filepath.Base(path))
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("%s is not a regular file", filepath.Base(path))
	case info.Size() > maxUpload:
		return 0, fmt.Errorf("%s is larger than %d MiB", filepath.Base(path), maxUpload>>20)
	}
	return info.Size(), nil
}

// read reads a file of the tree.
func (l *loader) read(path string) ([]byte, error) {
	if l.o.ReadFile != nil {
		return l.o.ReadFile(path, maxSize)
	}
	if _, err := l.size(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s is larger than %d KiB", filepath.Base(path), maxSize>>10)
	}
	return data, nil
}

// called is what messages call a file: beside the journey's own name.
func (l *loader) called(path string) string {
	dir := l.dir
	if real, err := filepath.EvalSymlinks(dir); err == nil && l.o.ReadFile == nil {
		dir = real
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return filepath.Base(path)
	}
	return filepath.ToSlash(filepath.Join(filepath.Dir(l.name), rel))
}

// recording reads a recording, whose texts may refer to what is configured.
func (l *loader) recording(data []byte) (*Journey, error) {
	j, err := Parse(l.name, data)
	if err != nil {
		return nil, err
	}
	known := func(name string) bool {
		_, isVar := l.o.Vars[name]
		return isVar || strings.HasPrefix(name, "secret.") || builtinName(name)
	}
	for _, steps := range [][]Step{j.Steps, j.Cleanup} {
		for i := range steps {
			names := adopt(&steps[i], known)
			for _, name := range names {
				secret, ok := strings.CutPrefix(name, "secret.")
				if !ok || slices.Contains(j.Secrets, secret) {
					continue
				}
				j.Secrets = append(j.Secrets, secret)
				if l.o.SecretNames != nil && !slices.Contains(l.o.SecretNames, secret) {
					p := &Problem{Name: l.name, Line: steps[i].Line, Column: 1, Step: i + 1, Type: string(steps[i].Type), Message: undefinedSecret(secret, l.o.SecretNames)}
					l.bad = append(l.bad, p)
				}
			}
		}
	}
	if len(l.bad) > 0 {
		return nil, Problems(l.bad).fault()
	}
	slices.Sort(j.Secrets)
	return j, nil
}
