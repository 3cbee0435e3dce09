package scan

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/postflight/postflight/internal/rule"
)

// call judges one simple command.
func (w *walker) call(s *syntax.Stmt, cmd *syntax.CallExpr, c *around) {
	args := argv(cmd)
	w.set(args, c)
	for _, a := range cmd.Assigns {
		w.words(c, a.Value)
	}
	w.words(c, cmd.Args...)
	if len(args) == 0 {
		return
	}
	if len(w.out.paths) < 1000 {
		w.out.paths = append(w.out.paths, ran(args)...)
	}
	plain := unwrap(args)
	if len(plain) == 0 {
		return
	}
	kind := classOf(args)
	if kind == checking && len(w.out.checks) < 1000 {
		w.out.checks = append(w.out.checks, w.show(cmd))
	}
	switch path.Base(plain[0]) {
	case "trap":
		w.trap(cmd, args)
	case "exit":
		w.exit(cmd, plain)
	case "find":
		w.find(cmd, plain, c)
	case "curl":
		w.curl(s, cmd, plain, c)
	case "make", "gmake":
		if slices.Contains(plain, "-i") || slices.Contains(plain, "--ignore-errors") {
			w.finding(rule.MakeIgnores, offset(cmd), fmt.Sprintf("`%s` ignores every failure in the makefile", w.show(cmd)))
		}
	case "docker-compose", "docker":
		w.compose(cmd, plain)
	case "echo", "printf":
		w.arguments(cmd)
	}
	w.flags(cmd, plain, kind)
	w.texts(cmd, args, c)
}

// ran are the scripts that a command runs.
func ran(args []string) []string {
	args = unwrap(args)
	var out []string
	for i, a := range args {
		if i < 3 && (strings.HasSuffix(a, ".py") || strings.HasSuffix(a, ".js") || strings.HasSuffix(a, ".ts") || strings.HasSuffix(a, ".mjs") || strings.HasSuffix(a, ".cjs") || strings.HasSuffix(a, ".sh")) {
			out = append(out, strings.TrimPrefix(path.Clean(a), "./"))
		}
	}
	return out
}

// trap judges `trap '… exit 0' EXIT`.
func (w *walker) trap(cmd *syntax.CallExpr, args []string) {
	if len(args) < 3 || !slices.ContainsFunc(args[2:], func(s string) bool { return s == "EXIT" || s == "0" }) {
		return
	}
	body := args[1]
	stmts, ok := parse(body)
	if !ok {
		return
	}
	if len(stmts) == 1 {
		if call, ok := stmts[0].Cmd.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			name, _ := literal(call.Args[0])
			if f := w.functions[name]; f != nil {
				if block, ok := f.Body.Cmd.(*syntax.Block); ok {
					stmts = block.Stmts
				}
			}
		}
	}
	if len(stmts) == 0 {
		return
	}
	last, ok := stmts[len(stmts)-1].Cmd.(*syntax.CallExpr)
	if !ok {
		return
	}
	if end := argv(last); len(end) == 2 && end[0] == "exit" && end[1] == "0" {
		w.finding(rule.ExitTrap, offset(cmd), "the trap on EXIT ends with `exit 0`: the script is green however it failed")
	}
}

// parse reads a text of shell for its statements.
func parse(text string) ([]*syntax.Stmt, bool) {
	if len(text) > maxFragment || nested(text) > maxNesting {
		return nil, false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, false
	}
	return file.Stmts, true
}

func (w *walker) exit(cmd *syntax.CallExpr, args []string) {
	if len(args) != 2 {
		return
	}
	if n, err := strconv.Atoi(args[1]); err == nil && n != 0 && n%256 == 0 {
		w.finding(rule.StatusWraps, offset(cmd), fmt.Sprintf("`exit %d` is `exit 0`: a status has eight bits", n))
	}
}

