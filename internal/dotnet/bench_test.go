package dotnet

import (
	"fmt"
	"strings"
	"testing"
)

// big is a solution of n projects, each with references and 60 packages among
// 400 central ones.
func big(n int) memory {
	m := memory{"Directory.Build.props": "<Project><PropertyGroup><A>1</A></PropertyGroup></Project>"}
	var b strings.Builder
	for i := range 400 {
		fmt.Fprintf(&b, `<PackageVersion Include="P%d" Version="1.%d"/>`, i, i)
	}
	m["Directory.Packages.props"] = "<Project><ItemGroup>" + b.String() + "</ItemGroup></Project>"
	for i := range n {
		var b strings.Builder
		for k := range 60 {
			fmt.Fprintf(&b, `<PackageReference Include="P%d"/>`, (i+k)%400)
		}
		for k := range min(i, 10) {
			fmt.Fprintf(&b, `<ProjectReference Include="..\P%d\P%d.csproj"/>`, i-k-1, i-k-1)
		}
		m[fmt.Sprintf("src/P%d/P%d.csproj", i, i)] = `<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>` + b.String() + "</ItemGroup></Project>"
	}
	return m
}

func BenchmarkRead(b *testing.B) {
	m := big(100)
	for b.Loop() {
		if _, err := Read(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
}
