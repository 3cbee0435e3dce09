package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	type inner struct{ hidden Secret }
	type holder struct {
		Key    Secret
		Ref    *Secret
		inner  inner
		nested map[string]Secret
	}
	s := NewSecret(value)
	h := holder{Key: s, Ref: &s, inner: inner{hidden: s}, nested: map[string]Secret{"a": s}}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, s, h, &h)
	}
	data, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", s, "holder", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", s, "holder", h)
	out.WriteString(fmt.Errorf("send to %v", s).Error())
	for _, leak := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the secret is printed as %q: %s", leak, out.String())
		}
	}
	if s.Reveal() != value {
		t.Errorf("Reveal() = %q", s.Reveal())
	}
	if got := (Secret{}).String(); got != "" {
		t.Errorf("zero secret prints %q", got)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1h30m": 90 * time.Minute, "500ms": 500 * time.Millisecond,
		"1.5s": 1500 * time.Millisecond, "2d": 48 * time.Hour, "0s": 0,
	} {
		got, ok := parseDuration(text)
		if !ok || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, ok, want)
		}
		if back, ok := parseDuration(formatDuration(got)); !ok || back != got {
			t.Errorf("formatDuration(%v) = %q reads as %v, %v", got, formatDuration(got), back, ok)
		}
	}
	for _, text := range []string{"", "30", "-5s", "+5s", "s", "5 s", "1d12h", "5us", "1e3s", "99999999999h", "999999d", "٣s"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("parseDuration(%q) = %v, want a refusal", text, got)
		}
	}
}

// Every tag must be readable: a default or bound with a slip would silently
// bound nothing.
func TestTagsAreReadable(t *testing.T) {
	t.Parallel()
	for _, section := range append(sections(), documentType) {
		for _, f := range fieldsOf(section) {
			at := section.Name() + "." + f.name
			if f.doc == "" || !strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s: doc %q is not a sentence", at, f.doc)
			}
			if _, ok := formats[f.format]; !ok {
				t.Errorf("%s: format %q is not known", at, f.format)
			}
			switch {
			case f.typ == durationType:
				low, okLow := parseDuration(f.min)
				high, okHigh := parseDuration(f.max)
				if !okLow || !okHigh || low <= 0 || high <= low {
					t.Errorf("%s: bounds %q to %q", at, f.min, f.max)
				}
				if f.fallback == "" && f.means == "" {
					t.Errorf("%s: absence means nothing", at)
				}
			case f.typ.Kind() == reflect.Int:
				if f.min == "" || f.limit(-1) < 0 {
					t.Errorf("%s: bounds %q to %q", at, f.min, f.max)
				}
			}
			if f.fallback != "" {
				src := &source{keys: map[string]place{}, values: map[string]place{}, origins: map[string]string{}}
				d := &decoder{src: src}
				d.text(at, f.fallback, reflect.New(f.typ).Elem(), f)
				if len(d.problems) > 0 {
					t.Errorf("default of %s is refused: %v", at, d.problems)
				}
			}
		}
	}
}

// The sample must load as it is, and with everything uncommented.
func TestSampleLoads(t *testing.T) {
	t.Parallel()
	cfg, warnings, err := parse("postflight.yaml", []byte(Sample()), Options{Environ: []string{"X=1"}})
	if err != nil || len(cfg.Products()) != 1 {
		t.Fatalf("sample: %v", err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "notifies no channel") {
		t.Errorf("warnings of the sample: %v", warnings)
	}
	whole := regexp.MustCompile(`(?m)^( *)# ( *[a-z_]+:.*| *- (?:file|playwright):.*)$`).ReplaceAllString(Sample(), "$1$2")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "journeys"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"checkout.json", "sign-in.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, "journeys", name), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err = parse(filepath.Join(dir, "postflight.yaml"), []byte(whole), Options{Environ: []string{"SLACK_TOKEN=x", "SHOP_TEST_PASSWORD=x"}})
	if err != nil {
		t.Fatalf("uncommented sample: %v\n%s", err, whole)
	}
	p := cfg.Products()[0]
	if len(p.Journeys) != 3 || len(p.Integrations) != 1 || p.PreviousURL == "" || !p.Rollback.Automatic || len(cfg.Channels) != 1 {
		t.Errorf("uncommented sample lost something: %+v", p)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, []byte(strings.Repeat("# filler\n", maxFile/9+1)), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "absent.yaml"): "does not exist",
		dir:                               "not a regular file",
		big:                               "larger than 1024 KiB",
		"/dev/zero":                       "not a regular file",
	} {
		cfg, _, err := Load(path, Options{})
		if cfg != nil || err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("Load(%s) = %v, want %q", path, err, want)
		}
		if fault.HintOf(err) == "" {
			t.Errorf("Load(%s): no hint", path)
		}
	}
}

