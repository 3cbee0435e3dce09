// Package browser drives Chromium over the DevTools protocol on a private pipe.
//
// One Browser is one Chromium process with a profile directory and a process
// group of its own. It is killed when the context given to Launch ends, at
// Close, or when our own process dies: the pipe closes and Chromium leaves. A
// Page is a tab in a browser context of its own, with a bounded record of all
// that it, its popups, frames and workers did.
//
// The package never decides whether what it saw is good, never waits without a
// context, never holds response bodies, never listens on a port, and sends no
// header to an origin that was not named. Package journey calls it.
package browser

import "errors"

// Errors that end a call at once; test with errors.Is.
var (
	// ErrClosed means that the page, its session or the whole browser is gone.
	ErrClosed = errors.New("browser closed")
	// ErrCrashed means that the tab's renderer died; the page is of no more use.
	ErrCrashed = errors.New("tab crashed")
	// ErrHostile means that the page was given up, because it would not have
	// let anything else happen.
	ErrHostile = errors.New("page is hostile")
	// ErrContextLost means that the document went away under an evaluation:
	// find the elements again and retry.
	ErrContextLost = errors.New("execution context lost to a navigation")
)

// ProtocolError is a command that Chromium refused.
type ProtocolError struct {
	Method  string
	Code    int
	Message string
}

// Error names the command and Chromium's reason.
func (e *ProtocolError) Error() string { return e.Method + ": " + e.Message }
