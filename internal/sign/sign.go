// Package sign makes and verifies the two signatures of Postflight: that of
// the requests it sends (webhooks) and the marker that tells synthetic
// traffic from real visitors.
//
// Both are HMAC-SHA256 over a text with a time in it, compared in constant
// time. It never signs or verifies with an empty key, so a forgotten secret is
// an error and not a signature that everybody can make. It uses the standard
// library only; every room may import it.
package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request.
const (
	HeaderID        = "Postflight-Id"        // the same on every attempt
	HeaderTimestamp = "Postflight-Timestamp" // Unix seconds of this attempt
	HeaderSignature = "Postflight-Signature" // "v1=<hex>"; several may stand, comma-separated
)

// Tolerance is how old or how far in the future a signed request may be.
const Tolerance = 5 * time.Minute

// The reasons for which a signature or marker is refused.
var (
	ErrNoKey     = errors.New("the signing key is empty")
	ErrMalformed = errors.New("the signature is malformed")
	ErrExpired   = errors.New("the signature is too old")
	ErrFuture    = errors.New("the signature is from the future")
	ErrMismatch  = errors.New("the signature does not match")
)

// scheme is the version that stands before every signature.
const scheme = "v1="

// maxHeader bounds what is parsed of a header.
const maxHeader = 1024

// Body returns the value of HeaderSignature: "v1=" and the hex HMAC-SHA256,
// keyed with secret, of "<unix seconds of at>.<body>".
func Body(secret string, at time.Time, body []byte) (string, error) {
	if secret == "" {
		return "", ErrNoKey
	}
	return scheme + hex.EncodeToString(sum([]byte(secret), Timestamp(at)+".", body)), nil
}

// Timestamp returns the value of HeaderTimestamp.
func Timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// VerifyBody checks the two headers of a request against its raw body. A
// request older than Tolerance is refused, so that a recorded one cannot be
// replayed for long; the receiver additionally remembers HeaderID.
func VerifyBody(secret, timestamp, signature string, body []byte, now time.Time) error {
	if secret == "" {
		return ErrNoKey
	}
	seconds, err := unix(timestamp)
	if err != nil || len(signature) > maxHeader {
		return ErrMalformed
	}
	want := sum([]byte(secret), timestamp+".", body)
	matched, known := false, false
	for part := range strings.SplitSeq(signature, ",") {
		digest, ok := strings.CutPrefix(strings.TrimSpace(part), scheme)
		if !ok {
			continue // a scheme of later versions
		}
		got, err := hex.DecodeString(digest)
		if err != nil {
			return ErrMalformed
		}
		known = true
		matched = hmac.Equal(got, want) || matched
	}
	switch at := time.Unix(seconds, 0); {
	case !known:
		return fmt.Errorf("%w: no %s… in it", ErrMalformed, scheme)
	case !matched:
		return ErrMismatch
	case now.Sub(at) > Tolerance:
		return ErrExpired
	case at.Sub(now) > Tolerance:
		return ErrFuture
	}
	return nil
}

// unix parses the canonical decimal form of a moment between 1970 and 9999.
func unix(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 253402300799 || strconv.FormatInt(n, 10) != s {
		return 0, ErrMalformed
	}
	return n, nil
}

func sum(key []byte, text string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	h.Write(body)
	return h.Sum(nil)
}
