package config

import "time"

// document is the whole file. The tags are the one source of the decoder, the
// JSON Schema and the reference: yaml (key), doc, required, default (decoded
// when the key is absent), means (what absence means, in words), example,
// format, enum, min and max (of a number, a duration or a list's length),
// group (exactly one key of a group), env (the variable that overrides it),
// literal (a secret field whose value may stand in the file), empty (the empty
// string is meant), short (the list of a section that a lone text stands for).
type document struct {
	Server   Server              `yaml:"server" doc:"The Postflight server itself."`
	Products map[string]*Product `yaml:"products" required:"true" max:"200" doc:"What is watched, by product id."`
	Channels map[string]*Channel `yaml:"channels" max:"100" doc:"Where people are told, by channel name."`
}

// Server is the section about the server itself.
type Server struct {
	Listen       string        `yaml:"listen" format:"address" default:"127.0.0.1:7460" env:"POSTFLIGHT_LISTEN" doc:"Address and port to listen on."`
	PublicURL    string        `yaml:"public_url" format:"base" means:"http:// and the listen address" example:"https://postflight.example.com" env:"POSTFLIGHT_PUBLIC_URL" doc:"Address people reach this server at; links in messages start with it."`
	Data         string        `yaml:"data" format:"path" default:"./data" env:"POSTFLIGHT_DATA" doc:"Directory for state and evidence."`
	Store        Secret        `yaml:"store" literal:"ok" default:"sqlite" example:"${DATABASE_URL}" env:"POSTFLIGHT_STORE" doc:"Where state is kept: sqlite (a file in the data directory) or a postgres:// address."`
	Browser      string        `yaml:"browser" format:"program" means:"chromium-headless-shell, else chromium, from PATH" example:"/usr/bin/chromium" env:"POSTFLIGHT_BROWSER" doc:"Browser that plays the journeys."`
	Concurrency  int           `yaml:"concurrency" min:"1" max:"64" means:"as many as the processor cores and the free memory bear" example:"4" doc:"How many journeys run at the same time. The first place is kept for a release; under overload the others wait, and say so."`
	Retention    Retention     `yaml:"retention" doc:"How long things are kept."`
	IncidentHold time.Duration `yaml:"incident_hold" min:"1s" max:"30d" default:"10m" doc:"How long a mitigated incident stays open before it is resolved by itself. One that a person acknowledged waits for a person."`
}

// Retention says how long things are kept.
type Retention struct {
	Events   time.Duration `yaml:"events" min:"1h" max:"3650d" default:"90d" doc:"Events, signals and incidents."`
	Evidence time.Duration `yaml:"evidence" min:"1h" max:"3650d" default:"30d" doc:"Screenshots, logs and other files."`
}

// Product is one product in the file.
type Product struct {
	Name         string                  `yaml:"name" means:"the product id" example:"Shop" doc:"Name shown to people."`
	URL          string                  `yaml:"url" required:"true" format:"base" example:"https://shop.example.com" doc:"Public base address."`
	PreviousURL  string                  `yaml:"previous_url" format:"previous" example:"https://{version}.shop.example.com" doc:"Where an older release can still be reached; {version} stands for its version. A failure is then compared with the release before."`
	FirstParty   []string                `yaml:"first_party" format:"origin" max:"50" example:"https://static.example.com" doc:"Further origins that belong to the product. Journeys mark their requests as synthetic on first-party origins only."`
	Version      Version                 `yaml:"version" required:"true" doc:"How the version that is really served is read."`
	Journeys     []Journey               `yaml:"journeys" max:"50" doc:"User journeys: recordings of the Chrome DevTools Recorder, hand-written ones, and Playwright suites."`
	Pages        []string                `yaml:"pages" format:"location" max:"50" example:"/" doc:"Entry pages, relative to url, whose scripts, styles and other assets are fetched. A product needs a journey or a page."`
	Integrations map[string]*Integration `yaml:"integrations" max:"50" doc:"Other people's services that the product needs, by integration id."`
	BootReports  bool                    `yaml:"boot_reports" default:"false" doc:"Whether the pages carry the boot report script. Reports are taken from the product's own origins only."`
	Rollback     *Rollback               `yaml:"rollback" doc:"How to go back to the release before. Without it, people are told and nothing is moved."`
	Notify       []string                `yaml:"notify" format:"id" max:"20" example:"team" doc:"Channels to tell about this product's incidents."`
	QA           []string                `yaml:"qa" format:"id" max:"20" example:"qa" doc:"Channels to tell what a change will release before it does, and which journeys cover it (\"postflight affected\" with a server). None: nobody is told."`
	Watch        Watch                   `yaml:"watch" doc:"How long and how often a release is watched."`
	Source       *Source                 `yaml:"source" doc:"Which files of the repository the product is made of, for \"postflight affected\"."`
}

