package web

import (
	"net/http"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

// getSettings lists grants.
func (s *site) getSettings(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.settings(w, r, v, issued{})
}

// issued is a secret that is shown once.
type issued struct {
	Kind   access.Kind
	Name   string
	Role   access.Role
	Secret string
	URL    string // of a sign-in link
}

func (s *site) settings(w http.ResponseWriter, r *http.Request, v *visit, just issued) error {
	ctx, cancel := bounded(r)
	defer cancel()
	grants, err := s.Keys.Grants(ctx)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, settingsPage(s.frame(r, v, "Settings"), grants, just))
	return nil
}

// wanted reads the name and the role of a new grant.
func wanted(r *http.Request) (string, access.Role, error) {
	name, err := clean(r.PostForm.Get("name"))
	if err != nil {
		return "", "", err
	}
	role := access.Role(r.PostForm.Get("role"))
	switch {
	case name == "" || len(name) > 100:
		return "", "", fault.New(fault.Invalid, "a name of 1 to 100 letters is needed", "say whom or what it is for")
	case !role.Valid():
		return "", "", fault.New(fault.Invalid, "there is no such role", "choose viewer, responder or admin")
	}
	return name, role, nil
}

// postToken answers with the page itself: the secret is never in an address.
func (s *site) postToken(w http.ResponseWriter, r *http.Request, v *visit) error {
	name, role, err := wanted(r)
	if err != nil {
		return err
	}
	secret, err := s.Keys.CreateToken(r.Context(), name, role, v.who.Name)
	if err != nil {
		return err
	}
	return s.settings(w, r, v, issued{Kind: access.Token, Name: name, Role: role, Secret: secret})
}

func (s *site) postLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	name, role, err := wanted(r)
	if err != nil {
		return err
	}
	secret, err := s.Keys.CreateLink(r.Context(), name, role, v.who.Name)
	if err != nil {
		return err
	}
	scheme := "http://"
	if s.Secure {
		scheme = "https://"
	}
	return s.settings(w, r, v, issued{Kind: access.Link, Name: name, Role: role, Secret: secret, URL: scheme + r.Host + "/sign-in?link=" + secret})
}

func (s *site) postRevoke(w http.ResponseWriter, r *http.Request, _ *visit) error {
	id := r.PostForm.Get("id")
	if id == "" {
		return fault.New(fault.Invalid, "nothing was chosen to revoke", "")
	}
	if err := s.Keys.RevokeToken(r.Context(), id); err != nil {
		return err
	}
	return done(w, r, "/settings", "revoked")
}

// grantsOf picks the grants of one kind.
func grantsOf(all []access.Grant, kind access.Kind) []access.Grant {
	var out []access.Grant
	for _, g := range all {
		if g.Kind == kind {
			out = append(out, g)
		}
	}
	return out
}

// grantMark says whether a grant is good.
func grantMark(g access.Grant, now time.Time) mark {
	switch {
	case !g.Revoked.IsZero():
		return mark{"idle", "cross", "Revoked"}
	case g.Check(now) == nil:
		return mark{"good", "check", "Usable"}
	case g.Kind == access.Link && !g.Used.IsZero():
		return mark{"idle", "dash", "Used"}
	}
	return mark{"idle", "clock", "Expired"}
}
