package config

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
)

// defaultSettle is how long a new version may take to be served.
const defaultSettle = 2 * time.Minute

// product checks one product and fills in what one key means by another.
func (c *checker) product(key, id string, p *Product) {
	p.Name = cmp.Or(p.Name, id)
	p.URL, p.PreviousURL = strings.TrimSuffix(p.URL, "/"), strings.TrimSuffix(p.PreviousURL, "/")
	if len(p.Journeys) == 0 && len(p.Pages) == 0 && !c.failed(key+".journeys") && !c.failed(key+".pages") &&
		!c.slipped(key, "journeys", "pages") {
		c.fail(c.src.onKey(key, Problem{
			Message:  key + " has neither a journey nor a page: nothing could ever fail",
			Accepted: []string{"journeys", "pages"},
		}))
	}
	c.version(key+".version", &p.Version)
	c.journeys(key+".journeys", p)
	c.once(key+".pages", p.Pages)
	c.once(key+".first_party", p.FirstParty)
	c.integrations(key+".integrations", p)
	c.watch(key+".watch", p)
	c.rollback(key+".rollback", p)
	c.sourceOf(key+".source", id, p.Source)
}

// sourceOf checks which files make a product.
func (c *checker) sourceOf(key, id string, s *Source) {
	if s == nil || c.failed(key) {
		return
	}
	if len(s.Units)+len(s.Paths)+len(s.DependsOn) == 0 {
		c.fail(c.src.onKey(key, Problem{
			Message:  key + " names no file that would ship the product: it could never be affected",
			Accepted: []string{"units", "paths", "depends_on"},
		}))
	}
	c.once(key+".units", s.Units)
	c.once(key+".depends_on", s.DependsOn)
	for i, other := range s.DependsOn {
		if c.doc.Products[other] == nil || other == id {
			c.fail(c.src.onValue(fmt.Sprintf("%s.depends_on[%d]", key, i), Problem{
				Value: other, Message: fmt.Sprintf("%s.depends_on names %q, which is no other product", key, other),
				Accepted: ordered(c.src, "products", c.doc.Products),
			}))
		}
	}
}

// slipped reports whether an unknown key in the section was probably meant as
// one of these: then that is the problem, not their absence.
func (c *checker) slipped(section string, meant ...string) bool {
	return slices.ContainsFunc(c.problems, func(p Problem) bool {
		return parent(p.Key) == section && slices.Contains(meant, p.Nearest)
	})
}

// once refuses a text that stands twice in a list.
func (c *checker) once(key string, list []string) {
	for i, s := range list {
		if s != "" && slices.Contains(list[:i], s) {
			c.fail(c.src.onValue(fmt.Sprintf("%s[%d]", key, i), Problem{Value: s, Message: fmt.Sprintf("%q stands twice in %s", s, key)}))
		}
	}
}

func (c *checker) version(key string, v *Version) {
	if v.JSON != "" && v.Path == "" && !c.failed(key) {
		c.fail(c.src.onKey(key, Problem{
			Message: key + " reads a JSON document but says not which", Accepted: []string{"path, such as /version.json"},
		}))
	}
	v.Path = cmp.Or(v.Path, "/")
}

// integrations checks that no request can belong to two owners, and that the
// health of each can be told.
func (c *checker) integrations(key string, p *Product) {
	own := product.Product{URL: p.URL, PreviousURL: p.PreviousURL, FirstParty: p.FirstParty}
	seen := map[string]string{}
	for _, name := range ordered(c.src, key, p.Integrations) {
		in := p.Integrations[name]
		in.Name = cmp.Or(in.Name, name)
		at := join(key, name)
		for i, host := range in.Hosts {
			where := fmt.Sprintf("%s.hosts[%d]", at, i)
			if origin := owns(own, host); origin != "" {
				c.fail(c.src.onValue(where, Problem{
					Value: host, Message: fmt.Sprintf("%s is the product's own origin %s, not somebody else's service", host, origin),
					Accepted: []string{"a host of the other service, with its port when only the port differs"},
				}))
			}
			if other, twice := seen[strings.ToLower(host)]; twice && host != "" {
				c.fail(c.src.onValue(where, Problem{Value: host, Message: fmt.Sprintf("host %s already belongs to integration %s", host, other)}))
			}
			seen[strings.ToLower(host)] = name
		}
		switch {
		case in.Probe == nil && !c.failed(at):
			c.warn(c.src.onKey(at, Problem{
				Message:  fmt.Sprintf("integration %s has no probe: its own health cannot be told from the product's", name),
				Accepted: []string{"probe with a url"},
			}))
		case in.Probe != nil && in.Probe.Method == "HEAD" && in.Probe.Contains != "":
			c.fail(c.src.onValue(at+".probe.contains", Problem{
				Value: in.Probe.Contains, Message: "the answer to HEAD has no body, so it can never contain this",
				Accepted: []string{"method: GET"},
			}))
		}
	}
}

