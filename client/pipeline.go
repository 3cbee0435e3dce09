package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// PipelineStep is one guarded step of a CI run, as the ledger keeps it. All
// durations are in milliseconds.
type PipelineStep struct {
	ID         string                `json:"id" minLength:"1" maxLength:"200" doc:"Unique to this attempt. Telling the same id again replaces an entry that was still running, and changes nothing else."`
	Name       string                `json:"name" minLength:"1" maxLength:"200" doc:"Such as unit, lint, e2e."`
	Run        string                `json:"run" minLength:"1" maxLength:"200" doc:"The CI system's own id of the pipeline run, with its attempt."`
	Job        string                `json:"job,omitempty" maxLength:"200"`
	Address    string                `json:"address,omitempty" maxLength:"2000" doc:"The page of the CI system that a person opens."`
	Version    string                `json:"version,omitempty" maxLength:"200" doc:"Of the release that is built: what the step is matched to a release by, before its commit."`
	Commit     string                `json:"commit,omitempty" maxLength:"200"`
	Branch     string                `json:"branch,omitempty" maxLength:"200"`
	Command    string                `json:"command" maxLength:"2000" doc:"The argument vector in one line, redacted."`
	Hash       string                `json:"hash,omitempty" maxLength:"200" doc:"Tells equal commands before redaction."`
	Started    time.Time             `json:"started"`
	DurationMS int64                 `json:"duration_ms" minimum:"0"`
	CPUMS      int64                 `json:"cpu_ms,omitempty" minimum:"0"`
	Code       int                   `json:"code" doc:"As the command left it: 128+n for signal n."`
	Signal     string                `json:"signal,omitempty" maxLength:"200"`
	State      string                `json:"state" enum:"running,passed,failed,silent,hung,blind"`
	Tests      *PipelineTests        `json:"tests,omitempty" doc:"Absent: no test runner was seen."`
	Tools      []string              `json:"tools,omitempty" maxItems:"200"`
	Reports    []PipelineReport      `json:"reports,omitempty" maxItems:"200"`
	Findings   []PipelineFinding     `json:"findings,omitempty" maxItems:"200"`
	Excerpt    []PipelinePassage     `json:"excerpt,omitempty" maxItems:"20" doc:"The few lines that explain a failure, redacted."`
	Longest    []PipelineLongestTest `json:"longest,omitempty" maxItems:"200" doc:"The tests that took longest."`
	Log        string                `json:"log,omitempty" maxLength:"2000" doc:"Where the wrapper kept the log."`
	Lines      int                   `json:"lines,omitempty" minimum:"0" doc:"Lines of the log."`
	Bytes      int64                 `json:"bytes,omitempty" minimum:"0" doc:"Bytes of the log."`
	Signature  []byte                `json:"signature,omitempty" maxLength:"2796204" doc:"Of a step that passed: what its log looked like, for the guard's own use; at most 2 MiB before base64."`
}

// PipelineTests is what the test runners and reports of a step counted.
type PipelineTests struct {
	Passed    int  `json:"passed" minimum:"0"`
	Failed    int  `json:"failed" minimum:"0"`
	Skipped   int  `json:"skipped" minimum:"0"`
	Flaky     int  `json:"flaky,omitempty" minimum:"0" doc:"Passed only when repeated."`
	Uncounted bool `json:"uncounted,omitempty" doc:"Some runner told packages instead of cases."`
}

// PipelineReport is one report file of a step.
type PipelineReport struct {
	Path     string    `json:"path" maxLength:"2000"`
	Hash     string    `json:"hash,omitempty" maxLength:"200" doc:"SHA-256, hex."`
	Modified time.Time `json:"modified,omitzero"`
	Format   string    `json:"format,omitempty" maxLength:"200"`
	Problem  string    `json:"problem,omitempty" maxLength:"2000" doc:"Why it could not be read."`
}

// PipelineFinding is a rule met.
type PipelineFinding struct {
	Rule    string          `json:"rule" maxLength:"200"`
	Level   string          `json:"level" enum:"fail,warn,note"`
	Message string          `json:"message" maxLength:"2000"`
	File    string          `json:"file,omitempty" maxLength:"2000"`
	Line    int             `json:"line,omitempty" minimum:"0"`
	Column  int             `json:"column,omitempty" minimum:"0"`
	Proofs  []PipelineProof `json:"proofs,omitempty" maxItems:"20"`
	Allowed string          `json:"allowed,omitempty" maxLength:"2000" doc:"The reason somebody gave for living with it."`
}

// PipelineProof is one piece of evidence.
type PipelineProof struct {
	Kind string `json:"kind" maxLength:"200" doc:"exit, summary, report, log, process, ledger, history or file."`
	Text string `json:"text" maxLength:"2000"`
	Line int    `json:"line,omitempty" minimum:"0"`
}

// PipelinePassage is a piece of a log that explains a failure.
type PipelinePassage struct {
	From  int      `json:"from" minimum:"0" doc:"Number of its first line, from 1."`
	Key   int      `json:"key" minimum:"0" doc:"Number of the line that says it."`
	Lines []string `json:"lines" maxItems:"200"`
	Why   string   `json:"why,omitempty" maxLength:"2000"`
}

