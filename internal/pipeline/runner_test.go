package pipeline

import (
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

func TestRunner(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"jest": "Jest", "npx jest --ci": "Jest", "node_modules/.bin/mocha --exit": "Mocha", "npx --yes vitest run": "Vitest",
		"npx playwright test": "Playwright", "npx playwright install": "", "bundle exec rspec spec": "RSpec", "go test ./...": "go test",
		"go build ./...": "", "python3 -m pytest tests": "pytest", "python -m unittest": "unittest", "python setup.py": "", "CI=1 env A=b ava": "AVA",
		"uv run pytest": "pytest", "timeout 60 ctest": "ctest", "cargo +nightly test": "cargo test", "cargo build": "", "node --test": "node:test",
		"node server.js": "", "jest --version": "", "pytest --collect-only": "", "go test -c ./x": "", "yarn jest": "Jest", "yarn build": "",
		"vendor/bin/phpunit": "PHPUnit", "pytest -q": "pytest?", "jest --json --outputFile=x": "Jest?", "mocha --reporter xunit": "Mocha?", "": "",
		"rspec -f json": "RSpec?", "ctest -N": "", "echo jest": "", "dotnet test": "dotnet test",
	} {
		tool, quiet := Runner(strings.Fields(line))
		if quiet {
			tool += "?"
		}
		if tool != want {
			t.Errorf("Runner(%q) = %q, want %q", line, tool, want)
		}
	}
}

func TestMuteRunner(t *testing.T) {
	t.Parallel()
	silent := Judge(Facts{Argv: []string{"npx", "mocha"}, MinTests: -1})
	if silent.State != Silent || silent.Findings[0].Rule != rule.ExitedEarly {
		t.Errorf("a runner that said nothing: got %+v", silent)
	}
	if got := Judge(Facts{Argv: []string{"npm", "test"}, Script: []string{"mocha"}, MinTests: -1}); got.State != Silent {
		t.Errorf("a script that runs it: got %+v", got)
	}
	if got := Judge(Facts{Argv: []string{"npx", "mocha", "--reporter", "json"}, MinTests: -1}); got.State != Passed || len(got.Findings) != 1 {
		t.Errorf("a runner that reports elsewhere: got %+v", got)
	}
	spoke := tally.Result{Runs: []tally.Run{{Tool: "Mocha", Kind: tally.Test, State: tally.Passed, Passed: 3}}}
	if got := Judge(Facts{Argv: []string{"mocha"}, Log: spoke, MinTests: -1}); got.State != Passed {
		t.Errorf("a runner that spoke: got %+v", got)
	}
}