// Source says which files of the repository make the product.
type Source struct {
	Units     []string `yaml:"units" max:"200" means:"the unit with the product's name" example:"@acme/web" doc:"Packages, modules, projects or crates of the workspace that the product is built from, by name or by folder. What they are made with belongs to them."`
	Paths     []string `yaml:"paths" format:"glob" max:"200" example:"infra/shop/**" doc:"Further files that the product is made of, as patterns from the root of the repository: * within a folder, ** through any number of them."`
	Verify    []string `yaml:"verify" format:"glob" max:"200" example:"e2e/shop/**" doc:"Files that only check the product: a change to them ships nothing."`
	DependsOn []string `yaml:"depends_on" format:"id" max:"50" example:"api" doc:"Other products whose release is a release of this one as well."`
}

// Version says how the served version is read.
type Version struct {
	Header string        `yaml:"header" group:"source" format:"header" example:"X-Version" doc:"Name of a response header."`
	Meta   string        `yaml:"meta" group:"source" example:"version" doc:"Name of a meta tag in the page."`
	JSON   string        `yaml:"json" group:"source" format:"jsonpath" example:"build.version" doc:"Keys into a JSON document, joined by dots."`
	Path   string        `yaml:"path" format:"location" means:"/ for header and meta" example:"/version.json" doc:"What to request, relative to url. Required with json."`
	Every  time.Duration `yaml:"every" min:"200ms" max:"1h" default:"5s" doc:"How often the version is read, so that a release is noticed by itself."`
}

// Journey is one user journey: a recording, a hand-written one, or a suite of
// the user's own Playwright tests.
type Journey struct {
	File       string            `yaml:"file" group:"source" format:"path" example:"journeys/checkout.json" doc:"The journey: a recording as exported by the Recorder panel (.json), or a hand-written one (.yaml). It must assert something."`
	Playwright *Playwright       `yaml:"playwright" group:"source" short:"files" doc:"A suite of the product's own Playwright project. A single file may stand here by itself."`
	ID         string            `yaml:"id" format:"id" means:"the file's name without its ending" example:"checkout" doc:"Id of the journey, unique in the product. Required with playwright."`
	Title      string            `yaml:"title" means:"the journey's own title" example:"Check out" doc:"Name shown to people."`
	Every      time.Duration     `yaml:"every" min:"5s" max:"7d" means:"only while a release is watched" example:"5m" doc:"How often it runs when nothing is released. Journeys do not start together: each has its own place in the interval."`
	Timeout    time.Duration     `yaml:"timeout" min:"1s" max:"10m" means:"30s, or 5m with playwright" example:"45s" doc:"Longest time one run may take."`
	Browser    string            `yaml:"browser" enum:"shell,full" means:"the browser of the server section" doc:"shell is the headless shell, full the whole Chromium: slower and dearer, with out-of-process frames and extensions."`
	Hosts      []string          `yaml:"hosts" format:"fence" max:"100" means:"no fence" example:"fonts.example.net" doc:"The fence: which hosts a run may touch, beside the product's own and its integrations'. The first request outside is blocked and fails the run."`
	Writes     []string          `yaml:"writes" format:"write" max:"100" means:"any" example:"POST /api/test-orders*" doc:"Which requests other than GET, HEAD and OPTIONS a run may make: a method and a path, in which * stands for anything."`
	Vars       map[string]string `yaml:"vars" empty:"ok" max:"100" doc:"What {{name}} stands for in the journey."`
	Secrets    map[string]Secret `yaml:"secrets" max:"100" doc:"What {{secret.name}} stands for in the journey. It is never shown: not in a picture, a log, a HAR or an error."`
	Allow      []string          `yaml:"allow" max:"100" example:"*/api/me" doc:"Failures that do not fail a run: addresses, in which * stands for anything, or parts of the text of an exception."`
	Errors     string            `yaml:"errors" enum:"fail,warn" default:"fail" doc:"Whether an uncaught exception or a failed first-party request fails a run, or is only told."`
	Compare    *Compare          `yaml:"compare" doc:"Compare pictures with those of the last good release. {} turns it on."`
	Budgets    *Budgets          `yaml:"budgets" doc:"Limits of the web vitals. What is over them is told, and fails nothing."`
	Quarantine *Quarantine       `yaml:"quarantine" doc:"Take the journey's failures out of the verdict for a while. It still runs and is shown."`
}

