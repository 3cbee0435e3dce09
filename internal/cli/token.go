package cli

import (
	"github.com/spf13/cobra"

	"github.com/postflight/postflight/client"
)

// tokens is `postflight token`.
func (t *tool) tokens() *cobra.Command {
	return group("token", "Make and end API tokens", t.tokenCreate(), t.tokenList(), t.tokenRevoke())
}

const roleHelp = "viewer (reads), responder (also acknowledges, rolls back, tells of releases) or admin"

func (t *tool) tokenCreate() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make an API token and print its secret, once",
		Long: "Make an API token for a program. Its secret is printed now and never again:\nonly a hash of it is kept.\n\n" + exitHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			made, err := c.CreateToken(cmd.Context(), args[0], role)
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(made)
			}
			t.out.line(made.Secret)
			t.err.line("token ", t.err.bold(made.ID), " for ", made.Name, " with the role ", made.Role, ": keep it, it is not shown again")
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", "responder", roleHelp)
	return cmd
}

func (t *tool) tokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List API tokens", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			all, err := c.Tokens(cmd.Context())
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(client.Tokens{Tokens: all})
			}
			tab := columns("TOKEN", "NAME", "ROLE", "CREATED (UTC)", "LAST USED (UTC)", "STATE")
			for _, g := range all {
				state := t.out.green("usable")
				if !g.Revoked.IsZero() {
					state = t.out.dim("revoked " + stamp(g.Revoked))
				}
				tab.row(g.ID, g.Name, g.Role, stamp(g.Created), stamp(g.Used), state)
			}
			tab.print(t.out)
			return nil
		},
	}
}

func (t *tool) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke TOKEN", Short: "End an API token, by its id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			if err := c.RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			return t.accepted(client.Accepted{Subject: args[0]}, "token "+args[0]+" is revoked")
		},
	}
}

// login is `postflight login`.
func (t *tool) login() *cobra.Command {
	var name, role string
	cmd := &cobra.Command{
		Use: "login", Short: "Print a link that signs a browser in, once",
		Long: "Print a link that signs a browser in, once and within 15 minutes. On the\nserver's own machine it works with the data directory alone.\n\n" + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.dial()
			if err != nil {
				return err
			}
			link, err := c.CreateLink(cmd.Context(), first(name, t.Getenv("USER"), "operator"), role)
			if err != nil {
				return err
			}
			if t.json {
				return t.out.json(link)
			}
			t.out.line(link.URL)
			t.err.line("it works once, with the role ", link.Role)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "whom it is for (default: $USER)")
	cmd.Flags().StringVar(&role, "role", "admin", roleHelp)
	return cmd
}
