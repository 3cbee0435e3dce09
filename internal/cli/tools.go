package cli

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/ingest"
	"github.com/postflight/postflight/internal/product"
)

// bootScript is `postflight boot-script`.
func (t *tool) bootScript() *cobra.Command {
	var o ingest.Options
	var hash bool
	cmd := &cobra.Command{
		Use: "boot-script PRODUCT --version VERSION", Short: "Print the script by which pages report their own start",
		Long: `Print the script element by which a product's pages report their own start.
Paste it into the head as the first element after <meta charset>. With --hash,
print the source expression that allows it in a Content-Security-Policy.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if hash && !t.json {
				t.out.line(ingest.ScriptHash())
				return nil
			}
			if o.Version == "" {
				return &usage{err: errors.New("--version is needed: the release that the pages belong to"), path: cmd.CommandPath()}
			}
			o.Product = product.ID(args[0])
			if o.Endpoint == "" {
				server, err := t.serverAddress()
				if err != nil {
					return err
				}
				o.Endpoint = strings.TrimRight(server, "/") + "/boot"
			}
			if t.json {
				return t.out.json(struct {
					Script string `json:"script"`
					Hash   string `json:"csp_hash"`
				}{ingest.Script(o), ingest.ScriptHash()})
			}
			t.out.text(ingest.Script(o))
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Version, "version", "", "version that the pages belong to")
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "where reports go (default: /boot on the server)")
	cmd.Flags().DurationVar(&o.Deadline, "deadline", 10*time.Second, "visible time after which a page that is not ready is late")
	cmd.Flags().BoolVar(&hash, "hash", false, "print the Content-Security-Policy source expression instead")
	return cmd
}

// version is `postflight version`.
func (t *tool) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print this program's version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			system := runtime.GOOS + "/" + runtime.GOARCH
			if t.json {
				return t.out.json(struct {
					Version string `json:"version"`
					Go      string `json:"go"`
					System  string `json:"system"`
				}{t.Version, runtime.Version(), system})
			}
			t.out.line("postflight ", t.Version, " (", runtime.Version(), ", ", system, ")")
			return nil
		},
	}
}

// buildVersion is the version that the Go tool wrote into this program.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
