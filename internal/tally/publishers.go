package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

var moreTriggers = []string{
	"build finished with problems", "Sphinx error:", "Aborted with ", "jekyll ", "! LaTeX Error: ", "!  ==> Fatal error occurred", number + "chart(s) linted, ",
	"========== Build: ", "========== Rebuild All: ", "│              assertions │",
}

// moreTools reads Sphinx, MkDocs, Jekyll and LaTeX, Helm's lint, Visual Studio
// and Newman.
func moreTools(t string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	switch {
	case strings.HasPrefix(t, "build finished with problems"), t == "Sphinx error:":
		o.add(bad("Sphinx", Build, 1, l))
	case strings.HasPrefix(t, "Aborted with "):
		if n, ok := like(t, "Aborted with {n} warning{s} in {*}strict{*} mode!"); ok {
			o.add(bad("MkDocs", Build, n[0], l))
		}
	case strings.HasPrefix(t, "jekyll "):
		if like1(t, "jekyll {n}.{*} | Error: {*}") {
			o.add(bad("Jekyll", Build, 1, l))
		}
	case strings.HasPrefix(t, "!"):
		o.add(bad("LaTeX", Build, 1, l))
	case digit(t[0]):
		if n, ok := like(t, "{n} chart(s) linted, {n} chart(s) failed"); ok {
			o.add(problems(of("Helm", Lint, l), n[1], 0))
		}
	case strings.HasPrefix(t, "==========") && strings.HasSuffix(t, "=========="):
		if n, ok := numberAfter(t, " succeeded, "); ok {
			o.add(problems(of("Visual Studio", Build, l), n, 0))
		}
	case strings.HasPrefix(t, "│"):
		if n, ok := like(spaced(t), "│ assertions │ {n} │ {n} │"); ok {
			o.add(tested(of("Newman", Test, l), n[0]-n[1], n[1], 0))
		}
	}
}
