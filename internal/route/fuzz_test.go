package route_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/route"
)

// FuzzOf: whatever a file is called and holds, the routes are ones that can be
// shown, belong to it, and are reached by no visit that was not made.
func FuzzOf(f *testing.F) {
	for _, seed := range [][2]string{
		{"app/[id]/(..)x/page.tsx", ""},
		{"src/server.ts", "import express from 'express'; const app = express(); app.get('/x/:id(\\\\d+)', h)"},
		{"config/routes.rb", "Rails.application.routes.draw do\nresources :a, only: [:b] do\nget 'x'\nend\nend"},
		{"main.py", "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/x')\ndef x(): ...\n"},
		{"shop/urls.py", "from django.urls import path, include\nurlpatterns = [path('x/', include('shop.urls'))]"},
		{"main.go", "package main\nimport \"net/http\"\nfunc main() { http.HandleFunc(\"GET /x/{id}\", h) }"},
		{"Program.cs", "var app = builder.Build(); app.MapGet(\"/x/{**y}\", () => 1); class WebApplication {}"},
		{"A.cs", "[Route(\"a\")] class XController : Controller { [HttpGet(\"{id}\")] public int A() { return 1; } }"},
		{"Pages/A.cshtml", "@page \"{id}\""},
		{"routes/web.php", "<?php Route::prefix('a')->group(function () { Route::get('/x', 1); });"},
		{"A.java", "@RestController @RequestMapping({\"/a\"}) class A { @GetMapping(\"/b\") int b() { return 1; } }"},
		{"src/App.jsx", "import {Route} from 'react-router-dom'; <Route path='/a'><Route path=\"b\" /></Route>"},
		{"src/router.ts", "import {createRouter} from 'vue-router'; createRouter({ routes: [{ path: '/a', children: [{ path: 'b' }] }] })"},
		{"app/routes.ts", "export default [route('a', './a.tsx', [index('./b.tsx')])]"},
	} {
		f.Add(seed[0], seed[1])
	}
	manifest := `{"dependencies":{"next":"1","nuxt":"3","@sveltejs/kit":"1","astro":"1","gatsby":"1","expo-router":"1","@remix-run/react":"2","@react-router/dev":"7"}}`
	f.Fuzz(func(t *testing.T, p, text string) {
		read := func(asked string) ([]byte, error) {
			switch {
			case asked == p:
				return []byte(text), nil
			case asked == "package.json":
				return []byte(manifest), nil
			case asked == "manage.py":
				return []byte("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's')"), nil
			case asked == "s.py":
				return []byte("ROOT_URLCONF = 'shop.urls'"), nil
			}
			return nil, errors.New("no such file")
		}
		routes := route.Of([]string{p, p}, read)
		for _, r := range routes {
			if r.File != p || !strings.HasPrefix(r.Pattern, "/") || strings.ContainsAny(r.Pattern, " \n\t\"<>\\") || r.Why == "" {
				t.Errorf("got %+v", r)
			}
			if (r.Kind == route.Layout) != strings.HasSuffix(r.Pattern, "/*") {
				t.Errorf("got %s %s", r.Kind, r.Pattern)
			}
		}
		if got := route.Uncovered(routes, nil); len(got) != len(routes) {
			t.Errorf("got %d uncovered of %d, without a visit", len(got), len(routes))
		}
	})
}

// FuzzVisited: what is visited is a clean path, and itself when read again.
func FuzzVisited(f *testing.F) {
	for _, seed := range []string{"https://a.b/c?d#e", "/a/../b", "{{x}}/y", "**/z/*", "#/a", "//h", "/%2F/%2e%2e", "http:/x"} {
		f.Add(seed, "/{a...}/b-{c}")
	}
	f.Fuzz(func(t *testing.T, address, pattern string) {
		paths := route.Visited([]string{address})
		for _, p := range paths {
			if !strings.HasPrefix(p, "/") || len(p) > 1 && strings.HasSuffix(p, "/") {
				t.Errorf("got %q", p)
			}
		}
		if len(pattern) < 1000 {
			route.Uncovered([]route.Route{{Pattern: pattern}}, paths)
		}
	})
}
