package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/fault"
)

// exitTimeout says that no verdict was reached in time.
const exitTimeout = 14

// verdictExits is the one table from verdicts to exit codes.
func verdictExits() map[string]int {
	return map[string]int{
		client.Healthy:           exitOK,
		client.BrokenRelease:     10,
		client.BrokenEnvironment: 11,
		client.NotDeployed:       12,
		client.Inconclusive:      13,
	}
}

// retryPause is between two questions to a server that does not answer: it
// may be restarting.
const retryPause = time.Second

func (t *tool) releaseWatch() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "watch PRODUCT|RELEASE", Short: "Wait for the verdict on a release",
		Long: `Wait until the verdict on a release (of a product: on its live one) is final or
broken, print it, and exit with a code that a pipeline can branch on:

   0  healthy
  10  broken release
  11  broken environment: something else failed, the release is not to blame
  12  not deployed: the version was never served
  13  inconclusive: not enough was seen, or another release took over
  14  no verdict within --timeout

` + exitHelp + `
A server that is being restarted is waited for.`,
		Example: "  postflight release watch shop --timeout 20m || exit 1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if timeout < time.Second {
				return &usage{err: errors.New("--timeout must be at least 1s"), path: cmd.CommandPath()}
			}
			c, err := t.dial()
			if err != nil {
				return err
			}
			id, err := liveOr(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			return t.watch(cmd.Context(), c, id, timeout)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Minute, "how long to wait at most")
	return cmd
}

// liveOr takes a product's id for its live release, and anything else for a
// release's own id.
func liveOr(ctx context.Context, c *client.Client, name string) (string, error) {
	p, err := c.Product(ctx, name)
	switch {
	case client.IsKind(err, client.NotFound):
		if _, err := c.Release(ctx, name); err != nil {
			if client.IsKind(err, client.NotFound) {
				return "", fault.New(fault.NotFound, fmt.Sprintf("there is neither a product nor a release %q", name), "list products with: postflight release list")
			}
			return "", err
		}
		return name, nil
	case err != nil:
		return "", err
	case p.Live == nil:
		return "", fault.New(fault.NotFound, name+" has no live release yet", "tell of one with: postflight release create "+name)
	}
	return p.Live.ID, nil
}

// watch waits for the verdict, prints it and ends with its exit code.
func (t *tool) watch(ctx context.Context, c *client.Client, id string, timeout time.Duration) error {
	end := t.now().Add(timeout)
	progress := t.progress()
	defer progress.stop()
	var last client.Outcome
	lost := false
	for {
		left := end.Sub(t.now())
		if left <= 0 {
			progress.stop()
			return t.verdict(last, id, true)
		}
		bound, cancel := context.WithTimeout(ctx, left+time.Second)
		o, err := c.Wait(bound, id, left)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			continue
		case client.IsKind(err, client.Unavailable):
			if !lost {
				progress.say("the server does not answer: waiting for it")
			}
			lost = true
			if !pause(ctx, min(retryPause, left)) {
				return ctx.Err()
			}
			continue
		case err != nil:
			return err
		}
		last, lost = o, false
		if o.Settled {
			progress.stop()
			return t.verdict(o, id, false)
		}
		progress.say(id + ": " + watching(o))
	}
}

func watching(o client.Outcome) string {
	if o.Verdict == nil {
		return "watching"
	}
	return o.Verdict.Summary
}

// verdict prints an outcome and returns the exit code of its verdict.
func (t *tool) verdict(o client.Outcome, id string, late bool) error {
	if t.json {
		if err := t.out.json(o); err != nil {
			return err
		}
	} else if o.Release.ID != "" {
		t.showOutcome(o)
	}
	if late {
		t.err.problem("error", t.err.red, "no verdict on "+id+" in time")
		return exit(exitTimeout)
	}
	state := client.Inconclusive
	if o.Verdict != nil && (o.Verdict.Final || o.Verdict.State == client.BrokenRelease || o.Verdict.State == client.BrokenEnvironment) {
		state = o.Verdict.State
	} else if !t.json {
		t.err.line("another release went live before there was a verdict")
	}
	code, ok := verdictExits()[state]
	switch {
	case !ok:
		return fmt.Errorf("the verdict %q is not known to this version", state)
	case code != exitOK:
		return exit(code)
	}
	return nil
}

// pause waits, or returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
