package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"github.com/a-h/templ"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

// policy is the content security policy of every page: our own files only,
// no inline script or style, no frame around us.
const policy = "default-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// maxForm bounds the body of every form.
const maxForm = 256 << 10

// route is one page or one form: who may use it and what answers.
type route struct {
	pattern string
	need    access.Role // "" means without a session
	serve   func(http.ResponseWriter, *http.Request, *visit) error
}

// visit is one request of one person.
type visit struct {
	who    access.Who
	secret string // of the session
}

// routes lists every page and form with the role it needs.
func (s *site) routes() []route {
	return []route{
		{"GET /{$}", access.Viewer, s.getProducts},
		{"GET /products/{id}", access.Viewer, s.getProduct},
		{"POST /products/{id}/unpin", access.Admin, s.postUnpin},
		{"GET /releases/{id}", access.Viewer, s.getRelease},
		{"POST /releases/{id}/rollback", access.Responder, s.postRollback},
		{"GET /incidents", access.Viewer, s.getIncidents},
		{"GET /incidents/{id}", access.Viewer, s.getIncident},
		{"POST /incidents/{id}", access.Responder, s.postIncident},
		{"GET /incidents/{id}/postmortem", access.Viewer, s.getPostmortem},
		{"POST /incidents/{id}/postmortem", access.Responder, s.postPostmortem},
		{"GET /incidents/{id}/postmortem.md", access.Viewer, s.getMarkdown},
		{"GET /drills", access.Viewer, s.getDrills},
		{"POST /drills", access.Admin, s.postDrill},
		{"GET /drills/{id}", access.Viewer, s.getDrill},
		{"GET /journeys", access.Viewer, s.getJourneys},
		{"GET /journeys/{product}/{journey}", access.Viewer, s.getTrend},
		{"GET /signals/{id}", access.Viewer, s.getRun},
		{"POST /signals/{id}/accept", access.Responder, s.postAccept},
		{"GET /signals/{id}/bundle.zip", access.Viewer, s.getBundle},
		{"GET /signals/{id}/files/{n}", access.Viewer, s.getFile},
		{"GET /running/{id}", access.Viewer, s.getRunning},
		{"GET /running/{id}/screen", access.Viewer, s.getScreen},
		{"GET /settings", access.Admin, s.getSettings},
		{"POST /settings/tokens", access.Admin, s.postToken},
		{"POST /settings/links", access.Admin, s.postLink},
		{"POST /settings/revoke", access.Admin, s.postRevoke},
		{"GET /events/{seq}", access.Viewer, s.getEvent},
		{"GET /evidence/{key...}", access.Viewer, s.getEvidence},
		{"GET /live", access.Viewer, s.getLive},
		{"GET /sign-in", "", s.getSignIn},
		{"POST /sign-in", "", s.postSignIn},
		{"POST /sign-out", access.Viewer, s.postSignOut},
		{"GET /", access.Viewer, func(http.ResponseWriter, *http.Request, *visit) error {
			return fault.New(fault.NotFound, "there is no such page", "start from the products")
		}},
	}
}

// shield wraps everything: headers, refusal of cross-site posts, and a net
// under a panicking page.
func (s *site) shield(next http.Handler) http.Handler {
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &visit{}, fault.New(fault.Denied, "this form was sent from another site", "open the page here and try again"))
	}))
	inner := csrf.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer: browsers would then send "Origin: null", by which
		// our own forms could not be told from another site's.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.fail(w, r, &visit{}, fmt.Errorf("page panicked: %v", p))
		}()
		inner.ServeHTTP(w, r)
	})
}

// page checks the session and the role, then serves, then turns an error
// into a page.
func (s *site) page(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{}
		if rt.need != "" {
			if !s.admit(w, r, v) {
				return
			}
			if !v.who.Role.Allows(rt.need) {
				s.fail(w, r, v, fault.New(fault.Denied,
					"this needs the role "+string(rt.need)+", you are "+string(v.who.Role),
					"ask an admin for a sign-in link with that role"))
				return
			}
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				s.fail(w, r, v, fault.Newf(fault.Invalid, "the form could not be read: %w", err))
				return
			}
		}
		if err := rt.serve(w, r, v); err != nil {
			s.fail(w, r, v, err)
		}
	})
}

// status maps a fault's kind to an HTTP status.
func status(k fault.Kind) int {
	switch k {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail shows an error. What is not a fault goes to the log under a number
// that the person sees.
func (s *site) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if r.Context().Err() != nil {
		return // the person left
	}
	kind := fault.KindOf(err)
	t := trouble{Status: status(kind), Hint: fault.HintOf(err)}
	if f, ok := errors.AsType[*fault.Error](err); ok && kind != fault.Internal {
		t.Message = f.Message
	} else {
		t.Number = rand.Text()[:8]
		t.Message = "something went wrong on our side"
		s.Logger.Error("page failed", "number", t.Number, "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if t.Number == "" && t.Status >= http.StatusInternalServerError {
		s.Logger.Warn("page unavailable", "path", r.URL.Path, "error", err)
	}
	s.render(w, r, t.Status, errorPage(s.frame(r, v, t.title()), t))
}

// render writes a page. Headers are already set by the shield.
func (s *site) render(w http.ResponseWriter, r *http.Request, code int, c templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if r.Method == http.MethodHead {
		return
	}
	if err := c.Render(r.Context(), w); err != nil && r.Context().Err() == nil {
		s.Logger.Warn("page not written", "path", r.URL.Path, "error", err)
	}
}

// trouble is what an error page says.
type trouble struct {
	Status  int
	Message string
	Hint    string
	Number  string // of the log entry
}

// title names the trouble in a few words.
func (t trouble) title() string {
	switch t.Status {
	case http.StatusNotFound:
		return "Not found"
	case http.StatusForbidden:
		return "Not allowed"
	case http.StatusUnauthorized:
		return "Signed out"
	case http.StatusBadRequest:
		return "That did not work"
	case http.StatusConflict:
		return "Not now"
	case http.StatusServiceUnavailable:
		return "Not available"
	}
	return "Something went wrong"
}
