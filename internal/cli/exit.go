package cli

import (
	"context"
	"errors"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/fault"
)

// The exit codes that are not about a fault or a verdict.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// kindExits is the one table from kinds of fault to exit codes.
func kindExits() map[fault.Kind]int {
	return map[fault.Kind]int{
		fault.Internal:    exitError,
		fault.Invalid:     exitUsage,
		fault.NotFound:    3,
		fault.Conflict:    4,
		fault.Denied:      5,
		fault.Unavailable: 6,
	}
}

// exitHelp documents the codes; verdicts have their own.
const exitHelp = `Exit codes: 0 done, 1 error, 2 wrong usage or input, 3 not found, 4 not now,
5 not allowed, 6 server not reachable.`

// usage is a command that was not understood.
type usage struct {
	err  error
	path string // of the command
	hint string // "" points at the help
}

// Error returns the message.
func (u *usage) Error() string { return u.err.Error() }

// Unwrap returns the cause.
func (u *usage) Unwrap() error { return u.err }

// exit ends the run with a code and nothing more to say.
type exit int

// Error is never shown.
func (e exit) Error() string { return "exit" }

// told is what an error says to a person.
type told struct {
	message, hint string
	code          int
}

// tell finds what an error says.
func tell(err error) told {
	if c, ok := errors.AsType[*client.Error](err); ok {
		code, known := kindExits()[fault.Kind(c.Kind)]
		if !known {
			code = exitError
		}
		return told{c.Message, c.Hint, code}
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return told{err.Error(), f.Hint, kindExits()[f.Kind]}
	}
	return told{err.Error(), "", exitError}
}

// fail says what went wrong and returns the exit code.
func (t *tool) fail(ctx context.Context, err error) int {
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted)) {
		t.err.line(t.err.bold("postflight:"), " interrupted")
		return exitInterrupted
	}
	what := tell(err)
	if u, ok := errors.AsType[*usage](err); ok {
		what = told{u.Error(), first(u.hint, "see: "+u.path+" --help"), exitUsage}
	}
	t.err.problem("error", t.err.red, what.message)
	if what.hint != "" {
		t.err.problem("hint", t.err.dim, what.hint)
	}
	return what.code
}

// warn says what a person should know though the run goes on.
func (t *tool) warn(message string) { t.err.problem("warning", t.err.yellow, message) }
