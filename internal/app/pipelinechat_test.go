package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/drill"
)

// TestPipelineReachesTheChat tells a whole server over its API that the next
// release was green against its own evidence, breaks that release, and reads
// it in the chat.
func TestPipelineReachesTheChat(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a whole release in a real browser")
	}
	t.Parallel()
	d := openDemo(t, t.TempDir())
	dial := func(role access.Role) *client.Client {
		secret, err := d.App.Doorkeeper().CreateToken(t.Context(), "ci", role, "test")
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.New(d.App.URL(), secret)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ci := dial(access.Responder)
	products, err := ci.Products(t.Context())
	if err != nil || len(products) == 0 {
		t.Fatalf("products %v, %v", products, err)
	}
	shop := products[0].ID
	step := client.PipelineStep{
		ID: "7/unit", Name: "unit", Run: "7", Version: "v2", Started: time.Now(), DurationMS: 90_000, State: "silent", Command: "npm test",
		Tests:    &client.PipelineTests{Passed: 12, Failed: 2},
		Findings: []client.PipelineFinding{{Rule: "contradiction", Level: "fail", Message: "Jest says 2 of 14 tests failed, and the command exited with 0"}},
	}
	if _, err := dial(access.Viewer).ReportStep(t.Context(), shop, step); !client.IsKind(err, client.Denied) {
		t.Errorf("a viewer may report: %v", err)
	}
	for i, want := range []bool{true, false} {
		if told, err := ci.ReportStep(t.Context(), shop, step); err != nil || told.New != want {
			t.Fatalf("report %d: %+v, %v", i, told, err)
		}
	}
	got := play(t, d, "static-500")
	if got.State != drill.Passed {
		t.Errorf("%s: %s", got.State, strings.Join(got.Findings, "; "))
	}
	said := ""
	for _, m := range d.Chat.Roots() {
		said += m.Text + string(m.Blocks)
	}
	if !strings.Contains(said, "CI was green against its own evidence: unit: Jest says 2 of 14 tests failed") {
		t.Errorf("the chat reads %s", said)
	}
	p, err := ci.Pipeline(t.Context(), shop, "v2")
	if err != nil || p.Standing == nil || p.Standing.State != "unverified" || len(p.Steps) != 1 {
		t.Errorf("pipeline %+v, %v", p, err)
	}
	r, err := ci.Release(t.Context(), p.Standing.Release)
	if err != nil || r.Watch == nil || !strings.Contains(r.Watch.Sensitive, "Jest says") {
		t.Errorf("release %+v, %v", r.Watch, err)
	}
	if bad := d.Chat.Unexpected(); len(bad) > 0 {
		t.Errorf("the chat would have refused: %v", bad)
	}
}
