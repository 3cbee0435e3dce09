package gomod

import (
	"maps"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// external is what a package takes from other modules, and the lines of go.mod
// that concern every package.
func (w *reading) external(p *pack) map[string]string {
	m := p.module
	direct := w.across(p)
	mods := slices.Sorted(maps.Keys(direct))
	if m.vendor != nil {
		return w.vendored(m, direct)
	}
	key := m.dir + "\x00" + strings.Join(mods, "\x00")
	if found, ok := w.closures[key]; ok {
		return found
	}
	out := maps.Clone(m.settings)
	if len(mods) > 0 {
		for _, mod := range mods {
			m.pick(out, mod)
		}
		for mod, r := range m.requires {
			if direct[mod] == nil && m.behind(mod, r, mods) {
				out[workspace.BehindPrefix+mod] = m.chosen(mod)
			}
		}
		if m.old {
			// Indirect requirements are not listed: all that go.sum has is behind.
			for version, sum := range m.sums {
				mod, _, _ := strings.Cut(version, "@")
				if _, listed := m.requires[mod]; !listed && !checksOnly(mod) {
					out[version] = sum
				}
			}
		}
	}
	w.closures[key] = out
	return out
}

// across is what a package imports from outside by module, and what the local
// packages of other modules import: this module chooses the versions for them.
func (w *reading) across(p *pack) map[string][]string {
	var queue []string
	for dir, scope := range p.needs {
		if scope == workspace.Ship && w.packages[dir].module != p.module {
			queue = append(queue, dir)
		}
	}
	if len(queue) == 0 {
		return p.external
	}
	out, seen := maps.Clone(p.external), map[string]bool{}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		if seen[dir] {
			continue
		}
		seen[dir] = true
		q := w.packages[dir]
		for mod, imported := range q.external {
			out[mod] = append(slices.Clone(out[mod]), imported...)
		}
		for next, scope := range q.needs {
			if scope == workspace.Ship {
				queue = append(queue, next)
			}
		}
	}
	return out
}

// pick notes the version of a module, as this module and as its workspace choose.
func (m *module) pick(out map[string]string, mod string) {
	version := m.requires[mod].version
	versions := []string{version}
	if m.work != nil && m.work.most[mod] != version {
		versions = append(versions, m.work.most[mod])
	}
	for _, v := range versions {
		if v == "" {
			// Not listed (before go 1.17): one of those that go.sum knows.
			for _, v := range m.known[mod] {
				out[mod+"@"+v] = m.sums[mod+"@"+v]
			}
			continue
		}
		key := mod + "@" + v
		to, replaced := m.other[key]
		if !replaced {
			to, replaced = m.other[mod]
		}
		if replaced {
			out[key+" => "+to] = m.sums[to]
			continue
		}
		sum := m.sums[key]
		if sum == "" && m.work != nil {
			sum = m.work.sums[key]
		}
		out[key] = sum
	}
}

// chosen is all that is noted of a module, as one value.
func (m *module) chosen(mod string) string {
	picked := map[string]string{}
	m.pick(picked, mod)
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(picked)) {
		parts = append(parts, key, picked[key])
	}
	return strings.Join(parts, " ")
}

// behind says whether a required module may stand behind any of others. An
// indirect one may; a direct one when go.sum knows that something asks for
// another version of it, or when it is of the same family.
func (m *module) behind(mod string, r require, others []string) bool {
	if checksOnly(mod) {
		return false
	}
	if r.indirect && !m.used[mod] {
		// The comment alone may be stale.
		return true
	}
	if strings.HasPrefix(mod, "golang.org/x/") || strings.HasPrefix(mod, "google.golang.org/") {
		return true
	}
	for _, version := range m.known[mod] {
		// The checksum of a go.mod alone: it was read, and another was chosen.
		if version != r.version && m.sums[mod+"@"+version] == "" {
			return true
		}
	}
	return slices.ContainsFunc(others, func(o string) bool { return family(o) == family(mod) })
}

// family is the host and the owner of a module.
func family(mod string) string {
	parts := strings.SplitN(mod, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// checksOnly says whether a module is one that only tests import, so that nothing
// that ships does unless it says so itself.
func checksOnly(mod string) bool {
	for _, prefix := range []string{
		"github.com/stretchr/testify", "github.com/stretchr/objx", "github.com/davecgh/go-spew", "github.com/pmezard/go-difflib",
		"github.com/onsi/ginkgo", "github.com/onsi/gomega", "github.com/google/go-cmp", "gopkg.in/check.v1", "go.uber.org/goleak",
		"gotest.tools", "github.com/golang/mock", "go.uber.org/mock", "github.com/matryer/is", "github.com/frankban/quicktest",
	} {
		if mod == prefix || strings.HasPrefix(mod, prefix+"/") {
			return true
		}
	}
	return false
}
