package player

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/signal"
)

// fence is what the run may touch: the product's own hosts, those that are
// declared, and for writes the declared paths. No declaration is no fence.
func (p *play) fence() browser.Fence {
	f := browser.Fence{Writes: p.req.Spec.Writes}
	if p.req.Spec.Hosts == nil {
		return f
	}
	f.Hosts = slices.Clone(p.req.Spec.Hosts)
	for o := range p.first {
		if u, err := url.Parse(o); err == nil && u.Host != "" {
			f.Hosts = append(f.Hosts, u.Host)
		}
	}
	slices.Sort(f.Hosts)
	return f
}

func stoppedAtFence(b browser.Blocked) cause {
	what := "a host that is not declared"
	if b.Reason == "write" {
		what = "a write that is not declared"
	}
	f := signal.Failure{Class: "fence", Message: fmt.Sprintf("stopped at the fence: %s %s is %s", b.Method, b.URL, what), URL: b.URL, Host: host(b.URL)}
	return cause{b.At, f}
}

// fenced lists what the fence stopped.
func fenced(list []browser.Blocked) []signal.Request {
	var out []signal.Request
	for _, b := range list[:min(len(list), maxRequests)] {
		out = append(out, signal.Request{URL: clip(b.URL, maxText), Method: b.Method, Type: b.Type, Error: "stopped at the fence: " + b.Reason})
	}
	return out
}
