package config

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

const (
	schemaFile    = "../../schema/postflight.schema.json"
	referenceFile = "../../docs/configuration.md"
)

// generateSchema builds the JSON Schema from the struct tags. It lives in the
// test, so that the server carries neither the generator nor its modules.
func generateSchema() ([]byte, error) {
	r := jsonschema.Reflector{
		Anonymous: true, FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case durationType:
				return &jsonschema.Schema{Type: "string", Pattern: durationPattern}
			case secretType:
				return &jsonschema.Schema{Type: "string", MinLength: ptr(1), MaxLength: ptr(maxString)}
			}
			return nil
		},
	}
	root := r.ReflectFromType(documentType)
	root.Title = "Postflight configuration"
	root.Description = "The file postflight.yaml; unknown keys are refused."
	describe(root, documentType)
	for _, t := range sections() {
		if def := root.Definitions[t.Name()]; def != nil {
			describe(def, t)
		}
	}
	delete(root.Definitions, documentType.Name())
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

func ptr(n uint64) *uint64 { return &n }

// sections returns every section's type once.
func sections() []reflect.Type {
	var out []reflect.Type
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for _, f := range fieldsOf(t) {
			if inner, ok := section(f.typ); ok && !seen[inner] {
				seen[inner] = true
				out = append(out, inner)
				walk(inner)
			}
		}
	}
	walk(documentType)
	return out
}

// describe adds to a section's schema what its tags say.
func describe(s *jsonschema.Schema, t reflect.Type) {
	groups := map[string][]string{}
	s.Required = nil
	for _, f := range fieldsOf(t) {
		prop, ok := s.Properties.Get(f.name)
		if !ok {
			panic("schema lacks " + t.Name() + "." + f.name)
		}
		f.describe(prop)
		if f.required {
			s.Required = append(s.Required, f.name)
		}
		if f.group != "" {
			groups[f.group] = append(groups[f.group], f.name)
		}
	}
	for _, members := range groups {
		for _, name := range members {
			s.OneOf = append(s.OneOf, &jsonschema.Schema{Required: []string{name}})
		}
	}
}

// describe adds to a key's schema what its tags say.
func (f field) describe(s *jsonschema.Schema) {
	s.Description = f.doc
	if f.means != "" {
		s.Description += " Default: " + f.means + "."
	}
	switch {
	case f.typ == durationType:
		s.Description += " From " + f.between() + "."
		if f.fallback != "" {
			s.Default = f.fallback
		}
	case f.typ.Kind() == reflect.Int:
		s.Minimum, s.Maximum = json.Number(f.min), json.Number(f.max)
		if n, err := strconv.Atoi(f.fallback); err == nil {
			s.Default = n
		}
	case f.typ.Kind() == reflect.Float64:
		s.Minimum, s.Maximum = json.Number(f.min), json.Number(f.max)
		if x, err := strconv.ParseFloat(f.fallback, 64); err == nil {
			s.Default = x
		}
	case f.typ.Kind() == reflect.Bool:
		s.Default = f.fallback == "true"
	case f.texts():
		s.PropertyNames = &jsonschema.Schema{Pattern: namePattern}
		s.MinProperties, s.MaxProperties = ptr(1), ptr(uint64(f.limit(100)))
		if f.typ.Elem() != secretType {
			s.AdditionalProperties = &jsonschema.Schema{Type: "string"}
			f.text(s.AdditionalProperties)
		}
	case f.short != "":
		inner := &jsonschema.Schema{Ref: s.Ref}
		s.Ref, s.OneOf = "", []*jsonschema.Schema{inner, {Type: "string", MinLength: ptr(1), MaxLength: ptr(maxString)}}
	case f.typ.Kind() == reflect.Map:
		s.PropertyNames = &jsonschema.Schema{Pattern: idPattern}
		s.MinProperties, s.MaxProperties = ptr(1), ptr(uint64(f.limit(1000)))
	case f.typ.Kind() == reflect.Slice:
		s.MinItems, s.MaxItems = ptr(1), ptr(uint64(f.limit(100)))
		if f.typ.Elem().Kind() == reflect.String {
			f.text(s.Items)
		}
	case f.typ.Kind() == reflect.String:
		f.text(s)
	}
	if f.fallback != "" && s.Default == nil {
		s.Default = f.fallback
	}
	if f.example != "" && f.typ.Kind() == reflect.String {
		s.Examples = []any{f.example}
	}
}

func (f field) text(s *jsonschema.Schema) {
	s.MaxLength = ptr(maxString)
	if !f.empty {
		s.MinLength = ptr(1)
	}
	s.Pattern = formats[f.format].pattern
	for _, e := range f.enum {
		s.Enum = append(s.Enum, e)
	}
}

func TestSchemaIsUpToDate(t *testing.T) {
	t.Parallel()
	got, err := generateSchema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, schemaFile, string(got))
}

// golden compares a generated file with the committed one, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s is out of date; run go generate ./internal/config (-generated +committed):\n%s", file, diff)
	}
}

