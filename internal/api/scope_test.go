package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
)

const changed, before = "c0ffee0123456789", "ba5eba5eba5eba5e"

// aScope is a report with every field.
func aScope() client.ScopeReport {
	return client.ScopeReport{
		Version: "v2", Base: before, Branch: "main", Title: "Rounder buttons", Address: "https://code.example/1",
		Products: []client.ScopeProduct{
			{Name: "shop", Scope: "ship", Chain: []client.ScopeStep{{Kind: "file", Name: "packages/ui/a.ts", Why: "changed"}, {Kind: "product", Name: "shop"}}},
			{Name: "docs", Scope: "verify", Chain: []client.ScopeStep{}},
		},
		Unaffected: []string{"admin"}, Unowned: []string{"x"}, Problems: []string{"a lockfile"}, Routes: []string{"/cart"}, RoutesKnown: true,
	}
}

func TestScopeIsToldAndReadBack(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	for i, want := range []bool{true, false} {
		got := must[client.Scope](t)(c.ReportScope(t.Context(), changed, aScope()))
		if got.New != want || got.Text != "This change will release: shop" || got.Commit != changed {
			t.Errorf("report %d: %+v", i, got)
		}
	}
	got := must[client.Scope](t)(dial(t, h, srv, access.Viewer).Scope(t.Context(), changed[:9]))
	sent := aScope()
	want := client.Scope{
		Commit: changed, Version: "v2", Base: before, Branch: "main", Title: "Rounder buttons", Address: "https://code.example/1",
		Text: "This change will release: shop", Unaffected: sent.Unaffected, Unowned: sent.Unowned, Problems: sent.Problems, Routes: sent.Routes, RoutesKnown: true,
		Products: []client.ScopeShipped{{ScopeProduct: sent.Products[0], Configured: true}, {ScopeProduct: sent.Products[1]}},
	}
	ignore := cmpopts.IgnoreFields(client.ScopeShipped{}, "Journeys")
	if diff := cmp.Diff(got, want, ignore, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read back (-got +want):\n%s", diff)
	}
	if _, err := c.Scope(t.Context(), "feedfeedfeed"); !client.IsKind(err, client.NotFound) {
		t.Errorf("of a change that nobody told: %v", err)
	}
}

func TestArtifactsContradictAScope(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	quiet := aScope()
	quiet.Products, quiet.Unaffected = nil, []string{"shop"}
	must[client.Scope](t)(c.ReportScope(t.Context(), changed, quiet))
	build := func(commit, hash string) client.Artifacts {
		a := client.Artifacts{Commit: commit, Files: []client.ArtifactFile{{Path: "app.js", SHA256: strings.Repeat(hash, 64), Size: 5}}}
		for i := range 19_999 { // as many as are taken
			a.Files = append(a.Files, client.ArtifactFile{Path: fmt.Sprintf("assets/%05d-%s.js", i, strings.Repeat("x", 60)), SHA256: strings.Repeat("0", 64)})
		}
		return a
	}
	if told := must[client.ArtifactsTold](t)(c.ReportArtifacts(t.Context(), "shop", build(before, "a"))); !told.New || told.Finding != nil {
		t.Errorf("the base's build: %+v", told)
	}
	for i, want := range []bool{true, false} {
		told := must[client.ArtifactsTold](t)(c.ReportArtifacts(t.Context(), "shop", build(changed, "b")))
		f := told.Finding
		if told.New != want || told.Compared != before || f == nil || !f.Exact || f.Total != 1 || !strings.HasPrefix(f.Text, "our own bug: said unaffected, bytes changed: app.js") {
			t.Errorf("build %d: %+v", i, told)
		}
	}
	if got := must[client.Scope](t)(c.Scope(t.Context(), changed)); len(got.Findings) != 1 || got.Findings[0].Files[0].Path != "app.js" {
		t.Errorf("findings %+v", got.Findings)
	}
	if told := must[client.ArtifactsTold](t)(c.ReportArtifacts(t.Context(), "shop", build(changed, "a"))); told.Finding != nil || told.Compared != before {
		t.Errorf("the same bytes: %+v", told)
	}
}

