package guard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const pkg = `{"scripts":{"test":"jest --ci","unit":"mocha","all":"mocha && jest"}}`
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(pkg), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"npm test": "jest --ci", "npm t": "jest --ci", "npm run unit": "mocha", "yarn unit": "mocha", "pnpm test -- --bail": "jest --ci --bail",
		"npm run all": "", "npm install": "", "npm test -w a": "", "make test": "", "npm": "", "npm run none": "",
	} {
		if got := strings.Join(script(dir, strings.Fields(line)), " "); got != want {
			t.Errorf("script of %q = %q, want %q", line, got, want)
		}
	}
}
