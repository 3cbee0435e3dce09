package jvm

import (
	"regexp"
	"strings"
)

// script is a Gradle script as far as it is understood.
type script struct {
	file string
	code string // without comments
	lits []text
	// What is found once, for the many projects that a script may configure.
	found   bool
	plugs   []plugin
	calls   bool // project(…) of something computed
	loops   bool // over projects, adding them as dependencies
	accs    [][]int
	finds   [][]string
	lookups map[string][]string // by catalog
}

// text is a string literal of a script.
type text struct {
	value   string
	dynamic bool // holds something computed
	at      int  // where it begins in code
	end     int
	blocks  []string // what the blocks around it are called, outermost first
}

// What is read of a script at most.
const (
	maxScript = 2 << 20
	maxBlocks = 60
)

// lex takes the comments out of a script and finds its strings and blocks. It
// reads Groovy and Kotlin alike.
func lex(file, source string) *script {
	l := &lexer{s: source, out: make([]byte, 0, len(source))}
	for l.i < len(l.s) {
		l.step()
	}
	return &script{file: file, code: string(l.out), lits: l.lits}
}

type lexer struct {
	s      string
	i      int
	out    []byte
	lits   []text
	blocks []string
	deep   int // blocks beyond those that are kept
	line   int // where the statement began in out
}

func (l *lexer) step() {
	rest := l.s[l.i:]
	switch c := l.s[l.i]; {
	case strings.HasPrefix(rest, "//"):
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		l.i += end
		return
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			end = len(rest) - 4
		}
		l.i += end + 4
		l.out = append(l.out, ' ')
		return
	case c == '"' || c == '\'':
		l.literal(c)
		return
	case c == '{':
		header := strings.TrimSpace(string(l.out[l.line:]))
		if len(header) > 200 {
			header = header[len(header)-200:]
		}
		if len(l.blocks) < maxBlocks {
			l.blocks = append(l.blocks[:len(l.blocks):len(l.blocks)], header)
		} else {
			l.deep++
		}
		l.line = len(l.out) + 1
	case c == '}':
		switch {
		case l.deep > 0:
			l.deep--
		case len(l.blocks) > 0:
			l.blocks = l.blocks[:len(l.blocks)-1]
		}
		l.line = len(l.out) + 1
	case c == '\n' || c == ';':
		l.line = len(l.out) + 1
	}
	l.out = append(l.out, l.s[l.i])
	l.i++
}

// literal reads a string: of one line, or between three quotes.
func (l *lexer) literal(quote byte) {
	mark := string(quote)
	if strings.HasPrefix(l.s[l.i:], strings.Repeat(mark, 3)) {
		mark = strings.Repeat(mark, 3)
	}
	t := text{at: len(l.out), blocks: l.blocks}
	begin := l.i
	i := l.i + len(mark)
	from, depth := i, 0
	for i < len(l.s) {
		switch {
		case l.s[i] == '\\':
			i++
		case quote == '"' && depth == 0 && strings.HasPrefix(l.s[i:], "${"):
			depth, t.dynamic = 1, true
			i++
		case depth > 0 && l.s[i] == '{':
			depth++
		case depth > 0 && l.s[i] == '}':
			depth--
		case quote == '"' && l.s[i] == '$' && i+1 < len(l.s) && l.s[i+1] != '"':
			t.dynamic = true
		case depth == 0 && strings.HasPrefix(l.s[i:], mark), len(mark) == 1 && l.s[i] == '\n':
			t.value = l.s[from:i]
			l.finish(t, begin, min(i+len(mark), len(l.s)))
			return
		}
		i++
	}
	l.finish(t, begin, min(begin+len(mark), len(l.s)))
}

func (l *lexer) finish(t text, begin, end int) {
	if strings.HasSuffix(l.s[begin:end], "\n") {
		end--
	}
	l.out = append(l.out, l.s[begin:max(end, begin+1)]...)
	l.i = max(end, begin+1)
	t.end = len(l.out)
	if len(t.value) < 2000 {
		l.lits = append(l.lits, t)
	}
}

// before is the statement up to a literal, at most 200 bytes of its line.
func (s *script) before(t text) string {
	from := max(0, t.at-200)
	head := s.code[from:t.at]
	if i := strings.LastIndexAny(head, "\n;{}"); i >= 0 {
		head = head[i+1:]
	}
	return head
}

