package client

import "time"

// Announcement tells the ledger that a version was made live.
type Announcement struct {
	Version       string   `json:"version" minLength:"1" maxLength:"128" doc:"The version that is served from now on, as the product itself reports it."`
	Commit        string   `json:"commit,omitempty" maxLength:"128" doc:"Commit the version was built from."`
	URL           string   `json:"url,omitempty" maxLength:"500" doc:"Pipeline or change request."`
	ConfigChanges []string `json:"config_changes,omitempty" maxItems:"50" doc:"Configuration that changed with this release, one line each."`
	Force         bool     `json:"force,omitempty" doc:"Release a version that is held back by a pin, and lift the pin."`
}

// Announced is the answer to an Announcement. New is false when the ledger
// knew the release already.
type Announced struct {
	Release Release `json:"release"`
	New     bool    `json:"new" doc:"False when the same release was announced before: nothing was changed."`
}

// Release is one act of making a version live.
type Release struct {
	ID            string    `json:"id"`
	Product       string    `json:"product"`
	Version       string    `json:"version"`
	Commit        string    `json:"commit,omitempty"`
	Source        string    `json:"source" enum:"announced,noticed,rollback,baseline" doc:"Who made the version live."`
	By            string    `json:"by,omitempty"`
	URL           string    `json:"url,omitempty"`
	ConfigChanges []string  `json:"config_changes,omitempty"`
	At            time.Time `json:"at"`
	Previous      string    `json:"previous,omitempty" doc:"Release that was live just before."`
	Compare       string    `json:"compare,omitempty" doc:"Release that a difference is measured against."`
	Judgement     string    `json:"judgement" enum:"unjudged,good,bad"`
	Undoes        string    `json:"undoes,omitempty" doc:"Of a rollback: the release that was undone."`
	Restores      string    `json:"restores,omitempty" doc:"Of a rollback: the release that was restored."`
	Violates      *Pin      `json:"violates,omitempty" doc:"The pin that this release broke."`
}

// Pin keeps a bad version from coming back unnoticed.
type Pin struct {
	Version string    `json:"version" doc:"The version that is held."`
	Bad     string    `json:"bad" doc:"The version that must not be released again."`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// Product is where one product stands.
type Product struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	URL       string     `json:"url"`
	Served    string     `json:"served,omitempty" doc:"The version last read from the product itself."`
	ServedAt  time.Time  `json:"served_at,omitzero"`
	Live      *Release   `json:"live,omitempty"`
	LastGood  *Release   `json:"last_good,omitempty"`
	Pin       *Pin       `json:"pin,omitempty"`
	Verdict   *Verdict   `json:"verdict,omitempty" doc:"The last verdict on the live release."`
	Watch     *Watch     `json:"watch,omitempty" doc:"The window that is open on a release."`
	Incidents []Incident `json:"incidents,omitempty" doc:"Those that are open."`
}

// The states of a verdict.
const (
	Observing         = "observing"
	Healthy           = "healthy"
	BrokenRelease     = "broken_release"
	BrokenEnvironment = "broken_environment"
	NotDeployed       = "not_deployed"
	Inconclusive      = "inconclusive"
)

// Verdict is what is claimed of a release, and on what evidence.
type Verdict struct {
	State        string    `json:"state" enum:"observing,healthy,broken_release,broken_environment,not_deployed,inconclusive"`
	Kind         string    `json:"kind" doc:"Of the watch: release, verify or standing."`
	Watch        string    `json:"watch"`
	At           time.Time `json:"at"`
	Summary      string    `json:"summary"`
	Final        bool      `json:"final" doc:"The watch is over; nothing more will be said."`
	Reasons      []Reason  `json:"reasons,omitempty"`
	Unseen       []string  `json:"unseen,omitempty" doc:"What was not looked at, so that green is not overstated."`
	Suspects     []Suspect `json:"suspects,omitempty"`
	Integration  string    `json:"integration,omitempty" doc:"The provider at fault."`
	Differential bool      `json:"differential,omitempty" doc:"The same look failed on the new release and passed on the old one."`
	Rollback     bool      `json:"rollback,omitempty" doc:"Rolling back is advised."`
	Since        time.Time `json:"since,omitzero" doc:"When the first failing signal was seen."`
}

// Reason is one sentence for or against a verdict.
type Reason struct {
	Rule    string    `json:"rule"`
	For     bool      `json:"for" doc:"True when it supports the state, false when it speaks against it."`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
	Signals []string  `json:"signals,omitempty"`
}

// Suspect is a change that may be the cause, with the evidence both ways.
type Suspect struct {
	Kind    string   `json:"kind" doc:"release, configuration or integration."`
	Name    string   `json:"name"`
	Detail  string   `json:"detail,omitempty"`
	For     []string `json:"for,omitempty"`
	Against []string `json:"against,omitempty"`
}

