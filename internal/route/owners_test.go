package route_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/route"
)

func TestOwners(t *testing.T) {
	t.Parallel()
	github := `# the example of GitHub
*       @global1 @global2
*.js    @js-owner #inline comment
*.go docs@example.com
/build/logs/ @doctocat
docs/*  docs2@example.com
apps/ @octocat
/scripts/ @doctocat @octocat
**/logs @loggers
/apps/github
/deep/**/x.md @deep
with\ space.txt @space
/apps/[id]/page.tsx @square
`
	gitlab := `* @default
[Documentation][2] @docs-team
docs/
README.md @readme
^[Database] @dba
model/db/
!model/db/README.md
[DOCUMENTATION]
docs/api @api
`
	for _, c := range []struct {
		file, path string
		want       string
	}{
		{github, "README.md", "@global1 @global2"},
		{github, "src/a.js", "@js-owner"},
		{github, "src/a.go", "docs@example.com"},
		{github, "build/logs/x/y", "@loggers"},
		{github, "src/build/logs.txt", "@global1 @global2"},
		{github, "docs/a.md", "docs2@example.com"},
		{github, "docs/build/a.md", "@global1 @global2"},
		{github, "x/docs/a.md", "@global1 @global2"},
		{github, "x/apps/y", "@octocat"},
		{github, "apps", "@global1 @global2"},
		{github, "scripts/x/y.sh", "@doctocat @octocat"},
		{github, "x/scripts/y.sh", "@global1 @global2"},
		{github, "apps/github", ""},
		{github, "apps/github/x", ""},
		{github, "deep/x.md", "@deep"},
		{github, "deep/a/b/x.md", "@deep"},
		{github, "a/with space.txt", "@space"},
		{github, "apps/[id]/page.tsx", "@square"},
		{gitlab, "x", "@default"},
		{gitlab, "docs/x", "@default @docs-team"},
		{gitlab, "docs/api/x", "@default @api"},
		{gitlab, "a/README.md", "@default @readme"},
		{gitlab, "model/db/x.sql", "@default @dba"},
		{gitlab, "model/db/README.md", "@default @readme"},
		{"", "x", ""},
		{"/ @all", "x/y", "@all"},
		{"*.js", "x.js", ""},
	} {
		if d := cmp.Diff(c.want, strings.Join(route.Owners([]byte(c.file), c.path), " ")); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
	}
}

// FuzzOwners: whatever the file says, owners look like owners, each once.
func FuzzOwners(f *testing.F) {
	f.Add("* @a @b\n[S][2] @c\n/x/**/y* d@e.f # @g\n!x", "x/y")
	f.Fuzz(func(t *testing.T, file, path string) {
		seen := map[string]bool{}
		for _, who := range route.Owners([]byte(file), path) {
			if !strings.Contains(who, "@") || strings.ContainsAny(who, " \n\t") || seen[who] {
				t.Errorf("got %q", who)
			}
			seen[who] = true
		}
	})
}
