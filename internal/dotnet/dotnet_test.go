package dotnet

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// shop is a solution like those of large reference applications: services, a
// shared library, central versions, chained props, tests, and a host.
func shop() memory {
	return memory{
		"Shop.slnx":    `<Solution><Project Path="src/Basket.API/Basket.API.csproj"><BuildDependency Project="src/Tool/Tool.csproj"/></Project></Solution>`,
		"global.json":  `{"sdk":{"version":"9.0.100"}}`,
		"nuget.config": `<configuration/>`,
		"Directory.Build.props": `<Project>
  <PropertyGroup><ImplicitUsings>enable</ImplicitUsings><SharedDir>$(MSBuildThisFileDirectory)src\Shared\</SharedDir></PropertyGroup>
</Project>`,
		"src/Directory.Build.props": `<Project>
  <Import Project="$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))" Condition="'' != $([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))" />
</Project>`,
		"Directory.Packages.props": `<Project>
  <PropertyGroup>
    <ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>
    <GrpcVersion>2.67.0</GrpcVersion>
    <AspireVersion>9.0.0</AspireVersion>
  </PropertyGroup>
  <ItemGroup>
    <!-- versions -->
    <PackageVersion Include="Grpc.AspNetCore" Version="$(GrpcVersion)" />
    <PackageVersion Include="Google.Protobuf" Version="3.29.1" />
    <PackageVersion Include="Npgsql" Version="9.0.1" />
    <PackageVersion Include="Aspire.Hosting" Version="$(AspireVersion)" />
    <PackageVersion Include="Microsoft.NET.Test.Sdk" Version="17.0.0" />
  </ItemGroup>
</Project>`,
		"src/Shared/ActivityExtensions.cs": "class A {}",
		"src/EventBus/EventBus.csproj":     `<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="google.protobuf" /></ItemGroup></Project>`,
		"src/Basket.API/Basket.API.csproj": `<Project Sdk="Microsoft.NET.Sdk.Web">
  <ItemGroup>
    <PackageReference Include="Grpc.AspNetCore" />
    <ProjectReference Include="..\EventBus\EventBus.csproj" />
    <Protobuf Include="..\Basket.Protos\basket.proto" GrpcServices="Server" />
  </ItemGroup>
</Project>`,
		"src/Basket.Protos/basket.proto": `syntax = "proto3";`,
		"src/Catalog.API/Catalog.API.csproj": `<Project Sdk="Microsoft.NET.Sdk.Web">
  <ItemGroup>
    <PackageReference Include="Npgsql" VersionOverride="8.0.0" />
    <Compile Include="$(SharedDir)ActivityExtensions.cs" Link="Extensions\ActivityExtensions.cs" />
    <Content Include="..\..\assets\**\*.webp" />
    <None Include="..\..\docs\notes.txt" />
    <None Include="..\..\docs\shipped.txt" CopyToOutputDirectory="Always" />
  </ItemGroup>
</Project>`,
		"docs/notes.txt": "n", "docs/shipped.txt": "s",
		"src/Tool/Tool.csproj":       `<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup></Project>`,
		"src/AppHost/AppHost.csproj": `<Project Sdk="Microsoft.NET.Sdk"><Sdk Name="Aspire.AppHost.Sdk" Version="9"/><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup><ItemGroup><PackageReference Include="Aspire.Hosting"/><ProjectReference Include="..\Basket.API\basket.api.csproj"/></ItemGroup></Project>`,
		"tests/Basket.UnitTests/Basket.UnitTests.csproj": `<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>
  <PackageReference Include="Microsoft.NET.Test.Sdk" /><ProjectReference Include="..\..\src\Basket.API\Basket.API.csproj" /></ItemGroup></Project>`,
	}
}

