package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
)

// application is one release, running: its own pages, configuration, API
// revision and middleware over the shop's one book.
type application struct {
	shop    *Shop
	dir     string
	stamp   string
	release manifest
	config  settings
	pages   *template.Template
	handler http.Handler
}

// ServeHTTP publishes the served version on every answer.
func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Release", a.release.Version)
	a.handler.ServeHTTP(w, r)
}

// wire builds the routes and wraps them in the middleware the release names.
func (a *application) wire() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page("index.html", http.StatusOK))
	mux.HandleFunc("GET /book", a.page("book.html", http.StatusOK))
	mux.HandleFunc("GET /figures", a.page("figures.html", http.StatusOK))
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("GET /assets/{name}", a.asset)
	mux.HandleFunc("POST /api/errors", a.browserError)
	mux.HandleFunc("/", a.missing)
	switch a.release.API {
	case 1:
		(&api1{a}).route(mux)
	case 2:
		(&api2{a}).route(mux)
	default:
		return nil, fmt.Errorf("release.json: this server speaks API 1 and 2, not %d", a.release.API)
	}
	var h http.Handler = mux
	for i := len(a.release.Middleware) - 1; i >= 0; i-- {
		switch name := a.release.Middleware[i]; name {
		case "timing":
			h = timing(h, a.shop.opt.Now)
		default:
			return nil, fmt.Errorf("release.json: unknown middleware %q", name)
		}
	}
	return a.recover(h), nil
}

// recover turns a panic into a plain 500, as every shop's outermost layer does.
func (a *application) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the sentinel is panicked as it is
				panic(p)
			}
			a.shop.opt.Logger.Error("request panicked", slog.String("path", r.URL.Path),
				slog.String("release", a.release.Version), slog.Any("panic", p))
			// What was promised about the file does not hold for the error: a
			// browser that kept it would outlive the rollback.
			for _, name := range []string{"Cache-Control", "Etag", "Last-Modified"} {
				w.Header().Del(name)
			}
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// view is what the templates see.
type view struct {
	Release   string
	Commit    string
	Changes   []string
	BootGuard template.HTML
	Settings  clientSettings
	Figures   Figures
	Visits    []Visit
	Currency  string
	Path      string
}

// clientSettings is what the bundle reads from the page before anything else.
type clientSettings struct {
	Locale   string `json:"_locale"`
	Currency string `json:"_currency"`
	Release  string `json:"_release"`
}

// page renders a template whole before the first byte goes out.
func (a *application) page(name string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := view{
			Release: a.release.Version, Commit: a.release.Commit, Changes: a.release.Changes,
			BootGuard: a.shop.opt.BootGuard(a.release.Version),
			Settings:  clientSettings{a.config.Locale, a.config.Currency, a.release.Version},
			Figures:   a.shop.book.figures(),
			Visits:    a.shop.book.visits(a.shop.opt.Now()),
			Currency:  a.config.Currency, Path: r.URL.Path,
		}
		var b bytes.Buffer
		if err := a.pages.ExecuteTemplate(&b, name, v); err != nil {
			a.shop.opt.Logger.Error("page cannot be rendered", slog.String("page", name), slog.Any("error", err))
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = w.Write(b.Bytes())
	}
}

// missing is the shop's own "not found" page, or JSON under /api/.
func (a *application) missing(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.Path) > 5 && r.URL.Path[:5] == "/api/" {
		reply(w, http.StatusNotFound, refusal{Code: "not_found", Message: "there is no such call"})
		return
	}
	a.page("404.html", http.StatusNotFound)(w, r)
}

// health is the shop's own health: it says which release answers.
func (a *application) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"version": a.release.Version, "status": "ok"})
}

// browserError takes the bundle's own error reports into the log.
func (a *application) browserError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<10))
	if err != nil {
		reply(w, http.StatusRequestEntityTooLarge, refusal{Code: "too_large", Message: "the report is too large"})
		return
	}
	var report struct {
		Message string `json:"message"`
		Page    string `json:"page"`
	}
	if err := json.Unmarshal(body, &report); err != nil {
		reply(w, http.StatusBadRequest, refusal{Code: "bad_json", Message: "the report is not JSON"})
		return
	}
	a.shop.opt.Logger.Warn("browser reported an error", slog.String("release", a.release.Version),
		slog.String("message", report.Message), slog.String("page", report.Page))
	w.WriteHeader(http.StatusNoContent)
}

// refusal is an answer that says no, and why.
type refusal struct {
	Status  int    `json:"-"`
	Code    string `json:"error"`
	Message string `json:"message"`
}

// Error makes a refusal an error.
func (r refusal) Error() string { return r.Message }

// reply writes JSON that nobody may cache.
func reply(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}
