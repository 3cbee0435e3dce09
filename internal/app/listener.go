package app

import (
	"context"
	"log/slog"
	"time"
)

// listener hears what other servers on the same database commit.
type listener struct {
	listen func(context.Context) error
	log    *slog.Logger
}

// relisten is the longest pause before listening is tried again.
const relisten = 10 * time.Second

// Run listens until the context ends. A database that goes away ends no
// server: until it is back, changes are noticed by looking every second.
func (l *listener) Run(ctx context.Context) error {
	pause := backoff
	for {
		begin := time.Now()
		err := l.listen(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(begin) > relisten {
			pause = backoff // it worked for a while
		}
		l.log.Warn("the database does not tell of changes, listening again", "error", err, "pause", pause)
		if !sleep(ctx, pause) {
			return nil
		}
		pause = min(2*pause, relisten)
	}
}
