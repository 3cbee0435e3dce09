package npm

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// manifest is a package.json.
type manifest struct {
	name           string
	version        string
	private        bool
	bin            bool
	deps           map[string]string
	dev            map[string]string
	optional       map[string]string
	peer           map[string]string
	scripts        map[string]string
	workspaces     []string
	pins           map[string]string // resolutions, overrides: of plain names only
	packageManager string
	patched        map[string]string // pnpm.patchedDependencies, bun's
	raw            map[string]json.RawMessage
}

// readManifest reads a package.json. Fields of a wrong type are passed over, as
// package managers do: their text is part of the fingerprint all the same.
func readManifest(data []byte) (*manifest, error) {
	m := &manifest{}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &m.raw); err != nil {
		return nil, err
	}
	if m.raw == nil {
		return nil, errors.New("holds no object")
	}
	field(m.raw["name"], &m.name)
	field(m.raw["version"], &m.version)
	field(m.raw["private"], &m.private)
	field(m.raw["packageManager"], &m.packageManager)
	m.bin = len(m.raw["bin"]) > 0
	m.deps, m.dev = texts(m.raw["dependencies"]), texts(m.raw["devDependencies"])
	m.optional, m.peer = texts(m.raw["optionalDependencies"]), texts(m.raw["peerDependencies"])
	m.scripts = texts(m.raw["scripts"])
	m.workspaces = workspaceGlobs(m.raw["workspaces"])
	m.pins = map[string]string{}
	maps.Copy(m.pins, texts(m.raw["resolutions"]))
	maps.Copy(m.pins, texts(m.raw["overrides"]))
	var pnpm struct {
		Patched json.RawMessage `json:"patchedDependencies"`
	}
	field(m.raw["pnpm"], &pnpm)
	m.patched = map[string]string{}
	maps.Copy(m.patched, texts(pnpm.Patched))
	maps.Copy(m.patched, texts(m.raw["patchedDependencies"]))
	return m, nil
}

// field decodes into v what has its type.
func field(raw json.RawMessage, v any) {
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, v) // of another type: as if it were not there
	}
}

// texts are the entries of an object whose values are strings.
func texts(raw json.RawMessage) map[string]string {
	var out map[string]string
	if len(raw) == 0 || json.Unmarshal(raw, &out) == nil {
		return out
	}
	var mixed map[string]json.RawMessage
	field(raw, &mixed)
	out = map[string]string{}
	for k, v := range mixed {
		var s string
		if json.Unmarshal(v, &s) == nil {
			out[k] = s
		}
	}
	return out
}

// workspaceGlobs reads "workspaces": a list, or an object with "packages".
func workspaceGlobs(raw json.RawMessage) []string {
	var list []string
	if len(raw) == 0 {
		return nil
	}
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var object struct {
		Packages []string `json:"packages"`
	}
	field(raw, &object)
	return object.Packages
}

// spec is what a manifest asks of a dependency, and in which field.
type spec struct {
	name, want, field string
}

// wants are all dependencies, each once: what ships before what is for
// development, and peers only when nothing else names them.
func (m *manifest) wants() []spec {
	seen := map[string]bool{}
	var out []spec
	for _, f := range []struct {
		name string
		deps map[string]string
	}{
		{"dependencies", m.deps},
		{"optionalDependencies", m.optional},
		{"devDependencies", m.dev},
		{"peerDependencies", m.peer},
	} {
		for _, name := range slices.Sorted(maps.Keys(f.deps)) {
			if !seen[name] {
				seen[name] = true
				out = append(out, spec{name, f.deps[name], f.name})
			}
		}
	}
	return out
}

// neutral are fields that no build reads: who wrote it, what checks it, and what
// the lockfile and the other units have the effect of.
func neutral(name string) bool {
	switch name {
	case "description", "keywords", "author", "contributors", "maintainers", "license", "repository", "bugs",
		"homepage", "funding", "eslintConfig", "eslintIgnore", "prettier", "stylelint", "jest", "vitest", "mocha",
		"ava", "nyc", "c8", "xo", "standard", "lint-staged", "husky", "commitlint", "size-limit", "knip",
		"simple-git-hooks", "pre-commit", "devDependencies", "packageManager", "devEngines", "volta", "pnpm",
		"resolutions", "overrides", "workspaces", "catalog", "catalogs", "dependenciesMeta",
		"patchedDependencies", "nx", "scripts", "config", "changelog", "auto", "release-it", "$schema", "packageManagerDependencies":
		return true
	}
	return false
}

// print hashes the fields that a build may read.
func (m *manifest) print() string {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(m.raw)) {
		if neutral(name) {
			continue
		}
		b.WriteString(name)
		b.WriteByte(0)
		writeCompact(&b, m.raw[name])
	}
	for _, name := range slices.Sorted(maps.Keys(m.scripts)) {
		if shipScript(name) {
			b.WriteString("\x00script " + name + "\x00" + m.scripts[name])
		}
	}
	return hash(b.Bytes())
}

// writeCompact writes a value without the blanks that only people see.
func writeCompact(b *bytes.Buffer, raw json.RawMessage) {
	if err := json.Compact(b, raw); err != nil {
		b.Write(raw)
	}
}

// shipScript tells scripts that make or run what is shipped from those that
// check it or are for people at work.
func shipScript(name string) bool {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "pre"), "post")
	if i := strings.IndexAny(name, ":-._"); i > 0 && name != "type-check" {
		name = name[:i]
	}
	switch name {
	case "lint", "test", "tests", "format", "fmt", "prettier", "eslint", "typecheck", "type-check", "types", "check",
		"coverage", "e2e", "cypress", "playwright", "storybook", "chromatic", "dev", "develop", "watch", "clean", "ci",
		"commit", "knip", "size", "bench", "benchmark", "vitest", "jest", "husky", "changeset", "studio", "stylelint",
		"debug", "depcheck", "syncpack", "spellcheck", "validate", "verify", "oxlint", "biome", "attw", "publint":
		return false
	}
	return true
}
