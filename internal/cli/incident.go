package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/client"
)

// incidents is `postflight incident`.
func (t *tool) incidents() *cobra.Command {
	return group("incident", "Read and handle incidents",
		t.incidentList(), t.incidentShow(),
		t.remark("ack INC", "Take an incident in hand", "is acknowledged", (*client.Client).Acknowledge),
		t.remark("resolve INC", "Close an incident", "is resolved", (*client.Client).Resolve),
		t.remark("false-alarm INC", "Close an incident that was none", "is a false alarm", (*client.Client).FalseAlarm),
		t.incidentNote(), t.incidentSeverity(), t.incidentPostmortem())
}

func (t *tool) incidentList() *cobra.Command {
	var open bool
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List incidents, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			all, err := c.Incidents(cmd.Context(), open, limit)
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(client.Incidents{Incidents: all})
			}
			if len(all) == 0 {
				t.err.line("no incidents")
				return nil
			}
			tab := columns("INCIDENT", "SEV", "STATE", "DETECTED (UTC)", "PRODUCT", "RELEASE", "TITLE")
			for _, in := range all {
				tab.row(in.ID, strconv.Itoa(in.Severity), t.incidentState(in), stamp(in.Detected), in.Product, or(in.Release), shorten(in.Title, 80))
			}
			tab.print(t.out)
			return nil
		},
	}
	cmd.Flags().BoolVar(&open, "open", false, "leave out those that are closed")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many at most")
	return cmd
}

func (t *tool) incidentState(in client.Incident) styled {
	words := strings.ReplaceAll(in.State, "_", " ")
	switch in.State {
	case "triggered":
		return t.out.red(words)
	case "acknowledged", "mitigated":
		return t.out.yellow(words)
	}
	return plain(words)
}

func (t *tool) incidentShow() *cobra.Command {
	return &cobra.Command{
		Use: "show INC", Short: "Show an incident with its timeline", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			in, err := c.Incident(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(in)
			}
			t.showIncident(in)
			return nil
		},
	}
}

func (t *tool) showIncident(in client.IncidentDetail) {
	t.out.line(t.out.bold(in.ID), "  ", in.Title, "  ", t.incidentState(in.Incident))
	t.field("product", in.Product)
	t.field("severity", strconv.Itoa(in.Severity))
	t.field("release", in.Release)
	t.field("repaired by", in.Fix)
	t.field("acknowledged by", in.By)
	t.field("drill", in.Drill)
	t.field("verdict", strings.ReplaceAll(in.Verdict, "_", " ")+prefixed(": ", in.Summary))
	clock := func(name string, at time.Time) {
		if !at.IsZero() {
			t.field(name, stamp(at)+" UTC")
		}
	}
	clock("first failing signal", in.Impact)
	clock("detected", in.Detected)
	clock("paged", in.Paged)
	clock("acknowledged", in.Acknowledged)
	clock("rolled back", in.Acted)
	clock("mitigated", in.Mitigated)
	clock("resolved", in.Resolved)
	if len(in.Timeline) == 0 {
		return
	}
	t.out.line()
	for _, e := range in.Timeline {
		t.out.line("  ", t.out.dim(e.At.UTC().Format("15:04:05.0")), "  ", e.Text, prefixed(" — ", e.By))
	}
}

// remark is a verb with an optional remark.
func (t *tool) remark(use, short, done string, f func(*client.Client, context.Context, string, string) error) *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			if err := f(c, cmd.Context(), args[0], text); err != nil {
				return err
			}
			return t.accepted(client.Accepted{Subject: args[0]}, args[0]+" "+done)
		},
	}
	cmd.Flags().StringVarP(&text, "message", "m", "", "a remark for the timeline")
	return cmd
}

// maxNote is the longest note that a server takes, in bytes.
const maxNote = 10_000

func (t *tool) incidentNote() *cobra.Command {
	return &cobra.Command{
		Use: "note INC [TEXT]", Short: "Add a line to an incident's timeline",
		Long: "Add a line to an incident's timeline. Without TEXT it is read from standard\ninput.\n\n" + exitHelp,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := ""
			if len(args) == 2 {
				text = args[1]
			} else {
				raw, err := io.ReadAll(io.LimitReader(t.Stdin, maxNote+1))
				if err != nil {
					return fmt.Errorf("read the note: %w", err)
				}
				text = string(raw)
			}
			text = strings.TrimSpace(text)
			if text == "" || len(text) > maxNote {
				return &usage{err: fmt.Errorf("a note has 1 to %d bytes, this one has %d", maxNote, len(text)), path: cmd.CommandPath()}
			}
			c, err := t.dial()
			if err != nil {
				return err
			}
			if err := c.Note(cmd.Context(), args[0], text); err != nil {
				return err
			}
			return t.accepted(client.Accepted{Subject: args[0]}, "noted in "+args[0])
		},
	}
}

func (t *tool) incidentSeverity() *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use: "severity INC 1|2|3|4", Short: "Set an incident's severity, 1 being the worst", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(strings.TrimPrefix(strings.ToLower(args[1]), "sev"))
			if err != nil || n < 1 || n > 4 {
				return &usage{err: errors.New("a severity is 1, 2, 3 or 4"), path: cmd.CommandPath()}
			}
			c, err := t.dial()
			if err != nil {
				return err
			}
			if err := c.SetSeverity(cmd.Context(), args[0], n, text); err != nil {
				return err
			}
			return t.accepted(client.Accepted{Subject: args[0]}, fmt.Sprintf("%s has severity %d", args[0], n))
		},
	}
	cmd.Flags().StringVarP(&text, "message", "m", "", "why")
	return cmd
}

func (t *tool) incidentPostmortem() *cobra.Command {
	return &cobra.Command{
		Use: "postmortem INC", Short: "Print an incident's postmortem draft as Markdown", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			if t.json {
				pm, err := c.Postmortem(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return t.out.json(pm)
			}
			text, err := c.PostmortemMarkdown(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			t.out.text(text)
			return nil
		},
	}
}
