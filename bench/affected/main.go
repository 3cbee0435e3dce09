// Command affected measures "postflight affected" beside Turborepo on the same
// history: a pnpm workspace of a hundred packages, commits that change a file, a
// manifest or the lockfile. Medians of whole processes, in turn.
//
// It makes the repository itself. It is never shipped; scripts/bench.sh calls it.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 15, "commits that are looked at")
	packages := flag.Int("packages", 100, "packages of the workspace")
	binary := flag.String("postflight", "", "postflight binary")
	turbo := flag.String("turbo", "", "turbo binary; empty: not compared")
	dir := flag.String("dir", "", "scratch directory")
	flag.Parse()
	b := bench{dir: filepath.Join(*dir, "workspace"), packages: *packages, chance: rand.New(rand.NewPCG(1, 2))}
	if err := b.run(*rounds, *binary, *turbo); err != nil {
		fmt.Fprintln(os.Stderr, "bench/affected: error:", err)
		os.Exit(1)
	}
}

type bench struct {
	dir      string
	packages int
	chance   *rand.Rand
	version  int
}

func (b *bench) run(rounds int, binary, turbo string) error {
	if err := b.make(); err != nil {
		return err
	}
	got := map[string][]time.Duration{}
	for i := range rounds {
		if err := b.change(i); err != nil {
			return err
		}
		tools := map[string][]string{
			"git diff (floor)":    {"git", "diff", "--name-only", "HEAD~1", "HEAD"},
			"postflight affected": {binary, "affected", "--base", "HEAD~1", "--head", "HEAD", "--json"},
		}
		if turbo != "" {
			tools["turbo ls --affected"] = []string{turbo, "ls", "--affected", "--output=json"}
		}
		for name, argv := range tools {
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.Dir = b.dir
			cmd.Env = append(os.Environ(), "TURBO_SCM_BASE=HEAD~1", "TURBO_SCM_HEAD=HEAD", "TURBO_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1")
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", name, err, out)
			}
			got[name] = append(got[name], time.Since(start))
		}
	}
	fmt.Printf("| %d packages, median of %d commits | ms |\n|---|---|\n", b.packages, rounds)
	for _, name := range []string{"git diff (floor)", "postflight affected", "turbo ls --affected"} {
		if d := got[name]; len(d) > 0 {
			slices.Sort(d)
			fmt.Printf("| %s | %.0f |\n", name, float64(d[len(d)/2].Microseconds())/1000)
		}
	}
	return nil
}

func (b *bench) git(args ...string) error {
	cmd := exec.Command("git", append([]string{"-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}

func (b *bench) write(name, text string) error {
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// make writes the workspace: a tenth are apps, each package needs up to three
// earlier ones and two packages from outside.
func (b *bench) make() error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	if err := b.git("init", "-q", "-b", "main"); err != nil {
		return err
	}
	files := map[string]string{
		"package.json":        `{"name": "bench", "private": true, "packageManager": "pnpm@9.15.0", "scripts": {"build": "turbo build"}}`,
		"pnpm-workspace.yaml": "packages:\n  - apps/*\n  - packages/*\n",
		"turbo.json":          `{"$schema": "https://turbo.build/schema.json", "tasks": {"build": {"dependsOn": ["^build"], "outputs": ["dist/**"]}}}`,
		".gitignore":          "node_modules\n.turbo\n",
	}
	for i := range b.packages {
		dir := b.folder(i)
		files[dir+"/package.json"] = b.manifest(i)
		for k := range 10 {
			files[fmt.Sprintf("%s/src/file%d.ts", dir, k)] = fmt.Sprintf("export const value%d = %d;\n", k, i)
		}
	}
	files["pnpm-lock.yaml"] = b.lock()
	for name, text := range files {
		if err := b.write(name, text); err != nil {
			return err
		}
	}
	if err := b.git("add", "-A"); err != nil {
		return err
	}
	return b.git("commit", "-q", "-m", "base")
}

func (b *bench) folder(i int) string {
	if i >= b.packages*9/10 {
		return fmt.Sprintf("apps/app%d", i)
	}
	return fmt.Sprintf("packages/lib%d", i)
}

// needs are the earlier packages that package i is made with.
func (b *bench) needs(i int) []int {
	if i == 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(uint64(i), 7))
	out := map[int]bool{}
	for range min(i, 3) {
		out[r.IntN(min(i, b.packages*9/10))] = true
	}
	var list []int
	for n := range out {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

func (b *bench) manifest(i int) string {
	var deps []string
	for _, n := range b.needs(i) {
		deps = append(deps, fmt.Sprintf(`"@bench/p%d": "workspace:*"`, n))
	}
	deps = append(deps, fmt.Sprintf(`"outside%d": "^1.0.0"`, i%40), fmt.Sprintf(`"outside%d": "^1.0.0"`, (i+7)%40))
	return fmt.Sprintf(`{"name": "@bench/p%d", "version": "1.0.0", "private": true, "scripts": {"build": "tsc"}, "dependencies": {%s}}`, i, strings.Join(deps, ", "))
}

// lock is a lockfile with forty packages from outside, each needing others.
func (b *bench) lock() string {
	var s strings.Builder
	s.WriteString("lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n  .: {}\n")
	for i := range b.packages {
		dir := b.folder(i)
		fmt.Fprintf(&s, "\n  %s:\n    dependencies:\n", dir)
		for _, n := range b.needs(i) {
			fmt.Fprintf(&s, "      '@bench/p%d':\n        specifier: workspace:*\n        version: link:../../%s\n", n, b.folder(n))
		}
		for _, n := range slices.Compact(slices.Sorted(slices.Values([]int{i % 40, (i + 7) % 40}))) {
			fmt.Fprintf(&s, "      outside%d:\n        specifier: ^1.0.0\n        version: %s\n", n, b.outside(n))
		}
	}
	s.WriteString("\npackages:\n")
	for n := range 240 {
		fmt.Fprintf(&s, "\n  outside%d@%s:\n    resolution: {integrity: sha512-%060d%03d==}\n", n, b.outside(n), b.version, n)
	}
	s.WriteString("\nsnapshots:\n")
	for n := range 240 {
		if next := n + 40; next < 240 {
			fmt.Fprintf(&s, "\n  outside%d@%s:\n    dependencies:\n      outside%d: %s\n", n, b.outside(n), next, b.outside(next))
		} else {
			fmt.Fprintf(&s, "\n  outside%d@%s: {}\n", n, b.outside(n))
		}
	}
	return s.String()
}

// outside is the version of a package from outside; the first moves with the
// lockfile.
func (b *bench) outside(n int) string {
	if n == 0 {
		return fmt.Sprintf("1.0.%d", b.version)
	}
	return "1.0.0"
}

// change commits one change: a source file, a manifest, or the lockfile.
func (b *bench) change(i int) error {
	p := b.chance.IntN(b.packages)
	var err error
	switch i % 3 {
	case 0, 1:
		err = b.write(fmt.Sprintf("%s/src/file%d.ts", b.folder(p), b.chance.IntN(10)), fmt.Sprintf("export const changed = %d;\n", i))
	case 2:
		b.version++
		err = b.write("pnpm-lock.yaml", b.lock())
	}
	if err != nil {
		return err
	}
	if err := b.git("add", "-A"); err != nil {
		return err
	}
	return b.git("commit", "-q", "-m", fmt.Sprintf("change %d", i))
}
