package scan

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/rule"
)

var (
	target    = regexp.MustCompile(`^([^\s:#=][^:#=]*?)\s*(::?)\s*([^=#;]*)(?:;(.*))?(?:#.*)?$`)
	makeVar   = regexp.MustCompile(`\$[({]([^(){}]*)[)}]`)
	makeCall  = regexp.MustCompile(`\$\((?:[a-z-]+)[ \t][^()]*(?:\([^()]*\)[^()]*)*\)`)
	makeShell = regexp.MustCompile(`^\s*(?:override\s+|export\s+)*(SHELL|\.SHELLFLAGS|MAKEFLAGS)\s*(?:[:?+]{0,2}=)\s*(.*)$`)
)

// recipe is a target and what makes it.
type recipe struct {
	names  []string
	needs  []string
	double bool
	line   int
	lines  []recipeLine
}

// recipeLine is a logical line of a recipe.
type recipeLine struct {
	text string
	off  int
	line int
}

// makeText is a makefile taken apart.
type makeText struct {
	src      *source
	recipes  []recipe
	phony    map[string]bool
	state    state
	shell    string
	posix    bool
	oneShell bool
	hidden   bool // some phony targets are named by a variable
	odd      bool // SHELL is no shell that is known
}

// makefile reads a makefile.
func (s *scanner) makefile(src *source) {
	m := readMakefile(src)
	for _, r := range m.recipes {
		s.shadowed(m, r)
		s.recipe(m, r)
	}
}

// readMakefile takes a makefile apart.
func readMakefile(src *source) *makeText {
	m := &makeText{src: src, phony: map[string]bool{}, shell: "`sh -c`", posix: true}
	var at *recipe
	define := false
	for n := 1; n <= len(src.starts); n++ {
		first, line := n, src.line(n)
		if strings.HasSuffix(line, "\\") {
			line, n = src.continued(n)
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "define "):
			define, at = true, nil
		case trimmed == "endef":
			define = false
		case define:
		case strings.HasPrefix(line, "\t"):
			if at != nil {
				at.lines = append(at.lines, recipeLine{line[1:], src.starts[first-1] + 1, first})
			}
		case trimmed == "" || trimmed[0] == '#':
		default:
			at = m.statement(line, first, at)
		}
	}
	return m
}

// statement reads a line that is no recipe.
func (m *makeText) statement(line string, n int, at *recipe) *recipe {
	if v := makeShell.FindStringSubmatch(line); v != nil {
		m.setting(v[1], strings.TrimSpace(v[2]), n)
		return nil
	}
	for _, word := range []string{"ifeq", "ifneq", "ifdef", "ifndef", "else", "endif"} {
		if strings.HasPrefix(strings.TrimSpace(line), word) {
			return at
		}
	}
	t := target.FindStringSubmatch(strings.ReplaceAll(line, "\\\n", " "))
	if t == nil || strings.Contains(t[3], "=") {
		return nil
	}
	names, needs := strings.Fields(t[1]), strings.Fields(t[3])
	switch names[0] {
	case ".PHONY":
		for _, name := range needs {
			m.phony[name] = true
			m.hidden = m.hidden || strings.Contains(name, "$")
		}
		return nil
	case ".ONESHELL":
		m.oneShell = true
		return nil
	case ".IGNORE":
		m.src.report(rule.MakeIgnores, rule.Warn, m.src.starts[n-1], "`.IGNORE` makes make ignore failures of the recipes")
		return nil
	}
	if strings.HasPrefix(names[0], ".") && strings.ToUpper(names[0]) == names[0] {
		return nil
	}
	m.recipes = append(m.recipes, recipe{names: names, needs: needs, double: t[2] == "::", line: n})
	at = &m.recipes[len(m.recipes)-1]
	if strings.TrimSpace(t[4]) != "" {
		at.lines = append(at.lines, recipeLine{t[4], m.src.starts[n-1] + strings.Index(m.src.line(n), ";") + 1, n})
	}
	return at
}

