package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/slacktest"
)

const token = "xoxb-not-a-real-token"

// blobs is evidence in memory.
type blobs map[string][]byte

func (b blobs) Get(_ context.Context, key string) (io.ReadCloser, error) {
	raw, ok := b[key]
	if !ok {
		return nil, fmt.Errorf("read %s: %w", key, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

func png() []byte { return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, 2000)...) }

func workspace(t *testing.T) (*slacktest.Server, *notify.Notifier) {
	t.Helper()
	s, err := slacktest.New(slacktest.Options{Token: token, Channels: []slacktest.Channel{
		{ID: "C0RELEASES", Name: "releases"},
		{ID: "C0ARCHIVE", Name: "archive", Archived: true},
		{ID: "C0OTHERS", Name: "others", Stranger: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); h.Close() })
	channel := func(name, id, token string) notify.Channel {
		return notify.Channel{Name: name, Slack: &notify.Slack{Token: token, Channel: id, APIURL: h.URL + "/api/"}}
	}
	n := notify.New([]notify.Channel{
		channel("slack", "C0RELEASES", token), channel("archive", "archive", token), channel("others", "C0OTHERS", token),
		channel("nowhere", "C0NOWHERE", token), channel("forged", "C0RELEASES", "xoxb-forged"),
	}, notify.Options{
		Blobs: blobs{"shot": png(), "huge": make([]byte, 9<<20)}, PublicURL: "https://post.example/",
		Timeout: time.Minute,
	})
	return s, n
}

func message(channel string, op page.Op, key string) page.Message {
	return page.Message{
		Key: key, Channel: channel, Op: op, Incident: "INC-7", Product: "workshop", Event: "opened",
		State: incident.Triggered, Severity: 1, Title: "v2 breaks booking", Text: "The booking page stays blank.",
		Facts: []page.Fact{{Label: "Release", Text: "v2"}}, Link: "/incidents/INC-7",
		At:   time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
		File: &page.File{Blob: "shot", Name: "booking.png", Type: "image/png", Title: "Booking on v2"},
	}
}

// send expects success and returns where the message stands.
func send(t *testing.T, n *notify.Notifier, m page.Message, d notify.Delivery) page.Sent {
	t.Helper()
	o := n.Send(t.Context(), m, d)
	if o.Err != nil {
		t.Fatalf("%s %s: %v (%s)", m.Channel, m.Op, o.Err, fault.HintOf(o.Err))
	}
	var sent page.Sent
	if err := json.Unmarshal(o.Result, &sent); err != nil {
		t.Fatal(err)
	}
	return sent
}

func expected(t *testing.T, s *slacktest.Server) {
	t.Helper()
	if u := s.Unexpected(); len(u) > 0 {
		t.Errorf("Slack refused unexpectedly: %q", u)
	}
}

func TestSlackStory(t *testing.T) {
	t.Parallel()
	s, n := workspace(t)
	root := send(t, n, message("slack", page.Post, "k1"), notify.Delivery{Attempt: 1})
	reply := message("slack", page.Reply, "k2")
	reply.State, reply.Title = incident.Mitigated, "Rolled back to v1"
	send(t, n, reply, notify.Delivery{Attempt: 1, Root: &root})
	edit := message("slack", page.Edit, "k3")
	edit.State = incident.Mitigated
	if got := send(t, n, edit, notify.Delivery{Attempt: 1, Root: &root}); got.ID != root.ID {
		t.Errorf("edited %q, want %q", got.ID, root.ID)
	}
	send(t, n, message("slack", page.Upload, "k4"), notify.Delivery{Attempt: 1, Root: &root})

	roots := s.Roots()
	if len(roots) != 1 || roots[0].TS != root.ID || len(roots[0].Edits) != 1 {
		t.Fatalf("roots: %+v", roots)
	}
	blocks := string(roots[0].Blocks)
	for _, want := range []string{"Mitigated", "SEV-1", "v2", "https://post.example/incidents/INC-7|Open INC-7", `"verbatim":true`} {
		if !strings.Contains(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(blocks), want) {
			t.Errorf("no %q in %s", want, blocks)
		}
	}
	if !strings.Contains(roots[0].Text, "v2 breaks booking") {
		t.Errorf("fallback text: %q", roots[0].Text)
	}
	thread := s.Thread(root.ID)
	if len(thread) != 2 || !strings.Contains(thread[0].Text, "Rolled back") || len(thread[1].Files) != 1 {
		t.Fatalf("thread: %+v", thread)
	}
	files := s.Files()
	if len(files) != 1 || !bytes.Equal(files[0].Bytes, png()) || files[0].Title != "Booking on v2" || files[0].Name != "booking.png" {
		t.Errorf("files: %d", len(files))
	}
	expected(t, s)
}

func TestSlackWithoutRoot(t *testing.T) {
	t.Parallel()
	s, n := workspace(t)
	send(t, n, message("slack", page.Reply, "r"), notify.Delivery{Attempt: 1})
	if got := send(t, n, message("slack", page.Edit, "e"), notify.Delivery{Attempt: 1}); got.Note == "" || got.ID != "" {
		t.Errorf("edit without root: %+v", got)
	}
	send(t, n, message("slack", page.Upload, "u"), notify.Delivery{Attempt: 1})
	if roots := s.Roots(); len(roots) != 2 {
		t.Errorf("%d roots, want the reply and the file", len(roots))
	}
	expected(t, s)
	// A person removed the root message.
	gone := &page.Sent{Channel: "C0RELEASES", ID: "1.000001"}
	if got := send(t, n, message("slack", page.Edit, "e2"), notify.Delivery{Attempt: 1, Root: gone}); !strings.Contains(got.Note, "message_not_found") {
		t.Errorf("edit of a removed root: %+v", got)
	}
	if got := send(t, n, message("slack", page.Reply, "r2"), notify.Delivery{Attempt: 1, Root: gone}); got.Note == "" || got.ID == "" {
		t.Errorf("reply to a removed root: %+v", got)
	}
}

func TestSlackHostileText(t *testing.T) {
	t.Parallel()
	s, n := workspace(t)
	evil := "<!channel> <!here|x> <@U1> <#C1> @here @channel @everyone <https://evil.example|click> & <script> \x00\x1b[31m\u202e"
	for i, op := range []page.Op{page.Post, page.Reply} {
		m := message("slack", op, fmt.Sprint("evil", i))
		m.Title, m.Text, m.Event = evil+"*bold*\nsecond", strings.Repeat(evil, 400), evil
		m.Facts = nil
		for range 60 {
			m.Facts = append(m.Facts, page.Fact{Label: evil, Text: strings.Repeat(evil, 100)})
		}
		m.Incident, m.Product = incident.ID(evil), "p<!here>"
		m.Link = "/incidents/INC-7?x=<!channel>|y"
		send(t, n, m, notify.Delivery{Attempt: 1})
	}
	empty := message("slack", page.Post, "empty")
	empty.Title, empty.Text, empty.Facts, empty.Event, empty.Incident = "", "", []page.Fact{{}}, "", ""
	send(t, n, empty, notify.Delivery{Attempt: 1})
	for _, m := range s.Messages() {
		if got := m.Mentions(); len(got) > 0 {
			t.Errorf("mentions: %q", got)
		}
		for _, bad := range []string{"@here", "@channel", "<https://evil", "\\u003c!", "\\u003chttps://evil"} {
			if strings.Contains(m.Text+string(m.Blocks), bad) {
				t.Errorf("%q stands in the message", bad)
			}
		}
	}
	expected(t, s)
}

func TestSlackFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		fault     slacktest.Fault
		channel   string
		permanent bool
		after     time.Duration
		kind      fault.Kind
		hint      string
	}{
		{name: "throttled", fault: slacktest.Fault{Status: 429, RetryAfter: "17"}, after: 17 * time.Second, kind: fault.Unavailable},
		{name: "throttled for long", fault: slacktest.Fault{Status: 429, RetryAfter: "999999"}, after: time.Hour, kind: fault.Unavailable},
		{name: "throttled, silent", fault: slacktest.Fault{Status: 429}, after: 30 * time.Second, kind: fault.Unavailable},
		{name: "server error", fault: slacktest.Fault{Status: 500}, kind: fault.Unavailable},
		{name: "unavailable", fault: slacktest.Fault{Status: 503, RetryAfter: "5"}, kind: fault.Unavailable},
		{name: "internal", fault: slacktest.Fault{Error: "internal_error"}, kind: fault.Unavailable},
		{name: "unknown word", fault: slacktest.Fault{Error: "moon_phase"}, kind: fault.Unavailable},
		{name: "cut", fault: slacktest.Fault{Drop: true}, kind: fault.Unavailable},
		{name: "endless", fault: slacktest.Fault{Garbage: true}, kind: fault.Unavailable},
		{name: "redirect", fault: slacktest.Fault{Status: 302}, permanent: true, kind: fault.Invalid, hint: "address"},
		{name: "revoked", fault: slacktest.Fault{Error: "token_revoked"}, permanent: true, kind: fault.Denied, hint: "token"},
		{name: "scope", fault: slacktest.Fault{Error: "missing_scope"}, permanent: true, kind: fault.Denied, hint: "chat:write"},
		{name: "forged", channel: "forged", permanent: true, kind: fault.Denied, hint: "token"},
		{name: "nowhere", channel: "nowhere", permanent: true, kind: fault.NotFound, hint: "channel"},
		{name: "archive", channel: "archive", permanent: true, kind: fault.Invalid, hint: "archived"},
		{name: "others", channel: "others", permanent: true, kind: fault.Denied, hint: "/invite"},
		{name: "unknown channel", channel: "typo", permanent: true, kind: fault.NotFound, hint: "configuration"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, n := workspace(t)
			channel := tt.channel
			if channel == "" {
				channel = "slack"
				s.Fail(tt.fault)
			}
			o := n.Send(t.Context(), message(channel, page.Post, "k"), notify.Delivery{Attempt: 1})
			got := []any{o.Err != nil, o.Permanent, o.After, fault.KindOf(o.Err), strings.Contains(fault.HintOf(o.Err), tt.hint)}
			if diff := cmp.Diff([]any{true, tt.permanent, tt.after, tt.kind, true}, got); diff != "" {
				t.Errorf("%v: (-want +got)\n%s", o.Err, diff)
			}
			if o.Err != nil && strings.Contains(o.Err.Error(), "xoxb") {
				t.Errorf("token in %v", o.Err)
			}
		})
	}
}

