package slacktest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/postflight/postflight/internal/slacktest"
)

const token = "xoxb-not-a-real-token"

func open(t *testing.T, dir string) (*slacktest.Server, *httptest.Server, *slack.Client) {
	t.Helper()
	s, err := slacktest.New(slacktest.Options{Token: token, Dir: dir, Channels: []slacktest.Channel{
		{ID: "C0RELEASES", Name: "releases"}, {ID: "C0OTHER", Name: "other", Stranger: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); h.Close() })
	return s, h, slack.New(token, slack.OptionAPIURL(h.URL+"/api/"))
}

func post(t *testing.T, c *slack.Client, options ...slack.MsgOption) string {
	t.Helper()
	_, ts, err := c.PostMessageContext(t.Context(), "releases", options...)
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func upload(t *testing.T, c *slack.Client, name, thread string, b []byte) {
	t.Helper()
	_, err := c.UploadFileContext(t.Context(), slack.UploadFileParameters{
		Reader: bytes.NewReader(b), FileSize: len(b), Filename: name, Title: name, Channel: "C0RELEASES", ThreadTimestamp: thread,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, u string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.Header
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s, h, _ := open(t, "")
	long := strings.Repeat("x", 40001)
	tests := []struct {
		method string
		args   url.Values
		want   string
	}{
		{"auth.test", url.Values{"token": {token}}, `"ok":true`},
		{"auth.test", url.Values{}, "not_authed"},
		{"auth.test", url.Values{"token": {"xoxb-forged"}}, "invalid_auth"},
		{"chat.delete", url.Values{"token": {token}}, "unknown_method"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"C1"}, "text": {"x"}}, "channel_not_found"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"C0OTHER"}, "text": {"x"}}, "not_in_channel"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"#releases"}}, "no_text"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"releases"}, "text": {long}}, "msg_too_long"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"releases"}, "text": {"x"}, "thread_ts": {"1.2"}}, "thread_not_found"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"releases"}, "blocks": {"{"}}, "invalid_blocks_format"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"releases"}, "blocks": {`[{"type":"section"}]`}}, "invalid_blocks"},
		{"chat.postMessage", url.Values{"token": {token}, "channel": {"releases"}, "blocks": {
			`[{"type":"section","text":{"type":"mrkdwn","text":"` + long[:3001] + `"}}]`,
		}}, "invalid_blocks"},
		{"chat.update", url.Values{"token": {token}, "channel": {"C0RELEASES"}, "ts": {"1.2"}, "text": {"x"}}, "message_not_found"},
		{"chat.update", url.Values{"token": {token}, "channel": {"releases"}, "ts": {"1.2"}, "text": {"x"}}, "channel_not_found"},
		{"files.getUploadURLExternal", url.Values{"token": {token}, "filename": {"a"}}, "invalid_arguments"},
		{"files.completeUploadExternal", url.Values{"token": {token}, "files": {`[{"id":"F1"}]`}, "channel_id": {"C0RELEASES"}}, "file_not_found"},
	}
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/"+tt.method, strings.NewReader(tt.args.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(b), tt.want) {
			t.Errorf("%s: %s, want %s", tt.method, b, tt.want)
		}
	}
	if got := len(s.Unexpected()); got != len(tests)-1 || len(s.Messages()) != 0 {
		t.Errorf("%d unexpected, want %d; %d messages", got, len(tests)-1, len(s.Messages()))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s, _, c := open(t, "")
	s.Fail(slacktest.Fault{Method: "chat.update", Status: 500})
	s.Fail(slacktest.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: "3", Times: 2})
	s.Fail(slacktest.Fault{Method: "chat.postMessage", Drop: true})
	s.Fail(slacktest.Fault{Method: "chat.postMessage", For: time.Hour, Error: "is_archived"})
	for range 5 {
		_, _, _ = c.PostMessageContext(t.Context(), "releases", slack.MsgOptionText("x", false))
	}
	s.Heal()
	post(t, c, slack.MsgOptionText("y", false))
	var got []string
	for _, call := range s.Calls() {
		got = append(got, call.Answer)
	}
	// The dropped call was performed: that is what makes it hard.
	if diff := cmp.Diff([]string{"429", "429", "ok", "is_archived", "is_archived", "ok"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := len(s.Messages()); n != 2 {
		t.Errorf("%d messages, want the dropped one and the last", n)
	}
	s.Fail(slacktest.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.AuthTestContext(ctx); err == nil {
		t.Error("a hanging call was answered")
	}
	if len(s.Unexpected()) != 0 {
		t.Errorf("scripted failures count as unexpected: %q", s.Unexpected())
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	s, _, c := open(t, "")
	post(t, c, slack.MsgOptionText("<!channel> <@U1> &lt;!here&gt; <https://a.example|x> @here", false))
	post(t, c, slack.MsgOptionText("@here", false), slack.MsgOptionLinkNames(true))
	post(t, c, slack.MsgOptionBlocks(slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "a <!here> b", false, false), nil, nil)))
	post(t, c, slack.MsgOptionBlocks(slack.NewSectionBlock(slack.NewTextBlockObject("plain_text", "a <!here> b", false, false), nil, nil)))
	var got [][]string
	for _, m := range s.Messages() {
		got = append(got, m.Mentions())
	}
	if diff := cmp.Diff([][]string{{"!channel", "@U1"}, {"@here"}, {"!here"}, nil}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _, c := open(t, dir)
	root := post(t, c, slack.MsgOptionText("kept", false))
	upload(t, c, "shot.png", root, []byte("\x89PNG\r\n\x1a\nxx"))
	again, _, c2 := open(t, dir)
	if diff := cmp.Diff(s.Messages(), again.Messages()); diff != "" {
		t.Errorf("messages (-before +after)\n%s", diff)
	}
	if diff := cmp.Diff(s.Files(), again.Files()); diff != "" || len(again.Files()) != 1 {
		t.Errorf("files (-before +after)\n%s", diff)
	}
	if ts := post(t, c2, slack.MsgOptionText("later", false)); ts <= root {
		t.Errorf("ts %s after %s", ts, root)
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	s, h, c := open(t, "")
	for i := range 1010 {
		post(t, c, slack.MsgOptionText(fmt.Sprint(i), false))
	}
	if all := s.Messages(); len(all) != 1000 || all[0].Text != "10" {
		t.Errorf("%d messages, from %q", len(all), all[0].Text)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/auth.test", io.LimitReader(zeros{}, 40<<20))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("40 MiB: %s", resp.Status)
		}
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestPage(t *testing.T) {
	t.Parallel()
	s, h, c := open(t, "")
	if body, _ := get(t, h.URL); !strings.Contains(body, "Nothing here yet") {
		t.Error("the empty page says nothing")
	}
	evil := `<script>alert(1)</script><img src=x onerror=alert(1)> <javascript:alert(1)|x> *b* <!here>`
	root := post(t, c, slack.MsgOptionText(evil, false))
	post(t, c, slack.MsgOptionText("the <https://a.example/?a=1&amp;b=2|answer> &amp; more", false), slack.MsgOptionTS(root))
	upload(t, c, `x"><script>.svg`, root, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`))
	upload(t, c, "shot.png", root, []byte("\x89PNG\r\n\x1a\nxx"))
	body, header := get(t, h.URL)
	for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript`, "<script>."} {
		if strings.Contains(body, bad) {
			t.Errorf("%q stands in the page", bad)
		}
	}
	for _, want := range []string{`<a href="https://a.example/?a=1&amp;b=2"`, "&amp; more", "3 replies", `<img src="/files/F`, `class="mention"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy %q", header.Get("Content-Security-Policy"))
	}
	files := s.Files()
	i := slices.IndexFunc(files, func(f slacktest.File) bool { return f.Name != "shot.png" })
	if _, header := get(t, h.URL+"/files/"+files[i].ID); header.Get("Content-Type") != "application/octet-stream" || header.Get("Content-Disposition") != "attachment" {
		t.Errorf("an SVG is served as %v", header)
	}
	if _, header := get(t, h.URL+"/files/"+files[1-i].ID); header.Get("Content-Type") != "image/png" {
		t.Errorf("a picture is served as %v", header)
	}
}

// TestEvents follows the page's event stream over a change.
func TestEvents(t *testing.T) {
	t.Parallel()
	_, h, c := open(t, "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	one := make([]byte, len("data: changed\n\n"))
	if _, err := io.ReadFull(resp.Body, one); err != nil {
		t.Fatal(err)
	}
	post(t, c, slack.MsgOptionText("x", false))
	if _, err := io.ReadFull(resp.Body, one); err != nil {
		t.Fatal(err)
	}
}
