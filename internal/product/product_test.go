package product_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
)

func TestOrigins(t *testing.T) {
	t.Parallel()
	p := product.Product{
		URL: "https://Shop.test/app", PreviousURL: "https://{version}.shop.test", FirstParty: []string{"https://static.test", "https://shop.test"},
	}
	want := []string{"https://shop.test", "https://v1.shop.test", "https://static.test"}
	if diff := cmp.Diff(want, p.Origins("v1")); diff != "" {
		t.Error(diff)
	}
	if base, ok := p.BaseAt("v1/../x"); !ok || base != "https://v1%2F..%2Fx.shop.test" {
		t.Errorf("a version must not change the host: %q", base)
	}
	if _, ok := p.BaseAt(""); ok {
		t.Error("no version has no side slot")
	}
}

func TestIntegrationFor(t *testing.T) {
	t.Parallel()
	p := product.Product{Integrations: []product.Integration{{ID: "pay", Hosts: []string{"pay.test", "127.0.0.1:7462"}}}}
	for host, want := range map[string]string{
		"pay.test": "pay", "PAY.test:443": "pay", "127.0.0.1:7462": "pay", "127.0.0.1:7461": "", "xpay.test": "", "": "",
	} {
		if in, _ := p.IntegrationFor(host); in.ID != want {
			t.Errorf("%q belongs to %q, want %q", host, in.ID, want)
		}
	}
}
