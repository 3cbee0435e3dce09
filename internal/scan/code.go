package scan

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/postflight/postflight/internal/rule"
)

// testMain judges a TestMain that ends with a fixed 0; false when there is none.
func testMain(src *source) bool {
	if !strings.Contains(src.text, "func TestMain(") || !strings.Contains(src.text, "os.Exit(") {
		return false
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, src.path, src.text, parser.SkipObjectResolution)
	if err != nil {
		src.skip(0, "this is no Go that could be read: "+err.Error())
		return true
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "TestMain" || f.Body == nil || f.Recv != nil {
			continue
		}
		ran := false
		for _, stmt := range f.Body.List {
			ast.Inspect(stmt, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Run" {
					ran = true
				}
				return true
			})
			if call, zero := exitsZero(stmt); zero && ran {
				src.report(rule.TestMainExit, rule.Warn, fset.Position(call.Pos()).Offset, "TestMain ends with `os.Exit(0)`: the package is ok whatever its tests did; write os.Exit(m.Run())")
			}
		}
	}
	return true
}

func exitsZero(stmt ast.Stmt) (*ast.CallExpr, bool) {
	if d, ok := stmt.(*ast.DeferStmt); ok {
		stmt = &ast.ExprStmt{X: d.Call}
	}
	e, ok := stmt.(*ast.ExprStmt)
	if !ok {
		return nil, false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Exit" {
		return nil, false
	}
	id, ok := sel.X.(*ast.Ident)
	lit, isLit := call.Args[0].(*ast.BasicLit)
	return call, ok && id.Name == "os" && isLit && lit.Value == "0"
}

var (
	testFile = regexp.MustCompile(`(?i)(\.(test|tests|spec|cy|e2e|e2e-spec)\.[cm]?[jt]sx?$|(^|/)(__tests__|tests?|specs?|e2e|cypress)/)`)
	focused  = regexp.MustCompile(`(?:^|[^\w.$])((?:describe|it|test|context|suite|specify|bench|Scenario|Feature)(?:\.(?:concurrent|sequential|each|describe|serial|parallel))*\.only)(?:\.\w+)*\s*(?:\(\s*['"\x60]|\x60|<|\(\s*\w+\.name\b|\(\s*(?:async\b|function\b|[(\[]))`)
	fit      = regexp.MustCompile(`(?m)^[ \t]*(fit|fdescribe|fcontext)\s*\(\s*(['"\x60])`)
	exits    = regexp.MustCompile(`(?:^|[^\w.$])process\.exit(?:Code\s*=|\()\s*(\d+)\b`)
	noTests  = regexp.MustCompile(`\bpassWithNoTests\s*:\s*true\b`)
	settings = regexp.MustCompile(`(^|/)(jest|vitest|vite)\.config\.[cm]?[jt]s$`)
	caught   = regexp.MustCompile(`(?m)^(?:await\s+|void\s+)?((?:[A-Za-z_$][\w$.]*|\(\s*async[^\n]*)?\(?[^\n]*\)|\}\)\(\))\s*\.catch\(\s*(?:console\.(?:error|log|warn)|\(?\s*\w+\s*\)?\s*=>\s*console\.(?:error|log|warn)\([^()]*\))\s*,?\s*\)\s*;?[ \t]*$`)
)

// javascript judges tests and scripts; false when nothing in the file could matter.
func (s *scanner) javascript(src *source) bool {
	focus := testFile.MatchString(src.path) && (strings.Contains(src.text, ".only") || strings.Contains(src.text, "fit") || strings.Contains(src.text, "fdescribe") || strings.Contains(src.text, "fcontext"))
	exit := strings.Contains(src.text, "process.exit")
	catch := strings.Contains(src.text, ".catch(") && s.program(src.path)
	config := settings.MatchString(src.path) && strings.Contains(src.text, "passWithNoTests")
	if !focus && !exit && !catch && !config {
		return false
	}
	masked := withoutText(src.text)
	if config {
		for _, m := range noTests.FindAllStringIndex(masked, -1) {
			src.report(rule.PassWithNoTests, rule.Warn, m[0], "the runner is told to pass when it finds no test")
		}
	}
	if focus {
		for _, m := range focused.FindAllStringSubmatchIndex(masked, -1) {
			src.report(rule.FocusedTest, rule.Warn, m[2], fmt.Sprintf("`%s` leaves all other tests out", src.text[m[2]:m[3]]))
		}
		if !strings.Contains(masked, "function fit") && !strings.Contains(masked, "import { fit") && !strings.Contains(masked, "fit =") {
			for _, m := range fit.FindAllStringSubmatchIndex(masked, -1) {
				src.report(rule.FocusedTest, rule.Warn, m[2], fmt.Sprintf("`%s` leaves all other tests out", src.text[m[2]:m[3]]))
			}
		}
	}
	for _, m := range exits.FindAllStringSubmatchIndex(masked, -1) {
		if n, err := strconv.Atoi(src.text[m[2]:m[3]]); err == nil && n != 0 && n%256 == 0 {
			src.report(rule.StatusWraps, rule.Warn, m[2], fmt.Sprintf("`process.exit(%d)` is `process.exit(0)`: a status has eight bits", n))
		}
	}
	if catch && !strings.Contains(src.text, "unhandledRejection") && !strings.Contains(src.text, "process.exitCode") {
		for _, m := range caught.FindAllStringSubmatchIndex(masked, -1) {
			if strings.Trim(masked[m[1]:], " \t\r\n;})") != "" {
				continue // not the end of the program
			}
			at := strings.Index(src.text[m[0]:], ".catch(") + m[0]
			src.report(rule.NeverSettled, rule.Warn, at, "a failure of the main promise is printed, and the program ends with 0")
		}
	}
	return true
}

