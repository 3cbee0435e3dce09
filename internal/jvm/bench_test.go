package jvm

import (
	"fmt"
	"strings"
	"testing"
)

// bigGradle is a build of n projects with accessors and a catalog of 300.
func bigGradle(n int) memory {
	m := memory{"build-logic/settings.gradle.kts": "", "build-logic/src/main/kotlin/a.lib.gradle.kts": "dependencies { implementation(libs.p0) }"}
	var toml, settings strings.Builder
	toml.WriteString("[libraries]\n")
	for i := range 300 {
		fmt.Fprintf(&toml, "p%d = { module = \"g:p%d\", version = \"1.%d\" }\n", i, i, i)
	}
	settings.WriteString("pluginManagement { includeBuild(\"build-logic\") }\n")
	for i := range n {
		fmt.Fprintf(&settings, "include(\":m%d\")\n", i)
		var b strings.Builder
		b.WriteString("plugins { id(\"a.lib\") }\ndependencies {\n")
		for k := range 30 {
			fmt.Fprintf(&b, "  implementation(libs.p%d)\n", (i+k)%300)
		}
		for k := range min(i, 8) {
			fmt.Fprintf(&b, "  implementation(projects.m%d)\n", i-k-1)
		}
		m[fmt.Sprintf("m%d/build.gradle.kts", i)] = b.String() + "}\n"
	}
	m["settings.gradle.kts"], m["gradle/libs.versions.toml"] = settings.String(), toml.String()
	return m
}

// bigMaven is a reactor of n modules with 300 managed versions.
func bigMaven(n int) memory {
	m := memory{}
	var managed, modules strings.Builder
	for i := range 300 {
		fmt.Fprintf(&managed, "<dependency><groupId>g</groupId><artifactId>p%d</artifactId><version>1.%d</version></dependency>", i, i)
	}
	for i := range n {
		fmt.Fprintf(&modules, "<module>m%d</module>", i)
		var b strings.Builder
		for k := range 30 {
			fmt.Fprintf(&b, "<dependency><groupId>g</groupId><artifactId>p%d</artifactId></dependency>", (i+k)%300)
		}
		m[fmt.Sprintf("m%d/pom.xml", i)] = fmt.Sprintf("<project><parent><groupId>a</groupId><artifactId>root</artifactId><version>1</version></parent><artifactId>m%d</artifactId><dependencies>%s</dependencies></project>", i, b.String())
	}
	m["pom.xml"] = "<project><groupId>a</groupId><artifactId>root</artifactId><version>1</version><packaging>pom</packaging><modules>" + modules.String() + "</modules><dependencyManagement><dependencies>" + managed.String() + "</dependencies></dependencyManagement></project>"
	return m
}

func BenchmarkRead(b *testing.B) {
	for name, m := range map[string]memory{"gradle": bigGradle(100), "maven": bigMaven(100)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Read(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