// Playwright is a suite of the user's own tests.
type Playwright struct {
	Files   []string          `yaml:"files" required:"true" max:"100" example:"tests/checkout.spec.ts" doc:"Which tests run: files or folders, as the arguments of npx playwright test."`
	Dir     string            `yaml:"dir" format:"path" default:"." doc:"Directory of the project, where npx playwright test runs."`
	Project string            `yaml:"project" example:"chromium" doc:"Only this project of the Playwright configuration."`
	Grep    string            `yaml:"grep" example:"@smoke" doc:"Only the tests whose title matches this regular expression."`
	Env     map[string]Secret `yaml:"env" literal:"ok" max:"100" doc:"Further environment variables of the run."`
}

// Compare says how pictures are compared.
type Compare struct {
	Fail   bool     `yaml:"fail" default:"false" doc:"Whether a difference fails the run. Otherwise it is told."`
	Limit  float64  `yaml:"limit" min:"0" max:"1" default:"0.002" doc:"Share of the pixels that may differ."`
	Ignore []string `yaml:"ignore" max:"100" example:".clock" doc:"CSS selectors of what is not compared."`
}

// Budgets are the limits of the web vitals.
type Budgets struct {
	LCP  time.Duration `yaml:"lcp" min:"1ms" max:"10m" means:"no limit" example:"2500ms" doc:"Largest contentful paint."`
	FCP  time.Duration `yaml:"fcp" min:"1ms" max:"10m" means:"no limit" example:"1800ms" doc:"First contentful paint."`
	TTFB time.Duration `yaml:"ttfb" min:"1ms" max:"10m" means:"no limit" example:"800ms" doc:"Time to the first byte."`
	INP  time.Duration `yaml:"inp" min:"1ms" max:"10m" means:"no limit" example:"200ms" doc:"Interaction to next paint."`
	CLS  float64       `yaml:"cls" min:"0" max:"100" means:"no limit" example:"0.1" doc:"Cumulative layout shift."`
}

// Quarantine takes a journey out of the verdict until a day.
type Quarantine struct {
	Until  string `yaml:"until" required:"true" format:"date" example:"2027-01-31" doc:"Last day of the quarantine, in UTC. It ends by itself."`
	Owner  string `yaml:"owner" required:"true" example:"ann@example.com" doc:"Who mends the journey."`
	Reason string `yaml:"reason" required:"true" example:"the calendar flickers, SHOP-812" doc:"Why its failures do not count."`
}

// Integration is somebody else's service.
type Integration struct {
	Name  string   `yaml:"name" means:"the integration id" example:"Payments" doc:"Name shown to people."`
	Hosts []string `yaml:"hosts" required:"true" format:"host" max:"50" example:"api.payments.example" doc:"Hosts, or host:port, as the product calls them."`
	Owner string   `yaml:"owner" example:"payments-team@example.com" doc:"Whom to turn to when it fails."`
	Probe *Probe   `yaml:"probe" doc:"A request that shows whether the service is alive."`
}

// Probe is one HTTP request with an expected answer.
type Probe struct {
	URL      string        `yaml:"url" required:"true" format:"url" example:"https://api.payments.example/health" doc:"Address to request."`
	Method   string        `yaml:"method" enum:"GET,HEAD,POST" default:"GET" doc:"Request method."`
	Status   int           `yaml:"status" min:"100" max:"599" default:"200" doc:"Expected status."`
	Contains string        `yaml:"contains" empty:"ok" example:"ok" doc:"Text that must stand in the first 64 KiB of the answer."`
	Every    time.Duration `yaml:"every" min:"500ms" max:"1d" default:"15s" doc:"How often it is requested."`
	Timeout  time.Duration `yaml:"timeout" min:"100ms" max:"1m" default:"5s" doc:"Longest time to wait for the answer."`
}

