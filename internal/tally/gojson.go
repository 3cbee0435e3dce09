package tally

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// goJSON reads go test -json on standard output. Other lines may stand between
// the events; events may be missing.
type goJSON struct {
	run  Run
	pkgs map[string]*goJSONPackage
	sawn map[string]bool // packages that ended
	fail fails
	done int
	bad  int // packages that failed
	// built is the first thing that the compiler said of the package that follows.
	built string
	// before is what failed in the run before: when nothing else runs, this one
	// is a second try of it.
	before, failed map[string]bool
	fresh          bool
	ran            bool
}

// goJSONPackage is a package whose tests run.
type goJSONPackage struct {
	open                    map[string]bool
	passed, failed, skipped int
	verdict                 string
	message                 string
	fails                   fails
}

// goEvent is a line of go test -json.
type goEvent struct {
	Action, Package, Test, Output string
	ImportPath, FailedBuild       string
}

func newGoJSON() *goJSON {
	return &goJSON{pkgs: map[string]*goJSONPackage{}, sawn: map[string]bool{}, failed: map[string]bool{}}
}

func (g *goJSON) triggers() []string {
	return []string{`{"Time":"`, `{"Action":"`, `{"ImportPath":"`}
}

func (g *goJSON) line(l logline.Line, o *out) {
	// Most events are output; only what tells something of a failure is read.
	if bytes.Contains(l.Text, []byte(`"Action":"output"`)) && !telling(l.Text) {
		return
	}
	e, ok := quickEvent(l, o)
	if !ok && json.Unmarshal(l.Text, &e) != nil || e.Action == "" {
		return
	}
	if e.ImportPath != "" {
		if g.built == "" && strings.Contains(e.Output, ".go:") {
			g.built = strings.TrimSpace(e.Output)
		}
		return
	}
	e.Package, e.Test = cut(e.Package), cut(e.Test)
	if e.Package == "" && e.Test == "" && g.pkgs[""] == nil {
		return // test2json without -p names no package
	}
	if g.run.First == 0 {
		g.run.First = l.Number
	}
	g.run.Last = l.Number
	if e.Test == "" {
		g.pack(e, l, o)
		return
	}
	g.test(e, l, o)
}

// telling reports whether what a test printed may be of interest.
func telling(text []byte) bool {
	if i := bytes.Index(text, []byte(`"Output":"`)); i >= 0 {
		said := text[i+len(`"Output":"`):]
		if hasPrefix(said, "PASS") || hasPrefix(said, "FAIL") || hasPrefix(said, "panic: ") {
			return true
		}
	}
	return bytes.Contains(text, []byte(".go:"))
}

// quickEvent reads an event as test2json writes it when nothing in it had to be
// escaped; for all others ok is false.
func quickEvent(l logline.Line, o *out) (e goEvent, ok bool) {
	if len(l.Text) > 1<<10 || bytes.IndexByte(l.Text, '\\') >= 0 || bytes.IndexByte(l.Text, '\t') >= 0 {
		return e, false
	}
	rest, more := strings.CutPrefix(o.text(l), "{")
	for more {
		var key, value string
		if key, rest, ok = quoted(rest); !ok || rest == "" || rest[0] != ':' {
			return goEvent{}, false
		}
		if rest = rest[1:]; key == "Elapsed" {
			for rest != "" && (digit(rest[0]) || rest[0] == '.') {
				rest = rest[1:]
			}
		} else if value, rest, ok = quoted(rest); !ok {
			return goEvent{}, false
		}
		switch key {
		case "Time", "Elapsed":
		case "Action":
			e.Action = value
		case "Package":
			e.Package = value
		case "Test":
			e.Test = value
		default:
			return goEvent{}, false
		}
		if rest == "}" {
			return e, true
		}
		rest, more = strings.CutPrefix(rest, ",")
	}
	return goEvent{}, false
}

