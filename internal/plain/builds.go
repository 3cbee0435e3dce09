package plain

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// built is one way that a Dockerfile is built.
type built struct {
	context string
	named   map[string]string // further contexts: a folder, or "service:x", "target:x"
	by      string            // the file that says so
	self    string            // its service or target
	ignore  string            // the .dockerignore that counts
}

var (
	bakeTarget = regexp.MustCompile(`(?m)^\s*target\s+"([^"]+)"\s*\{`)
	bakeField  = regexp.MustCompile(`(?m)^\s*(context|dockerfile)\s*=\s*"([^"]*)"`)
	bakeNamed  = regexp.MustCompile(`(?ms)^\s*contexts\s*=\s*\{(.*?)\}`)
	bakeEntry  = regexp.MustCompile(`"?([\w.\-/:]+)"?\s*[=:]\s*"([^"]*)"`)
	command    = regexp.MustCompile(`\b(?:docker|podman|buildah|nerdctl)\s+(?:buildx\s+|image\s+)?(?:build|bud)\b((?:[^\n\\]|\\\r?\n)*)`)
)

// builds finds how the Dockerfiles are built: by compose and bake files, by
// workflows, and by scripts that call docker.
func (x *tree) builds() (map[string][]built, []workspace.Problem) {
	out := map[string][]built{}
	var problems []workspace.Problem
	for _, f := range x.files {
		kind := kindOf(f)
		if kind == "" {
			continue
		}
		data, err := x.Read(f)
		if err != nil {
			if kind == "compose" || kind == "bake" {
				problems = append(problems, workspace.Problem{Path: f, Reason: err.Error()})
			}
			continue
		}
		switch kind {
		case "compose":
			x.compose(f, readYAML(data), out)
		case "bake":
			x.bake(f, string(data), out)
		case "workflow":
			links := maxLinks
			x.mappings(f, readYAML(data), out, &links)
			x.commands(f, string(data), out)
		case "script":
			if len(data) < 1<<20 {
				x.commands(f, string(data), out)
			}
		}
	}
	return out, problems
}

// kindOf goes by names.
func kindOf(f string) string {
	base := strings.ToLower(path.Base(f))
	ext := path.Ext(base)
	yml := ext == ".yml" || ext == ".yaml"
	switch {
	case strings.Contains("/"+f, "/node_modules/"):
	case yml && strings.Contains(base, "compose"):
		return "compose"
	case strings.HasPrefix(base, "docker-bake") && (ext == ".hcl" || ext == ".json"):
		return "bake"
	case yml && (strings.HasPrefix(f, ".github/") || strings.HasPrefix(f, ".circleci/") || strings.HasPrefix(base, ".gitlab-ci") || strings.HasPrefix(base, "skaffold") || strings.HasPrefix(base, "cloudbuild") || strings.HasPrefix(base, "azure-pipelines")):
		return "workflow"
	case base == "makefile" || base == "justfile" || base == "jenkinsfile" || base == "taskfile.yml" || ext == ".sh" || ext == ".mk":
		return "script"
	}
	return ""
}

// add notes a way, when both files and folders are in the tree.
func (x *tree) add(out map[string][]built, dockerfile string, b built) {
	if x.Hash(dockerfile) == "" || b.context != "" && !x.folder(b.context) {
		return
	}
	if b.self != "" {
		x.targets[b.by+"#"+b.self] = dockerfile
	}
	for i := range out[dockerfile] {
		if was := out[dockerfile][i]; was.context == b.context && len(was.named) == 0 && len(b.named) == 0 {
			return
		}
	}
	if len(out[dockerfile]) < 50 {
		out[dockerfile] = append(out[dockerfile], b)
	}
}

// plainPath gives variables of a path their defaults; what has none is unknown.
func plainPath(s string) (string, bool) {
	for range 10 {
		before, rest, ok := strings.Cut(s, "${")
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", false
		}
		_, fallback, ok := strings.Cut(name, "-")
		switch {
		case ok:
			s = before + fallback + after
		case strings.Contains(strings.ToLower(name), "workspace") || strings.Contains(strings.ToLower(name), "root") || name == "PWD":
			s = before + "." + after
		default:
			return "", false
		}
	}
	return s, !strings.ContainsAny(s, "$`") && !strings.Contains(s, "://") && !strings.HasPrefix(s, "git@") && !strings.HasPrefix(s, "/")
}

