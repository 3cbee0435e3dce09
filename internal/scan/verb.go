package scan

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// class is how much the status of a command matters.
type class int

const (
	harmless class = iota // cleanup, output, questions
	unknown               // nobody knows
	fallible              // makes what later steps work on
	checking              // a build, a test, a check or a deployment
)

// wrappers hand their arguments to another command; the value is how many
// arguments of their own they take.
var wrappers = map[string]int{
	"sudo": 0, "time": 0, "nice": 0, "nohup": 0, "env": 0, "exec": 0, "command": 0, "xvfb-run": 0, "stdbuf": 0, "unbuffer": 0,
	"timeout": 1, "gtimeout": 1, "npx": 0, "bunx": 0, "pnpx": 0, "cross-env": 0, "cross-env-shell": 0, "dotenv": 0, "ionice": 0,
	"eatmydata": 0, "ccache": 0, "c8": 0, "nyc": 0, "builtin": 0, "chronic": 0, "catchsegv": 0, "retry": 0, "dotenvx": 0, "doppler": 0,
	"valgrind": 0, "act": 0, "linux32": 0, "setarch": 1, "winpty": 0, "op": 0, "xargs": 0,
}

// runners are wrappers by two words.
var runners = map[string]bool{
	"bundle exec": true, "poetry run": true, "uv run": true, "pipenv run": true, "pdm run": true, "hatch run": true, "rye run": true,
	"pnpm exec": true, "pnpm dlx": true, "yarn exec": true, "yarn dlx": true, "npm exec": true, "bun x": true, "pipx run": true,
	"rushx run": true, "dotenv run": true, "dotenvx run": true, "doppler run": true, "coverage run": true, "opam exec": true, "fvm flutter": true,
	"conda run": true, "micromamba run": true, "nix-shell --run": true, "yarn run": true, "devbox run": true, "mise exec": true,
}

// always are tools whose every use is a check, but for a question about themselves.
const always = `jest vitest mocha ava jasmine karma tsc vue-tsc eslint stylelint webpack rollup tsup parcel ncc vite-build nx turbo gulp grunt
	lage pytest py.test tox nox mypy flake8 pylint pyright basedpyright trial nose2 nosetests golangci-lint staticcheck gotestsum ginkgo govulncheck-none
	mvn mvnw gradle gradlew ant sbt lein ctest ninja rspec rubocop phpunit phpstan psalm pest phpcs behat shellcheck hadolint yamllint actionlint
	goreleaser semantic-release ansible-playbook xcodebuild msbuild cypress playwright-test wdio testcafe nightwatch codecept detox lighthouse-ci
	newman k6 bats prove cargo-nextest cross-build ktlint detekt swiftlint swift-build checkstyle clang-tidy cppcheck markdownlint markdownlint-cli2
	tslint standard xo oxlint knip vsce web-ext electron-builder cap capistrano scalafmt scalafix helm-unittest conftest tap tape lab qunit
	run-s run-p npm-run-all npm-run-all2 tsd attw publint size-limit bundlesize remark-lint html-validate commitlint cspell lychee ant mkdocs-build
	xmake scons waf busted luacheck nunit3-console vstest.console hlint fourmolu cabal-build credo dialyzer zig-test foundry-test slither`

