package cargo

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// memory is a tree in memory.
type memory map[string]string

func (m memory) Files() []string { return slices.Sorted(maps.Keys(m)) }

func (m memory) Read(p string) ([]byte, error) {
	if text, ok := m[p]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

func (m memory) Hash(p string) string {
	if text, ok := m[p]; ok {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return ""
}

func (m memory) with(pairs ...string) memory {
	out := maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// edit replaces text in one file, which must be there.
func (m memory) edit(t *testing.T, p, from, to string) memory {
	t.Helper()
	if !strings.Contains(m[p], from) {
		t.Fatalf("%s has no %q", p, from)
	}
	return m.with(p, strings.Replace(m[p], from, to, 1))
}

func read(t *testing.T, tree workspace.Tree) workspace.Space {
	t.Helper()
	s, err := Read(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unit(t *testing.T, s workspace.Space, id string) workspace.Unit {
	t.Helper()
	for _, u := range s.Units {
		if u.ID == id {
			return u
		}
	}
	t.Fatalf("no unit %s", id)
	return workspace.Unit{}
}

func needs(u workspace.Unit) []string {
	var out []string
	for _, n := range u.Needs {
		out = append(out, n.Unit+" "+string(n.Scope)+" "+n.Via)
	}
	return out
}

// resolved is what a unit takes from outside, its own tables aside.
func resolved(u workspace.Unit) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(u.External)) {
		if strings.Contains(key, "@") {
			out = append(out, key)
		}
	}
	return out
}

const crates = `source = "registry+https://github.com/rust-lang/crates.io-index"`

// depot is a workspace of a program, two libraries and a task runner.
func depot() memory {
	return memory{
		"Cargo.toml": "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/old\"]\nresolver = \"2\"\n" +
			"[workspace.package]\nversion = \"0.1.0\"\nedition = \"2021\"\n" +
			"[workspace.dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nlib = { path = \"crates/lib\" }\n[profile.release]\nlto = true\n",
		"Cargo.lock": "version = 4\n" +
			"[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"lib\", \"log 0.4.1\", \"tempfile\"]\n" +
			"[[package]]\nname = \"lib\"\nversion = \"0.1.0\"\ndependencies = [\"serde\", \"testing\"]\n" +
			"[[package]]\nname = \"testing\"\nversion = \"0.1.0\"\n" +
			"[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\n" + crates + "\nchecksum = \"aa\"\ndependencies = [\"syn\"]\n" +
			"[[package]]\nname = \"syn\"\nversion = \"2.0.0\"\n" + crates + "\nchecksum = \"bb\"\n" +
			"[[package]]\nname = \"log\"\nversion = \"0.4.1\"\n" + crates + "\nchecksum = \"cc\"\n" +
			"[[package]]\nname = \"log\"\nversion = \"0.3.0\"\n" + crates + "\nchecksum = \"dd\"\n" +
			"[[package]]\nname = \"tempfile\"\nversion = \"3.0.0\"\n" + crates + "\nchecksum = \"ee\"\ndependencies = [\"log 0.3.0\"]\n",
		"crates/app/Cargo.toml": "[package]\nname = \"app\"\nversion.workspace = true\nedition.workspace = true\ndescription = \"x\"\n[features]\nfast = []\n" +
			"[dependencies]\nlib.workspace = true\n[target.'cfg(unix)'.dependencies]\nlog = \"0.4\"\n[dev-dependencies]\ntempfile = \"3\"\n",
		"crates/app/src/main.rs":          "const A: &str = include_str!(\"../../../assets/a.txt\");\n#![doc = include_str!(\"../../../README.md\")]\n#[cfg(test)]\nmod checks;\n",
		"crates/app/build.rs":             "fn main() { compile(\"../../proto/a.proto\", \"src\"); }\n",
		"crates/app/src/web.rs":           "include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../assets/b.bin\"));\n",
		"crates/lib/Cargo.toml":           "[package]\nname = \"lib\"\nversion = \"0.1.0\"\n[dependencies]\nserde = { workspace = true, features = [\"rc\"] }\n[dev-dependencies]\ntesting = { path = \"../testing\" }\n",
		"crates/lib/src/lib.rs":           "",
		"crates/testing/Cargo.toml":       "[package]\nname = \"testing\"\nversion = \"0.1.0\"\n",
		"crates/testing/src/lib.rs":       "",
		"crates/old/Cargo.toml":           "[package]\nname = \"old\"\nversion = \"0.1.0\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nserde = \"1\"\n",
		"crates/lib/tests/bad/Cargo.toml": "[package\n",
		"third/x/.cargo-checksum.json":    "{}",
		"third/x/Cargo.toml":              "[package]\nname = \"x\"\n",
		"assets/a.txt":                    "a", "assets/b.bin": "b", "README.md": "x", "proto/a.proto": "p",
		"rust-toolchain.toml": "[toolchain]\n", "crates/app/.cargo/config.toml": "",
	}
}

func TestCrates(t *testing.T) {
	t.Parallel()
	s := read(t, depot())
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	var ids []string
	for _, u := range s.Units {
		ids = append(ids, fmt.Sprint(u.ID, " ", u.Product))
	}
	want := []string{"cargo:crates/app true", "cargo:crates/lib false", "cargo:crates/old true", "cargo:crates/testing false"}
	if diff := cmp.Diff(ids, want); diff != "" {
		t.Error(diff)
	}
	app, lib, old := unit(t, s, "cargo:crates/app"), unit(t, s, "cargo:crates/lib"), unit(t, s, "cargo:crates/old")
	if diff := cmp.Diff(needs(app), []string{"cargo:crates/lib ship dependencies"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(lib), []string{"cargo:crates/testing verify dev-dependencies"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(resolved(app), []string{"log@0.4.1"}); diff != "" {
		t.Error("neither tests' nor the neighbours': " + diff)
	}
	if diff := cmp.Diff(resolved(lib), []string{"serde@1.0.1", "syn@2.0.0"}); diff != "" {
		t.Error(diff)
	}
	if old.External["Cargo.toml dependencies.serde"] == "" {
		t.Error("a crate without a lock has its requirements for a closure:", old.External)
	}
	var inputs []string
	for _, in := range app.Inputs {
		inputs = append(inputs, in.Pattern)
	}
	if diff := cmp.Diff(inputs, []string{"proto/a.proto", "assets/a.txt", "assets/b.bin", "crates/app/.cargo/config.toml"}); diff != "" {
		t.Error(diff)
	}
	if len(s.Global) != 1 || s.Global[0].Pattern != "rust-toolchain.toml" {
		t.Error(s.Global)
	}
	if !slices.ContainsFunc(app.Own, func(in workspace.Input) bool { return in.Pattern == "src/checks.rs" && in.Scope == workspace.Verify }) {
		t.Error("a module that only tests build:", app.Own)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	base := depot()
	members := []string{"cargo:crates/app", "cargo:crates/lib", "cargo:crates/testing"}
	for _, c := range []struct {
		name string
		head memory
		want []string
	}{
		{"nothing", base, nil},
		{"a checksum", base.edit(t, "Cargo.lock", `"bb"`, `"b2"`), []string{"cargo:crates/lib"}},
		{"an edge", base.edit(t, "Cargo.lock", `dependencies = ["syn"]`, `dependencies = ["syn", "log 0.3.0"]`), []string{"cargo:crates/lib"}},
		{"how an edge is written", base.edit(t, "Cargo.lock", `dependencies = ["syn"]`, `dependencies = ["syn 2.0.0"]`), nil},
		{"what only tests take", base.edit(t, "Cargo.lock", `"ee"`, `"e2"`), nil},
		{"a development dependency", base.edit(t, "crates/app/Cargo.toml", "tempfile = \"3\"", "tempfile = \"4\""), nil},
		{"a feature of a dependency", base.edit(t, "crates/lib/Cargo.toml", `"rc"`, `"alloc"`), []string{"cargo:crates/lib"}},
		{"a feature of the workspace's", base.edit(t, "Cargo.toml", `"derive"`, `"std"`), []string{"cargo:crates/lib"}},
		{"a requirement that resolves as before", base.edit(t, "Cargo.toml", `version = "1"`, `version = "1.0"`), nil},
		{"what is inherited", base.edit(t, "Cargo.toml", "2021", "2024"), []string{"cargo:crates/app"}},
		{"the profile of releases", base.edit(t, "Cargo.toml", "lto = true", "lto = false"), members},
		{"the profile of tests", base.edit(t, "Cargo.toml", "[profile.release]", "[profile.test]\nopt-level = 1\n[profile.release]"), nil},
		{"the resolver", base.edit(t, "Cargo.toml", `resolver = "2"`, `resolver = "3"`), members},
		{"a neighbour instead of a registry", base.edit(t, "crates/app/Cargo.toml", "log = \"0.4\"", "log = \"0.4\"\ntesting = { path = \"../testing\" }"), []string{"cargo:crates/app"}},
		{"lints", base.edit(t, "crates/app/Cargo.toml", "[features]", "[lints.rust]\nunused = \"deny\"\n[features]"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			was, is := read(t, base), read(t, c.head)
			var got []string
			for i, u := range is.Units {
				if v := was.Units[i]; !maps.Equal(u.External, v.External) || !slices.Equal(u.Needs, v.Needs) {
					got = append(got, u.ID)
				}
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLockFormats(t *testing.T) {
	t.Parallel()
	v1 := "[root]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"b 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)\",\n \"g 0.1.0 (git+https://x/g)\",\n]\n" +
		"[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n" + crates + "\n" +
		"[[package]]\nname = \"g\"\nversion = \"0.1.0\"\nsource = \"git+https://x/g#abc\"\n" +
		"[metadata]\n\"checksum b 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)\" = \"aa\"\n"
	m := memory{
		"Cargo.toml": "[package]\nname = \"a\"\nversion = \"0.1.0\"\n[dependencies]\nb = \"1\"\ng = { git = \"https://x/g\" }\n",
		"Cargo.lock": v1, "src/main.rs": "",
	}
	u := unit(t, read(t, m), "cargo:")
	if diff := cmp.Diff(resolved(u), []string{"b@1.0.0", "g@0.1.0 (git+https://x/g)"}); diff != "" {
		t.Error(diff)
	}
	for _, edit := range [][2]string{{`"aa"`, `"ab"`}, {"#abc", "#abd"}} {
		v := unit(t, read(t, m.edit(t, "Cargo.lock", edit[0], edit[1])), "cargo:")
		if maps.Equal(u.External, v.External) {
			t.Errorf("%s → %s is no change", edit[0], edit[1])
		}
	}
}

func TestPatchIsANeed(t *testing.T) {
	t.Parallel()
	m := memory{
		"Cargo.toml": "[package]\nname = \"a\"\nversion = \"0.1.0\"\n[dependencies]\nb = \"1\"\n[patch.crates-io]\nc = { path = \"forks/c\" }\n",
		"Cargo.lock": "version = 3\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\"b\"]\n" +
			"[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n" + crates + "\nchecksum = \"aa\"\ndependencies = [\"c\"]\n[[package]]\nname = \"c\"\nversion = \"1.0.0\"\n",
		"src/main.rs": "", "forks/c/Cargo.toml": "[package]\nname = \"c\"\nversion = \"1.0.0\"\n",
	}
	if diff := cmp.Diff(needs(unit(t, read(t, m), "cargo:")), []string{"cargo:forks/c ship Cargo.lock"}); diff != "" {
		t.Error(diff)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	members := []string{"cargo:crates/app", "cargo:crates/lib", "cargo:crates/testing"}
	for _, c := range []struct {
		name string
		head memory
		want []string
	}{
		{"the lock", depot().with("Cargo.lock", "<<<<<<< HEAD\n"), members},
		{"an edge to nothing", depot().edit(t, "Cargo.lock", `["syn"]`, `["nothing"]`), members},
		{"a crate", depot().with("crates/lib/Cargo.toml", "[package\n"), []string{"cargo:crates/lib"}},
		{"the workspace", depot().with("Cargo.toml", "[["), []string{"cargo:", "cargo:crates/app", "cargo:crates/lib", "cargo:crates/old", "cargo:crates/testing"}},
		{"a crate that is not locked", depot().with("crates/new/Cargo.toml", "[package]\nname = \"new\"\n"), []string{"cargo:crates/new"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := map[string]bool{}
			for _, p := range read(t, c.head).Problems {
				for _, u := range p.Units {
					found[u] = true
				}
			}
			got := slices.Sorted(maps.Keys(found))
			for _, id := range c.want {
				if !slices.Contains(got, id) {
					t.Errorf("%s is not touched: %v", id, got)
				}
			}
			if c.name != "the workspace" && len(got) != len(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	read(t, memory{
		"Cargo.toml":      "[workspace]\nmembers = [\"**\", \"../..\", \"[\"]\n[package]\nname = 1\nversion.workspace = true\nworkspace = \"../..\"\n[dependencies]\na = { path = \"../../etc\" }\nb = 1\nc = []\n",
		"Cargo.lock":      "[[package]]\nname = \"a\"\ndependencies = [\"a\", \"a  \", \" \"]\n",
		"a\nb/Cargo.toml": "[package]\nname = \"a\\nb\"\nworkspace = \".\"\n[dependencies]\nx = { path = \"../c\" }\n",
		"c/Cargo.toml":    "[package]\nname = \"a\"\n[dependencies]\nx = { path = \"../a\\nb\" }\ny = { path = \".\" }\n[workspace]\nmembers = [\"../c\"]\n",
		"c/src/lib.rs":    "include_str!(\"/etc/passwd\"); include_str!(\"\"); #[path = \"..\"] mod x;",
	})
}

func FuzzRead(f *testing.F) {
	f.Add("[package]\nname = \"a\"\n[dependencies]\nb = { path = \"../b\" }\n", "[[package]]\nname = \"a\"\nversion = \"1\"\n", "include_str!(\"../x\")")
	f.Add("[workspace]\nmembers = [\"*\"]\n", "[metadata]\n", "#[cfg(test)]\nmod x;")
	f.Add("a.b.c = 1\n[target.x.dependencies]\nq.workspace = true\n", "version = 4\n", "\"../\"")
	f.Fuzz(func(t *testing.T, manifest, lock, src string) {
		read(t, memory{"Cargo.toml": manifest, "a/Cargo.toml": manifest, "Cargo.lock": lock, "a/src/main.rs": src, "a/build.rs": src, "x": ""})
	})
}

// BenchmarkRead reads a workspace of a hundred crates with a thousand locked.
func BenchmarkRead(b *testing.B) {
	var lock strings.Builder
	m := memory{"Cargo.toml": "[workspace]\nmembers = [\"p/*\"]\n"}
	for i := range 100 {
		fmt.Fprintf(&lock, "[[package]]\nname = \"p%d\"\nversion = \"1.0.0\"\ndependencies = [\"x%d\"]\n", i, i*7)
		m[fmt.Sprintf("p/p%d/Cargo.toml", i)] = fmt.Sprintf("[package]\nname = \"p%d\"\nversion = \"1.0.0\"\n[dependencies]\nx%d = \"1\"\n", i, i*7)
		for k := range 20 {
			m[fmt.Sprintf("p/p%d/src/f%d.rs", i, k)] = strings.Repeat("fn f() { println!(\"x\"); }\n", 300)
		}
	}
	for i := range 1000 {
		fmt.Fprintf(&lock, "[[package]]\nname = \"x%d\"\nversion = \"1.0.0\"\n%s\nchecksum = \"%064d\"\ndependencies = [\n \"x%d\",\n \"x%d\",\n]\n", i, crates, i, (i*3+1)%1000, (i*5+2)%1000)
	}
	m["Cargo.lock"] = lock.String()
	t := fixed{m, m.Files()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(b.Context(), t); err != nil {
			b.Fatal(err)
		}
	}
}

// fixed hashes by name, as cheap as git does.
type fixed struct {
	memory
	files []string
}

func (f fixed) Files() []string      { return f.files }
func (f fixed) Hash(p string) string { return p }