// schemaKeys returns every key that the committed schema documents, as
// "products.*.journeys[].file".
func schemaKeys(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	type node struct {
		Ref                  string           `json:"$ref"`
		Properties           map[string]*node `json:"properties"`
		AdditionalProperties json.RawMessage  `json:"additionalProperties"`
		Items                *node            `json:"items"`
		OneOf                []*node          `json:"oneOf"`
		Defs                 map[string]*node `json:"$defs"`
	}
	var root node
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var walk func(n *node, key string)
	walk = func(n *node, key string) {
		if n.Ref != "" {
			def := root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
			if def == nil {
				t.Fatalf("%s refers to %s, which the schema lacks", key, n.Ref)
			}
			walk(def, key)
		}
		for _, one := range n.OneOf {
			walk(one, key)
		}
		if n.Items != nil {
			walk(n.Items, key+"[]")
		}
		closed := false
		if len(n.AdditionalProperties) > 0 && json.Unmarshal(n.AdditionalProperties, &closed) != nil {
			var inner node
			if err := json.Unmarshal(n.AdditionalProperties, &inner); err != nil {
				t.Fatal(err)
			}
			walk(&inner, key+".*")
		}
		if len(n.Properties) > 0 && (closed || string(n.AdditionalProperties) != "false") {
			t.Errorf("the schema accepts unknown keys in %q", key)
		}
		for name, inner := range n.Properties {
			keys[join(key, name)] = true
			walk(inner, join(key, name))
		}
	}
	walk(&root, "")
	if len(keys) < 60 {
		t.Errorf("the schema documents only %d keys", len(keys))
	}
	return keys
}

// generateReference writes docs/configuration.md from the struct tags.
func generateReference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	referenceSection(&b, "", "The file", documentType)
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for _, f := range fieldsOf(t) {
			if inner, ok := section(f.typ); ok {
				here := join(path, f.name) + f.element()
				referenceSection(&b, f.doc, "`"+here+"`", inner)
				walk(inner, here)
			}
		}
	}
	walk(documentType, "")
	b.WriteString("\n## Environment variables\n\nThey override the file; an empty one counts as unset. Relative paths in them start at the working directory. Another variable that starts with `POSTFLIGHT_` raises a warning.\n\n| variable | key |\n|---|---|\n")
	for _, f := range fieldsOf(reflect.TypeFor[Server]()) {
		if f.env != "" {
			fmt.Fprintf(&b, "| `%s` | `server.%s` |\n", f.env, f.name)
		}
	}
	fmt.Fprintf(&b, "\n## A configuration to start from\n\n`postflight config init` writes this:\n\n```yaml\n%s```\n", Sample())
	return b.String()
}

const referenceHead = `# Configuration

<!-- Generated from internal/config by "go generate ./internal/config"; do not edit. -->

Postflight reads one file, ` + "`postflight.yaml`" + `, once, when it starts. ` + "`postflight config check`" + ` says everything that is wrong with it, and ` + "`schema/postflight.schema.json`" + ` lets an editor say it while you type.

- An unknown key, a wrong type and a check that can never fail are errors; the server does not start.
- Relative paths start at the directory of the file.
- A duration is a number with its unit, such as ` + "`500ms`, `30s`, `5m`, `1h30m`" + `, or whole days such as ` + "`30d`" + `.
- A secret is a reference: ` + "`${NAME}`" + ` of an environment variable, or ` + "`file:/path`" + ` of a file. It must be the whole value. A secret in clear works, with a warning. Secrets are never printed.
- Names of products, integrations and channels are ids: lower-case letters, digits, ` + "`-` and `_`" + `.
- The file is UTF-8, at most 1 MiB and one YAML document. Aliases are followed; merge keys (` + "`<<`" + `) and type tags are refused.
`

func referenceSection(b *strings.Builder, doc, title string, t reflect.Type) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	if doc != "" {
		fmt.Fprintf(b, "%s\n\n", doc)
	}
	groups := map[string][]string{}
	var order []string
	for _, f := range fieldsOf(t) {
		if f.group != "" {
			if groups[f.group] == nil {
				order = append(order, f.group)
			}
			groups[f.group] = append(groups[f.group], "`"+f.name+"`")
		}
	}
	for _, g := range order {
		fmt.Fprintf(b, "Exactly one of %s is needed.\n\n", strings.Join(groups[g], ", "))
	}
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, f := range fieldsOf(t) {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, cell(f.reference()), f.absence(), cell(f.doc+f.sample()))
	}
}

// reference names the field's type and range.
func (f field) reference() string {
	switch {
	case len(f.enum) > 0:
		return strings.Join(f.enum, ", ")
	case f.typ == durationType || f.typ.Kind() == reflect.Int || f.typ.Kind() == reflect.Float64:
		return f.kind() + ", " + f.between()
	case f.max != "":
		return f.kind() + ", at most " + f.max
	}
	return f.kind()
}

// absence says what it means when the key is not there.
func (f field) absence() string {
	_, isSection := section(f.typ)
	switch {
	case f.required:
		return "**required**"
	case f.fallback != "":
		return "`" + f.fallback + "`"
	case f.means != "":
		return cell(f.means)
	case f.typ.Kind() == reflect.Struct && isSection:
		return "its defaults"
	default:
		return "none"
	}
}

func (f field) sample() string {
	if f.example == "" {
		return ""
	}
	return " Example: `" + f.example + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func TestReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	golden(t, referenceFile, generateReference())
}