// The forms that are looked for in scripts.
var (
	testWord    = regexp.MustCompile(`\b(test[A-Z]\w*|test|\w+Test|\w+Test(?:Implementation|Api|CompileOnly|RuntimeOnly|AnnotationProcessor|Compile|Runtime)|androidTest\w*|lintChecks|detektPlugins|ktlint\w*|checkstyle|pmd|spotbugs\w*|jmh\w*|kover\w*|jacocoAggregation|testReportAggregation|dokka\w*|baselineProfile|benchmark\w*)\b`)
	projectCall = regexp.MustCompile(`\bproject\s*\(\s*(?:path\s*[:=]\s*)?(.)`)
	computed    = regexp.MustCompile(`(?i)\b\w*(?:implementation|api|runtimeOnly|compileOnly|compile|runtime)\b\s*\(?\s*(?:it|this|sub\w*|proj\w*|p|module)\s*\)?\s*(?:\n|$|\})`)
	accessor    = regexp.MustCompile(`\bprojects\.([A-Za-z][\w.]*)`)
	anyProject  = regexp.MustCompile(`\b(?:sub|all|child)[pP]rojects\b`)
	inherited   = regexp.MustCompile(`\b(?:subprojects|allprojects|childProjects|buildscript|configure|extra|ext|gradle\.\w*[pP]roject\w*|afterEvaluate)\b`)
	pluginID    = regexp.MustCompile(`\b(?:id\s*\(?|plugin\s*[:=]|apply\s*\()\s*["']([\w.\-]+)["']\s*\)?([^\n]*)`)
	kotlinID    = regexp.MustCompile(`\bkotlin\s*\(\s*"([\w.\-]+)"\s*\)([^\n]*)`)
	aliasCall   = regexp.MustCompile(`\balias\s*\(?\s*(\w+)\.plugins\.([\w.]+)\s*\)?([^\n]*)`)
	bareID      = regexp.MustCompile("(?m)(?:^|[{;])\\s*(?:`([\\w\\-]+)`|(application|war|ear|distribution))\\s*(?:$|[;}])")
	versionOf   = regexp.MustCompile(`version\s*\(?\s*["']([^"']+)["']`)
	noApply     = regexp.MustCompile(`apply\s*\(?\s*false`)
	bootOff     = regexp.MustCompile(`\bbootJar\b[^}]{0,120}?enabled(?:\s*=|\s*\.set\(|\s)\s*false`)
	projectDir  = regexp.MustCompile(`project\(\s*["'](:[^"']*)["']\s*\)\s*\.\s*projectDir\s*=([^\n]*)`)
	quoted      = regexp.MustCompile(`["']([^"']+)["']`)
	catalogFrom = regexp.MustCompile(`(?:create\s*\(\s*["'](\w+)["']\s*\)|(\w+))\s*\{\s*from\s*\(?\s*files\s*\(\s*["']([^"']+)["']`)
	packageLine = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)`)
	classOf     = regexp.MustCompile(`implementationClass\s*(?:=|\.set\()\s*["']([\w.$]+)["']`)
	idOf        = regexp.MustCompile(`\bid\s*(?:=|\.set\()\s*(?:["']([\w.\-]+)["']|(\w+)\.plugins\.([\w.]+?)(?:\.asProvider\(\))?\.get\(\))`)
	executables = regexp.MustCompile(`\bbinaries\s*\.?\s*\{?\s*(?:\.\s*)?executable\s*\(|\bmainClass(?:Name)?\s*(?:=|\.set)`)
	findCall    = regexp.MustCompile(`\bfind(?:Library|Version|Plugin|Bundle)\s*\(\s*(?:["']([^"'$]+)["']|)`)
)

// plugin is one that a script applies, or only names a version of.
type plugin struct {
	id, version  string
	catalog, key string // when it is named by an alias
	applied      bool
}

// look finds what the forms of a script are, once.
func (s *script) look() {
	if s.found {
		return
	}
	s.found, s.lookups = true, map[string][]string{}
	s.plugs = s.plugins()
	for _, m := range projectCall.FindAllStringSubmatchIndex(s.code, -1) {
		before := strings.TrimSpace(s.code[max(0, m[0]-5):m[0]])
		if c := s.code[m[2]]; c != '"' && c != '\'' && c != ')' && !strings.HasSuffix(before, "fun") && !strings.HasSuffix(before, "def") {
			s.calls = true
		}
	}
	s.loops = anyProject.MatchString(s.code) && computed.MatchString(s.code)
	s.accs = accessor.FindAllStringSubmatchIndex(s.code, -1)
	s.finds = findCall.FindAllStringSubmatch(s.code, -1)
}

// accesses are the accessors of a catalog: libs.a.b is "a.b".
func (s *script) accesses(name string) []string {
	s.look()
	out, ok := s.lookups[name]
	if !ok {
		out = accesses(s.code, name)
		s.lookups[name] = out
	}
	return out
}

// plugins are those that a script names.
func (s *script) plugins() []plugin {
	var out []plugin
	add := func(p plugin, rest string) {
		p.applied = !noApply.MatchString(rest)
		if m := versionOf.FindStringSubmatch(rest); m != nil {
			p.version = m[1]
		}
		out = append(out, p)
	}
	for _, m := range pluginID.FindAllStringSubmatch(s.code, -1) {
		add(plugin{id: m[1]}, m[2])
	}
	for _, m := range kotlinID.FindAllStringSubmatch(s.code, -1) {
		add(plugin{id: "org.jetbrains.kotlin." + m[1]}, m[2])
	}
	for _, m := range aliasCall.FindAllStringSubmatch(s.code, -1) {
		add(plugin{catalog: m[1], key: m[2]}, m[3])
	}
	for _, m := range bareID.FindAllStringSubmatch(s.code, -1) {
		add(plugin{id: m[1] + m[2]}, "")
	}
	return out
}
