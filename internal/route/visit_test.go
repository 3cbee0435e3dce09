package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/route"
)

func TestVisited(t *testing.T) {
	t.Parallel()
	got := route.Visited([]string{
		"https://shop.example/de/products/5/?utm=1#top", "/cart/", "GET https://api.example/v1/me", "{{baseURL}}/login",
		"${BASE}/a%20b", "**/orders/*", "https://shop.example", "//cdn.example/x", "about:blank", "data:text/html,x", "mailto:a@b.c",
		"https://x.example/#/settings", "https://x.example/app#!/inbox", "/cart", "", "relative", "/a/../b/./c", "/files/a%2Fb",
	})
	want := []string{
		"/", "/a b", "/app", "/b/c", "/cart", "/de/products/5", "/files/a%2Fb", "/inbox", "/login", "/orders/*", "/settings", "/v1/me", "/x",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUncovered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		routes  []string // patterns; one that ends in "*" is a layout
		visited []string
		want    []string
	}{
		{"a parameter matches anything", []string{"/products/{id}"}, []string{"/products/5"}, nil},
		{"not less", []string{"/products/{id}"}, []string{"/products"}, []string{"/products/{id}"}},
		{"not more", []string{"/products/{id}"}, []string{"/products/5/edit"}, []string{"/products/{id}"}},
		{"the exact route is served", []string{"/products/{id}", "/products/new"}, []string{"/products/new"}, []string{"/products/{id}"}},
		{"optional", []string{"/{lang?}/about"}, []string{"/about"}, nil},
		{"optional given", []string{"/{lang?}/about"}, []string{"/en/about"}, nil},
		{"rest wants one", []string{"/docs/{slug...}"}, []string{"/docs"}, []string{"/docs/{slug...}"}},
		{"rest", []string{"/docs/{slug...}"}, []string{"/docs/a/b"}, nil},
		{"rest or none", []string{"/docs/{slug...?}"}, []string{"/docs"}, nil},
		{"rest in the middle", []string{"/{a...}/edit"}, []string{"/x/y/edit"}, nil},
		{"layout above", []string{"/shop/*"}, []string{"/shop"}, nil},
		{"layout below", []string{"/shop/*"}, []string{"/shop/a/b"}, nil},
		{"layout beside", []string{"/shop/*"}, []string{"/shopping"}, []string{"/shop/*"}},
		{"locale", []string{"/about"}, []string{"/pt-BR/about"}, nil},
		{"a word is no locale", []string{"/account"}, []string{"/my/account"}, []string{"/account"}},
		{"a locale that is a route", []string{"/de", "/"}, []string{"/de"}, []string{"/"}},
		{"a locale left out", []string{"/{locale}/cart"}, []string{"/cart"}, nil},
		{"the locale is no page", []string{"/{locale}/{slug}"}, []string{"/en"}, []string{"/{locale}/{slug}"}},
		{"mixed", []string{"/post-{id}.html"}, []string{"/post-7.html"}, nil},
		{"mixed, other", []string{"/post-{id}.html"}, []string{"/page-7.html"}, []string{"/post-{id}.html"}},
		{"base path", []string{"/shop/cart"}, []string{"/cart"}, []string{"/shop/cart"}},
		{"a glob is no literal", []string{"/orders/{id}", "/orders/new"}, []string{"/orders/*"}, []string{"/orders/new"}},
		{"nothing visited", []string{"/", "/a"}, nil, []string{"/", "/a"}},
		{"root", []string{"/"}, []string{"/"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var routes []route.Route
			for _, p := range c.routes {
				kind := route.Page
				if p[len(p)-1] == '*' {
					kind = route.Layout
				}
				routes = append(routes, route.Route{Pattern: p, Kind: kind})
			}
			var got []string
			for _, r := range route.Uncovered(routes, c.visited) {
				got = append(got, r.Pattern)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestUncoveredApps: routes of two apps do not compete.
func TestUncoveredApps(t *testing.T) {
	t.Parallel()
	routes := []route.Route{{Pattern: "/products/new", App: "apps/admin", Kind: route.Page}, {Pattern: "/products/{id}", App: "apps/web", Kind: route.Page}}
	if got := route.Uncovered(routes, []string{"/products/new"}); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}
