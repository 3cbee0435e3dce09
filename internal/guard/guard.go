// Package guard runs CI commands so that they can neither fail silently nor
// hang.
//
// Run passes a command's output through unchanged, reads what its tools say,
// watches its processes, and holds the exit code against summaries, reports and
// the log; each step goes into a ledger on disk (and to a server, when there is
// one), and Close holds the ledger against what should have run. Secrets are
// masked in everything that is kept. It never alters what the command prints and
// never turns a failure into a success. The cli room calls it.
package guard

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/command"
	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/hang"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// The exit codes that are the guard's own: what the command left was 0, or the
// watchdog ended it.
const (
	ExitHung   = 86
	ExitSilent = 87
)

// Server keeps ledger and history for a team; nil works without one.
type Server interface {
	// Report sends a step; a repeated one with the same id replaces the first.
	Report(ctx context.Context, s pipeline.Step, m Memory) error
	// Recall returns what earlier green runs of the step were like.
	Recall(ctx context.Context, s pipeline.Step) (Memory, error)
}

// Memory is what is known of a step's green runs. A step that is reported
// carries its own only: the signature of its log, how long its tests took.
type Memory struct {
	Past  pipeline.Past
	Green []byte // an excerpt.Signature, "" when there is none
}

// Options say what to run and what to hold it against.
type Options struct {
	Argv    []string
	Name    string // of the step; from the command when empty
	Dir     string // of the ledger; in the workspace when empty
	Product string
	Version string
	// MinTests: -1 when nobody said (one, as soon as a test runner shows itself).
	MinTests int
	Reports  []string // patterns of report files that must be written
	Expect   []string // texts that a complete log holds
	Allow    map[rule.ID]string
	Limits   hang.Limits
	// Tee names a file for a copy of the output, secrets masked; "" for none.
	Tee       string
	KeepLog   bool   // of green steps as well
	Terminal  string // auto, always, never
	Stdin     bool
	Leftovers command.Leftovers
	Stdout    *os.File
	Stderr    *os.File
	Getenv    func(string) string
	Environ   []string
	Server    Server
	// Say tells the person something while the command runs.
	Say func(message string)
	Now func() time.Time
}

// Outcome is what came of a run.
type Outcome struct {
	Step pipeline.Step
	// Code is the exit code that the guard should leave with; Signal the one that
	// it should die of, when the command did and nothing else is to be said.
	Code   int
	Signal os.Signal
	// Past is what the step was held against, before this run was added.
	Past pipeline.Past
	// Diagnosis is the file with what the processes did when they were ended.
	Diagnosis string
	Problems  []string // what the guard itself could not do
}

// run is one guarded command.
type run struct {
	Options
	around  Surroundings
	ledger  *Ledger
	step    pipeline.Step
	record  *record
	mask    *masker
	mu      sync.Mutex // a diagnosis that takes too long is still at it
	out     Outcome
	away    bool // the server was asked once and is not to be had
	watcher *watcher
	past    pipeline.Past
	green   *excerpt.Signature // of the last green log
}

// Run runs the command and judges it. An error means that it could not be
// started, or that the options make no sense; whatever else fails is told in
// Problems and never changes the command's own result to a better one.
func Run(ctx context.Context, o Options) (Outcome, error) {
	r := &run{Options: o}
	if err := r.open(ctx); err != nil {
		return Outcome{}, err
	}
	copies, err := r.tee()
	if err != nil {
		return Outcome{}, err
	}
	r.put(ctx, Memory{}) // an entry that never ends tells of a guard that was killed
	res, err := command.Run(ctx, r.command())
	if s, ok := errors.AsType[*command.StartError](err); ok {
		r.step.State, r.step.Code = pipeline.Failed, s.Code
		r.put(ctx, Memory{})
		if copies != nil {
			_ = copies.Close()
		}
		return r.out, err
	}
	if err != nil { // it ran all the same
		r.problem(err.Error())
	}
	r.judge(res)
	if copies != nil {
		if err := copies.Close(); err != nil {
			r.problem("the copy of the output is not whole: " + err.Error())
		}
	}
	r.put(ctx, r.remember())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Step, r.out.Past = r.step, r.past
	return r.out, nil
}

// open finds surroundings, ledger and history.
func (r *run) open(ctx context.Context) error {
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	r.around = Surround(r.Getenv, cwd)
	r.mask = masks(r.Environ)
	if r.Name == "" {
		r.Name = nameOf(r.Argv)
	}
	line := strings.Join(r.Argv, " ")
	sum := sha256.Sum256([]byte(strings.Join(r.Argv, "\x00")))
	r.step = pipeline.Step{
		ID: slug(r.Name) + "-" + strings.ToLower(rand.Text()[:12]), Name: r.Name, Run: r.around.Run, Job: r.around.Job,
		Address: r.around.Address, Product: r.Product, Version: r.Version, Commit: r.around.Commit, Branch: r.around.Branch,
		Command: clip(r.mask.Text(line), 300), Hash: hex.EncodeToString(sum[:8]), Started: r.Now().UTC(), State: pipeline.Running,
	}
	r.redact()
	if r.ledger, err = OpenLedger(Folder(r.Dir, r.Getenv, r.around)); err != nil {
		r.problem("the ledger cannot be written: " + err.Error())
	} else {
		r.ledger.Sweep(r.Now())
	}
	r.recall(ctx)
	r.record = newRecord(r.Expect)
	return nil
}

