package app

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestDatabaseThatGoesAwayEndsNoServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		begin, calls, back := time.Now(), 0, false
		l := &listener{log: slog.New(slog.DiscardHandler), listen: func(ctx context.Context) error {
			if calls++; time.Since(begin) < time.Hour {
				return errors.New("unexpected EOF")
			}
			back = true
			<-ctx.Done()
			return ctx.Err()
		}}
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		time.Sleep(time.Hour + relisten)
		synctest.Wait()
		if !back || calls < 300 || calls > 400 {
			t.Errorf("back %v after %d calls", back, calls)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}
