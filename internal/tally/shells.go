package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

var killTriggers = []string{
	inner, "Killed", "Segmentation fault", "Bus error", "Abort trap: 6", "Out of memory: Killed process ", "Command terminated by signal ",
	"timeout: sending signal ", "g++: fatal error: ", "gcc: fatal error: ", "c++: fatal error: ", "cc: fatal error: ",
	"collect2: fatal error: ld terminated with signal ", "command terminated with exit code ", "Aborted (core dumped)",
	"npm error A complete log of this run can be found in: ", "npm ERR! A complete log of this run can be found in:", "error: could not find `Cargo.toml` in `",
	"***Test Failed*** ", "/usr/", "/opt/", "/root/", "/home/", "python", "> echo \"Error: no test specified\" && exit 1",
	"error: process didn't exit successfully: `", "zsh: ", "sh: ", "/bin/sh: ", "bash: ", "/bin/bash: ",
}

// killed marks what shells and the kernel say of children that were killed or
// could not be started. A server that a script ends itself is ended by SIGTERM:
// that is not marked.
//
//	s.sh: line 2:  8896 Killed                  node build.js
func killed(t string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	if _, rest, ok := strings.Cut(t, ": line "); ok {
		shellSays(t, rest, l, o)
		return
	}
	mark := func(tool string) { o.mark(rule.KilledChild, tool, l) }
	switch {
	case alone(t):
		mark("shell")
	case strings.HasPrefix(t, "npm "):
		// Its block of errors ends with this; what became of it, what follows tells.
		o.mark(rule.ChildFailed, "npm", l)
	case strings.HasPrefix(t, "error: could not find `Cargo.toml` in `"):
		o.mark(rule.ChildFailed, "cargo", l)
	case strings.HasPrefix(t, "***Test Failed*** "):
		if n, ok := like(t, "***Test Failed*** {n} failures."); ok && n[0] > 0 {
			r := of("doctest", Test, l)
			r.State, r.Failed = Failed, n[0]
			o.add(r)
		}
	case strings.HasPrefix(t, "> echo "):
		if t == "> echo \"Error: no test specified\" && exit 1" {
			o.mark(rule.NothingSelected, "npm", l)
		}
	case t[0] == '/' || strings.HasPrefix(t, "python"):
		if program, said, _ := strings.Cut(t, ": "); strings.HasPrefix(base(program), "python") && anyPrefix(said, "No module named ", "can't open file '") {
			o.mark(rule.ChildFailed, "Python", l)
		}
	case strings.HasPrefix(t, "zsh: "):
		if anyPrefix(t, "zsh: killed ", "zsh: segmentation fault ", "zsh: abort ", "zsh: bus error ") {
			mark("shell")
		}
	case anyPrefix(t, "sh: ", "/bin/sh: ", "bash: ", "/bin/bash: "):
		if missing(t) {
			o.mark(rule.ChildFailed, "shell", l)
		}
	case strings.HasPrefix(t, "Out of memory: Killed process "):
		mark("kernel")
	case like1(t, "Command terminated by signal {n}"):
		mark("time")
	case strings.HasPrefix(t, "timeout: sending signal "):
		mark("timeout")
	case strings.Contains(t, ": fatal error: Killed signal terminated program "), strings.HasPrefix(t, "collect2: fatal error: ld terminated with signal "):
		mark("gcc")
	case t == "command terminated with exit code 137":
		mark("kubectl")
	case strings.HasPrefix(t, "error: process didn't exit successfully: `"):
		if strings.Contains(t, "(signal: ") {
			mark("cargo")
		}
	}
}

// alone reports whether a line is all that a shell says of a child that a signal
// ended; macOS adds the number.
func alone(t string) bool {
	switch t {
	case "Killed", "Killed: 9", "Segmentation fault", "Segmentation fault (core dumped)", "Segmentation fault: 11", "Bus error",
		"Bus error (core dumped)", "Bus error: 10", "Aborted (core dumped)", "Abort trap: 6":
		return true
	}
	return false
}

// missing reports whether a shell could not find a command: "sh: 1: jest: not
// found".
func missing(t string) bool {
	_, rest, _ := strings.Cut(t, "sh: ")
	if n, after, ok := leading(rest); ok && n > 0 {
		rest = strings.TrimPrefix(after, ": ")
	}
	name, ok := strings.CutSuffix(rest, ": command not found")
	if !ok {
		name, ok = strings.CutSuffix(rest, ": not found")
	}
	return ok && token(name)
}

// shellSays reads "script.sh: line 2:  8896 Killed   command" and "script.sh:
// line 4: tool: command not found".
func shellSays(t, rest string, l logline.Line, o *out) {
	_, rest, ok := leading(rest)
	if !ok || !strings.HasPrefix(rest, ": ") || strings.ContainsAny(t[:strings.Index(t, ": line ")], " \"'") {
		return
	}
	rest = strings.TrimLeft(rest[2:], " ")
	if strings.HasSuffix(rest, ": command not found") && token(strings.TrimSuffix(rest, ": command not found")) {
		o.mark(rule.ChildFailed, "shell", l)
		return
	}
	if name, why, ok := strings.Cut(rest, ": "); ok && (why == "No such file or directory" || why == "Permission denied") && token(name) && anyPrefix(name, "./", "../", "/") {
		o.mark(rule.ChildFailed, "shell", l)
		return
	}
	_, rest, ok = leading(rest)
	rest = strings.TrimLeft(rest, " ")
	if !ok {
		return
	}
	for _, end := range []string{"Killed", "Segmentation fault", "Bus error", "Aborted", "Abort trap", "Illegal instruction", "Floating point exception"} {
		if after, ok := strings.CutPrefix(rest, end); ok && (strings.HasPrefix(after, " ") || strings.HasPrefix(after, ": ")) {
			o.mark(rule.KilledChild, "shell", l)
			return
		}
	}
}

// base is the last part of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