// sub are tools of which some subcommands are checks.
var sub = map[string]string{
	"go":        "test build vet install generate",
	"cargo":     "test build check clippy nextest t b publish miri hack tarpaulin llvm-cov deny doc fmt fuzz",
	"cross":     "test build check clippy",
	"npm":       "test t tst ci it cit publish install-test install i run run-script start-test",
	"pnpm":      "test t build lint publish install i run run-script typecheck check ci e2e",
	"yarn":      "test build lint publish install run workspaces workspace typecheck check e2e tsc jest eslint vitest mocha playwright cypress webpack vite next turbo nx lerna",
	"bun":       "test build publish install run",
	"deno":      "test lint check compile fmt bench",
	"docker":    "build push buildx bake compose",
	"podman":    "build push",
	"buildah":   "build bud push",
	"kubectl":   "apply rollout set replace patch",
	"helm":      "upgrade install lint template test package push",
	"terraform": "apply plan validate fmt test init", "tofu": "apply plan validate test init", "terragrunt": "apply plan validate run-all",
	"pulumi": "up preview", "cdk": "deploy synth", "sam": "build deploy validate", "serverless": "deploy", "sls": "deploy",
	"aws": "s3 cloudformation deploy lambda ecs", "gcloud": "deploy app run functions builds", "az": "webapp functionapp deployment",
	"firebase": "deploy", "netlify": "deploy build", "vercel": "deploy build --prod", "wrangler": "deploy publish pages",
	"fly": "deploy", "flyctl": "deploy", "heroku": "container:push container:release", "eb": "deploy",
	"dotnet": "test build publish pack vstest format restore", "swift": "test build", "flutter": "test build analyze",
	"dart": "test analyze compile", "mix": "test compile credo dialyzer format", "rails": "test spec", "rake": "test spec build default lint check",
	"composer": "test install lint check phpstan phpunit", "bundle": "install", "stack": "test build", "cabal": "test build check",
	"bazel": "test build coverage run", "bazelisk": "test build coverage run", "buck": "test build", "buck2": "test build", "pants": "test lint check package",
	"cmake": "--build", "meson": "test compile", "zig": "build test", "forge": "test build", "hardhat": "test compile", "truffle": "test",
	"vite": "build", "next": "build lint", "nuxt": "build generate typecheck", "ng": "build test lint e2e deploy", "astro": "build check", "svelte-check": "",
	"gatsby": "build", "remix": "build", "docusaurus": "build", "storybook": "build", "react-scripts": "build test", "vue-cli-service": "build lint test:unit",
	"playwright": "test", "cypress": "run", "lerna": "run exec test publish bootstrap", "rush": "build test rebuild install update publish", "moon": "run ci check",
	"ruff": "check format", "black": "--check .", "isort": "--check --check-only -c", "prettier": "--check -c --list-different -l", "biome": "check ci lint",
	"twine": "upload check", "gem": "build push", "gh": "release", "hatch": "test build publish", "poetry": "build publish check", "uv": "build publish", "maturin": "build publish develop",
	"python -m": "pytest unittest tox nox mypy build flake8 pylint compileall ruff black nose django", "trivy": "", "buf": "lint build breaking generate push", "protoc": "",
	"make": "", "gmake": "", "just": "test build lint check ci deploy", "task": "test build lint check ci deploy", "mage": "test build lint check ci", "invoke": "test build lint", "melos": "run bootstrap",
	"php": "-l artisan", "bash": "-n", "expo": "export build", "eas": "build submit update", "fastlane": "test build release beta deploy", "lhci": "autorun assert", "wasm-pack": "build test", "gotip": "test build vet",
	"parcel": "build", "esbuild": "--bundle", "changeset": "publish", "crystal": "spec build", "nim": "c", "nimble": "test build", "ninja": "", "pre-commit": "run", "lefthook": "run", "node": "--test",
}

// names are the words that make a script's or target's name one of a check.
var names = regexp.MustCompile(`(?i)^(.*[-_:./])?(tests?|specs?|unit|e2e|integration|builds?|compile|lint|typecheck|type-check|types?|tsc|check|verify|validate|coverage|cov|ci|deploy|release|publish|package|dist|all|migrate|smoke|bundle|push|prod|production|bootstrap|eslint|vet)([-_:.].*)?$`)

// notChecks are names that only look like one.
var notChecks = regexp.MustCompile(`(?i)(clean|stop|teardown|cleanup|down$|remove|delete|kill|help|watch|fix|serve|install-?deps|badge|report|upload|fmt$|notify|setup|prune|logs?$|login|cache|status|info|print|list|purge|notes|changelog|version|(^|[-_:])get([-_:]|$)|packages|basename)`)

