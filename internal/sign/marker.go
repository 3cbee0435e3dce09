package sign

import (
	"crypto/hmac"
	"encoding/base64"
	"strings"
	"time"
)

// HeaderMarker carries a Marker. It is sent to first-party origins only.
const HeaderMarker = "Postflight-Synthetic"

// Bounds of a marker's life.
const (
	// MarkerLife is the longest time between making a marker and its expiry.
	MarkerLife = time.Hour
	// MarkerSkew is how far two clocks may be apart.
	MarkerSkew = 30 * time.Second
)

// Marker marks a request as made by one run of Postflight.
type Marker struct {
	Key     []byte
	Run     string    // 1 to 64 of A–Z a–z 0–9 _ -
	Expires time.Time // at most MarkerLife ahead
}

// Header returns the value of HeaderMarker for requests to host (as in the
// Host header: name or name:port):
// "v1.<expiry unix>.<run>.<base64url HMAC-SHA256 of v1.<expiry>.<run>.<host>>".
// It fails for an empty key, host or an unusable run.
func (m Marker) Header(host string) (string, error) {
	host = strings.ToLower(host)
	switch {
	case len(m.Key) == 0:
		return "", ErrNoKey
	case !runOK(m.Run) || !hostOK(host) || m.Expires.Unix() < 0:
		return "", ErrMalformed
	}
	text := "v1." + Timestamp(m.Expires) + "." + m.Run
	return text + "." + digest(m.Key, text, host), nil
}

// VerifyMarker checks a marker that came with a request to host and returns
// the run that made it. It refuses an expired one, one that expires later than
// any we would make, and one made for another host.
func VerifyMarker(key []byte, header, host string, now time.Time) (run string, err error) {
	if len(key) == 0 {
		return "", ErrNoKey
	}
	host = strings.ToLower(host)
	parts := strings.Split(header[:min(len(header), maxHeader)], ".")
	if len(header) > maxHeader || len(parts) != 4 || parts[0] != "v1" || !runOK(parts[2]) || !hostOK(host) {
		return "", ErrMalformed
	}
	seconds, err := unix(parts[1])
	if err != nil {
		return "", err
	}
	want := digest(key, strings.Join(parts[:3], "."), host)
	if !hmac.Equal([]byte(parts[3]), []byte(want)) {
		return "", ErrMismatch
	}
	switch expires := time.Unix(seconds, 0); {
	case now.Sub(expires) > MarkerSkew:
		return "", ErrExpired
	case expires.Sub(now) > MarkerLife+MarkerSkew:
		return "", ErrFuture
	}
	return parts[2], nil
}

func digest(key []byte, text, host string) string {
	return base64.RawURLEncoding.EncodeToString(sum(key, text+"."+host, nil))
}

func runOK(run string) bool {
	if run == "" || len(run) > 64 {
		return false
	}
	for _, c := range []byte(run) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func hostOK(host string) bool {
	if host == "" || len(host) > 261 {
		return false
	}
	return !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' || r == '@' })
}
