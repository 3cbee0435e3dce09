// Package deploy performs rollbacks: it moves the pointer of a product back,
// by a link to a release directory, by a command, or by a signed webhook.
//
// It never decides whether or where to go back, and a success here says only
// that the pointer was moved: whether the old version is served again is read
// back by the watch. It moves nothing when the pointer is not where the order
// says, so that it cannot undo somebody else's newer release. The app's
// workers call Perform; doing the same order twice ends where once does.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
)

// Defaults of the time limits.
const (
	defaultTimeout = time.Minute
	defaultGrace   = 3 * time.Second
)

// Options of a Deployer.
type Options struct {
	Logger *slog.Logger
	// Commit returns the commit of a release, for {commit}; nil means that it
	// is not known.
	Commit func(context.Context, release.ID) (string, error)
	// Env is the environment of commands; nil means this process's, without
	// the variables that start with POSTFLIGHT_.
	Env []string
	// Secrets are taken out of what commands and webhooks answer, besides
	// what looks like a secret.
	Secrets []string
	// Grace is how long a command may take to end after it was asked to, and
	// how long its output may stay open after it ended; default 3 s.
	Grace time.Duration
}

// Deployer performs rollbacks. It is safe for concurrent use; the caller
// serialises the orders of one product.
type Deployer struct {
	options Options
}

// New returns a Deployer.
func New(o Options) *Deployer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	return &Deployer{options: o}
}

// Perform makes one attempt to move the pointer. The result of the outcome is
// a rollback.Performed, also of a failed command, whose output it holds.
func (d *Deployer) Perform(ctx context.Context, r product.Rollback, o rollback.Order) action.Outcome {
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	start := time.Now()
	done, err := d.perform(ctx, r, o)
	done.Took = time.Since(start)
	raw, encodeErr := json.Marshal(done)
	if encodeErr != nil {
		return action.Outcome{Err: fmt.Errorf("encode result: %w", encodeErr), Permanent: true}
	}
	if err == nil {
		d.options.Logger.InfoContext(ctx, "pointer moved back", "product", string(o.Product), "version", o.Version,
			"bad_version", o.BadVersion, "method", string(r.Method), "took", done.Took)
		return action.Outcome{Result: raw}
	}
	out := action.Outcome{Err: err, Permanent: true, Result: raw}
	if t, ok := errors.AsType[*temporary](err); ok {
		out.Err, out.Permanent, out.After = t.fault, false, t.after
	}
	return out
}

func (d *Deployer) perform(ctx context.Context, r product.Rollback, o rollback.Order) (rollback.Performed, error) {
	if err := check(r, o.Version); err != nil {
		return rollback.Performed{}, err
	}
	if o.BadVersion != "" && checkVersion(o.BadVersion) != nil {
		return rollback.Performed{}, checkVersion(o.BadVersion)
	}
	switch r.Method {
	case product.RollbackDirectory:
		return flip(r, o)
	case product.RollbackCommand:
		return d.run(ctx, r, o)
	default:
		return d.post(ctx, r, o)
	}
}

// Check reports, without any effect, why a rollback to version could not be
// performed now. An empty version asks about the method alone.
func Check(ctx context.Context, r product.Rollback, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if version == "" {
		return checkMethod(r)
	}
	if err := check(r, version); err != nil || r.Method != product.RollbackDirectory {
		return err
	}
	_, err := inspect(r, version)
	return err
}

func check(r product.Rollback, version string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	return checkMethod(r)
}

func checkMethod(r product.Rollback) error {
	switch r.Method {
	case product.RollbackDirectory:
		_, err := inspect(r, "")
		return err
	case product.RollbackCommand:
		_, err := lookUp(r.Command)
		return err
	case product.RollbackWebhook:
		return checkWebhook(r)
	case product.RollbackNone, "":
		return fault.New(fault.Invalid, "no way to roll back is configured",
			"Set rollback.method of the product to directory, command or webhook.")
	}
	return fault.Newf(fault.Invalid, "unknown rollback method %q", string(r.Method))
}

// checkVersion refuses what can be no version, or would read as something
// else in a path or an argument.
func checkVersion(v string) error {
	bad := strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
	if v == "" || len(v) > 200 || strings.HasPrefix(v, "-") || bad {
		return fault.New(fault.Invalid, fmt.Sprintf("%.60q cannot be a version", v),
			"A version is at most 200 characters, none of them a control character, and does not start with a dash.")
	}
	return nil
}

// temporary marks a fault that another attempt may mend.
type temporary struct {
	fault *fault.Error
	after time.Duration
}

func (t *temporary) Error() string { return t.fault.Error() }

func (t *temporary) Unwrap() error { return t.fault }
