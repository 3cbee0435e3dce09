package cli

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/fault"
)

func (t *tool) journeyRecord() *cobra.Command {
	var o RecordOptions
	var out string
	var force bool
	cmd := &cobra.Command{
		Use: "record URL", Short: "Record a journey in a browser window",
		Long: `Open a Chromium window and write down what you do in it, as a recording of the
Chrome DevTools Recorder. Close the window, or interrupt, to end. The file is
written after each step, so nothing is lost. What is typed into a password
field is not kept: the recording then asks for the secret "password".

There must be a display. Without one, use the Recorder panel of Chrome's
developer tools on another machine; its exports are played unchanged.

` + exitHelp,
		Example: "  postflight journey record https://shop.example.com --out checkout.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.URL = args[0]
			u, err := url.Parse(o.URL)
			if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
				return &usage{err: fmt.Errorf("%q is not an absolute http or https address", oneLine(o.URL)), path: cmd.CommandPath()}
			}
			if _, err := os.Stat(out); err == nil && !force {
				return fault.New(fault.Conflict, out+" is there already", "name another file with --out, or add --force")
			}
			o.Title = first(o.Title, strings.TrimSuffix(filepath.Base(out), filepath.Ext(out)))
			steps := 0
			o.Version = t.Version
			o.Step = func(title string) {
				steps++
				t.err.line(t.err.dim(fmt.Sprintf("%3d ", steps)), title)
			}
			o.Save = func(recording []byte) error { return replace(out, recording) }
			t.err.line("recording; close the window to end")
			if err := t.Runner.RecordJourney(cmd.Context(), o); err != nil && !errors.Is(err, cmd.Context().Err()) {
				return err
			}
			if steps == 0 {
				return fault.New(fault.Invalid, "nothing was recorded", "do something in the window before it is closed")
			}
			t.out.line("wrote ", out)
			warnings, err := t.Runner.LintJourney(out)
			for _, w := range warnings {
				t.warn(w)
			}
			if err != nil {
				t.warn(tell(err).message)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "journey.json", "file to write")
	f.BoolVar(&force, "force", false, "write over a file that is there")
	f.StringVar(&o.Title, "title", "", "title of the recording (default: the file's name)")
	f.StringVar(&o.Browser, "browser", "", "path of a full Chromium (default: the one that is found)")
	f.StringVar(&o.Attribute, "test-id", "data-testid", "attribute that selectors prefer")
	return cmd
}

// replace writes a file whole or not at all.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
