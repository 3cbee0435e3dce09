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