// Watch is the window opened on a release.
type Watch struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind" enum:"release,verify,standing"`
	State  string    `json:"state" enum:"open,ended,superseded"`
	Opened time.Time `json:"opened"`
	Until  time.Time `json:"until,omitzero"`
	Ended  time.Time `json:"ended,omitzero"`
	Round  int       `json:"round"`
	Met    time.Time `json:"met,omitzero" doc:"When the expected version was first really served."`
	// Sensitive is the reason why the watch is longer and denser than usual.
	Sensitive string `json:"sensitive,omitempty" doc:"Why the watch is longer and denser than usual; absent: it is not."`
}

// Outcome is a release and what is claimed of it.
type Outcome struct {
	Release  Release  `json:"release"`
	Verdict  *Verdict `json:"verdict,omitempty"`
	Watch    *Watch   `json:"watch,omitempty"`
	Incident string   `json:"incident,omitempty"`
	// Settled is true when the verdict is final or broken, or when another
	// release went live before there was one.
	Settled bool `json:"settled" doc:"The verdict is final or broken, or another release took over."`
}

// ReleaseDetail is an outcome with what was seen.
type ReleaseDetail struct {
	Outcome
	Signals []Signal `json:"signals,omitempty" doc:"The newest observations, oldest first, without steps."`
	More    bool     `json:"more,omitempty" doc:"There are older observations than those listed."`
}

// Signal is one observation, in brief.
type Signal struct {
	ID       string     `json:"id"`
	At       time.Time  `json:"at"`
	Kind     string     `json:"kind"`
	Name     string     `json:"name"`
	Side     string     `json:"side,omitempty" doc:"new, old, or nothing for what has no release."`
	Round    int        `json:"round,omitempty"`
	Confirm  bool       `json:"confirm,omitempty"`
	TookMS   int64      `json:"took_ms"`
	Expected string     `json:"expected,omitempty"`
	Served   string     `json:"served,omitempty" doc:"The version that was really met; absent when it is unknown."`
	Outcome  string     `json:"outcome" enum:"pass,fail,broken" doc:"Broken is our own fault and counts neither way."`
	Summary  string     `json:"summary"`
	Failure  *Failure   `json:"failure,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Failure is the first thing that went wrong in an observation.
type Failure struct {
	Class    string `json:"class"`
	Step     int    `json:"step,omitempty"`
	Title    string `json:"title,omitempty"`
	Message  string `json:"message"`
	URL      string `json:"url,omitempty"`
	Status   int    `json:"status,omitempty"`
	Position string `json:"position,omitempty" doc:"file:line:column"`
}

// Evidence points at an artifact; it is read in the web interface under
// /evidence/{blob}.
type Evidence struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Blob  string `json:"blob"`
	Type  string `json:"type" doc:"Media type."`
	Size  int64  `json:"size"`
}

// Incident is one thing that went wrong.
type Incident struct {
	ID           string    `json:"id"`
	Product      string    `json:"product"`
	Release      string    `json:"release,omitempty"`
	Version      string    `json:"version,omitempty"`
	Fix          string    `json:"fix,omitempty" doc:"The release that should repair it."`
	Title        string    `json:"title"`
	State        string    `json:"state" enum:"triggered,acknowledged,mitigated,resolved,false_alarm"`
	Severity     int       `json:"severity" doc:"From 1, the worst, to 4."`
	By           string    `json:"by,omitempty" doc:"Who acknowledged it."`
	Drill        string    `json:"drill,omitempty"`
	Reopened     int       `json:"reopened,omitempty"`
	Verdict      string    `json:"verdict" doc:"State of the worst verdict."`
	Summary      string    `json:"summary" doc:"Of the worst verdict."`
	Impact       time.Time `json:"impact,omitzero" doc:"The first failing signal."`
	Detected     time.Time `json:"detected,omitzero"`
	Paged        time.Time `json:"paged,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Acted        time.Time `json:"acted,omitzero" doc:"When the pointer was moved back."`
	Mitigated    time.Time `json:"mitigated,omitzero"`
	Resolved     time.Time `json:"resolved,omitzero"`
}

// IncidentDetail is an incident with its timeline.
type IncidentDetail struct {
	Incident
	Timeline []Entry `json:"timeline,omitempty"`
}

