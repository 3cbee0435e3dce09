//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/demo"
)

// driver is one way to play the journey.
type driver struct {
	name, about string
	argv        func(runs int, dir string) []string
	env         []string

	starts, plays []cost // of no run, and of runs runs; the same rounds
	peaks         []int64
}

// stage is the shop that everybody plays against.
type stage struct {
	o    options
	shop *demo.Shop
}

// measure plays every driver in turn and prints the table.
func measure(ctx context.Context, o options) (err error) {
	if err := adopt(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "postflight-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bin, err := browser.Find(ctx, o.binary)
	if err != nil {
		return err
	}
	o.binary, o.dir = bin.Path, dir
	payments := httptest.NewServer(demo.NewPayments())
	defer payments.Close()
	if err := demo.Install(ctx, filepath.Join(dir, "shop"), demo.InstallOptions{PaymentsURL: payments.URL}); err != nil {
		return err
	}
	shop, err := demo.New(demo.Options{Dir: filepath.Join(dir, "shop"), Synthetic: func(*http.Request) bool { return true }})
	if err != nil {
		return err
	}
	defer shop.Close()
	server := httptest.NewServer(shop)
	defer server.Close()
	o.base = server.URL
	text, err := demo.Journey("book-a-visit")
	if err != nil {
		return err
	}
	o.recording = filepath.Join(dir, "book-a-visit.json")
	if err := os.WriteFile(o.recording, text, 0o600); err != nil {
		return err
	}
	s := &stage{o: o, shop: shop}
	all, err := s.drivers()
	if err != nil {
		return err
	}
	fmt.Printf("browser: %s, %s\n", filepath.Base(bin.Path), bin.Version)
	begun := load()
	if err := s.rounds(ctx, all); err != nil {
		return err
	}
	s.table(all)
	fmt.Printf("%d rounds of %d journeys for each driver, order rotated; load average %s before, %s after\n", o.rounds, o.runs, begun, load())
	return nil
}

// drivers are ours, the floor, and what is installed of the peers.
func (s *stage) drivers() ([]*driver, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := func(name string) func(int, string) []string {
		return func(runs int, dir string) []string {
			return []string{self, "-child", name, "-browser", s.o.binary, "-url", s.o.base, "-recording", s.o.recording, "-dir", dir, "-runs", strconv.Itoa(runs)}
		}
	}
	all := []*driver{
		{name: "floor", about: "bare protocol client, nothing kept", argv: child("floor")},
		{name: "postflight", about: "no pictures; network, console and vitals kept", argv: child("postflight-sparse")},
		{name: "floor, pictures", about: "the same, and a picture before each step that acts", argv: child("floor-pictures")},
		{name: "postflight, pictures", about: "all evidence, as the server plays", argv: child("postflight")},
	}
	all = append(all,
		&driver{name: "postflight, by hand", about: "the same, from YAML: fields filled at once, as the peers do", argv: child("by-hand-sparse")},
		&driver{name: "postflight, by hand, pictures", about: "the same, from YAML", argv: child("by-hand")},
	)
	if s.o.peers == "" {
		fmt.Println("the peers are left out: -peers names no directory")
		return all, nil
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	script := func(name string) func(int, string) []string {
		return func(runs int, dir string) []string {
			return []string{node, filepath.Join(s.o.peers, name), s.o.binary, s.o.base, strconv.Itoa(runs), dir, s.o.recording}
		}
	}
	return append(all,
		&driver{name: "playwright", about: "playwright-core, nothing kept", argv: script("playwright.mjs"), env: []string{"EVIDENCE=0"}},
		&driver{name: "playwright, pictures", about: "a picture a step, network and console kept", argv: script("playwright.mjs"), env: []string{"EVIDENCE=1"}},
		&driver{name: "puppeteer replay, pictures", about: "@puppeteer/replay, a picture a step", argv: script("replay.mjs")},
	), nil
}

// rounds interleaves the drivers, so that a busy minute is everybody's.
func (s *stage) rounds(ctx context.Context, all []*driver) error {
	for round := range s.o.rounds + s.o.memory {
		for i := range all {
			d := all[(i+round)%len(all)]
			sampled := round >= s.o.rounds
			played, err := s.once(ctx, d, s.o.runs, sampled)
			if err != nil {
				return err
			}
			if sampled {
				d.peaks = append(d.peaks, played.peak)
				continue
			}
			started, err := s.once(ctx, d, 0, false)
			if err != nil {
				return err
			}
			d.plays, d.starts = append(d.plays, played), append(d.starts, started)
		}
		fmt.Fprintf(os.Stderr, "round %d of %d, load average %s\n", round+1, s.o.rounds+s.o.memory, load())
	}
	return nil
}

// once runs a driver, and holds that the shop really got the bookings.
func (s *stage) once(ctx context.Context, d *driver, runs int, sample bool) (cost, error) {
	dir, err := os.MkdirTemp(s.o.dir, "run-")
	if err != nil {
		return cost{}, err
	}
	before := s.shop.Figures().Synthetic
	c, err := run(ctx, d.argv(runs, dir), d.env, sample)
	if err != nil {
		return c, fmt.Errorf("%s: %w", d.name, err)
	}
	if got := s.shop.Figures().Synthetic - before; got != runs {
		return c, fmt.Errorf("%s: the shop got %d bookings, not %d", d.name, got, runs)
	}
	return c, os.RemoveAll(dir)
}

// table prints medians, and ratios that are medians over the rounds' own pairs.
// What keeps pictures is compared with ours that keeps them, what keeps none
// with ours that keeps none.
func (s *stage) table(all []*driver) {
	fmt.Println("\n| driver | CPU of a journey, ms | to the floor | Postflight to it | wall, ms | memory peak, MB | CPU of the driver's start, ms |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, d := range all {
		floor, us := all[0], all[1]
		pictures := strings.Contains(d.name, "pictures")
		if pictures {
			floor, us = all[2], all[3]
		}
		if strings.HasPrefix(d.name, "playwright") { // written by hand as well
			us = all[4]
			if pictures {
				us = all[5]
			}
		}
		fmt.Printf("| %s: %s | %.0f | %.2f | %.2f | %.0f | %.0f | %.0f |\n", d.name, d.about,
			median(s.each(d, cost.cpus)), median(ratios(s.each(d, cost.cpus), s.each(floor, cost.cpus))),
			median(ratios(s.each(us, cost.cpus), s.each(d, cost.cpus))),
			median(s.each(d, cost.walls)), median(megabytes(d.peaks)), median(started(d.starts)))
	}
	fmt.Println()
}

func (c cost) cpus() float64  { return float64(c.cpu) / float64(time.Millisecond) }
func (c cost) walls() float64 { return float64(c.wall) / float64(time.Millisecond) }

// each is one figure of one journey by round: the driver's own start is taken
// off.
func (s *stage) each(d *driver, figure func(cost) float64) []float64 {
	var out []float64
	for i, c := range d.plays {
		out = append(out, (figure(c)-figure(d.starts[i]))/float64(s.o.runs))
	}
	return out
}

func started(all []cost) []float64 {
	var out []float64
	for _, c := range all {
		out = append(out, c.cpus())
	}
	return out
}

func ratios(a, b []float64) []float64 {
	var out []float64
	for i := range a {
		out = append(out, a[i]/b[i])
	}
	return out
}

func megabytes(all []int64) []float64 {
	var out []float64
	for _, n := range all {
		out = append(out, float64(n)/1e6)
	}
	return out
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
