package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// compiler reads compilers that print errors and no sum: gcc, clang, javac,
// scalac, swiftc.
//
//	bad.c:1:19: error: ‘x’ undeclared (first use in this function)
type compiler struct{ run Run }

func (g *compiler) triggers() []string {
	return []string{inner, number + "errors generated.", number + "error generated.", "collect2: error: ld returned ", "compilation terminated."}
}

func (g *compiler) line(l logline.Line, o *out) {
	t := strings.TrimPrefix(o.text(l), "##[error]")
	if l.Indent > 0 {
		return
	}
	if n, ok := like(t, "{n} error{s} generated."); ok {
		if g.run.First == 0 {
			g.run = bad("clang", Build, n[0], l)
		}
		return
	}
	if strings.HasPrefix(t, "collect2: error: ld returned ") {
		more(&g.run, bad("gcc", Build, 1, l), Failure{Name: "ld", Message: cut(t), Line: l.Number})
		return
	}
	place, message, ok := strings.Cut(t, ": error: ")
	if !ok {
		place, message, ok = strings.Cut(t, ": fatal error: ")
	}
	if tool := sourceOf(place); ok && tool != "" {
		more(&g.run, bad(tool, Build, 1, l), Failure{Name: cut(place), Message: cut(message), Line: l.Number})
	}
}

func (g *compiler) end(o *out) {
	if g.run.First > 0 {
		o.add(g.run)
	}
}

// sourceOf tells the compiler from "path/a.c:1:19"; "" when it is no place.
func sourceOf(place string) string {
	place, ok := cutNumber(place)
	if !ok {
		return ""
	}
	if p, ok := cutNumber(place); ok {
		place = p
	}
	// What configure and CMake try out may fail.
	if strings.ContainsAny(place, " '\"`()") || strings.Contains(place, "conftest.") || strings.Contains(place, "CMakeScratch") || strings.Contains(place, "CMakeTmp") {
		return ""
	}
	switch ext := place[strings.LastIndexByte(place, '.')+1:]; ext {
	case "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "hxx", "m", "mm", "cu", "ipp", "inl", "tcc", "S":
		return "C or C++ compiler"
	case "java":
		return "javac"
	case "scala":
		return "scalac"
	case "swift":
		return "swiftc"
	case "kt":
		return "kotlinc"
	}
	return ""
}

// cutNumber takes ":12" off the end.
func cutNumber(place string) (string, bool) {
	i := strings.LastIndexByte(place, ':')
	if i <= 0 || !like1(place[i:], ":{n}") {
		return place, false
	}
	return place[:i], true
}

// gobuild reads go build and go vet: a package, and errors in its files.
//
//	# example.com/a
//	./main.go:3:37: declared and not used: y
type gobuild struct {
	pack string
	run  Run
}

func (g *gobuild) triggers() []string { return []string{"# "} }

func (g *gobuild) line(l logline.Line, o *out) {
	t := o.text(l)
	if name, ok := strings.CutPrefix(t, "# "); ok && l.Indent == 0 {
		if strings.HasPrefix(name, "[") && g.pack != "" {
			o.next(1) // go vet names the package twice
			return
		}
		g.flush(o)
		name, _, _ = strings.Cut(name, " [")
		if token(name) {
			g.pack = name
			o.next(1)
		}
		return
	}
	if g.pack == "" {
		return
	}
	place, message, ok := strings.Cut(strings.TrimPrefix(t, "vet: "), ": ")
	base, numbered := cutNumber(place)
	if b, ok := cutNumber(base); ok {
		base = b
	}
	switch {
	case l.Indent > 0 && g.run.First > 0: // an error in several lines
		o.next(1)
	case l.Indent == 0 && ok && numbered && strings.HasSuffix(base, ".go") && !anyPrefix(message, "warning:", "note:"):
		more(&g.run, bad("go build", Build, 1, l), Failure{Name: cut(place), Message: cut(message), Line: l.Number})
		g.run.Name = g.pack
		o.next(1)
	default:
		g.flush(o)
	}
}

func (g *gobuild) flush(o *out) {
	if g.run.First > 0 {
		o.add(g.run)
	}
	g.pack, g.run = "", Run{}
}

func (g *gobuild) end(o *out) { g.flush(o) }

// cargo reads cargo build, check and clippy.
//
//	error: could not compile `cb` (bin "cb") due to 2 previous errors
type cargo struct{ aborted Run }

func (g *cargo) triggers() []string {
	return []string{"error: could not compile `", "error: aborting due to ", "Finished ", "error: failed to run custom build command for `"}
}

func (g *cargo) line(l logline.Line, o *out) {
	t := o.text(l)
	switch {
	case strings.HasPrefix(t, "Finished "):
		if l.Indent == 4 && like1(t, "Finished {*} target(s) in {*}") {
			o.add(of("cargo", Build, l))
		}
	case l.Indent > 0:
	case strings.HasPrefix(t, "error: aborting due to "):
		g.aborted = bad("rustc", Build, countBefore(t, " previous error"), l)
	default:
		_, rest, _ := strings.Cut(t, "`")
		name, rest, _ := strings.Cut(rest, "`")
		n, _ := numberAfter(rest, "due to ")
		r := bad("cargo", Build, n, l)
		r.Name = cut(name)
		o.add(r)
		g.aborted = Run{}
	}
}

func (g *cargo) end(o *out) {
	if g.aborted.First > 0 {
		o.add(g.aborted)
	}
}

var ninjaTriggers = []string{"ninja: build stopped: ", "ninja: error: ", "-- Configuring incomplete, errors occurred!", "ninja: fatal: "}

// ninja reads Ninja and CMake.
func ninja(t string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	tool := "Ninja"
	if strings.HasPrefix(t, "--") {
		tool = "CMake"
	}
	o.add(bad(tool, Build, 1, l))
}
