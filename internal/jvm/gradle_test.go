package jvm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// news is a system with a version catalog, convention plugins in an included
// build (scripts and classes), accessors, and tests of every kind.
func news() memory {
	return memory{
		"settings.gradle.kts": `pluginManagement { includeBuild("build-logic") }
rootProject.name = "news" // "ignored"
include(":app", ":core:model")
include(
    ":core:data",
    ":feature:for-you",
)
include(":tool")
project(":tool").projectDir = file("tools/cli")
`,
		"gradle.properties":                        "org.gradle.caching=true",
		"gradle/wrapper/gradle-wrapper.properties": "x",
		"build.gradle.kts": `plugins {
  alias(libs.plugins.android.application) apply false
  id("org.flyway") version "9.0" apply false
}`,
		"gradle/libs.versions.toml": `[versions]
coil = "2.6.0"
agp = "8.5.0" # comment
okhttp = { strictly = "4.12.0" }
[libraries]
coil-kt = { group = "io.coil-kt", name = "coil", version.ref = "coil" }
okhttp-core = { module = "com.squareup.okhttp3:okhttp", version.ref = "okhttp" }
junit = "junit:junit:4.13"
kotlinx-gradle = "org.jetbrains.kotlin:kotlin-gradle-plugin:2.0"
unused = "a:b:1"
[bundles]
net = [
  "okhttp-core", # one a line
  "coil-kt",
]
[plugins]
android-application = { id = "com.android.application", version.ref = "agp" }
news-library = { id = "news.library", version = "unspecified" }
`,
		"build-logic/settings.gradle.kts":                     `dependencyResolutionManagement { versionCatalogs { create("libs") { from(files("../gradle/libs.versions.toml")) } } }`,
		"build-logic/build.gradle.kts":                        "plugins { `kotlin-dsl` }\ndependencies { implementation(libs.kotlinx.gradle) }\ngradlePlugin { plugins { register(\"a\") {\n id = \"news.android\"\n implementationClass = \"AndroidPlugin\"\n} } }",
		"build-logic/src/main/kotlin/news.library.gradle.kts": `plugins { id("news.base") }` + "\ndependencies { \"implementation\"(libs.bundles.net) }",
		"build-logic/src/main/kotlin/news.base.gradle.kts":    `plugins { java }`,
		"build-logic/src/main/kotlin/news.unused.gradle.kts":  `plugins { java }`,
		"build-logic/src/main/kotlin/AndroidPlugin.kt":        `class AndroidPlugin : Plugin<Project> { override fun apply(target: Project) { with(target) { pluginManager.apply("com.android.application") } } }`,
		"build-logic/src/main/kotlin/util/Extensions.kt":      "fun x() { libs.findLibrary(\"unused\"); project(path); add(\"api\", project(\":tool\")) }",
		"app/build.gradle.kts":                                "plugins { id(\"news.android\") }\ndependencies {\n  implementation(projects.feature.forYou)\n  implementation(libs.coil.kt)\n  testImplementation(project(\":core:data\"))\n}",
		"core/model/build.gradle.kts":                         "plugins { alias(libs.plugins.news.library) }",
		"core/data/build.gradle.kts":                          "plugins { `java-library` }\ndependencies {\n api(project(path = \":core:model\"))\n testImplementation(libs.junit)\n}\ntasks.register(\"x\") { dependsOn(\":tool:jar\") }",
		"feature/for-you/build.gradle.kts":                    "dependencies { implementation(projects.core.data) }\nsourceSets { main { resources.srcDir(\"../../shared/res\") } }\napply(from = rootProject.file(\"gradle/publish.gradle.kts\"))\n// project(\":app\")\n/* project(\":app\") */",
		"gradle/publish.gradle.kts":                           `println(libs.versions.agp.get())`,
		"shared/res/a.txt":                                    "a",
		"tools/cli/build.gradle.kts":                          "plugins { application; id(\"org.flyway\") }",
		"core/data/src/test/resources/sample/build.gradle":    "broken {",
	}
}