func TestShop(t *testing.T) {
	t.Parallel()
	s := read(t, shop())
	if len(s.Problems) > 0 {
		t.Fatalf("got problems %v", s.Problems)
	}
	var products []string
	for _, u := range s.Units {
		if u.Product {
			products = append(products, u.Name)
		}
	}
	if diff := cmp.Diff(products, []string{"Basket.API", "Catalog.API", "Tool"}); diff != "" {
		t.Error(diff)
	}
	basket, catalog := named(t, s, "Basket.API"), named(t, s, "Catalog.API")
	if diff := cmp.Diff(needs(basket), []string{"src/EventBus/EventBus.csproj", "src/Tool/Tool.csproj", "tests/Basket.UnitTests/Basket.UnitTests.csproj (verify)"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(named(t, s, "AppHost")), []string{"src/Basket.API/Basket.API.csproj"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(inputs(basket, workspace.Ship), []string{
		"Directory.Build.props", "global.json", "nuget.config", "src/Basket.Protos/basket.proto", "src/Directory.Build.props",
	}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(inputs(catalog, workspace.Ship), []string{
		"Directory.Build.props", "assets/**/*.webp", "docs/shipped.txt", "global.json", "nuget.config", "src/Directory.Build.props", "src/Shared/ActivityExtensions.cs",
	}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(inputs(catalog, workspace.Verify), []string{"docs/notes.txt"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s.Claimed, []string{"Directory.Packages.props", "Shop.slnx"}); diff != "" {
		t.Error(diff)
	}
}

func TestCentralVersions(t *testing.T) {
	t.Parallel()
	const central = "Directory.Packages.props"
	all := []string{"AppHost", "Basket.API", "Catalog.API", "EventBus", "Tool", "Basket.UnitTests"}
	for _, c := range []struct {
		name, old, fresh string
		want             []string
	}{
		{"one package", `"3.29.1"`, `"3.30.0"`, []string{"EventBus"}},
		{"a property that only versions use", "2.67.0", "2.68.0", []string{"Basket.API"}},
		{"an overridden one", "9.0.1", "9.0.2", nil},
		{"a comment", "<!-- versions -->", "<!-- other -->", nil},
		{"a new package nobody has", "<!-- versions -->", `<PackageVersion Include="New" Version="1"/>`, nil},
		{"a setting", "<GrpcVersion>", "<CentralPackageFloatingVersionsEnabled>true</CentralPackageFloatingVersionsEnabled><GrpcVersion>", all},
		{"one for everyone", "<!-- versions -->", `<GlobalPackageReference Include="Nerdbank.GitVersioning" Version="3"/>`, all},
		{"pinning", "<GrpcVersion>", "<CentralPackageTransitivePinningEnabled>true</CentralPackageTransitivePinningEnabled><GrpcVersion>", all},
		{"a condition", `Include="Npgsql"`, `Include="Google.Protobuf" Condition="'$(TargetFramework)'=='net8.0'"`, []string{"EventBus"}},
		{"removed", `<PackageVersion Include="Google.Protobuf" Version="3.29.1" />`, "", []string{"EventBus"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := shop()
			if diff := cmp.Diff(changed(t, m, m.edit(t, central, c.old, c.fresh)), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("pinned", func(t *testing.T) {
		t.Parallel()
		m := shop().edit(t, central, "<GrpcVersion>", "<CentralPackageTransitivePinningEnabled>true</CentralPackageTransitivePinningEnabled><GrpcVersion>")
		if diff := cmp.Diff(changed(t, m, m.edit(t, central, `"3.29.1"`, `"3.30.0"`)), all); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("pinned, and no kin of what others have", func(t *testing.T) {
		t.Parallel()
		m := shop().edit(t, central, "<GrpcVersion>", "<CentralPackageTransitivePinningEnabled>true</CentralPackageTransitivePinningEnabled><GrpcVersion>")
		if diff := cmp.Diff(changed(t, m, m.edit(t, central, "9.0.0", "9.1.0")), []string{"AppHost"}); diff != "" {
			t.Error(diff)
		}
		unasked := m.edit(t, central, "<!-- versions -->", `<PackageVersion Include="Cve.Fixed" Version="1"/>`)
		if diff := cmp.Diff(changed(t, m, unasked), all); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the nearest counts", func(t *testing.T) {
		t.Parallel()
		m := shop().with("src/EventBus/Directory.Packages.props", `<Project><Import Project="$([MSBuild]::GetPathOfFileAbove(Directory.Packages.props, $(MSBuildThisFileDirectory)..))"/>
			<ItemGroup><PackageVersion Update="Google.Protobuf" Version="1"/></ItemGroup></Project>`)
		s := read(t, m)
		if diff := cmp.Diff(named(t, s, "EventBus").External["google.protobuf"], "3.29.1 or 1"); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(s.Claimed, []string{"Directory.Packages.props", "Shop.slnx", "src/EventBus/Directory.Packages.props"}); diff != "" {
			t.Error(diff)
		}
		alone := m.with("src/EventBus/Directory.Packages.props", "<Project/>")
		if got := named(t, read(t, alone), "EventBus").External["google.protobuf"]; got != "" {
			t.Errorf("got %q from a file that is hidden by a nearer one", got)
		}
	})
}

func TestLock(t *testing.T) {
	t.Parallel()
	const file = "src/EventBus/packages.lock.json"
	lock := `{"version":1,"dependencies":{"net9.0":{"Google.Protobuf":{"type":"Direct","resolved":"3.29.1","contentHash":"a","dependencies":{"System.Memory":"4.5.3"}},"System.Memory":{"type":"Transitive","resolved":"4.5.3","contentHash":"b"}}}}`
	m := shop().with(file, lock)
	for _, c := range []struct{ old, fresh string }{
		{`"contentHash":"b"`, `"contentHash":"c"`},
		{`"System.Memory":"4.5.3"`, `"System.Memory":"4.5.0"`},
		{`net9.0`, `net8.0`},
	} {
		if diff := cmp.Diff(changed(t, m, m.edit(t, file, c.old, c.fresh)), []string{"EventBus"}); diff != "" {
			t.Errorf("%s: %s", c.old, diff)
		}
	}
	for _, text := range []string{"{", `{"version":9}`, "[]"} {
		s := read(t, m.with(file, text))
		if len(s.Problems) != 1 || s.Problems[0].Path != file || len(s.Problems[0].Units) != 1 {
			t.Errorf("%s: got problems %v", text, s.Problems)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	base := memory{"a/A.csproj": `<Project Sdk="Microsoft.NET.Sdk"/>`, "b/B.csproj": `<Project Sdk="Microsoft.NET.Sdk"/>`, "eng/common.targets": `<Project><ItemGroup><ProjectReference Include="$(MSBuildThisFileDirectory)..\b\B.csproj"/></ItemGroup></Project>`}
	project := func(body string) memory {
		return base.with("a/A.csproj", `<Project Sdk="Microsoft.NET.Sdk">`+body+`</Project>`)
	}
	group := func(items string) memory { return project("<ItemGroup>" + items + "</ItemGroup>") }
	for _, c := range []struct {
		name         string
		tree         memory
		needs, files []string
	}{
		{"plain", group(`<ProjectReference Include="../b/B.csproj"/>`), []string{"b/B.csproj"}, nil},
		{"list", group(`<ProjectReference Include="..\b\B.csproj;..\no\No.csproj"/>`), []string{"b/B.csproj"}, nil},
		{"glob", group(`<ProjectReference Include="..\**\*.csproj"/>`), []string{"b/B.csproj"}, nil},
		{"removed", group(`<ProjectReference Include="..\**\*.csproj"/><ProjectReference Remove="..\b\**"/>`), nil, nil},
		{"through what is imported", project(`<Import Project="..\eng\common.targets"/>`), []string{"b/B.csproj"}, []string{"eng/common.targets"}},
		{"unknown beginning", group(`<ProjectReference Include="$(RepoRoot)b\B.csproj"/>`), []string{"b/B.csproj"}, nil},
		{"unknown import", project(`<Import Project="$(EngRoot)\common.targets"/>`), []string{"b/B.csproj"}, []string{"eng/common.targets"}},
		{"property", project(`<PropertyGroup><D>..\b</D></PropertyGroup><ItemGroup><ProjectReference Include="$(D)\B.csproj"/></ItemGroup>`), []string{"b/B.csproj"}, nil},
		{"either value", project(`<PropertyGroup><D Condition="1">..\no</D><D Condition="2">..\b</D></PropertyGroup><ItemGroup><ProjectReference Include="$(D)\B.csproj"/></ItemGroup>`), []string{"b/B.csproj"}, nil},
		{"choice", project(`<Choose><When Condition="x"><ItemGroup><ProjectReference Include="..\b\B.csproj"/></ItemGroup></When></Choose>`), []string{"b/B.csproj"}, nil},
		{"task", project(`<Target Name="x"><MSBuild Projects="..\b\B.csproj"/><Exec Command="node ../eng/common.targets --fast"/></Target>`), []string{"b/B.csproj"}, []string{"eng/common.targets"}},
		{"key file", project(`<PropertyGroup><AssemblyOriginatorKeyFile>$(MSBuildThisFileDirectory)..\eng\common.targets</AssemblyOriginatorKeyFile></PropertyGroup>`), nil, []string{"eng/common.targets"}},
		{"escape", group(`<Content Include="..\x%5B1%5D\*.txt"/>`), nil, []string{`x\[1\]/*.txt`}},
		{"out of the repository", group(`<Compile Include="..\..\x.cs"/><ProjectReference Include="..\..\b\B.csproj"/>`), nil, nil},
		{"a folder of the client", project(`<PropertyGroup><SpaRoot>..\b\</SpaRoot></PropertyGroup>`), nil, []string{"b/**"}},
		{"a library by path", group(`<Reference Include="X"><HintPath>..\eng\common.targets</HintPath></Reference>`), nil, []string{"eng/common.targets"}},
		{"submodule", group(`<ProjectReference Include="..\sub\x\X.csproj"/>`).with("sub", "commit"), nil, []string{"sub"}},
		{"shared project", project(`<Import Project="..\s\S.projitems" Label="Shared"/>`).with("s/S.projitems", `<Project><ItemGroup><Compile Include="$(MSBuildThisFileDirectory)S.cs"/></ItemGroup></Project>`, "s/S.cs", "x"), nil, []string{"s/S.cs", "s/S.projitems"}},
		{"default items reach into deeper projects", base.with("a/deep/D.csproj", `<Project/>`), nil, []string{"a/deep/**/*.{cs,resx}"}},
		{"unless taken out", group(`<Compile Remove="deep\**"/>`).with("a/deep/D.csproj", `<Project/>`), nil, nil},
		{"before SDKs", base.with("a/A.csproj", `<Project><ItemGroup><Compile Include="..\b\x.cs"><Link>x.cs</Link></Compile></ItemGroup></Project>`, "b/x.cs", ""+"x"), nil, []string{"b/x.cs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := read(t, c.tree)
			if len(s.Problems) > 0 {
				t.Errorf("got problems %v", s.Problems)
			}
			u := named(t, s, "A")
			if diff := cmp.Diff(needs(u), c.needs); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(inputs(u, workspace.Ship), c.files); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	m := memory{
		"a/A.csproj": `<Project Sdk="Microsoft.NET.Sdk"><Import Project="x.props"/><PropertyGroup><P>$(P)$(P)$(P)</P><Q>$(P)$(P)</Q></PropertyGroup></Project>`,
		"a/x.props":  `<Project><Import Project="y.props"/><PropertyGroup><P>$(P);1</P></PropertyGroup></Project>`,
		"a/y.props":  `<Project><Import Project="x.props"/><Import Project="y.props"/><Import Project="missing.props"/></Project>`,
	}
	if s := read(t, m); len(s.Problems) > 0 || len(s.Units) != 1 {
		t.Errorf("got problems %v", s.Problems)
	}
	for name, text := range map[string]string{
		"broken": "<Project", "long": "<Project>" + strings.Repeat(" ", 10<<20) + "</Project>", "bomb": `<!DOCTYPE x [<!ENTITY a "b">]><Project>&a;</Project>`,
	} {
		s := read(t, m.with("a/y.props", text, "b/B.csproj", "<Project/>"))
		if len(s.Problems) != 1 || s.Problems[0].Path != "a/y.props" || len(s.Problems[0].Units) != 1 || s.Problems[0].Units[0] != "dotnet:a/A.csproj" {
			t.Errorf("%s: got problems %v", name, s.Problems)
		}
	}
	s := read(t, memory{"a/A.csproj": `<Project><ItemGroup><ProjectReference Include="@(Others)"/></ItemGroup></Project>`})
	if len(s.Problems) != 1 {
		t.Errorf("a reference that cannot be followed: got problems %v", s.Problems)
	}
	if s := read(t, memory{"README.md": "x"}); len(s.Units)+len(s.Problems) != 0 {
		t.Errorf("nothing here: got %v", s)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`<Project Sdk="x"><PropertyGroup><A>$(B)..\%2a</A></PropertyGroup><ItemGroup><Compile Include="..\$(A)\**"/></ItemGroup></Project>`, `{"version":1,"dependencies":{}}`, "Project(\"{t}\") = \"n\", \"a\\A.csproj\", \"{g}\"")
	f.Add(`<Project><Import Project="$([MSBuild]::GetPathOfFileAbove('a', '$(B)'))"/></Project>`, "", "ProjectSection(ProjectDependencies)\n{g} = {g}\n")
	f.Fuzz(func(t *testing.T, project, lock, sln string) {
		m := memory{"a/A.csproj": project, "Directory.Packages.props": project, "Directory.Build.props": project, "a/packages.lock.json": lock, "x.sln": sln}
		if _, err := Read(t.Context(), m); err != nil {
			t.Error(err)
		}
	})
}
