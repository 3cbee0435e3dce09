package python

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// maxIncludes is how many requirements files lead to one another.
const maxIncludes = 200

var (
	runs     = regexp.MustCompile(`[-_.]+`)
	nameForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(.*)$`)
	lists    = regexp.MustCompile(`(?s)(install_requires|extras_require|tests_require|setup_requires)\s*=\s*([\[{(].*?[\]})])`)
	quoted   = regexp.MustCompile(`"([^"\n]*)"|'([^'\n]*)'`)
	named    = regexp.MustCompile(`(?m)\bname\s*=\s*["']([A-Za-z0-9._-]+)["']`)
	spec     = regexp.MustCompile(`^[<>=!~;@,\[( ]`)
)

// normal is a name as PEP 503 compares it.
func normal(name string) string { return strings.ToLower(runs.ReplaceAllString(name, "-")) }

// value is a TOML value as text; maps print in the order of their keys.
func value(v any) string { return fmt.Sprintf("%#v", v) }

// parseReq reads a requirement of PEP 508, or a path.
func parseReq(dir, line string) (req, bool) {
	line = strings.TrimSpace(line)
	if rest, ok := cutFlag(line, "-e", "--editable"); ok {
		line = rest
	}
	if r, ok := parsePath(dir, line); ok {
		return r, true
	}
	m := nameForm.FindStringSubmatch(line)
	if m == nil {
		return req{}, false
	}
	if m[3] != "" && !spec.MatchString(m[3]) {
		return req{}, false
	}
	r := req{name: normal(m[1]), spec: m[3]}
	for extra := range strings.SplitSeq(m[2], ",") {
		if extra = strings.TrimSpace(extra); extra != "" {
			r.extras = append(r.extras, normal(extra))
		}
	}
	if at, ok := strings.CutPrefix(m[3], "@"); ok {
		if p, ok := parsePath(dir, strings.TrimSpace(at)); ok {
			r.dir, r.local = p.dir, p.local
		}
	}
	return r, true
}

// parsePath reads "../x", "file:../x", "{root:uri}/../x" and their like.
func parsePath(dir, text string) (req, bool) {
	text, _, _ = strings.Cut(text, " ;")
	text, _, _ = strings.Cut(text, "#")
	text = strings.TrimSpace(text)
	is := false
	for _, prefix := range []string{"file:///${PROJECT_ROOT}/", "file://", "file:", "{root:uri}/", "{root:parent:uri}/"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			text, is = rest, true
			if strings.HasPrefix(prefix, "{root:parent") {
				text = "../" + text
			}
		}
	}
	if !is && text != "." && text != ".." && !strings.HasPrefix(text, "./") && !strings.HasPrefix(text, "../") {
		return req{}, false
	}
	text, _, _ = strings.Cut(text, "[")
	at, ok := join(dir, text)
	return req{dir: at, local: ok}, true
}

func cutFlag(line string, flags ...string) (string, bool) {
	for _, flag := range flags {
		if rest, ok := strings.CutPrefix(line, flag); ok && rest != "" && (rest[0] == ' ' || rest[0] == '=' || len(flag) == 2 && rest[0] != '-') {
			return strings.TrimSpace(strings.TrimLeft(rest, " =")), true
		}
	}
	return "", false
}

// requirements reads what pip installs for a folder.
func (w *reading) requirements(p *project) {
	seen := map[workspace.Scope]map[string]bool{workspace.Ship: {}, workspace.Verify: {}}
	for _, file := range p.marks.requirements {
		rel := strings.TrimPrefix(strings.TrimPrefix(file, p.dir), "/")
		scope := scopeOf(strings.NewReplacer("requirements", "", "/", "-", ".txt", "").Replace(rel))
		if scope == workspace.Ship {
			w.claimed[file] = true
		}
		if p.manifest == "" {
			p.manifest = file
		}
		w.include(p, file, scope, seen[scope])
	}
}

// include reads one file and those that it names.
func (w *reading) include(p *project, file string, scope workspace.Scope, seen map[string]bool) {
	if seen[file] || len(seen) > maxIncludes {
		return
	}
	seen[file] = true
	data, err := w.tree.Read(file)
	if err != nil {
		w.problem(file, firstLine(err), id(p.dir))
		return
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\\\r\n", " "), "\\\n", " ")
	for line := range strings.Lines(text) {
		if i := strings.Index(line, " #"); i >= 0 {
			line = line[:i]
		}
		line = strings.Join(strings.Fields(line), " ")
		if line == "" || line[0] == '#' {
			continue
		}
		if rest, ok := cutFlag(line, "--requirement", "--constraint", "-r", "-c"); ok {
			next, ok := join(parent(file), rest)
			if ok && w.has(next) {
				if scope == workspace.Ship {
					w.claimed[next] = true
				}
				w.include(p, next, scope, seen)
			} else if !strings.Contains(rest, "://") {
				w.problem(file, "names "+rest+", which is not there", id(p.dir))
			}
			continue
		}
		w.line(p, file, line, scope)
	}
}

// line is one requirement, or an option.
func (w *reading) line(p *project, file, line string, scope workspace.Scope) {
	r, ok := parseReq(parent(file), line)
	if ok {
		r.scope, r.via = scope, path.Base(file)
		p.reqs = append(p.reqs, r)
	}
	if scope != workspace.Ship || ok && r.local {
		return
	}
	key, _, _ := strings.Cut(line, " --hash")
	p.lines[key] = line
}

// setupCfg reads the literals of setup.cfg.
func (w *reading) setupCfg(p *project) {
	file := path.Join(p.dir, "setup.cfg")
	data, err := w.tree.Read(file)
	if err != nil {
		return
	}
	head, key := "", ""
	for line := range strings.Lines(string(data)) {
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		if text[0] == '[' {
			head, key = strings.Trim(text, "[]"), ""
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			k, v, ok := strings.Cut(text, "=")
			if !ok {
				continue
			}
			key, text = strings.TrimSpace(k), strings.TrimSpace(v)
		}
		w.cfgValue(p, head, key, text)
		if (head == "metadata" || head == "options") && p.manifest == "" {
			p.manifest = file
		}
	}
}

func (w *reading) cfgValue(p *project, head, key, text string) {
	switch {
	case head == "metadata" && key == "name" && p.name == "":
		p.name = normal(text)
	case head == "options" && key == "install_requires" && text != "":
		p.add([]string{text}, workspace.Ship, "install_requires")
	case head == "options.extras_require" && text != "":
		p.add([]string{text}, scopeOf(key), "extras_require")
	case head == "options.entry_points" && (key == "console_scripts" || key == "gui_scripts") && text != "":
		p.scripts = true
	}
}

// setupPy reads the literals of setup.py; what it computes is not known, but the
// file itself ships.
func (w *reading) setupPy(p *project) {
	file := path.Join(p.dir, "setup.py")
	data, err := w.tree.Read(file)
	if err != nil {
		return
	}
	if p.manifest == "" {
		p.manifest = file
	}
	text := string(data[:min(len(data), 1<<20)])
	if m := named.FindStringSubmatch(text); m != nil && p.name == "" {
		p.name = normal(m[1])
	}
	p.scripts = p.scripts || strings.Contains(text, "console_scripts")
	for _, m := range lists.FindAllStringSubmatch(text, -1) {
		scope := workspace.Ship
		if m[1] == "tests_require" {
			scope = workspace.Verify
		}
		for _, q := range quoted.FindAllStringSubmatch(m[2], -1) {
			p.add([]string{q[1] + q[2]}, scope, m[1])
		}
	}
}