// recall reads what earlier runs were like, here and on the server.
func (r *run) recall(ctx context.Context) {
	if r.ledger != nil {
		for _, branch := range r.branches() {
			past, green := r.ledger.Past(historyKey(r.Name, branch))
			if len(r.past.Durations) == 0 {
				r.past = past
			}
			if r.green == nil {
				r.green = green
			}
		}
	}
	if r.Server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var m Memory
	for _, branch := range r.branches() {
		of := r.step
		of.Branch = branch
		var err error
		if m, err = r.Server.Recall(ctx, of); err != nil {
			r.away = true
			r.problem("the server is not to be had, and this machine's history is all there is: " + err.Error())
			return
		}
		if len(m.Past.Durations) > 0 {
			break
		}
	}
	if len(m.Past.Durations) > len(r.past.Durations) {
		r.past = m.Past
	}
	if r.green == nil && len(m.Green) > 0 {
		if s := excerpt.NewSignature(); s.UnmarshalBinary(m.Green) == nil {
			r.green = s
		}
	}
}

// put writes the step to the ledger and to the server.
func (r *run) put(ctx context.Context, m Memory) {
	if r.ledger != nil {
		if err := r.ledger.Put(r.step); err != nil {
			r.problem("the ledger cannot be written: " + err.Error())
		}
	}
	begun := r.step.State == pipeline.Running
	if r.Server == nil || begun && r.away { // the end is told all the same
		return
	}
	limit := 10 * time.Second
	if begun || r.away {
		limit /= 2 // nobody's build waits long for a server
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := r.Server.Report(ctx, r.step, m); err != nil && !r.away {
		r.away = true
		r.problem("the step did not reach the server: " + err.Error())
	}
}

// branches are those whose history tells what is usual: the own one, and for a
// new one those that it is likely to come from.
func (r *run) branches() []string {
	list := []string{r.around.Branch}
	for _, b := range []string{r.around.Base, "main", "master"} {
		if b != "" && !slices.Contains(list, b) {
			list = append(list, b)
		}
	}
	return list
}

func (r *run) problem(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text = r.mask.Text(text); !slices.Contains(r.out.Problems, text) {
		r.out.Problems = append(r.out.Problems, text)
	}
}

// tee opens the copy of the output.
func (r *run) tee() (io.Closer, error) {
	if r.Tee == "" {
		return nil, nil //nolint:nilnil // no copy was asked for
	}
	f, err := os.Create(r.Tee)
	if err != nil {
		return nil, err
	}
	m := &masked{to: f, mask: r.mask}
	r.record.copies = m
	return closer(func() error { return errors.Join(m.Close(), f.Close()) }), nil
}

// closer is a function that closes.
type closer func() error

// Close calls it.
func (c closer) Close() error { return c() }

// command says how to run it.
func (r *run) command() command.Options {
	r.watcher = newWatcher(r)
	return command.Options{
		Argv: r.Argv, Env: r.watcher.environ(r.Environ), Stdin: r.Stdin, Stdout: r.Stdout, Stderr: r.Stderr,
		Terminal: r.Terminal, Leftovers: r.Leftovers, Orphans: r.Limits.Orphans,
		Output: r.watcher.output, Tick: r.watcher.tick, Diagnose: r.watcher.diagnose,
	}
}

// Folder is where the ledger is: where it was asked for, else in the workspace.
func Folder(dir string, getenv func(string) string, s Surroundings) string {
	if dir != "" {
		return dir
	}
	if dir = getenv("POSTFLIGHT_GUARD_DIR"); filepath.IsAbs(dir) {
		return dir
	} else if dir != "" { // the same for steps of every subfolder
		return filepath.Join(s.Root, dir)
	}
	return filepath.Join(s.Root, ".postflight", "guard")
}

// historyKey names a step's history: runs of another branch are another's.
func historyKey(name, branch string) string {
	sum := sha256.Sum256([]byte(name + "\x00" + branch))
	return strings.Trim(slug(name)+"-"+hex.EncodeToString(sum[:4]), "-")
}

// nameOf makes a step's name from its command: "npm test", "go test".
func nameOf(argv []string) string {
	var words []string
	for i, a := range argv {
		if i == 0 {
			a = a[strings.LastIndexByte(a, '/')+1:]
		}
		if strings.HasPrefix(a, "-") || strings.ContainsAny(a, "/\\=;|&\n") || len(words) == 2 {
			break
		}
		words = append(words, a)
	}
	if len(words) == 0 {
		return "step"
	}
	return clip(strings.Join(words, " "), 60)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