// setting reads SHELL, .SHELLFLAGS and MAKEFLAGS.
func (m *makeText) setting(name, value string, n int) {
	switch name {
	case "SHELL":
		fields := strings.Fields(value)
		if len(fields) == 0 {
			return
		}
		base := path.Base(strings.Trim(fields[len(fields)-1], ")"))
		for _, f := range fields {
			if b := path.Base(strings.Trim(f, ")")); b == "bash" || b == "sh" || b == "zsh" {
				base = b
				break
			}
		}
		m.posix = base == "sh"
		m.odd = base != "bash" && base != "sh" && base != "zsh" && base != "dash"
		m.shell = "`" + base + " -c`"
		if st := flagged(fields[1:]); st.errexit || st.pipefail {
			m.state = st
		}
	case ".SHELLFLAGS":
		m.state = flagged(strings.Fields(value))
		m.shell = "`" + strings.Trim(strings.Fields(m.shell + " ")[0], "`") + " " + clip(value) + "`"
	case "MAKEFLAGS":
		for _, f := range strings.Fields(value) {
			if f == "-i" || f == "--ignore-errors" {
				m.src.report(rule.MakeIgnores, rule.Warn, m.src.starts[n-1], "MAKEFLAGS makes make ignore every failure")
			}
		}
	}
}

// recipe reads the lines of a recipe.
func (s *scanner) recipe(m *makeText, r recipe) {
	if m.odd {
		return
	}
	if m.oneShell {
		var b strings.Builder
		for _, l := range r.lines {
			text, _, _ := prefix(l.text)
			b.WriteString(text + "\n")
		}
		if len(r.lines) > 0 {
			s.line(m, r, recipeLine{b.String(), r.lines[0].off, r.lines[0].line})
		}
		return
	}
	only := len(r.lines) > 0
	for _, l := range r.lines {
		s.line(m, r, l)
		text, _, _ := prefix(l.text)
		only = only && sayOnly.MatchString(strings.TrimSpace(text))
	}
	if only && len(r.needs) == 0 && slices.Contains([]string{"test", "tests", "lint", "check", "verify", "e2e"}, r.names[0]) {
		m.src.report(rule.PlaceholderScript, rule.Warn, m.src.starts[r.line-1], fmt.Sprintf("the target %q does nothing and is always a success", r.names[0]))
	}
}

// prefix takes @, - and + off a line of a recipe.
func prefix(line string) (text string, ignores bool, length int) {
	for length < len(line) && strings.IndexByte("@-+ \t", line[length]) >= 0 {
		ignores = ignores || line[length] == '-'
		length++
	}
	return line[length:], ignores, length
}

// line judges one line of a recipe.
func (s *scanner) line(m *makeText, r recipe, l recipeLine) {
	raw, ignores, n := prefix(l.text)
	text := expand(raw)
	st := m.state
	if ignores {
		if checks := checksIn(text); len(checks) > 0 {
			m.src.report(rule.MakeIgnores, rule.Warn, l.off+strings.IndexByte(l.text, '-'), fmt.Sprintf("the `-` makes make ignore a failure of `%s`", checks[0]), l.line)
		}
		return
	}
	out := &outcome{}
	fragment{src: m.src, text: text, raw: raw, start: l.off + n, posix: m.posix, state: st, where: inMake, shell: m.shell, name: r.names[0], allow: []int{l.line}, out: out}.analyse()
	s.note(out)
}

// expand replaces make's variables and functions by words of the same length,
// and $$ by a $ that the shell sees.
func expand(text string) string {
	for range 6 {
		next := makeVar.ReplaceAllStringFunc(text, func(v string) string {
			if strings.Contains(v, "\n") {
				return v
			}
			name := v[2 : len(v)-1]
			if name == "MAKE" {
				return "make" + strings.Repeat(" ", len(v)-4)
			}
			if known, ok := commonVars[name]; ok && len(known) <= len(v) {
				return known + strings.Repeat(" ", len(v)-len(known))
			}
			return strings.Repeat("X", len(v))
		})
		next = makeCall.ReplaceAllStringFunc(next, func(v string) string {
			return strings.Map(func(r rune) rune {
				if r == '\n' {
					return r
				}
				return 'X'
			}, v)
		})
		if next == text {
			break
		}
		text = next
	}
	b := []byte(text)
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '$' {
			continue
		}
		if b[i+1] == '$' {
			b[i] = ' '
			if i > 0 && b[i-1] != ' ' && b[i-1] != '\t' && b[i-1] != '\n' {
				b[i], b[i+1] = '$', '_' // within a word: x$$y
				if i+2 < len(b) && (b[i+2] == '(' || b[i+2] == '{') {
					b[i], b[i+1] = 'X', '$'
				}
			}
			i++
			continue
		}
		b[i] = 'X'
		if b[i+1] != ' ' && b[i+1] != '"' && b[i+1] != '\'' && b[i+1] != ')' {
			b[i+1] = 'X'
		}
	}
	return string(b)
}

