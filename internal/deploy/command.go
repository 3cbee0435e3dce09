package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
)

// exitTryAgain is the one exit code (EX_TEMPFAIL of sysexits.h) with which a
// command says that nothing happened and it may be run again.
const exitTryAgain = 75

// run performs a rollback by a command. Its arguments are handed over as they
// are: there is no shell.
func (d *Deployer) run(ctx context.Context, r product.Rollback, o rollback.Order) (rollback.Performed, error) {
	program, err := lookUp(r.Command)
	if err != nil {
		return rollback.Performed{}, err
	}
	commit, err := d.commit(ctx, o)
	if err != nil {
		return rollback.Performed{}, err
	}
	args, err := fill(r.Command[1:], o, commit)
	if err != nil {
		return rollback.Performed{}, err
	}
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	out := &tail{limit: maxOutput}
	cmd := exec.CommandContext(limited, program, args...) //nolint:gosec // the operator's own command
	cmd.Args[0] = r.Command[0]
	cmd.Env = append(d.environment(), variables(o, commit)...)
	cmd.Stdout, cmd.Stderr = out, out
	ownGroup(cmd)
	cmd.Cancel = func() error { return endGroup(cmd) }
	cmd.WaitDelay = d.options.Grace
	if err := cmd.Start(); err != nil {
		return rollback.Performed{}, startFault(r.Command[0], err)
	}
	err = cmd.Wait()
	if limited.Err() != nil {
		killGroup(cmd) // whoever did not listen
	}
	done := rollback.Performed{Detail: d.clean(out.String(), r.Secret)}
	switch {
	case err == nil:
		done.Flipped = time.Now()
	case errors.Is(err, exec.ErrWaitDelay) && limited.Err() == nil:
		done.Flipped = time.Now()
		done.Detail = strings.TrimSpace(done.Detail + "\n(a process it started still held its output, which was closed)")
	default:
		return done, ended(ctx, limited, r, err, done.Detail)
	}
	return done, nil
}

// ended explains how a command failed.
func ended(ctx, limited context.Context, r product.Rollback, err error, output string) error {
	name := r.Command[0]
	last := ""
	if line := lastLine(output); line != "" {
		last = ": " + line
	}
	switch {
	case ctx.Err() != nil:
		return &temporary{fault: fault.New(fault.Unavailable, "the rollback command "+name+" was stopped with Postflight",
			"It is run again at the next start.")}
	case limited.Err() != nil:
		return fault.New(fault.Unavailable, fmt.Sprintf("the rollback command %s did not end within %s and was killed%s", name, r.Timeout, last),
			"Nobody knows how far it came: look at what is live. Raise rollback.timeout if it needs longer.")
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return fault.New(fault.Internal, "the rollback command "+name+" could not be waited for: "+err.Error(), "")
	}
	if exit.ExitCode() == exitTryAgain {
		return &temporary{fault: fault.New(fault.Unavailable,
			fmt.Sprintf("the rollback command %s asks to be tried again (exit code %d)%s", name, exitTryAgain, last), "")}
	}
	how := fmt.Sprintf("failed with exit code %d", exit.ExitCode())
	if exit.ExitCode() < 0 {
		how = "was ended by a " + exit.String()
	}
	return fault.New(fault.Unavailable, fmt.Sprintf("the rollback command %s %s%s", name, how, last),
		"Its output stands on the action. Look at what is live before you try again; a command that wants a retry exits with 75.")
}

// lookUp finds the program of a command.
func lookUp(argv []string) (string, error) {
	if len(argv) == 0 || argv[0] == "" {
		return "", fault.New(fault.Invalid, "the rollback command is empty", "Set rollback.command of the product.")
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return "", startFault(argv[0], err)
	}
	return path, nil
}

func startFault(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Denied, "the rollback command "+name+" may not be run: "+cause(err), "Make it executable: chmod +x "+name)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "the rollback command "+name+" is not there",
			"Write its full path in rollback.command, and check that its interpreter is installed.")
	}
	return fault.New(fault.Invalid, "the rollback command "+name+" cannot be started: "+cause(err), "Check rollback.command of the product.")
}

func (d *Deployer) commit(ctx context.Context, o rollback.Order) (string, error) {
	if d.options.Commit == nil || o.Target == "" {
		return "", nil
	}
	commit, err := d.options.Commit(ctx, o.Target)
	if err != nil {
		return "", fmt.Errorf("read the commit of release %s: %w", o.Target, err)
	}
	if commit != "" && checkVersion(commit) != nil {
		return "", fault.New(fault.Invalid, fmt.Sprintf("%.60q cannot be a commit", commit), "")
	}
	return commit, nil
}

// fill replaces the placeholders in the arguments. One whose value is not
// known is refused: a command must not run with a hole in it.
func fill(args []string, o rollback.Order, commit string) ([]string, error) {
	values := map[string]string{
		"{version}": o.Version, "{bad_version}": o.BadVersion, "{product}": string(o.Product), "{commit}": commit,
	}
	var pairs []string
	for place, value := range values {
		for _, a := range args {
			if value == "" && strings.Contains(a, place) {
				return nil, fault.New(fault.Invalid, "the rollback command needs "+place+", which is not known for this release",
					"Announce releases with it, or leave it out of rollback.command.")
			}
		}
		pairs = append(pairs, place, value)
	}
	replace := strings.NewReplacer(pairs...)
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = replace.Replace(a)
	}
	return out, nil
}

// environment is what a command inherits.
func (d *Deployer) environment() []string {
	if d.options.Env != nil {
		return append([]string{}, d.options.Env...)
	}
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "POSTFLIGHT_") { // our own settings, secrets among them
			out = append(out, kv)
		}
	}
	return out
}

// variables tell the command what is asked of it.
func variables(o rollback.Order, commit string) []string {
	set := func(name, value string) string {
		return "POSTFLIGHT_" + name + "=" + strings.ReplaceAll(value, "\x00", "")
	}
	return []string{
		set("PRODUCT", string(o.Product)), set("VERSION", o.Version), set("BAD_VERSION", o.BadVersion), set("COMMIT", commit),
		set("INCIDENT", o.Incident), set("REASON", o.Reason), set("BY", o.By),
	}
}
