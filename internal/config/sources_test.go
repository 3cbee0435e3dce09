package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "postflight.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A pipeline has none of the secrets, and does not need them.
	write(`
products:
  shop:
    name: The shop
    url: https://shop.test
    journeys: [{file: journeys/buy.json}, {id: pay, file: journeys/pay.yaml, secrets: {card: "${NO_SUCH_VARIABLE}"}}]
    source: {units: ["@acme/web"], paths: ["infra/**"], depends_on: [api]}
  api:
    url: https://api.test
channels:
  team: {slack: {token: "${NO_SUCH_TOKEN}", channel: C1}}
`)
	got, err := Sources(file)
	if err != nil {
		t.Fatal(err)
	}
	want := []Sourced{
		{ID: "shop", Name: "The shop", Source: &Source{Units: []string{"@acme/web"}, Paths: []string{"infra/**"}, DependsOn: []string{"api"}}, Journeys: []string{"journeys/buy.json", "pay"}, Files: []string{"journeys/buy.json", "journeys/pay.yaml"}},
		{ID: "api"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for text, message := range map[string]string{
		"products: {shop: {source: {path: [a]}}}":                   "unknown key \"path\"",
		"products: {shop: {source: {paths: [/etc/passwd]}}}":        "pattern of files",
		"products: {shop: {source: {units: [a], depends_on: [x]}}}": "which is no other product",
		"products: {shop: {source: {verify: [a]}}}":                 "it could never be affected",
		"products: [": "",
	} {
		write(text)
		if _, err := Sources(file); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: got %v, want %q", text, err, message)
		}
	}
}
