package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/affected"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/survey"
	"github.com/postflight/postflight/internal/workspace"
)

// affecting is the flags of `postflight affected`.
type affecting struct {
	o       survey.Options
	config  string
	format  string
	output  string // a file of the CI system for the matrix
	units   bool
	report  bool
	title   string
	version string
}

// affected is `postflight affected`.
func (t *tool) affected() *cobra.Command {
	var a affecting
	cmd := &cobra.Command{
		Use: "affected [--base REF] [--head REF]", Short: "Tell which products a change ships, and why",
		Long: `Tell which products a change ships and which it only touches for verification,
each with the chain of reasons from the file to the product.

Workspaces of npm, yarn and pnpm, Go modules, Cargo, uv and Poetry, .NET solutions,
Maven and Gradle, Bazel, and Dockerfiles are read from their manifests and
lockfiles: nothing is installed or built. What else makes a product stands in
postflight.yaml (products.*.source).

A change counts from where --head has parted from --base (--exact: from --base
itself). Without --base, with a server (POSTFLIGHT_SERVER), each product's change
counts from the commit of it that is live; else from the main branch. When the base cannot be found, the clone is
shallow or a manifest cannot be read, everything is affected, and the answer says
why; it is never silently empty.

Exit codes: 0 told, whatever is affected; 2 wrong usage; 3 no repository or no such
head.`,
		Example: `  postflight affected --base origin/main
  postflight affected --base "$DEPLOYED_COMMIT" --exact --format markdown
  postflight affected --format matrix --github-output "$GITHUB_OUTPUT"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.tellAffected(cmd, a) },
	}
	f := cmd.Flags()
	f.StringVar(&a.o.Base, "base", "", "commit, branch or tag to compare with (default: the main branch)")
	f.BoolVar(&a.o.Exact, "exact", false, "compare with the base itself, not with where the head has parted from it")
	f.StringVar(&a.o.Head, "head", "", "commit that is looked at (default: HEAD)")
	f.BoolVar(&a.o.Dirty, "dirty", false, "count changes that are not committed")
	f.StringVar(&a.o.Dir, "repository", ".", "a folder in the checkout")
	f.StringVar(&a.config, "config", "", "file that declares products (default: postflight.yaml at the top of the checkout, if it is there)")
	f.StringVar(&a.format, "format", "text", "text, json, markdown, matrix (for GitHub Actions) or names")
	f.StringVar(&a.output, "github-output", "", "also append matrix=… and any=… to this file")
	f.BoolVar(&a.report, "report", false, "tell the server, which shows it on the releases' pages and tells QA")
	f.StringVar(&a.title, "title", "", "title of the change, for the report")
	f.StringVar(&a.version, "version", "", "version that will be released, for the report (default: $POSTFLIGHT_VERSION)")
	f.BoolVar(&a.units, "units", false, "tell of every package and module, not of products only")
	return cmd
}

// answered is what is told: the result and what it was made from.
type answered struct {
	Base  string   `json:"base,omitempty"`
	Head  string   `json:"head"`
	Files int      `json:"files"` // that differ
	Notes []string `json:"notes,omitempty"`
	affected.Result
	// Journeys are those that cover the products that ship, Routes the changed
	// routes that none of the declared journeys visits (when RoutesKnown).
	Journeys    []string `json:"journeys,omitempty"`
	Routes      []string `json:"routes,omitempty"`
	RoutesKnown bool     `json:"routes_known,omitempty"`
	// Unaffected are the products that the change leaves alone.
	Unaffected []string `json:"unaffected,omitempty"`
}

// tellAffected looks, computes and tells.
func (t *tool) tellAffected(cmd *cobra.Command, a affecting) error {
	if t.json {
		a.format = "json"
	}
	if !slices.Contains([]string{"text", "json", "markdown", "matrix", "names"}, a.format) {
		return &usage{err: fmt.Errorf("--format is text, json, markdown, matrix or names, not %q", a.format), path: cmd.CommandPath()}
	}
	if a.o.Dirty && a.o.Head != "" {
		return &usage{err: errors.New("--dirty looks at the working tree: it goes without --head"), path: cmd.CommandPath()}
	}
	out, err := t.computeAffected(cmd.Context(), a)
	if err != nil {
		return err
	}
	if a.report {
		if err := t.reportAffected(cmd.Context(), a, out); err != nil {
			return err
		}
	}
	if a.output != "" {
		if err := appendMatrix(a.output, out); err != nil {
			return err
		}
	}
	switch a.format {
	case "json":
		return t.printJSON(out)
	case "matrix":
		_, err = fmt.Fprintln(t.Stdout, matrix(out))
		return err
	case "names":
		for _, h := range shipped(out.Products) {
			t.out.line(h.Name)
		}
		return nil
	case "markdown":
		return affectedMarkdown(t.Stdout, out)
	}
	t.affectedText(out, a.units)
	return nil
}

// computeAffected compares with the base that was named; without one, each
// product with what of it is live, when a server knows.
func (t *tool) computeAffected(ctx context.Context, a affecting) (answered, error) {
	a.o.Readers = ecosystems
	var live map[string]string
	if a.o.Base == "" {
		var err error
		if live, err = t.deployed(ctx); err != nil {
			return answered{}, err
		}
	}
	var out answered
	names, err := t.rounds(a, live)
	if err != nil {
		return answered{}, err
	}
	for i, base := range names {
		o := a.o
		if base != "" {
			o.Base, o.Exact = base, true
		}
		got, err := lookOnce(ctx, a, o, func(p affected.Product) bool { return live == nil || live[p.Name] == base })
		if err != nil {
			return answered{}, err
		}
		if i == 0 {
			out = got
			continue
		}
		out.Result, out.Base, out.Files = merge(out.Result, got.Result), "", max(out.Files, got.Files)
		out.Notes, out.Journeys = unique(append(out.Notes, got.Notes...)), unique(append(out.Journeys, got.Journeys...))
		out.Routes, out.RoutesKnown = unique(append(out.Routes, got.Routes...)), out.RoutesKnown && got.RoutesKnown
		out.Unaffected = append(out.Unaffected, got.Unaffected...)
	}
	return out, nil
}

// rounds are the bases to compare with, once each: "" for what is not live.
func (t *tool) rounds(a affecting, live map[string]string) ([]string, error) {
	if live == nil {
		return []string{""}, nil
	}
	list, err := config.Sources(first(a.config, filepath.Join(a.o.Dir, "postflight.yaml")))
	if err != nil {
		return []string{""}, nil //nolint:nilerr // without declared products nothing is known to be live
	}
	var out []string
	for _, p := range list {
		out = append(out, live[p.ID])
	}
	if len(out) == 0 {
		out = []string{""}
	}
	return unique(out), nil
}

// lookOnce compares two commits for the products that are asked for.
func lookOnce(ctx context.Context, a affecting, o survey.Options, asked func(affected.Product) bool) (answered, error) {
	seen, err := survey.Look(ctx, o)
	if err != nil {
		return answered{}, err
	}
	defer seen.Close()
	d, err := declared(seen, a.config)
	if err != nil {
		return answered{}, err
	}
	connect(seen.BaseSpaces)
	connect(seen.HeadSpaces)
	d.products = slices.DeleteFunc(d.products, func(p affected.Product) bool { return !asked(p) })
	out := answered{Base: seen.Base, Head: seen.Head, Files: len(seen.Changes), Notes: append(seen.Notes, d.notes...)}
	out.Result = affected.Compute(affected.Input{
		Changes: seen.Changes, Base: seen.BaseSpaces, Head: seen.HeadSpaces, Products: d.products, All: seen.All,
	})
	out.Unaffected = unaffected(d.products, out.Products)
	for _, h := range shipped(out.Products) {
		out.Journeys = append(out.Journeys, d.journeys[h.Name]...)
	}
	out.Journeys = unique(out.Journeys)
	out.Routes, out.RoutesKnown = uncovered(seen, d.file, d.files)
	return out, nil
}

// declaration is what the configuration says of the products.
type declaration struct {
	file     string
	products []affected.Product
	journeys map[string][]string // by product: ids or files
	files    []string            // of all journeys
	notes    []string
}

// declared are the products that the configuration names, as far as it says what
// they are made of.
func declared(seen *survey.Seen, file string) (declaration, error) {
	d := declaration{file: file, journeys: map[string][]string{}}
	if file == "" {
		d.file = filepath.Join(seen.Root, "postflight.yaml")
		if _, err := os.Stat(d.file); err != nil {
			return d, nil //nolint:nilerr // products are then what the ecosystems call so
		}
	}
	list, err := config.Sources(d.file)
	if err != nil {
		return d, err
	}
	for _, s := range list {
		p, err := productOf(seen, d.file, s)
		if err != nil {
			return d, err
		}
		d.files = append(d.files, s.Files...)
		if len(p.Units)+len(p.Paths)+len(p.DependsOn) == 0 {
			d.notes = append(d.notes, fmt.Sprintf("product %s says not what it is made of (products.%s.source), and no unit has its name: it is not looked at", s.ID, s.ID))
			continue
		}
		d.journeys[s.ID] = s.Journeys
		d.products = append(d.products, p)
	}
	return d, nil
}

// productOf finds the units that a product is made of.
func productOf(seen *survey.Seen, file string, s config.Sourced) (affected.Product, error) {
	p := affected.Product{Name: s.ID}
	names, named := []string{s.ID, s.Name}, false
	if s.Source != nil {
		p.Paths, p.Verify, p.DependsOn = s.Source.Paths, s.Source.Verify, s.Source.DependsOn
		names, named = s.Source.Units, true
	}
	for _, name := range names {
		ids := seen.Unit(name)
		if len(ids) == 0 && named {
			return p, fmt.Errorf("%s: products.%s.source.units names %q, and nothing here is called so", file, s.ID, name)
		}
		p.Units = append(p.Units, ids...)
	}
	return p, nil
}

func shipped(all []affected.Hit) []affected.Hit {
	return slices.DeleteFunc(slices.Clone(all), func(h affected.Hit) bool { return h.Scope != workspace.Ship })
}

// matrix is the products that ship, as GitHub Actions takes a matrix.
func matrix(out answered) string {
	names := []string{}
	for _, h := range shipped(out.Products) {
		names = append(names, h.Name)
	}
	data, err := json.Marshal(map[string][]string{"product": names})
	if err != nil {
		return "{}" // strings always marshal
	}
	return string(data)
}

// appendMatrix writes the outputs of a step.
func appendMatrix(path string, out answered) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "matrix=%s\nany=%t\n", matrix(out), len(shipped(out.Products)) > 0)
	return errors.Join(err, f.Close())
}

// affectedText tells it to a person.
func (t *tool) affectedText(out answered, units bool) {
	for _, n := range out.Notes {
		t.err.problem("note", t.err.dim, n)
	}
	for _, p := range out.Problems {
		t.warn("could not be read: " + p)
	}
	if out.All != "" {
		t.out.line(t.out.red("all"), " ", fmt.Sprint(out.Total), " products, because ", out.All)
	}
	ship, rest := shipped(out.Products), len(out.Products)
	if out.All == "" {
		t.out.line(t.out.bold(fmt.Sprintf("%d of %d products ship", len(ship), out.Total)), fmt.Sprintf(" (%d files changed)", out.Files))
	}
	for _, h := range out.Products {
		word := t.out.yellow("ship  ")
		if h.Scope != workspace.Ship {
			word = t.out.dim("verify")
		}
		why := chain(h.Chain)
		if out.All != "" {
			why = "" // the same for each
		}
		t.out.line("  ", word, " ", t.out.bold(h.Name), "  ", why)
	}
	if rest == 0 && out.Files == 0 && out.All == "" {
		t.out.line("  nothing changed between ", short(out.Base), " and ", short(out.Head))
	}
	if units {
		t.out.line(t.out.bold("units"))
		for _, h := range out.Units {
			t.out.line("  ", fmt.Sprintf("%-6s", h.Scope), " ", h.Name, "  ", chain(h.Chain))
		}
	}
	if n := len(out.Unowned); n > 0 {
		t.out.line(t.out.dim(fmt.Sprintf("%d changed files belong to nothing that is built: %s", n, strings.Join(out.Unowned[:min(n, 5)], ", "))))
	}
	if len(out.Journeys) > 0 {
		t.out.line("journeys that cover them: ", strings.Join(out.Journeys, ", "))
	}
	if len(out.Routes) > 0 {
		t.out.line(t.out.yellow("changed routes without a journey: "), strings.Join(out.Routes, ", "))
	}
}

// chain is the reasons in a line.
func chain(steps []affected.Step) string {
	var b strings.Builder
	for i, s := range steps {
		if i > 0 {
			b.WriteString(" → ")
		}
		b.WriteString(s.Name)
		if s.Why != "" && i < len(steps)-1 {
			b.WriteString(" (" + s.Why + ")")
		}
	}
	return b.String()
}

func short(commit string) string { return commit[:min(len(commit), 10)] }

// affectedMarkdown writes it for a pull request.
func affectedMarkdown(w io.Writer, out answered) error {
	var b strings.Builder
	ship := shipped(out.Products)
	switch {
	case out.All != "":
		fmt.Fprintf(&b, "### This change ships all %d products\n\nbecause %s\n", out.Total, quote(out.All))
	case len(ship) == 0:
		fmt.Fprintf(&b, "### This change ships nothing\n\n%d files changed; none of the %d products is made of them.\n", out.Files, out.Total)
	default:
		fmt.Fprintf(&b, "### This change ships %d of %d products\n", len(ship), out.Total)
	}
	if len(out.Products) > 0 && out.All == "" {
		b.WriteString("\n| product | | because |\n| --- | --- | --- |\n")
		for _, h := range out.Products {
			word := "**ships**"
			if h.Scope != workspace.Ship {
				word = "verify only"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", quote(h.Name), word, quote(chain(h.Chain)))
		}
	}
	for _, p := range out.Problems {
		fmt.Fprintf(&b, "\n> could not be read: %s\n", quote(p))
	}
	if len(out.Journeys) > 0 {
		fmt.Fprintf(&b, "\nJourneys that cover them: %s\n", quote(strings.Join(out.Journeys, ", ")))
	}
	if len(out.Routes) > 0 {
		fmt.Fprintf(&b, "\nChanged routes without a journey: %s\n", quote(strings.Join(out.Routes, ", ")))
	}
	if n := len(out.Unowned); n > 0 {
		fmt.Fprintf(&b, "\n%d changed files belong to nothing that is built.\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// quote takes the meaning from what names and paths may hold.
func quote(s string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "|", "\\|", "`", "'", "*", "\\*", "_", "\\_", "[", "\\[", "\n", " ", "\r", " ").Replace(s)
}
