package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

// poll reads the served version; three bad answers are needed to be down.
func (b *Prober) poll(ctx context.Context, it *item, s *signal.Signal) {
	var r reading
	start := time.Now()
	for try := range tries {
		if try > 0 && !pause(ctx, tryPause) {
			break
		}
		start = time.Now()
		if r.version, r.err = b.eyes.Version(ctx, it.p.Version, it.p.URL); !r.down() {
			break
		}
	}
	s.Took, s.Served = time.Since(start), r.version
	v, _ := errors.AsType[*VersionError](r.err)
	switch {
	case ctx.Err() != nil:
		broken(s, "stopped")
	case r.err == nil:
		s.Outcome, s.Summary = signal.Pass, "serves "+r.version
		b.notice(ctx, it, r.version)
	case r.down():
		unhealthy(s, r)
	case LackOf(r.err) == Unversioned:
		failed(s, signal.Failure{
			Class: "version", Message: v.Reason, URL: v.URL, Host: hostOf(v.URL), Status: v.Status,
		}, "answers, but names no version: "+v.Reason)
	default:
		broken(s, fmt.Sprintf("the version could not be read: %v", r.err))
	}
}

// notice tells of a version that is not the known one, after a second read.
func (b *Prober) notice(ctx context.Context, it *item, version string) {
	known := b.known(it)
	b.mu.Lock()
	if version == known {
		it.noticed = ""
	}
	told := version == known || version == it.noticed
	b.mu.Unlock()
	if told || b.o.Notice == nil || !pause(ctx, tryPause) {
		return
	}
	again, err := b.eyes.Version(ctx, it.p.Version, it.p.URL)
	if err != nil || again != version || b.known(it) == version {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, reportDeadline)
	defer cancel()
	err = b.o.Notice(bounded, signal.Noticed{Product: it.p.ID, Version: version, Before: known})
	if err != nil {
		b.o.Log.WarnContext(ctx, "served version not noted", "product", it.p.ID, "version", version, "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	it.noticed = version
	if b.o.Known == nil {
		it.known = version
	}
}

func (b *Prober) known(it *item) string {
	if b.o.Known != nil {
		return b.o.Known(it.p.ID)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return it.known
}
