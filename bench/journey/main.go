//go:build linux

// Command journey measures what one run of a user journey costs, side by side:
// the demo shop's "book a visit", a browser process for each run, played by
// Postflight, by a floor (Chromium and a bare protocol client that keeps no
// evidence), and by the peers in bench/peers.
//
// It serves the shop itself, starts each driver as a child and adds up the CPU
// time of the child's whole process tree. It is never shipped; scripts/bench.sh
// calls it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// options are the command line.
type options struct {
	rounds, runs, memory int
	soak                 int
	binary, peers, child string
	base, recording, dir string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o := parse()
	run := measure
	switch {
	case o.child != "":
		run = play
	case o.soak > 0:
		run = soak
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/journey: error:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func parse() options {
	var o options
	flag.IntVar(&o.rounds, "rounds", 9, "rounds; each plays every driver once, in a changing order")
	flag.IntVar(&o.runs, "runs", 3, "journeys in a row by one driver process")
	flag.IntVar(&o.memory, "memory", 3, "rounds that measure memory instead")
	flag.IntVar(&o.soak, "soak", 0, "instead, play a small journey so many times and hold that nothing grows")
	flag.StringVar(&o.binary, "browser", "", "Chromium to use; default: the one Postflight finds")
	flag.StringVar(&o.peers, "peers", "", "directory of the peers; empty: none of them")
	flag.StringVar(&o.child, "child", "", "be this driver (internal)")
	flag.StringVar(&o.base, "url", "", "address of the shop (internal)")
	flag.StringVar(&o.recording, "recording", "", "file of the recording (internal)")
	flag.StringVar(&o.dir, "dir", "", "scratch directory (internal)")
	flag.Parse()
	return o
}

// limit bounds one driver process, however busy the machine is.
const limit = 5 * time.Minute