// A viewer may read and not report; what is malformed is refused, and what is
// merely too long is cut by the client.
func TestHostileScopes(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	token := h.Grant("ci", access.Responder)
	viewer := dial(t, h, srv, access.Viewer)
	if _, err := viewer.ReportScope(t.Context(), changed, aScope()); !client.IsKind(err, client.Denied) {
		t.Errorf("a viewer reports: %v", err)
	}
	if _, err := viewer.ReportArtifacts(t.Context(), "shop", client.Artifacts{Commit: changed, Files: []client.ArtifactFile{}}); !client.IsKind(err, client.Denied) {
		t.Errorf("a viewer reports artifacts: %v", err)
	}
	hash := strings.Repeat("a", 64)
	file := func(path, sum string) string {
		return fmt.Sprintf(`{"commit":%q,"files":[{"path":%q,"sha256":%q,"size":1}]}`, changed, path, sum)
	}
	const refused = http.StatusUnprocessableEntity
	for name, tt := range map[string]struct {
		path, body string
		want       int
	}{
		"plain":             {"changes/" + changed + "/scope", `{"products":[]}`, http.StatusOK},
		"no products":       {"changes/" + changed + "/scope", `{}`, refused},
		"a short commit":    {"changes/c0ffee/scope", `{"products":[]}`, refused},
		"a commit of dots":  {"changes/..%2f..%2f..%2fetc/scope", `{"products":[]}`, refused},
		"unknown scope":     {"changes/" + changed + "/scope", `{"products":[{"name":"shop","scope":"maybe","chain":[]}]}`, refused},
		"twice":             {"changes/" + changed + "/scope", `{"products":[{"name":"shop","scope":"ship","chain":[]}],"unaffected":["shop"]}`, refused},
		"too many products": {"changes/" + changed + "/scope", `{"products":[` + strings.TrimSuffix(strings.Repeat(`{"name":"shop","scope":"ship","chain":[]},`, 2001), ",") + `]}`, refused},
		"too large":         {"changes/" + changed + "/scope", `{"products":[],"title":"` + strings.Repeat("x", 9<<20) + `"}`, http.StatusRequestEntityTooLarge},
		"a file":            {"products/shop/artifacts", file("a.js", hash), http.StatusOK},
		"of no product":     {"products/none/artifacts", file("a.js", hash), http.StatusNotFound},
		"outside":           {"products/shop/artifacts", file("../a.js", hash), refused},
		"no hash":           {"products/shop/artifacts", file("a.js", "abc"), refused},
		"no files":          {"products/shop/artifacts", `{"commit":"` + changed + `","files":[]}`, refused},
		"a file twice": {
			"products/shop/artifacts",
			fmt.Sprintf(`{"commit":%q,"files":[{"path":"a","sha256":%[2]q,"size":1},{"path":"a","sha256":%[2]q,"size":1}]}`, changed, hash), refused,
		},
	} {
		if resp, p := send(t, srv, http.MethodPost, "/api/v1/"+tt.path, token, tt.body); resp.StatusCode != tt.want {
			t.Errorf("%s: got %d %q, want %d", name, resp.StatusCode, p.Detail, tt.want)
		}
	}
	long := aScope()
	long.Title, long.All, long.Branch = strings.Repeat("\x1b\x00\xff", 9000), strings.Repeat("ä", 9000), "a\nb"
	for i := range 3000 {
		long.Unowned = append(long.Unowned, strings.Repeat("y", 3000))
		long.Products[0].Chain = append(long.Products[0].Chain, client.ScopeStep{Kind: "unit", Name: strings.Repeat("x", 4000)})
		if i < 1500 {
			long.Products = append(long.Products, client.ScopeProduct{Name: fmt.Sprint("p", i), Scope: "ship"})
		}
	}
	got, err := dial(t, h, srv, access.Responder).ReportScope(t.Context(), changed, long)
	if err != nil || len(got.Products) != 1502 {
		t.Errorf("a long report: %v, %d products", err, len(got.Products))
	}
}
