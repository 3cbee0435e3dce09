//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/player"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// play is a child: it plays the journey as many times as it is told.
func play(ctx context.Context, o options) error {
	switch o.child {
	case "floor", "floor-pictures":
		for range o.runs {
			if err := floor(ctx, o); err != nil {
				return err
			}
		}
		return nil
	case "postflight", "postflight-sparse", "by-hand", "by-hand-sparse":
		return ours(ctx, o)
	}
	return fmt.Errorf("no driver is called %q", o.child)
}

// byHand is the same journey as a person would write it, which is how the
// peers' scripts are written: locators by role, fields filled at once.
const byHand = `
title: Book a visit
steps:
  - viewport: { width: 1280, height: 900 }
  - open: /book
  - see: { title: "Book a visit · Father Christmas Workshop" }
  - click: { css: "#slots > :nth-child(1 of .slot:not([disabled]))" }
  - see: { css: "#book", enabled: true }
  - click: { role: textbox, name: Your name }
  - fill: { role: textbox, name: Your name, with: The Postflight family }
  - select: { role: combobox, name: Children, option: "3" }
  - click: { role: button, name: Book this visit }
  - see: { css: "#confirmation" }
  - see: "See you there, The Postflight family"
  - until: /^(FC|TEST)-\d+$/.test(document.querySelector('#number').textContent)
`

// ours plays as the server does: every run through the runner, all evidence
// kept, on disk.
func ours(ctx context.Context, o options) error {
	bin, err := browser.Find(ctx, o.binary)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(o.recording)
	if err != nil {
		return err
	}
	name := "book-a-visit.json"
	if strings.HasPrefix(o.child, "by-hand") {
		name, text = "book-a-visit.yaml", []byte(byHand)
	}
	j, err := journey.Load(name, text, journey.LoadOptions{})
	if err != nil {
		return err
	}
	evidence, err := blob.Open(filepath.Join(o.dir, "evidence"))
	if err != nil {
		return err
	}
	defer func() { _ = evidence.Close() }()
	r := player.New(player.Options{Binary: bin, Blobs: evidence, Version: "bench", Dir: o.dir})
	for range o.runs {
		s := r.Run(ctx, player.Request{
			Look:    watch.Look{Kind: signal.Journey, Name: j.Name, Base: o.base, Round: 1},
			Journey: j,
			Version: product.VersionSource{Kind: product.VersionHeader, Name: "X-Release"},
			Timeout: time.Minute, Sparse: strings.HasSuffix(o.child, "-sparse"),
		})
		if s.Outcome != signal.Pass || s.Served == "" {
			return fmt.Errorf("the journey did not pass: %s %s", s.Outcome, s.Summary)
		}
		for i, step := range s.Steps {
			if !strings.HasSuffix(o.child, "-sparse") && step.Screenshot == "" && step.Type != string(journey.SetViewport) { // the page is still blank then
				return fmt.Errorf("step %d left no picture", i+1)
			}
		}
	}
	return nil
}