// PipelineLongestTest is how long one test took.
type PipelineLongestTest struct {
	Name   string `json:"name" maxLength:"2000"`
	TookMS int64  `json:"took_ms" minimum:"0"`
}

// PipelineClosing is the judgement on a whole run.
type PipelineClosing struct {
	Run      string               `json:"run" minLength:"1" maxLength:"200"`
	Address  string               `json:"address,omitempty" maxLength:"2000"`
	Version  string               `json:"version,omitempty" maxLength:"200"`
	Commit   string               `json:"commit,omitempty" maxLength:"200"`
	Branch   string               `json:"branch,omitempty" maxLength:"200"`
	Green    bool                 `json:"green"`
	Wanted   []PipelineWanted     `json:"wanted,omitempty" maxItems:"200"`
	Steps    []PipelineClosedStep `json:"steps,omitempty" maxItems:"200" doc:"The last attempt of each."`
	Findings []PipelineFinding    `json:"findings,omitempty" maxItems:"200"`
}

// PipelineWanted is one step that a complete run has.
type PipelineWanted struct {
	Name     string `json:"name" minLength:"1" maxLength:"200"`
	MinTests int    `json:"min_tests,omitempty" minimum:"0"`
	Optional string `json:"optional,omitempty" maxLength:"2000" doc:"The reason why it may be missing."`
}

// PipelineClosedStep names a step that a run had.
type PipelineClosedStep struct {
	ID      string    `json:"id" minLength:"1" maxLength:"200"`
	Name    string    `json:"name" minLength:"1" maxLength:"200"`
	Job     string    `json:"job,omitempty" maxLength:"200"`
	State   string    `json:"state" enum:"running,passed,failed,silent,hung,blind"`
	Started time.Time `json:"started"`
}

// PipelineTold is the answer to a step or a closing. New is false when the
// server knew it already.
type PipelineTold struct {
	New bool `json:"new"`
}

// PipelineStanding is what a release's pipeline is worth as evidence.
type PipelineStanding struct {
	Release string           `json:"release"`
	Version string           `json:"version"`
	State   string           `json:"state" enum:"unknown,verified,unverified,failed"`
	Text    string           `json:"text,omitempty" doc:"The state and the heaviest reasons in a sentence."`
	Reasons []PipelineReason `json:"reasons,omitempty"`
	At      time.Time        `json:"at"`
}

// PipelineReason is one thing to know of a pipeline.
type PipelineReason struct {
	Step  string `json:"step,omitempty"`
	Rule  string `json:"rule,omitempty"`
	Level string `json:"level"`
	Text  string `json:"text"`
}

// Pipeline is what was told of the pipeline of a version.
type Pipeline struct {
	Standing *PipelineStanding `json:"standing,omitempty" doc:"Of the newest release of the version."`
	Steps    []PipelineStep    `json:"steps"`
	Closings []PipelineClosing `json:"closings"`
}

// PipelineHistory is what the last green runs of a step were like, the latest
// last.
type PipelineHistory struct {
	Runs      []PipelineRun         `json:"runs"`
	Longest   []PipelineLongestTest `json:"longest,omitempty" doc:"The longest that each test ever took."`
	Signature []byte                `json:"signature,omitempty" doc:"What the last green log looked like, as the guard told it."`
}

// PipelineRun is one green run of a step.
type PipelineRun struct {
	ID         string         `json:"id"`
	Run        string         `json:"run"`
	Version    string         `json:"version,omitempty"`
	Commit     string         `json:"commit,omitempty"`
	Branch     string         `json:"branch,omitempty"`
	Started    time.Time      `json:"started"`
	DurationMS int64          `json:"duration_ms"`
	Tests      *PipelineTests `json:"tests,omitempty"`
}

// ReportStep tells of one step, after cutting it to what a server takes. It is
// idempotent: repeat it after a doubt. Tell a step when it begins, as running,
// and once it is over.
func (c *Client) ReportStep(ctx context.Context, product string, s PipelineStep) (PipelineTold, error) {
	return post[PipelineTold](ctx, c, s.Fit(), "products", product, "pipeline", "steps")
}

// ClosePipeline tells the judgement on a whole run, after cutting it to what a
// server takes. It is idempotent; another judgement on the same run takes the
// place of the first.
func (c *Client) ClosePipeline(ctx context.Context, product string, p PipelineClosing) (PipelineTold, error) {
	return post[PipelineTold](ctx, c, p.Fit(), "products", product, "pipeline", "closings")
}

// Pipeline returns what was told of a version; of the newest steps, without a
// release's standing, when version is "".
func (c *Client) Pipeline(ctx context.Context, product, version string) (Pipeline, error) {
	q := url.Values{}
	if version != "" {
		q.Set("version", version)
	}
	return get[Pipeline](ctx, c, q, "products", product, "pipeline")
}

// PipelineHistory returns what the last twenty green runs of a step were like:
// those of the branch, or of every branch when it has fewer than three.
func (c *Client) PipelineHistory(ctx context.Context, product, step, branch string) (out PipelineHistory, err error) {
	err = c.do(ctx, call{
		method: http.MethodGet, path: []string{"products", product, "pipeline", "history"},
		query: url.Values{"step": {step}, "branch": {branch}},
	}, &out)
	return out, err
}