// owns returns the product's own origin that host would swallow, or "".
func owns(p product.Product, host string) string {
	if host == "" {
		return ""
	}
	p.Integrations = []product.Integration{{Hosts: []string{host}}}
	for _, origin := range p.Origins("v1") {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		for _, asked := range []string{u.Host, u.Hostname() + ":" + port} {
			if _, mine := p.IntegrationFor(asked); mine {
				return origin
			}
		}
	}
	return ""
}

// watch checks that a window holds at least one round.
func (c *checker) watch(key string, p *Product) {
	w := &p.Watch
	if c.failed(key) {
		return
	}
	if w.For < w.Every {
		c.fail(c.src.onValue(key+".for", Problem{
			Value:    formatDuration(w.For),
			Message:  fmt.Sprintf("a window of %s ends before one round of %s is over (%s.every)", formatDuration(w.For), formatDuration(w.Every), key),
			Accepted: []string{"for of at least every"},
		}))
	}
	switch {
	case w.Settle == 0:
		w.Settle = min(defaultSettle, w.For)
		c.src.origins[key+".settle"] = "default"
	case w.Settle > w.For:
		c.fail(c.src.onValue(key+".settle", Problem{
			Value:    formatDuration(w.Settle),
			Message:  fmt.Sprintf("a new version may take %s to be served, but is watched for %s only (%s.for)", formatDuration(w.Settle), formatDuration(w.For), key),
			Accepted: []string{"settle of at most for"},
		}))
	}
	for i, j := range p.Journeys {
		if j.Timeout > w.For {
			at := fmt.Sprintf("%s.journeys[%d]", strings.TrimSuffix(key, ".watch"), i)
			c.warn(c.src.onValue(at+".timeout", Problem{
				Message: fmt.Sprintf("journey %s may take %s, longer than the whole window of %s", j.ID, formatDuration(j.Timeout), formatDuration(w.For)),
			}))
		}
	}
}

// placeholder is what looks like one in a command.
var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// rollback checks that going back can work.
func (c *checker) rollback(key string, p *Product) {
	r := p.Rollback
	if r == nil || c.failed(key) {
		return
	}
	if r.Automatic && p.PreviousURL == "" {
		c.warn(c.src.onKey(key+".automatic", Problem{
			Message:  key + " is automatic, but without previous_url the release before cannot be compared with, so there may never be evidence enough to act on",
			Accepted: []string{"previous_url"},
		}))
	}
	if r.Directory != nil {
		c.directory(key+".directory", r.Directory)
	}
	if len(r.Command) > 0 {
		c.command(key+".command", r.Command)
	}
}

func (c *checker) directory(key string, d *Directory) {
	if d.Current == d.Releases {
		c.fail(c.src.onValue(key+".current", Problem{
			Value: d.Current, Message: key + ": current and releases are the same path",
			Accepted: []string{"the link as current, the directory of all releases as releases"},
		}))
		return
	}
	if info, err := os.Stat(d.Releases); err != nil || !info.IsDir() {
		c.warn(c.src.onValue(key+".releases", Problem{
			Value: d.Releases, Message: fmt.Sprintf("directory %s is not there yet: nothing can be rolled back", d.Releases),
		}))
	}
	if info, err := os.Lstat(d.Current); err == nil && info.Mode()&os.ModeSymlink == 0 {
		c.fail(c.src.onValue(key+".current", Problem{
			Value: d.Current, Message: fmt.Sprintf("%s is not a symbolic link, so it cannot be flipped", d.Current),
			Accepted: []string{"the link that points at the live release"},
		}))
	}
}

func (c *checker) command(key string, argv []string) {
	known := []string{"{version}", "{bad_version}"}
	told := false // or meant to
	for i, arg := range argv {
		for _, found := range placeholder.FindAllString(arg, -1) {
			told = told || found != known[1]
			if !slices.Contains(known, found) {
				c.fail(c.src.onValue(fmt.Sprintf("%s[%d]", key, i), Problem{
					Value: arg, Message: fmt.Sprintf("placeholder %s is not known", found),
					Nearest: nearest(found, known), Accepted: known,
				}))
			}
		}
	}
	if strings.HasPrefix(argv[0], "./") || strings.HasPrefix(argv[0], "../") {
		argv[0] = filepath.Join(c.src.dir, argv[0])
	}
	if !told {
		c.warn(c.src.onKey(key, Problem{
			Message: key + " never says {version}: the program must know by itself what to go back to", Accepted: known,
		}))
	}
}
