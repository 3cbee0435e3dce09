package route_test

import "testing"

// one is an app of one file.
func one(name, file, text string, want ...string) routers {
	return routers{name: name, files: tree{file: text}, want: map[string][]string{file: want}}
}

func TestServers(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("express", "src/server.ts", `import express, { Router } from 'express';
const app = express();
// app.get('/commented', (req, res) => {});
const admin = express.Router();
const lost = Router();
app.set('trust proxy', 1);
app.get('env');
app.get('/products/:id', async (req, res) => { res.send(await db.get('/nope', req.params.id)); });
app.post("/cart", addToCart);
app.get(`+"`/plain`"+`, show);
app.get(`+"`/${computed}`"+`, show);
app.get(PREFIX + '/joined', show);
app.get('/joined' + SUFFIX, show);
app.get(/.*fly$/, show);
app.get('/files/*', show);
app.all('*', missing);
app.route('/books').get(list).post(add);
app.use('/admin', auth, admin);
admin.get('/users/:id(\\d+)', user);
lost.get('/somewhere', nothing);
`, "api /admin/users/{id}", "api /books", "api /cart", "api /files/{rest...?}", "api /plain", "api /products/{id}"),
		one("express router elsewhere", "src/routes/cart.js", `const router = require('express').Router()
router.get('/x', h)`),
		one("no express", "src/client.ts", `import axios from 'axios'; const app = axios.create(); app.get('/api/users', opts)`),
		one("fastify", "app.js", `const fastify = require('fastify')({ logger: true })
fastify.get('/ready', async () => ({}))`, "api /ready"),
		one("fastify made", "app.js", `import Fastify from 'fastify'
const app = Fastify({ logger: true })
app.get('/health', async () => ({}))
app.register(plugin, { prefix: '/v1' })
async function plugin(fastify) { fastify.get('/inner', h) }`, "api /health"),
		one("hono", "src/index.ts", `import { Hono } from 'hono'
const app = new Hono<{ Bindings: Env }>().basePath('/api')
const books = new Hono()
app.get('/me', (c) => c.json({}))
export default app`, "api /api/me"),
		one("hono mounted elsewhere", "src/books.ts", `import { Hono } from 'hono'
const app = new Hono()
app.get('/:id', (c) => c.text('x'))
export default app`),
		one("koa", "server.js", `const Koa = require('koa'); const Router = require('@koa/router');
const app = new Koa(); const router = new Router({ prefix: '/v1' }); const other = new Router();
router.get('/items/:id', show); other.get('/lost', show);
app.use(router.routes()).use(router.allowedMethods());`, "api /v1/items/{id}"),
	} {
		r.run(t)
	}
}

func TestFrameworks(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("spring", "src/main/java/shop/ProductController.java", `package shop;
/** @GetMapping("/doc") */
@RestController
@RequestMapping(path = "/api/products", produces = "application/json")
public class ProductController {
  private final Service service;
  @GetMapping
  public List<Product> all(@RequestParam(name = "q") String q) { return service.all("/x"); }
  @GetMapping("/{id:[0-9]+}")
  public Product one(@PathVariable("id") long id) { return null; }
  @RequestMapping(value = {"/new", "/fresh"}, method = RequestMethod.POST)
  public Product add(@RequestBody Product p) { return p; }
  @DeleteMapping(Paths.REMOVE)
  public void remove() {}
}`, "api /api/products", "api /api/products/fresh", "api /api/products/new", "api /api/products/{id}"),
		one("kotlin", "src/main/kotlin/Pages.kt", `@Controller
class Pages {
    @GetMapping("/", "/home")
    fun home(model: Model): String = "home"
}`, "page /", "page /home"),
		one("feign", "src/main/java/Client.java", `@FeignClient("x") @RestController interface Client { @GetMapping("/x") String x(); }`),
		one("laravel", "routes/web.php", `<?php
use Illuminate\Support\Facades\Route;
// Route::get('/commented', fn () => 1);
# Route::get('/hash', fn () => 1);
Route::get('/', [HomeController::class, 'index'])->name('home');
Route::get('/users/{user}/posts/{post?}', function ($user) { return Route::get('/no', 1); });
Route::get("/{$x}", 'c');
Route::prefix('admin')->middleware(['auth'])->group(function () {
    Route::get('/stats', 'Stats@show');
    Route::resource('photos', PhotoController::class)->only(['index', 'show']);
});
Route::group(['prefix' => 'shop', 'middleware' => 'web'], function () { Route::post('cart', 'Cart@add'); });
Route::prefix($x)->group(function () { Route::get('/lost', 'L'); });
Route::middleware('auth')->group(fn () => require 'x.php');
if (app()->isLocal()) { Route::get('/debug', 'D'); }
Route::resource('photos.comments', C::class)->except('destroy', 'update', 'show');
`, "page /", "page /admin/photos", "page /admin/photos/{photo}", "page /admin/stats", "page /photos/{photo}/comments", "page /photos/{photo}/comments/create", "page /photos/{photo}/comments/{comment}/edit", "page /shop/cart", "page /users/{user}/posts/{post?}"),
		one("laravel api", "backend/routes/api.php", `<?php Route::apiResource('tags', T::class); Route::get('/me', 'M');`, "api /api/me", "api /api/tags", "api /api/tags/{tag}"),
	} {
		r.run(t)
	}
}

