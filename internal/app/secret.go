package app

import (
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/product"
)

// secrets lists the configured secrets: what must not stand in the output of
// a rollback, nor be handed to its command.
func secrets(c *config.Config, products []product.Product) []string {
	var out []string
	add := func(values ...string) {
		for _, v := range values {
			if v != "" {
				out = append(out, v)
			}
		}
	}
	if pg, ok := c.Server.Postgres(); ok {
		add(pg.Reveal())
	}
	for _, ch := range c.Channels {
		switch {
		case ch.Slack != nil:
			add(ch.Slack.Token.Reveal())
		case ch.Webhook != nil:
			add(ch.Webhook.URL.Reveal(), ch.Webhook.Secret.Reveal())
		case ch.Email != nil:
			add(ch.Email.Password.Reveal())
		}
	}
	for _, p := range products {
		add(p.Rollback.Secret)
		for _, j := range p.Journeys {
			for _, v := range j.Secrets {
				add(v)
			}
		}
	}
	return out
}

// without returns the environment a rollback command gets: not our own
// settings, and no variable that holds a secret.
func without(env, secrets []string) []string {
	var out []string
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "POSTFLIGHT_") && !slices.Contains(secrets, value) {
			out = append(out, kv)
		}
	}
	return out
}
