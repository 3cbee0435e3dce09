package notify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/smtptest"
)

// change is a message that is about no incident.
func change(channel string, op page.Op, key string) page.Message {
	return page.Message{
		Key: key, Channel: channel, Op: op, Change: "c0ffee0123456789", Incident: "change c0ffee0123", Event: "scope",
		Title: "This change will release: shop", Text: "• shop, because a.ts → @acme/ui", Link: "/products/shop",
		Facts: []page.Fact{{Label: "Changed routes without a journey", Text: "/cart"}}, At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
}

// A message about a change says nothing of states and severities, by any
// channel.
func TestMessagesAboutAChange(t *testing.T) {
	t.Parallel()
	post, mails := mailServer(t, smtptest.Options{StartTLS: true, Username: "u", Password: "a-password"}, func(m *notify.Mail) { m.TLS = notify.TLSMandatory })
	root := send(t, mails, change("mail", page.Post, "k1"), notify.Delivery{Attempt: 1})
	send(t, mails, change("mail", page.Reply, "k2"), notify.Delivery{Attempt: 1, Root: &root})
	first := parsed(t, post.Messages()[0])
	body := parts(t, first.Header.Get("Content-Type"), "", first.Body)["text/plain"]
	if got := first.Header.Get("Subject"); got != "[change c0ffee0123] This change will release: shop" {
		t.Errorf("subject %q", got)
	}
	for _, want := range []string{"because a.ts → @acme/ui", "Changed routes without a journey: /cart", "Open change c0ffee0123: https://post.example/products/shop"} {
		if !strings.Contains(body, want) {
			t.Errorf("the mail does not say %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Severity") || strings.Contains(body, "State") {
		t.Errorf("the mail speaks of an incident:\n%s", body)
	}

	h, hooks := receiver(t, nil)
	send(t, hooks, change("hook", page.Post, "k1"), notify.Delivery{Attempt: 1})
	var got notify.Event
	if err := json.Unmarshal(h.bodies[0], &got); err != nil || got.Change != "c0ffee0123456789" || got.Incident.ID != "" || got.Event != "scope" {
		t.Errorf("the webhook gets %+v, %v", got, err)
	}

	chat, slack := workspace(t)
	at := send(t, slack, change("slack", page.Post, "k1"), notify.Delivery{Attempt: 1})
	send(t, slack, change("slack", page.Edit, "k2"), notify.Delivery{Attempt: 1, Root: &at})
	for _, m := range chat.Roots() {
		if text := m.Text + string(m.Blocks); !strings.Contains(text, "/cart") || strings.Contains(text, "not set") || !strings.Contains(text, "Open change c0ffee0123") {
			t.Errorf("the chat reads %s", text)
		}
	}
	expected(t, chat)
}
