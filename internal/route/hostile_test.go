package route_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/route"
)

// TestHostile: endless repetition of any piece in any file neither panics nor
// floods.
func TestHostile(t *testing.T) {
	t.Parallel()
	heads := map[string]string{
		"src/server.ts":     "import express from 'express'; import {Route} from 'react-router-dom'; const app = express();",
		"src/router.ts":     "import { createRouter } from 'vue-router'; createRouter({routes: [",
		"src/react.tsx":     "import { createBrowserRouter } from 'react-router'; createBrowserRouter([",
		"src/app.routes.ts": "import { Routes } from '@angular/router'; const routes: Routes = [",
		"app/routes.ts":     "export default [",
		"next.config.js":    "",
		"middleware.ts":     "",
		"main.py":           "from fastapi import FastAPI\napp = FastAPI()\n",
		"config/routes.rb":  "Rails.application.routes.draw do\n",
		"main.go":           "package main\nimport \"net/http\"\nfunc main() {",
		"A.cs":              "class A : Controller {",
		"Program.cs":        "var app = builder.Build(); WebApplication x;",
		"Pages/A.cshtml":    "",
		"routes/web.php":    "<?php ",
		"A.java":            "@RestController class A {",
	}
	pieces := []string{
		"(", "{", "[", "`${", "/*", "/*\"", "'", "\"", "<Route ", "<Route path='/a'>", "<Route path={", "app.get('/x', h);", "app.use(", "Route::prefix('a')->group(function () {", "->a(",
		"{ path: '/a', children: [", "route('a', 'b', [", "namespace :a do\n", "resources :a do\n", "resources :a, ", "@GetMapping({", "@app.get('/x')\n", "path('x', include(", "[Route(\"x\")] ",
		"app.MapGroup(\"x\").", "http.HandleFunc(\"/x\", ", "func(){", "/", "/a", "a = Router();", "*/", "@page \"/x\"\n", "if ", "end\n", "x.include_router(a)\n", "const routes = [", "matcher: ",
	}
	for file, head := range heads {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, piece := range pieces {
				text := head + strings.Repeat(piece, (1<<13-len(head))/len(piece))
				read := func(p string) ([]byte, error) {
					if p == "package.json" {
						return []byte(`{"dependencies":{"next":"1","@react-router/dev":"7"}}`), nil
					}
					return []byte(text), nil
				}
				routes := route.Of([]string{file}, read)
				if len(routes) > 5000 {
					t.Errorf("%q: got %d routes", piece, len(routes))
				}
			}
		})
	}
}

// TestLinear: what repeats an opening takes time in proportion. The bound is for
// a machine that is busy: what is not linear takes minutes.
func TestLinear(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"src/server.ts", "import express from 'express';", "`${"},
		{"src/App.jsx", "import {Route} from 'react-router-dom';", "<Route path='/a'>/*\""},
		{"src/app.ts", "", "\\'/"},
		{"main.py", "from fastapi import APIRouter\n", "a = APIRouter()\nx.include_router(a)\n"},
		{"config/routes.rb", "Rails.application.routes.draw do\n", "namespace :a do\n"},
	} {
		text := c[1] + strings.Repeat(c[2], (1<<17)/len(c[2]))
		start := time.Now()
		route.Of([]string{c[0]}, func(string) ([]byte, error) { return []byte(text), nil })
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s of %q took %s", c[0], c[2], took)
		}
	}
}
