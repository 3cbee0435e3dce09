package suite

import (
	"fmt"
	"regexp"
	"strings"
)

// fault is one way in which a set-up is broken: a sign of it, and what to say.
type fault struct {
	sign *regexp.Regexp
	says string
}

// inTests are the faults of the set-up that show as the error of a test. The
// signs are narrow: a page may say almost anything, and a product's failure
// must not be taken for ours.
var inTests = []fault{
	{regexp.MustCompile(`^(?:Error: )?browserType\.\w+: Executable doesn't exist at`), "the browser that Playwright wants is not installed: let launchOptions.executablePath be process.env.POSTFLIGHT_CHROMIUM, or run npx playwright install"},
	{regexp.MustCompile(`^(?:Error: )?browserType\.\w+: Chromium distribution '[^']*' is not found`), "the browser that Playwright wants is not installed: let launchOptions.executablePath be process.env.POSTFLIGHT_CHROMIUM"},
	{regexp.MustCompile(`(?s)^(?:Error: )?browserType\.\w+:.*Host system is missing dependencies`), "libraries that the browser needs are not installed"},
	{regexp.MustCompile(`^(?:\w*Error: )?browserType\.(?:launch|launchServer|launchPersistentContext|connect|connectOverCDP):`), "the browser could not be started"},
	{regexp.MustCompile(`^(?:Error: )?Failed to launch`), "the browser could not be started"},
	{regexp.MustCompile(`^(?:Error: )?Cannot find (?:module|package) '`), "a module that the suite needs is not installed"},
	{regexp.MustCompile(`^(?:Error: )?[Ww]orker process exited unexpectedly`), "a worker of Playwright died (out of memory?)"},
	{regexp.MustCompile(`^(?:Error: )?(?:ENOSPC|EMFILE|ENFILE|ENOMEM)\b`), "the machine has run out of something"},
	{regexp.MustCompile(`^(?:Error: )?spawn \S* ?(?:EAGAIN|ENOMEM|ENOENT|EMFILE)\b`), "a process could not be started"},
}

// outside are the faults that show as an error outside of all tests, or as the
// last words of a run that left no report. All of them mean that the set-up is
// broken; what matters here is to say which way.
var outside = []fault{
	{regexp.MustCompile(`(?i)env: .?node.?: No such file|node: (?:command )?not found`), "node is not installed (it is not on PATH)"},
	{regexp.MustCompile(`(?i)canceled due to missing packages|could not determine executable to run|ENOTCACHED|npm error 404`), "playwright is not installed in the suite's folder: run npm ci there"},
	{regexp.MustCompile(`Please install @playwright/test package|unknown command 'test'|Requiring @playwright/test second time|two different versions of @playwright/test`), "@playwright/test is not installed as it should be in the suite's folder"},
	{regexp.MustCompile(`Cannot find (?:module|package) '|ERR_MODULE_NOT_FOUND`), "a module that the suite needs is not installed"},
	{regexp.MustCompile(`Executable doesn't exist at|Looks like Playwright .*was just (?:installed|updated)`), "the browser that Playwright wants is not installed: let launchOptions.executablePath be process.env.POSTFLIGHT_CHROMIUM, or run npx playwright install"},
	{regexp.MustCompile(`SyntaxError`), "a file of the suite cannot be parsed"},
	{regexp.MustCompile(`is already used, make sure that nothing is running|EADDRINUSE`), "the address of the suite's web server is in use"},
	{regexp.MustCompile(`config\.webServer`), "the suite's web server did not start"},
	{regexp.MustCompile(`heap out of memory|ENOMEM|Cannot allocate memory`), "there was not enough memory"},
	{regexp.MustCompile(`ENOSPC`), "the disk is full"},
	{regexp.MustCompile(`(?i)globalSetup|global setup|global-setup`), "the suite's global set-up failed"},
	{regexp.MustCompile(`(?i)globalTeardown|global teardown|global-teardown`), "the suite's global tear-down failed"},
	{regexp.MustCompile(`Project\(s\) .* not found|playwright\.config|does not exist`), "the suite's configuration is not valid"},
}

// nothingFound is what Playwright says when its arguments match no test.
var nothingFound = regexp.MustCompile(`^(?:Error: )?No tests found`)

var overTime = regexp.MustCompile(`^(?:Error: )?Timed out waiting [\d.]+\w* for the (?:teardown for )?(?:entire )?test suite to run`)

// matching returns what the first fault with a sign in text says, or "".
func matching(list []fault, text string) string {
	for _, f := range list {
		if f.sign.MatchString(text) {
			return f.says
		}
	}
	return ""
}

// silence says why a run left no report.
func silence(e ending) string {
	tail := clean(e.tail)
	last := complaint(tail)
	if last != "" {
		last = ": " + clip(last, 250)
	}
	if why := matching(outside, tail); why != "" {
		return why + last
	}
	switch {
	case e.late:
		return "playwright did not end in time, was stopped, and left no report" + last
	case e.signal != "":
		return fmt.Sprintf("playwright was ended by a signal (%s; out of memory?) and left no report%s", e.signal, last)
	}
	return fmt.Sprintf("playwright ended with exit code %d and left no report%s", e.code, last)
}

var errorLine = regexp.MustCompile(`^\s*(?:npm error|\w*Error\b.*:|error:)`)

// complaint is the line of an output that says most about its failure: the
// first that looks like an error, else the last.
func complaint(out string) string {
	last := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if errorLine.MatchString(line) {
			return line
		}
		if line != "" {
			last = line
		}
	}
	return last
}
