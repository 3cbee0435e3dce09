package route_test

import "testing"

func TestTables(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("angular", "src/app/app.routes.ts", `import { Routes } from '@angular/router';
export const routes: Routes = [
  { path: '', pathMatch: 'full', redirectTo: 'home' },
  { path: 'home', component: HomeComponent },
  { path: 'products', children: [
    { path: '', component: List },
    { path: ':id', loadComponent: () => import('./p').then(m => m.P), data: { path: 'no' } },
  ] },
  { path: 'admin', loadChildren: () => import('./admin/admin.routes').then(m => m.routes) },
  { path: COMPUTED, component: X, children: [{ path: 'lost', component: L }] },
  { path: '**', component: NotFound },
];`, "layout /admin/*", "page /home", "page /products", "layout /products/*", "page /products/{id}"),
		one("angular feature", "src/app/admin/admin.routes.ts", `import { Routes } from '@angular/router';
export const routes: Routes = [{ path: 'users', component: Users }];`),
		one("react router", "src/main.jsx", `import { createBrowserRouter } from "react-router-dom";
const router = createBrowserRouter([
  { path: "/", element: <Root>Don't</Root>, children: [
    { index: true, element: <Home/> },
    { path: "team/:teamId?", loader: ({ params }) => fetch('/api/' + params.id), element: <Team /> },
    { element: <Shell/>, children: [{ path: "/account", element: <A/> }] },
  ]},
  { path: "*", element: <Missing/> },
], { basename: "/app" });`, "page /app", "layout /app/*", "page /app/account", "page /app/team/{teamId?}"),
		one("react variable", "src/routes.tsx", `import type { RouteObject } from 'react-router';
const part: RouteObject[] = [{ path: 'relative', element: null }, { path: '/whole', element: null }];`, "page /whole"),
		one("vue", "src/router/index.ts", `import { createRouter, createWebHistory } from 'vue-router'
const routes = [
  { path: '/', name: 'home', component: Home },
  { path: '/old', redirect: '/' },
  { path: '/users/:id(\\d+)', component: () => import('@/views/User.vue'), children: [
    { path: 'posts', component: Posts },
    { path: '/absolute', component: Abs },
  ] },
  { path: '/:pathMatch(.*)*', component: NotFound },
]
export default createRouter({ history: createWebHistory('/base/'), routes })`, "page /absolute", "page /base", "layout /base/users/{id}/*", "page /base/users/{id}/posts"),
		one("jsx", "src/App.jsx", `import { BrowserRouter, Routes, Route } from 'react-router-dom'
export default () => (<BrowserRouter><Routes>
  {/* <Route path="/commented" element={<X/>} /> */}
  // <Route path="/slashes" element={<X/>} />
  <Route path="/" element={<Layout title="a > b" onClick={() => go("/no")} />}>
    <Route index element={<Home />} />
    <Route path="products/:id" element={<Product path="/not-this" />} />
    <Route path={computed} element={<X />}><Route path="lost" element={<X />} /></Route>
    <Route element={<Guard />}>
      <Route path={"account"} element={<Account />} />
    </Route>
  </Route>
  <Route path="/docs/*" element={<Docs />} />
  <Route path="*" element={<Missing />} />
</Routes></BrowserRouter>)`, "page /", "layout /*", "page /account", "layout /docs/*", "page /products/{id}"),
		one("jsx below", "src/Docs.jsx", `import { Routes, Route } from 'react-router-dom'
export default () => <Routes><Route path="intro" element={<I/>} /><Route index element={<I/>} /></Routes>`),
		one("tanstack", "src/routes/posts.$postId.tsx", `import { createFileRoute } from '@tanstack/react-router'
export const Route = createFileRoute('/_app/posts/$postId')({ component: P })`, "page /posts/{postId}"),
	} {
		r.run(t)
	}
}

