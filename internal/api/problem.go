package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/fault"
)

// statuses is the one table from kinds to HTTP statuses.
func statuses() map[fault.Kind]int {
	return map[fault.Kind]int{
		fault.NotFound:    http.StatusNotFound,
		fault.Invalid:     http.StatusUnprocessableEntity,
		fault.Conflict:    http.StatusConflict,
		fault.Denied:      http.StatusForbidden,
		fault.Unavailable: http.StatusServiceUnavailable,
		fault.Internal:    http.StatusInternalServerError,
	}
}

// problem is an error on its way out.
type problem struct {
	client.Problem
	header http.Header
}

const problemType = "application/problem+json"

// Error returns the message.
func (p *problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders returns what else to send.
func (p *problem) GetHeaders() http.Header { return p.header }

// ContentType names the format.
func (p *problem) ContentType(string) string { return problemType }

// MarshalJSON sends the wire type.
func (p *problem) MarshalJSON() ([]byte, error) { return json.Marshal(p.Problem) }

// problemFor returns a problem with a status of HTTP's own.
func problemFor(status int, detail string) *problem {
	kind := fault.Invalid
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		kind = fault.Denied
	case http.StatusNotFound:
		kind = fault.NotFound
	}
	if status >= http.StatusInternalServerError {
		kind = fault.Internal
	}
	p := &problem{Problem: client.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Kind: string(kind), Detail: detail,
	}}
	if status == http.StatusUnauthorized {
		p.header = http.Header{"Www-Authenticate": {`Bearer realm="postflight"`}}
	}
	return p
}

// problem tells an error. What is not a fault goes to the log under a number
// that the caller sees.
func (s *server) problem(ctx context.Context, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	kind := fault.KindOf(err)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || kind == fault.Internal {
		p := problemFor(http.StatusInternalServerError, "internal error")
		p.Number = rand.Text()[:8]
		if ctx.Err() == nil {
			s.Logger.Error("operation failed", "number", p.Number, "error", err)
		}
		return p
	}
	p := problemFor(statuses()[kind], f.Message)
	p.Kind, p.Hint = string(kind), f.Hint
	if kind == fault.Unavailable {
		p.header = http.Header{"Retry-After": {"1"}}
		s.Logger.Warn("operation unavailable", "error", err)
	}
	return p
}

// write sends a problem outside huma.
func (p *problem) write(w http.ResponseWriter) {
	for k, v := range p.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// refuse sends a problem from a middleware.
func refuse(ctx huma.Context, p *problem) {
	for k := range p.header {
		ctx.SetHeader(k, p.header.Get(k))
	}
	ctx.SetHeader("Content-Type", problemType)
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p)
}

// restate turns huma's own errors (a malformed body, an unknown field) into
// our form. The values that were sent are not echoed: they may be secret.
func restate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problemFor(m.Status, m.Detail)
	var all []string
	for _, d := range m.Errors {
		all = append(all, detail(d))
	}
	if len(all) > 0 {
		p.Detail = strings.Join(all, "; ")
	}
	if p.Status < http.StatusInternalServerError {
		p.Hint = "what is accepted is told in /api/openapi.json"
	} else {
		p.Detail = "internal error"
	}
	return p, nil
}

// maxDetail bounds one restated error: it may quote what was sent.
const maxDetail = 300

// detail words one of huma's errors.
func detail(d *huma.ErrorDetail) string {
	text := d.Message
	switch {
	case d.Message == "unexpected property":
		text = "unknown field " + strconv.Quote(strings.TrimPrefix(d.Location, "body."))
	case d.Message == "unknown query parameter":
		text = "unknown query parameter " + strconv.Quote(strings.TrimPrefix(d.Location, "query."))
	case d.Location != "" && d.Location != "body":
		text = d.Location + ": " + d.Message
	}
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}

// errors describes our problems in the OpenAPI document.
func (s *server) errors() *huma.Response {
	schema := s.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[client.Problem](), true, "Problem")
	return &huma.Response{
		Description: "A problem, with its kind and a hint.",
		Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
	}
}

var (
	_ huma.StatusError       = (*problem)(nil)
	_ huma.HeadersError      = (*problem)(nil)
	_ huma.ContentTypeFilter = (*problem)(nil)
)