// benign are commands whose failure says nothing about the product.
const benign = `echo printf cat true false : test [ [[ rm rmdir mkdir cp mv ln ls touch chmod chown chgrp kill killall pkill grep egrep fgrep rg
	diff cmp sed awk gawk cut tr sort uniq head tail wc tee date sleep wait cd pushd popd export unset set shift read eval-none exit return break continue
	command type which hash whoami id hostname uname nproc env printenv pwd basename dirname realpath readlink mktemp seq yes find xargs-none df du free ps top lscpu
	lsblk mount umount stat file git hg svn trap ulimit umask getopts local declare readonly typeset alias shopt source . column fold rev paste join comm tac nl
	od xxd hexdump base64 md5sum sha1sum sha256sum sha512sum shasum tput clear stty reset bc expr let jobs bg fg disown gpg openssl ssh-keyscan ssh-add ssh-agent ssh-keygen
	nc ping dig host nslookup ip ifconfig netstat ss lsof curl wget jq yq unzip tar zip gzip gunzip apt apt-get apk yum dnf brew choco pip pip3 systemctl service
	gsettings xdg-open open say dos2unix iconv envsubst install add-apt-repository update-alternatives localedef ldd nm strings readelf objdump otool log info warn warning
	error debug notice msg die usage rsync scp xmllint pgrep fuser wait-on tree more less bat cloc figlet lolcat rustup corepack nvm n volta pyenv rbenv asdf mise
	rimraf del-cli del shx cpx copyfiles mkdirp ncp cpy wait-for-it open-cli husky is-ci patch-package dbus-launch sysctl modprobe losetup dpkg rpm swapoff adduser useradd groupadd usermod passwd chpasswd
	fallocate dd truncate sync ldconfig locale-gen timedatectl ln xcode-select security defaults codesign-none gzip bzip2 xz zstd time-none pidof renice printf logger wall`

// lists are commands that make the list that a loop or a variable works on,
// and that fail when the tool, the network or the history is not there.
const lists = `npx lerna pnpm nx turbo npm yarn node python python3 ruby php perl gh aws gcloud az kubectl helm docker terraform tofu bazel cargo go mvn gradle dotnet composer rush
	curl wget deno bun bash sh make psql mysql ssh oc vault op heroku flyctl sentry-cli`

// in says whether a word stands in a list of words.
func in(list, word string) bool {
	if word == "" {
		return false
	}
	for at := 0; ; at++ {
		i := strings.Index(list[at:], word)
		if i < 0 {
			return false
		}
		at += i
		end := at + len(word)
		if (at == 0 || list[at-1] <= ' ') && (end == len(list) || list[end] <= ' ') {
			return true
		}
	}
}

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// unwrap takes sudo, env, npx and their like off the front of a command.
func unwrap(args []string) []string {
	for range 8 {
		if len(args) == 0 {
			return nil
		}
		name := path.Base(args[0])
		if assignment.MatchString(args[0]) {
			args = args[1:]
			continue
		}
		if len(args) > 1 && runners[name+" "+args[1]] && (name != "yarn" || args[1] != "run") {
			args = flagless(args[2:])
			continue
		}
		own, ok := wrappers[name]
		if !ok || len(args) < 2 {
			return args
		}
		args = flagless(args[1:])
		args = args[min(own, len(args)):]
	}
	return args
}

// flagless takes leading flags off; flags with a value of their own in the next
// word are the few that wrappers have.
func flagless(args []string) []string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "--":
			return args[1:]
		case "-u", "-n", "-p", "--package", "-I", "-P", "-s", "-k", "-C", "-L", "--with", "--group", "--extra", "-a":
			args = args[1:]
		}
		args = args[min(1, len(args)):]
	}
	return args
}

// classify says how much the status of a command matters.
func classOf(args []string) class {
	args = unwrap(args)
	if len(args) == 0 || args[0] == "" {
		return harmless
	}
	name := path.Base(args[0])
	rest := args[1:]
	if asks(name, rest) {
		return harmless
	}
	switch {
	case strings.HasPrefix(args[0], "$_"):
		return unknown
	case name == "make" || name == "gmake" || name == "MAKE":
		return makeClass(rest)
	case name == "mvn" || name == "mvnw" || name == "gradle" || name == "gradlew" || name == "ant" || name == "ninja" || name == "nx" || name == "turbo" || name == "sbt":
		return goals(rest)
	case name == "docker-compose" || name == "docker" && len(rest) > 0 && rest[0] == "compose":
		return compose(rest)
	case name == "npm" || name == "pnpm" || name == "yarn" || name == "bun":
		return packageManager(name, rest)
	case in(always, name):
		return checking
	case (name == "docker" || name == "podman") && len(rest) > 0 && (rest[0] == "run" || rest[0] == "exec"):
		return within(rest[1:])
	}
	if c, ok := interpreter(name, args); ok {
		return c
	}
	if list, ok := sub[name]; ok {
		return subcommand(name, list, rest)
	}
	switch {
	case in(benign, name):
		return harmless
	case strings.Contains(args[0], "/") || strings.HasSuffix(name, ".sh"):
		return scriptClass(name)
	}
	return unknown
}

