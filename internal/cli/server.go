package cli

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/config"
)

// Runner runs servers until ctx ends. Both print what a person needs first
// (addresses, a sign-in link) to Out once they serve.
type Runner interface {
	Serve(ctx context.Context, o ServeOptions) error
	Demo(ctx context.Context, o DemoOptions) error
	// Load reads a configuration as Serve does.
	Load(path string) (*config.Config, []config.Warning, error)
	Player
}

// ServeOptions say what server to run.
type ServeOptions struct {
	Config  string // path of the configuration
	Version string
	Logger  *slog.Logger
	Out     io.Writer
}

// DemoOptions say where the demo lives.
type DemoOptions struct {
	Dir     string
	Listen  string
	Reset   bool
	Version string
	Logger  *slog.Logger
	Out     io.Writer
}

// defaultConfig is where the configuration is looked for.
const defaultConfig = "postflight.yaml"

// logging is how a server logs.
type logging struct {
	format  string
	verbose bool
}

func (l *logging) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.format, "log", "text", "form of the log: text or json")
	cmd.Flags().BoolVar(&l.verbose, "verbose", false, "log more")
}

func (t *tool) logger(l logging) (*slog.Logger, error) {
	o := &slog.HandlerOptions{}
	if l.verbose {
		o.Level = slog.LevelDebug
	}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(t.Stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(t.Stderr, o)), nil
	}
	return nil, &usage{err: errLogFormat, path: "postflight serve"}
}

func (t *tool) serve() *cobra.Command {
	var file string
	var l logging
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server",
		Long: "Run the server on a configuration, until it is interrupted. Open watches, due\nevents and unsent messages continue where they were.\n\n" + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := t.logger(l)
			if err != nil {
				return err
			}
			return t.Runner.Serve(cmd.Context(), ServeOptions{Config: file, Version: t.Version, Logger: log, Out: t.Stdout})
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration file")
	l.flags(cmd)
	return cmd
}

func (t *tool) demo() *cobra.Command {
	var o DemoOptions
	var l logging
	cmd := &cobra.Command{
		Use: "demo", Short: "Run the server with a demo product to break",
		Long: `Run the server with a small, real web shop, its payments provider and a stand-in
for the chat, all on this machine, and print one sign-in link. Then break it:

  postflight drill run all --data DIR/data`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := t.logger(l)
			if err != nil {
				return err
			}
			o.Version, o.Logger, o.Out = t.Version, log, t.Stdout
			return t.Runner.Demo(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "./demo", "directory that everything is kept in")
	cmd.Flags().StringVar(&o.Listen, "listen", "127.0.0.1:7460", "address of the server; the shop, payments and chat take the next three ports")
	cmd.Flags().BoolVar(&o.Reset, "reset", false, "make the shop's first release live again")
	l.flags(cmd)
	return cmd
}
