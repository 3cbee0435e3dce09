// Command demo-build turns the sources of the demo shop into its releases.
//
// Each release is source/base with the files of source/<release> laid over it:
// TypeScript and CSS are bundled and minified with a source map, every asset
// gets a content hash in its name, and the templates name the assets by it. The
// result is committed, so that building Postflight needs only "go build".
// Run it from the tools directory: go run ./demo-build [-check].
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// release is one thing to build. All but its name is what really differs.
type release struct {
	name        string
	mangleProps string
}

// releases are built in this order. startup-crash differs from v1 in one build
// option, which is the whole of its fault.
func releases() []release {
	return []release{
		{name: "v1"},
		{name: "healthy"},
		{name: "incompatible-page"},
		{name: "startup-crash", mangleProps: "^_[a-z]"},
		{name: "integration-loop"},
		{name: "static-500"},
	}
}

func main() {
	demo := flag.String("demo", "../internal/demo", "directory of the demo package")
	check := flag.Bool("check", false, "write nothing; fail when what is committed differs")
	flag.Parse()
	if err := run(*demo, *check); err != nil {
		fmt.Fprintln(os.Stderr, "demo-build:", err)
		os.Exit(1)
	}
}

// run builds every release, and writes it or compares it.
func run(demo string, check bool) error {
	want := map[string][]byte{}
	for _, r := range releases() {
		files, err := build(demo, r)
		if err != nil {
			return fmt.Errorf("build %s: %w", r.name, err)
		}
		for name, data := range files {
			want[path.Join(r.name, name)] = data
		}
	}
	out := filepath.Join(demo, "releases")
	if check {
		return compare(out, want)
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for name, data := range want {
		if err := write(filepath.Join(out, filepath.FromSlash(name)), data); err != nil {
			return err
		}
	}
	fmt.Printf("demo-build: wrote %d files in %d releases to %s\n", len(want), len(releases()), out)
	return nil
}

// build returns the files of one release.
func build(demo string, r release) (map[string][]byte, error) {
	tree, err := os.MkdirTemp("", "demo-build-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tree) }()
	layers := []string{filepath.Join(demo, "source", "base"), filepath.Join(demo, "source", r.name)}
	for _, layer := range layers {
		if err := overlay(tree, layer); err != nil {
			return nil, err
		}
	}
	files, names, err := bundle(tree, r)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"release.json", "config.json"} {
		data, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	pages, err := filepath.Glob(filepath.Join(tree, "templates", "*.html"))
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		if data, err = hashed(data, names); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(page), err)
		}
		files[path.Join("templates", filepath.Base(page))] = data
	}
	return files, nil
}

// overlay copies a layer over the tree; a missing layer changes nothing.
func overlay(tree, layer string) error {
	err := filepath.WalkDir(layer, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(layer, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return write(filepath.Join(tree, rel), data)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// bundle runs esbuild; it returns the assets and the hashed name of each source.
func bundle(tree string, r release) (files map[string][]byte, names map[string]string, err error) {
	if files, names, err = images(tree); err != nil {
		return nil, nil, err
	}
	if err := rename(tree, names); err != nil {
		return nil, nil, err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"app.ts", "style.css"}, AbsWorkingDir: tree, Outdir: filepath.Join(tree, "out"),
		Bundle: true, EntryNames: "[name].[hash]", External: []string{"/assets/*"},
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Target: api.ES2022, Format: api.FormatIIFE, Charset: api.CharsetUTF8,
		Sourcemap: api.SourceMapLinked, SourceRoot: "/source/", MangleProps: r.mangleProps,
		LogLevel: api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		return nil, nil, errors.New(strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), ""))
	}
	for _, f := range result.OutputFiles {
		base := filepath.Base(f.Path)
		files["public/assets/"+base] = f.Contents
		if parts := strings.Split(base, "."); len(parts) == 3 {
			names[parts[0]+"."+parts[2]] = "/assets/" + base
		}
	}
	return files, names, nil
}

// images gives every image the hash of its content.
func images(tree string) (files map[string][]byte, names map[string]string, err error) {
	entries, err := os.ReadDir(filepath.Join(tree, "images"))
	if err != nil {
		return nil, nil, err
	}
	files, names = map[string][]byte{}, map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(tree, "images", e.Name()))
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		base := fmt.Sprintf("%s.%X%s", strings.TrimSuffix(e.Name(), ext), sum[:4], ext)
		files["public/assets/"+base] = data
		names[e.Name()] = "/assets/" + base
	}
	return files, names, nil
}

// rename puts the images' addresses into scripts and styles before they are bundled.
func rename(tree string, names map[string]string) error {
	entries, err := os.ReadDir(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext != ".ts" && ext != ".css" {
			continue
		}
		name := filepath.Join(tree, e.Name())
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if data, err = hashed(data, names); err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		if err := write(name, data); err != nil {
			return err
		}
	}
	return nil
}

// marker is how a source names an asset.
var marker = regexp.MustCompile(`%asset:([a-z0-9.-]+)%`)

// hashed replaces each marker by the asset's address.
func hashed(page []byte, names map[string]string) ([]byte, error) {
	var missing []string
	page = marker.ReplaceAllFunc(page, func(m []byte) []byte {
		name := string(marker.FindSubmatch(m)[1])
		address, ok := names[name]
		if !ok {
			missing = append(missing, name)
		}
		return []byte(address)
	})
	if len(missing) > 0 {
		return nil, fmt.Errorf("no such asset: %s", strings.Join(missing, ", "))
	}
	return page, nil
}

// compare fails when a committed file is missing, stale or left over.
func compare(out string, want map[string][]byte) error {
	var bad []string
	seen := map[string]bool{}
	err := filepath.WalkDir(out, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(out, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		seen[rel] = true
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, want[rel]) {
			bad = append(bad, rel)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name := range want {
		if !seen[name] {
			bad = append(bad, name)
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return fmt.Errorf("not as generated (run: cd tools && go run ./demo-build): %s", strings.Join(bad, ", "))
	}
	return nil
}

// write writes a file and the directories above it.
func write(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
