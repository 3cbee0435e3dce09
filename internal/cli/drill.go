package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/fault"
)

// drills is `postflight drill`.
func (t *tool) drills() *cobra.Command {
	return group("drill", "Play known failures on the demo product", t.drillList(), t.drillRun(), t.drillShow())
}

func (t *tool) drillList() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List what can be played and what was played", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			scenarios, err := c.Scenarios(cmd.Context())
			if err != nil {
				return err
			}
			played, err := c.Drills(cmd.Context(), limit)
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(struct {
					client.Scenarios
					client.Drills
				}{client.Scenarios{Scenarios: scenarios}, client.Drills{Drills: played}})
			}
			if len(scenarios) == 0 {
				t.err.line("this server has nothing to play: drills need a product made for them (postflight demo)")
			} else {
				tab := columns("SCENARIO", "WHAT HAPPENS", "EXPECTED")
				for _, s := range scenarios {
					tab.row(s.Name, s.Title, expected(s))
				}
				tab.print(t.out)
			}
			if len(played) > 0 {
				t.out.line()
				drillTable(t.out, played).print(t.out)
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 10, "how many played drills at most")
	return cmd
}

// expected words the right end of a scenario.
func expected(s client.Scenario) string {
	words := []string{strings.ReplaceAll(s.Verdict, "_", " ")}
	if s.Page {
		words = append(words, "paged")
	}
	if s.Rollback {
		words = append(words, "rolled back")
	}
	return strings.Join(words, ", ")
}

func (t *tool) drillShow() *cobra.Command {
	return &cobra.Command{
		Use: "show DRILL", Short: "Show a drill's score card", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			d, err := c.Drill(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(d)
			}
			drillTable(t.out, []client.Drill{d}).print(t.out)
			t.field("release", d.Release)
			t.field("incident", d.Incident)
			t.field("verdict", strings.ReplaceAll(d.Verdict, "_", " "))
			t.field("first evidence", d.First)
			for _, f := range d.Findings {
				t.out.line("  ! ", f)
			}
			return nil
		},
	}
}

// round is what a drill run may take.
type round struct {
	names   []string
	times   int
	steady  time.Duration // to wait for steady ground
	timeout time.Duration // of one drill
}

func (t *tool) drillRun() *cobra.Command {
	var r round
	cmd := &cobra.Command{
		Use: "run SCENARIO|all", Short: "Play scenarios one after another and print the score card",
		Long: `Play scenarios one after another: each starts on steady ground and breaks the
demo product for real. The table says when each part happened, in seconds after
the bad release (or the provider's death) was there.

Exit code 1 when any scenario was missed. ` + exitHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.times < 1 || r.times > 1000 {
				return &usage{err: errors.New("-n must be from 1 to 1000"), path: cmd.CommandPath()}
			}
			c, err := t.dial()
			if err != nil {
				return err
			}
			if r.names, err = scenarioNames(cmd.Context(), c, args[0]); err != nil {
				return err
			}
			played, err := t.play(cmd.Context(), c, r)
			scored := t.score(played, r.times)
			if err != nil {
				return err // what was played is printed all the same
			}
			return scored
		},
	}
	cmd.Flags().IntVarP(&r.times, "times", "n", 1, "how often to play them")
	cmd.Flags().DurationVar(&r.steady, "steady", 3*time.Minute, "how long to wait for steady ground before each")
	cmd.Flags().DurationVar(&r.timeout, "timeout", 5*time.Minute, "how long one drill may take")
	return cmd
}

// scenarioNames returns what to play.
func scenarioNames(ctx context.Context, c *client.Client, name string) ([]string, error) {
	all, err := c.Scenarios(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range all {
		if s.Name == name || name == "all" {
			names = append(names, s.Name)
		}
	}
	switch {
	case len(all) == 0:
		return nil, fault.New(fault.NotFound, "this server has nothing to play", "drills need a product made for them: postflight demo")
	case len(names) == 0:
		return nil, fault.New(fault.NotFound, fmt.Sprintf("no scenario is called %q", name), "list them with: postflight drill list")
	}
	return names, nil
}

// play plays everything in order; what was played is returned in any case.
func (t *tool) play(ctx context.Context, c *client.Client, r round) ([]client.Drill, error) {
	p := t.progress()
	defer p.stop()
	var played []client.Drill
	total := len(r.names) * r.times
	for range r.times {
		for _, name := range r.names {
			label := fmt.Sprintf("[%d/%d] %s", len(played)+1, total, name)
			id, err := startDrill(ctx, c, name, r.steady, func(why string) { p.say(label + ": waiting for steady ground: " + why) })
			if err != nil {
				return played, err
			}
			d, err := follow(ctx, c, id, r.timeout, func(d client.Drill) { p.say(label + ": " + stage(d)) })
			if d.ID != "" {
				played = append(played, d)
			}
			if err != nil {
				return played, err
			}
			p.say(label + ": " + d.State)
		}
	}
	return played, nil
}

// Pauses between two questions.
const (
	steadyPause = 500 * time.Millisecond
	followPause = 300 * time.Millisecond
)

// startDrill starts a scenario, waiting while the ground is not steady. The
// request is not repeated after a doubt: a drill may have been started.
func startDrill(ctx context.Context, c *client.Client, name string, steady time.Duration, say func(string)) (string, error) {
	end := time.Now().Add(steady)
	for {
		id, err := c.StartDrill(ctx, name)
		if err == nil || !client.IsKind(err, client.Conflict) || time.Now().After(end) {
			return id, err
		}
		say(err.Error())
		if !pause(ctx, steadyPause) {
			return "", ctx.Err()
		}
	}
}

// follow waits until a drill has ended.
func follow(ctx context.Context, c *client.Client, id string, timeout time.Duration, say func(client.Drill)) (client.Drill, error) {
	end := time.Now().Add(timeout)
	for {
		d, err := c.Drill(ctx, id)
		if err != nil {
			return client.Drill{}, err
		}
		if d.State != client.DrillPlaying {
			return d, nil
		}
		if time.Now().After(end) {
			return d, fault.Newf(fault.Unavailable, "drill %s did not end within %s", id, timeout).
				WithHint("see: postflight drill show " + id)
		}
		say(d)
		if !pause(ctx, followPause) {
			return d, ctx.Err()
		}
	}
}

// stage words how far a drill is.
func stage(d client.Drill) string {
	switch {
	case !d.Verified.IsZero():
		return "verified"
	case !d.RolledBack.IsZero():
		return "rolled back, verifying"
	case !d.Paged.IsZero():
		return "paged"
	case !d.Detected.IsZero():
		return "detected"
	case !d.Evidence.IsZero():
		return "first evidence"
	case !d.Fault.IsZero():
		return "the fault is in"
	}
	return "putting the fault in"
}

// score prints the table, the medians and what was missed.
func (t *tool) score(played []client.Drill, times int) error {
	if len(played) == 0 {
		return nil
	}
	card := scoreCard(played, times)
	if t.json {
		if err := t.out.json(card); err != nil {
			return err
		}
	} else {
		card.print(t.out)
	}
	if card.Passed < len(played) {
		return exit(exitError)
	}
	return nil
}
