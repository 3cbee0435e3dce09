package guard_test

import (
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// Real test runners, as far as they are installed here: one run that passes, one
// whose failure is swallowed, one without tests.
func TestRealRunners(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool, run, zero string
		files           map[string]string
		passed          int
	}{
		"node": {
			tool: "node", run: "node --test %.test.js", zero: "node --test none.test.js", passed: 2,
			files: map[string]string{
				"good.test.js": "const t = require('node:test'); const a = require('node:assert');\nt('error is thrown', () => a.throws(() => { throw new Error('failed') }));\nt('adds', () => a.equal(1 + 1, 2));\n",
				"bad.test.js":  "const t = require('node:test'); const a = require('node:assert');\nt('adds', () => a.equal(1 + 1, 3));\n",
				"none.test.js": "require('node:test').skip('later', () => {});\n",
			},
		},
		"unittest": {
			tool: "python3", run: "python3 -m unittest test_%", zero: "python3 -m unittest test_none", passed: 2,
			files: map[string]string{
				"test_good.py": "import unittest\nclass T(unittest.TestCase):\n    def test_error(self):\n        with self.assertRaises(ValueError):\n            raise ValueError('failed')\n    def test_adds(self):\n        self.assertEqual(1 + 1, 2)\n",
				"test_bad.py":  "import unittest\nclass T(unittest.TestCase):\n    def test_adds(self):\n        self.assertEqual(1 + 1, 3)\n",
				"test_none.py": "import unittest\n",
			},
		},
		"go": {
			tool: "go", run: "go test -count=1 -v ./%", zero: "go test -count=1 -run NothingLikeIt ./good", passed: 2,
			files: map[string]string{
				"go.mod":            "module example.com/a\n\ngo 1.24\n",
				"good/good_test.go": "package good\n\nimport \"testing\"\n\nfunc TestError(t *testing.T) { t.Log(\"error: failed, panic\") }\n\nfunc TestAdds(t *testing.T) {}\n",
				"bad/bad_test.go":   "package bad\n\nimport \"testing\"\n\nfunc TestAdds(t *testing.T) { t.Error(\"1 + 1 is 3\") }\n",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tool(t, c.tool)
			dir := t.TempDir()
			for file, text := range c.files {
				write(t, dir, file, text)
			}
			// NODE_TEST_CONTEXT of an outer runner would make node's report binary.
			with := func(which string) string {
				return "unset NODE_TEST_CONTEXT; export GOFLAGS=-mod=mod GOWORK=off; " + which
			}
			replace := func(which string) string { return with(replaced(c.run, which)) }
			r := run(t, wish{Argv: sh(replace("good")), MinTests: -1, Dir: dir})
			r.fails(t, 0, pipeline.Passed)
			if r.stderr != "" && name != "unittest" || r.step.Tests == nil || r.step.Tests.Passed != c.passed {
				t.Errorf("counted %+v, says %q\n%s", r.step.Tests, r.stderr, r.stdout)
			}
			run(t, wish{Argv: sh(replace("bad") + "; true"), MinTests: -1, Dir: dir}).fails(t, guard.ExitSilent, pipeline.Silent, rule.Contradiction)
			if r := run(t, wish{Argv: sh(replace("bad")), MinTests: -1, Dir: dir}); r.code != 1 || len(r.step.Excerpt) == 0 {
				t.Errorf("a failure leaves with %d, %d passages explain it", r.code, len(r.step.Excerpt))
			}
			if r := run(t, wish{Argv: sh(with(c.zero) + "; true"), MinTests: -1, Dir: dir}); r.code != guard.ExitSilent || r.step.State != pipeline.Blind {
				t.Errorf("no tests: left with %d, %q\n%s%s", r.code, r.step.State, r.stdout, r.stderr)
			}
		})
	}
}

func replaced(pattern, name string) string { return strings.ReplaceAll(pattern, "%", name) }
