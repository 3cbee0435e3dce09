package sign_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/sign"
)

func noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func TestBody(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	good, err := sign.Body("key", noon(), body)
	if err != nil {
		t.Fatal(err)
	}
	stamp := sign.Timestamp(noon())
	tests := []struct {
		name, secret, stamp, signature, body string
		now                                  time.Time
		want                                 error
	}{
		{"good", "key", stamp, good, `{"a":1}`, noon().Add(time.Minute), nil},
		{"among others", "key", stamp, "v2=zz, v1=00," + good, `{"a":1}`, noon(), nil},
		{"other key", "yek", stamp, good, `{"a":1}`, noon(), sign.ErrMismatch},
		{"other body", "key", stamp, good, `{"a":2}`, noon(), sign.ErrMismatch},
		{"other time", "key", "1795262401", good, `{"a":1}`, noon(), sign.ErrMismatch},
		{"moved dot", "key", stamp[:9], good, stamp[9:] + `.{"a":1}`, noon(), sign.ErrMismatch},
		{"too old", "key", stamp, good, `{"a":1}`, noon().Add(6 * time.Minute), sign.ErrExpired},
		{"future", "key", stamp, good, `{"a":1}`, noon().Add(-6 * time.Minute), sign.ErrFuture},
		{"no key", "", stamp, good, `{"a":1}`, noon(), sign.ErrNoKey},
		{"no signature", "key", stamp, "", `{"a":1}`, noon(), sign.ErrMalformed},
		{"not hex", "key", stamp, "v1=xy", `{"a":1}`, noon(), sign.ErrMalformed},
		{"odd timestamp", "key", "+" + stamp, good, `{"a":1}`, noon(), sign.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sign.VerifyBody(tt.secret, tt.stamp, tt.signature, []byte(tt.body), tt.now)
			if !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if s, err := sign.Body("", noon(), body); err == nil || s != "" {
		t.Errorf("empty secret signed: %q", s)
	}
}

func TestMarker(t *testing.T) {
	t.Parallel()
	key := []byte("k")
	marker := sign.Marker{Key: key, Run: "run-1", Expires: noon().Add(10 * time.Minute)}
	good, err := marker.Header("Shop.example:8080")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, key, header, host string
		now                     time.Time
		want                    error
	}{
		{"good", "k", good, "shop.example:8080", noon(), nil},
		{"within skew", "k", good, "shop.example:8080", noon().Add(10*time.Minute + 20*time.Second), nil},
		{"expired", "k", good, "shop.example:8080", noon().Add(11 * time.Minute), sign.ErrExpired},
		{"too far ahead", "k", good, "shop.example:8080", noon().Add(-2 * time.Hour), sign.ErrFuture},
		{"other host", "k", good, "pay.example", noon(), sign.ErrMismatch},
		{"other key", "x", good, "shop.example:8080", noon(), sign.ErrMismatch},
		{"no key", "", good, "shop.example:8080", noon(), sign.ErrNoKey},
		{"other run", "k", strings.Replace(good, "run-1", "run-2", 1), "shop.example:8080", noon(), sign.ErrMismatch},
		{"cut", "k", good[:len(good)-1], "shop.example:8080", noon(), sign.ErrMismatch},
		{"empty", "k", "", "shop.example:8080", noon(), sign.ErrMalformed},
		{"huge", "k", strings.Repeat("v1.", 1<<16), "shop.example:8080", noon(), sign.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run, got := sign.VerifyMarker([]byte(tt.key), tt.header, tt.host, tt.now)
			if !errors.Is(got, tt.want) || (got == nil) != (run == "run-1") {
				t.Errorf("got %q %v, want %v", run, got, tt.want)
			}
		})
	}
	for _, bad := range []sign.Marker{
		{Run: "r", Expires: noon()},
		{Key: key, Run: "a.b", Expires: noon()},
		{Key: key, Expires: noon()},
	} {
		if h, err := bad.Header("h"); err == nil {
			t.Errorf("made %q of %+v", h, bad)
		}
	}
}

func FuzzVerifyMarker(f *testing.F) {
	key := []byte("k")
	good, err := sign.Marker{Key: key, Run: "r", Expires: noon()}.Header("h")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "h")
	f.Add("v1.1.r.", "h")
	f.Add("v1...", "")
	f.Fuzz(func(t *testing.T, header, host string) {
		run, err := sign.VerifyMarker(key, header, host, noon())
		if err != nil {
			return
		}
		again, err := sign.Marker{Key: key, Run: run, Expires: noon()}.Header(host)
		if err != nil {
			t.Fatalf("accepted %q for %q, which we would not make: %v", header, host, err)
		}
		if header != good && again == good {
			t.Fatalf("accepted %q beside %q", header, good)
		}
	})
}

func FuzzVerifyBody(f *testing.F) {
	good, err := sign.Body("key", noon(), []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sign.Timestamp(noon()), good, []byte("x"))
	f.Add("1", "v1=,v1=", []byte(nil))
	f.Fuzz(func(t *testing.T, stamp, signature string, body []byte) {
		if sign.VerifyBody("key", stamp, signature, body, noon()) != nil {
			return
		}
		if !strings.Contains(strings.ToLower(signature), "v1=") || stamp == "" {
			t.Fatalf("accepted %q %q", stamp, signature)
		}
	})
}
