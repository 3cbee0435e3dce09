package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// get reads one thing.
func get[T any](ctx context.Context, c *Client, query url.Values, path ...string) (out T, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: path, query: query}, &out)
	return out, err
}

// post asks for one thing.
func post[T any](ctx context.Context, c *Client, body any, path ...string) (out T, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: path, body: body}, &out)
	return out, err
}

// limited is a query for at most n rows; 0 leaves it to the server.
func limited(n int) url.Values {
	q := url.Values{}
	if n > 0 {
		q.Set("limit", strconv.Itoa(n))
	}
	return q
}

// Version returns the server's version. It needs no role but a token.
func (c *Client) Version(ctx context.Context) (Version, error) {
	return get[Version](ctx, c, nil, "version")
}

// Products returns where every product stands.
func (c *Client) Products(ctx context.Context) ([]Product, error) {
	out, err := get[Products](ctx, c, nil, "products")
	return out.Products, err
}

// Product returns where one product stands.
func (c *Client) Product(ctx context.Context, id string) (Product, error) {
	return get[Product](ctx, c, nil, "products", id)
}

// Announce tells of a release. It is idempotent: repeat it after a doubt.
func (c *Client) Announce(ctx context.Context, product string, a Announcement) (Announced, error) {
	return post[Announced](ctx, c, a, "products", product, "releases")
}

// Releases returns a product's newest releases first; limit 0 means the
// server's default.
func (c *Client) Releases(ctx context.Context, product string, limit int) ([]Outcome, error) {
	out, err := get[Releases](ctx, c, limited(limit), "products", product, "releases")
	return out.Releases, err
}

// Unpin lets a version that was rolled back be released again.
func (c *Client) Unpin(ctx context.Context, product string) error {
	_, err := post[Accepted](ctx, c, nil, "products", product, "unpin")
	return err
}

// Release returns one release with what was seen of it.
func (c *Client) Release(ctx context.Context, id string) (ReleaseDetail, error) {
	return get[ReleaseDetail](ctx, c, nil, "releases", id)
}

// Wait returns a release once its verdict is final or broken, or after
// patience (at most WaitMax) with Settled false.
func (c *Client) Wait(ctx context.Context, id string, patience time.Duration) (out Outcome, err error) {
	patience = min(max(patience, time.Second), WaitMax)
	err = c.do(ctx, call{
		method: http.MethodGet, path: []string{"releases", id, "wait"}, wait: patience,
		query: url.Values{"timeout": {strconv.Itoa(int(patience / time.Second))}},
	}, &out)
	return out, err
}

// RollBack asks that a release be undone.
func (c *Client) RollBack(ctx context.Context, release string) (Accepted, error) {
	return post[Accepted](ctx, c, nil, "releases", release, "rollback")
}

// RollBackProduct asks that a product's live release be undone.
func (c *Client) RollBackProduct(ctx context.Context, product string) (Accepted, error) {
	return post[Accepted](ctx, c, nil, "products", product, "rollback")
}

// Incidents returns the newest incidents first; open leaves out closed ones.
func (c *Client) Incidents(ctx context.Context, open bool, limit int) ([]Incident, error) {
	q := limited(limit)
	if open {
		q.Set("open", "true")
	}
	out, err := get[Incidents](ctx, c, q, "incidents")
	return out.Incidents, err
}

// Incident returns one incident with its timeline.
func (c *Client) Incident(ctx context.Context, id string) (IncidentDetail, error) {
	return get[IncidentDetail](ctx, c, nil, "incidents", id)
}

// Acknowledge takes an incident into a person's hands; text may be empty.
func (c *Client) Acknowledge(ctx context.Context, id, text string) error {
	return c.command(ctx, id, "acknowledge", Note{Text: text})
}

// Resolve closes an incident; text may be empty.
func (c *Client) Resolve(ctx context.Context, id, text string) error {
	return c.command(ctx, id, "resolve", Note{Text: text})
}

// FalseAlarm closes an incident that was none; text may be empty.
func (c *Client) FalseAlarm(ctx context.Context, id, text string) error {
	return c.command(ctx, id, "false-alarm", Note{Text: text})
}

// Note adds a line to an incident's timeline.
func (c *Client) Note(ctx context.Context, id, text string) error {
	return c.command(ctx, id, "notes", Note{Text: text})
}

// SetSeverity sets the severity of an incident, from 1 (worst) to 4.
func (c *Client) SetSeverity(ctx context.Context, id string, severity int, text string) error {
	return c.command(ctx, id, "severity", SeverityChange{Severity: severity, Text: text})
}

func (c *Client) command(ctx context.Context, id, verb string, body any) error {
	_, err := post[Accepted](ctx, c, body, "incidents", id, verb)
	return err
}

// Postmortem returns an incident's postmortem.
func (c *Client) Postmortem(ctx context.Context, id string) (Postmortem, error) {
	return get[Postmortem](ctx, c, nil, "incidents", id, "postmortem")
}

// PostmortemMarkdown returns an incident's postmortem as Markdown.
func (c *Client) PostmortemMarkdown(ctx context.Context, id string) (string, error) {
	var raw []byte
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"incidents", id, "postmortem"}, accept: "text/markdown"}, &raw)
	return string(raw), err
}

// Scenarios returns what can be played, in the order to play it.
func (c *Client) Scenarios(ctx context.Context) ([]Scenario, error) {
	out, err := get[Scenarios](ctx, c, nil, "drills", "scenarios")
	return out.Scenarios, err
}

// StartDrill plays a scenario and returns the drill's id at once. A Conflict
// says what is not steady.
func (c *Client) StartDrill(ctx context.Context, scenario string) (string, error) {
	out, err := post[Started](ctx, c, DrillStart{Scenario: scenario}, "drills")
	return out.ID, err
}

// Drills returns the newest drills first.
func (c *Client) Drills(ctx context.Context, limit int) ([]Drill, error) {
	out, err := get[Drills](ctx, c, limited(limit), "drills")
	return out.Drills, err
}

// Drill returns one drill.
func (c *Client) Drill(ctx context.Context, id string) (Drill, error) {
	return get[Drill](ctx, c, nil, "drills", id)
}

// CreateLink returns a sign-in link that works once.
func (c *Client) CreateLink(ctx context.Context, name, role string) (Link, error) {
	return post[Link](ctx, c, GrantRequest{Name: name, Role: role}, "links")
}

// CreateToken returns a new API token; its secret is told only now.
func (c *Client) CreateToken(ctx context.Context, name, role string) (NewToken, error) {
	return post[NewToken](ctx, c, GrantRequest{Name: name, Role: role}, "tokens")
}

// Tokens returns the API tokens, newest first, without their secrets.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	out, err := get[Tokens](ctx, c, nil, "tokens")
	return out.Tokens, err
}

// RevokeToken ends a token, by its id.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"tokens", id}}, nil)
}
