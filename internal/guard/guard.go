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
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/command"
	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/hang"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/redact"
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
	mask    *redact.Redactor
	out     Outcome
	watcher *watcher
	past    pipeline.Past
	green   *excerpt.Signature // of the last green log
	key     string
}

// Run runs the command and judges it. An error means that it could not be
// started, or that the options make no sense; whatever else fails is told in
// Problems and never changes the command's own result to a better one.
func Run(ctx context.Context, o Options) (Outcome, error) {
	r := &run{Options: o}
	if err := r.open(ctx); err != nil {
		return Outcome{}, err
	}
	if closer, err := r.tee(); err != nil {
		return Outcome{}, err
	} else if closer != nil {
		defer func() { _ = closer.Close() }()
	}
	r.put(ctx, Memory{}) // an entry that never ends tells of a guard that was killed
	res, err := command.Run(ctx, r.command())
	if s, ok := errors.AsType[*command.StartError](err); ok {
		r.step.State, r.step.Code = pipeline.Failed, s.Code
		r.put(ctx, Memory{})
		return r.out, err
	}
	if err != nil { // it ran all the same
		r.problem(err.Error())
	}
	r.judge(res)
	r.put(ctx, r.remember())
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
	line := r.mask.Text(strings.Join(r.Argv, " "))
	sum := sha256.Sum256([]byte(strings.Join(r.Argv, "\x00")))
	r.step = pipeline.Step{
		ID: slug(r.Name) + "-" + strings.ToLower(rand.Text()[:12]), Name: r.Name, Run: r.around.Run, Job: r.around.Job,
		Address: r.around.Address, Product: r.Product, Version: r.Version, Commit: r.around.Commit, Branch: r.around.Branch,
		Command: clip(line, 300), Hash: hex.EncodeToString(sum[:8]), Started: r.Now().UTC(), State: pipeline.Running,
	}
	r.key = historyKey(r.Name, r.around.Branch)
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
		r.past, r.green = r.ledger.Past(r.key)
	}
	if r.Server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	m, err := r.Server.Recall(ctx, r.step)
	if err != nil {
		r.problem("the server's history is not to be had: " + err.Error())
		return
	}
	if len(m.Past.Durations) >= len(r.past.Durations) {
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
	if r.Server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := r.Server.Report(ctx, r.step, m); err != nil {
		r.problem("the step did not reach the server: " + err.Error())
	}
}

func (r *run) problem(text string) {
	for _, p := range r.out.Problems {
		if p == text {
			return
		}
	}
	r.out.Problems = append(r.out.Problems, text)
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
	r.record.copies = &masked{to: f, mask: r.mask}
	return f, nil
}

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
	if dir = getenv("POSTFLIGHT_GUARD_DIR"); dir != "" {
		return dir
	}
	return s.Root + "/.postflight/guard"
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

// JSON is the step as text, for -json.
func JSON(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }
