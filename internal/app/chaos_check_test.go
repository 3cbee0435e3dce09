package app

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/slacktest"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
)

const repeatMark = "(possible repeat)"

// check is what must be true after all kills.
func (c *chaos) check() {
	c.t.Helper()
	messages, repeats := c.checkMessages()
	c.checkReleases()
	c.checkTimelines()
	if bad := c.chat.Unexpected(); len(bad) > 0 {
		c.t.Errorf("the chat would have refused: %v", bad)
	}
	if !poll(c.t.Context(), 20*time.Second, 100*time.Millisecond, func() bool { return len(c.orphans(0)) == 0 }) {
		c.t.Errorf("processes outlive their killed server: %v", c.orphans(0))
	}
	if len(c.kills) < enoughKills {
		c.t.Errorf("only %d kills", len(c.kills))
	}
	c.report(messages, repeats)
}

// checkMessages compares what was decided with what the chat holds: nothing
// is missing, and what stands there twice says so.
func (c *chaos) checkMessages() (messages, repeats int) {
	c.t.Helper()
	chat := c.chat.Messages()
	held := map[string]slacktest.Message{} // by ts, and by file
	for _, m := range chat {
		held[m.TS] = m
		for _, f := range m.Files {
			held[f] = m
		}
	}
	recorded := map[string]string{} // ts → key of the action that it is the result of
	posts := map[incident.ID]int{}
	for _, a := range c.sends() {
		var m page.Message
		var sent page.Sent
		if err := a.Decode(&m); err != nil {
			c.t.Fatal(err)
		}
		if a.State != action.Done {
			c.t.Errorf("%s is %s: %s", a.Key, a.State, a.Error)
			continue
		}
		if err := json.Unmarshal(a.Result, &sent); err != nil {
			c.t.Fatalf("result of %s: %v", a.Key, err)
		}
		at, ok := held[sent.ID]
		if !ok {
			c.t.Errorf("%s is recorded as sent (%+v) and is not in the chat", a.Key, sent)
			continue
		}
		if m.Op == page.Post {
			posts[m.Incident]++
		}
		if m.Op == page.Edit {
			continue
		}
		if other, twice := recorded[at.TS]; twice {
			c.t.Errorf("%s and %s are the same message", a.Key, other)
		}
		recorded[at.TS] = a.Key
		if m.Op != page.Post && !isRecordedRoot(at.Thread, recorded) {
			c.t.Errorf("%s stands in the thread of %q, which is no recorded page", a.Key, at.Thread)
		}
		if marked(at) && a.Attempt == 1 {
			c.t.Errorf("%s says that it may be a repeat after one attempt", a.Key)
		}
	}
	for _, in := range c.incidents() {
		if posts[in.ID] != 1 {
			c.t.Errorf("%s has %d pages", in.ID, posts[in.ID])
		}
	}
	c.checkRepeats(chat, recorded)
	for _, m := range chat {
		if marked(m) {
			repeats++
		}
	}
	return len(chat), repeats
}

// isRecordedRoot reports whether a thread hangs on a page that we know of.
func isRecordedRoot(ts string, recorded map[string]string) bool {
	return strings.HasSuffix(recorded[ts], "/root")
}

// checkRepeats wants that a message nobody recorded came again, marked, and
// that of two equal messages the later one is marked.
func (c *chaos) checkRepeats(chat []slacktest.Message, recorded map[string]string) {
	c.t.Helper()
	files := map[string]slacktest.File{}
	for _, f := range c.chat.Files() {
		files[f.ID] = f
	}
	same := map[string][]slacktest.Message{}
	for _, m := range chat {
		key := m.Text + string(m.Blocks)
		switch {
		case m.Thread == "": // edited later: the incident tells pages apart
			key = "page of " + regexp.MustCompile(`/incidents/[\w-]+`).FindString(string(m.Blocks))
		case len(m.Files) > 0: // whose names are unique to an incident
			key = "file " + files[m.Files[0]].Name
		}
		key = strings.ReplaceAll(key, " "+repeatMark, "")
		same[key] = append(same[key], m)
	}
	for key, all := range same {
		for i, m := range all {
			if i > 0 && !marked(m) {
				c.t.Errorf("stands in the chat %d times, the later one unmarked: %.300s", len(all), key)
			}
			if _, ok := recorded[m.TS]; !ok && i == len(all)-1 {
				c.t.Errorf("was sent, is not recorded, and was not repeated: %.300s", key)
			}
		}
	}
}