// one notes a context and the Dockerfile in it.
func (x *tree) one(out map[string][]built, base, where, dockerfile string, b built) {
	if where == "" {
		where = "."
	}
	where, ok := plainPath(where)
	if !ok {
		return
	}
	if b.context, ok = within(base, where); !ok {
		return
	}
	if dockerfile == "" {
		dockerfile = "Dockerfile"
	}
	if dockerfile, ok = plainPath(dockerfile); !ok {
		return
	}
	// Compose and bake resolve it in the context, docker build where it is called.
	for _, dir := range []string{b.context, base, ""} {
		if f, ok := within(dir, dockerfile); ok && x.Hash(f) != "" {
			x.add(out, f, b)
			return
		}
	}
}

// compose reads the services of a compose file.
func (x *tree) compose(f string, doc *value, out map[string][]built) {
	services := doc.at("services")
	if services == nil {
		return
	}
	links := maxLinks
	for name, s := range services.keys {
		if links--; links < 0 {
			return
		}
		how := s.at("build")
		if how == nil {
			continue
		}
		b := built{by: f, self: "service:" + name}
		where := how.text
		if how.keys != nil {
			where = how.of("context")
			b.named = x.contexts(parent(f), how.at("additional_contexts"))
		}
		x.one(out, parent(f), where, how.of("dockerfile"), b)
	}
}

// contexts reads additional_contexts: a map, or a list of name=place.
func (x *tree) contexts(base string, v *value) map[string]string {
	if v == nil {
		return nil
	}
	out := map[string]string{}
	put := func(name, place string) {
		if strings.HasPrefix(place, "service:") || strings.HasPrefix(place, "target:") {
			out[strings.ToLower(name)] = place
		} else if p, ok := plainPath(place); ok {
			if dir, ok := within(base, p); ok {
				out[strings.ToLower(name)] = dir
			}
		}
	}
	for name, s := range v.keys {
		put(name, s.text)
	}
	for _, item := range v.items {
		if name, place, ok := strings.Cut(item.text, "="); ok {
			put(name, place)
		}
	}
	return out
}

// bake reads the targets of a bake file, in HCL or JSON, for what they say
// themselves: a target that inherits says less, and its Dockerfile is looked at
// as one without a context.
func (x *tree) bake(f, text string, out map[string][]built) {
	if strings.HasSuffix(f, ".json") {
		targets := readJSON(text).at("target")
		if targets == nil {
			return
		}
		for name, t := range targets.keys {
			x.one(out, parent(f), t.of("context"), t.of("dockerfile"), built{by: f, self: "target:" + name, named: x.contexts(parent(f), t.at("contexts"))})
		}
		return
	}
	heads := bakeTarget.FindAllStringSubmatchIndex(text, 1000)
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		body := text[h[1]:end]
		b := built{by: f, self: "target:" + text[h[2]:h[3]]}
		if m := bakeNamed.FindStringSubmatch(body); m != nil {
			v := &value{keys: map[string]*value{}}
			for _, e := range bakeEntry.FindAllStringSubmatch(m[1], 100) {
				v.keys[e[1]] = &value{text: e[2]}
			}
			b.named = x.contexts(parent(f), v)
		}
		fields := map[string]string{}
		for _, m := range bakeField.FindAllStringSubmatch(body, 100) {
			fields[m[1]] = m[2]
		}
		x.one(out, parent(f), fields["context"], fields["dockerfile"], b)
	}
}

// readJSON reads JSON, which is YAML in brackets.
func readJSON(text string) *value {
	v, _ := flow(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(text[:min(len(text), maxYAML)]), 0)
	return v
}

