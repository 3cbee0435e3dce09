package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

type grantInput struct {
	Body client.GrantRequest
}

type tokenInput struct {
	Token string `path:"token" maxLength:"64" doc:"Id of the token, not its secret."`
}

// grants registers what is about tokens and sign-in links.
func (s *server) grants() {
	add(s, operation{id: "create-link", method: http.MethodPost, path: "/links", summary: "Make a sign-in link that works once", need: access.Admin},
		s.createLink)
	add(s, operation{id: "list-tokens", method: http.MethodGet, path: "/tokens", summary: "API tokens, without their secrets", need: access.Admin},
		func(ctx context.Context, _ *nothing) (*answer[client.Tokens], error) {
			all, err := s.tokens(ctx)
			return say(client.Tokens{Tokens: each(all, wireToken)}, err)
		})
	add(s, operation{id: "create-token", method: http.MethodPost, path: "/tokens", summary: "Make an API token; its secret is told once", need: access.Admin},
		s.createToken)
	add(s, operation{id: "revoke-token", method: http.MethodDelete, path: "/tokens/{token}", summary: "End an API token", need: access.Admin, status: http.StatusNoContent},
		s.revokeToken)
}

// tokens returns the grants of programs.
func (s *server) tokens(ctx context.Context) ([]access.Grant, error) {
	all, err := s.Keys.Grants(ctx)
	return slices.DeleteFunc(all, func(g access.Grant) bool { return g.Kind != access.Token }), err
}

// named checks the name of a grant: one line that can be shown.
func named(raw string) (string, error) {
	name := strings.TrimSpace(raw)
	if name == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "a name of one line is needed", "say whom or what it is for")
	}
	return name, nil
}

func (s *server) createLink(ctx context.Context, in *grantInput) (*answer[client.Link], error) {
	name, err := named(in.Body.Name)
	if err != nil {
		return nil, err
	}
	secret, err := s.Keys.CreateLink(ctx, name, access.Role(in.Body.Role), who(ctx).Name)
	if err != nil {
		return nil, err
	}
	link := strings.TrimRight(s.PublicURL, "/") + "/sign-in?link=" + url.QueryEscape(secret)
	return say(client.Link{URL: link, Role: in.Body.Role}, nil)
}

func (s *server) createToken(ctx context.Context, in *grantInput) (*answer[client.NewToken], error) {
	name, err := named(in.Body.Name)
	if err != nil {
		return nil, err
	}
	secret, err := s.Keys.CreateToken(ctx, name, access.Role(in.Body.Role), who(ctx).Name)
	if err != nil {
		return nil, err
	}
	all, err := s.tokens(ctx)
	if err != nil {
		return nil, err
	}
	hash := access.Hash(secret)
	i := slices.IndexFunc(all, func(g access.Grant) bool { return g.Hash == hash })
	if i < 0 {
		return nil, fmt.Errorf("find the token %s that was just made", name)
	}
	return say(client.NewToken{Token: wireToken(all[i]), Secret: secret}, nil)
}

func (s *server) revokeToken(ctx context.Context, in *tokenInput) (*nothing, error) {
	all, err := s.tokens(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(g access.Grant) bool { return g.ID == in.Token }) {
		return nil, fault.New(fault.NotFound, fmt.Sprintf("there is no token %q", in.Token), "list them with: postflight token list")
	}
	return &nothing{}, s.Keys.RevokeToken(ctx, in.Token)
}
