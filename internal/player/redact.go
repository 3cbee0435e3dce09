package player

import (
	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/redact"
	"github.com/postflight/postflight/internal/signal"
)

const hidden = redact.Hidden

// redactor takes secrets out of what a run stores.
type redactor struct{ in *redact.Redactor }

func newRedactor() *redactor { return &redactor{redact.New()} }

// clone shares the rules and starts without values.
func (r *redactor) clone() *redactor { return &redactor{r.in.Clone()} }

// secret adds a value that must never be stored.
func (r *redactor) secret(v string) { r.in.Secret(v) }

func (r *redactor) text(s string) string { return r.in.Text(s) }

func (r *redactor) signal(s *signal.Signal) { r.in.Signal(s) }

func (r *redactor) har(l *har.Log) { r.in.HAR(l) }

func (r *redactor) gzipped(data []byte) ([]byte, error) { return r.in.Gzipped(data) }