// mappings looks through a workflow for steps that build an image: a context and
// a file side by side.
func (x *tree) mappings(f string, v *value, out map[string][]built, links *int) {
	if v == nil {
		return
	}
	if *links--; *links < 0 {
		return
	}
	file := v.of("file")
	if file == "" {
		file = v.of("dockerfile")
	}
	if docker := v.at("docker"); docker != nil && v.at("context") != nil {
		file = docker.of("dockerfile") // skaffold
	}
	if v.at("context") != nil && v.of("context") != "" || file != "" && strings.Contains(strings.ToLower(file), "dockerfile") {
		base := ""
		if strings.HasPrefix(path.Base(f), "skaffold") {
			base = parent(f)
		}
		x.one(out, base, v.of("context"), file, built{by: f, named: x.contexts(base, v.at("build-contexts"))})
	}
	for _, k := range v.keys {
		x.mappings(f, k, out, links)
	}
	for _, k := range v.items {
		x.mappings(f, k, out, links)
	}
}

// commands looks for "docker build -f FILE CONTEXT".
func (x *tree) commands(f, text string, out map[string][]built) {
	for _, m := range command.FindAllStringSubmatch(text, 200) {
		line := m[1]
		for _, stop := range []string{"&&", "||", ";", "|", ">"} {
			line, _, _ = strings.Cut(line, stop)
		}
		words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(line, "\\\n", " "), "\\\r\n", " "))
		file, where := "", ""
		for i := 0; i < len(words); i++ {
			w := strings.Trim(words[i], `"'`)
			switch {
			case (w == "-f" || w == "--file") && i+1 < len(words):
				i++
				file = strings.Trim(words[i], `"'`)
			case strings.HasPrefix(w, "--file="):
				file = w[len("--file="):]
			case !strings.HasPrefix(w, "-"):
				where = w // the last word that is no flag
			}
		}
		if where == "" {
			continue
		}
		bases := []string{""}
		if dir := parent(f); dir != "" && !strings.HasPrefix(f, ".") {
			bases = append(bases, dir)
		}
		for _, base := range bases {
			x.one(out, base, where, file, built{by: f})
		}
	}
}

// unit is a Dockerfile with what it takes in.
func (x *tree) unit(f string, ways []built) (workspace.Unit, string) {
	u := workspace.Unit{ID: "plain:" + f, Name: f, Dir: f, Manifest: f, Product: ships(f)}
	u.Inputs = []workspace.Input{{Pattern: literal(f), Scope: workspace.Ship, Why: "Dockerfile"}}
	data, err := x.Read(f)
	var p parsed
	if err == nil {
		p, err = parse(data)
	}
	if err != nil {
		return u, "cannot be read: " + err.Error()
	}
	if len(ways) == 0 {
		ways = x.guess(f, p)
	}
	for _, b := range ways {
		rules, file := x.ignoring(f, b.context)
		b.ignore = file
		if file != "" {
			x.take(&u, workspace.Input{Pattern: literal(file), Scope: workspace.Ship, Why: ".dockerignore"})
		}
		for _, s := range p.sources {
			x.source(&u, p, b, s, rules)
		}
		for _, place := range b.named {
			x.link(&u, b, place)
		}
	}
	for _, name := range p.named {
		u.Needs = append(u.Needs, workspace.Need{Unit: NamePrefix + name, Scope: workspace.Ship, Via: "Dockerfile RUN"})
	}
	return u, ""
}

// link adds the need of an image that another target of the same file makes; the
// caller knows Dockerfiles by what builds them.
func (x *tree) link(u *workspace.Unit, b built, place string) {
	_, name, ok := strings.Cut(place, ":")
	if !ok {
		return
	}
	kind := place[:strings.IndexByte(place, ':')]
	if to := x.targets[b.by+"#"+kind+":"+name]; to != "" && "plain:"+to != u.ID {
		u.Needs = append(u.Needs, workspace.Need{Unit: "plain:" + to, Scope: workspace.Ship, Via: place})
	}
}

// take adds an input once.
func (x *tree) take(u *workspace.Unit, in workspace.Input) {
	if !slices.Contains(u.Inputs, in) {
		u.Inputs = append(u.Inputs, in)
	}
}
