package verdict_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

var update = flag.Bool("update", false, "rewrite the stories' wanted verdicts")

var start = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// TestStories judges every story in testdata. A story has a setting (key
// value lines), what was seen (one signal a line) and the wanted verdict.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("found %d stories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range story.Files {
				parts[f.Name] = string(f.Data)
			}
			got := tell(verdict.Judge(setting(t, parts["setting"], seen(t, parts["seen"]))))
			if *update {
				for i := range story.Files {
					if story.Files[i].Name == "want" {
						story.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(file, txtar.Format(story), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(parts["want"], got); diff != "" && !*update {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

// setting builds the input of a story.
func setting(t *testing.T, text string, signals []signal.Signal) verdict.Input {
	t.Helper()
	in := verdict.Input{
		Product: product.Product{
			ID: "shop", Name: "Shop", URL: "http://shop.test", PreviousURL: "http://{version}.shop.test",
			Journeys: []product.Journey{{ID: "book"}}, Pages: []string{"/"},
			Integrations: []product.Integration{{ID: "payments", Name: "Payments", Hosts: []string{"pay.test"}, Probe: product.Probe{URL: "http://pay.test/health"}}},
			Watch:        product.Window{For: time.Minute, Every: 5 * time.Second, Settle: 10 * time.Second},
		},
		Release: release.Release{ID: "shop-2", Product: "shop", Version: "v2", Commit: "abcdef0123456789", Source: release.Announced},
		Compare: release.Release{ID: "shop-1", Version: "v1", Judgement: release.Good},
		Watch: watch.Watch{
			ID: "w-shop-2", Kind: watch.KindRelease, Product: "shop", Release: "shop-2", Version: "v2",
			Previous: "shop-1", Against: "v1", State: watch.Open, Opened: start, Until: start.Add(time.Minute),
		},
		Signals: signals, Now: start.Add(30 * time.Second),
	}
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch k {
		case "":
		case "config":
			in.Release.Config = append(in.Release.Config, v)
		case "kind":
			in.Watch.Kind = watch.Kind(v)
			if in.Watch.Kind != watch.KindRelease {
				in.Watch.Against, in.Watch.Previous = "", ""
			}
			if in.Watch.Kind == watch.KindStanding {
				in.Watch.Version, in.Release = "", release.Release{}
			}
		case "state":
			in.Watch.State = watch.State(v)
		case "boot":
			in.Product.Boot.Expected = true
		case "no-pages":
			in.Product.Pages = nil
		case "flakes": // runs, flakes at step 3
			var runs, flakes int
			_, _ = fmt.Sscan(v, &runs, &flakes)
			in.Watch.Flakes = map[string]flake.Record{"book": flake.Record{}.
				Saw(runs-flakes, 0, "", start).Saw(flakes, flakes, flake.Key(3, "Book"), start)}
		case "quarantine": // days it still lasts, owner, reason
			var days int
			f := strings.SplitN(v, " ", 3)
			_, _ = fmt.Sscan(f[0], &days)
			in.Product.Journeys[0].Quarantine = &product.Quarantine{
				Until: start.Truncate(24*time.Hour).AddDate(0, 0, days), Owner: f[1], Reason: f[2],
			}
		case "no-previous-url":
			in.Product.PreviousURL = ""
		case "compare":
			in.Compare.Judgement = release.Judgement(v)
		case "no-compare":
			in.Watch.Against, in.Watch.Previous, in.Compare = "", "", release.Release{}
		case "round":
			_, _ = fmt.Sscan(v, &in.Watch.Round)
		case "prior": // state, then what was failing
			f := strings.Fields(v)
			in.Prior = verdict.State(f[0])
			in.PriorWas = verdict.Verdict{State: in.Prior, Summary: "as before", Failing: f[1:]}
		case "standing":
			in.Standing = verdict.Verdict{State: verdict.State(v), Since: start.Add(-time.Hour)}
		case "source":
			in.Release.Source = release.Source(v)
		case "now":
			d, err := time.ParseDuration(v)
			if err != nil {
				t.Fatal(err)
			}
			in.Now = start.Add(d)
		default:
			t.Fatalf("unknown setting %q", k)
		}
	}
	return in
}

// seen reads signals: "500ms journey book new fail served=v2 class=exception
// status=502 url=http://… token=a synthetic : summary".
func seen(t *testing.T, text string) []signal.Signal {
	t.Helper()
	var out []signal.Signal
	scan := bufio.NewScanner(strings.NewReader(text))
	for n := 1; scan.Scan(); n++ {
		line, summary, _ := strings.Cut(scan.Text(), " : ")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		at, err := time.ParseDuration(f[0])
		if err != nil || len(f) < 5 {
			t.Fatalf("line %d: %q: %v", n, line, err)
		}
		s := signal.Signal{
			ID: signal.ID(fmt.Sprintf("s%d", n)), At: start.Add(at), Product: "shop", Watch: "w-shop-2",
			Kind: signal.Kind(f[1]), Name: f[2], Side: signal.Side(strings.Trim(f[3], "-")), Outcome: signal.Outcome(f[4]),
			Summary: summary, Expected: map[string]string{"new": "v2", "old": "v1"}[f[3]],
		}
		s.Served = s.Expected
		if s.Kind == signal.OldAsset {
			s.Name = "previous assets"
		}
		if s.Outcome == signal.Fail {
			s.Failure = &signal.Failure{Class: "assertion", Message: summary}
		}
		for _, kv := range f[5:] {
			fill(t, &s, kv)
		}
		out = append(out, s)
	}
	return out
}

func fill(t *testing.T, s *signal.Signal, kv string) {
	t.Helper()
	k, v, _ := strings.Cut(kv, "=")
	boot := func() *signal.BootReport {
		if s.BootInfo == nil {
			s.BootInfo = &signal.BootReport{}
		}
		return s.BootInfo
	}
	switch k {
	case "served":
		s.Served = v
	case "class":
		s.Failure.Class = v
	case "url":
		s.Failure.URL = v
	case "status":
		_, _ = fmt.Sscan(v, &s.Failure.Status)
	case "round":
		_, _ = fmt.Sscan(v, &s.Round)
	case "step":
		_, _ = fmt.Sscan(v, &s.Failure.Step)
		s.Failure.Title = "Book"
	case "quarantined":
		s.Quarantined = true
	case "looks":
		_, _ = fmt.Sscan(v, &s.Looks)
	case "token":
		boot().Token = v
	case "client":
		boot().Client = v
	case "synthetic":
		boot().Synthetic = true
	case "shot":
		s.Evidence = append(s.Evidence, signal.Evidence{Kind: "screenshot", Blob: v})
	default:
		t.Fatalf("unknown field %q", kv)
	}
}

// tell prints a verdict as the stories want it.
func tell(v verdict.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", v.State, v.Summary)
	if v.Rollback {
		b.WriteString("rollback advised\n")
	}
	if v.Integration != "" {
		fmt.Fprintf(&b, "integration %s\n", v.Integration)
	}
	for _, r := range v.Reasons {
		side := "against"
		if r.For {
			side = "for"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", side, r.Rule, r.Text)
	}
	for _, s := range v.Suspects {
		fmt.Fprintf(&b, "suspect %s %s (for %d, against %d)\n", s.Kind, s.Name, len(s.For), len(s.Against))
	}
	for _, what := range v.Blind {
		fmt.Fprintf(&b, "blind %s\n", what)
	}
	for _, u := range v.Unseen {
		fmt.Fprintf(&b, "unseen %s\n", u)
	}
	return b.String()
}