// asks says whether a command is only asked about itself.
func asks(name string, rest []string) bool {
	if len(rest) == 0 {
		return false
	}
	for _, a := range rest {
		switch a {
		case "--version", "--help", "-V", "-version", "--list", "--print-config", "--show-config", "--dry-run=client", "--init", "--listTests", "--print":
			return true
		}
	}
	switch rest[0] {
	case "version", "help", "-h":
		return true
	case "-v":
		return len(rest) == 1 && name != "pytest"
	}
	return false
}

func scriptClass(name string) class {
	stem := strings.TrimSuffix(name, path.Ext(name))
	if names.MatchString(stem) && !notChecks.MatchString(stem) {
		return checking
	}
	return fallible
}

// makeClass: the default target builds.
func makeClass(rest []string) class {
	targets := 0
	for i := 0; i < len(rest); i++ {
		a := rest[i]
		if a == "-C" || a == "-f" || a == "-j" && i+1 < len(rest) && strings.Trim(rest[i+1], "0123456789") == "" {
			i++
			continue
		}
		if strings.HasPrefix(a, "-") || strings.Contains(a, "=") {
			continue
		}
		targets++
		if notChecks.MatchString(a) {
			continue
		}
		if names.MatchString(a) {
			return checking
		}
	}
	if targets == 0 {
		return checking
	}
	return unknown
}

// goals: build tools that are told what to do; tidying up and asking is no check.
func goals(rest []string) class {
	for _, a := range rest {
		if strings.HasPrefix(a, "-") {
			if a == "--stop" || a == "--status" {
				return harmless
			}
			continue
		}
		switch a = a[strings.LastIndexByte(a, ':')+1:]; a {
		case "clean", "tasks", "dependencies", "tree", "help", "properties", "projects", "daemon", "login", "link", "graph", "reset", "show", "stop", "print-affected", "ls", "telemetry", "format", "evaluate", "prune":
			continue
		}
		return checking
	}
	return harmless
}

// within looks for a check that a container is told to run.
func within(rest []string) class {
	for i, a := range rest {
		if i > 0 && (in(always, a) || sub[a] != "" || a == "make" || a == "npm" || a == "yarn" || a == "pnpm" || a == "mvn" || a == "gradle" || a == "python") && classOf(rest[i:]) == checking {
			return checking
		}
	}
	return fallible
}

func compose(rest []string) class {
	for _, a := range rest {
		switch a {
		case "build", "run", "push":
			return checking
		case "down", "stop", "rm", "logs", "ps", "pull", "kill", "exec", "config":
			return harmless
		}
	}
	return unknown
}

// packageManager: what npm and its like are told to run.
func packageManager(name string, rest []string) class {
	var plain []string
	skip := false
	for _, a := range rest {
		switch {
		case skip:
			skip = false
		case a == "--filter" || a == "-F" || a == "-w" || a == "--workspace" || a == "-C" || a == "--prefix" || a == "--cwd" || a == "--dir":
			skip = name != "pnpm" || a != "-w"
		case strings.HasPrefix(a, "-"):
		default:
			plain = append(plain, a)
		}
	}
	if len(plain) > 2 && plain[0] == "workspaces" && plain[1] == "foreach" || len(plain) > 2 && plain[0] == "workspace" {
		plain = plain[2:]
	}
	if len(plain) == 0 {
		if name == "yarn" {
			return checking // an install
		}
		return harmless
	}
	switch plain[0] {
	case "run", "run-script":
		if len(plain) < 2 || notChecks.MatchString(plain[1]) {
			return unknown
		}
		if names.MatchString(plain[1]) || in(always, plain[1]) {
			return checking
		}
		return fallible
	case "install", "i", "add":
		if len(plain) == 1 && !slices.Contains(rest, "-g") {
			return checking
		}
		return harmless
	case "exec", "dlx", "x":
		return classOf(plain[1:])
	case "ci", "publish":
		return checking
	case "pkg", "view", "info", "ls", "list", "query", "workspaces":
		return fallible
	case "test", "t", "tst":
		return checking
	}
	if name != "npm" {
		if names.MatchString(plain[0]) && !notChecks.MatchString(plain[0]) || in(always, plain[0]) || len(plain) > 1 && in(sub[plain[0]], plain[1]) {
			return checking
		}
	}
	return harmless
}

