package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

// sessionAge is how long the browser keeps the cookie; the doorkeeper decides
// how long it is good for.
const sessionAge = 30 * 24 * time.Hour

// cookieName has the prefix that makes browsers insist on Secure and Path=/.
func (s *site) cookieName() string {
	if s.Secure {
		return "__Host-postflight"
	}
	return "postflight"
}

// cookie is Lax, not Strict: a link to an incident in a chat message must
// open signed in. Posts from other sites are refused anyway.
func (s *site) cookie(value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode,
	}
}

// admit fills in who is there, or sends the person to sign in and reports
// false.
func (s *site) admit(w http.ResponseWriter, r *http.Request, v *visit) bool {
	c, err := r.Cookie(s.cookieName())
	if err == nil && c.Value != "" {
		who, err := s.Doorkeeper.Session(r.Context(), c.Value)
		if err == nil {
			v.who, v.secret = who, c.Value
			return true
		}
		if !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
			s.fail(w, r, v, err)
			return false
		}
		http.SetCookie(w, s.cookie("", -time.Second))
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.Method == http.MethodPost || r.Header.Get("X-Postflight-Live") != "" {
		s.render(w, r, http.StatusUnauthorized, errorPage(s.frame(r, v, "Signed out"), trouble{
			Status: http.StatusUnauthorized, Message: "you are not signed in", Hint: "sign in, then try again",
		}))
		return false
	}
	to := "/sign-in"
	if next := r.URL.RequestURI(); next != "/" {
		to += "?next=" + url.QueryEscape(next)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return false
}

// localPath returns a path on this server, or "/": a redirect never leaves.
func localPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil ||
		!strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\\r\n\t") {
		return "/"
	}
	return raw
}

// linkSecret takes a pasted link, or the secret alone.
func linkSecret(raw string) string {
	raw = strings.TrimSpace(raw)
	if u, err := url.Parse(raw); err == nil && u.Query().Get("link") != "" {
		raw = u.Query().Get("link")
	}
	if !strings.HasPrefix(raw, access.Prefix) || len(raw) > 200 {
		return ""
	}
	return raw
}

// getSignIn shows a button; only pressing it uses up the link, so that mail
// and chat scanners, which follow links, do not.
func (s *site) getSignIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	s.render(w, r, http.StatusOK, signInPage(s.frame(r, v, "Sign in"), linkSecret(q.Get("link")), localPath(q.Get("next"))))
	return nil
}

func (s *site) postSignIn(w http.ResponseWriter, r *http.Request, _ *visit) error {
	link := linkSecret(r.PostForm.Get("link"))
	if link == "" {
		return fault.New(fault.Invalid, "that is not a sign-in link", "print one with: postflight login")
	}
	session, who, err := s.Doorkeeper.SignIn(r.Context(), link)
	if err != nil {
		return err
	}
	s.Logger.Info("signed in", "name", who.Name, "role", string(who.Role))
	http.SetCookie(w, s.cookie(session, sessionAge))
	http.Redirect(w, r, localPath(r.PostForm.Get("next")), http.StatusSeeOther)
	return nil
}

func (s *site) postSignOut(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.Doorkeeper.SignOut(r.Context(), v.secret); err != nil {
		return err
	}
	http.SetCookie(w, s.cookie("", -time.Second))
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
