package npm

import (
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// ownRules are the files of any package that only check it or explain it.
func ownRules() []string {
	return []string{
		"**/*.{test,spec,bench,cy,e2e,test-d,e2e-spec,stories,story,unit,integration}.{ts,tsx,js,jsx,mts,cts,mjs,cjs,vue,svelte,mdx}",
		"**/{__tests__,__mocks__,__snapshots__,__fixtures__,.storybook}/**", "**/*.snap",
		"{test,tests,e2e,cypress,playwright,spec}/**",
		"{README,CHANGELOG,CONTRIBUTING,SECURITY,CODE_OF_CONDUCT,AGENTS,CLAUDE,LICENSE,LICENCE,NOTICE,CODEOWNERS}{,.md,.txt}",
		".{eslintrc,prettierrc,stylelintrc,lintstagedrc,commitlintrc,mocharc,nycrc,c8rc,jshintrc,oxlintrc,markdownlint}{,.*}",
		".{eslintignore,prettierignore,stylelintignore,editorconfig,gitignore,gitattributes}", "{tslint,biome,dprint,cspell,knip,oxlint}.{json,jsonc}",
		"{eslint,prettier,stylelint,lint-staged,commitlint,jest,vitest,playwright,cypress,karma,wdio,knip}{,.*}.config.{js,ts,mjs,cjs,mts,cts,json}",
		"{jest,vitest}.{setup,preset,workspace}{,.*}.{js,ts,mjs,cjs,mts}", "tsconfig.{spec,test,tests,eslint,jest,vitest,e2e,lint}.json",
		".{vscode,idea,husky,changeset,cursor,claude}/**", "codecov.{yml,yaml}", "{Jenkinsfile,Makefile.test}",
	}
}

// rootRules are files in the root of a tree that no package is built of.
func rootRules() []string {
	return []string{"*.{md,txt}", "{docs,.github,.gitlab,.circleci}/**", ".gitlab-ci.yml", "{renovate,cspell}.{json,json5}", ".git-blame-ignore-revs", "LICENSE*"}
}

// describe says what is known of every unit besides what it needs.
func (s *session) describe() {
	for _, h := range s.homes {
		used := s.used(h)
		for _, dir := range h.members {
			if s.ctx.Err() != nil {
				return
			}
			u := s.units[dir]
			s.own(u)
			s.settingsFiles(u)
			s.scriptPaths(u)
			u.Product = s.product(u, used[dir])
		}
		s.upward(h)
	}
}

// own writes the rules for the files of a unit: ours first, what its task runner
// declares over them.
func (s *session) own(u *unit) {
	rules := ownRules()
	if u.Dir == u.home.dir {
		rules = append(rules, rootRules()...)
	}
	for _, p := range rules {
		u.Own = append(u.Own, workspace.Input{Pattern: p, Scope: workspace.Verify, Why: "checks or explains the package"})
	}
	if u.home.nx != nil {
		s.nxInputs(u)
	}
	if u.home.turbo != nil {
		s.turboInputs(u)
	}
}

// upward adds files in the root that tools find from every package below it.
func (s *session) upward(h *home) {
	if len(h.members) < 2 {
		return
	}
	for _, base := range s.byDir[h.dir] {
		if strings.HasPrefix(base, "babel.config.") || strings.HasPrefix(base, "postcss.config.") || base == ".postcssrc" {
			for _, dir := range h.members {
				s.units[dir].input(literal(path.Join(h.dir, base)), workspace.Ship, "found from every package")
			}
		}
	}
	if file := path.Join(h.dir, ".browserslistrc"); s.tree.Hash(file) != "" {
		for _, dir := range h.members {
			s.units[dir].input(literal(file), workspace.Ship, "found from every package")
		}
	}
}

// used are the folders that another unit of the home ships.
func (s *session) used(h *home) map[string]bool {
	used := map[string]bool{}
	for _, dir := range h.members {
		for _, n := range s.units[dir].Needs {
			if n.Scope == workspace.Ship {
				used[strings.TrimPrefix(n.Unit, "node:")] = true
			}
		}
	}
	return used
}

// product tells units that are shipped by themselves.
func (s *session) product(u *unit, used bool) bool {
	if u.project != nil && u.project.Type != "" {
		return u.project.Type == "application" && !strings.HasSuffix(u.Dir, "-e2e")
	}
	if u.Manifest == "" || checks(u.Name) || strings.HasSuffix(u.Dir, "e2e") {
		return false
	}
	root := u.Dir == u.home.dir && len(u.home.members) > 1
	if s.deploySign(u.Dir) && !(root && strings.Contains(u.manifest.scripts["build"], "turbo")) {
		return true
	}
	if root {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(u.Dir, u.home.dir), "/"), "/")
	if slices.Contains([]string{"apps", "app", "services", "sites", "servers", "functions", "workers", "lambdas"}, first) {
		return true
	}
	if u.manifest.bin && !used {
		return true
	}
	for name, script := range u.manifest.scripts {
		switch {
		case name == "deploy" || strings.HasPrefix(name, "deploy:"):
			return true
		case name == "start" && !used && !strings.Contains(script, "watch") && !strings.Contains(script, "storybook"):
			return true
		}
	}
	return false
}

// deploySign tells folders with the settings of something that runs by itself.
func (s *session) deploySign(dir string) bool {
	for _, base := range s.byDir[dir] {
		switch base {
		case "Dockerfile", "vercel.json", "netlify.toml", "fly.toml", "wrangler.toml", "wrangler.json", "wrangler.jsonc", "eas.json",
			"serverless.yml", "serverless.yaml", "Procfile", "render.yaml", "railway.json", "firebase.json":
			return true
		}
		for _, framework := range []string{
			"next.config.", "nuxt.config.", "astro.config.", "remix.config.", "svelte.config.",
			"gatsby-config.", "docusaurus.config.", "expo.config.", "app.config.", "react-router.config.",
		} {
			if strings.HasPrefix(base, framework) && (framework != "svelte.config." || s.exists(dir, "src/app.html")) {
				return true
			}
		}
	}
	return false
}
