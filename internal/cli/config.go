package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/fault"
)

var errLogFormat = errors.New("--log is text or json")

// configSchema is the JSON Schema of the configuration, the same as
// schema/postflight.schema.json; a test holds them together.
//
//go:embed schema.json
var configSchema string

// config is `postflight config`.
func (t *tool) config() *cobra.Command {
	return group("config", "Check, show and start configurations", t.configCheck(), t.configShow(), t.configInit(), t.configSchemaCmd())
}

// checked is the answer of config check in JSON.
type checked struct {
	File     string    `json:"file"`
	OK       bool      `json:"ok"`
	Problems []problem `json:"problems,omitempty"`
	Warnings []problem `json:"warnings,omitempty"`
}

// problem is one thing that is wrong in a configuration.
type problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Key      string   `json:"key,omitempty"`
	Value    string   `json:"value,omitempty"`
	Message  string   `json:"message"`
	Accepted []string `json:"accepted,omitempty"`
	Nearest  string   `json:"nearest,omitempty"`
	Excerpt  string   `json:"excerpt,omitempty"`
}

func problems(in []config.Problem) []problem {
	var out []problem
	for _, p := range in {
		out = append(out, problem(p))
	}
	return out
}

func (t *tool) configCheck() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "check [FILE]", Short: "Check a configuration and everything it names",
		Long: "Check a configuration: unknown keys, wrong values, recordings that cannot be\nplayed and checks that can never fail are all told, with their place.\n\n" + exitHelp,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file := first(append(args, file)...)
			c, warnings, err := t.Runner.Load(file)
			if t.json {
				out := checked{File: file, OK: err == nil, Warnings: problems(warnings)}
				if all, ok := errors.AsType[config.Errors](err); ok {
					out.Problems = problems(all)
				} else if err != nil {
					out.Problems = []problem{{File: file, Message: err.Error()}}
				}
				if err := t.out.json(out); err != nil {
					return err
				}
				if err != nil {
					return exit(tell(err).code)
				}
				return nil
			}
			for _, w := range warnings {
				t.err.text(w.Warn())
			}
			if err != nil {
				return err
			}
			t.out.line(file, " is good: ", count(len(c.Products()), "product"), ", ", count(len(c.Channels), "channel"))
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration file")
	return cmd
}

func (t *tool) configShow() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "show [FILE]", Short: "Show the configuration as it counts, secrets left out",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, warnings, err := t.Runner.Load(first(append(args, file)...))
			if err != nil {
				return err
			}
			for _, w := range warnings {
				t.err.text(w.Warn())
			}
			if t.json {
				return t.out.json(struct {
					File      string `json:"file"`
					Effective string `json:"effective_yaml"`
				}{c.File, c.Effective()})
			}
			t.out.text(c.Effective())
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration file")
	return cmd
}

func (t *tool) configInit() *cobra.Command {
	return &cobra.Command{
		Use: "init [FILE]", Short: "Write a commented configuration to start from",
		Long: "Write a commented configuration to start from. A file that exists is never\noverwritten; - writes to standard output.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file := first(append(args, defaultConfig)...)
			if file == "-" {
				t.out.text(config.Sample())
				return nil
			}
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, os.ErrExist) {
				return fault.New(fault.Conflict, file+" exists already", "nothing was changed; name another file, or - for standard output")
			}
			if err != nil {
				return fmt.Errorf("write %s: %w", file, err)
			}
			_, err = f.WriteString(config.Sample())
			if err := errors.Join(err, f.Close()); err != nil {
				return fmt.Errorf("write %s: %w", file, err)
			}
			if t.json {
				return t.out.json(struct {
					File string `json:"file"`
				}{file})
			}
			t.out.line("wrote ", file)
			t.err.line("fill it in, then: postflight config check")
			return nil
		},
	}
}

func (t *tool) configSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the configuration, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			t.out.text(strings.TrimSpace(configSchema))
			return nil
		},
	}
}
