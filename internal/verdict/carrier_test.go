package verdict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/verdict"
)

// A product that fails within a window after another one's release shipped it
// names that release; before it, or long after, it does not. Nothing is rolled
// back for it.
func TestCarrierIsSuspected(t *testing.T) {
	t.Parallel()
	looks := rounds(12, func(i int) bool { return i >= 2 })
	for i := range looks {
		looks[i].Expected = ""
	}
	for name, c := range map[string]struct {
		at   time.Duration
		want bool
	}{
		"just before": {time.Second, true}, "after the first failure": {5 * time.Second, false}, "long before": {-2 * time.Minute, false},
	} {
		in := setting(t, "kind standing", looks)
		in.Watch.Shipped = &scope.Shipment{From: "admin", Version: "v4", Chain: "ui.ts → @acme/ui → shop", At: start.Add(c.at)}
		v := verdict.Judge(in)
		named := strings.Contains(v.Summary, "since a release of another product shipped it too")
		if v.State != verdict.BrokenEnvironment || v.Rollback || named != c.want {
			t.Errorf("%s: %s %q", name, v.State, v.Summary)
		}
		if c.want && (len(v.Suspects) != 1 || v.Suspects[0].Name != "v4 of admin" || v.Suspects[0].Detail != "ui.ts → @acme/ui → shop") {
			t.Errorf("%s: suspects %+v", name, v.Suspects)
		}
	}
}