// interpreter classifies what runs a script.
func interpreter(name string, args []string) (class, bool) {
	switch name {
	case "bash", "sh", "zsh", "python", "python3", "python2", "node", "ruby", "perl", "php", "deno", "ts-node", "tsx", "Rscript", "pwsh", "bun", "java":
	default:
		return 0, false
	}
	rest := args[1:]
	if len(rest) > 1 && rest[0] == "-m" && strings.HasPrefix(name, "python") {
		if in(sub["python -m"], rest[1]) {
			return checking, true
		}
		if rest[1] == "pip" || rest[1] == "venv" || rest[1] == "http.server" || rest[1] == "json.tool" || rest[1] == "ensurepip" {
			return harmless, true
		}
		return fallible, true
	}
	if len(rest) > 0 && (name == "node" && rest[0] == "--test" || name == "php" && rest[0] == "-l" || (name == "bash" || name == "sh") && rest[0] == "-n") {
		return checking, true
	}
	for i, a := range rest {
		if strings.HasPrefix(a, "-") {
			if a == "-c" || a == "-e" || a == "-p" || a == "-s" || a == "-" {
				return fallible, true
			}
			continue
		}
		if path.Base(a) == "setup.py" || path.Base(a) == "manage.py" || path.Base(a) == "artisan" {
			if i+1 < len(rest) && slices.Contains([]string{"test", "build", "bdist_wheel", "sdist", "migrate", "check"}, rest[i+1]) {
				return checking, true
			}
			return fallible, true
		}
		return scriptClass(path.Base(a)), true
	}
	return harmless, true
}

// subcommand looks for the first word that is no flag, and, for tools that are
// told by a flag, at the flags.
func subcommand(name, list string, rest []string) class {
	for i, a := range rest {
		if in(list, a) {
			return deeper(name, a, rest[i+1:])
		}
		if !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "+") && !strings.Contains(a, "$_") && name != "prettier" && name != "black" && name != "isort" && name != "esbuild" {
			break
		}
	}
	if in(lists, name) {
		return fallible
	}
	return harmless
}

// deeper looks at the second word of tools that have two.
func deeper(name, first string, rest []string) class {
	second := ""
	if len(rest) > 0 {
		second = rest[0]
	}
	has := func(list ...string) class {
		if slices.Contains(list, second) {
			return checking
		}
		return harmless
	}
	switch name + " " + first {
	case "docker buildx":
		return has("build", "bake")
	case "aws s3":
		return has("sync", "cp")
	case "aws cloudformation":
		return has("deploy")
	case "aws lambda":
		return has("update-function-code")
	case "aws ecs":
		return has("update-service")
	case "gh release":
		return has("create", "upload")
	case "gcloud app", "gcloud run", "gcloud functions":
		return has("deploy")
	case "gcloud builds":
		return has("submit")
	case "kubectl rollout":
		return has("status")
	case "kubectl set":
		return has("image")
	case "cargo fmt", "dart format", "mix format", "ruff format", "dotnet format", "terraform fmt", "deno fmt":
		if strings.Contains(strings.Join(rest, " "), "check") || strings.Contains(strings.Join(rest, " "), "verify") {
			return checking
		}
		return harmless
	case "az webapp", "az functionapp":
		return has("deploy", "deployment")
	}
	return checking
}
