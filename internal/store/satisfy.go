package store

import (
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// A transaction is what every stage asks for.
var (
	_ watch.Store      = (*Tx)(nil)
	_ verdict.Store    = (*Tx)(nil)
	_ incident.Store   = (*Tx)(nil)
	_ page.Store       = (*Tx)(nil)
	_ rollback.Store   = (*Tx)(nil)
	_ postmortem.Store = (*Tx)(nil)
	_ drill.Store      = (*Tx)(nil)
)
