// Package jvm reads what Maven and Gradle build: every module of either is a
// unit.
//
// Poms are read as Maven merges them, with every profile on: parents, managed
// versions, imported BOMs and properties, so that a changed parent concerns only
// the modules that it means something for. Gradle's scripts are programs; they
// are read for the forms that people write, and what is not understood (a
// project by a computed name, an unknown accessor) is a need of everything that
// it may mean, never of nothing. Versions are known as far as the files declare
// them. It never runs, resolves or downloads anything.
package jvm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// Read reads the modules of a tree.
func Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	space := workspace.Space{Ecosystem: "jvm"}
	x := index(t)
	if err := readMaven(ctx, x, &space); err != nil {
		return space, err
	}
	if err := readGradle(ctx, x, &space); err != nil {
		return space, err
	}
	slices.Sort(space.Claimed)
	space.Claimed = slices.Compact(space.Claimed)
	return space, nil
}

// tree is the files, and those among them that declare something.
type tree struct {
	workspace.Tree
	files    []string
	poms     []string
	settings []string // settings.gradle, settings.gradle.kts
	scripts  []string // *.gradle, *.gradle.kts
	catalogs []string // *.versions.toml
}

func index(t workspace.Tree) *tree {
	x := &tree{Tree: t, files: t.Files()}
	for _, f := range x.files {
		switch base := path.Base(f); {
		case base == "pom.xml":
			if !slices.ContainsFunc(strings.Split(parent(f), "/"), func(s string) bool { return s == "src" || s == "target" || s == "node_modules" }) {
				x.poms = append(x.poms, f)
			}
		case base == "settings.gradle" || base == "settings.gradle.kts":
			x.settings = append(x.settings, f)
		case strings.HasSuffix(base, ".gradle") || strings.HasSuffix(base, ".gradle.kts"):
			x.scripts = append(x.scripts, f)
		case strings.HasSuffix(base, ".versions.toml"):
			x.catalogs = append(x.catalogs, f)
		}
	}
	return x
}

// folder tells whether files lie below a folder.
func (x *tree) folder(dir string) bool {
	i, _ := slices.BinarySearch(x.files, dir+"/")
	return dir != "" && i < len(x.files) && strings.HasPrefix(x.files[i], dir+"/")
}

// below are the files in a folder and those under it.
func (x *tree) below(dir string) []string {
	if dir == "" {
		return x.files
	}
	i, _ := slices.BinarySearch(x.files, dir+"/")
	j := i
	for j < len(x.files) && strings.HasPrefix(x.files[j], dir+"/") {
		j++
	}
	return x.files[i:j]
}

func (x *tree) has(file string) bool { return file != "" && x.Hash(file) != "" }

// parent is the folder of a path; "" is the root.
func parent(file string) string {
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		return file[:i]
	}
	return ""
}

// under tells whether a file lies in a folder.
func under(dir, file string) bool {
	return dir == "" || file == dir || strings.HasPrefix(file, dir+"/")
}

// within resolves a path against a folder; ok is false outside of the tree.
func within(dir, name string) (file string, ok bool) {
	name = strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")
	if name == "" || strings.Contains(name, "://") || strings.ContainsAny(name, "\n\r$") {
		return "", false
	}
	var parts []string
	if dir != "" && !strings.HasPrefix(name, "/") {
		parts = strings.Split(dir, "/")
	}
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			if len(parts) == 0 {
				return "", false
			}
			parts = parts[:len(parts)-1]
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/"), true
}

// literal is a pattern that matches one path and no other.
func literal(file string) string {
	if !strings.ContainsAny(file, `*?[]{}\`) {
		return file
	}
	var b strings.Builder
	for _, r := range file {
		if strings.ContainsRune(`*?[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// outside is the input that a path from a unit's folder means, when it is there
// and neither in the folder nor around it.
func (x *tree) outside(dir, name string, scope workspace.Scope, why string) (workspace.Input, bool) {
	file, ok := within(dir, name)
	if !ok || file == "" || under(dir, file) || under(file, dir) {
		return workspace.Input{}, false
	}
	switch {
	case x.has(file):
		return workspace.Input{Pattern: literal(file), Scope: scope, Why: why}, true
	case x.folder(file):
		return workspace.Input{Pattern: literal(file) + "/**", Scope: scope, Why: why}, true
	}
	return workspace.Input{}, false
}

// digest is a short fingerprint.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// own is what is common to the folders of both: tests and papers do not ship.
func own(more ...workspace.Input) []workspace.Input {
	return append([]workspace.Input{
		{Pattern: "{*.md,*.adoc,*.rst,docs/**,LICENSE*,NOTICE*,CODEOWNERS}", Scope: workspace.Verify, Why: "documentation"},
		{Pattern: "{.github,.gitlab,.circleci,.idea,.vscode,.run}/**", Scope: workspace.Verify, Why: "not built"},
		{Pattern: "{.gitignore,.gitattributes,.editorconfig,.gitlab-ci.yml,Jenkinsfile,.travis.yml}", Scope: workspace.Verify, Why: "not built"},
		{Pattern: "src/{test,it,jmh,site}/**", Scope: workspace.Verify, Why: "tests"},
		{Pattern: "src/{*Test,*Test*,*-test,*Tests,testFixtures,*-it}/**", Scope: workspace.Verify, Why: "tests"},
		{Pattern: "{config/**/{checkstyle,detekt,pmd,spotbugs}*,config/{checkstyle,detekt,pmd,spotbugs}/**,checkstyle*.xml,detekt*.yml,lint*.xml}", Scope: workspace.Verify, Why: "lint rules"},
	}, more...)
}

// needs adds a need once; shipping weighs more.
func need(u *workspace.Unit, n workspace.Need) {
	if n.Unit == u.ID {
		return
	}
	for i := range u.Needs {
		if u.Needs[i].Unit == n.Unit {
			if n.Scope == workspace.Ship && u.Needs[i].Scope == workspace.Verify {
				u.Needs[i] = n
			}
			return
		}
	}
	u.Needs = append(u.Needs, n)
}

// take adds an input once.
func take(u *workspace.Unit, in workspace.Input) {
	if !slices.Contains(u.Inputs, in) {
		u.Inputs = append(u.Inputs, in)
	}
}

func broken(file string, err error, units ...string) workspace.Problem {
	return workspace.Problem{Path: file, Reason: fmt.Sprintf("cannot be read: %v", err), Units: units}
}
