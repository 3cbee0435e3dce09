package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// The kinds of error, as they are sent.
const (
	NotFound    = "not_found"
	Invalid     = "invalid"
	Conflict    = "conflict"
	Denied      = "denied"
	Unavailable = "unavailable"
	Internal    = "internal"
)

// Error is what a server refused, or why it could not be asked.
type Error struct {
	Status  int    // of the answer; 0 when there was none
	Kind    string // one of the kinds above
	Message string // for a person
	Hint    string // what to do next; may be empty
	Cause   error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.Cause }

// IsKind reports whether err is an Error of this kind.
func IsKind(err error, kind string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// problemOf reads an answer that is not a success. What does not look like
// one of our problems is told by its status alone: the text of a proxy's page
// is nobody's message.
func problemOf(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode, Kind: kindOf(resp.StatusCode)}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	var p Problem
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err == nil && media == "application/problem+json" && json.Unmarshal(raw, &p) == nil && p.Detail != "" {
		e.Message, e.Hint = p.Detail, p.Hint
		if known(p.Kind) {
			e.Kind = p.Kind
		}
		if p.Number != "" {
			e.Hint = "the server's log says more under number " + p.Number
		}
		return e
	}
	e.Message = fmt.Sprintf("the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Message += ", a redirect that is not followed"
		e.Hint = "give the address that it leads to"
	} else if resp.StatusCode == http.StatusNotFound {
		e.Hint = "is this the address of a Postflight server?"
	}
	return e
}

// known reports whether kind is one of the kinds.
func known(kind string) bool {
	switch kind {
	case NotFound, Invalid, Conflict, Denied, Unavailable, Internal:
		return true
	}
	return false
}

// kindOf guesses the kind of an answer that does not say it.
func kindOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusUnauthorized, http.StatusForbidden:
		return Denied
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Unavailable
	}
	if status >= 500 || status < 400 {
		return Internal
	}
	return Invalid
}
