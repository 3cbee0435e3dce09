// Package cli is the postflight command.
//
// It reads arguments, asks a server through the client package (or runs one
// through a Runner) and says what came of it: data on standard output, what
// is about the run on standard error, and an exit code that a pipeline can
// branch on. Whatever comes from outside is stripped of control characters
// before it reaches a terminal. It keeps no state, and sends a local server's
// token nowhere but to this machine. cmd/postflight is its only caller.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Options are the surroundings of one run.
type Options struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// Version of this build.
	Version string
	// Runner runs servers.
	Runner Runner
	// Terminal reports whether a writer is one; nil means none is.
	Terminal func(io.Writer) bool
}

// Main runs the command with the process's surroundings and returns its exit
// code. The first interrupt ends it in order, the second one at once.
func Main(r Runner) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, Options{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Version: buildVersion(), Runner: r, Terminal: isTerminal,
	})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// tool is one run of the command.
type tool struct {
	Options
	out     *printer // data
	err     *printer // what is about the run
	started bool     // the arguments were understood
	json    bool
	conn    connection
	now     func() time.Time
}

// Run runs the command and returns its exit code.
func Run(ctx context.Context, o Options) int {
	t := &tool{Options: o, now: time.Now}
	t.out, t.err = t.printer(o.Stdout), t.printer(o.Stderr)
	root := t.root()
	root.SetArgs(oneDash(o.Args))
	root.SetIn(o.Stdin)
	root.SetOut(o.Stdout)
	root.SetErr(o.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[*usage](err); !ok && !t.started {
		err = &usage{err: err, path: cmd.CommandPath()}
	}
	return t.fail(ctx, err)
}

// printer returns a printer with colours where they are welcome.
func (t *tool) printer(w io.Writer) *printer {
	colour := t.Terminal != nil && t.Terminal(w) && t.Getenv("NO_COLOR") == "" && t.Getenv("TERM") != "dumb"
	return &printer{w: w, colour: colour, terminal: t.Terminal != nil && t.Terminal(w)}
}

// oneDash takes -json for --json: it is asked for so often.
func oneDash(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "--" {
			copy(out[i:], args[i:])
			break
		}
		if out[i] = a; a == "-json" {
			out[i] = "--json"
		}
	}
	return out
}

// root builds the tree of commands.
func (t *tool) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "postflight",
		Short: "Watch a release from the second it is live",
		Long: `Postflight watches a release from the second it is live: it plays journeys in
a real browser, fetches every asset, probes what the product depends on, decides
a verdict, tells people, rolls back, verifies and writes the postmortem.

Start with: postflight demo`,
		SilenceUsage: true, SilenceErrors: true, SuggestionsMinimumDistance: 2,
		PersistentPreRun: func(*cobra.Command, []string) { t.started = true },
	}
	root.PersistentFlags().StringVar(&t.conn.server, "server", "", "address of the server (default: $POSTFLIGHT_SERVER, the local server's, or "+defaultServer+")")
	root.PersistentFlags().StringVar(&t.conn.token, "token", "", "API token; better in $POSTFLIGHT_TOKEN, where other users do not see it")
	root.PersistentFlags().StringVar(&t.conn.data, "data", "", "data directory of a local server, for its token (default: $POSTFLIGHT_DATA or ./data)")
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print JSON")
	root.AddGroup(
		&cobra.Group{ID: groupServer, Title: "Server:"},
		&cobra.Group{ID: groupRelease, Title: "Releases and incidents:"},
		&cobra.Group{ID: groupTool, Title: "Tools:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupServer, t.serve(), t.demo(), t.login(), t.tokens(), t.config())
	add(groupRelease, t.releases(), t.rollback(), t.incidents(), t.drills())
	add(groupTool, t.affected(), t.artifacts(), t.guard(), t.journey(), t.bootScript(), t.version())
	root.SetHelpCommandGroupID(groupTool)
	root.SetCompletionCommandGroupID(groupTool)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usage{err: err, path: cmd.CommandPath()} })
	root.RunE = choose
	root.Args = known
	return root
}

// The groups of commands in the help.
const (
	groupServer  = "server"
	groupRelease = "release"
	groupTool    = "tool"
)

// choose is what a command with subcommands does by itself.
func choose(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if cmd.HasParent() {
		return &usage{err: fmt.Errorf("%s needs a command: %s", cmd.CommandPath(), strings.Join(names, ", ")), path: cmd.CommandPath()}
	}
	return cmd.Help()
}

// known refuses a word that is not one of the commands below cmd.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	u := &usage{err: fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()), path: cmd.CommandPath()}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		u.hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return u
}

// group is a command that only holds others.
func group(use, short string, cmds ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: known, RunE: choose, SuggestionsMinimumDistance: 2}
	c.AddCommand(cmds...)
	return c
}

// errInterrupted says that a person ended the run.
var errInterrupted = errors.New("interrupted")
