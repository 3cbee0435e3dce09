package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
)

// helperDSN makes the test binary a process that writes until it is killed.
const helperDSN = "POSTFLIGHT_STORE_TEST_DSN"

// helper commits one numbered decision after another and says each number
// only after its commit.
func helper(dsn string) int {
	ctx := context.Background()
	s, err := Open(ctx, Options{DSN: dsn})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for {
		var n int
		err := s.Write(ctx, func(tx *Tx) error {
			value, _, err := tx.Setting(ctx, "n")
			if err != nil {
				return err
			}
			n, _ = strconv.Atoi(value)
			n++
			plan := action.Plan{
				Events:  []journal.Event{journal.New("test.n", at(n), n)},
				Due:     []journal.Due{{Key: key(n), At: at(n), Event: journal.New("test.due", at(n), n)}},
				Actions: []action.Action{do(n)},
			}
			if err := tx.Apply(ctx, plan, at(n)); err != nil {
				return err
			}
			return tx.PutSetting(ctx, "n", strconv.Itoa(n))
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(n)
	}
}

func TestKilledProcessLosesNothingItCommitted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		rounds := 8
		if testing.Short() {
			rounds = 2
		}
		for range rounds {
			said := killWriter(t, dsn, rand.IntN(40)+1)
			s, err := Open(t.Context(), Options{DSN: dsn})
			if err != nil {
				t.Fatalf("open after the kill: %v", err)
			}
			value := ask(t, s, func(ctx context.Context, tx *Tx) (string, error) {
				v, _, err := tx.Setting(ctx, "n")
				return v, err
			})
			n, _ := strconv.Atoi(value)
			if n < said {
				t.Errorf("%d was committed and said, but only %d are there", said, n)
			}
			events := kinds(t, s)
			actions := ask(t, s, func(ctx context.Context, tx *Tx) ([]action.Action, error) { return tx.Actions(ctx, ActionFilter{}) })
			due := ask(t, s, func(ctx context.Context, tx *Tx) ([]string, error) {
				return tx.names(ctx, "SELECT key FROM due_events")
			})
			same(t, "events, actions, due", []int{len(events), len(actions), len(due)}, []int{n, n, n})
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// killWriter runs the helper, kills it some time after it has said count
// numbers, and returns the last number it said.
func killWriter(t *testing.T, dsn string, count int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperDSN+"="+dsn)
	var problem strings.Builder
	cmd.Stderr = &problem
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := 0
	lines := bufio.NewScanner(out)
	for i := 0; lines.Scan(); i++ {
		if i == count {
			_ = cmd.Process.Kill()
		}
		// A line that the kill cut short is no number said; a whole number
		// cut short would be a smaller one, which asks for less.
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			last = n
		}
	}
	_ = cmd.Wait()
	if last == 0 {
		t.Fatalf("the writer said nothing: %s", problem.String())
	}
	return last
}
