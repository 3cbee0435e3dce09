package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/client"
)

// releases is `postflight release`.
func (t *tool) releases() *cobra.Command {
	return group("release", "Tell of releases and read their verdicts",
		t.releaseCreate(), t.releaseList(), t.releaseShow(), t.releaseWatch(), t.releaseUnpin())
}

func (t *tool) releaseCreate() *cobra.Command {
	var a client.Announcement
	cmd := &cobra.Command{
		Use: "create PRODUCT --version VERSION", Short: "Tell that a version was made live",
		Long: `Tell that a version was made live. Telling the same release twice changes
nothing, so a pipeline may repeat it. The version must be what the product itself
reports. Name changed configuration: it is named when it is to blame.

` + exitHelp,
		Example: `  postflight release create shop --version v42 --commit "$SHA" --url "$PIPELINE_URL" \
      --config-change "payments_url: https://a.example → https://b.example"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.Version == "" {
				return &usage{err: errors.New("--version is needed: what the product itself reports"), path: cmd.CommandPath()}
			}
			c, err := t.dial()
			if err != nil {
				return err
			}
			out, err := c.Announce(cmd.Context(), args[0], a)
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(out)
			}
			if !out.New {
				t.out.line("release ", t.out.bold(out.Release.ID), " was known already (", out.Release.Version, " of ", out.Release.Product, ")")
				return nil
			}
			t.out.line("release ", t.out.bold(out.Release.ID), " is watched (", out.Release.Version, " of ", out.Release.Product, ")")
			t.err.line("wait for its verdict with: postflight release watch ", out.Release.ID)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Version, "version", "", "version that is served from now on")
	f.StringVar(&a.Commit, "commit", "", "commit it was built from")
	f.StringVar(&a.URL, "url", "", "pipeline or change request")
	f.StringArrayVar(&a.ConfigChanges, "config-change", nil, "configuration that changed, one line; may be repeated")
	f.BoolVar(&a.Force, "force", false, "release a version that is held back by a pin, and lift the pin")
	return cmd
}

func (t *tool) releaseList() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list [PRODUCT]", Short: "List where products stand, or one product's releases",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				all, err := c.Products(cmd.Context())
				if err != nil {
					return err
				}
				return t.showProducts(all)
			}
			all, err := c.Releases(cmd.Context(), args[0], limit)
			if err != nil {
				return err
			}
			return t.showReleases(all)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many releases at most")
	return cmd
}

func (t *tool) showProducts(all []client.Product) error {
	if t.json {
		return t.out.json(client.Products{Products: all})
	}
	tab := columns("PRODUCT", "LIVE", "VERSION", "VERDICT", "LAST GOOD", "HELD BACK", "INCIDENTS")
	for _, p := range all {
		live, version, good, held := "-", "-", "-", "-"
		if p.Live != nil {
			live, version = p.Live.ID, p.Live.Version
		}
		if p.LastGood != nil {
			good = p.LastGood.Version
		}
		if p.Pin != nil {
			held = p.Pin.Bad
		}
		var open []string
		for _, in := range p.Incidents {
			open = append(open, in.ID)
		}
		tab.row(p.ID, live, version, t.state(p.Verdict), good, held, or(strings.Join(open, ", ")))
	}
	tab.print(t.out)
	return nil
}

func (t *tool) showReleases(all []client.Outcome) error {
	if t.json {
		return t.out.json(client.Releases{Releases: all})
	}
	if len(all) == 0 {
		t.err.line("no releases yet")
		return nil
	}
	tab := columns("RELEASE", "VERSION", "WHEN (UTC)", "FROM", "BY", "VERDICT", "INCIDENT")
	for _, o := range all {
		tab.row(o.Release.ID, o.Release.Version, stamp(o.Release.At), o.Release.Source, or(o.Release.By), t.state(o.Verdict), or(o.Incident))
	}
	tab.print(t.out)
	return nil
}

// state words a verdict; no verdict is never green.
func (t *tool) state(v *client.Verdict) styled {
	if v == nil {
		return t.out.dim("not judged")
	}
	words := strings.ReplaceAll(v.State, "_", " ")
	switch v.State {
	case client.Healthy:
		return t.out.green(words)
	case client.BrokenRelease, client.BrokenEnvironment:
		return t.out.red(words)
	case client.NotDeployed, client.Inconclusive:
		return t.out.yellow(words)
	}
	return plain(words)
}

func (t *tool) releaseShow() *cobra.Command {
	return &cobra.Command{
		Use: "show PRODUCT|RELEASE", Short: "Show a release, its verdict and what was seen",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			id, err := liveOr(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			r, err := c.Release(cmd.Context(), id)
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(r)
			}
			t.showOutcome(r.Outcome)
			t.showSignals(r)
			return nil
		},
	}
}

// showOutcome prints a release and its verdict with the reasons.
func (t *tool) showOutcome(o client.Outcome) {
	r := o.Release
	t.out.line(t.out.bold(r.ID), "  ", r.Product, " ", r.Version, "  ", t.state(o.Verdict))
	t.field("live since", stamp(r.At)+" UTC")
	t.field("from", strings.TrimSpace(r.Source+" "+prefixed("by ", r.By)))
	t.field("commit", r.Commit)
	t.field("link", r.URL)
	t.field("undoes", r.Undoes)
	for _, c := range r.ConfigChanges {
		t.field("configuration", c)
	}
	if r.Violates != nil {
		t.field("breaks the pin", r.Violates.Reason)
	}
	t.field("incident", o.Incident)
	if o.Verdict == nil {
		t.out.line("  nothing is claimed yet")
		return
	}
	t.out.line("  ", o.Verdict.Summary)
	for _, reason := range o.Verdict.Reasons {
		sign := "+"
		if !reason.For {
			sign = "-"
		}
		t.out.line("  ", sign, " ", reason.Text, "  ", t.out.dim(reason.Rule))
	}
	for _, s := range o.Verdict.Suspects {
		t.out.line("  ? suspect: ", s.Kind, " ", s.Name, prefixed(": ", s.Detail))
	}
	for _, u := range o.Verdict.Unseen {
		t.out.line("  . not seen: ", u)
	}
}

func (t *tool) field(name, value string) {
	if value != "" {
		t.out.line("  ", t.out.dim(name+":"), " ", value)
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// showSignals prints what was seen last of each thing.
func (t *tool) showSignals(r client.ReleaseDetail) {
	if len(r.Signals) == 0 {
		return
	}
	type key struct{ kind, name, side string }
	last := map[key]client.Signal{}
	runs := map[key]int{}
	var order []key
	for _, s := range r.Signals {
		k := key{s.Kind, s.Name, s.Side}
		if runs[k] == 0 {
			order = append(order, k)
		}
		last[k], runs[k] = s, runs[k]+1
	}
	t.out.line()
	tab := columns("LOOKED AT", "SIDE", ">LOOKS", "LAST", "WHAT WAS SEEN")
	for _, k := range order {
		s := last[k]
		outcome := t.out.yellow(s.Outcome)
		switch s.Outcome {
		case "pass":
			outcome = t.out.green(s.Outcome)
		case "fail":
			outcome = t.out.red(s.Outcome)
		}
		what := strings.ReplaceAll(k.kind, "_", " ")
		if k.name != what {
			what += " " + k.name
		}
		tab.row(what, or(k.side), fmt.Sprint(runs[k]), outcome, shorten(s.Summary, 100))
	}
	tab.print(t.out)
	if r.More {
		t.err.line("older observations are not listed")
	}
}

func (t *tool) releaseUnpin() *cobra.Command {
	return &cobra.Command{
		Use: "unpin PRODUCT", Short: "Let a version that was rolled back be released again",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			if err := c.Unpin(cmd.Context(), args[0]); err != nil {
				return err
			}
			return t.accepted(client.Accepted{Subject: args[0]}, args[0]+" is no longer pinned")
		},
	}
}

// accepted says that a wish was recorded.
func (t *tool) accepted(a client.Accepted, words string) error {
	if t.json {
		return t.out.json(a)
	}
	t.out.line(words)
	return nil
}

// rollback is `postflight rollback`.
func (t *tool) rollback() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "rollback PRODUCT", Short: "Undo the live release of a product",
		Long: `Undo the live release of a product: the release that was live before, and is
not known to be bad, is made live again, watched, and pinned.

` + exitHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			var done client.Accepted
			if id != "" {
				r, err := c.Release(cmd.Context(), id)
				if err != nil {
					return err
				}
				if r.Release.Product != args[0] {
					return &usage{err: fmt.Errorf("%s is a release of %s, not of %s", id, r.Release.Product, args[0]), path: cmd.CommandPath()}
				}
				done, err = c.RollBack(cmd.Context(), id)
				if err != nil {
					return err
				}
			} else if done, err = c.RollBackProduct(cmd.Context(), args[0]); err != nil {
				return err
			}
			if err := t.accepted(done, done.Subject+" is being rolled back"); err != nil {
				return err
			}
			t.err.line("wait until it helped with: postflight release watch ", args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&id, "release", "", "roll back only if this release is the live one")
	return cmd
}