// Rollback is how a product goes back.
type Rollback struct {
	Automatic bool             `yaml:"automatic" default:"false" doc:"Go back without asking when a release is judged broken. Otherwise one button and one command do it."`
	Timeout   time.Duration    `yaml:"timeout" min:"1s" max:"1h" default:"1m" doc:"Longest time the method may take."`
	Directory *Directory       `yaml:"directory" group:"method" doc:"Flip a symbolic link between release directories."`
	Command   []string         `yaml:"command" group:"method" max:"64" example:"[./deploy, --to, \"{version}\"]" doc:"Run a program, without a shell. {version} is the version to go back to, {bad_version} the one to leave."`
	Webhook   *RollbackWebhook `yaml:"webhook" group:"method" doc:"Ask another system with a signed POST."`
}

// Directory is rollback by flipping a link.
type Directory struct {
	Current  string `yaml:"current" required:"true" format:"path" example:"/srv/shop/current" doc:"The link that points at the live release."`
	Releases string `yaml:"releases" required:"true" format:"path" example:"/srv/shop/releases" doc:"The directory that holds one directory per version."`
}

// RollbackWebhook is rollback by a signed POST.
type RollbackWebhook struct {
	URL    string `yaml:"url" required:"true" format:"url" example:"https://deploy.example.com/rollback" doc:"Address that receives the POST."`
	Secret Secret `yaml:"secret" required:"true" example:"${DEPLOY_SECRET}" doc:"Key the POST is signed with."`
}

// Watch is the window opened on a release.
type Watch struct {
	For    time.Duration `yaml:"for" min:"1s" max:"7d" default:"10m" doc:"How long a release is watched."`
	Every  time.Duration `yaml:"every" min:"500ms" max:"1h" default:"15s" doc:"Pause between two rounds of journeys and asset fetches."`
	Settle time.Duration `yaml:"settle" min:"500ms" max:"1d" means:"2m, or the whole window when that is shorter" example:"1m" doc:"How long a new version may take until it is really served."`
}

// Channel is one place where people are told; exactly one kind is set.
type Channel struct {
	// Name is the key in the file.
	Name    string   `yaml:"-"`
	Slack   *Slack   `yaml:"slack" group:"kind" doc:"A Slack channel, by bot token."`
	Webhook *Webhook `yaml:"webhook" group:"kind" doc:"A signed POST of JSON."`
	Email   *Email   `yaml:"email" group:"kind" doc:"Mail over SMTP."`
}

// Slack is a Slack channel.
type Slack struct {
	Token   Secret `yaml:"token" required:"true" example:"${SLACK_TOKEN}" doc:"Bot token with chat:write and files:write."`
	Channel string `yaml:"channel" required:"true" example:"C0123456789" doc:"Channel id; the bot must be a member."`
	APIURL  string `yaml:"api_url" format:"url" default:"https://slack.com/api/" doc:"Address of the Slack API."`
}

// Webhook is a generic signed webhook.
type Webhook struct {
	URL    Secret `yaml:"url" required:"true" literal:"ok" format:"url" example:"https://hooks.example.com/postflight" doc:"Address that receives the POST. It is treated as a secret, since many such addresses carry one."`
	Secret Secret `yaml:"secret" required:"true" example:"${HOOK_SECRET}" doc:"Key the POST is signed with."`
}

// Email is mail over SMTP.
type Email struct {
	SMTP     string   `yaml:"smtp" required:"true" format:"address" example:"mail.example.com:587" doc:"Mail server and port."`
	From     string   `yaml:"from" required:"true" format:"mail" example:"postflight@example.com" doc:"Sender."`
	To       []string `yaml:"to" required:"true" format:"mail" max:"50" example:"oncall@example.com" doc:"Recipients."`
	Username string   `yaml:"username" example:"postflight" doc:"User to sign in as; needs password."`
	Password Secret   `yaml:"password" example:"file:/run/secrets/smtp" doc:"Password to sign in with; needs username."`
	TLS      string   `yaml:"tls" enum:"starttls,tls,none" default:"starttls" doc:"Encryption of the connection. none is accepted with a password on this machine only."`
}