func TestSlackHangs(t *testing.T) {
	t.Parallel()
	s, _ := workspace(t)
	h := httptest.NewServer(s)
	defer h.Close()
	defer s.Close()
	n := notify.New([]notify.Channel{{Name: "slack", Slack: &notify.Slack{
		Token: token, Channel: "C0RELEASES", APIURL: h.URL + "/api",
	}}}, notify.Options{Timeout: 100 * time.Millisecond})
	s.Fail(slacktest.Fault{Hang: true})
	o := n.Send(t.Context(), message("slack", page.Post, "k"), notify.Delivery{Attempt: 1})
	if o.Err == nil || o.Permanent || !strings.Contains(o.Err.Error(), "did not answer in time") {
		t.Errorf("got %v", o.Err)
	}
}

// TestSlackRepeats is about honesty: a message that may be there already says
// so, one that cannot be does not.
func TestSlackRepeats(t *testing.T) {
	t.Parallel()
	const note = "(possible repeat)"
	tests := []struct {
		name   string
		fault  slacktest.Fault
		second notify.Delivery
		want   bool
	}{
		{"cut after it was stored", slacktest.Fault{Drop: true}, notify.Delivery{Attempt: 2}, true},
		{"server error", slacktest.Fault{Status: 500}, notify.Delivery{Attempt: 2}, true},
		{"throttled", slacktest.Fault{Status: 429, RetryAfter: "1"}, notify.Delivery{Attempt: 2}, false},
		{"crash seen by the caller", slacktest.Fault{Status: 429, RetryAfter: "1"}, notify.Delivery{Attempt: 2, Uncertain: 1}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, n := workspace(t)
			s.Fail(tt.fault)
			if o := n.Send(t.Context(), message("slack", page.Post, "k"), notify.Delivery{Attempt: 1}); o.Err == nil {
				t.Fatal("the first attempt succeeded")
			}
			send(t, n, message("slack", page.Post, "k"), tt.second)
			all := s.Messages()
			if got := strings.Contains(all[len(all)-1].Text, note); got != tt.want {
				t.Errorf("says repeat: %t, want %t: %q", got, tt.want, all[len(all)-1].Text)
			}
			if strings.Contains(all[0].Text, note) != (len(all) == 1 && tt.want) {
				t.Errorf("first message: %q", all[0].Text)
			}
		})
	}
	t.Run("after a restart", func(t *testing.T) {
		t.Parallel()
		s, n := workspace(t)
		send(t, n, message("slack", page.Post, "k"), notify.Delivery{Attempt: 2})
		if !strings.Contains(s.Messages()[0].Text, note) {
			t.Errorf("a second attempt that nobody remembers: %q", s.Messages()[0].Text)
		}
	})
}

