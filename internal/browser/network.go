package browser

import (
	"context"
	"fmt"
	"time"
)

// Network is an emulated network. Rates are bytes a second; a negative rate is
// unlimited. Both rates zero mean offline.
type Network struct {
	Download, Upload float64
	Latency          time.Duration
}

// Offline reports whether nothing gets through.
func (n Network) Offline() bool { return n.Download == 0 && n.Upload == 0 }

// EmulateNetwork makes the page's network slower, or cuts it off.
func (p *Page) EmulateNetwork(ctx context.Context, n Network) error {
	err := p.Call(ctx, "Network.emulateNetworkConditions", map[string]any{
		"offline": n.Offline(), "latency": float64(n.Latency) / float64(time.Millisecond),
		"downloadThroughput": n.Download, "uploadThroughput": n.Upload,
	}, nil)
	if err != nil {
		return fmt.Errorf("emulate network: %w", err)
	}
	return nil
}