// marked reports whether a message says that it may be a repeat.
func marked(m slacktest.Message) bool { return strings.Contains(m.Text, repeatMark) }

// checkReleases wants every bad release undone, once, and verified, and no
// incident without a cause.
func (c *chaos) checkReleases() {
	c.t.Helper()
	rows := ask(c.chaosWorld, func(ctx context.Context, tx *store.Tx) ([]release.Release, error) {
		return tx.Releases(ctx, demoProduct, 100)
	})
	blamed := map[string]incident.Incident{}
	for _, in := range c.incidents() {
		if in.State != incident.Resolved {
			c.t.Errorf("%s is %s", in.ID, in.State)
		}
		if _, twice := blamed[in.Version]; twice {
			c.t.Errorf("a second incident blames %q: %s %s", in.Version, in.ID, in.Title)
		}
		blamed[in.Version] = in
	}
	for _, version := range c.bad {
		in, ok := blamed[version]
		if !ok || in.Acted.IsZero() || in.Mitigated.IsZero() || in.Mitigated.Before(in.Acted) {
			c.t.Errorf("bad release %s: incident %+v", version, in)
			continue
		}
		undone := 0
		for _, r := range rows {
			if r.Undoes == in.Release {
				undone++
			}
			if r.ID == in.Release && r.Judgement != release.Bad {
				c.t.Errorf("%s is held to be %s", version, r.Judgement)
			}
		}
		if undone != 1 {
			c.t.Errorf("%s was undone %d times", version, undone)
		}
	}
	for _, version := range append(c.ok, "v1") {
		if in, ok := blamed[version]; ok {
			c.t.Errorf("%s is healthy and blamed: %+v", version, in)
		}
	}
	if env := blamed[""]; env.Verdict.State != verdict.BrokenEnvironment || !strings.Contains(env.Title, "Payments") {
		c.t.Errorf("the outage: %+v", env)
	}
	if want := len(c.bad) + 1; len(blamed) != want {
		c.t.Errorf("%d causes for incidents, want %d", len(blamed), want)
	}
	rolls := ask(c.chaosWorld, func(ctx context.Context, tx *store.Tx) ([]action.Action, error) {
		return tx.Actions(ctx, store.ActionFilter{Kind: rollback.ActionPerform})
	})
	if len(rolls) != len(c.bad) {
		c.t.Errorf("%d rollbacks of %d bad releases", len(rolls), len(c.bad))
	}
	for _, r := range rows {
		c.t.Logf("%-12s %-4s %-9s %s", r.ID, r.Version, r.Source, r.Judgement)
	}
}

// checkTimelines wants every line once, in order, and no event left out.
func (c *chaos) checkTimelines() {
	c.t.Helper()
	for _, in := range c.incidents() {
		lines := ask(c.chaosWorld, func(ctx context.Context, tx *store.Tx) ([]incident.Entry, error) { return tx.Timeline(ctx, in.ID) })
		seen, kinds := map[int64]bool{}, map[string]bool{}
		for _, l := range lines {
			if seen[l.Seq] {
				c.t.Errorf("%s tells event %d twice", in.ID, l.Seq)
			}
			seen[l.Seq], kinds[l.Kind] = true, true
		}
		for _, want := range []journal.Kind{incident.EventOpened, incident.EventMitigated, incident.EventResolved} {
			if !kinds[string(want)] {
				c.t.Errorf("the timeline of %s lacks %s", in.ID, want)
			}
		}
	}
	skipped := ask(c.chaosWorld, func(ctx context.Context, tx *store.Tx) ([]journal.Event, error) {
		return tx.EventsAbout(ctx, store.EventFilter{Kinds: []journal.Kind{EventSkipped}})
	})
	for _, ev := range skipped {
		c.t.Errorf("an event was skipped: %s", ev.Data)
	}
}
