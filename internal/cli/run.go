package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/app"
	"github.com/postflight/postflight/internal/config"
)

// House is the Runner that runs the real server.
type House struct{}

var _ Runner = House{}

// Load reads a configuration as the server does.
func (House) Load(path string) (*config.Config, []config.Warning, error) { return app.Load(path) }

// LintJourney says why a journey cannot be played or can never fail.
func (House) LintJourney(file string) ([]string, error) { return app.Lint(file) }

// PlayJourney plays a journey once, without a server.
func (House) PlayJourney(ctx context.Context, o PlayOptions) (Played, error) {
	s, title, err := app.PlayFile(ctx, app.PlayOptions{
		File: o.File, Base: o.Base, Origins: o.Origins, Browser: o.Browser, Headed: o.Headed, Slow: o.Slow,
		Trace: o.Trace, Spec: o.Spec, Version: o.Version, Result: o.Result,
	})
	return Played{Signal: s, Title: title}, err
}

// RecordJourney records a journey in a window.
func (House) RecordJourney(ctx context.Context, o RecordOptions) error {
	return app.Record(ctx, app.RecordOptions{
		URL: o.URL, Title: o.Title, Browser: o.Browser, Attribute: o.Attribute, Step: o.Step, Save: o.Save, Version: o.Version,
	})
}

// Serve runs a server on a configuration until ctx ends.
func (House) Serve(ctx context.Context, o ServeOptions) error {
	return app.Serve(ctx, app.ServeOptions{
		Config: o.Config, Version: o.Version, Logger: o.Logger,
		Ready: func(a *app.App) {
			fmt.Fprintf(o.Out, "postflight serves %s\nsign in with a link from: postflight login\n", a.URL())
		},
	})
}

// Demo runs the server with the demo product until ctx ends.
func (House) Demo(ctx context.Context, o DemoOptions) error {
	d, err := app.OpenDemo(ctx, app.DemoOptions{
		Dir: o.Dir, Listen: o.Listen, Reset: o.Reset, Version: o.Version, Logger: o.Logger,
	})
	if err != nil {
		return err
	}
	if err := welcome(ctx, o.Out, d); err != nil {
		return errors.Join(err, d.App.Close())
	}
	return d.Run(ctx)
}

// welcome prints the sign-in link and where everything is.
func welcome(ctx context.Context, out io.Writer, d *app.Demo) error {
	secret, err := d.App.Doorkeeper().CreateLink(ctx, "demo", access.Admin, "")
	if err != nil {
		return fmt.Errorf("make a sign-in link: %w", err)
	}
	_, err = fmt.Fprintf(out, `
  Sign in, once:  %s/sign-in?link=%s

  The shop        %s
  The chat        %s
  Break it with   %s drill run all --data %s

`, d.App.URL(), url.QueryEscape(secret), d.ShopURL, d.ChatURL, os.Args[0], d.Data)
	return err
}
