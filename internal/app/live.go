package app

import (
	"context"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/store"
)

// live tells open pages what changed.
type live struct {
	store *store.Store
}

// Subscribe returns a channel of topics, one send a change; slow readers see
// several changes as one. It is closed when ctx ends.
func (l *live) Subscribe(ctx context.Context) <-chan []string {
	out := make(chan []string, 1)
	go l.follow(ctx, out)
	return out
}

// follow reads the journal from its present end.
func (l *live) follow(ctx context.Context, out chan<- []string) {
	defer close(out)
	after, err := read(ctx, l.store, func(tx *store.Tx) (int64, error) { return tx.LastSeq(ctx) })
	if err != nil {
		return
	}
	for {
		changed := l.store.Changed()
		events, err := read(ctx, l.store, func(tx *store.Tx) ([]journal.Event, error) {
			return tx.Events(ctx, after, batch)
		})
		if err != nil {
			return
		}
		if len(events) > 0 {
			after = events[len(events)-1].Seq
			select {
			case out <- topics(events):
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// topics names what the events are about, each once.
func topics(events []journal.Event) []string {
	seen := map[string]bool{}
	var out []string
	add := func(kind, id string) {
		if id != "" && !seen[kind+id] {
			seen[kind+id] = true
			out = append(out, kind+"/"+id)
		}
	}
	for _, e := range events {
		add("product", e.Product)
		add("release", e.Release)
		add("incident", e.Incident)
		if e.Kind == "drill.started" || e.Kind == "drill.ended" {
			add("drill", "all")
		}
	}
	return out
}
