package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
)

// frame is what surrounds every page.
type frame struct {
	Title   string
	Path    string // of this page: forms come back to it
	Section string // of the navigation
	Now     time.Time
	Who     access.Who
	Open    []incident.Incident // for the banner
	Live    string              // address of the live stream; "" for none
	Notice  string
	Version string
	Drills  bool
	// Journeys is true when there are pages of journeys.
	Journeys bool
	CSS      string
	JS       string
	Icon     string
	name     func(product.ID) string
	title    func(product.ID, string) string // of a journey
}

// notices are the sentences that a form's redirect may ask for; nothing else
// can be put on the page by its address.
var notices = map[string]string{
	"acknowledged": "Acknowledgement recorded.",
	"resolved":     "Resolution recorded.",
	"noted":        "Note added to the timeline.",
	"dismissed":    "Marked as a false alarm.",
	"severity":     "Severity changed.",
	"rollback":     "Rollback ordered. This page follows it.",
	"unpinned":     "Pin removed.",
	"saved":        "Saved.",
	"revoked":      "Revoked. It stops working at once.",
	"accepted":     "Accepted. Later releases are compared with this picture.",
}

// frame prepares the surroundings of a page. The banner is a courtesy: a page
// is shown even when the open incidents cannot be read.
func (s *site) frame(r *http.Request, v *visit, title string, topics ...string) frame {
	section, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	f := frame{
		Title: title, Path: r.URL.Path, Section: section, Now: s.Now(), Who: v.who, Version: s.Version,
		Drills: len(s.Scenarios) > 0, Journeys: s.Journeys != nil, Notice: notices[r.URL.Query().Get("done")],
		CSS: s.assets.url("app.css"), JS: s.assets.url("app.js"), Icon: s.assets.url("favicon.svg"),
		name:  s.productName,
		title: func(p product.ID, id string) string { _, t := journeyOf(s.products[p], id); return t },
	}
	if v.who.Role == "" {
		return f
	}
	if len(topics) > 0 {
		f.Live = "/live?topics=" + strings.Join(topics, ",")
	}
	ctx, cancel := bounded(r)
	defer cancel()
	open, err := s.Incidents.Incidents(ctx, true, 20)
	if err != nil {
		s.Logger.Warn("open incidents not read", "error", err)
		return f
	}
	f.Open = slices.DeleteFunc(open, func(in incident.Incident) bool { return in.State.Closed() })
	return f
}

// may reports whether the person may do what needs this role; the server
// checks again when the form comes.
func (f frame) may(role access.Role) bool { return f.Who.Role.Allows(role) }

// done sends the person back to the page after a form, with a notice.
func done(w http.ResponseWriter, r *http.Request, to, notice string) error {
	if notice != "" {
		to += "?done=" + notice
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// crumb is one step of the way back to the first page.
type crumb struct {
	Word string
	To   templ.SafeURL
}