// Entry is one line of a timeline.
type Entry struct {
	Seq      int64      `json:"seq" doc:"Of the journal event it tells."`
	At       time.Time  `json:"at"`
	Kind     string     `json:"kind"`
	Text     string     `json:"text"`
	By       string     `json:"by,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Note is what a person adds to an incident.
type Note struct {
	Text string `json:"text,omitempty" maxLength:"10000"`
}

// SeverityChange sets the severity of an incident.
type SeverityChange struct {
	Severity int    `json:"severity" minimum:"1" maximum:"4"`
	Text     string `json:"text,omitempty" maxLength:"10000" doc:"Why."`
}

// Accepted says that a wish was recorded. What follows from it happens
// through the journal, within moments.
type Accepted struct {
	Subject string `json:"subject" doc:"The release, product or incident it is about."`
}

// Postmortem is the draft of what happened.
type Postmortem struct {
	Incident    string           `json:"incident"`
	Title       string           `json:"title"`
	Generated   time.Time        `json:"generated"`
	Edited      time.Time        `json:"edited,omitzero"`
	Parts       []PostmortemPart `json:"parts"`
	Screenshots []Evidence       `json:"screenshots,omitempty"`
}

// PostmortemPart is one section: what was generated, and what people wrote.
type PostmortemPart struct {
	Section string `json:"section"`
	Title   string `json:"title"`
	Facts   []Fact `json:"facts,omitempty"`
	Human   string `json:"human,omitempty"`
	By      string `json:"by,omitempty"`
}

// Fact is one generated sentence and the journal event behind it; Seq is
// zero only when the text says that something is unknown.
type Fact struct {
	Text string    `json:"text"`
	Seq  int64     `json:"seq,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// Scenario is a failure that can be played.
type Scenario struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	About    string `json:"about"`
	Verdict  string `json:"verdict" doc:"The verdict that is expected."`
	Rollback bool   `json:"rollback" doc:"Whether a rollback is expected."`
	Page     bool   `json:"page" doc:"Whether people must be told."`
}

// The states of a drill.
const (
	DrillPlaying = "playing"
	DrillPassed  = "passed"
	DrillMissed  = "missed"
	DrillAborted = "aborted"
)

// Drill is one played scenario with its score card. A time that is absent
// did not happen.
type Drill struct {
	ID         string    `json:"id"`
	Scenario   Scenario  `json:"scenario"`
	Product    string    `json:"product"`
	State      string    `json:"state" enum:"playing,passed,missed,aborted"`
	By         string    `json:"by"`
	Started    time.Time `json:"started"`
	Release    string    `json:"release,omitempty"`
	Incident   string    `json:"incident,omitempty"`
	Fault      time.Time `json:"fault,omitzero" doc:"Commit of the bad pointer, or the provider's death."`
	Evidence   time.Time `json:"evidence,omitzero" doc:"First failing signal."`
	Detected   time.Time `json:"detected,omitzero"`
	Paged      time.Time `json:"paged,omitzero"`
	RolledBack time.Time `json:"rolled_back,omitzero"`
	Verified   time.Time `json:"verified,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
	Verdict    string    `json:"verdict,omitempty"`
	First      string    `json:"first,omitempty" doc:"The first evidence, in words."`
	Findings   []string  `json:"findings,omitempty" doc:"What was expected and did not happen, or the reverse."`
}

// DrillStart asks for a drill.
type DrillStart struct {
	Scenario string `json:"scenario" minLength:"1" maxLength:"64"`
}

// Started names the drill that was started.
type Started struct {
	ID string `json:"id"`
}

// Token is an API token, without its secret.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Role    string    `json:"role" enum:"viewer,responder,admin"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero" doc:"Last use, to the minute."`
	Revoked time.Time `json:"revoked,omitzero"`
}

// GrantRequest asks for a token or a sign-in link.
type GrantRequest struct {
	Name string `json:"name" minLength:"1" maxLength:"100" doc:"Whom or what it is for."`
	Role string `json:"role" enum:"viewer,responder,admin"`
}

// NewToken is a token with its secret, which is told once and never again.
type NewToken struct {
	Token
	Secret string `json:"secret"`
}

// Link is a sign-in link that works once.
type Link struct {
	URL  string `json:"url"`
	Role string `json:"role" enum:"viewer,responder,admin"`
}

// Version says what answers.
type Version struct {
	Version string `json:"version"`
}

// Health is the whole answer of the health page.
type Health struct {
	Status string `json:"status" enum:"ok,unavailable"`
}

// The lists. An envelope, so that fields can be added.
type (
	// Products lists where every product stands.
	Products struct {
		Products []Product `json:"products"`
	}
	// Releases lists a ledger, newest first.
	Releases struct {
		Releases []Outcome `json:"releases"`
	}
	// Incidents lists incidents, newest first.
	Incidents struct {
		Incidents []Incident `json:"incidents"`
	}
	// Drills lists played drills, newest first.
	Drills struct {
		Drills []Drill `json:"drills"`
	}
	// Scenarios lists what can be played, in the order to play it.
	Scenarios struct {
		Scenarios []Scenario `json:"scenarios"`
	}
	// Tokens lists API tokens, newest first.
	Tokens struct {
		Tokens []Token `json:"tokens"`
	}
)

// Problem is an error as it is sent: RFC 9457 with our kind and hint.
type Problem struct {
	Type   string `json:"type,omitempty" doc:"Always about:blank: the kind says which error it is."`
	Title  string `json:"title,omitempty"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"What is wrong, for a person."`
	Kind   string `json:"kind" enum:"not_found,invalid,conflict,denied,unavailable,internal"`
	Hint   string `json:"hint,omitempty" doc:"What to do next."`
	Number string `json:"number,omitempty" doc:"Of the server's log entry, for internal errors."`
}
