package jvm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// clinic is a Spring system of many modules: a parent with managed versions and
// a BOM from outside, a common library, services, a BOM and a build tool of its
// own.
func clinic() memory {
	module := func(art, packaging, rest string) string {
		return `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>org.clinic</groupId><artifactId>clinic</artifactId><version>1.0</version></parent>
<artifactId>` + art + `</artifactId><packaging>` + packaging + `</packaging>` + rest + `</project>`
	}
	const boot = `<build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>`
	return memory{
		"pom.xml": `<project><parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.4.1</version><relativePath/></parent>
<groupId>org.clinic</groupId><artifactId>clinic</artifactId><version>1.0</version><packaging>pom</packaging>
<modules><module>common</module><module>vets</module><module>visits</module><module>tools</module></modules>
<properties><cloud.version>2024.0.0</cloud.version><jolokia.version>1.7.1</jolokia.version><java.version>17</java.version></properties>
<dependencyManagement><dependencies>
<dependency><groupId>org.springframework.cloud</groupId><artifactId>spring-cloud-dependencies</artifactId><version>${cloud.version}</version><type>pom</type><scope>import</scope></dependency>
<dependency><groupId>org.clinic</groupId><artifactId>bom</artifactId><version>1.0</version><type>pom</type><scope>import</scope></dependency>
<dependency><groupId>org.jolokia</groupId><artifactId>jolokia-core</artifactId><version>${jolokia.version}</version></dependency>
<dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId><version>2.0</version></dependency>
<dependency><groupId>org.mock</groupId><artifactId>mock</artifactId><version>5</version><scope>test</scope></dependency>
</dependencies></dependencyManagement>
<build><pluginManagement><plugins>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.1</version></plugin>
<plugin><groupId>g</groupId><artifactId>codegen</artifactId><version>1</version></plugin>
</plugins></pluginManagement><plugins>
<plugin><artifactId>maven-checkstyle-plugin</artifactId><version>3.0</version><dependencies><dependency><groupId>org.clinic</groupId><artifactId>tools</artifactId><version>1.0</version></dependency></dependencies></plugin>
</plugins></build></project>`,
		"bom/pom.xml":    `<project><groupId>org.clinic</groupId><artifactId>bom</artifactId><version>1.0</version><packaging>pom</packaging><dependencyManagement><dependencies><dependency><groupId>com.x</groupId><artifactId>x</artifactId><version>1</version></dependency></dependencies></dependencyManagement></project>`,
		"common/pom.xml": module("common", "jar", `<dependencies><dependency><groupId>com.x</groupId><artifactId>x</artifactId></dependency></dependencies>`),
		"vets/pom.xml": module("vets", "jar", `<dependencies><dependency><groupId>${project.groupId}</groupId><artifactId>common</artifactId><version>${project.version}</version></dependency>
<dependency><groupId>org.jolokia</groupId><artifactId>jolokia-core</artifactId></dependency><dependency><groupId>org.mock</groupId><artifactId>mock</artifactId></dependency></dependencies>`+boot),
		"visits/pom.xml": module("visits", "war", `<dependencies><dependency><groupId>org.clinic</groupId><artifactId>vets</artifactId><version>1.0</version><scope>test</scope></dependency></dependencies>
<build><resources><resource><directory>${project.basedir}/../shared/resources</directory></resource></resources><plugins><plugin><groupId>g</groupId><artifactId>codegen</artifactId></plugin></plugins></build>`),
		"tools/pom.xml":         module("tools", "jar", ""),
		"shared/resources/a.x":  "a",
		"src/it/broken/pom.xml": "<",
	}
}

