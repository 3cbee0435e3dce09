package route_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/route"
)

// tree reads files from a map.
type tree map[string]string

func (t tree) read(p string) ([]byte, error) {
	if text, ok := t[p]; ok {
		return []byte(text), nil
	}
	return nil, errors.New("no such file")
}

// told writes routes as a person reads them.
func told(routes []route.Route) []string {
	var out []string
	for _, r := range routes {
		out = append(out, fmt.Sprintf("%s %s", r.Kind, r.Pattern))
	}
	return out
}

// routers is one app; want tells what each of its files serves.
type routers struct {
	name  string
	files tree
	want  map[string][]string
}

func (r routers) run(t *testing.T) {
	t.Helper()
	t.Run(r.name, func(t *testing.T) {
		t.Parallel()
		for file, want := range r.want {
			got := told(route.Of([]string{file}, r.files.read))
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got)\n%s", file, d)
			}
		}
	})
}

func TestFileRouters(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{nextApp(), nextPages(), nuxt(), svelte(), astro(), gatsby(), expo(), remix(), remix1(), reactRouter()} {
		r.run(t)
	}
}

func nextApp() routers {
	return routers{
		name: "next app",
		files: tree{
			"apps/web/package.json":   `{"dependencies":{"next":"15.1.0"}}`,
			"apps/web/next.config.ts": "/** @type {import('next').NextConfig} */\nconst config = { reactStrictMode: true, basePath: '/shop' }\nexport default config",
			"apps/web/middleware.ts":  "export function middleware() {}\nexport const config = { matcher: ['/account/:path*', '/admin'] }",
		},
		want: map[string][]string{
			"apps/web/app/page.tsx":                                     {"page /shop"},
			"apps/web/app/products/[id]/page.tsx":                       {"page /shop/products/{id}"},
			"apps/web/src/app/(marketing)/about/page.tsx":               {"page /shop/about"},
			"apps/web/app/docs/[...slug]/page.mdx":                      nil,
			"apps/web/app/docs/[...slug]/page.tsx":                      {"page /shop/docs/{slug...}"},
			"apps/web/app/docs/[[...slug]]/page.tsx":                    {"page /shop/docs/{slug...?}"},
			"apps/web/app/@modal/(.)photo/[id]/page.tsx":                {"page /shop/photo/{id}"},
			"apps/web/app/feed/@modal/(..)photo/[id]/page.tsx":          {"page /shop/photo/{id}"},
			"apps/web/app/a/b/(..)(..)photo/page.tsx":                   {"page /shop/photo"},
			"apps/web/app/a/b/(...)photo/page.tsx":                      {"page /shop/photo"},
			"apps/web/app/a/(..)(..)(..)photo/page.tsx":                 nil,
			"apps/web/app/api/cart/route.ts":                            {"api /shop/api/cart"},
			"apps/web/app/account/layout.tsx":                           {"layout /shop/account/*"},
			"apps/web/app/layout.tsx":                                   {"layout /shop/*"},
			"apps/web/app/account/loading.tsx":                          {"layout /shop/account/*"},
			"apps/web/app/global-error.tsx":                             {"layout /shop/*"},
			"apps/web/app/sitemap.ts":                                   {"api /shop/sitemap.xml"},
			"apps/web/app/_components/page.tsx":                         nil,
			"apps/web/app/account/button.tsx":                           nil,
			"apps/web/app/account/page.test.tsx":                        nil,
			"apps/web/app/account/page.module.css":                      nil,
			"apps/web/middleware.ts":                                    {"layout /shop/account/*", "layout /shop/admin/*"},
			"apps/web/components/page.tsx":                              nil,
			"packages/ui/app/page.tsx":                                  nil,
			"apps/web/test/fixtures/app/page.tsx":                       nil,
			"apps/web/app/%5Flog/page.tsx":                              {"page /shop/_log"},
			"apps/web/app/[locale]/(shop)/cart/page.tsx":                {"page /shop/{locale}/cart"},
			"apps/web/app/x\ny/page.tsx":                                nil,
			"apps/web/node_modules/next/app/page.tsx":                   nil,
			"apps/web/app/dash/@team/settings/default.tsx":              {"layout /shop/dash/settings/*"},
			"apps/web/app/[category]/[product]/reviews/[page]/page.jsx": {"page /shop/{category}/{product}/reviews/{page}"},
		},
	}
}

func nextPages() routers {
	return routers{
		name: "next pages",
		files: tree{
			"package.json":   `{"devDependencies":{"next":"^12"}}`,
			"next.config.js": `module.exports = withMDX({ pageExtensions: ['mdx', 'tsx', 'ts'], basePath: process.env.BASE, i18n: { locales: ['en', 'de'] } })`,
		},
		want: map[string][]string{
			"pages/index.tsx":              {"page /"},
			"pages/products/[id].tsx":      {"page /products/{id}"},
			"pages/products/index.tsx":     {"page /products"},
			"src/pages/[[...slug]].tsx":    {"page /{slug...?}"},
			"pages/guide.mdx":              {"page /guide"},
			"pages/guide.jsx":              nil,
			"pages/api/users/[id].ts":      {"api /api/users/{id}"},
			"pages/_app.tsx":               {"layout /*"},
			"pages/404.tsx":                nil,
			"pages/products/[id].test.tsx": nil,
			"lib/pages/x.tsx":              nil,
		},
	}
}

