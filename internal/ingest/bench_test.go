package ingest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// BenchmarkBoot is one boot report, from the parsed request to the signal;
// sockets and storage are not in it. The floor reads the bounded body and
// answers.
func BenchmarkBoot(b *testing.B) {
	const fatal = `{"e":"fatal","r":"v4","p":"/book","t":"tok2","k":"error","m":"x is not a function","f":"https://shop.test/assets/app.js?v=1#x","l":1,"c":2345,"d":40}`
	stored := 0
	endless := Rate{Burst: 1e15, PerSecond: 1e12}
	ours := NewBootHandler(BootOptions{
		Products:  []product.Product{{ID: "shop", URL: shopOrigin + "/"}},
		Known:     func(product.ID, string) (release.ID, bool) { return "rel-4", true },
		Report:    func(context.Context, signal.Signal) error { stored++; return nil },
		PerClient: endless, PerProduct: endless, Global: endless,
	})
	floor := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxReport)); err != nil {
			b.Error(err)
		}
		stored++
		w.WriteHeader(http.StatusNoContent)
	})
	for name, h := range map[string]http.Handler{"floor": floor, "report": ours} {
		mux := http.NewServeMux()
		mux.Handle("/boot/{product}", h)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			stored = 0
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/boot/shop", strings.NewReader(fatal))
				r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
				r.Header.Set("Origin", shopOrigin)
				mux.ServeHTTP(httptest.NewRecorder(), r)
			}
			if stored != b.N {
				b.Fatalf("stored %d of %d: %+v", stored, b.N, ours.Stats())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
		})
	}
}
