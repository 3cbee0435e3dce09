package archtest

import "maps"

// kind says which laws a room is under.
type kind int

const (
	// base is what every floor above may speak of: pure, no effects.
	base kind = iota
	// stage is a step of a release's story: values in, values out.
	stage
	// door leads outside: a browser, a database, a network, a disk.
	door
	// public is what users import: the typed client and the types of the wire.
	public
	// top wires, reads the configuration, or is the program.
	top
	// support exists for tests and for the demo.
	support
)

// room is one package: its floor, and the laws it is under.
type room struct {
	floor int
	kind  kind
}

// plan is the house, one line a room, from the ground up: a room imports rooms
// of lower floors only. A package without a line here fails the test, and so
// does a line without a package.
func plan() map[string]room {
	all := repository()
	maps.Copy(all, map[string]room{
		"client":         {1, public}, // the typed API client; the wire types
		"internal/fault": {1, base},   // kinds of error, with a hint

		"internal/logline": {1, base}, // lines of a log, cleaned
		"internal/rule":    {1, base}, // how a build lies or hangs: the catalogue

		"internal/access":    {2, base}, // roles, grants, tokens
		"internal/har":       {2, base}, // HTTP archives
		"internal/journal":   {2, base}, // events, cursors, events due later
		"internal/picture":   {2, base}, // how two pictures differ to the eye
		"internal/product":   {2, base}, // what is watched
		"internal/sign":      {2, base}, // signatures of webhooks and synthetic traffic
		"internal/excerpt":   {2, base}, // the few lines that explain a failure
		"internal/hang":      {2, base}, // the watchdog's rules
		"internal/tally":     {2, base}, // what tools say of themselves in a log
		"internal/sourcemap": {2, base}, // from built files back to their sources

		"internal/report": {3, base},  // test reports as files
		"internal/scan":   {10, door}, // workflows and scripts that swallow failures

		"internal/action":  {3, base},  // effects on the world, as rows
		"internal/release": {3, stage}, // the ledger

		"internal/pipeline":   {4, stage}, // what CI says, held against its evidence
		"internal/scope":      {4, stage}, // what a change ships, and what it was said to
		"internal/flake":      {4, stage}, // how often a journey fails for no reason
		"internal/signal":     {4, stage}, // an observation with its evidence
		"internal/trend":      {5, stage}, // how long journeys take, release by release
		"internal/watch":      {5, stage}, // what to look at, how often, until when
		"internal/redact":     {5, base},  // takes secrets out of what is stored
		"internal/vitals":     {5, base},  // the arithmetic of web vitals
		"internal/bundle":     {6, base},  // the evidence of a run as one file
		"internal/verdict":    {6, stage}, // the judgement
		"internal/incident":   {7, stage}, // the story of a bad release
		"internal/page":       {8, stage}, // whom to tell
		"internal/rollback":   {8, stage}, // may we, to what, did it work
		"internal/postmortem": {8, stage}, // the draft
		"internal/drill":      {9, stage}, // scenarios and their score card

		"internal/blob":    {10, door}, // evidence on disk
		"internal/browser": {10, door}, // Chromium
		"internal/process": {10, door}, // what the processes of this machine do
		"internal/command": {11, door}, // runs a command and passes its output through
		"internal/guard":   {12, door}, // CI that can neither fail silently nor hang
		"internal/check":   {10, door}, // crawl, probes, served version
		"internal/demo":    {10, door}, // the demo product
		"internal/deploy":  {10, door}, // performs rollbacks
		"internal/ingest":  {10, door}, // boot reports and deploy webhooks
		"internal/notify":  {10, door}, // performs messages
		"internal/suite":   {10, door}, // runs Playwright suites
		"internal/store":   {10, door}, // SQLite and PostgreSQL
		"internal/api":     {10, door}, // the HTTP API
		"internal/web":     {10, door}, // the pages
		"internal/journey": {11, door}, // what a journey is, and how it is read

		"internal/player":   {12, door}, // plays journeys in the browser
		"internal/recorder": {12, door}, // writes down what a person does in a browser

		"internal/pgtest":    {10, support}, // a private PostgreSQL
		"internal/slacktest": {10, support}, // a Slack; also the demo's chat
		"internal/smtptest":  {10, support}, // a mail server
		"internal/apitest":   {11, support}, // a server that speaks the API
		"internal/archtest":  {10, support}, // this test

		"internal/config": {12, top}, // one file, read once
		"internal/app":    {13, top}, // opens, wires, supervises, stops
		"internal/cli":    {14, top}, // the commands
		"cmd/postflight":  {15, top}, // one line

		"bench/affected":      {14, top}, // measures affected beside Turborepo
		"bench/guard":         {14, top}, // measures the guard beside cat
		"bench/journey":       {14, top}, // measures a journey beside its peers
		"scripts/screenshots": {14, top}, // takes the pictures of the documentation
	})
	return all
}

// repository is the rooms that read what a repository builds.
func repository() map[string]room {
	return map[string]room{
		"internal/markup":    {2, base},  // XML of others, as a small tree
		"internal/workspace": {2, base},  // what a tree of files builds
		"internal/affected":  {3, base},  // which products a change ships
		"internal/cargo":     {3, base},  // crates
		"internal/dotnet":    {3, base},  // what .NET solutions build
		"internal/gomod":     {3, base},  // packages of Go modules
		"internal/jvm":       {3, base},  // modules of Maven and Gradle
		"internal/npm":       {3, base},  // workspaces of npm, yarn and pnpm
		"internal/plain":     {3, base},  // Dockerfiles, and what products declare
		"internal/python":    {3, base},  // projects of uv, Poetry and pip
		"internal/route":     {3, base},  // the addresses that a changed file serves
		"internal/bazel":     {10, door}, // what Bazel says it builds
		"internal/git":       {10, door}, // what a repository holds, and what changed
		"internal/survey":    {11, door}, // two commits, and what either builds
	}
}

// doorways are the only imports from one door to others: what drives the
// browser, or speaks of its keys and buttons.
func doorways() map[string][]string {
	return map[string][]string{
		"internal/command":  {"internal/process"},
		"internal/survey":   {"internal/git"},
		"internal/guard":    {"internal/command", "internal/process"},
		"internal/journey":  {"internal/browser"},
		"internal/player":   {"internal/browser", "internal/journey"},
		"internal/recorder": {"internal/browser"},
	}
}

// configReaders are the only rooms that may import the configuration.
func configReaders() []string { return []string{"internal/app", "internal/cli"} }

// exceptions maps "law subject", as a breach prints them, to the reason why it
// is allowed for now. It is empty, and should be: each line is a debt. A line
// that excuses nothing fails the test.
func exceptions() map[string]string {
	return map[string]string{}
}
