package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

// scheme names the security scheme in the OpenAPI document.
const scheme = "token"

// needs is the key under which an operation keeps the role it needs; it is
// told in the OpenAPI document.
const needs = "x-postflight-role"

// caller is the context key of who calls.
type caller struct{}

// who returns the program behind a request that was admitted.
func who(ctx context.Context) access.Who {
	w, _ := ctx.Value(caller{}).(access.Who)
	return w
}

// admit checks the token and the role before anything of the body is read.
// Every wrong token gets the same answer: it does not tell an unknown one
// from a revoked one.
func (s *server) admit(ctx huma.Context, next func(huma.Context)) {
	need, _ := ctx.Operation().Extensions[needs].(access.Role)
	secret, ok := bearer(ctx.Header("Authorization"))
	if !ok {
		refuse(ctx, unauthorized())
		return
	}
	found, err := s.Doorkeeper.Token(ctx.Context(), secret)
	switch {
	case fault.Is(err, fault.Denied), fault.Is(err, fault.NotFound):
		refuse(ctx, unauthorized())
		return
	case err != nil:
		refuse(ctx, s.problem(ctx.Context(), err))
		return
	case !found.Role.Allows(need):
		p := problemFor(http.StatusForbidden, "this needs the role "+string(need)+", the token has "+string(found.Role))
		p.Hint = "ask an admin for a token with that role"
		refuse(ctx, p)
		return
	}
	next(huma.WithValue(ctx, caller{}, found))
}

// unauthorized is the one answer to a missing or wrong token.
func unauthorized() *problem {
	p := problemFor(http.StatusUnauthorized, "the token is missing or not valid")
	p.Hint = "send a token as Authorization: Bearer; make one with: postflight token create"
	return p
}

// bearer takes the secret out of an Authorization header.
func bearer(header string) (string, bool) {
	kind, secret, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(kind, "Bearer") {
		return "", false
	}
	secret = strings.TrimSpace(secret)
	return secret, strings.HasPrefix(secret, access.Prefix) && len(secret) <= 200
}

// operation is one operation: where it is, what it does, who may use it.
type operation struct {
	id      string
	method  string
	path    string
	summary string
	need    access.Role
	status  int // of success; zero means 200
	// endless takes the read deadline off, for what outlives it.
	endless bool
	body    int64 // of the request, at most; zero means maxBody
}

// add registers an operation. Its errors become problems.
func add[I, O any](s *server, op operation, f func(context.Context, *I) (*O, error)) {
	if !op.need.Valid() {
		panic("api: operation " + op.id + " names no role")
	}
	o := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary,
		Description:   "Needs the role " + string(op.need) + ".",
		DefaultStatus: op.status, MaxBodyBytes: maxBody,
		Security:   []map[string][]string{{scheme: {}}},
		Extensions: map[string]any{needs: op.need},
		Responses:  map[string]*huma.Response{"default": s.errors()},
	}
	if op.body > 0 {
		o.MaxBodyBytes = op.body
	}
	if op.status == 0 {
		o.DefaultStatus = http.StatusOK
	}
	if op.endless {
		o.Middlewares = huma.Middlewares{patient}
	}
	// A second response keeps huma from describing its own errors.
	o.Responses["401"] = s.errors()
	huma.Register(s.huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}
