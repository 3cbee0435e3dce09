package python

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
		if !strings.HasPrefix(key, "pyproject.toml ") {
			out = append(out, key)
		}
	}
	return out
}

func units(s workspace.Space) []string {
	var out []string
	for _, u := range s.Units {
		out = append(out, fmt.Sprint(u.ID, " ", u.Product))
	}
	return out
}

// changed are the units whose closure or needs differ.
func changed(t *testing.T, base, head memory) []string {
	t.Helper()
	r := New()
	was, err := r.Read(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	is, err := r.Read(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, u := range is.Units {
		for _, v := range was.Units {
			if u.ID == v.ID && (!maps.Equal(u.External, v.External) || !slices.Equal(u.Needs, v.Needs)) {
				out = append(out, u.ID)
			}
		}
	}
	return out
}

const index = "source = { registry = \"https://pypi.org/simple\" }\n"

func uv() memory {
	return memory{
		"pyproject.toml": "[project]\nname = \"root\"\nversion = \"0\"\n[tool.uv]\npackage = false\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n[tool.ruff]\nline-length = 100\n",
		"uv.lock": "version = 1\nrevision = 3\n[manifest]\nmembers = [\"root\", \"api\", \"core\", \"kit\"]\n" +
			"[[package]]\nname = \"root\"\nversion = \"0\"\nsource = { virtual = \".\" }\n" +
			"[[package]]\nname = \"api\"\nversion = \"1\"\nsource = { editable = \"packages/api\" }\ndependencies = [\n { name = \"core\" },\n { name = \"httpx\", extra = [\"http2\"], marker = \"python_full_version >= '3.12'\" },\n]\n" +
			"[package.optional-dependencies]\nfast = [{ name = \"uvloop\" }]\n[package.dev-dependencies]\ndev = [{ name = \"kit\" }, { name = \"pytest\" }]\n" +
			"[[package]]\nname = \"core\"\nversion = \"1\"\nsource = { editable = \"packages/core\" }\ndependencies = [{ name = \"idna\" }]\n" +
			"[[package]]\nname = \"kit\"\nversion = \"1\"\nsource = { editable = \"packages/kit\" }\n" +
			"[[package]]\nname = \"httpx\"\nversion = \"0.27\"\n" + index + "dependencies = [{ name = \"idna\" }]\nsdist = { url = \"u\", hash = \"sha256:aa\" }\nwheels = [{ url = \"w\", hash = \"sha256:bb\" }]\n" +
			"[package.optional-dependencies]\nhttp2 = [{ name = \"h2\" }]\nbrotli = [{ name = \"brotli\" }]\n" +
			"[[package]]\nname = \"idna\"\nversion = \"3.7\"\n" + index +
			"[[package]]\nname = \"h2\"\nversion = \"4\"\n" + index +
			"[[package]]\nname = \"brotli\"\nversion = \"1\"\n" + index +
			"[[package]]\nname = \"uvloop\"\nversion = \"2\"\n" + index +
			"[[package]]\nname = \"pytest\"\nversion = \"8\"\n" + index,
		"packages/api/pyproject.toml": "[project]\nname = \"api\"\nversion = \"1\"\ndependencies = [\"core\", \"httpx[http2]; python_version >= '3.12'\"]\n[project.optional-dependencies]\nfast = [\"uvloop\"]\n" +
			"[project.scripts]\napi = \"api:main\"\n[dependency-groups]\ndev = [\"kit\", \"pytest\"]\n[tool.uv.sources]\ncore = { workspace = true }\nkit = { workspace = true }\n",
		"packages/api/api/__init__.py":        "",
		"packages/core/pyproject.toml":        "[project]\nname = \"core\"\nversion = \"1\"\ndependencies = [\"idna\"]\n",
		"packages/core/core.py":               "",
		"packages/kit/pyproject.toml":         "[project]\nname = \"kit\"\nversion = \"1\"\n",
		"packages/kit/kit.py":                 "",
		"packages/kit/tests/x/pyproject.toml": "[project",
		".python-version":                     "3.12",
	}
}

func TestUv(t *testing.T) {
	t.Parallel()
	s := read(t, uv())
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	want := []string{"python: false", "python:packages/api true", "python:packages/core false", "python:packages/kit true"}
	if diff := cmp.Diff(units(s), want); diff != "" {
		t.Error(diff)
	}
	api := unit(t, s, "python:packages/api")
	if diff := cmp.Diff(needs(api), []string{"python:packages/core ship uv.lock", "python:packages/kit verify dev"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(resolved(api), []string{"h2@4", "httpx@0.27", "httpx@0.27 [http2]", "idna@3.7", "uvloop@2", "when httpx"}); diff != "" {
		t.Error(diff)
	}
	if len(s.Global) != 1 || len(s.Claimed) != 5 {
		t.Error(s.Global, s.Claimed)
	}
}

func TestUvChanges(t *testing.T) {
	t.Parallel()
	base := uv()
	lockOnly := func(from, to string) memory { return base.edit(t, "uv.lock", from, to) }
	api, core := "python:packages/api", "python:packages/core"
	for _, c := range []struct {
		name string
		head memory
		want []string
	}{
		{"nothing", base, nil},
		{"a wheel", lockOnly("sha256:bb", "sha256:cc"), []string{api}},
		{"a version that both take", lockOnly("version = \"3.7\"", "version = \"3.8\""), []string{api, core}},
		{"an extra that nobody asks for", lockOnly("brotli = [{ name = \"brotli\" }]", "brotli = [{ name = \"h2\" }]"), []string{api}},
		{"a version of such an extra", lockOnly("name = \"brotli\"\nversion = \"1\"", "name = \"brotli\"\nversion = \"2\""), []string{api}},
		{"a marker", lockOnly(">= '3.12'", ">= '3.13'"), []string{api}},
		{"what only tests take", lockOnly("name = \"pytest\"\nversion = \"8\"", "name = \"pytest\"\nversion = \"9\""), nil},
		{"lint rules", base.edit(t, "pyproject.toml", "100", "120"), nil},
		{"a group", base.edit(t, "packages/api/pyproject.toml", `"pytest"]`, `"pytest", "ruff"]`), nil},
		{"scripts", base.edit(t, "packages/api/pyproject.toml", "api:main", "api:run"), []string{api}},
		{"a build backend", base.edit(t, "packages/core/pyproject.toml", "[project]", "[build-system]\nrequires = [\"hatchling\"]\n[project]"), []string{core}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(changed(t, base, c.head), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func poetry() memory {
	return memory{
		"app/pyproject.toml": "[tool.poetry]\nname = \"app\"\n[tool.poetry.dependencies]\npython = \"^3.12\"\nlib = { path = \"../lib\", develop = true }\nrequests = { version = \"^2\", extras = [\"socks\"] }\n[tool.poetry.group.dev.dependencies]\nkit = { path = \"../kit\" }\npytest = \"^8\"\n",
		"app/poetry.lock": "[[package]]\nname = \"lib\"\nversion = \"0.1\"\noptional = false\nfiles = []\n[package.dependencies]\nidna = \"*\"\n[package.source]\ntype = \"directory\"\nurl = \"../lib\"\n" +
			"[[package]]\nname = \"requests\"\nversion = \"2.32\"\nfiles = [{file = \"r.whl\", hash = \"sha256:aa\"}]\n[package.dependencies]\nidna = \">=2\"\nPySocks = {version = \">=1\", optional = true, markers = \"extra == \\\"socks\\\"\"}\nchardet = {version = \"1\", optional = true}\n[package.extras]\nsocks = [\"PySocks (>=1)\"]\nuse-chardet = [\"chardet (>=1)\"]\n" +
			"[[package]]\nname = \"pysocks\"\nversion = \"1.7\"\n[[package]]\nname = \"idna\"\nversion = \"3\"\n[[package]]\nname = \"chardet\"\nversion = \"1\"\n[[package]]\nname = \"pytest\"\nversion = \"8\"\n" +
			"[metadata]\nlock-version = \"1.1\"\n[metadata.files]\nidna = [{file = \"i.whl\", hash = \"sha256:ii\"}]\n",
		"app/main.py": "", "lib/lib.py": "", "kit/kit.py": "",
		"lib/pyproject.toml": "[tool.poetry]\nname = \"lib\"\n[tool.poetry.dependencies]\nidna = \"*\"\n",
		"kit/setup.py":       "from setuptools import setup\nsetup(name='kit', install_requires=['lib>=1', \"six\"])\n",
	}
}

func TestPoetry(t *testing.T) {
	t.Parallel()
	base := poetry()
	s := read(t, base)
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	app := unit(t, s, "python:app")
	if diff := cmp.Diff(needs(app), []string{"python:kit verify tool.poetry.group.dev", "python:lib ship tool.poetry.dependencies"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(resolved(app), []string{"idna@3", "pysocks@1.7", "requests@2.32", "requests@2.32 [socks]"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(unit(t, s, "python:kit")), []string{"python:lib ship install_requires"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(resolved(unit(t, s, "python:kit")), []string{"six "}); diff != "" {
		t.Log(diff)
	}
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"sha256:ii", "sha256:jj", []string{"python:app"}},
		{"version = \"8\"", "version = \"9\"", nil},
		{"name = \"chardet\"\nversion = \"1\"", "name = \"chardet\"\nversion = \"2\"", []string{"python:app"}},
	} {
		if diff := cmp.Diff(changed(t, base, base.edit(t, "app/poetry.lock", c.from, c.to)), c.want); diff != "" {
			t.Errorf("%s: %s", c.from, diff)
		}
	}
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	base := memory{
		"web/requirements.txt":     "-r ../base.txt\n-e ../libs/core[fast]\nflask==3.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n# no\n./vendored/thing\n--index-url https://x\n",
		"web/requirements-dev.txt": "-r requirements.txt\npytest\n-e ../libs/kit\n",
		"web/requirements.in":      "flask\n",
		"base.txt":                 "-c constraints.txt\nredis>=5 # why\n",
		"constraints.txt":          "idna==3\n-r base.txt\n",
		"web/app.py":               "",
		"libs/core/setup.cfg":      "[metadata]\nname = core\n[options]\ninstall_requires =\n    six\n    kit @ file:../kit\n[options.entry_points]\nconsole_scripts =\n    core = core:main\n",
		"libs/core/core.py":        "",
		"libs/kit/pyproject.toml":  "[build-system]\nrequires = [\"setuptools\"]\n",
		"docs/requirements.txt":    "sphinx\n", "docs/conf.py": "",
		"job/requirements/prod.txt": "celery\n", "job/requirements/test.txt": "pytest\n", "job/run.py": "",
	}
	s := read(t, base)
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	want := []string{"python:docs false", "python:job true", "python:libs/core true", "python:libs/kit false", "python:web true"}
	if diff := cmp.Diff(units(s), want); diff != "" {
		t.Error(diff)
	}
	web := unit(t, s, "python:web")
	if diff := cmp.Diff(needs(web), []string{"python:libs/core ship requirements.txt", "python:libs/kit verify requirements-dev.txt"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(resolved(web), []string{"--index-url https://x", "flask==3.0", "idna==3", "redis>=5"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(unit(t, s, "python:libs/core")), []string{"python:libs/kit ship install_requires"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(resolved(unit(t, s, "python:job")), []string{"celery"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s.Claimed, []string{"base.txt", "constraints.txt", "docs/requirements.txt", "job/requirements/prod.txt", "libs/kit/pyproject.toml", "web/requirements.txt"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(changed(t, base, base.edit(t, "web/requirements.txt", "sha256:bb", "sha256:cc")), []string{"python:web"}); diff != "" {
		t.Error(diff)
	}
}

func TestPdm(t *testing.T) {
	t.Parallel()
	m := memory{
		"pyproject.toml": "[project]\nname = \"a\"\ndependencies = [\"httpx[http2]>=0.2\"]\n[tool.pdm.dev-dependencies]\ndev = [\"-e file:///${PROJECT_ROOT}/sub#egg=sub\"]\n",
		"pdm.lock": "[metadata]\ngroups = [\"default\"]\n[[package]]\nname = \"httpx\"\nversion = \"1\"\ndependencies = [\"idna\"]\n[[package]]\nname = \"httpx\"\nversion = \"1\"\nextras = [\"http2\"]\ndependencies = [\"h2<5,>=3\", \"httpx==1\"]\n" +
			"[[package]]\nname = \"h2\"\nversion = \"4\"\n[[package]]\nname = \"idna\"\nversion = \"3\"\nfiles = [{file = \"x\", hash = \"sha256:aa\"}]\n",
		"a.py": "", "sub/pyproject.toml": "[project]\nname = \"sub\"\n", "sub/sub.py": "",
	}
	u := unit(t, read(t, m), "python:")
	if diff := cmp.Diff(resolved(u), []string{"h2@4", "httpx@1", "httpx@1 [http2]", "idna@3"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(u), []string{"python:sub verify tool.pdm.dev-dependencies.dev"}); diff != "" {
		t.Error(diff)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		head memory
		want []string
	}{
		{"the lock", uv().with("uv.lock", "<<<<<<<"), []string{"python:", "python:packages/api", "python:packages/core", "python:packages/kit"}},
		{"an empty lock", poetry().with("app/poetry.lock", ""), []string{"python:app"}},
		{"a manifest", uv().with("packages/core/pyproject.toml", "[project"), []string{"python:packages/core"}},
		{"a member that is not locked", uv().with("packages/new/pyproject.toml", "[project]\nname = \"new\"\n"), []string{"python:packages/new"}},
		{"a requirement that is not locked", poetry().edit(t, "app/pyproject.toml", "requests =", "other = \"1\"\nrequests ="), []string{"python:app"}},
		{"requirements that are not there", memory{"requirements.txt": "-r gone.txt\n", "a.py": ""}, []string{"python:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := map[string]bool{}
			for _, p := range read(t, c.head).Problems {
				for _, u := range p.Units {
					found[u] = true
				}
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	m := memory{
		"pyproject.toml":               "[tool.uv.workspace]\nmembers = [\"templates/*\"]\nexclude = [\"templates/old\"]\n",
		"uv.lock":                      "[[package]]\nname = \"a\"\nsource = { editable = \"templates/a\" }\n",
		"templates/a/pyproject.toml":   "[project]\nname = \"a\"\n",
		"templates/a/a.py":             "",
		"templates/old/pyproject.toml": "[project]\nname = \"old\"\n",
		"web/pyproject.toml":           "[tool.ruff]\nx = 1\n[tool.custom]\ny = 1\n",
		"web/requirements.txt":         "flask\n", "web/app.py": "",
	}
	s := read(t, m)
	if diff := cmp.Diff(units(s), []string{"python:templates/a false", "python:web true"}); diff != "" {
		t.Error(diff)
	}
	if got := changed(t, m, m.edit(t, "web/pyproject.toml", "x = 1", "x = 2")); got != nil {
		t.Error("lint rules:", got)
	}
	if diff := cmp.Diff(changed(t, m, m.edit(t, "web/pyproject.toml", "y = 1", "y = 2")), []string{"python:web"}); diff != "" {
		t.Error(diff)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	read(t, memory{
		"pyproject.toml":      "project = 1\n[tool]\npoetry = []\nuv = { workspace = { members = [\"**\", \"[\"] } }\n[build-system]\n",
		"uv.lock":             "[[package]]\nname = \"a\"\nsource = { editable = \"../../x\" }\ndependencies = 3\n[[package]]\nname = \"a\"\ndependencies = [{ name = \"a\" }]\n",
		"a/pyproject.toml":    "[project]\nname = \"a\"\ndependencies = [\"b @ file:../b\", \"\", \"[\", \"-e\"]\n",
		"b/pyproject.toml":    "[project]\nname = \"a\"\ndependencies = [\"c @ file:../a\", \"d @ ../../../etc\"]\n",
		"x\ny/pyproject.toml": "[project]\nname = \"x\\ny\"\n",
		"r/requirements.txt":  "-r requirements.txt\n-r ../r/requirements.txt\n-e .\n", "r/a.py": "",
	})
}

func FuzzRead(f *testing.F) {
	f.Add("[project]\nname = \"a\"\ndependencies = [\"b[x]>1\"]\n", "[[package]]\nname = \"a\"\nsource = { editable = \".\" }\n", "-r x.txt\n-e ../b")
	f.Add("[tool.poetry.dependencies]\na = { path = \"../a\" }\n", "[metadata.files]\na = []\n", "a @ file:../x")
	f.Fuzz(func(t *testing.T, manifest, lock, lines string) {
		read(t, memory{
			"pyproject.toml": manifest, "a/pyproject.toml": manifest, "uv.lock": lock, "a/poetry.lock": lock, "b/pdm.lock": lock,
			"b/pyproject.toml": manifest, "a/requirements.txt": lines, "x.txt": lines, "setup.cfg": lines, "b/setup.py": lines,
		})
	})
}

// BenchmarkRead reads a workspace of a hundred projects with a lock of 2 MB.
func BenchmarkRead(b *testing.B) {
	var lock strings.Builder
	m := memory{"pyproject.toml": "[tool.uv.workspace]\nmembers = [\"p/*\"]\n"}
	for i := range 100 {
		fmt.Fprintf(&lock, "[[package]]\nname = \"p%d\"\nversion = \"1\"\nsource = { editable = \"p/p%d\" }\ndependencies = [{ name = \"x%d\" }]\n", i, i, i*7)
		m[fmt.Sprintf("p/p%d/pyproject.toml", i)] = fmt.Sprintf("[project]\nname = \"p%d\"\ndependencies = [\"x%d\"]\n", i, i*7)
	}
	for i := range 1000 {
		fmt.Fprintf(&lock, "\n[[package]]\nname = \"x%d\"\nversion = \"1\"\n%sdependencies = [\n { name = \"x%d\" },\n]\nwheels = [\n", i, index, (i*3+1)%1000)
		for k := range 10 {
			fmt.Fprintf(&lock, "    { url = \"https://files.pythonhosted.org/packages/aa/bb/x%d-1-cp3%d-manylinux.whl\", hash = \"sha256:%064d\", size = 1234 },\n", i, k, i*k)
		}
		lock.WriteString("]\n")
	}
	m["uv.lock"] = lock.String()
	t := fixed{m, m.Files()}
	b.SetBytes(int64(lock.Len()))
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