// program says whether a file is a program that a pipeline or a person runs.
func (s *scanner) program(p string) bool {
	if s.called[p] || path.Dir(p) == "." {
		return true
	}
	for dir := range strings.SplitSeq(path.Dir(p), "/") {
		switch dir {
		case "scripts", "script", "bin", "tools", "ci", ".ci", "tasks", ".github":
			return true
		}
	}
	for _, called := range s.bases[path.Base(p)] {
		if strings.HasSuffix(p, "/"+called) {
			return true
		}
	}
	return false
}

// withoutText blanks comments and the content of strings, templates and patterns
// of JavaScript, keeping quotes and offsets.
func withoutText(text string) string {
	b := []byte(text)
	blank := func(from, to int) {
		for i := from; i < to && i < len(b); i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	last := byte('\n')
	for i := 0; i < len(b); i++ {
		c := text[i]
		switch {
		case strings.HasPrefix(text[i:], "//"):
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				end = len(text) - i
			}
			blank(i, i+end)
			i += end - 1
			continue
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i+2:], "*/")
			if end < 0 {
				end = len(text) - i - 4
			}
			blank(i, i+end+4)
			i += end + 3
			continue
		case c == '"' || c == '\'' || c == '`':
			end := quoted(text, i)
			blank(i+1, end)
			i = end
		case c == '/' && strings.IndexByte("(,=:[!&|?{};\n+", last) >= 0:
			if end := pattern(text, i); end > i {
				blank(i+1, end)
				i = end
			}
		}
		if c != ' ' && c != '\t' && c != '\r' {
			last = c
		}
	}
	return string(b)
}

// quoted finds the closing quote.
func quoted(text string, from int) int {
	for i := from + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == text[from]:
			return i
		case text[i] == '\n' && text[from] != '`':
			return i
		}
	}
	return len(text)
}

// pattern finds the end of a /pattern/, or -1.
func pattern(text string, from int) int {
	class := false
	for i := from + 1; i < min(len(text), from+2000) && text[i] != '\n'; i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				return i
			}
		}
	}
	return -1
}

var (
	osSystem  = regexp.MustCompile(`(?m)(?:^|[\s;(:])(?:sys\.)?(?:exit|_exit)\(\s*os\.system\(`)
	sysExit   = regexp.MustCompile(`(?m)^[^#\n]*?\bsys\.exit\(\s*([1-9]\d{2,6})\s*\)`)
	unchecked = regexp.MustCompile(`(?m)^([ \t]*)subprocess\.(run|call)\(`)
)

// python judges scripts; false when nothing in the file could matter.
func (s *scanner) python(src *source) bool {
	if !strings.Contains(src.text, "os.system") && !strings.Contains(src.text, "subprocess.") && !strings.Contains(src.text, "sys.exit(") {
		return false
	}
	for _, m := range sysExit.FindAllStringSubmatchIndex(src.text, -1) {
		if n, err := strconv.Atoi(src.text[m[2]:m[3]]); err == nil && n%256 == 0 {
			src.report(rule.StatusWraps, rule.Warn, m[2], fmt.Sprintf("`sys.exit(%d)` is `sys.exit(0)`: a status has eight bits", n))
		}
	}
	for _, m := range osSystem.FindAllStringIndex(src.text, -1) {
		at := m[0] + strings.Index(src.text[m[0]:m[1]], "os.system")
		if line, _ := src.place(at); !strings.HasPrefix(strings.TrimSpace(src.line(line)), "#") {
			src.report(rule.StatusWraps, rule.Warn, at, "os.system returns 256 for a status of 1, and exit(256) is exit(0): use subprocess.call")
		}
	}
	if !s.called[src.path] || testFile.MatchString(src.path) {
		return true
	}
	for _, m := range unchecked.FindAllStringSubmatchIndex(src.text, -1) {
		end := argumentsEnd(src.text, m[1]-1)
		if end < 0 {
			continue
		}
		args := src.text[m[1]:end]
		if strings.Contains(args, "check=") || strings.Contains(args, "**") || classOf(pythonList(args)) != checking || strings.HasPrefix(strings.TrimLeft(src.text[end+1:], " \t"), ".") {
			continue
		}
		src.report(rule.ChildFailed, rule.Warn, m[3], fmt.Sprintf("nobody looks at how `%s` ended: pass check=True", clip(strings.Join(pythonList(args), " "))))
	}
	return true
}

// pythonList are the words of a list of string literals, or of one literal.
func pythonList(args string) []string {
	var out []string
	args = strings.TrimSpace(args)
	if args == "" {
		return nil
	}
	list := args[0] == '['
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case '"', '\'':
			end := quoted(args, i)
			out = append(out, args[i+1:min(end, len(args))])
			i = end
		case ']':
			return out
		case ',':
			if !list {
				return strings.Fields(strings.Join(out, " "))
			}
		}
	}
	if !list {
		return strings.Fields(strings.Join(out, " "))
	}
	return out
}

// argumentsEnd finds the bracket that closes the one at an offset, outside of quotes.
func argumentsEnd(text string, at int) int {
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"', '\'':
			i = quoted(text, i)
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
