// Package hang decides when a command is stuck: the rules of the watchdog.
//
// A Watch is given a Sample every second or so (what the command's processes
// did, what its log says) and answers with a Decision: go on, warn, or end it,
// and why. Novel counts output that is news, heartbeats aside; Elastic turns the
// green runs before into a limit; Obstacle reads what the log says is waited
// for. It reads no process and no clock: the guard room samples, and the command
// room ends what must be ended.
package hang

import (
	"time"

	"github.com/postflight/postflight/internal/rule"
)

// Limits are the times after which the rules bite. Zero leaves a rule at its
// default; a negative one switches it off.
type Limits struct {
	Total    time.Duration // at all; default by history, see Elastic
	Idle     time.Duration // no new output and no CPU: 5 min
	Finished time.Duration // alive after the tests' last word: 30 s
	Reporter time.Duration // report not growing after the tests' last word: 60 s
	Orphans  time.Duration // descendants alive after the command's end: 5 s
	Stdin    time.Duration // waiting for an answer: 30 s
	Lock     time.Duration // waiting for a lock or a port, CPU idle: 2 min
	// Progress is how many times its longest ever a single test may run: 3; it
	// never bites below the floor of a minute, nor without a history.
	Progress float64
}

// Sample is what was seen at one instant.
type Sample struct {
	At time.Duration // since the start of the command
	// Output is how many bytes of new output came so far, and Beats how many
	// bytes of heartbeats, which are not new: see Novel, which counts both.
	Output int64
	Beats  int64
	CPU    time.Duration // of all processes so far, user and system, dead ones included
	// Moved is how many bytes all processes read and wrote so far, 0 when nobody
	// counts: a quiet copy over a slow line is no hang.
	Moved int64
	// Away is a program that lets others do its work, "docker" or "ssh", and is
	// quiet meanwhile; "" when there is none.
	Away   string
	Alive  bool // the command itself
	Others int  // descendants alive
	Pipe   bool // somebody still holds the output open
	// Finished is the tool that printed its last word, "" before; Passed whether
	// all that was said is good. FinishedAt is when it did (zero: in the sample
	// that first says so), and Youngest when the youngest process that lives
	// began (zero: unknown), both since the start of the command: a process that
	// began after the last word is the next step of a script, which goes on.
	Finished   string
	Passed     bool
	FinishedAt time.Duration
	Youngest   time.Duration
	Test       string        // the test that runs, "" when unknown
	Longest    time.Duration // the longest it ever took in green runs; 0 unknown
	// Waits: some process reads a terminal or standard input (by its wait channel
	// or system call); Prompt is the open last line, "Continue? [y/N] ", whatever
	// it says.
	Waits  bool
	Prompt string
	// Blocked says what a process waits for, a lock's path or an address in use
	// that is tried over and over; "" when none does.
	Blocked string
	// Report is the size of the report files that are expected, -1 when none is.
	Report int64
	// Stopped: the machine's own clock or the watchdog came late by this much
	// since the last sample (a suspended machine); no rule counts that time.
	Stopped time.Duration
}

// Act is what is to be done.
type Act string

// The acts.
const (
	Go  Act = ""     // go on
	Say Act = "warn" // tell the person, once
	End Act = "end"  // diagnose, then end the group
)

// Decision is the answer to a sample.
type Decision struct {
	Act  Act
	Rule rule.ID
	// Reason is a sentence with the figures: "no output for 5m0s and 0.2 % CPU".
	Reason string
	// Keep: what the tests said stands (a passed suite that will not exit): the
	// end is not the step's failure.
	Keep bool
}
