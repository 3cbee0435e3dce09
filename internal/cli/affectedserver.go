package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/affected"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/workspace"
)

// deployed are the commits that are live, by product; none without a server.
func (t *tool) deployed(ctx context.Context) (map[string]string, error) {
	if t.conn.server == "" && t.Getenv("POSTFLIGHT_SERVER") == "" {
		return nil, nil //nolint:nilnil // without a server nothing is known to be deployed
	}
	c, err := t.dial()
	if err != nil {
		return nil, err
	}
	list, err := c.Products(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range list {
		if p.Live != nil && p.Live.Commit != "" {
			out[p.ID] = p.Live.Commit
		}
	}
	return out, nil
}

// reportAffected tells the server what a change ships; QA is told by it.
func (t *tool) reportAffected(ctx context.Context, a affecting, out answered) error {
	c, err := t.dial()
	if err != nil {
		return err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	around := guard.Surround(t.Getenv, cwd)
	r := client.ScopeReport{
		Version: first(a.version, t.Getenv("POSTFLIGHT_VERSION")), Base: out.Base, Branch: around.Branch, Title: a.title, Address: around.Address,
		All: out.All, Products: []client.ScopeProduct{}, Unaffected: out.Unaffected, Unowned: out.Unowned, Problems: out.Problems,
		Routes: out.Routes, RoutesKnown: out.RoutesKnown,
	}
	for _, h := range out.Products {
		p := client.ScopeProduct{Name: h.Name, Scope: string(h.Scope), Chain: []client.ScopeStep{}}
		for _, s := range h.Chain {
			p.Chain = append(p.Chain, client.ScopeStep{Kind: s.Kind, Name: s.Name, Why: s.Why})
		}
		r.Products = append(r.Products, p)
	}
	told, err := c.ReportScope(ctx, out.Head, r)
	if err != nil {
		return fmt.Errorf("report what %s ships: %w", short(out.Head), err)
	}
	if len(told.Told) > 0 {
		t.err.line(fmt.Sprintf("QA is told in %d channels", len(told.Told)))
	}
	for _, f := range told.Findings {
		t.warn(f.Text)
	}
	return nil
}

// unaffected are the products that a change leaves alone.
func unaffected(products []affected.Product, hits []affected.Hit) []string {
	touched := map[string]bool{}
	for _, h := range hits {
		touched[h.Name] = true
	}
	var out []string
	for _, p := range products {
		if !touched[p.Name] {
			out = append(out, p.Name)
		}
	}
	return out
}

// merge adds the answer for some products to those for others.
func merge(a, b affected.Result) affected.Result {
	a.Products = append(a.Products, b.Products...)
	a.Total += b.Total
	if a.All == "" {
		a.All = b.All
	}
	seen := map[string]workspace.Scope{}
	for _, u := range a.Units {
		seen[u.ID] = u.Scope
	}
	for _, u := range b.Units {
		if _, ok := seen[u.ID]; !ok {
			a.Units = append(a.Units, u)
		}
	}
	a.Unowned, a.Problems = unique(append(a.Unowned, b.Unowned...)), unique(append(a.Problems, b.Problems...))
	return a
}

// artifacts is `postflight artifacts`.
func (t *tool) artifacts() *cobra.Command {
	var commit, version string
	cmd := &cobra.Command{
		Use: "artifacts PRODUCT FOLDER", Short: "Tell what a build produced, to hold it against what was said of the change",
		Long: `Tell the server the files of a build, by their hashes; the files stay here. A
product of which "postflight affected --report" said that the change leaves it
alone must have the same bytes as before: where it has not, that is our bug, and
it is told here and on the release's page.

Exit codes: 0 told, 1 bytes changed that were said not to, 2 wrong usage.`,
		Example: "  postflight artifacts shop dist --commit \"$SHA\"",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cwd, err := os.Getwd()
			if err != nil {
				return err
			}
			a := client.Artifacts{Commit: first(commit, guard.Surround(t.Getenv, cwd).Commit), Version: first(version, t.Getenv("POSTFLIGHT_VERSION"))}
			if a.Commit == "" {
				return &usage{err: errors.New("which commit was built is not known: name it with --commit"), path: cmd.CommandPath()}
			}
			if a.Files, err = manifest(args[1]); err != nil {
				return err
			}
			c, err := t.dial()
			if err != nil {
				return err
			}
			told, err := c.ReportArtifacts(cmd.Context(), args[0], a)
			if err != nil {
				return err
			}
			return t.tellArtifacts(a, told)
		},
	}
	cmd.Flags().StringVar(&commit, "commit", "", "commit that was built (default: the CI system's, or HEAD)")
	cmd.Flags().StringVar(&version, "version", "", "version that was built (default: $POSTFLIGHT_VERSION)")
	return cmd
}

// tellArtifacts says what speaks against the report.
func (t *tool) tellArtifacts(a client.Artifacts, told client.ArtifactsTold) error {
	if t.json {
		if err := t.printJSON(told); err != nil {
			return err
		}
	}
	if told.Finding != nil {
		if !t.json {
			t.out.line(t.out.red("bytes changed"), "  ", told.Finding.Text)
			for _, f := range told.Finding.Files {
				t.out.line("  ", f.Path)
			}
		}
		return exit(exitError)
	}
	if !t.json {
		against := "there is no claim to hold them against"
		if told.Compared != "" {
			against = "the same bytes as " + short(told.Compared)
		}
		t.out.line(fmt.Sprintf("%d files told; ", len(a.Files)), against)
	}
	return nil
}

// maxBuild is how many files a build may have.
const maxBuild = 20_000

// manifest hashes the files below a folder; symbolic links are not followed.
func manifest(dir string) ([]client.ArtifactFile, error) {
	var out []client.ArtifactFile
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if len(out) >= maxBuild {
			return fault.New(fault.Invalid, fmt.Sprintf("%s has more than %d files", dir, maxBuild), "name the folder with what is shipped only")
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		h := sha256.New()
		n, err := io.Copy(h, f)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		out = append(out, client.ArtifactFile{Path: filepath.ToSlash(rel), SHA256: hex.EncodeToString(h.Sum(nil)), Size: n})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Newf(fault.NotFound, "%w", err).WithHint("name the folder with the build")
	}
	if err == nil && len(out) == 0 {
		return nil, fault.New(fault.Invalid, dir+" holds no file: nothing was built", "name the folder with the build")
	}
	return out, err
}