// find judges `-exec cmd {} \;`.
func (w *walker) find(cmd *syntax.CallExpr, args []string, c *around) {
	if c.piped || c.captured || c.examined {
		return
	}
	for i, a := range args {
		if a != "-exec" && a != "-execdir" {
			continue
		}
		end := slices.IndexFunc(args[i:], func(s string) bool { return s == ";" || s == "+" })
		if end < 0 || args[i+end] == "+" {
			return
		}
		inner := args[i+1 : i+end]
		if k := classOf(inner); k == checking || k == fallible && !in(lists, path.Base(inner[0])) {
			w.finding(rule.FindExec, offset(cmd.Args[0]), fmt.Sprintf("find ignores the status of `%s`: end it with `+`, or use xargs", clip(strings.Join(inner, " "))))
			return
		}
	}
}

// arguments judges `echo $(check)`.
func (w *walker) arguments(cmd *syntax.CallExpr) {
	for _, a := range cmd.Args[1:] {
		for _, sub := range substitutions(a) {
			for _, s := range sub.Stmts {
				if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && b.Op != syntax.AndStmt {
					continue // looked at, or judged as a pipe
				}
				if check := w.check(s); check != nil && !quiet(argv(check)) {
					w.finding(rule.Substitution, offset(check), fmt.Sprintf("the status of `%s` within the arguments of `%s` is lost", w.show(check), w.show(cmd.Args[0])))
					return
				}
			}
		}
	}
}

var (
	quietHosts = regexp.MustCompile(`(?i)slack|discord|telegram|teams|office\.com|pushover|ntfy|codecov|coveralls|codacy|notify|hc-ping|healthchecks|webhook_url|ipinfo|ifconfig|ipify|icanhazip|checkip`)
	quietFile  = regexp.MustCompile(`(?:-o|-[a-zA-Z]*o|--output|>)[ =]*"?[^\s"]+\.(?:json|ya?ml|txt|xml|html|csv|env|conf|pem|crt|sql)"?(?:\s|$)`)
	releases   = regexp.MustCompile(`(?i)deploy|release|publish|dist|rollout|(^|/)\.?ci/`)
	shortFlag  = regexp.MustCompile(`^-[a-zA-Z#:]+$`)
)

// curl judges a request whose answer may be 500 without anybody's notice: one
// that changes something, or that was made only to see whether it works.
func (w *walker) curl(s *syntax.Stmt, cmd *syntax.CallExpr, args []string, c *around) {
	text := w.show(cmd)
	whole := w.text[cmd.Pos().Offset():min(int(cmd.End().Offset()), len(w.text))]
	if c.captured || c.piped || c.examined && !c.inLoop || quietHosts.MatchString(whole) {
		return
	}
	effect, output, url := false, len(s.Redirs) > 0, false
	for i, a := range args[1:] {
		switch {
		case a == "-X" || a == "--request":
			if i+2 < len(args) && args[i+2] != "GET" && args[i+2] != "HEAD" {
				effect = true
			}
			continue
		case strings.HasPrefix(a, "--fail") || a == "-w" || a == "--write-out" || strings.HasPrefix(a, "--write-out=") || a == "-K" || a == "--config" || a == "--version" || a == "--head" || a == "--include" || a == "--verbose" || a == "--help":
			return
		case strings.HasPrefix(a, "--data") || strings.HasPrefix(a, "--form") || a == "--upload-file" || a == "--json":
			effect = true
		case strings.HasPrefix(a, "-X") && len(a) > 2:
			effect = effect || a != "-XGET" && a != "-XHEAD"
		case a == "--output" || a == "--remote-name" || strings.HasPrefix(a, "--output=") || a == "--remote-name-all":
			output = true
		case shortFlag.MatchString(a):
			if strings.ContainsAny(a, "fIivwK") {
				return
			}
			output = output || strings.ContainsAny(a, "oO")
			effect = effect || strings.ContainsAny(a, "dFT")
		case strings.HasPrefix(a, "$_") && a == "$_" && i == 0:
			return // flags, perhaps
		case strings.Contains(a, "://") || strings.Contains(a, "localhost") || strings.Contains(a, "127.0.0.1"):
			url = true
		}
	}
	if strings.Contains(whole, "/dev/null") {
		output = false
	}
	switch {
	case w.where == inScript && !releases.MatchString(w.src.path):
		return
	case effect && !output:
	case output && w.where == inStep && quietFile.MatchString(whole+" "+w.redirected(s)):
	case !output && url && w.where == inStep && !c.examined:
	default:
		return
	}
	w.finding(rule.CurlWithoutFail, offset(cmd), fmt.Sprintf("`%s` is 0 although the server answered 404 or 500: add --fail", text))
}

