package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

var workerTriggers = []string{
	"We detected that the ", "Error: Worker exited unexpectedly", "Error: [vitest-pool]: Worker ", "Jest worker encountered ", "A jest worker process (pid=",
	"FATAL ERROR: ", "[ERROR] The forked VM terminated without ", "[ERROR] ExecutionException The forked VM terminated without ",
	"[ERROR] org.apache.maven.surefire.booter.SurefireBooterForkException: ", "# A fatal error has been detected by the Java Runtime Environment:",
	"[gw", "worker 'gw", "> Process 'Gradle Test Executor ", "The message received from the daemon indicates that the daemon has disappeared.",
	"Gradle build daemon disappeared unexpectedly",
}

// worker marks processes that died while they did a tool's work for it.
func worker(t string, l logline.Line, o *out) {
	mark := func(tool string) { o.mark(rule.CrashedWorker, tool, l) }
	switch {
	case strings.HasPrefix(t, "We detected that the "):
		if strings.HasSuffix(t, "enderer process just crashed.") {
			mark("Cypress")
		}
	case strings.HasPrefix(t, "Jest worker encountered "):
		if strings.Contains(t, " child process exceptions, exceeding retry limit") {
			mark("Jest")
		}
	case strings.HasPrefix(t, "A jest worker process "):
		if strings.Contains(t, " was terminated by another process: ") {
			mark("Jest")
		}
	case anyPrefix(t, "Error: Worker exited unexpectedly", "Error: [vitest-pool]: Worker "):
		mark("Vitest")
	case l.Indent > 0:
	case strings.HasPrefix(t, "FATAL ERROR: "):
		if strings.HasSuffix(t, " - JavaScript heap out of memory") {
			mark("Node.js")
		}
	case strings.HasPrefix(t, "[ERROR] "):
		if strings.Contains(t, "The forked VM terminated without ") {
			mark("Surefire")
		}
	case strings.HasPrefix(t, "# A fatal error "):
		mark("JVM")
	case strings.HasPrefix(t, "[gw"):
		if like1(t, "[gw{n}] node down: Not properly terminated") {
			mark("pytest-xdist")
		}
	case strings.HasPrefix(t, "worker 'gw"):
		if strings.Contains(t, "' crashed while running ") {
			mark("pytest-xdist")
		}
	case strings.HasPrefix(t, "> Process 'Gradle Test Executor "):
		if strings.Contains(t, " finished with non-zero exit value ") {
			mark("Gradle")
		}
	case strings.HasPrefix(t, "The message received "), strings.HasPrefix(t, "Gradle build daemon "):
		mark("Gradle")
	}
}

var killTriggers = []string{
	inner, "Killed", "Segmentation fault", "Bus error", "Out of memory: Killed process ", "Command terminated by signal ", "timeout: sending signal ",
	"g++: fatal error: ", "gcc: fatal error: ", "c++: fatal error: ", "cc: fatal error: ", "collect2: fatal error: ld terminated with signal ",
	"command terminated with exit code ", "Aborted (core dumped)", "error: process didn't exit successfully: `",
}

// killed marks what shells and the kernel say of children that were killed. A
// server that a script ends itself is ended by SIGTERM: that is not marked.
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
	case t == "Killed", t == "Segmentation fault", t == "Segmentation fault (core dumped)", t == "Bus error", t == "Bus error (core dumped)",
		t == "Aborted (core dumped)":
		mark("shell")
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
	_, rest, ok = leading(rest)
	rest = strings.TrimLeft(rest, " ")
	if ok && anyPrefix(rest, "Killed ", "Segmentation fault ", "Bus error ", "Aborted ", "Illegal instruction ", "Floating point exception ") {
		o.mark(rule.KilledChild, "shell", l)
	}
}
