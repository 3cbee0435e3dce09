package archtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestLawsCanFail builds a small house for every law: one that keeps it, and
// some that break it.
func TestLawsCanFail(t *testing.T) {
	t.Parallel()
	for _, c := range fixtures() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{"README.md": {Data: []byte("# x\n")}}
			for path, text := range c.files {
				fsys[path] = &fstest.MapFile{Data: []byte(text)}
			}
			h, err := load(fsys, "m")
			if err != nil {
				t.Fatal(err)
			}
			rooms := map[string]room{}
			for _, p := range h.packs {
				rooms[p.path] = plan()[p.path]
			}
			for path, r := range c.plan {
				rooms[path] = r
			}
			var got []string
			for _, b := range laws()[c.law](h, rooms) {
				got = append(got, b.key())
			}
			if got, want := strings.Join(got, "; "), c.want; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// fixture is a small house and what one law says of it.
type fixture struct {
	name, law string
	files     map[string]string
	plan      map[string]room // beside the real one
	want      string
}

func fixtures() []fixture {
	return append(importFixtures(), styleFixtures()...)
}

// source is a package that imports paths and declares what body says.
func source(imports string, body ...string) string {
	text := "package p\n"
	for _, path := range strings.Fields(imports) {
		text += fmt.Sprintf("import %q\n", path)
	}
	return text + strings.Join(body, "\n") + "\n"
}

func importFixtures() []fixture {
	const up = "internal/watch -> internal/verdict"
	return []fixture{
		{"down is allowed", "floors", map[string]string{
			"internal/fault/a.go": source("fmt"), "internal/watch/a.go": source("m/internal/fault"),
		}, nil, ""},
		{"up is not", "floors", map[string]string{
			"internal/verdict/a.go": source(""), "internal/watch/a.go": source("m/internal/verdict"),
		}, nil, "floor " + up},
		{"nor on one platform", "floors", map[string]string{
			"internal/verdict/a.go": source(""), "internal/watch/a_darwin.go": source("m/internal/verdict"),
		}, nil, "floor " + up},
		{"nor sideways", "floors", map[string]string{
			"internal/rollback/a.go": source(""), "internal/page/a.go": source("m/internal/rollback"),
		}, nil, "floor internal/page -> internal/rollback"},
		{"tests may look up", "floors", map[string]string{
			"internal/verdict/a.go": source(""), "internal/watch/a_test.go": source("m/internal/verdict"),
		}, nil, ""},
		{
			"every package has a floor", "floors",
			map[string]string{"internal/cellar/a.go": source("")},
			map[string]room{"internal/attic": {1, base}},
			"floor internal/attic",
		},
		{"a door does not open another", "doors", map[string]string{
			"internal/store/a.go": source("m/internal/blob"), "internal/blob/a.go": source(""),
		}, nil, "door internal/store -> internal/blob"},
		{"but through its doorways", "doors", map[string]string{
			"internal/player/a.go": source("m/internal/journey m/internal/browser"), "internal/journey/a.go": source("m/internal/browser"), "internal/browser/a.go": source(""),
		}, nil, ""},
		{"and no other", "doors", map[string]string{"internal/player/a.go": source("m/internal/blob"), "internal/blob/a.go": source("")}, nil, "door internal/player -> internal/blob"},
		{"and not back", "doors", map[string]string{
			"internal/browser/a.go": source("m/internal/journey"), "internal/journey/a.go": source(""),
		}, nil, "door internal/browser -> internal/journey"},
		{"no stage uses a door", "doors", map[string]string{
			"internal/drill/a.go": source("m/internal/blob"), "internal/blob/a.go": source(""),
		}, nil, "door internal/drill -> internal/blob"},
		{"nor test support", "doors", map[string]string{
			"internal/notify/a.go": source("m/internal/slacktest"), "internal/slacktest/a.go": source(""),
		}, nil, "door internal/notify -> internal/slacktest"},
		{"the configuration stays above", "readers", map[string]string{
			"internal/web/a.go": source("m/internal/config"), "internal/app/a.go": source("m/internal/config"), "internal/config/a.go": source(""),
		}, nil, "config internal/web"},
		{"what all import needs nothing", "popular", map[string]string{
			"internal/fault/a.go": source("example.com/x"), "internal/page/a.go": source("m/internal/fault"),
			"internal/watch/a.go": source("m/internal/fault"), "internal/drill/a.go": source("fmt"),
		}, nil, "popular internal/fault"},
		{"and then may be popular", "popular", map[string]string{
			"internal/fault/a.go": source("errors fmt"), "internal/page/a.go": source("m/internal/fault"),
			"internal/watch/a.go": source("m/internal/fault"), "internal/drill/a.go": source("fmt"),
		}, nil, ""},
		{"too many imports", "density", map[string]string{
			"internal/fault/a.go": source(""), "internal/page/a.go": source("m/internal/fault m/internal/watch m/internal/drill"),
			"internal/watch/a.go": source("m/internal/fault m/internal/drill"), "internal/drill/a.go": source("m/internal/fault"),
			"internal/sign/a.go": source(""),
		}, nil, "density module"},
		{"a stage is pure", "pure", map[string]string{
			"internal/page/a.go": source("context net/url strings time", "func f(at time.Time) time.Time { return at.Add(time.Second) }"),
		}, nil, ""},
		{"no clock", "pure", map[string]string{
			"internal/page/a.go": source("time", "func f() time.Time { return time.Now() }"),
		}, nil, "pure internal/page time.Now"},
		{"not even by another name", "pure", map[string]string{
			"internal/page/a.go": "package p\nimport clock \"time\"\nvar f = clock.Since\n",
		}, nil, "pure internal/page time.Since"},
		{"no world", "pure", map[string]string{
			"internal/page/a.go": source("os/exec net/http log/slog database/sql example.com/x crypto/rand"),
		}, nil, "pure internal/page -> crypto/rand; pure internal/page -> database/sql; pure internal/page -> example.com/x; " +
			"pure internal/page -> log/slog; pure internal/page -> net/http; pure internal/page -> os/exec"},
		{"doors may", "pure", map[string]string{"internal/notify/a.go": source("os net/http example.com/x")}, nil, ""},
		{"no goroutine", "starts", map[string]string{
			"internal/page/a.go": source("", "func f() { go f() }"), "internal/cli/a.go": source("", "func f() { go f() }"),
			"internal/app/a.go": source("", "func f() { go f() }"),
		}, nil, "go internal/cli; go internal/page"},
		{"a store is asserted", "asserts", map[string]string{
			"internal/page/a.go": source("", "type Store interface{ Put() }"), "internal/watch/a.go": source("", "type Store interface{ Put() }"),
			"internal/store/a.go": source("m/internal/page m/internal/watch", "var _ watch.Store = (*Tx)(nil)", "type Tx struct{}"),
		}, nil, "store internal/page"},
	}
}

func styleFixtures() []fixture {
	const generated = "// Code generated by x. DO NOT EDIT.\n\n"
	long := strings.Repeat("\n", 501)
	return []fixture{
		{"long file", "sizes", map[string]string{
			"internal/page/a.go": source("", long), "internal/page/b.go": generated + source("", long),
		}, nil, "size internal/page/a.go"},
		{"long function", "sizes", map[string]string{
			"internal/page/a.go": source("", "func f() {", strings.Repeat("f()\n", 79), "}"),
			"internal/page/b.go": source("", "func g() {\n"+strings.Repeat("f()\n", 78)+"}"),
		}, nil, "size internal/page/a.go f"},
		{"long main", "sizes", map[string]string{
			"cmd/postflight/main.go": "package main\nfunc main() {\n" + strings.Repeat("f()\n", 20) + "}\n",
		}, nil, "size cmd/postflight/main.go main"},
		{"many parameters", "sizes", map[string]string{
			"internal/page/a.go": source("context", "func f(a, b, c int, d, e, f string) {}",
				"func g(ctx context.Context, a, b, c int, d, e string) {}"),
		}, nil, "size internal/page/a.go f"},
		{"wide interface", "sizes", map[string]string{
			"internal/page/a.go": source("", "type A interface{ B; C; D; a(); b(); c(); d(); e() }", "type F interface{ a(); b(); c(); d(); e(); f() }"),
		}, nil, "size internal/page/a.go F"},
		{"big room", "share", shares(), nil, "share internal/web"},
		{"constant vars", "state", map[string]string{
			"internal/page/a.go": source("errors regexp embed", `var errX = errors.New("x")`, "var p = regexp.MustCompile(`a`)",
				`var table = map[string]int{"a": 1}`, "//go:embed a.txt\nvar text string", "var _ error = (*E)(nil)"),
			"cmd/postflight/main.go": "package main\nvar version = f()\n",
		}, nil, ""},
		{"state", "state", map[string]string{
			"internal/page/a.go": source("errors sync", `var errX = errors.New("x")`, "func f() { errX = nil }", "var mu sync.Mutex",
				`var table = map[string]int{}`, `func g() { table["a"]++ }`, `var Table = []int{1}`, "var made = g()"),
		}, nil, "state internal/page/a.go errX; state internal/page/a.go mu; state internal/page/a.go table; state internal/page/a.go Table; state internal/page/a.go made"},
		{"init", "state", map[string]string{
			"internal/page/a.go": source("", "func init() {}", "type T int", "func (T) init() {}"),
		}, nil, "state internal/page/a.go init"},
		{"sleep", "sleeps", map[string]string{
			"internal/page/a_test.go": source("time", "func f() { time.Sleep(1) }"),
			"internal/page/b_test.go": source("time testing/synctest", "func f() { synctest.Test(nil, func() { time.Sleep(1) }) }"),
		}, nil, "sleep internal/page/a_test.go"},
		{"words", "words", map[string]string{
			"internal/page/a.go":  "// Package page is\n// three lines\n// long.\n" + source(""),
			"internal/util/a.go":  "// Package util is\n// three lines\n// long.\n" + source(""),
			"internal/watch/a.go": "// Package watch is.\n" + source(""),
			"internal/drill/a.go": source(""),
		}, nil, "words internal/drill; words internal/util; words internal/watch"},
		{"long readme", "words", map[string]string{"README.md": strings.Repeat("\n", 151)}, nil, "words README.md"},
	}
}

// shares is a house of ten rooms of which one holds too much.
func shares() map[string]string {
	files := map[string]string{"internal/web/a.go": source("", strings.Repeat("\n", 30))}
	for i := range 9 {
		files[fmt.Sprintf("internal/r%d/a.go", i)] = source("", strings.Repeat("\n", 15))
	}
	return files
}
