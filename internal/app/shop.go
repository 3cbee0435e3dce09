package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/postflight/postflight/internal/demo"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/verdict"
)

// shopGround is the demo shop as the ground that drills are played on.
type shopGround struct {
	dir      string
	notes    string // what each drill put in, for when it is asked again
	payments *demo.Payments
	url      string
}

// Target is the demo product.
func (g *shopGround) Target() product.ID { return demoProduct }

// Scenarios are the demo's, with the end each must have.
func (g *shopGround) Scenarios() []drill.Scenario {
	broken := func(rules ...string) drill.Expected {
		return drill.Expected{Verdict: verdict.BrokenRelease, Rollback: true, Page: true, FirstRule: rules}
	}
	loop := broken("H3")
	loop.Names = "payments_url"
	expected := map[string]drill.Expected{
		"incompatible-page": broken("H3"),
		"startup-crash":     broken("H4"),
		"integration-loop":  loop,
		"static-500":        broken("H1"),
		"healthy":           {Verdict: verdict.Healthy},
		"provider-down": {
			Verdict: verdict.BrokenEnvironment, Page: true, FirstRule: []string{"provider"}, Names: "payments",
		},
	}
	var out []drill.Scenario
	for _, s := range demo.Scenarios() {
		out = append(out, drill.Scenario{Name: s.Name, Title: s.Title, About: s.Summary, Expected: expected[s.Name]})
	}
	return out
}

// note is what a drill put in, or was about to.
type note struct {
	Before string          `json:"before"` // live when it began
	Done   *drill.Injected `json:"done,omitempty"`
}

// Inject releases the scenario's material, or stops the provider. Asked again
// after a crash, it reports what is in.
func (g *shopGround) Inject(ctx context.Context, d drill.Drill) (drill.Injected, error) {
	sc, err := demo.FindScenario(d.Scenario.Name)
	if err != nil {
		return drill.Injected{}, err
	}
	if !sc.Releases {
		g.payments.Down()
		return drill.Injected{At: time.Now(), Provider: "payments"}, nil
	}
	path := filepath.Join(g.notes, string(d.ID)+".json")
	n, err := readNote(path)
	if err != nil || n.Done != nil {
		return deref(n.Done), err
	}
	live, err := demo.Live(g.dir)
	if err != nil {
		return drill.Injected{}, err
	}
	if n.Before != "" && n.Before != live { // it was released just before the crash
		n.Done = &drill.Injected{At: g.flipped(), Version: live}
		return *n.Done, writeNote(path, n)
	}
	if err := writeNote(path, note{Before: live}); err != nil {
		return drill.Injected{}, err
	}
	did, err := demo.Deploy(ctx, g.dir, sc.Name)
	if err != nil {
		return drill.Injected{}, err
	}
	n.Done = &drill.Injected{At: g.flipped(), Version: did.Version, Commit: did.Commit, Config: did.ConfigChange}
	return *n.Done, writeNote(path, n)
}

// flipped is when the pointer was committed: the link's own time.
func (g *shopGround) flipped() time.Time {
	if info, err := os.Lstat(filepath.Join(g.dir, "current")); err == nil {
		return info.ModTime()
	}
	return time.Now()
}

// Restore starts the provider again, and makes v1 live if a drill ended with
// a bad release that nobody rolled back.
func (g *shopGround) Restore(ctx context.Context, d drill.Drill) error {
	g.payments.Up()
	if !d.RolledBack.IsZero() || d.Release == "" {
		return nil
	}
	return demo.Install(ctx, g.dir, demo.InstallOptions{PaymentsURL: g.url, Reset: true})
}

func deref(in *drill.Injected) drill.Injected {
	if in == nil {
		return drill.Injected{}
	}
	return *in
}

func readNote(path string) (n note, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(raw, &n)
}

func writeNote(path string, n note) error {
	raw, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}
