package process

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHidden(t *testing.T) {
	t.Parallel()
	got := hidden([]string{
		"tool", "--token", "abc", "--password=x y", "API_KEY=123", "--verbose", "--auth-token", "--next", "psql",
		"postgres://user:pw@db:5432/x", "--name=value", "-secret", "s",
	})
	want := []string{
		"tool", "--token", masked, "--password=" + masked, "API_KEY=" + masked, "--verbose", "--auth-token", "--next", "psql",
		"postgres://" + masked + "@db:5432/x", "--name=value", "-secret", masked,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	if got, want := short("a\x1b[31m\nb\xff\x00\u0085", 100), "a[31m b\uFFFD"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := short("abcdef", 3), "abc…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseLocks(t *testing.T) {
	t.Parallel()
	got := parseLocks("1: FLOCK  ADVISORY  WRITE 12 08:01:99 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 13 08:01:99 0 EOF\n2: OFDLCK ADVISORY  READ -1 00:2e:7 1073741826 1073742335\nbroken\n3: -> POSIX\n4: POSIX ADVISORY WRITE x 08:01:99 0 EOF\n")
	if len(got) != 3 || !got[1].waits || got[1].pid != 13 || got[0].file() != got[1].file() || got[2].file() != "00:2e:7" {
		t.Errorf("got %+v", got)
	}
}

func TestParseSockets(t *testing.T) {
	t.Parallel()
	got := parseSockets("tcp", `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0
   1: 0100007F:D431 0100007F:1538 01 00000005:00000007 00:00000000 00000003     0        0 102 1 0 100 0 0 10 0
   2: broken
`)
	var texts []string
	for _, s := range got {
		texts = append(texts, s.String())
	}
	if diff := cmp.Diff(texts, []string{
		"tcp 127.0.0.1:8080 listening",
		"tcp 127.0.0.1:54321 → 127.0.0.1:5432 connected (PostgreSQL), 5 bytes not taken, 7 bytes unread, sent again 3 times",
	}); diff != "" {
		t.Error(diff)
	}
	six := parseSockets("tcp6", "   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1\n")
	if len(six) != 1 || six[0].String() != "tcp6 [::1]:3000 listening" {
		t.Errorf("got %v", six)
	}
	unix := parseUnix("Num       RefCount Protocol Flags    Type St Inode Path\n0000: 00000002 00000000 00010000 0001 01 55 /run/x.sock\n")
	if len(unix) != 1 || unix[0].String() != "unix listening /run/x.sock" {
		t.Errorf("got %v", unix)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1: -> FLOCK  ADVISORY  WRITE 13 08:01:99 0 EOF")
	f.Add("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1")
	f.Fuzz(func(_ *testing.T, text string) {
		parseLocks(text)
		for _, s := range append(parseSockets("tcp", text), parseUnix(text)...) {
			_ = s.String()
		}
		hidden([]string{text, text})
		short(text, 10)
	})
}
