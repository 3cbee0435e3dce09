package cargo

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// maxSources is how many Rust files of a tree are looked into.
const maxSources = 50000

// source is what one Rust file names outside of itself.
type source struct {
	includes []string // relative to the file
	rooted   []string // relative to the crate
	tests    []string // modules that only tests build
	literals []string // of a build script: paths that lead up
}

var (
	include   = regexp.MustCompile(`include(?:_str|_bytes|_dir|_image)?!\s*[({\[]\s*(concat!\(\s*env!\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,\s*)?r?#*"([^"\n]{1,500})"`)
	migrate   = regexp.MustCompile(`migrate!\s*\(\s*"([^"\n]{1,500})"`)
	folder    = regexp.MustCompile(`folder\s*=\s*"([^"\n]{1,500})"`)
	outer     = regexp.MustCompile(`#\[path\s*=\s*"([^"\n]{1,500})"\s*\]`)
	testOnly  = regexp.MustCompile(`#\[cfg\(test\)\]\s*(?:#\[[^\]\n]*\]\s*)*(?:pub(?:\([a-z]+\))?\s+)?mod\s+([A-Za-z0-9_]+)\s*;`)
	upLiteral = regexp.MustCompile(`"((?:\.\./|/\.\./)[^"\n]{0,500}|\.\.)"`)
)

// look reads one file, once for all commits that have it.
func (w *reading) look(p string) source {
	hash := w.tree.Hash(p)
	w.reader.mu.Lock()
	s, ok := w.reader.sources[hash]
	w.reader.mu.Unlock()
	if ok && hash != "" {
		return s
	}
	data, err := w.tree.Read(p)
	if err != nil {
		return source{}
	}
	s = parse(data, path.Base(p) == "build.rs")
	w.reader.mu.Lock()
	w.reader.sources[hash] = s
	w.reader.mu.Unlock()
	return s
}

// parse looks for the macros and attributes that name files.
func parse(data []byte, script bool) source {
	var s source
	if bytes.Contains(data, []byte("include")) {
		for _, m := range include.FindAllSubmatchIndex(data, -1) {
			name := string(data[m[4]:m[5]])
			line := data[bytes.LastIndexByte(data[:m[0]], '\n')+1 : m[0]]
			switch {
			case bytes.Contains(line, []byte("doc")) || bytes.Contains(line, []byte("//")):
				// Documentation ships nothing.
			case m[2] >= 0 || strings.HasPrefix(name, "$CARGO_MANIFEST_DIR"):
				s.rooted = append(s.rooted, strings.TrimPrefix(strings.TrimPrefix(name, "$CARGO_MANIFEST_DIR"), "/"))
			default:
				s.includes = append(s.includes, name)
			}
		}
	}
	if bytes.Contains(data, []byte("migrate!")) {
		s.rooted = append(s.rooted, groups(migrate, data)...)
	}
	if bytes.Contains(data, []byte("#[folder")) || bytes.Contains(data, []byte("embed")) {
		for _, name := range groups(folder, data) {
			s.rooted = append(s.rooted, strings.TrimPrefix(strings.TrimPrefix(name, "$CARGO_MANIFEST_DIR"), "/"))
		}
	}
	if bytes.Contains(data, []byte("#[path")) {
		s.includes = append(s.includes, groups(outer, data)...)
	}
	if bytes.Contains(data, []byte("#[cfg(test)]")) {
		s.tests = groups(testOnly, data)
	}
	if script {
		s.literals = groups(upLiteral, data)
	}
	return s
}

