package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// pipelines reads what tells a CI system what to do, and what people run by hand.
func (s *scanner) pipelines(ctx context.Context) {
	s.collectPhony()
	for _, f := range s.files {
		if ctx.Err() != nil {
			return
		}
		if f.kind < shell || f.kind > shell && f.kind < golang {
			s.file(f)
		}
	}
}

// scripts reads programs and scripts; which of them a pipeline runs is known by now.
func (s *scanner) scripts(ctx context.Context) {
	for _, f := range s.files {
		if ctx.Err() != nil {
			return
		}
		if f.kind == shell || f.kind >= golang {
			s.file(f)
		}
	}
}

// file reads one file; a fault of a parser is a skip, never the end of the scan.
func (s *scanner) file(f found) {
	if s.seen[f.path] || f.kind == golang && !strings.HasSuffix(f.path, "_test.go") {
		return
	}
	s.seen[f.path] = true
	if f.kind == javascript && !testFile.MatchString(f.path) && !s.program(f.path) && !settings.MatchString(f.path) {
		return
	}
	content, err := s.read(f.path)
	if errors.Is(err, errLarge) && f.kind >= shell && f.kind != docker {
		s.result.Left["too large"]++
		return
	}
	if err != nil {
		s.skip(f.path, 0, "cannot be read: "+reason(err))
		return
	}
	if strings.IndexByte(content[:min(len(content), 8000)], 0) >= 0 {
		if f.kind < shell {
			s.skip(f.path, 0, "is no text")
		}
		return
	}
	content = strings.TrimPrefix(content, "\ufeff")
	if f.kind == loose {
		if f.kind = looksLike(content); f.kind == loose {
			return
		}
		s.loose[f.path] = true
	}
	comment := "#"
	switch f.kind {
	case golang, javascript, jenkins:
		comment = "//"
	case npm:
		comment = ""
	}
	src := open(f.path, content, comment)
	if !s.dispatch(f.kind, src) {
		return
	}
	src.settle()
	s.result.Files++
	if f.kind.pipeline() && !s.loose[f.path] {
		s.result.Pipelines = append(s.result.Pipelines, f.path)
	}
	s.result.Findings = append(s.result.Findings, src.out...)
	s.result.Skipped = append(s.result.Skipped, src.skips...)
}

// looksLike says what a YAML file of any name is: a workflow kept as a template
// or an example is copied as it stands.
func looksLike(content string) kind {
	lines := "\n" + content
	switch {
	case strings.Contains(lines, "\njobs:") && strings.Contains(lines, "runs-on:") && strings.Contains(lines, "steps:"):
		return github
	case strings.Contains(lines, "vmImage:") && strings.Contains(lines, "steps:"):
		return azure
	}
	return loose
}

// dispatch hands a file to its reader; false means that it was none of its kind.
func (s *scanner) dispatch(k kind, src *source) (read bool) {
	defer func() {
		if r := recover(); r != nil {
			src.skip(0, fmt.Sprintf("the reader gave up: %v", r))
			read = true
		}
	}()
	switch k {
	case github:
		s.github(src)
	case gitlab:
		s.gitlab(src)
	case circle:
		s.circle(src)
	case azure:
		s.azure(src)
	case bitbucket:
		s.bitbucket(src)
	case drone:
		s.drone(src)
	case jenkins:
		s.jenkins(src)
	case npm:
		s.npm(src)
	case makefile:
		s.makefile(src)
	case docker:
		s.docker(src)
	case justfile:
		s.justfile(src)
	case taskfile:
		s.taskfile(src)
	case shell:
		return s.script(src)
	case golang:
		return testMain(src)
	case javascript:
		return s.javascript(src)
	case python:
		return s.python(src)
	}
	return true
}

// exists says whether there is a file or folder of this path.
func (s *scanner) exists(p string) bool {
	_, err := fs.Stat(s.fsys, p)
	return err == nil
}