func nuxt() routers {
	return routers{
		name: "nuxt",
		files: tree{
			"web/package.json":   `{"dependencies":{"nuxt":"^3.9.0"}}`,
			"web/nuxt.config.ts": `export default defineNuxtConfig({ http: { baseURL: '/no' }, app: { baseURL: '/app/', head: {} } })`,
			"old/package.json":   `{"dependencies":{"nuxt":"^2.15.0"}}`,
		},
		want: map[string][]string{
			"web/pages/index.vue":               {"page /app"},
			"web/pages/users-[group]/[id].vue":  {"page /app/users-{group}/{id}"},
			"web/app/pages/blog/[...slug].vue":  {"page /app/blog/{slug...?}"},
			"web/pages/[[lang]]/about.vue":      {"page /app/{lang?}/about"},
			"web/pages/(shop)/index.vue":        {"page /app"},
			"web/server/api/users/[id].get.ts":  {"api /app/api/users/{id}"},
			"web/server/routes/sitemap.xml.ts":  {"api /app/sitemap.xml"},
			"web/server/middleware/auth.ts":     {"layout /app/*"},
			"web/server/utils/db.ts":            nil,
			"web/layouts/default.vue":           {"layout /app/*"},
			"web/layouts/shop.vue":              nil,
			"web/app.vue":                       {"layout /app/*"},
			"web/components/pages/x.vue":        nil,
			"old/pages/users/_id.vue":           {"page /users/{id}"},
			"old/pages/_.vue":                   {"page /{rest...?}"},
			"old/pages/users/__tests__/_id.vue": nil,
		},
	}
}

func svelte() routers {
	return routers{
		name: "svelte",
		files: tree{
			"package.json":     `{"devDependencies":{"@sveltejs/kit":"^2"}}`,
			"svelte.config.js": `export default { kit: { adapter: adapter(), paths: { base: '/docs' } } }`,
		},
		want: map[string][]string{
			"src/routes/+page.svelte":                         {"page /docs"},
			"src/routes/blog/[slug]/+page.server.ts":          {"page /docs/blog/{slug}"},
			"src/routes/(app)/items/[id=integer]/+page.ts":    {"page /docs/items/{id}"},
			"src/routes/[[lang]]/home/+page.svelte":           {"page /docs/{lang?}/home"},
			"src/routes/files/[...path]/+page@.svelte":        {"page /docs/files/{path...?}"},
			"src/routes/api/search/+server.js":                {"api /docs/api/search"},
			"src/routes/shop/+layout.svelte":                  {"layout /docs/shop/*"},
			"src/routes/shop/+error.svelte":                   {"layout /docs/shop/*"},
			"src/routes/shop/Cart.svelte":                     nil,
			"src/routes/[x+2f]/+page.svelte":                  nil,
			"src/routes/post-[id]-[lang]/+page.svelte":        {"page /docs/post-{id}-{lang}"},
			"src/routes/shop/+page@(app).svelte":              {"page /docs/shop"},
			"src/routes/shop/cart.spec.ts":                    nil,
			"src/routes/.well-known/security.txt/+server.ts":  {"api /docs/.well-known/security.txt"},
			"src/lib/routes/+page.svelte":                     nil,
			"src/routes/(app)/(inner)/deep/+layout.server.ts": {"layout /docs/deep/*"},
		},
	}
}

func astro() routers {
	return routers{
		name: "astro",
		files: tree{
			"astro.config.mjs": `import { defineConfig } from 'astro/config'; export default defineConfig({ site: 'https://x.dev', base: "/blog" })`,
		},
		want: map[string][]string{
			"src/pages/index.astro":           {"page /blog"},
			"src/pages/posts/[...slug].astro": {"page /blog/posts/{slug...?}"},
			"src/pages/about.md":              {"page /blog/about"},
			"src/pages/rss.xml.ts":            {"api /blog/rss.xml"},
			"src/pages/_draft.astro":          nil,
			"src/pages/_parts/x.astro":        nil,
			"src/pages/404.astro":             nil,
			"src/pages/logo.svg":              nil,
			"src/content/posts/a.md":          nil,
		},
	}
}

func gatsby() routers {
	return routers{
		name:  "gatsby",
		files: tree{"package.json": `{"dependencies":{"gatsby":"5"}}`},
		want: map[string][]string{
			"src/pages/index.js":                          {"page /"},
			"src/pages/products/{Product.fields__sku}.js": {"page /products/{sku}"},
			"src/pages/app/[...].js":                      {"page /app/{rest...?}"},
			"src/pages/user/[id].tsx":                     {"page /user/{id}"},
			"src/api/hello.js":                            {"api /api/hello"},
			"src/pages/{broken.js":                        nil,
		},
	}
}

