package journey

import (
	"fmt"
	"testing"
)

func TestMailAddresses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"imaps://mail.example": "false <nil>", "imap://mail.example": "false <nil>", "imap://127.0.0.1:143": "true <nil>", "imap://[::1]": "true <nil>",
		"imap://localhost": "true <nil>", "imaps://localhost": "false <nil>", "pop://x": `false "pop://x" is not like imaps://mail.example.com`,
		"imaps://u:p@x": "false must not hold a user name or password",
	} {
		_, plain, err := MailAddress(raw)
		if got := fmt.Sprint(plain, " ", err); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