// commonVars are variables that everybody gives the name of their tool.
var commonVars = map[string]string{
	"GO": "go", "NPM": "npm", "YARN": "yarn", "PNPM": "pnpm", "CARGO": "cargo", "PYTEST": "pytest", "GOTEST": "go test",
	"GOBUILD": "go build", "GOCMD": "go", "PYTHON": "python", "DOCKER": "docker", "MVN": "mvn", "GRADLE": "gradle",
}

// makeTargets are the names under which people look for something to be done.
const makeTargets = "test tests build lint check docs doc dist install deploy release run bench e2e fmt format coverage integration verify ci package examples"

// shadowed judges a target that exists as a file, so that make does nothing.
func (s *scanner) shadowed(m *makeText, r recipe) {
	base := path.Base(m.src.path)
	if r.double || m.hidden || len(r.lines) == 0 || base != "Makefile" && base != "makefile" && base != "GNUmakefile" {
		return
	}
	for _, name := range r.names {
		if !in(makeTargets, name) || m.phony[name] || s.phony[name] || !s.exists(path.Join(path.Dir(m.src.path), name)) {
			continue
		}
		if slices.ContainsFunc(r.needs, func(n string) bool {
			return m.phony[n] || s.phony[n] || n == "FORCE" || strings.Contains(n, "$") || !s.exists(path.Join(path.Dir(m.src.path), n))
		}) {
			continue
		}
		made := false
		for _, l := range r.lines {
			made = made || strings.Contains(l.text, "$@") || strings.Contains(l.text, "mkdir") && strings.Contains(l.text, name) || strings.Contains(l.text, "-o "+name)
		}
		if made {
			continue
		}
		m.src.report(rule.MakeShadowed, rule.Warn, m.src.starts[r.line-1], fmt.Sprintf("%q exists as a file or folder: make says \"up to date\" and runs nothing; declare it .PHONY", name))
	}
}

// collectPhony reads the .PHONY lines of the makefiles that others include.
func (s *scanner) collectPhony() {
	for _, f := range s.files {
		if f.kind != makefile || len(s.phony) > 100_000 {
			continue
		}
		if base := strings.ToLower(path.Base(f.path)); base == "makefile" || base == "gnumakefile" {
			continue
		}
		content, err := s.read(f.path)
		if err != nil || !strings.Contains(content, ".PHONY") {
			continue
		}
		for name := range readMakefile(open(f.path, content, "")).phony {
			s.phony[name] = true
		}
	}
}

// justfile reads the recipes of a justfile: each line in a shell of its own.
func (s *scanner) justfile(src *source) {
	if strings.Contains(src.text, "set shell") || strings.Contains(src.text, "set windows-shell") {
		return
	}
	inRecipe, own := false, false
	for n := 1; n <= len(src.starts); n++ {
		first, line := n, src.line(n)
		if strings.HasSuffix(line, "\\") {
			line, n = src.continued(n)
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' && !strings.HasPrefix(trimmed, "#!"):
		case line[0] != ' ' && line[0] != '\t':
			inRecipe, own = strings.Contains(trimmed, ":") && !strings.Contains(trimmed, ":="), false
		case strings.HasPrefix(trimmed, "#!"):
			own = true // a program of its own, in whatever language
		case inRecipe && !own:
			text, ignores, length := prefix(line)
			if ignores {
				if checks := checksIn(template(text)); len(checks) > 0 {
					src.report(rule.MakeIgnores, rule.Warn, src.starts[first-1]+strings.IndexByte(line, '-'), fmt.Sprintf("the `-` makes just ignore a failure of `%s`", checks[0]))
				}
				continue
			}
			fragment{src: src, text: template(text), raw: text, start: src.starts[first-1] + length, posix: true, where: inMake, shell: "`sh -cu`", allow: []int{first}}.analyse()
		}
	}
}
