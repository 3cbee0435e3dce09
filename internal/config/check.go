package config

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// checker looks at what the keys mean together, after each was decoded.
type checker struct {
	*decoder
	doc  *document
	opts Options
}

func (c *checker) warn(p Problem) { c.warnings = append(c.warnings, p) }

// check tells everything that is wrong with the whole.
func (c *checker) check() {
	c.paths("", reflect.ValueOf(c.doc).Elem())
	c.server()
	used := map[string]bool{}
	for _, id := range ordered(c.src, "products", c.doc.Products) {
		p := c.doc.Products[id]
		c.product("products."+id, id, p)
		c.notify("products."+id, p, used)
	}
	for _, name := range ordered(c.src, "channels", c.doc.Channels) {
		c.channel("channels."+name, c.doc.Channels[name])
		if !used[name] {
			c.warn(c.src.onKey("channels."+name, Problem{
				Message: fmt.Sprintf("no product notifies channel %s", name),
			}))
		}
	}
}

// paths makes every path absolute: relative ones start at the file.
func (c *checker) paths(key string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.paths(key, v.Elem())
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			c.paths(key, v.Index(i))
		}
		return
	case reflect.Map:
		for _, k := range v.MapKeys() {
			c.paths(key, v.MapIndex(k))
		}
		return
	case reflect.Struct:
	default:
		return
	}
	for _, f := range fieldsOf(v.Type()) {
		switch inner := v.Field(f.index); {
		case inner.Kind() == reflect.String && relative(f, inner.String()):
			inner.SetString(filepath.Join(c.src.dir, inner.String()))
		case inner.Kind() == reflect.String && f.format == "path" && inner.String() != "":
			inner.SetString(filepath.Clean(inner.String()))
		case f.typ != secretType:
			c.paths(join(key, f.name), inner)
		}
	}
}

// server checks the server section and fills in what depends on the machine.
func (c *checker) server() {
	s := &c.doc.Server
	s.PublicURL = strings.TrimSuffix(s.PublicURL, "/")
	if store := s.Store.Reveal(); store != "" && store != "sqlite" && !isPostgres(store) {
		c.fail(c.src.onValue("server.store", Problem{
			Message:  "server.store is neither sqlite nor a postgres:// address",
			Accepted: []string{"sqlite", "postgres://…", "${NAME} of a variable that holds one"},
		}))
	} else if s.Store.Reference() == "" && hasPassword(store) && strings.HasPrefix(c.src.origins["server.store"], "line") {
		c.warn(c.src.onKey("server.store", Problem{
			Message:  "server.store holds a password in clear in the file; whoever reads the file has it",
			Accepted: []string{"${NAME} of an environment variable", "file:/path of a file"},
		}))
	}
	if filepath.IsAbs(s.Browser) {
		if info, err := os.Stat(s.Browser); err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			c.fail(c.src.onValue("server.browser", Problem{
				Value: s.Browser, Message: fmt.Sprintf("server.browser: %s is not a program that can be run", s.Browser),
				Accepted: []string{"path of a Chromium, such as /usr/bin/chromium-headless-shell"},
			}))
		}
	}
}

// notify checks that every channel a product names exists.
func (c *checker) notify(key string, p *Product, used map[string]bool) {
	if len(p.Notify) == 0 && !c.failed(key+".notify") && !c.slipped(key, "notify") {
		c.warn(c.src.onKey(key, Problem{
			Message:  fmt.Sprintf("%s notifies no channel; its incidents are seen on the web page only", key),
			Accepted: []string{"notify with a channel of the channels section"},
		}))
	}
	c.channels(key+".notify", p.Notify, used)
	c.channels(key+".qa", p.QA, used)
}

// channels checks that each of the named channels exists, and stands once.
func (c *checker) channels(key string, names []string, used map[string]bool) {
	known := slices.Sorted(maps.Keys(c.doc.Channels))
	seen := map[string]bool{}
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", key, i)
		_, declared := c.src.keys["channels."+name]
		switch {
		case name == "":
		case !declared:
			accepted := known
			if len(known) == 0 {
				accepted = []string{"a name of the channels section, which has none"}
			}
			c.fail(c.src.onValue(at, Problem{
				Value: name, Message: fmt.Sprintf("channel %q is not in the channels section", name),
				Nearest: nearest(name, known), Accepted: accepted,
			}))
		case seen[name]:
			c.fail(c.src.onValue(at, Problem{Value: name, Message: fmt.Sprintf("channel %q is named twice", name)}))
		}
		seen[name], used[name] = true, true
	}
}

// failed reports whether a key already has a problem.
func (c *checker) failed(key string) bool {
	return slices.ContainsFunc(c.problems, func(p Problem) bool {
		return p.Key == key || strings.HasPrefix(p.Key, key+".") || strings.HasPrefix(p.Key, key+"[")
	})
}

// channel checks one channel's credentials.
func (c *checker) channel(key string, ch *Channel) {
	if s := ch.Slack; s != nil && s.APIURL != "" && !strings.HasSuffix(s.APIURL, "/") {
		s.APIURL += "/" // methods are appended to it
	}
	e := ch.Email
	if e == nil {
		return
	}
	key += ".email"
	host, _, err := net.SplitHostPort(e.SMTP)
	if err == nil && host == "" {
		c.fail(c.src.onValue(key+".smtp", Problem{
			Value: e.SMTP, Message: key + ".smtp names no host", Accepted: []string{"host:port, such as mail.example.com:587"},
		}))
	}
	switch {
	case e.Username == "" && !e.Password.IsZero():
		c.fail(c.src.onKey(key+".password", Problem{Message: key + " has a password but no username", Accepted: []string{"both or neither"}}))
	case e.Username != "" && e.Password.IsZero() && !c.failed(key+".password"):
		c.fail(c.src.onKey(key+".username", Problem{Message: key + " has a username but no password", Accepted: []string{"both or neither"}}))
	case e.TLS == "none" && !e.Password.IsZero() && !loopback(host):
		c.fail(c.src.onValue(key+".tls", Problem{
			Value: e.TLS, Message: key + " would send its password unencrypted", Accepted: []string{"starttls", "tls"},
		}))
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
