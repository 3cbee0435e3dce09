// Package config reads the one configuration file, postflight.yaml, and the
// few environment variables that override it.
//
// It is strict, because a mistyped key that is ignored is a check that never
// runs: every unknown key, wrong type and check that cannot fail is told, all
// at once, with file, line, column, the line itself, what would be accepted
// and what was probably meant. Secrets are references to the environment or
// to files; nothing here ever prints one. The schema, the reference and the
// decoder come from the same struct tags. It opens the files it names to see
// that they exist, never a connection. The app and the command line call it,
// once, at the top; every other room is handed plain values.
package config

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/postflight/postflight/internal/product"
)

// Options are what Load needs besides the file.
type Options struct {
	// JourneyLint says why a journey cannot be played or can never fail; nil
	// for a good one. It is called for each one whose file exists. Without it,
	// only existence is checked.
	JourneyLint func(j product.Journey) error
	// Now is when the configuration is read; zero means the real time. What is
	// over by then is told.
	Now time.Time
	// Environ is the environment as os.Environ gives it; nil means the real
	// one.
	Environ []string
	// KnownEnv names further POSTFLIGHT_ variables that others read, so that
	// they raise no warning.
	KnownEnv []string
}

// Config is a valid configuration. Paths in it are absolute.
type Config struct {
	// File is the configuration file.
	File   string
	Server Server
	// Channels are the places where people are told, in file order.
	Channels []Channel

	doc *document
	src *source
}

// Load reads and checks the file at path. On anything wrong it returns no
// Config and an Errors; warnings come in either case.
func Load(path string, opts Options) (*Config, []Warning, error) {
	data, err := readBounded(path, maxFile)
	if err != nil {
		p := Problem{File: path, Message: describeFile(path, err)}
		if os.IsNotExist(err) {
			p.Accepted = []string{"a file; `postflight config init` writes one"}
		}
		return nil, nil, Errors{p}
	}
	return parse(path, data, opts)
}

// parse is Load after reading.
func parse(path string, data []byte, opts Options) (*Config, []Warning, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, nil, Errors{{File: path, Message: err.Error()}}
	}
	if opts.Environ == nil {
		opts.Environ = os.Environ()
	}
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	text := strings.TrimPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\ufeff")
	src := &source{
		file: path, dir: dir, lines: strings.Split(text, "\n"),
		keys: map[string]place{}, values: map[string]place{}, origins: map[string]string{},
	}
	root, problems := src.syntax([]byte(text))
	if len(problems) > 0 {
		return nil, nil, Errors(problems)
	}
	d := &decoder{src: src, env: environment(opts.Environ), anchors: map[string]ast.Node{}}
	ast.Walk(d, root)
	doc := &document{}
	if root = d.resolve("", root); root != nil {
		d.structure("", root, reflect.ValueOf(doc).Elem())
	}
	d.override(doc, opts.KnownEnv)
	c := &checker{decoder: d, doc: doc, opts: opts}
	c.check()
	d.redact(d.problems)
	d.redact(d.warnings)
	arrange(d.problems)
	arrange(d.warnings)
	if len(d.problems) > 0 {
		return nil, d.warnings, Errors(d.problems)
	}
	cfg := &Config{File: filepath.Join(dir, filepath.Base(path)), Server: doc.Server, doc: doc, src: src}
	for _, name := range ordered(src, "channels", doc.Channels) {
		ch := *doc.Channels[name]
		ch.Name = name
		cfg.Channels = append(cfg.Channels, ch)
	}
	return cfg, d.warnings, nil
}

// arrange sorts problems by their place; those without one come last.
func arrange(problems []Problem) {
	rank := func(p Problem) int {
		if p.Line == 0 {
			return 1 << 30
		}
		return p.Line
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Column, b.Column))
	})
}

// ordered returns the names of a map in file order.
func ordered[T any](s *source, section string, m map[string]T) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.SortFunc(out, func(a, b string) int {
		x, y := s.keys[join(section, a)], s.keys[join(section, b)]
		return cmp.Or(cmp.Compare(x.line, y.line), cmp.Compare(x.col, y.col), cmp.Compare(a, b))
	})
	return out
}

// Products returns what is watched, in file order, as the other rooms know
// it.
func (c *Config) Products() []product.Product {
	var out []product.Product
	for _, id := range ordered(c.src, "products", c.doc.Products) {
		out = append(out, c.product(id, c.doc.Products[id]))
	}
	return out
}

// product converts one product.
func (c *Config) product(id string, in *Product) product.Product {
	p := product.Product{
		ID: product.ID(id), Name: in.Name, URL: in.URL, PreviousURL: in.PreviousURL,
		Version:    product.VersionSource{Path: in.Version.Path, Every: in.Version.Every},
		FirstParty: slices.Clone(in.FirstParty), Pages: slices.Clone(in.Pages), Notify: slices.Clone(in.Notify), QA: slices.Clone(in.QA),
		Boot:     product.Boot{Expected: in.BootReports},
		Rollback: in.Rollback.order(),
		Watch:    product.Window{For: in.Watch.For, Every: in.Watch.Every, Settle: in.Watch.Settle},
	}
	switch v := in.Version; {
	case v.Header != "":
		p.Version.Kind, p.Version.Name = product.VersionHeader, v.Header
	case v.Meta != "":
		p.Version.Kind, p.Version.Name = product.VersionMeta, v.Meta
	default:
		p.Version.Kind, p.Version.Name = product.VersionJSON, v.JSON
	}
	for _, j := range in.Journeys {
		p.Journeys = append(p.Journeys, j.journey())
	}
	for _, name := range ordered(c.src, "products."+id+".integrations", in.Integrations) {
		i := in.Integrations[name]
		converted := product.Integration{ID: name, Name: i.Name, Hosts: slices.Clone(i.Hosts), Owner: i.Owner}
		if i.Probe != nil {
			converted.Probe = product.Probe(*i.Probe)
		}
		p.Integrations = append(p.Integrations, converted)
	}
	return p
}

// order converts how a product goes back; a nil one cannot.
func (r *Rollback) order() product.Rollback {
	if r == nil {
		return product.Rollback{Method: product.RollbackNone}
	}
	out := product.Rollback{Automatic: r.Automatic, Timeout: r.Timeout}
	switch {
	case r.Directory != nil:
		out.Method, out.Current, out.Releases = product.RollbackDirectory, r.Directory.Current, r.Directory.Releases
	case r.Webhook != nil:
		out.Method, out.Webhook, out.Secret = product.RollbackWebhook, r.Webhook.URL, r.Webhook.Secret.Reveal()
	default:
		out.Method, out.Command = product.RollbackCommand, slices.Clone(r.Command)
	}
	return out
}

// Postgres returns the address of the PostgreSQL database, and whether one is
// configured; otherwise state is kept in SQLite in the data directory.
func (s Server) Postgres() (Secret, bool) { return s.Store, isPostgres(s.Store.Reveal()) }

func isPostgres(store string) bool {
	return strings.HasPrefix(store, "postgres://") || strings.HasPrefix(store, "postgresql://")
}