// Hostile text must be refused without running away; the test would take
// minutes where a bound is missing.
func TestHostileTextIsBounded(t *testing.T) {
	t.Parallel()
	var keys, bomb strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&keys, "k%d: v\n", i)
	}
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	bomb.WriteString("products: {shop: {url: https://a.test, pages: *a11}}\n")
	many := "products:\n  a: &a {url: https://a.test, version: {header: X}, pages: [/]}\n"
	for i := range 190 {
		many += fmt.Sprintf("  p%d: *a\n", i)
	}
	for name, text := range map[string]string{
		"keys":      keys.String(),
		"bomb":      bomb.String(),
		"loop":      "products: &a\n  shop: *a\n",
		"self":      "products: &a *a\n",
		"sequences": strings.Repeat("[", 100_000),
		"mappings":  strings.Repeat("{a: ", 100_000),
		"dashes":    strings.Repeat("- ", 50_000) + "a",
		"questions": strings.Repeat("? ", 50_000) + "a",
		"tags":      "a: " + strings.Repeat("!a ", 50_000),
		"long":      "products: {shop: {url: \"https://a.test/" + strings.Repeat("a", 500_000) + "\"}}",
		"latin":     "products:\n  shop:\n    name: caf\xe9\n",
		"nul":       "products:\x00",
	} {
		_, _, err := parse("postflight.yaml", []byte(text), Options{Environ: []string{"X=1"}})
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if len(err.Error()) > 64<<10 {
			t.Errorf("%s: the error is %d bytes long", name, len(err.Error()))
		}
	}
	if cfg, _, err := parse("postflight.yaml", []byte(many), Options{Environ: []string{"X=1"}}); err != nil || len(cfg.Products()) != 191 {
		t.Errorf("190 aliases are refused: %v", err)
	}
}

// FuzzParse: whatever the text, no panic, a configuration or errors but not
// both, and never a key accepted that the schema does not know.
func FuzzParse(f *testing.F) {
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		Sample(), string(full), "products:\n  a: &a {url: https://a.test}\n  b: *a\n", "{", "a: |\n  b\n---\n", "? a\n: b\n",
		"products: {a: {url: 'https://a.test', version: {json: v, path: /v}, pages: [/]}}", "%YAML 1.2\n---\na: !!int 3\n",
		"server: {store: ${X}, listen: [1]}\nproducts:\n", "\ufeffa:\r\n  b: 1\r\n",
	} {
		f.Add(seed)
	}
	known := map[string]bool{}
	for _, s := range append(sections(), documentType) {
		for _, k := range fieldsOf(s) {
			known[k.name] = true
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 16<<10 {
			t.Skip()
		}
		cfg, warnings, err := parse("testdata/postflight.yaml", []byte(text), Options{Environ: fullEnv})
		for _, w := range warnings {
			_ = w.Warn()
		}
		if (cfg == nil) == (err == nil) {
			t.Fatalf("configuration %v and error %v", cfg != nil, err)
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("an error that says nothing")
			}
			return
		}
		if _, _, err := parse("testdata/postflight.yaml", []byte(text+"\nunknown_key: 1\n"), Options{Environ: fullEnv}); err == nil {
			t.Fatalf("an unknown key was accepted after:\n%s", text)
		}
		for key := range cfg.src.keys {
			name := key[strings.LastIndexByte(key, '.')+1:]
			if g := general(key); !strings.HasSuffix(g, "*") && !strings.HasSuffix(g, "]") && !known[name] {
				t.Fatalf("key %s was accepted", key)
			}
		}
		if again, _, err := parse("testdata/postflight.yaml", []byte(cfg.Effective()), Options{Environ: fullEnv}); err != nil {
			if !strings.Contains(cfg.Effective(), redacted) {
				t.Fatalf("effective configuration is refused: %v\n%s", err, cfg.Effective())
			}
		} else if again.Effective() == "" {
			t.Fatal("effective configuration is empty")
		}
	})
}