func expo() routers {
	return routers{
		name:  "expo",
		files: tree{"m/package.json": `{"dependencies":{"expo-router":"~4"}}`, "m/app.json": `{"expo":{"experiments":{"baseUrl":"/m"}}}`},
		want: map[string][]string{
			"m/app/(tabs)/index.tsx":    {"page /m"},
			"m/app/(a,b)/user/[id].tsx": {"page /m/user/{id}"},
			"m/app/_layout.tsx":         {"layout /m/*"},
			"m/app/shop/_layout.tsx":    {"layout /m/shop/*"},
			"m/app/pay+api.ts":          {"api /m/pay"},
			"m/app/[...missing].tsx":    {"page /m/{missing...}"},
			"m/app/+not-found.tsx":      nil,
			"m/app/cart.ios.tsx":        nil,
			"m/app/cart.web.tsx":        {"page /m/cart"},
		},
	}
}

func remix() routers {
	page := "export default function Page() { return null }"
	return routers{
		name: "remix",
		files: tree{
			"package.json":                       `{"dependencies":{"@remix-run/react":"^2.8.0"}}`,
			"app/routes/_index.tsx":              page,
			"app/routes/shop.$id_.edit.tsx":      page,
			"app/routes/_auth.login.tsx":         page,
			"app/routes/($lang).about.tsx":       page,
			"app/routes/(old).home.tsx":          page,
			"app/routes/sitemap[.]xml.ts":        "export async function loader() {}",
			"app/routes/app.projects/route.tsx":  page,
			"app/routes/app.projects/button.tsx": page,
			"app/routes/files.$.tsx":             page,
		},
		want: map[string][]string{
			"app/routes/_index.tsx":              {"page /"},
			"app/routes/shop.$id_.edit.tsx":      {"page /shop/{id}/edit"},
			"app/routes/_auth.login.tsx":         {"page /login"},
			"app/routes/_auth.tsx":               {"layout /*"},
			"app/routes/($lang).about.tsx":       {"page /{lang?}/about"},
			"app/routes/(old).home.tsx":          {"page /home", "page /old/home"},
			"app/routes/sitemap[.]xml.ts":        {"api /sitemap.xml"},
			"app/routes/app.projects/route.tsx":  {"page /app/projects"},
			"app/routes/app.projects/button.tsx": nil,
			"app/routes/files.$.tsx":             {"page /files/{rest...?}"},
			"app/root.tsx":                       {"layout /*"},
			"app/entry.client.tsx":               nil,
		},
	}
}

func remix1() routers {
	return routers{
		name:  "remix 1",
		files: tree{"package.json": `{"dependencies":{"@remix-run/react":"^1.19.0"}}`},
		want: map[string][]string{
			"app/routes/index.tsx":           {"page /"},
			"app/routes/__auth/login.tsx":    {"page /login"},
			"app/routes/shop/$id/edit.tsx":   {"page /shop/{id}/edit"},
			"app/routes/shop.cart.tsx":       {"page /shop/cart"},
			"app/routes/files/$.tsx":         {"page /files/{rest...?}"},
			"app/routes/__auth.tsx":          {"layout /*"},
			"app/routes/blog/feed[.]xml.tsx": {"page /blog/feed.xml"},
		},
	}
}

func reactRouter() routers {
	return routers{
		name: "react router 7",
		files: tree{
			"package.json": `{"devDependencies":{"@react-router/dev":"^7"}}`,
			"app/routes.ts": `import { type RouteConfig, route, index, layout, prefix } from "@react-router/dev/routes";
// route("/gone", "./gone.tsx"),
export default [
  index("./home.tsx"),
  route("about", "./about.tsx"),
  layout("./auth/layout.tsx", [
    route("login", "./auth/login.tsx"),
  ]),
  ...prefix("concerts", [
    index("./concerts/home.tsx"),
    route(":city", "./concerts/city.tsx", [route("map/:zoom?", "./concerts/map.tsx")]),
    route(path("x"), "./computed.tsx"),
  ]),
  route("*", "./missing.tsx"),
] satisfies RouteConfig;`,
		},
		want: map[string][]string{
			"app/home.tsx":          {"page /"},
			"app/about.tsx":         {"page /about"},
			"app/auth/layout.tsx":   {"layout /*"},
			"app/auth/login.tsx":    {"page /login"},
			"app/concerts/home.tsx": {"page /concerts"},
			"app/concerts/city.tsx": {"page /concerts/{city}"},
			"app/concerts/map.tsx":  {"page /concerts/{city}/map/{zoom?}"},
			"app/computed.tsx":      nil,
			"app/missing.tsx":       nil,
			"app/gone.tsx":          nil,
			"app/routes.ts":         {"page /", "layout /*", "page /about", "page /concerts", "page /concerts/{city}", "page /concerts/{city}/map/{zoom?}", "page /login"},
		},
	}
}