func TestUploadLeftOut(t *testing.T) {
	t.Parallel()
	s, n := workspace(t)
	for _, key := range []string{"gone", "huge"} {
		m := message("slack", page.Upload, key)
		m.File.Blob = key
		if got := send(t, n, m, notify.Delivery{Attempt: 1}); !strings.Contains(got.Note, "left out") {
			t.Errorf("%s: %+v", key, got)
		}
	}
	if len(s.Files()) != 0 {
		t.Error("a file was shared")
	}
	// Each of the three steps can fail, and then nothing is shown.
	for _, step := range []string{"files.getUploadURLExternal", "upload", "files.completeUploadExternal"} {
		s.Fail(slacktest.Fault{Method: step, Status: 500})
		var o action.Outcome
		if o = n.Send(t.Context(), message("slack", page.Upload, step), notify.Delivery{Attempt: 1}); o.Err == nil || o.Permanent {
			t.Errorf("%s: %v", step, o.Err)
		}
		if o.Err != nil && strings.Contains(o.Err.Error(), "/upload/") {
			t.Errorf("the upload address stands in %v", o.Err)
		}
	}
	expected(t, s)
}

// An edit replaces the page's text, and must not take its mark away: the
// other copy, which nobody can edit, still stands in the channel.
func TestSlackEditKeepsTheMark(t *testing.T) {
	t.Parallel()
	s, n := workspace(t)
	root := send(t, n, message("slack", page.Post, "k1"), notify.Delivery{Attempt: 2, Uncertain: 1})
	edit := message("slack", page.Edit, "k2")
	edit.State = incident.Resolved
	send(t, n, edit, notify.Delivery{Attempt: 1, Root: &root})
	got := s.Roots()
	if len(got) != 1 || len(got[0].Edits) != 1 || !strings.Contains(got[0].Text, "(possible repeat)") {
		t.Errorf("after the edit: %+v", got)
	}
}
