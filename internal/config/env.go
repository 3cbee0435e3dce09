package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// envPrefix marks the variables that belong to Postflight.
const envPrefix = "POSTFLIGHT_"

// environment indexes NAME=value pairs; the last of a name counts.
func environment(environ []string) map[string]string {
	out := make(map[string]string, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && name != "" {
			out[name] = value
		}
	}
	return out
}

// override lets the environment replace values of the server section, and
// warns of variables that look like ours and are not. An empty variable
// counts as unset.
func (d *decoder) override(doc *document, known []string) {
	known = slices.Clone(known)
	server := reflect.ValueOf(&doc.Server).Elem()
	for _, f := range fieldsOf(server.Type()) {
		if f.env == "" {
			continue
		}
		known = append(known, f.env)
		value := d.env[f.env]
		if value == "" {
			continue
		}
		if abs, err := filepath.Abs(value); err == nil && relative(f, value) {
			value = abs // a variable is relative to where the command runs
		}
		key := join("server", f.name)
		// What the file says there no longer counts, right or wrong.
		d.problems = slices.DeleteFunc(d.problems, func(p Problem) bool { return p.Key == key })
		d.src.origins[key] = "env " + f.env
		d.text(key, value, server.Field(f.index), f)
	}
	d.strangers(known)
}

// relative reports whether a path must be joined to a directory. A program
// without a slash is looked for in PATH.
func relative(f field, path string) bool {
	return path != "" && !filepath.IsAbs(path) &&
		(f.format == "path" || f.format == "program" && strings.ContainsRune(path, filepath.Separator))
}

// strangers warns of POSTFLIGHT_ variables that nobody reads.
func (d *decoder) strangers(known []string) {
	text := strings.Join(d.src.lines, "\n")
	var unread []string
	for name := range d.env {
		if strings.HasPrefix(name, envPrefix) && !slices.Contains(known, name) &&
			!strings.Contains(text, "${"+name+"}") {
			unread = append(unread, name)
		}
	}
	slices.Sort(unread)
	slices.Sort(known)
	short := make([]string, len(known))
	for i, name := range known {
		short[i] = strings.TrimPrefix(name, envPrefix)
	}
	for _, name := range unread {
		meant := nearest(strings.TrimPrefix(name, envPrefix), short)
		if meant != "" {
			meant = envPrefix + meant
		}
		d.warnings = append(d.warnings, Warning{
			File: "environment", Key: name, Message: fmt.Sprintf("variable %s is not known and has no effect", clip(name)),
			Nearest: meant, Accepted: known,
		})
	}
}