// quoted splits a string without escapes off a text.
func quoted(text string) (value, rest string, ok bool) {
	if text == "" || text[0] != '"' {
		return "", text, false
	}
	i := strings.IndexByte(text[1:], '"')
	if i < 0 {
		return "", text, false
	}
	return text[1 : i+1], text[i+2:], true
}

func (g *goJSON) open(name string) *goJSONPackage {
	p := g.pkgs[name]
	if p == nil {
		p = &goJSONPackage{open: map[string]bool{}}
		if len(g.pkgs) < maxOpen {
			g.pkgs[name] = p
		}
	}
	return p
}

func (g *goJSON) test(e goEvent, l logline.Line, o *out) {
	if g.sawn[e.Package] && g.pkgs[e.Package] == nil {
		g.flush(o)
		g.run.First = l.Number
	}
	p := g.open(e.Package)
	switch e.Action {
	case "run":
		g.ran = true
		g.fresh = g.fresh || len(g.before) == 0 || !g.before[e.Package+" "+e.Test]
		if len(p.open) < maxOpen {
			p.open[e.Test] = true
		}
		p.message = ""
		o.begin(e.Test)
		return
	case "output":
		if text := strings.TrimSpace(e.Output); logged(text) || strings.HasPrefix(e.Output, "panic: ") {
			p.message = text
		}
		return
	case "pass":
		p.passed++
	case "skip":
		p.skipped++
	case "fail":
		p.failed++
		if len(g.failed) < maxOpen {
			g.failed[e.Package+" "+e.Test] = true
		}
		p.fails.add(e.Test, p.message, l.Number)
	default:
		return
	}
	delete(p.open, e.Test)
	o.done(e.Test)
}

// pack reads an event of a whole package.
func (g *goJSON) pack(e goEvent, l logline.Line, o *out) {
	switch e.Action {
	case "start":
		if g.sawn[e.Package] {
			g.flush(o)
			g.run.First = l.Number
		}
		g.open(e.Package)
		return
	case "output":
		if text := strings.TrimSpace(e.Output); text == "PASS" || text == "FAIL" {
			g.open(e.Package).verdict = text
		} else if strings.HasPrefix(text, "panic: ") {
			g.open(e.Package).message = text
		}
		return
	case "pass", "skip", "fail":
	default:
		return
	}
	if g.sawn[e.Package] && g.pkgs[e.Package] == nil {
		g.flush(o)
		g.run.First = l.Number
	}
	p := g.open(e.Package)
	delete(g.pkgs, e.Package)
	if len(g.sawn) < maxOpen {
		g.sawn[e.Package] = true
	}
	g.done++
	g.run.Last = l.Number
	if e.Action != "fail" && p.verdict != "FAIL" {
		p.failed, p.fails = 0, nil
	}
	if e.Action == "fail" {
		g.bad++
		for name := range p.open {
			p.failed++
			p.fails.add(name, p.message, l.Number)
		}
		if p.failed == 0 {
			p.failed = 1
			if p.message == "" {
				p.message, g.built = g.built, ""
			}
			p.fails.add(e.Package, p.message, l.Number)
		}
	}
	g.run.Passed, g.run.Failed, g.run.Skipped = g.run.Passed+p.passed, g.run.Failed+p.failed, g.run.Skipped+p.skipped
	g.fail.join(p.fails)
}

func (g *goJSON) flush(o *out) {
	if g.done == 0 && len(g.pkgs) == 0 {
		return
	}
	r := g.run
	r.Tool, r.Kind, r.Failures = "go test", Test, g.fail
	r.State = outcome(r)
	for _, p := range g.pkgs {
		r.Passed, r.Failed, r.Skipped = r.Passed+p.passed, r.Failed+p.failed, r.Skipped+p.skipped
		(*fails)(&r.Failures).join(p.fails)
	}
	if len(g.pkgs) > 0 && g.bad == 0 {
		r.State = Unfinished
	}
	r.Rerun = len(g.before) > 0 && g.ran && !g.fresh
	o.add(r)
	failed := g.failed
	*g = *newGoJSON()
	g.before = failed
}

func (g *goJSON) end(o *out) { g.flush(o) }
