package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// kept is what the directory's state.json holds.
type kept struct {
	Last     int64     `json:"last"`
	Messages []Message `json:"messages"`
	Files    []File    `json:"files"`
}

// load reads the directory, creating it when it is not there.
func (s *Server) load() error {
	if err := os.MkdirAll(filepath.Join(s.options.Dir, "files"), 0o700); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(s.options.Dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal(raw, &k); err != nil {
		return fmt.Errorf("read state.json: %w", err)
	}
	s.last, s.messages = k.Last, k.Messages
	for _, f := range k.Files {
		if f.Bytes, err = os.ReadFile(s.path(f.ID)); err == nil {
			s.files = append(s.files, f)
		}
	}
	return nil
}

// save writes state.json in one rename; the caller holds the lock. The
// history is a convenience of the demo: what cannot be written is shown as
// long as the process lives.
func (s *Server) save() {
	if s.options.Dir == "" {
		return
	}
	raw, err := json.Marshal(kept{Last: s.last, Messages: s.messages, Files: s.files})
	if err != nil {
		return
	}
	temp := filepath.Join(s.options.Dir, ".state.json")
	if os.WriteFile(temp, raw, 0o600) == nil {
		_ = os.Rename(temp, filepath.Join(s.options.Dir, "state.json"))
	}
}

// store writes a file's bytes.
func (s *Server) store(f File) {
	if s.options.Dir != "" {
		_ = os.WriteFile(s.path(f.ID), f.Bytes, 0o600)
	}
}

// forget removes a file's bytes.
func (s *Server) forget(id string) {
	if s.options.Dir != "" {
		_ = os.Remove(s.path(id))
	}
}

// path of a file; ids are ours, but the state file is anybody's.
func (s *Server) path(id string) string {
	clean := regexp.MustCompile(`[^A-Z0-9]`).ReplaceAllString(id, "_")
	return filepath.Join(s.options.Dir, "files", clean)
}
