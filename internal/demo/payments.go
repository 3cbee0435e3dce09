package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	maxCharge = 64 << 10
	maxKeys   = 4096
	maxHang   = 30 * time.Second
)

// Payments is the payments provider: somebody else's service, on its own port,
// with its own health page. It is safe for concurrent use and starts up.
type Payments struct {
	mux *http.ServeMux

	mu    sync.Mutex
	down  bool
	hang  bool
	woken chan struct{} // closed when hanging requests should go on
	live  int
	test  int
	keys  map[string]receipt
	order []string // keys, oldest first
}

// receipt is the provider's answer to a charge.
type receipt struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Livemode bool   `json:"livemode"`
}

// NewPayments returns a provider that works.
func NewPayments() *Payments {
	p := &Payments{mux: http.NewServeMux(), woken: make(chan struct{}), keys: map[string]receipt{}}
	p.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	p.mux.HandleFunc("GET /v1/methods", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"methods": []method{
			{"card", "Card"}, {"sepa", "Bank transfer"}, {"at-the-door", "Pay at the door"},
		}})
	})
	p.mux.HandleFunc("POST /v1/charges", p.charges)
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, fmt.Sprintf("unrecognized request URL (%s: %s)", r.Method, r.URL.Path))
	})
	return p
}

// Down makes every answer a 503, the health page's too.
func (p *Payments) Down() { p.set(true, false) }

// Hang makes every request wait, until Up, until the caller gives up, or for 30 s.
func (p *Payments) Hang() { p.set(true, true) }

// Up makes the provider work again, and lets waiting requests go on.
func (p *Payments) Up() { p.set(false, false) }

func (p *Payments) set(down, hang bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.hang = down, hang
	if !hang {
		close(p.woken)
		p.woken = make(chan struct{})
	}
}

// IsUp says whether the provider works.
func (p *Payments) IsUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.down
}

// Charges counts the charges taken: real money, and tests.
func (p *Payments) Charges() (live, test int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live, p.test
}

// ServeHTTP answers as a provider that works, is down, or hangs.
func (p *Payments) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	down, hang, woken := p.down, p.hang, p.woken
	p.mu.Unlock()
	if hang {
		limit := time.NewTimer(maxHang)
		defer limit.Stop()
		select {
		case <-r.Context().Done():
			return
		case <-woken:
			down = !p.IsUp()
		case <-limit.C:
		}
	}
	if down {
		problem(w, http.StatusServiceUnavailable, "the service is temporarily unavailable")
		return
	}
	p.mux.ServeHTTP(w, r)
}

// charges takes a charge; the same key gives the same receipt.
func (p *Payments) charges(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCharge))
	if err != nil {
		problem(w, http.StatusRequestEntityTooLarge, "the request is too large")
		return
	}
	var c charge
	if err := json.Unmarshal(body, &c); err != nil {
		problem(w, http.StatusBadRequest, "the body is not a charge")
		return
	}
	if c.Amount <= 0 || len(c.Currency) != 3 || c.Key == "" || len(c.Key) > 200 {
		problem(w, http.StatusUnprocessableEntity, "amount, currency and idempotency_key are needed")
		return
	}
	reply(w, http.StatusCreated, p.take(c))
}

// take counts a new charge, or finds the one that has this key.
func (p *Payments) take(c charge) receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.keys[c.Key]; ok {
		return old
	}
	rec := receipt{Status: "succeeded", Amount: c.Amount, Currency: c.Currency, Livemode: !c.Test}
	if c.Test {
		p.test++
		rec.ID = fmt.Sprintf("ch_test_%06d", p.test)
	} else {
		p.live++
		rec.ID = fmt.Sprintf("ch_%06d", p.live)
	}
	p.keys[c.Key] = rec
	p.order = append(p.order, c.Key)
	if len(p.order) > maxKeys {
		delete(p.keys, p.order[0])
		p.order = p.order[1:]
	}
	return rec
}

// problem is the provider's error format.
func problem(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]any{"error": map[string]string{"type": "invalid_request_error", "message": message}})
}
