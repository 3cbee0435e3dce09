package journey

import (
	"net/url"
	"strings"

	"github.com/postflight/postflight/internal/product"
)

// Origin is where the journey was recorded: the origin of its first navigate
// step; empty when it only knows paths.
func (j *Journey) Origin() string { return j.origin }

// OriginOf is product.Origin without the scheme's own port.
func OriginOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	out := product.Origin(raw)
	switch strings.ToLower(u.Scheme) {
	case "http":
		out = strings.TrimSuffix(out, ":80")
	case "https":
		out = strings.TrimSuffix(out, ":443")
	}
	return out
}