func TestPython(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("fastapi", "main.py", `from fastapi import FastAPI, APIRouter
app = FastAPI(title="x")
router = APIRouter(prefix="/items")
lost = APIRouter()
"""
@app.get("/doc")
"""
@app.get("/users/{user_id}")
async def user(user_id: int): ...
# @app.get("/commented")
@app.post(
    "/users/",
    status_code=201,
)
async def add(): ...
@router.get("/{id:int}")
def item(id): ...
@router.get("")
def items(): ...
@lost.get("/lost")
def no(): ...
@app.get(f"{PREFIX}/x")
def no2(): ...
@app.get("/files/{p:path}")
def f(p): ...
app.include_router(router, prefix="/v1", tags=["x"])
`, "api /files/{p...?}", "api /users", "api /users/{user_id}", "api /v1/items", "api /v1/items/{id}"),
		{name: "fastapi elsewhere", files: tree{
			"app/main.py":             "from fastapi import FastAPI\nfrom .api import api_router\napp = FastAPI()\napp.include_router(api_router, prefix='/api')\n",
			"app/api/__init__.py":     "from fastapi import APIRouter\nfrom .routes import (\n    items,\n    users as people,\n)\napi_router = APIRouter()\napi_router.include_router(items.router, prefix='/items')\napi_router.include_router(people.router)\napi_router.include_router(people.twice, prefix='/a')\napi_router.include_router(people.twice, prefix='/b')\n",
			"app/api/routes/items.py": "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/{id}')\ndef x(): ...\n",
			"app/api/routes/users.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/users')\ntwice = APIRouter()\n@router.get('/me')\ndef x(): ...\n@twice.get('/t')\ndef y(): ...\n",
		}, want: map[string][]string{
			"app/api/routes/items.py": {"api /api/items/{id}"},
			"app/api/routes/users.py": {"api /api/users/me"},
		}},
		one("flask", "shop/app.py", `from flask import Flask, Blueprint
app = Flask(__name__)
bp = Blueprint("x", __name__, url_prefix="/x")
@app.route("/products/<int:id>", methods=["GET"])
@login_required
def product(id): return "@app.route('/no')"
@app.route('/api/<path:rest>')
def rest(rest): ...
@bp.get("/lost")
def lost(): ...
`, "api /api/{rest...}", "page /products/{id}"),
		{name: "flask blueprint", files: tree{
			"shop/__init__.py": "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    from . import auth\n    app.register_blueprint(auth.bp)\n    return app\n",
			"shop/auth.py":     "from flask import Blueprint\nbp = Blueprint('auth', __name__, url_prefix='/auth')\n@bp.route('/login')\ndef login(): ...\n",
		}, want: map[string][]string{"shop/auth.py": {"page /auth/login"}}},
		django(),
	} {
		r.run(t)
	}
}

func django() routers {
	return routers{
		name: "django",
		files: tree{
			"backend/manage.py":        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n",
			"backend/site/settings.py": "ROOT_URLCONF = 'site.urls'\n",
			"backend/site/urls.py":     "from django.urls import include, path, re_path\nurlpatterns = [\n    path('admin/', admin.site.urls),\n    path('', views.home, name='home'),\n    path('products/<int:id>/', views.product),\n    re_path(r'^old/$', views.old),\n    path('shop/', include('shop.urls')),\n    path('x/', include(('blog.urls', 'blog'), namespace='b')),\n]\n",
			"backend/shop/urls.py":     "from django.urls import path\nfrom os import path as p\nurlpatterns = [path('cart/<slug:name>', v.cart), path(PREFIX + 'x', v.x), os.path('nope', 1)]\n",
			"backend/blog/urls.py":     "from django.urls import path\nurlpatterns = [path('', v.all)]\n",
			"backend/lost/urls.py":     "from django.urls import path\nurlpatterns = [path('lost/', v.all)]\n",
		},
		want: map[string][]string{
			"backend/site/urls.py": {"page /", "layout /admin/*", "page /products/{id}", "layout /shop/*", "layout /x/*"},
			"backend/shop/urls.py": {"page /shop/cart/{name}"},
			"backend/blog/urls.py": {"page /x"},
			"backend/lost/urls.py": nil,
		},
	}
}

func TestRails(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("rails", "config/routes.rb", `# frozen_string_literal: true
require "sidekiq/web"
Rails.application.routes.draw do
  root "home#index"
  get "/about", to: "pages#about"
  get "help" => "pages#help", as: :help
  get "/blog/:slug", to: "blog#show", constraints: { slug: /[a-z"]+/ }
  # get "/commented", to: "x#y"
  get "/dev", to: "dev#x" if Rails.env.development?
  get "#{base}/x", to: "a#b"
  devise_for :users
  mount Sidekiq::Web => "/sidekiq"
  resources :products, only: %i[index show] do
    resources :reviews, only: [:create, :destroy], param: :slug
    member do
      post :archive
    end
    get :search, on: :collection
    get :preview
  end
  resource :profile, except: [:new, :destroy],
                     path: "me"
  namespace :admin do
    resources :orders, only: :index
    root to: "dash#index"
  end
  scope "(:locale)", locale: /en|de/ do
    get "terms", to: "t#t"
  end
  namespace :api do
    namespace :v1 do
      get "ping", to: "p#p"
    end
  end
  concern :commentable do
    resources :comments
  end
  if Rails.env.test?
    get "/test", to: "t#t"
  end
  authenticate :user do
    get "/secret", to: "s#s"
  end
  scope path: PREFIX do
    get "/lost", to: "l#l"
  end
  match "/multi", to: "m#m", via: [:get, :post]
  get "*missing", to: "errors#x"
end
get "/outside", to: "o#o"
`,
			"page /", "page /about", "page /admin", "page /admin/orders", "api /api/v1/ping", "page /blog/{slug}", "page /help", "page /me", "page /me/edit", "page /multi", "page /products", "page /products/search", "page /products/{id}", "page /products/{id}/archive", "page /products/{product_id}/preview", "page /products/{product_id}/reviews", "page /products/{product_id}/reviews/{slug}", "page /secret", "layout /sidekiq/*", "page /{locale?}/terms"),
	} {
		r.run(t)
	}
}
