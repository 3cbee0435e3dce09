package ingest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/product"
)

const (
	maxClients = 20_000         // clients whose buckets are kept
	saltLife   = 24 * time.Hour // then a client gets another name
)

// limiter holds the token buckets and the salt that names clients.
type limiter struct {
	perClient, perProduct, global Rate

	mu       sync.Mutex
	salt     []byte
	salted   time.Time
	clients  map[string]*bucket
	products map[string]*bucket
	all      bucket
}

// bucket is one token bucket; it starts full.
type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(o BootOptions) *limiter {
	return &limiter{
		perClient:  o.PerClient.or(Rate{Burst: 60, PerSecond: 2}),
		perProduct: o.PerProduct.or(Rate{Burst: 200, PerSecond: 20}),
		global:     o.Global.or(Rate{Burst: 500, PerSecond: 50}),
		clients:    map[string]*bucket{},
		products:   map[string]*bucket{},
	}
}

func (r Rate) or(otherwise Rate) Rate {
	if r.Burst <= 0 || r.PerSecond <= 0 {
		return otherwise
	}
	return r
}

// take takes one token, unless the bucket is empty.
func (b *bucket) take(r Rate, now time.Time) bool {
	if b.at.IsZero() {
		b.left = r.Burst
	} else if passed := now.Sub(b.at); passed > 0 {
		b.left = min(r.Burst, b.left+passed.Seconds()*r.PerSecond)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// client names an address (of IPv6 the /64) so that two reports can be told
// to come from one place, but not from which.
func (l *limiter) client(addr netip.Addr, now time.Time) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if net, err := addr.Prefix(64); err == nil {
			addr = net.Addr()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.salt == nil || now.Sub(l.salted) >= saltLife {
		l.salt, l.salted = make([]byte, 32), now
		_, _ = rand.Read(l.salt) // never fails, by its contract
	}
	sum := hmac.New(sha256.New, l.salt)
	sum.Write([]byte(addr.String()))
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:9])
}

func (l *limiter) allowClient(client string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.clients[client]
	if b == nil {
		if len(l.clients) >= maxClients {
			l.forget(now)
		}
		b = &bucket{}
		l.clients[client] = b
	}
	return b.take(l.perClient, now)
}

// forget drops the buckets that are full again; when there are none, all of
// them: the bounds per product and of all still hold.
func (l *limiter) forget(now time.Time) {
	full := time.Duration(l.perClient.Burst / l.perClient.PerSecond * float64(time.Second))
	for name, b := range l.clients {
		if now.Sub(b.at) >= full {
			delete(l.clients, name)
		}
	}
	if len(l.clients) >= maxClients {
		clear(l.clients)
	}
}

func (l *limiter) allowProduct(p product.ID, event string, now time.Time) bool {
	key := string(p) + "\x00bad"
	if event == "ok" || event == "gone" {
		key = string(p) + "\x00ok"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.products[key]
	if b == nil {
		b = &bucket{}
		l.products[key] = b
	}
	return b.take(l.perProduct, now) && l.all.take(l.global, now)
}
