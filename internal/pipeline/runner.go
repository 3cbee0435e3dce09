package pipeline

import (
	"slices"
	"strings"
)

// Runner tells which test runner a command line runs, by its own words: one
// that prints a summary at its end, unless it is told to write it elsewhere.
// quiet says that it is, or may be. "" when the command runs none that is known.
func Runner(argv []string) (tool string, quiet bool) {
	argv = direct(argv)
	if len(argv) == 0 {
		return "", false
	}
	name, rest := strings.TrimSuffix(base(argv[0]), ".js"), argv[1:]
	if slices.ContainsFunc(rest, idle) {
		return "", false
	}
	verb := ""
	for _, a := range rest {
		if !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "+") {
			verb = a
			break
		}
	}
	tool = runners()[name]
	if tool == "" {
		tool = runners()[name+" "+verb]
	}
	if tool == "" && strings.HasPrefix(name, "python") && len(rest) > 1 && rest[0] == "-m" {
		tool = runners()[rest[1]]
	}
	if tool == "" && name == "node" && slices.Contains(rest, "--test") {
		tool = "node:test"
	}
	return tool, tool != "" && slices.ContainsFunc(rest, hushes)
}

// runners are the commands that always end with a summary of tests.
func runners() map[string]string {
	return map[string]string{
		"jest": "Jest", "vitest": "Vitest", "vitest run": "Vitest", "mocha": "Mocha", "_mocha": "Mocha", "jasmine": "Jasmine", "ava": "AVA",
		"playwright test": "Playwright", "cypress run": "Cypress", "pytest": "pytest", "py.test": "pytest", "unittest": "unittest",
		"rspec": "RSpec", "phpunit": "PHPUnit", "ctest": "ctest", "cargo test": "cargo test", "cargo nextest": "nextest", "go test": "go test",
		"gotestsum": "gotestsum", "dotnet test": "dotnet test", "prove": "prove", "deno test": "deno test", "bun test": "bun test",
	}
}

// direct takes off what starts another command: env, npx, bundle exec and the
// like.
func direct(argv []string) []string {
	for range 4 {
		for len(argv) > 0 && strings.Contains(argv[0], "=") && !strings.HasPrefix(argv[0], "-") {
			argv = argv[1:] // NAME=value
		}
		if len(argv) < 2 {
			return argv
		}
		n := 0
		switch name := base(argv[0]); {
		case slices.Contains([]string{"env", "npx", "bunx", "time", "nice", "xvfb-run", "cross-env", "timeout"}, name):
			n = 1
		case name == "pnpm" && (argv[1] == "exec" || argv[1] == "dlx"), name == "yarn" && (argv[1] == "exec" || argv[1] == "dlx"),
			name == "npm" && (argv[1] == "exec" || argv[1] == "x"), name == "bundle" && argv[1] == "exec",
			slices.Contains([]string{"uv", "poetry", "pipenv", "hatch"}, name) && argv[1] == "run":
			n = 2
		case name == "yarn" && runners()[argv[1]] != "", name == "pnpm" && runners()[argv[1]] != "":
			n = 1
		default:
			return argv
		}
		argv = argv[n:]
		for len(argv) > 0 && strings.HasPrefix(argv[0], "-") {
			argv = argv[1:]
		}
		if n == 1 && len(argv) > 1 && argv[0] != "" && argv[0][0] >= '0' && argv[0][0] <= '9' {
			argv = argv[1:] // timeout 60
		}
	}
	return argv
}

// idle are arguments with which a runner runs no tests at all.
func idle(a string) bool {
	a, _, _ = strings.Cut(a, "=")
	return slices.Contains([]string{
		"-h", "--help", "--version", "-V", "--listTests", "--list", "-N", "--show-only", "--collect-only", "--co", "--no-run", "-list",
		"--showConfig", "--clearCache", "--init", "--dry-run", "-n", "--watch", "-w", "--list-tests", "-c", "--ui", "--print-labels",
	}, a)
}

// hushes are arguments that send the summary elsewhere, or leave it out.
func hushes(a string) bool {
	low := strings.ToLower(a)
	for _, word := range []string{"report", "json", "silent", "quiet", "format", "output", "log", "tap"} {
		if strings.HasPrefix(low, "-") && strings.Contains(low, word) {
			return true
		}
	}
	return a == "-q" || a == "-qq" || a == "-f" || a == "-R" || a == "-o" || a == "-Q" || a == "-s" || a == "-p"
}

func base(path string) string {
	if i := strings.LastIndexAny(path, "/\\"); i >= 0 {
		path = path[i+1:]
	}
	return strings.TrimSuffix(strings.TrimSuffix(path, ".exe"), ".cmd")
}
