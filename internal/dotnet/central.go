package dotnet

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/markup"
)

// external is what a project takes from outside: packages by name to their
// versions and, where a lock file stands, what they resolved to.
func (e *evaluation) external(x *tree, rest map[string]string) map[string]string {
	out := map[string]string{}
	for key, w := range e.packages {
		if !w.included {
			continue
		}
		v := w.versions
		if !w.override {
			v = slices.Clone(v).add(e.versions[key]...)
		}
		out[w.name] = shown(v)
	}
	lock := lockOf(x, e)
	if lock != "" {
		e.lockBroken = e.locked(x, lock, out)
	}
	if e.may("centralpackagetransitivepinningenabled", "true") && (lock == "" || e.lockBroken != "") {
		for key, v := range e.versions {
			if e.packages[key] == nil && e.mayGet(x, key) {
				out[key+" (pinned)"] = shown(v)
			}
		}
	}
	for _, c := range e.centrals {
		if text := rest[c]; text != "" {
			out[c] = text
		}
	}
	return out
}

// basic are beginnings of the names of packages that others are made with.
var basic = []string{
	"system.", "microsoft.extensions.", "microsoft.bcl.", "microsoft.identitymodel.", "microsoft.data.", "microsoft.csharp", "microsoft.codeanalysis",
	"microsoft.win32.", "microsoft.openapi", "microsoft.io.", "microsoft.netcore.", "newtonsoft.", "google.protobuf", "grpc.", "azure.core", "azure.identity",
	"polly", "castle.core", "opentelemetry.api", "opentelemetry", "npgsql", "sqlite", "serilog", "nodatime", "humanizer", "yamldotnet", "messagepack", "runtime.",
	"netstandard.", "stackexchange.", "rabbitmq.", "sharpziplib", "protobuf-net", "bouncycastle.", "portable.bouncycastle", "nlog", "log4net", "snappier", "zstdsharp",
}

// mayGet tells whether a project may have a pinned package by way of others.
// Without a lock file nobody knows but NuGet; what no project asks for itself is
// pinned for just that, packages that others are made with are likely, and else
// it takes one of a kindred name: nobody gets Duende.IdentityServer through Dapper.
func (e *evaluation) mayGet(x *tree, key string) bool {
	if !x.direct[key] || slices.ContainsFunc(basic, func(b string) bool { return strings.HasPrefix(key, b) }) {
		return true
	}
	for part := range strings.SplitSeq(key, ".") {
		if len(part) < 4 || slices.Contains([]string{"microsoft", "extensions", "aspnetcore", "core", "abstractions", "client", "server", "tools", "http", "test"}, part) {
			continue
		}
		stem := part[:min(len(part), 6)]
		for own, w := range e.packages {
			if w.included && (strings.HasPrefix(own, stem) || strings.Contains(own, "."+stem)) {
				return true
			}
		}
	}
	return false
}

func shown(v values) string { return strings.ReplaceAll(strings.Join(v, " or "), unknown, "?") }

// digest is a short fingerprint.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// centralRest fingerprints what Directory.Packages.props holds besides the
// versions of packages: settings, imports, and properties that something else
// reads too. A property that only versions are written with counts through these.
func centralRest(x *tree, evals map[string]*evaluation) map[string]string {
	files := map[string]bool{}
	for _, e := range evals {
		for _, c := range e.centrals {
			files[c] = true
		}
	}
	if len(files) == 0 {
		return nil
	}
	elsewhere, inVersions := map[string]bool{}, map[string]bool{}
	for file, root := range x.parsed {
		if root != nil && !files[file] {
			names(root, elsewhere, nil)
		}
	}
	for c := range files {
		if root := x.parsed[c]; root != nil {
			names(root, elsewhere, inVersions)
		}
	}
	out := map[string]string{}
	for c := range files {
		root := x.parsed[c]
		if root == nil {
			continue
		}
		out[c] = digest(root.Print(nil))
		if reduced := reduce(root, elsewhere, inVersions); reduced != nil {
			out[c] = digest(reduced.Print(nil))
		}
	}
	return out
}

// names collects the properties that are read in a file. With a second map,
// those that versions are written with go there.
func names(n *markup.Node, into, versions map[string]bool) {
	if versions != nil && isVersion(n) {
		for _, a := range n.Attrs {
			target := into
			if strings.EqualFold(a.Name, "Version") {
				target = versions
			}
			references(a.Value, target)
		}
		references(n.Of("Version"), versions)
		return
	}
	for _, a := range n.Attrs {
		references(a.Value, into)
	}
	references(n.Text, into)
	for _, k := range n.Kids {
		names(k, into, versions)
	}
}

func isVersion(n *markup.Node) bool {
	return strings.EqualFold(n.Name, "PackageVersion") || strings.EqualFold(n.Name, "GlobalPackageReference")
}

// references collects the properties in a text.
func references(text string, into map[string]bool) {
	for {
		i := strings.Index(text, "$(")
		if i < 0 {
			return
		}
		text = text[i+2:]
		// $(Name), and $(Name.Substring(1)) or $([F]::G($(Name))) too.
		end := strings.IndexFunc(text, func(r rune) bool { return !isName(string(r)) })
		if end > 0 {
			into[strings.ToLower(text[:end])] = true
		}
	}
}

// reduce copies a file without what counts by content; nil when nothing is left.
func reduce(n *markup.Node, elsewhere, inVersions map[string]bool) *markup.Node {
	if isVersion(n) {
		return nil
	}
	out := &markup.Node{Name: n.Name, Attrs: n.Attrs, Text: n.Text}
	group := strings.EqualFold(n.Name, "PropertyGroup")
	for _, k := range n.Kids {
		name := strings.ToLower(k.Name)
		if group && inVersions[name] && !elsewhere[name] {
			if k.Has("Condition") {
				out.Kids = append(out.Kids, &markup.Node{Name: k.Name, Attrs: k.Attrs})
			}
			continue
		}
		if kept := reduce(k, elsewhere, inVersions); kept != nil {
			out.Kids = append(out.Kids, kept)
		}
	}
	if len(out.Kids) == 0 && len(n.Kids) > 0 && (group && !n.Has("Condition") || strings.EqualFold(n.Name, "ItemGroup")) {
		return nil
	}
	return out
}
