package npm

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// plain turns a node into what an unmarshaller of text makes of it.
func plain(n *node) any {
	switch {
	case n == nil:
		return nil
	case n.kind == mapping:
		out := map[string]any{}
		for i, k := range n.keys {
			out[k] = plain(n.kids[i])
		}
		return out
	case n.kind == sequence:
		out := []any{}
		for _, k := range n.kids {
			out = append(out, plain(k))
		}
		return out
	}
	return n.val
}

func TestYAML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want any
	}{
		"nothing":      {"", nil},
		"mapping":      {"a: 1\n'b c': \"d\\n\\u0041\"\n", map[string]any{"a": "1", "b c": "d\nA"}},
		"nested":       {"a:\n  b:\n    c: d\n  e: f\n", map[string]any{"a": map[string]any{"b": map[string]any{"c": "d"}, "e": "f"}}},
		"flow":         {"a: {x: 'y', z: [1, 2, {q: r}]}\nb: {}\nc: []\n", map[string]any{"a": map[string]any{"x": "y", "z": []any{"1", "2", map[string]any{"q": "r"}}}, "b": map[string]any{}, "c": []any{}}},
		"flow lines":   {"a: [\n  x,\n  # said\n  'y',\n]\n", map[string]any{"a": []any{"x", "y"}}},
		"json":         {`{"a":"b","c":{"d":["e"]}}`, map[string]any{"a": "b", "c": map[string]any{"d": []any{"e"}}}},
		"sequence":     {"a:\n- b\n- c: d\n  e: f\ng: h\n", map[string]any{"a": []any{"b", map[string]any{"c": "d", "e": "f"}}, "g": "h"}},
		"in sequence":  {"- - a\n  - b\n- c\n", []any{[]any{"a", "b"}, "c"}},
		"long key":     {"? a@1(b@2)\n: c: d\n? e\n: f\n? g\n:\n  h: i\n", map[string]any{"a@1(b@2)": map[string]any{"c": "d"}, "e": "f", "g": map[string]any{"h": "i"}}},
		"folded":       {"a: >-\n  one\n  two\nb: |\n  x\n  y\n", map[string]any{"a": "one two", "b": "x\ny"}},
		"plain lines":  {"a: one\n  two\nb: c\n", map[string]any{"a": "one two", "b": "c"}},
		"quoted lines": {"a: 'one\n  two'\nb: c\n", map[string]any{"a": "one two", "b": "c"}},
		"comment":      {"# x\na: b # c\n  # d\ne: 'f # g'\n", map[string]any{"a": "b", "e": "f # g"}},
		"colons":       {"a: npm:b@^1\nc@npm:^2: d\n", map[string]any{"a": "npm:b@^1", "c@npm:^2": "d"}},
		"alias":        {"a: &x\n  b: c\nd: *x\ne:\n  <<: *x\n  f: g\n", map[string]any{"a": map[string]any{"b": "c"}, "d": map[string]any{"b": "c"}, "e": map[string]any{"b": "c", "f": "g"}}},
		"null":         {"a:\nb: ~\nc: null\n", map[string]any{"a": "", "b": "", "c": ""}},
		"windows":      {"\ufeffa:\r\n  b: c\r\n", map[string]any{"a": map[string]any{"b": "c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docs, err := parseYAML([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got any
			if len(docs) > 0 {
				got = plain(docs[0])
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever cannot be understood is an error: half a lockfile would be silence.
func TestYAMLRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"conflict":  "a: b\n<<<<<<< HEAD\nc: d\n=======\nc: e\n>>>>>>> x\n",
		"indent":    "a: b\n    c: d\n",
		"open":      "a: {b: c\n",
		"quote":     "a: 'b\n",
		"tag":       "a: !!binary x\n",
		"no alias":  "a: *b\n",
		"depth":     strings.Repeat("[", 1000),
		"items":     strings.Repeat("- ", 1000) + "a\n",
		"binary":    "a: \xff\n",
		"junk":      "a: b\njunk\n",
		"behind":    "a: 'b' c\n",
		"behind it": "a: [b] c\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if docs, err := parseYAML([]byte(text)); err == nil {
				t.Errorf("it reads %v", plain(docs[0]))
			}
		})
	}
}

// A bomb of aliases costs no more than its text.
func TestYAMLBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "a%[1]d: &a%[1]d\n  - *a%[2]d\n  - *a%[2]d\n", i, i-1)
	}
	docs, err := parseYAML([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if text := canonical(docs[0]); len(text) > 2*maxCanonical {
		t.Errorf("written out it has %d bytes", len(text))
	}
}

// What we read of real files is what another reader makes of them.
func TestYAMLLikeOthers(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"pnpm-lock.yaml", "berry.lock"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			docs, err := parseYAML(data)
			if err != nil {
				t.Fatal(err)
			}
			var other any
			if err := yaml.Unmarshal(data, &other); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(texted(plain(docs[0])), texted(other)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// texted writes every scalar as text.
func texted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = texted(x)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, texted(x))
		}
		return out
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func FuzzYAML(f *testing.F) {
	for _, seed := range []string{"a: b\n- c", "? a\n: b", "a: &x {b: *x}", "- - - a: |\n  x", "a: 'b\n  c'", "{a: [b, {c: d}]}", "---\na: 1\n---\nb: 2\n", pnpm9} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := parseYAML([]byte(text))
		if err == nil {
			for _, d := range docs {
				canonical(d)
			}
		}
		_, _ = pnpmLock("pnpm-lock.yaml", "", []byte(text))
		_, _ = berryLock("yarn.lock", "", []byte(text), nil)
		_, _ = yarnLock("yarn.lock", []byte(text), nil, nil)
		_, _ = npmLock("package-lock.json", "", []byte(text))
		_, _ = bunLock("bun.lock", "", []byte(text))
	})
}
