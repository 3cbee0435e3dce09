package dotnet

import (
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/markup"
	"github.com/postflight/postflight/internal/workspace"
)

// noPaths are items that name no files.
var noPaths = []string{
	"reference", "using", "frameworkreference", "internalsvisibleto", "projectcapability", "dotnetclitoolreference",
	"packagedownload", "assemblyattribute", "service", "folder", "bootstrapperpackage", "supportedplatform",
	"runtimehostconfigurationoption", "assemblymetadata", "trimmerrootassembly", "comreference", "importcsharpnamespaces",
	"container", "containerenvironmentvariable", "containerport", "aspireresource", "knownframeworkreference",
}

// item is one element of an ItemGroup.
func (e *evaluation) item(n *markup.Node, c condition) {
	*e.steps--
	name := strings.ToLower(n.Name)
	switch name {
	case "packagereference", "globalpackagereference":
		e.wants(n, c, name == "globalpackagereference")
		return
	case "packageversion":
		for _, id := range e.list(n.Attr("Include") + ";" + n.Attr("Update")) {
			key := strings.ToLower(id)
			e.versions[key] = e.versions[key].add(e.version(n, "Version", c)...)
		}
		return
	case "projectreference":
		e.refersTo(e.list(n.Attr("Include")), "")
		if n.Has("Remove") && c == "" {
			for _, v := range e.list(n.Attr("Remove")) {
				if file, ok := within(e.dir, v); ok {
					e.refs = slices.DeleteFunc(e.refs, func(r string) bool { return matches(file, r) })
				}
			}
		}
		return
	}
	if slices.Contains(noPaths, name) {
		// <Reference Include="X"><HintPath>..\lib\X.dll</HintPath></Reference>
		for _, v := range e.list(n.Of("HintPath") + ";" + n.Attr("HintPath")) {
			e.takes(v, workspace.Ship, n.Name+" HintPath")
		}
		return
	}
	if c == "" {
		for _, v := range e.list(n.Attr("Remove")) {
			if file, ok := within(e.dir, v); ok {
				e.removed = append(e.removed, file)
			}
		}
	}
	scope := workspace.Ship
	if name == "additionalfiles" || name == "editorconfigfiles" || name == "globalanalyzerconfigfiles" || name == "none" && !placed(n) {
		scope = workspace.Verify
	}
	for _, v := range e.list(n.Attr("Include")) {
		e.takes(v, scope, n.Name)
	}
}

// placed tells whether a None item goes into what is built after all.
func placed(n *markup.Node) bool {
	for _, name := range []string{"CopyToOutputDirectory", "CopyToPublishDirectory", "Pack", "PackagePath", "Link", "LinkBase"} {
		if n.Has(name) || n.Kid(name) != nil {
			return true
		}
	}
	return false
}

// list expands a list with semicolons.
func (e *evaluation) list(text string) []string {
	var out []string
	for _, v := range e.expand(text, 0) {
		for part := range strings.SplitSeq(v, ";") {
			if part = strings.TrimSpace(part); part != "" && !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return out
}

// refersTo follows references to projects.
func (e *evaluation) refersTo(names []string, why string) {
	for _, v := range names {
		found := e.paths(e.dir, v, true)
		if len(found) == 0 && strings.HasSuffix(strings.TrimRight(v, "*/\\"), unknown) && why == "" {
			e.lost = append(e.lost, strings.ReplaceAll(v, unknown, "$(…)"))
		}
		for _, file := range found {
			if file != e.project && !slices.Contains(e.refs, file) {
				e.refs = append(e.refs, file)
			}
		}
	}
}

// takes adds the files that an item includes from elsewhere.
func (e *evaluation) takes(v string, scope workspace.Scope, why string) {
	v = strings.ReplaceAll(v, `\`, "/")
	if i := strings.LastIndex(v, unknown); i >= 0 {
		tail := v[i+1:]
		for strings.HasPrefix(tail, "../") || strings.HasPrefix(tail, "/") {
			tail = tail[strings.IndexByte(tail, '/')+1:]
		}
		// Where it begins is not known: any file that ends so may be meant, when it
		// names one at all.
		if strings.Contains(tail, "/") || strings.Contains(tail, ".") && !strings.HasPrefix(tail, "*") {
			e.input("**/"+glob(tail), scope, why)
		}
		return
	}
	file, ok := within(e.dir, v)
	if !ok || file == "" {
		return
	}
	if under(e.dir, file) && !strings.Contains(file, "*") && !e.inDeeper(file) {
		return
	}
	if !strings.ContainsAny(file, "*?") {
		if e.x.find(file) == "" {
			if e.x.folder(file) {
				e.input(literal(file)+"/**", scope, why)
			} else {
				e.module(file)
			}
			return
		}
		e.input(literal(e.x.find(file)), scope, why)
		return
	}
	if under(e.dir, file) && strings.HasPrefix(strings.TrimPrefix(file, e.dir+"/"), "*") {
		return // of its own folder: nested says what else that means
	}
	e.input(glob(file), scope, why)
}

// inDeeper tells whether a file is in the folder of a project below this one.
func (e *evaluation) inDeeper(file string) bool {
	return slices.ContainsFunc(e.nested, func(d string) bool { return under(d, file) })
}

// wants notes a package that is referred to.
func (e *evaluation) wants(n *markup.Node, c condition, global bool) {
	for _, id := range e.list(n.Attr("Include") + ";" + n.Attr("Update")) {
		key := strings.ToLower(id)
		w := e.packages[key]
		if w == nil {
			w = &wanted{name: id}
			e.packages[key] = w
		}
		w.included = w.included || global || n.Has("Include")
		w.versions = w.versions.add(e.version(n, "Version", c)...)
		if n.Has("VersionOverride") || n.Kid("VersionOverride") != nil {
			w.versions = w.versions.add(e.version(n, "VersionOverride", c)...)
			w.override = w.override || c == ""
		}
	}
}

// version is a version as it is written, with what decides whether it counts.
func (e *evaluation) version(n *markup.Node, name string, c condition) values {
	text := n.Attr(name)
	if text == "" {
		text = n.Of(name)
	}
	if text == "" {
		return nil
	}
	return e.expand(text, 0).each(func(v string) values { return values{v + string(c)} })
}

// target looks for files and projects that tasks work on.
func (e *evaluation) target(n *markup.Node, c condition) {
	for _, k := range n.Kids {
		if *e.steps--; *e.steps < 0 {
			return
		}
		switch strings.ToLower(k.Name) {
		case "propertygroup":
			for _, p := range k.Kids {
				e.set(p, c.and(p))
			}
		case "itemgroup":
			for _, i := range k.Kids {
				e.item(i, c.and(i))
			}
		case "msbuild":
			e.refersTo(e.list(k.Attr("Projects")), "MSBuild")
		default:
			for _, a := range k.Attrs {
				e.words(a.Value, k.Name)
			}
		}
	}
}

// words adds what a command or another attribute of a task names, when it is
// there.
func (e *evaluation) words(text, why string) {
	if !strings.ContainsAny(text, `/\`) {
		return
	}
	for _, v := range e.expand(text, 0) {
		for _, word := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\r\n;\"'=|&<>,", r) }) {
			file, ok := within(e.dir, word)
			if !ok || file == "" || under(e.dir, file) || under(file, e.dir) {
				continue
			}
			if e.x.Hash(file) != "" {
				e.input(literal(file), workspace.Ship, why)
			} else if e.x.folder(file) {
				e.input(literal(file)+"/**", workspace.Ship, why)
			}
		}
	}
}
