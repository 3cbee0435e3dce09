package player

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/postflight/postflight/internal/journey"
)

// spare is how long a code must still be good for when it is typed.
const spare = 2 * time.Second

// fetchCode carries out a code step: the code is a variable from then on, and a
// secret, because it signs in.
func (p *play) fetchCode(ctx context.Context, s journey.Step) error {
	var code string
	var err error
	switch {
	case s.Code == nil:
		return &recordingError{"the step names no source for its code"}
	case s.Code.Mail != nil:
		code, err = p.mailed(ctx, *s.Code.Mail)
	default:
		code, err = oneTime(ctx, s.Code.TOTP)
	}
	if err != nil {
		return err
	}
	p.conceal(code)
	p.save(s.Save, code)
	return nil
}

// oneTime makes the time-based code of RFC 6238 for a key: in base32, or as the
// otpauth:// address in a QR code. When the period is about to end it waits for
// the next.
func oneTime(ctx context.Context, key string) (string, error) {
	o := totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	if strings.HasPrefix(key, "otpauth://") {
		k, err := otp.NewKeyFromURL(key)
		if err != nil || k.Type() != "totp" || k.Period() < 5 || k.Period() > 300 {
			return "", &recordingError{"the key of the one-time code is no otpauth://totp address"}
		}
		if k.Secret() == "" {
			return "", &recordingError{"the otpauth:// address of the one-time code holds no secret"}
		}
		key, o.Period, o.Digits, o.Algorithm = k.Secret(), uint(k.Period()), k.Digits(), k.Algorithm()
	}
	if journey.CleanKey(key) == "" {
		return "", &recordingError{"the key of the one-time code is empty"}
	}
	if wait := untilFresh(time.Now(), time.Duration(o.Period)*time.Second); wait > 0 {
		if err := pause(ctx, wait); err != nil {
			return "", err
		}
	}
	return codeAt(key, time.Now(), o)
}

// untilFresh is how long to wait for a code that is still good for a while.
func untilFresh(now time.Time, period time.Duration) time.Duration {
	rest := period - time.Duration(now.UnixNano())%period
	if rest >= spare {
		return 0
	}
	return rest + 10*time.Millisecond
}

func codeAt(key string, at time.Time, o totp.ValidateOpts) (string, error) {
	code, err := totp.GenerateCodeCustom(journey.CleanKey(key), at, o)
	if err != nil {
		return "", &recordingError{fmt.Sprintf("the key of the one-time code cannot be used: %s", strings.ReplaceAll(err.Error(), key, hidden))}
	}
	return code, nil
}
