package tally

import (
	"bytes"
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// pnpm reads the prefixes of pnpm -r: a package is known from the line that
// shows its command.
//
//	packages/a test$ vitest run
//	packages/a test: ok
type pnpm struct{ known map[string]bool }

func (g *pnpm) triggers() []string { return []string{"Scope: "} }

func (g *pnpm) line(l logline.Line, o *out) {
	if l.Indent > 0 || !like1(o.text(l), "Scope: {n} of {n} workspace project{s}") && !like1(o.text(l), "Scope: all {n} workspace project{s}") {
		return
	}
	g.known = map[string]bool{}
	o.prefixed(g.split)
}

func (g *pnpm) split(text []byte) (name, rest []byte, ok bool) {
	i := bytes.IndexByte(text, ' ')
	if i <= 0 || i > 200 {
		return nil, nil, false
	}
	j := bytes.IndexAny(text[i+1:], " :$")
	if j <= 0 {
		// A script's name may hold a colon, never a space.
		return nil, nil, false
	}
	end := i + 1 + j
	for text[end] == ':' && end+1 < len(text) && text[end+1] != ' ' {
		k := bytes.IndexAny(text[end+1:], " :$")
		if k < 0 {
			return nil, nil, false
		}
		end += 1 + k
	}
	name = text[:end]
	switch {
	case text[end] == '$' && end+1 < len(text) && text[end+1] == ' ':
		if len(g.known) < maxLanes && token(string(text[:i])) && token(string(text[i+1:end])) {
			g.known[string(name)] = true
		}
	case text[end] == ':' && g.known[string(name)]:
	default:
		return nil, nil, false
	}
	return name, text[min(end+2, len(text)):], g.known[string(name)]
}

func (g *pnpm) end(*out) {}

// lanes reads the prefixes of concurrently ("[0] text"), of yarn's foreach
// ("[@a/b]: text") and of BuildKit ("#12 0.345 text").
type lanes struct {
	numbered int
	names    map[string]bool
	stopping bool // concurrently ends the others itself
	failed   Run
}

func (g *lanes) triggers() []string {
	return []string{
		"[0] ", "[1] ", "[2] ", "[3] ", "> concurrently ", "$ concurrently ", "[@", "#0 building with ", "#1 [internal] load ",
		"--> Sending ", "The command failed in workspace ",
	}
}

func (g *lanes) line(l logline.Line, o *out) {
	t := o.text(l)
	switch {
	case l.Indent > 0:
	case t[0] == '#':
		o.prefixed(buildkit)
	case strings.HasPrefix(t, "--> Sending "):
		g.stopping = true
	case strings.HasPrefix(t, "The command failed in workspace "):
		o.add(bad("yarn", Task, 1, l))
	case strings.HasPrefix(t, "[@"):
		if _, _, ok := bracketed([]byte(t)); ok {
			o.prefixed(bracketed)
		}
	case t[0] == '[':
		if g.numbered++; g.numbered >= 2 {
			g.names = map[string]bool{"0": true, "1": true, "2": true, "3": true, "4": true, "5": true, "6": true, "7": true, "8": true, "9": true}
			o.prefixed(g.concurrently(o.r))
		}
	default:
		if names := namesOf(t); len(names) > 0 {
			g.names = names
			o.prefixed(g.concurrently(o.r))
		}
	}
}

// namesOf reads the names off concurrently's own command line.
func namesOf(t string) map[string]bool {
	for _, flag := range []string{" -n ", " -n=", " --names ", " --names="} {
		_, rest, ok := strings.Cut(t, flag)
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, `"'\`)
		if i := strings.IndexAny(rest, ` "'\`); i >= 0 {
			rest = rest[:i]
		}
		names := map[string]bool{}
		for name := range strings.SplitSeq(rest, ",") {
			if token(name) {
				names[name] = true
			}
		}
		return names
	}
	return nil
}

