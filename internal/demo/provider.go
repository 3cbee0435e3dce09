package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// method is a way to pay, as the provider and both API revisions spell it.
type method struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// charge is the call the provider takes.
type charge struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Method   string `json:"method"`
	Key      string `json:"idempotency_key"`
	Test     bool   `json:"test,omitempty"`
}

// errDeclined is a charge that the provider understood and refused.
var errDeclined = refusal{http.StatusPaymentRequired, "declined", "the payment was declined"}

// methods asks the provider which ways to pay it takes.
func (a *application) methods(ctx context.Context) ([]method, error) {
	var answer struct {
		Methods []method `json:"methods"`
	}
	if err := a.provider(ctx, http.MethodGet, "/v1/methods", nil, &answer); err != nil {
		return nil, err
	}
	return answer.Methods, nil
}

// charge pays for a booking and returns the provider's number for it. Every
// attempt carries the same key, so a retry never charges twice.
func (a *application) charge(ctx context.Context, bk Booking, how string) (string, error) {
	if how == "" {
		how = "card"
	}
	body, err := json.Marshal(charge{
		Amount: bk.Cents, Currency: a.config.Currency, Method: how, Key: rand.Text(), Test: bk.Synthetic,
	})
	if err != nil {
		return "", fmt.Errorf("write charge: %w", err)
	}
	var answer struct {
		ID string `json:"id"`
	}
	if err := a.provider(ctx, http.MethodPost, "/v1/charges", body, &answer); err != nil {
		return "", err
	}
	if answer.ID == "" {
		return "", refusal{http.StatusBadGateway, "payments_unavailable", "the payments provider gave no receipt"}
	}
	return answer.ID, nil
}

// provider calls the payments provider, several times if it must: networks and
// providers have bad moments.
func (a *application) provider(ctx context.Context, verb, path string, body []byte, into any) error {
	address := strings.TrimSuffix(a.config.PaymentsURL, "/") + path
	var last error
	for attempt := range a.config.PaymentsAttempts {
		if attempt > 0 {
			pause := time.NewTimer(time.Duration(a.config.PaymentsBackoffMS) * time.Millisecond)
			select {
			case <-ctx.Done():
				pause.Stop()
				return refusal{http.StatusBadGateway, "payments_unavailable", "the payments provider did not answer in time"}
			case <-pause.C:
			}
		}
		last = a.attempt(ctx, verb, address, body, into)
		if last == nil || errors.Is(last, errDeclined) {
			return last
		}
	}
	a.shop.opt.Logger.Error("payments provider cannot be used", slog.String("url", address),
		slog.Int("attempts", a.config.PaymentsAttempts), slog.String("release", a.release.Version), slog.Any("error", last))
	return refusal{http.StatusBadGateway, "payments_unavailable", "the payments provider cannot be reached"}
}

// attempt is one call to the provider.
func (a *application) attempt(ctx context.Context, verb, address string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(a.config.PaymentsTimeoutMS)*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, verb, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("call provider: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.shop.client.Do(req)
	if err != nil {
		return fmt.Errorf("call provider: %w", err)
	}
	defer drain(resp.Body)
	if resp.StatusCode == http.StatusPaymentRequired {
		return errDeclined
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("call provider: it answered %s", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("read provider's answer: %w", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read provider's answer: %w", err)
	}
	return nil
}
