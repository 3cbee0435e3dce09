package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// webpack reads webpack 5's last line, and the errors that are all that older
// ones and scripts of one's own print.
//
//	webpack 5.90.0 compiled with 1 error in 300 ms
type webpack struct {
	errors Run
}

func (g *webpack) triggers() []string { return []string{"webpack ", "ERROR in "} }

func (g *webpack) line(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		return
	}
	if place, ok := strings.CutPrefix(t, "ERROR in "); ok {
		if strings.ContainsAny(place, "/.\\") && !strings.Contains(place, ": Exception on ") || place == "[eslint]" || place == "main" {
			more(&g.errors, bad("webpack", Build, 1, l), Failure{Name: cut(place), Line: l.Number})
		}
		return
	}
	at := strings.Index(t, "compiled ")
	if at < 0 || at > 40 {
		return
	}
	r := of("webpack", Build, l)
	switch rest := t[at:]; {
	case strings.HasPrefix(rest, "compiled successfully"):
	case strings.HasPrefix(rest, "compiled with "):
		r = problems(r, countBefore(rest, " error"), countBefore(rest, " warning"))
	default:
		return
	}
	if r.State == Failed {
		r.Failures = g.errors.Failures
	}
	g.errors = Run{}
	o.add(r)
}

func (g *webpack) end(o *out) {
	if g.errors.First > 0 {
		o.add(g.errors)
	}
}

var bundleTriggers = []string{
	"✓ built in ", "error during build:", "created ", "[!] ", "Failed to compile.", "✓ Compiled successfully", "Compiled successfully",
	"Compiled with warnings.", "> Build error occurred", "> Build failed because of ", "🚨 Build failed.", "✨ Built in ",
	"ERROR  Failed to compile with ", "ERROR  Build failed with errors.", "⚡ Done in ", "Error: Build failed with ", "Error: Turbopack build failed with ", "✖ Failed to compile.", "× Failed to compile.", "Error: error building site: ",
}

// bundle reads Vite, Rollup, Next, Create React App, Parcel and Vue's CLI.
func bundle(t string, l logline.Line, o *out) {
	if l.Indent > 1 {
		return
	}
	ok := func(tool string) { o.add(of(tool, Build, l)) }
	fails := func(tool string) { o.add(bad(tool, Build, countBefore(t, " error"), l)) }
	switch {
	case strings.HasPrefix(t, "✓ built in "):
		ok("Vite")
	case t == "error during build:":
		fails("Vite")
	case strings.HasPrefix(t, "[!] "):
		if rest := t[len("[!] "):]; anyPrefix(rest, "RollupError: ", "(plugin ", "Error: Could not resolve ", "(rpt2 ") {
			fails("Rollup")
		}
	case strings.HasPrefix(t, "created "):
		if like1(t, "created {*} in {*}s") && l.Indent == 0 && strings.Count(t, " ") < 8 {
			ok("Rollup")
		}
	case t == "Failed to compile.", strings.HasPrefix(t, "> Build error occurred"), strings.HasPrefix(t, "> Build failed because of "):
		fails("Next or Create React App")
	case anyPrefix(t, "✓ Compiled successfully", "Compiled successfully"):
		ok("Next or Create React App")
	case t == "Compiled with warnings.":
		r := of("Next or Create React App", Build, l)
		r.Warnings = 1
		o.add(r)
	case t == "🚨 Build failed.":
		fails("Parcel")
	case strings.HasPrefix(t, "✨ Built in "):
		ok("Parcel")
	case strings.HasPrefix(t, "ERROR  "):
		fails("Vue CLI")
	case strings.HasPrefix(t, "⚡ Done in "):
		ok("esbuild")
	case strings.HasPrefix(t, "Error: Build failed with "):
		if like1(t, "Error: Build failed with {n} error{s}:{*}") {
			fails("esbuild")
		}
	case strings.HasPrefix(t, "Error: Turbopack "):
		fails("Next")
	case t == "✖ Failed to compile.", t == "× Failed to compile.":
		fails("Angular")
	case strings.HasPrefix(t, "Error: error building site: "):
		fails("Hugo")
	}
}

// esbuild reads its errors one by one; those who embed it (Angular, wrangler)
// print them in the same form.
type esbuild struct{ run Run }

func (g *esbuild) triggers() []string { return []string{"✘ [ERROR] ", "X [ERROR] "} }

func (g *esbuild) line(l logline.Line, _ *out) {
	if l.Indent > 0 {
		return
	}
	_, message, _ := strings.Cut(string(l.Text), "[ERROR] ")
	more(&g.run, bad("esbuild", Build, 1, l), Failure{Name: cut(message), Line: l.Number})
}

func (g *esbuild) end(o *out) {
	if g.run.First > 0 {
		o.add(g.run)
	}
}