func TestClinic(t *testing.T) {
	t.Parallel()
	s := read(t, clinic())
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
		"bom": nil, "clinic": {"maven:tools (verify)"}, "tools": nil,
		"common": {"maven:tools (verify)"}, "vets": {"maven:common", "maven:tools (verify)"}, "visits": {"maven:tools (verify)", "maven:vets (verify)"},
	}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(products, []string{"vets", "visits"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s.Claimed, []string{"bom/pom.xml", "pom.xml"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(inputs(named(t, s, "visits"), workspace.Ship), []string{"shared/resources/**"}); diff != "" {
		t.Error(diff)
	}
}

func TestParentByContent(t *testing.T) {
	t.Parallel()
	children := []string{"common", "clinic", "tools", "vets", "visits"}
	for _, c := range []struct {
		name, file, old, fresh string
		want                   []string
	}{
		{"a managed version", "pom.xml", "1.7.1", "1.7.2", []string{"vets"}},
		{"one that nobody names", "pom.xml", "<version>2.0</version>", "<version>2.1</version>", children},
		{"a BOM from outside", "pom.xml", "2024.0.0", "2024.0.1", children},
		{"a BOM of the tree", "bom/pom.xml", "<artifactId>x</artifactId><version>1", "<artifactId>x</artifactId><version>2", []string{"common"}},
		{"the parent from outside", "pom.xml", "3.4.1", "3.4.2", children},
		{"a property of the build", "pom.xml", "<java.version>17", "<java.version>21", children},
		{"the compiler", "pom.xml", "3.1<", "3.2<", children},
		{"a plugin of one module", "pom.xml", "<artifactId>codegen</artifactId><version>1", "<artifactId>codegen</artifactId><version>2", []string{"visits"}},
		{"a check", "pom.xml", "<version>3.0", "<version>3.1", nil},
		{"a tool of tests", "pom.xml", "<version>5<", "<version>6<", nil},
		{"a comment", "pom.xml", "<modules>", "<!-- c --><modules>", nil},
		{"a module more", "pom.xml", "<modules>", "<modules><module>new</module>", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := clinic()
			got := changed(t, m, m.edit(t, c.file, c.old, c.fresh))
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMavenHostile(t *testing.T) {
	t.Parallel()
	pom := func(art, rest string) string {
		return "<project><groupId>g</groupId><artifactId>" + art + "</artifactId><version>1</version>" + rest + "</project>"
	}
	parent := func(art, path string) string {
		return "<parent><groupId>g</groupId><artifactId>" + art + "</artifactId><version>1</version><relativePath>" + path + "</relativePath></parent>"
	}
	circle := memory{
		"a/pom.xml": pom("a", parent("b", "../b")+"<packaging>pom</packaging><properties><p>${q}${q}</p><q>${p}${p}</q></properties><modules><module>.</module><module>../b</module></modules>"),
		"b/pom.xml": pom("b", parent("a", "../a")+"<packaging>pom</packaging><dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>"),
		"c/pom.xml": pom("c", parent("a", "../a")+"<dependencies><dependency><groupId>g</groupId><artifactId>c</artifactId><version>${p}</version></dependency></dependencies>"),
	}
	if s := read(t, circle); len(s.Units) != 3 || len(s.Problems) > 0 {
		t.Errorf("got %d units, problems %v", len(s.Units), s.Problems)
	}
	for name, text := range map[string]string{"early": "<project>", "long": "<project>" + strings.Repeat(" ", 10<<20), "other": "<html/>"} {
		s := read(t, circle.with("b/pom.xml", text))
		if len(s.Problems) != 1 || s.Problems[0].Path != "b/pom.xml" || len(s.Problems[0].Units) != 0 {
			t.Errorf("%s: got problems %v", name, s.Problems)
		}
	}
	missing := memory{"c/pom.xml": pom("c", parent("gone", "../gone"))}
	if got := named(t, read(t, missing), "c").External["parent g:gone"]; got != "1" {
		t.Errorf("a parent that is not here: got %q", got)
	}
	twins := memory{"a/pom.xml": pom("x", ""), "b/pom.xml": pom("x", ""), "c/pom.xml": pom("c", "<dependencies><dependency><groupId>g</groupId><artifactId>x</artifactId><version>1</version></dependency></dependencies>")}
	if diff := cmp.Diff(needs(named(t, read(t, twins), "c")), []string{"maven:a", "maven:b"}); diff != "" {
		t.Error(diff)
	}
	older := twins.edit(t, "c/pom.xml", "<version>1</version></dependency>", "<version>0.9</version></dependency>")
	if u := named(t, read(t, older), "c"); len(u.Needs) != 0 || u.External["g:x"] == "" {
		t.Errorf("a released version of a module: got %v %v", u.Needs, u.External)
	}
}

func FuzzMaven(f *testing.F) {
	f.Add("<project><artifactId>a</artifactId><properties><a>${b}</a></properties><modules><module>b</module></modules></project>")
	f.Add("<project><parent><artifactId>a</artifactId></parent><build><plugins><plugin/></plugins></build></project>")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Read(t.Context(), memory{"pom.xml": text, "b/pom.xml": text}); err != nil {
			t.Error(err)
		}
	})
}
