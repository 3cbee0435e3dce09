package plain

import (
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// maxListed is how many patterns one source may become when .dockerignore takes
// pieces out of it; past that it counts whole.
const maxListed = 400

// guess is the context of a Dockerfile that nothing is known to build: the
// nearest folder from its own upwards in which most of its sources are. Where
// all it copies is everything, that is its own folder, and the root too when it
// speaks of its folder by the path from there, or has nothing beside it.
func (x *tree) guess(f string, p parsed) []built {
	own := parent(f)
	best, most := own, -1
	named := 0
	for dir := own; ; dir = parent(dir) {
		found := 0
		named = 0
		for _, s := range p.sources {
			if s.from != "" || isAll(s.path) {
				continue
			}
			named++
			if len(x.match(dir, s.path)) > 0 {
				found++
			}
		}
		if found > most {
			best, most = dir, found
		}
		if dir == "" {
			break
		}
	}
	out := []built{{context: best}}
	whole := slices.ContainsFunc(p.sources, func(s source) bool { return s.from == "" && isAll(s.path) })
	if !whole || named > 0 && most > 0 || own == "" {
		return out
	}
	if strings.Contains(p.text, own+"/") || strings.Contains(p.text, own+"\n") || strings.Contains(p.text, own+" ") || x.alone(own) {
		out = append(out, built{context: ""})
	}
	return out
}

// alone tells whether a folder holds nothing that an image could be made of.
func (x *tree) alone(dir string) bool {
	for _, f := range x.below(dir) {
		base := strings.ToLower(path.Base(f))
		switch {
		case strings.Contains(base, "dockerfile") || strings.Contains(base, "compose") || strings.HasSuffix(base, ".dockerignore"):
		case strings.HasSuffix(base, ".sh") || strings.HasSuffix(base, ".conf") || strings.HasSuffix(base, ".md") || strings.HasPrefix(base, ".env"):
		default:
			return false
		}
	}
	return true
}

// isAll tells sources that are the whole context.
func isAll(s string) bool {
	s = strings.Trim(path.Clean("/"+s), "/")
	return s == "" || s == "*" || s == "**"
}

// ignoring finds the rules of a context: beside the Dockerfile, or at its root.
func (x *tree) ignoring(f, context string) ([]rule, string) {
	for _, file := range []string{f + ".dockerignore", path.Join(context, ".dockerignore"), path.Join(context, ".containerignore")} {
		if x.Hash(file) == "" {
			continue
		}
		data, err := x.Read(file)
		if err != nil {
			return nil, file // nothing is left out
		}
		return ignore(data), file
	}
	return nil, ""
}

// source adds what one instruction takes.
func (x *tree) source(u *workspace.Unit, p parsed, b built, s source, rules []rule) {
	context := b.context
	if s.from != "" {
		low := strings.ToLower(s.from)
		place, ok := b.named[low]
		if !ok || strings.HasPrefix(place, "service:") || strings.HasPrefix(place, "target:") || slices.Contains(p.stages, low) {
			return
		}
		context, rules = place, nil
	}
	name := strings.Trim(path.Clean("/"+s.path), "/")
	why := Copied
	if s.step < len(p.images) {
		why = Built
	}
	key := ""
	if len(rules) > 0 {
		key = why + context + "\x00" + name + "\x00" + b.ignore
	}
	if inputs, ok := x.kept[key]; ok && key != "" {
		for _, in := range inputs {
			x.take(u, in)
		}
		return
	}
	var inputs []workspace.Input
	for _, pattern := range x.patterns(context, name, rules) {
		inputs = append(inputs, workspace.Input{Pattern: pattern, Scope: workspace.Ship, Why: why})
	}
	if key != "" {
		x.kept[key] = inputs
	}
	for _, in := range inputs {
		x.take(u, in)
	}
}

// match are the files and folders of a context that a source names.
func (x *tree) match(context, name string) []string {
	name = strings.Trim(path.Clean("/"+name), "/")
	file, ok := within(context, name)
	if !ok {
		return nil
	}
	if !strings.ContainsAny(file, `*?[`) {
		if x.Hash(file) != "" || x.folder(file) {
			return []string{file}
		}
		return nil
	}
	var out []string
	want := strings.Split(file, "/")
	root := ""
	for i, part := range want {
		if strings.ContainsAny(part, `*?[`) {
			root = strings.Join(want[:i], "/")
			break
		}
	}
	seen := map[string]bool{}
	for _, f := range x.below(root) {
		if x.steps -= len(want); x.steps < 0 {
			return append(out, root)
		}
		parts := strings.Split(f, "/")
		if len(parts) < len(want) {
			continue
		}
		head := strings.Join(parts[:len(want)], "/")
		if done, ok := seen[head]; ok || done {
			continue
		}
		seen[head] = true
		if ok, err := path.Match(file, head); ok || err != nil {
			out = append(out, head)
		}
	}
	return out
}

// patterns are those of the files that a source takes, less what is ignored. A
// source that is not there yet stays as it is written.
func (x *tree) patterns(context, name string, rules []rule) []string {
	if isAll(name) {
		return x.less(context, context, rules)
	}
	file, ok := within(context, name)
	if !ok {
		return nil
	}
	if strings.ContainsAny(file, `*?[`) {
		out := []string{glob(file), glob(file) + "/**"}
		if len(rules) == 0 {
			return out
		}
		out = nil
		for _, m := range x.match(context, name) {
			out = append(out, x.less(context, m, rules)...)
		}
		if len(out) > maxListed {
			return []string{glob(file), glob(file) + "/**"}
		}
		return out
	}
	if x.Hash(file) == "" && !x.folder(file) {
		return []string{literal(file), literal(file) + "/**"}
	}
	return x.less(context, file, rules)
}

// glob is a source's pattern for the matcher of inputs.
func glob(file string) string {
	return strings.NewReplacer("{", `\{`, "}", `\}`).Replace(file)
}

// less are patterns of a file or folder of a context, with what the rules leave
// out taken away, a folder at a time.
func (x *tree) less(context, file string, rules []rule) []string {
	whole := literal(file) + "/**"
	if file == "" {
		whole = "**"
	}
	inside := func(f string) string { return strings.TrimPrefix(strings.TrimPrefix(f, context), "/") }
	if x.Hash(file) != "" && !x.folder(file) {
		if len(rules) > 0 && ignored(rules, inside(file)) {
			return nil
		}
		return []string{literal(file)}
	}
	if len(rules) == 0 {
		return []string{whole}
	}
	files := x.below(file)
	out := make([]bool, len(files))
	for i, f := range files {
		if x.steps -= len(rules); x.steps < 0 {
			return []string{whole}
		}
		out[i] = ignored(rules, inside(f))
	}
	list := fold(files, out, file, nil)
	if len(list) > maxListed {
		// Too many pieces: whole folders, but for those that are left out whole.
		if list = tops(files, out, file); len(list) > maxListed {
			return []string{whole}
		}
	}
	return list
}

// fold writes the files that stay as few patterns: a folder of which all stays
// is one.
func fold(files []string, out []bool, dir string, list []string) []string {
	if !slices.Contains(out, true) {
		if dir == "" {
			return append(list, "**")
		}
		return append(list, literal(dir)+"/**")
	}
	if len(list) > maxListed {
		return list
	}
	for i := 0; i < len(files); {
		rest := strings.TrimPrefix(strings.TrimPrefix(files[i], dir), "/")
		name, _, deeper := strings.Cut(rest, "/")
		if !deeper {
			if !out[i] {
				list = append(list, literal(files[i]))
			}
			i++
			continue
		}
		sub := strings.TrimPrefix(dir+"/"+name, "/")
		j := i
		for j < len(files) && strings.HasPrefix(files[j], sub+"/") {
			j++
		}
		if slices.Contains(out[i:j], false) {
			list = fold(files[i:j], out[i:j], sub, list)
		}
		i = j
	}
	return list
}

// tops are the entries of a folder of which anything stays.
func tops(files []string, out []bool, dir string) []string {
	var list []string
	for i, f := range files {
		if out[i] {
			continue
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(f, dir), "/")
		name, _, deeper := strings.Cut(rest, "/")
		pattern := literal(strings.TrimPrefix(dir+"/"+name, "/"))
		if deeper {
			pattern += "/**"
		}
		if len(list) == 0 || list[len(list)-1] != pattern {
			list = append(list, pattern)
		}
	}
	return list
}
