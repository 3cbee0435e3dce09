// Package fault is the one error type that people see.
//
// A fault has a kind (which door maps to an HTTP status or an exit code), a
// message in the person's words and a hint: what to do next. Anything else
// that is an error is internal: it goes to the log with a correlation id and
// the person sees "internal error". The package holds no table of statuses
// and never logs; every room may import it.
package fault

import (
	"errors"
	"fmt"
)

// Kind says whose turn it is: the caller's, another system's, or ours.
type Kind string

// The kinds. Stored and sent over the wire in this spelling.
const (
	NotFound    Kind = "not_found"
	Invalid     Kind = "invalid"
	Conflict    Kind = "conflict"
	Denied      Kind = "denied"
	Unavailable Kind = "unavailable"
	Internal    Kind = "internal"
)

// Error is a message for a person. Cause is for the log only.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Cause   error
}

// New returns a fault; hint may be empty.
func New(kind Kind, message, hint string) *Error {
	return &Error{Kind: kind, Message: message, Hint: hint}
}

// Newf returns a fault without a hint, formatted as fmt.Errorf does: a %w
// operand becomes the cause.
func Newf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// WithHint sets the hint and returns the same fault.
func (e *Error) WithHint(hint string) *Error {
	e.Hint = hint
	return e
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first fault in err's chain; Internal when
// there is none, and "" for a nil error.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// HintOf returns the hint of the first fault in err's chain, or "".
func HintOf(err error) string {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Hint
	}
	return ""
}

// Is reports whether err carries a fault of this kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