func TestDotnet(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("minimal", "Program.cs", `var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
app.MapGet("/", () => "hi");
app.MapGet("/products/{id:int}", (int id) => id);
app.MapGet($"/{x}", () => 1);
var g = app.MapGroup("/v1").WithTags("x");
g.MapPost("/orders", Add);
g.MapGroup("/deep").MapGet("/{**rest}", Rest);
app.MapFallbackToFile("index.html");
other.MapGet("/lost", Lost);`, "api /", "api /products/{id}", "api /v1/deep/{rest...?}", "api /v1/orders"),
		one("controller", "Controllers/ProductsController.cs", `[ApiController]
[Route("api/[controller]")]
public class ProductsController : ControllerBase
{
    public ProductsController(IService s) { }
    [HttpGet]
    public IActionResult All([FromQuery] string q) => Ok(x["/no"]);
    [HttpGet("{id:int}")]
    [Authorize(Roles = "admin")]
    public IActionResult One(int id) { return Ok(); }
    [HttpPost, Route("bulk")]
    public IActionResult Bulk() { return Ok(); }
    [HttpGet("/health")]
    public IActionResult Health() { return Ok(); }
    [HttpGet(Names.Computed)]
    public IActionResult No() { return Ok(); }
    [HttpGet("[action]")]
    public IActionResult Action() { return Ok(); }
    public void Helper() { }
}`, "api /api/products", "api /api/products/bulk", "api /api/products/{id}", "api /health"),
		one("convention", "Controllers/HomeController.cs", `public class HomeController : Controller { public IActionResult Index() { return View(); } [HttpPost] public IActionResult Post() { return View(); } }`),
		one("razor", "Web/Pages/Products/Index.cshtml", "@page \"{category?}\"\n@model IndexModel\n", "page /Products/{category?}"),
		one("razor area", "Areas/Admin/Pages/Users.cshtml", "@page\r\n<h1></h1>", "page /Admin/Users"),
		one("razor partial", "Pages/Shared/_Nav.cshtml", "<nav></nav>"),
		one("razor layout", "Pages/Shared/_Layout.cshtml", "<html>", "layout /*"),
		one("blazor", "Components/Counter.razor", "@page \"/counter\"\n@page \"/counter/{Start:int}\"\n<h1/>", "page /counter", "page /counter/{Start}"),
	} {
		r.run(t)
	}
}

func TestGo(t *testing.T) {
	t.Parallel()
	for _, r := range []routers{
		one("net/http", "main.go", `package main
import "net/http"
func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", show)
	mux.Handle("POST shop.example/cart", add)
	mux.HandleFunc("/files/{path...}", files)
	mux.Handle("/static/", fs)
	mux.HandleFunc("/{$}", home)
	mux.HandleFunc(prefix+"/x", x)
	http.HandleFunc("/api/me", me)
	client.HandleFunc("/lost", lost)
	// mux.HandleFunc("/commented", x)
}
func routes() http.Handler { mux := http.NewServeMux(); mux.HandleFunc("/routes", x); return mux }
func adminMux() http.Handler { mux := http.NewServeMux(); mux.HandleFunc("/hidden", x); return mux }
func register(m *http.ServeMux) { m.HandleFunc("/registered", x) }
`, "page /", "api /api/me", "page /cart", "page /files/{path...?}", "page /products/{id}", "page /registered", "page /routes", "layout /static/*"),
		one("chi", "server.go", `package web
import ("net/http"; "github.com/go-chi/chi/v5")
type Server struct { router *chi.Mux }
func New() *Server { s := &Server{router: chi.NewRouter()}; s.routes(); return s }
func (s *Server) routes() {
	s.router.Get("/", home)
	s.router.Route("/articles", func(r chi.Router) {
		r.With(paginate).Get("/", list)
		r.Route("/{id:[0-9]+}", func(r chi.Router) { r.Put("/", update); r.Group(func(r chi.Router) { r.Get("/raw", raw) }) })
	})
	s.router.Mount("/admin", adminRouter())
	s.router.Get("/assets/*", assets)
}
func adminRouter() chi.Router { r := chi.NewRouter(); r.Get("/users", users); return r }
func given(r chi.Router) { r.Get("/given", x) }
var _ http.Handler
`, "page /", "layout /admin/*", "page /articles", "page /articles/{id}", "page /articles/{id}/raw", "page /assets/{rest...?}"),
		one("gin", "main.go", `package main
import "github.com/gin-gonic/gin"
func main() {
	r := gin.Default()
	v1 := r.Group("/api/v1")
	{
		v1.GET("/users/:id", user)
		auth := v1.Group("/auth", mw())
		auth.POST("/login", login)
	}
	r.GET("/files/*path", files)
	r.GET(name, x)
}
func setup(g *gin.RouterGroup) { g.GET("/lost", x) }`, "api /api/v1/auth/login", "api /api/v1/users/{id}", "page /files/{path...}"),
		one("echo", "main.go", `package main
import "github.com/labstack/echo/v4"
func routes(e *echo.Echo) { e.GET("/hello/:name", hi); g := e.Group("/admin"); g.Any("/x", x); e.Use(mw) }`, "page /admin/x", "page /hello/{name}"),
		one("gorilla", "main.go", `package main
import "github.com/gorilla/mux"
func main() { r := mux.NewRouter(); s := r.PathPrefix("/v2").Subrouter(); s.HandleFunc("/items/{id}", x).Methods("GET") }`, "page /v2/items/{id}"),
		one("broken", "main.go", `package main; import "net/http"; func main( { http.HandleFunc("/x", y) }`),
	} {
		r.run(t)
	}
}
