package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// msbuild reads dotnet build and MSBuild.
type msbuild struct {
	fails []Failure
	seen  map[string]bool
	open  Run // "Build succeeded.", until its counts are read
}

func (g *msbuild) triggers() []string {
	return []string{
		inner, "Build succeeded", "Build FAILED", "Build failed with ", number + "Error(s)", number + "Warning(s)",
		"MSBUILD : error MSB",
	}
}

func (g *msbuild) line(l logline.Line, o *out) {
	t := o.text(l)
	switch {
	case strings.Contains(t, ": error ") || strings.HasPrefix(t, "MSBUILD : error MSB"):
		g.problem(t, l)
	case t == "Build succeeded." && l.Indent == 0:
		g.flush(o)
		g.open = of("MSBuild", Build, l)
	case t == "Build FAILED." && l.Indent == 0:
		g.flush(o)
		g.open = bad("MSBuild", Build, 1, l)
	case strings.HasPrefix(t, "Build "):
		g.terminal(t, l, o)
	case g.open.First > 0:
		if n, ok := like(t, "{n} Warning(s)"); ok {
			g.open.Warnings = n[0]
		} else if n, ok := like(t, "{n} Error(s)"); ok {
			g.open.Failed, g.open.Last = n[0], l.Number
			g.flush(o)
		}
	}
}

// terminal reads the terminal logger's "Build failed with 1 error(s) in 3.1s".
func (g *msbuild) terminal(t string, l logline.Line, o *out) {
	if l.Indent > 0 || !strings.HasSuffix(t, "s") {
		return
	}
	for _, p := range []string{
		"Build succeeded in {*}s", "Build succeeded with {n} warning(s) in {*}s", "Build failed in {*}s",
		"Build failed with {n} error(s) in {*}s", "Build failed with {n} error(s) and {n} warning(s) in {*}s",
	} {
		n, ok := like(t, p)
		if !ok {
			continue
		}
		g.flush(o)
		g.open = of("MSBuild", Build, l)
		if strings.HasPrefix(t, "Build failed") {
			g.open = bad("MSBuild", Build, n[0], l)
			g.open.Warnings = n[1]
		} else {
			g.open.Warnings = n[0]
		}
		g.flush(o)
		return
	}
}

// problem keeps an error "a.cs(1,2): error CS1002: ; expected [a.csproj]"; the
// summary repeats each.
func (g *msbuild) problem(t string, l logline.Line) {
	t = strings.TrimPrefix(t, "##[error]")
	at := strings.Index(t, "error ")
	code, _, ok := strings.Cut(t[at+len("error "):], ":")
	if !ok || len(code) < 4 || !anyPrefix(code, "CS", "MSB", "NU", "NETSDK", "BC", "FS", "CA", "IDE", "SA", "xUnit", "LNK", "AD") || g.seen[t] {
		return
	}
	if !digit(code[len(code)-1]) || len(g.fails) >= maxFailures {
		return
	}
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	g.seen[t] = true
	g.fails = append(g.fails, Failure{Name: cut(strings.TrimRight(t[:at], ": ")), Message: cut(t[at:]), Line: l.Number})
}

func (g *msbuild) flush(o *out) {
	r := g.open
	if r.First == 0 {
		return
	}
	if r.State == Failed {
		r.Failed = max(r.Failed, 1)
		r.Failures = g.fails
	} else if r.Failed > 0 {
		r.State = Failed
	}
	o.add(r)
	g.open, g.fails, g.seen = Run{}, nil, nil
}

// end adds errors that no summary followed: it can be turned off.
func (g *msbuild) end(o *out) {
	g.flush(o)
	if len(g.fails) == 0 {
		return
	}
	first := g.fails[0]
	o.add(Run{
		Tool: "MSBuild", Kind: Build, State: Failed, Failed: len(g.fails), Failures: g.fails,
		First: first.Line, Last: g.fails[len(g.fails)-1].Line, Text: first.Name + ": " + first.Message,
	})
}