// redirected is what a statement redirects, as it is written.
func (w *walker) redirected(s *syntax.Stmt) string {
	var b strings.Builder
	for _, r := range s.Redirs {
		b.WriteString(" " + w.show(r))
	}
	return b.String()
}

// compose judges `docker compose up` that runs to its end.
func (w *walker) compose(cmd *syntax.CallExpr, args []string) {
	if args[0] == "docker" {
		if len(args) < 2 || args[1] != "compose" {
			return
		}
	}
	up, foreground, aborts := false, true, false
	for _, a := range args {
		switch {
		case a == "up":
			up = true
		case a == "-d" || a == "--detach" || a == "--wait" || a == "--no-start":
			foreground = false
		case strings.HasPrefix(a, "--exit-code-from") || a == "--abort-on-container-failure" || strings.Contains(a, "$_"):
			return
		case a == "--abort-on-container-exit":
			aborts = true
		case !strings.HasPrefix(a, "--") && strings.HasPrefix(a, "-") && strings.Contains(a, "d") && up:
			foreground = false
		}
	}
	if up && foreground && (aborts || w.where == inStep) {
		w.finding(rule.RemoteStatus, offset(cmd), fmt.Sprintf("`%s` is 0 although a container failed: name it with --exit-code-from", w.show(cmd)))
	}
}

// flags judges flags that turn nothing into a success.
func (w *walker) flags(cmd *syntax.CallExpr, args []string, kind class) {
	text := " " + strings.Join(args, " ") + " "
	for _, a := range args {
		switch {
		case a == "--passWithNoTests" || a == "--pass-with-no-tests" || a == "--passWithNoTests=true" || a == "--no-tests=pass" || a == "--allow-no-tests":
			if !strings.Contains(text, "findRelatedTests") && !strings.Contains(text, "lint-staged") && !strings.Contains(text, " --watch") && !servesOnly(w.name) {
				w.finding(rule.PassWithNoTests, offset(cmd), fmt.Sprintf("`%s` passes when it finds no test", w.show(cmd)))
			}
			return
		case a == "--onlyChanged" && strings.Contains(text, "jest") && w.where == inStep:
			w.finding(rule.PassWithNoTests, offset(cmd), fmt.Sprintf("`%s` has nothing to run on a fresh checkout, and passes", w.show(cmd)))
			return
		case a == "--if-present" && w.where == inStep && args[0] == "npm" && (strings.Contains(text, " test ") || strings.Contains(text, " run test")) && !strings.Contains(text, "workspace") && !strings.Contains(text, " -w"):
			w.finding(rule.PassWithNoTests, offset(cmd), fmt.Sprintf("`%s` passes when there is no such script", w.show(cmd)))
			return
		case a == "--exit" && (path.Base(args[0]) == "mocha" || path.Base(args[0]) == "_mocha"):
			w.finding(rule.LateFailure, offset(cmd), "`mocha --exit` ends before late failures can show")
			return
		case strings.HasPrefix(a, "--retries=") && a != "--retries=0" && kind == checking && w.where != inScript:
			w.level(rule.FlakyRetries, rule.Note, offset(cmd), fmt.Sprintf("`%s` tries failed tests again: read what it had to retry", w.show(cmd)))
			return
		case (a == "--rerun-fails" || strings.HasPrefix(a, "--rerun-fails=") || a == "--reruns" || strings.HasPrefix(a, "--reruns=")) && kind == checking && !strings.Contains(text, "rerun-fails=0") && !strings.Contains(text, "reruns=0"):
			w.level(rule.FlakyRetries, rule.Note, offset(cmd), fmt.Sprintf("`%s` tries failed tests again: read what it had to retry", w.show(cmd)))
			return
		}
	}
}
