package npm

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
)

// readLocks reads the settings and the lockfile of every home.
func (s *session) readLocks() {
	for _, h := range s.homes {
		s.readSettings(h)
		l, file, err := s.lockIn(h, h.dir)
		if l == nil && err == nil {
			l, file, err = s.rushLock(h)
		}
		if err != nil {
			s.homeProblem(h, file, err.Error())
			continue
		}
		h.lock = l
		for _, dir := range h.members {
			s.units[dir].lock = l
			if dir == h.dir {
				continue
			}
			// A member may be installed by itself.
			own, file, err := s.lockIn(h, dir)
			switch {
			case err != nil && (l == nil || !l.has(dir)):
				s.problem(file, err.Error(), dir)
			case own != nil && (l == nil || !l.has(dir)):
				s.units[dir].lock = own
			}
		}
	}
}

// rushLock reads the lockfile of Rush, whose importers lie elsewhere.
func (s *session) rushLock(h *home) (*lock, string, error) {
	file := path.Join(h.dir, "common/config/rush/pnpm-lock.yaml")
	return s.lockFile(h, file, join(h.dir, "common/temp"))
}

// lockIn reads the lockfile of a folder; nil when there is none.
func (s *session) lockIn(h *home, dir string) (*lock, string, error) {
	for _, name := range lockNames() {
		if !s.exists(dir, name) {
			continue
		}
		file := path.Join(dir, name)
		l, _, err := s.lockFile(h, file, dir)
		return l, file, err
	}
	return nil, "", nil
}

// lockFile reads one lockfile, or remembers that it did.
func (s *session) lockFile(h *home, file, dir string) (*lock, string, error) {
	sum := s.tree.Hash(file)
	if sum == "" {
		return nil, file, nil
	}
	s.claimed[file] = true
	memo := hashStrings(sum, file, dir, pairsOf(h.pins()), pairsOf(h.names))
	l, err := s.reader.lockOnce(memo, func() (*lock, error) {
		data, err := s.tree.Read(file)
		if err != nil {
			return nil, err
		}
		l, err := parseLock(h, file, dir, data)
		if err != nil {
			return nil, errors.New("does not parse: " + err.Error())
		}
		return l, nil
	})
	return l, file, err
}

// parseLock reads a lockfile by its name and form.
func parseLock(h *home, file, dir string, data []byte) (*lock, error) {
	switch path.Base(file) {
	case "pnpm-lock.yaml":
		return pnpmLock(file, dir, data)
	case "yarn.lock":
		if strings.Contains(string(data[:min(len(data), 4096)]), "__metadata:") {
			return berryLock(file, dir, data, h.pins())
		}
		return yarnLock(file, data, h.pins(), h.names)
	case "bun.lock":
		return bunLock(file, dir, data)
	case "bun.lockb":
		return nil, errors.New("a binary lockfile cannot be read; bun install --save-text-lockfile writes one that can")
	}
	return npmLock(file, dir, data)
}

func (h *home) pins() map[string]string {
	if h.manifest == nil {
		return nil
	}
	return h.manifest.pins
}

// pairsOf writes a map so that equal ones are equal strings.
func pairsOf(m map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b.WriteString(k + "\x00" + m[k] + "\x00")
	}
	return b.String()
}
