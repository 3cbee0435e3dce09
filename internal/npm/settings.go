package npm

import (
	"path"
	"slices"
	"strings"
	"unicode"
)

// kebab writes nodeLinker as node-linker, the way .npmrc does.
func kebab(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) {
			if i > 0 {
				b.WriteByte('-')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// harmless are settings that leave a locked install as it is: where and how
// packages are had, how ranges are chosen and written, what is printed, and what
// the lockfile or another part of us has the effect of. All else counts.
func harmless(key string) bool {
	switch key {
	case "packages", "catalog", "catalogs", "overrides", "package-extensions", "patched-dependencies", "peer-dependency-rules",
		"allowed-deprecated-versions", "update-config", "audit-config", "audit", "audit-level", "fund", "save-prefix",
		"save-exact", "save-workspace-protocol", "save", "loglevel", "progress", "color", "prefer-offline", "prefer-frozen-lockfile",
		"frozen-lockfile", "engine-strict", "auto-install-peers", "link-workspace-packages", "prefer-workspace-packages",
		"shared-workspace-lockfile", "strict-peer-dependencies", "strict-peer-deps", "legacy-peer-deps", "resolution-mode", "update-notifier",
		"always-auth", "registry", "registries", "catalog-mode", "cleanup-unused-catalogs", "minimum-release-age",
		"minimum-release-age-exclude", "trust-policy", "trust-policy-exclude", "block-exotic-subdeps", "verify-deps-before-run",
		"ignore-workspace-root-check", "ignore-workspace-cycles", "disallow-workspace-cycles", "manage-package-manager-versions",
		"package-manager-strict", "package-manager-strict-version", "use-lockfile-v6", "lockfile-include-tarball-url", "git-checks",
		"merge-git-branch-lockfiles-branch-pattern", "git-branch-lockfile", "recursive-install", "child-concurrency",
		"network-concurrency", "workspace-concurrency", "fetch-retries", "fetch-timeout", "fetch-retry-mintimeout", "fetch-retry-maxtimeout",
		"side-effects-cache", "store-dir", "cache-dir", "stream", "reporter", "provenance", "access", "message", "sign-git-tag",
		"tag-version-prefix", "package-lock", "lockfile", "dedupe-peer-dependents", "resolve-peers-from-workspace-root",
		"ignored-optional-dependencies", "only-built-dependencies", "never-built-dependencies", "ignored-built-dependencies",
		"allow-builds", "strict-dep-builds", "only-built-dependencies-file", "dedupe-direct-deps", "email", "script-shell", "shell-emulator",
		"modules-cache-max-age", "proxy", "https-proxy", "noproxy", "strict-ssl", "ca", "cafile", "maxsockets", "dedupe-injected-deps",
		// Yarn's
		"yarn-path", "checksum-behavior", "enable-telemetry", "enable-global-cache", "cache-folder", "global-folder", "compression-level",
		"npm-auth-token", "npm-registry-server", "npm-scopes", "npm-registries", "npm-always-auth", "npm-publish-access", "npm-publish-registry",
		"npm-minimal-age-gate", "npm-preapproved-packages", "plugins", "default-semver-range-prefix", "log-filters", "enable-colors", "enable-progress-bars",
		"enable-immutable-installs", "enable-hardened-mode", "changeset-base-refs", "http-timeout", "http-retry", "network-settings",
		"enable-constraints-checks", "constraints-path", "init-fields", "init-scope", "enable-inline-builds", "enable-message-names",
		"preferred-dependency-range", "tsc-auto-types", "ts-enable-auto-types", "dep-range", "last-update-check", "enable-network", "enable-strict-ssl":
		return true
	}
	return strings.HasPrefix(key, "//") || strings.HasPrefix(key, "@") || strings.HasPrefix(key, "audit") || key == ""
}

// pnpmSettings takes in pnpm-workspace.yaml or the "pnpm" field of the root.
func (h *home) pnpmSettings(n *node) {
	n.pairs(func(key string, v *node) {
		k := kebab(key)
		if !harmless(k) {
			h.settings[k] = canonical(v)
		}
		h.builds(k, v)
	})
	catalog := func(name string) func(string, *node) {
		return func(dep string, v *node) { h.catalogs[name+" "+dep] = v.text() }
	}
	n.get("catalog").pairs(catalog("default"))
	n.get("catalogs").pairs(func(name string, v *node) { v.pairs(catalog(name)) })
	n.get("patchedDependencies").pairs(func(key string, v *node) {
		h.patches = append(h.patches, patch{join(h.dir, v.text()), nameOf(key)})
	})
}

// builds notes the packages whose install scripts run.
func (h *home) builds(key string, v *node) {
	switch key {
	case "only-built-dependencies", "never-built-dependencies", "ignored-built-dependencies":
		for _, name := range v.strings() {
			h.built[nameOf(name)] += key + " " + name + ";"
		}
	case "allow-builds":
		v.pairs(func(name string, v *node) { h.built[nameOf(name)] += key + " " + name + " " + v.text() + ";" })
	}
}

// readSettings reads what else changes every install of a home.
func (s *session) readSettings(h *home) {
	if m := h.manifest; m != nil {
		if docs, err := parseYAML(m.raw["pnpm"]); err == nil && len(docs) == 1 {
			h.pnpmSettings(docs[0]) // JSON is YAML
		}
		for key, file := range m.patched {
			h.patches = append(h.patches, patch{join(h.dir, file), nameOf(key)})
		}
		h.patches = append(h.patches, s.patchPackage(h)...)
		// With the lockfile as it is, another minor version installs the same.
		name, version, _ := strings.Cut(m.packageManager, "@")
		if name != "" {
			h.settings["package manager"] = name + " " + major(version)
		}
		for _, f := range []string{"browserslist", "babel", "postcss"} {
			if raw := m.raw[f]; raw != nil && h.dir == "" {
				h.settings["package.json "+f] = hash(raw)
			}
		}
	}
	if data, err := s.read(path.Join(h.dir, ".npmrc")); err != nil {
		s.homeProblem(h, path.Join(h.dir, ".npmrc"), err.Error())
	} else {
		for line := range strings.SplitSeq(string(data), "\n") {
			key, val, _ := strings.Cut(strings.TrimSpace(line), "=")
			key = strings.TrimSpace(key)
			if key == "" || key[0] == '#' || key[0] == ';' {
				continue
			}
			if key = kebab(strings.TrimSuffix(key, "[]")); !harmless(key) {
				h.settings[key] += strings.Trim(strings.TrimSpace(val), `"`) + "\x00"
			}
		}
	}
	s.yarnSettings(h)
	s.nodeVersion(h)
}

// yarnSettings reads .yarnrc.yml.
func (s *session) yarnSettings(h *home) {
	file := path.Join(h.dir, ".yarnrc.yml")
	data, err := s.read(file)
	if err != nil {
		s.homeProblem(h, file, err.Error())
		return
	}
	docs, err := parseYAML(data)
	if err != nil {
		s.homeProblem(h, file, "does not parse: "+err.Error())
		return
	}
	if len(docs) == 0 {
		return
	}
	docs[0].pairs(func(key string, v *node) {
		if key == "nodeLinker" || !harmless(kebab(key)) && !strings.HasPrefix(key, "npm") && key != "packageExtensions" {
			h.settings["yarn "+kebab(key)] = canonical(v)
		}
		if key == "catalog" {
			v.pairs(func(dep string, v *node) { h.catalogs["default "+dep] = v.text() })
		}
	})
}

// nodeVersion notes the major version of Node that the tree asks for: minor ones
// build the same.
func (s *session) nodeVersion(h *home) {
	for _, name := range []string{".nvmrc", ".node-version"} {
		file := path.Join(h.dir, name)
		data, err := s.read(file)
		if err != nil {
			s.homeProblem(h, file, err.Error())
		}
		if v := strings.TrimSpace(string(data)); v != "" {
			h.settings["node of "+name] = major(strings.TrimPrefix(v, "v"))
		}
	}
}

// major is what stands before the first dot.
func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}

// patchPackage finds the patches that patch-package applies after an install:
// "patches/@scope+name+1.2.3.patch", nested ones with "++" between names.
func (s *session) patchPackage(h *home) []patch {
	if !strings.Contains(string(h.manifest.raw["scripts"]), "patch-package") {
		return nil
	}
	var out []patch
	prefix := path.Join(h.dir, "patches") + "/"
	all := s.tree.Files()
	i, _ := slices.BinarySearch(all, prefix)
	for ; i < len(all) && strings.HasPrefix(all[i], prefix); i++ {
		name, ok := strings.CutSuffix(all[i][len(prefix):], ".patch")
		if !ok {
			continue
		}
		if at := strings.LastIndex(name, "++"); at >= 0 {
			name = name[at+2:]
		}
		parts := strings.Split(name, "+")
		name = parts[0]
		if strings.HasPrefix(name, "@") && len(parts) > 1 {
			name += "/" + parts[1]
		}
		out = append(out, patch{all[i], name})
	}
	return out
}