func groups(re *regexp.Regexp, data []byte) []string {
	var out []string
	for _, m := range re.FindAllSubmatch(data, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// sourcesOf says what the files around and in a crate are for.
func (w *reading) sourcesOf(c *crate, u *workspace.Unit) {
	u.Own = own(c)
	for _, p := range w.below(c.dir) {
		if !strings.HasSuffix(p, ".rs") || w.scanned >= maxSources || w.owner(p) != c {
			continue
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, c.dir), "/")
		first, _, _ := strings.Cut(rel, "/")
		if first == "tests" || first == "benches" || first == "examples" || left(rel) {
			continue
		}
		w.scanned++
		s := w.look(p)
		for _, name := range s.includes {
			w.takes(c, u, parent(p), name)
		}
		for _, name := range s.rooted {
			w.takes(c, u, c.dir, name)
		}
		for _, name := range s.literals {
			if full, ok := join(c.dir, strings.TrimPrefix(name, "/")); ok && !contains(full, c.dir) {
				w.takes(c, u, c.dir, strings.TrimPrefix(name, "/"))
			}
		}
		at := parent(rel)
		if base := path.Base(rel); base != "lib.rs" && base != "main.rs" && base != "mod.rs" {
			at = strings.TrimSuffix(rel, ".rs")
		}
		for _, name := range s.tests {
			full := escape(path.Join(at, name))
			u.Own = append(u.Own,
				workspace.Input{Pattern: full + ".rs", Scope: workspace.Verify, Why: "#[cfg(test)]"},
				workspace.Input{Pattern: full + "/**", Scope: workspace.Verify, Why: "#[cfg(test)]"})
		}
	}
}

// takes notes a file or a folder that a crate is made of.
func (w *reading) takes(c *crate, u *workspace.Unit, from, name string) {
	full, ok := join(from, name)
	if !ok || full == "" {
		return
	}
	in := workspace.Input{Pattern: escape(full), Scope: workspace.Ship, Why: "included by " + c.name}
	if !w.has(full) {
		if len(w.below(full)) == 0 {
			return
		}
		in.Pattern += "/**"
	}
	if inside, ok := strings.CutPrefix(full, c.dir+"/"); ok || c.dir == "" {
		if c.dir == "" {
			inside = full
		}
		in.Pattern = escape(inside) + strings.TrimPrefix(in.Pattern, escape(full))
		u.Own = append(u.Own, in)
		if w.owner(full+"/x") == c {
			return
		}
		in.Pattern = path.Join(escape(c.dir), in.Pattern)
	}
	u.Inputs = append(u.Inputs, in)
}

// owner is the crate that a file belongs to.
func (w *reading) owner(p string) *crate {
	for dir := parent(p); ; dir = parent(dir) {
		if c := w.crates[dir]; c != nil || dir == "" {
			return c
		}
	}
}

// own says what the files in a crate's folder are for.
func own(c *crate) []workspace.Input {
	var out []workspace.Input
	add := func(scope workspace.Scope, why string, patterns ...string) {
		for _, pattern := range patterns {
			out = append(out, workspace.Input{Pattern: pattern, Scope: scope, Why: why})
		}
	}
	if c.dir == "" {
		// The root of the repository holds much that is no crate's.
		out = append(out, workspace.Input{Pattern: "**", None: true, Why: "cargo does not read it"})
		add(workspace.Ship, "source", "src/**", "build.rs", "*.rs", "templates/**", "static/**", "assets/**", "resources/**",
			"migrations/**", "proto/**", "protos/**", "locales/**", "i18n/**", "public/**", ".sqlx/**")
	}
	add(workspace.Verify, "documentation", "**/*.md", "**/LICENSE*", "docs/**")
	add(workspace.Verify, "tests", "tests/**", "benches/**", "examples/**", "**/*.snap", "**/*.snap.new")
	add(workspace.Verify, "checks", "**/{.,}rustfmt.toml", "**/{.,}clippy.toml", "**/deny.toml", "**/.gitignore")
	// A target may lie anywhere.
	for _, t := range append(tables(c.manifest.toml["bin"]), section(c.manifest.toml, "lib")) {
		if p, ok := t["path"].(string); ok {
			if p, ok = join("", p); ok && p != "" {
				add(workspace.Ship, "a target", escape(p))
				if dir := parent(p); dir != "" {
					add(workspace.Ship, "a target", escape(dir)+"/**")
				}
			}
		}
	}
	if p, ok := section(c.manifest.toml, "package")["build"].(string); ok {
		if p, ok = join("", p); ok {
			add(workspace.Ship, "the build script", escape(p))
		}
	}
	return out
}

func tables(v any) []table {
	list, _ := v.([]any)
	var out []table
	for _, item := range list {
		if t, ok := item.(table); ok {
			out = append(out, t)
		}
	}
	return out
}
