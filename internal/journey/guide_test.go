package journey

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	guideFile  = "../../docs/journeys.md"
	schemaFile = "../../docs/journey.schema.json"
)

// examples are the YAML blocks of the guide.
func examples(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	if len(out) < 10 {
		t.Fatalf("the guide has %d examples", len(out))
	}
	return out
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document is a YAML text as a schema sees it.
func document(t *testing.T, text string) any {
	t.Helper()
	src, bad := readYAML("t.yaml", []byte(text))
	if len(bad) > 0 {
		t.Fatal(Problems(bad))
	}
	data, err := json.Marshal(jsonValue(src.root))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGuideExamplesLoad(t *testing.T) {
	t.Parallel()
	all, schema := examples(t), compiled(t)
	files := map[string]string{}
	for _, text := range all {
		if name, ok := strings.CutPrefix(strings.SplitN(text, "\n", 2)[0], "# "); ok && strings.HasSuffix(name, ".yaml") {
			files[name] = text
		}
	}
	dir := tree(t, files)
	for i, text := range all {
		if err := schema.Validate(document(t, text)); err != nil {
			t.Errorf("example %d is not as the schema says: %v\n%s", i, err, text)
		}
		if files[strings.TrimPrefix(strings.SplitN(text, "\n", 2)[0], "# ")] != "" {
			continue
		}
		j, err := Load(filepath.Join(dir, "t.yaml"), []byte(text), LoadOptions{Vars: map[string]string{}, SecretNames: []string{"shop_password", "totp", "mail"}})
		if err != nil {
			t.Errorf("example %d: %v\n%s", i, err, text)
			continue
		}
		if err := j.Lint(); err != nil {
			t.Errorf("example %d: %v", i, err)
		}
	}
}

func TestGuideNamesEveryVariable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Builtins() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the guide does not tell %s", name)
		}
	}
	for _, name := range slices.Concat(actionKeys(), locatorKeys(), ops()) {
		if !regexp.MustCompile(`[\s` + "`" + `{,-]` + name + "[`:,\n]").Match(text) {
			t.Errorf("the guide does not tell %s", name)
		}
	}
}

// TestSchemaKnowsTheSameKeys holds the schema against what the loader asks for:
// each action is given a key that is wrong, and the error tells the right ones.
func TestSchemaKnowsTheSameKeys(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Properties map[string]any
		Defs       map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	known := func(text string) []string {
		t.Helper()
		_, err := Load("t.yaml", []byte(text), LoadOptions{Dir: t.TempDir()})
		if err == nil {
			t.Fatalf("loaded: %s", text)
		}
		for line := range strings.Lines(err.Error()) {
			if strings.Contains(line, `unknown key "zzz"`) {
				_, list, _ := strings.Cut(strings.TrimSpace(line), " accepted: ")
				out := strings.Split(list, ", ")
				slices.Sort(out)
				return slices.Compact(out)
			}
		}
		t.Fatalf("no unknown key is told: %s\n%s", err, text)
		return nil
	}
	sorted := func(m map[string]json.RawMessage) []string {
		var out []string
		for k := range m {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	var top []string
	for k := range doc.Properties {
		top = append(top, k)
	}
	slices.Sort(top)
	if diff := cmp.Diff(known("title: t\nzzz: 1\nsteps: [{see: x}]"), top); diff != "" {
		t.Errorf("top level: %s", diff)
	}
	var step struct {
		OneOf []struct{ Properties map[string]json.RawMessage } `json:"oneOf"`
	}
	if err := json.Unmarshal(doc.Defs["step"], &step); err != nil {
		t.Fatal(err)
	}
	all := step.OneOf[len(step.OneOf)-1].Properties
	modifiers := slices.DeleteFunc(sorted(all), func(k string) bool { return slices.Contains(actionKeys(), k) })
	if len(all) != len(modifiers)+len(actionKeys()) {
		t.Errorf("the schema knows other actions: %v", sorted(all))
	}
	if diff := cmp.Diff(known("title: t\nsteps: [{see: x, zzz: 1}]"), slices.Sorted(slices.Values(append(modifiers, "see")))); diff != "" {
		t.Errorf("beside an action: %s", diff)
	}
	for _, action := range actionKeys() {
		if action == "step" || action == "wait" || action == "press" {
			continue // no mapping of ours
		}
		inner := "{zzz: 1, role: button}"
		if slices.Contains([]string{"open", "until", "run", "api", "code", "screenshot", "viewport", "network", "close"}, action) {
			inner = "{zzz: 1}"
		}
		got := known(fmt.Sprintf("title: t\nsteps: [{%s: %s}]", action, inner))
		if diff := cmp.Diff(got, propertiesOf(t, doc.Defs, all[action])); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
	}
}

// propertiesOf are the keys of the mapping that a schema takes.
func propertiesOf(t *testing.T, defs map[string]json.RawMessage, raw json.RawMessage) []string {
	t.Helper()
	var s struct {
		Ref        string                     `json:"$ref"`
		OneOf      []json.RawMessage          `json:"oneOf"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	var out []string
	for k := range s.Properties {
		out = append(out, k)
	}
	if s.Ref != "" {
		out = append(out, propertiesOf(t, defs, defs[strings.TrimPrefix(s.Ref, "#/$defs/")])...)
	}
	for _, one := range s.OneOf {
		out = append(out, propertiesOf(t, defs, one)...)
	}
	slices.Sort(out)
	return out
}

func TestSchemaRefusesSlips(t *testing.T) {
	t.Parallel()
	schema := compiled(t)
	for _, text := range []string{
		"title: t", "title: t\nsteps: []", "title: t\nstep: []\nsteps: [{see: x}]", "steps: [{clik: x}]", "steps: [{see: x, click: y}]",
		"steps: [{click: {rol: button}}]", "steps: [{fill: {label: a}}]", "steps: [{api: {json: {}}}]", "steps: [{see: x, soft: yes please}]",
		"steps: [{code: {save: x}}]", "steps: [{viewport: big}]", "steps: [{network: slow}]", "steps: [{click: {nth: 1}}]",
	} {
		if schema.Validate(document(t, text)) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}