// concurrently splits "[name] text", and keeps how its commands ended.
func (g *lanes) concurrently(r *Reader) func(text []byte) (name, rest []byte, ok bool) {
	return func(text []byte) (name, rest []byte, ok bool) {
		if bytes.HasPrefix(text, []byte("--> Sending ")) {
			g.stopping = true
		}
		i := bytes.Index(text, []byte("] "))
		if len(text) < 4 || text[0] != '[' || i < 2 || !g.names[string(text[1:i])] {
			return nil, nil, false
		}
		name, rest = text[1:i], text[i+2:]
		if bytes.HasSuffix(rest, []byte(" restarted")) {
			g.restarted(string(name))
		}
		if !bytes.Contains(rest, []byte(" exited with code ")) {
			return name, rest, true
		}
		if n, ended := like(string(rest), "{*} exited with code {n}"); ended && n[0] != 0 && !g.stopping {
			more(&g.failed, Run{Tool: "concurrently", Kind: Task, State: Failed, Text: string(text), First: r.lines, Last: r.lines},
				Failure{Name: string(name), Message: cut(string(rest)), Line: r.lines})
		}
		return name, rest, true
	}
}

// restarted takes back the last failure of a command.
func (g *lanes) restarted(name string) {
	k := len(g.failed.Failures) - 1
	if k < 0 || g.failed.Failures[k].Name != name {
		return
	}
	g.failed.Failures = g.failed.Failures[:k]
	if g.failed.Failed--; g.failed.Failed == 0 {
		g.failed = Run{}
	}
}

// bracketed splits "[@a/b]: text".
func bracketed(text []byte) (name, rest []byte, ok bool) {
	i := bytes.Index(text, []byte("]:"))
	if i < 2 || text[0] != '[' || !token(string(text[1:i])) || i+2 < len(text) && text[i+2] != ' ' {
		return nil, nil, false
	}
	return text[1:i], text[min(i+3, len(text)):], true
}

// buildkit splits "#12 0.345 text".
func buildkit(text []byte) (name, rest []byte, ok bool) {
	i := bytes.IndexByte(text, ' ')
	if i < 2 || i > 6 || text[0] != '#' || !digit(text[1]) {
		return nil, nil, false
	}
	j := bytes.IndexByte(text[i+1:], ' ')
	if j < 0 {
		j = len(text) - i - 1
	}
	seconds := text[i+1 : i+1+j]
	dot := bytes.IndexByte(seconds, '.')
	if dot < 1 || len(seconds) < dot+2 {
		return nil, nil, false
	}
	for k, c := range seconds {
		if k != dot && !digit(c) {
			return nil, nil, false
		}
	}
	return text[:i], text[min(i+2+j, len(text)):], true
}

func (g *lanes) end(o *out) {
	if g.failed.First > 0 {
		o.add(g.failed)
	}
}

// compose reads docker compose up: the prefixes of its containers, and how they
// ended, which its own exit code leaves out.
//
//	web-1  | text
//	web-1 exited with code 1
type compose struct {
	names map[string]bool
	bad   []logline.Line
}

func (g *compose) triggers() []string { return []string{"Attaching to "} }

func (g *compose) line(l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	names := map[string]bool{}
	for name := range strings.SplitSeq(strings.TrimPrefix(o.text(l), "Attaching to "), ",") {
		name = strings.TrimSpace(name)
		if !token(name) || len(names) >= maxLanes {
			return
		}
		names[name] = true
	}
	g.names = names
	r := o.r
	o.prefixed(func(text []byte) (name, rest []byte, ok bool) { return g.split(text, r.lines) })
}

// split splits "web-1  | text". Codes above 125 are those of containers that
// compose itself stopped.
func (g *compose) split(text []byte, number int) (name, rest []byte, ok bool) {
	i := bytes.IndexByte(text, ' ')
	if i <= 0 || !g.names[string(text[:i])] {
		return nil, nil, false
	}
	name, rest = text[:i], bytes.TrimLeft(text[i:], " ")
	if len(rest) > 0 && rest[0] == '|' {
		rest = rest[1:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
		return name, rest, true
	}
	if n, ended := like(string(rest), "exited with code {n}"); ended && n[0] > 0 && n[0] <= 125 && len(g.bad) < maxFailures {
		g.bad = append(g.bad, logline.Line{Number: number, Text: bytes.Clone(text)})
	}
	return nil, nil, false
}

func (g *compose) end(o *out) {
	for _, l := range g.bad {
		o.mark(rule.RemoteStatus, "docker compose", l)
	}
}