func TestNews(t *testing.T) {
	t.Parallel()
	s := read(t, news())
	if len(s.Problems) > 0 {
		t.Fatalf("got problems %v", s.Problems)
	}
	got := map[string][]string{}
	var products []string
	for _, u := range s.Units {
		got[u.Name] = needs(u)
		if u.Product {
			products = append(products, u.Name)
		}
	}
	if diff := cmp.Diff(got, map[string][]string{
		":": nil, "build-logic": nil, ":core": nil, ":feature": nil, ":tool": nil, ":core:model": {"gradle:tools/cli"},
		":app":             {"gradle:core/data (verify)", "gradle:feature/for-you", "gradle:tools/cli"},
		":core:data":       {"gradle:core/model", "gradle:tools/cli"},
		":feature:for-you": {"gradle:core/data"},
	}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(products, []string{":app", ":tool"}); diff != "" {
		t.Error(diff)
	}
	always := []string{"gradle.properties", "gradle/gradle-daemon-jvm.properties", "gradle/wrapper/**"}
	for name, want := range map[string][]string{
		":app":             {"build-logic/*", "build-logic/src/main/kotlin/AndroidPlugin.kt", "build-logic/src/main/kotlin/util/*"},
		":core:model":      {"build-logic/*", "build-logic/src/main/kotlin/news.base.gradle.kts", "build-logic/src/main/kotlin/news.library.gradle.kts", "build-logic/src/main/kotlin/util/*"},
		":core:data":       nil,
		":feature:for-you": {"gradle/publish.gradle.kts", "shared/res/**"},
	} {
		var got []string
		for _, p := range inputs(named(t, s, name), workspace.Ship) {
			if !strings.Contains(strings.Join(always, " "), p) {
				got = append(got, p)
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff(s.Claimed, []string{"build-logic/settings.gradle.kts", "gradle/libs.versions.toml", "settings.gradle.kts"}); diff != "" {
		t.Error(diff)
	}
}

func TestGradleByContent(t *testing.T) {
	t.Parallel()
	const toml, settings = "gradle/libs.versions.toml", "settings.gradle.kts"
	all := []string{":", ":app", ":core", ":core:data", ":core:model", ":feature", ":feature:for-you", ":tool"}
	for _, c := range []struct {
		name, file, old, fresh string
		want                   []string
	}{
		{"a version by reference", toml, "2.6.0", "2.7.0", []string{":app", ":core:model"}},
		{"one through a bundle of a plugin's script", toml, "4.12.0", "4.13.0", []string{":core:model"}},
		{"one that the plugins' sources look up", toml, "a:b:1", "a:b:2", []string{":app", ":core:model"}},
		{"one that nobody names", toml, "[bundles]", "more = \"c:d:1\"\n[bundles]", nil},
		{"a comment", toml, "# comment", "# other", nil},
		{"space", toml, `coil = "2`, `coil    =   "2`, nil},
		{"a plugin's version", toml, "8.5.0", "8.6.0", []string{":", ":app", ":feature:for-you"}},
		{"a plugin of the plugins", toml, "gradle-plugin:2.0", "gradle-plugin:2.1", []string{":app", ":core:model", "build-logic"}},
		{"a plugin's version in the root", "build.gradle.kts", `"9.0"`, `"9.1"`, []string{":tool"}},
		{"a project more", settings, `include(":tool")`, "include(\":tool\")\ninclude(\":new\")", nil},
		{"a comment in settings", settings, "ignored", "other", nil},
		{"a setting", settings, `"news"`, `"newer"`, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := news()
			var got []string
			for _, name := range changed(t, m, m.edit(t, c.file, c.old, c.fresh)) {
				if name != ":new" {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGradleForms(t *testing.T) {
	t.Parallel()
	base := memory{
		"settings.gradle": "include 'a', 'b'\ninclude 'c:d'", "a/build.gradle": "", "b/build.gradle": "", "c/d/build.gradle": "",
	}
	const any = "**"
	for _, c := range []struct {
		name, script string
		needs        []string
		ships        []string
	}{
		{"groovy", `dependencies { implementation project(':b') }`, []string{"gradle:b"}, nil},
		{"map", `dependencies { implementation project(path: ":b", configuration: "x") }`, []string{"gradle:b"}, nil},
		{"by test", `dependencies { androidTestImplementation project(":b") }`, []string{"gradle:b (verify)"}, nil},
		{"in a test source set", "kotlin { sourceSets { commonTest.dependencies {\n implementation(project(\":b\")) } } }", []string{"gradle:b (verify)"}, nil},
		{"fixtures", `dependencies { implementation(testFixtures(project(":b"))) }`, []string{"gradle:b"}, nil},
		{"both", "dependencies { testImplementation project(':b')\n api project(':b') }", []string{"gradle:b"}, nil},
		{"deeper", `dependencies { api project(":c:d") }`, []string{"gradle:c/d"}, nil},
		{"computed", "dependencies { implementation project(\":${name}\") }", nil, []string{any}},
		{"a variable", `dependencies { implementation project(other) }`, nil, []string{any}},
		{"a loop", "rootProject.subprojects.each { p ->\n implementation p\n}", nil, []string{any}},
		{"unknown accessor", `dependencies { implementation(projects.nowhere) }`, nil, []string{any}},
		{"unknown project", `dependencies { implementation project(":nowhere") }`, nil, []string{any}},
		{"commented out", "// project(':b')\n/* project(':b') */ def url = 'http://x' // project(':b')", nil, nil},
		{"in a string", `println("see project(':b')")`, nil, nil},
		{"script of the root", `apply from: "$rootDir/b/build.gradle"`, nil, []string{"b/build.gradle"}},
		{"files of the root", `def f = rootProject.file("b/build.txt")`, nil, []string{"b/build.txt"}},
		{"a rule", `checkstyle { configFile = file("../b/build.txt") }`, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := named(t, read(t, base.with("a/build.gradle", c.script, "b/build.txt", "x")), ":a")
			if diff := cmp.Diff(needs(u), c.needs); diff != "" {
				t.Error(diff)
			}
			var got []string
			for _, p := range inputs(u, workspace.Ship) {
				if !strings.HasPrefix(p, "gradle") {
					got = append(got, p)
				}
			}
			if diff := cmp.Diff(got, c.ships); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGradleRoots(t *testing.T) {
	t.Parallel()
	m := memory{
		"settings.gradle":                 "rootDir.eachDir { include it.name }",
		"build.gradle":                    "subprojects { apply plugin: 'org.springframework.boot'\n dependencies { implementation libs.x } }",
		"gradle/libs.versions.toml":       "[libraries]\nx = \"g:x:1\"\n",
		"a/build.gradle":                  "",
		"b/build.gradle":                  "bootJar { enabled = false }",
		"buildSrc/src/main/java/Ver.java": "class Ver {}",
		"buildSrc/build.gradle":           "",
		"other/settings.gradle":           "include 'lib'",
		"other/lib/build.gradle":          "",
	}
	s := read(t, m)
	a := named(t, s, ":a")
	if diff := cmp.Diff(inputs(a, workspace.Ship), []string{
		"build.gradle", "buildSrc/*", "buildSrc/src/main/java/*", "gradle.properties", "gradle/gradle-daemon-jvm.properties", "gradle/wrapper/**",
	}); diff != "" {
		t.Error(diff)
	}
	if !a.Product || named(t, s, ":b").Product {
		t.Error("the service is a product, the library is none")
	}
	if diff := cmp.Diff(changed(t, m, m.edit(t, "gradle/libs.versions.toml", "g:x:1", "g:x:2")), []string{":", ":a", ":b"}); diff != "" {
		t.Error(diff)
	}
	composite := m.with("settings.gradle", "includeBuild 'other'\ninclude 'a'", "a/build.gradle", "dependencies { implementation 'org.acme:lib:1.0' }")
	if diff := cmp.Diff(needs(named(t, read(t, composite), ":a")), []string{"gradle:other/lib"}); diff != "" {
		t.Error(diff)
	}
	locked := m.with("a/gradle.lockfile", "# comment\ng:x:1=runtimeClasspath,testRuntimeClasspath\ng:t:1=testRuntimeClasspath\nempty=\n")
	for old, want := range map[string][]string{"g:x:1": {":a"}, "g:t:1": nil} {
		if diff := cmp.Diff(changed(t, locked, locked.edit(t, "a/gradle.lockfile", old, old+".1")), want); diff != "" {
			t.Error(diff)
		}
	}
	for file, text := range map[string]string{"a/gradle.lockfile": "{", "gradle/libs.versions.toml": "[libraries]\nx = \"", "a/build.gradle": strings.Repeat(" ", 3<<20)} {
		if s := read(t, locked.with(file, text)); len(s.Problems) != 1 || s.Problems[0].Path != file {
			t.Errorf("%s: got problems %v", file, s.Problems)
		}
	}
}

func FuzzGradle(f *testing.F) {
	f.Add("include(':a')\nproject(':a').projectDir = file('x')", "plugins { id(\"x\") version \"1\" }\nproject(\":a${b}\") /* */ \"\"\"", "[libraries]\na = { module = \"a:b\", version.ref = \"x\" }\n")
	f.Add("includeBuild 'b'", "apply from: \"$rootDir/x.gradle\"\nlibs.a.b\n'", "[a]\nb = [\n]")
	f.Fuzz(func(t *testing.T, settings, script, toml string) {
		m := memory{"settings.gradle": settings, "build.gradle": script, "a/build.gradle": script, "b/build.gradle.kts": script, "gradle/libs.versions.toml": toml, "b/src/main/kotlin/x.gradle.kts": script, "b/settings.gradle": settings, "a/gradle.lockfile": toml}
		if _, err := Read(t.Context(), m); err != nil {
			t.Error(err)
		}
	})
}
