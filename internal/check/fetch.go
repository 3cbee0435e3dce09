package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

// state is what is known of one fetched asset.
type state int

const (
	fine      state = iota
	bad             // would not work in a browser
	unchecked       // we could not tell
)

// fetched is one asset with what the crawl needs of the answer.
type fetched struct {
	asset  signal.Asset
	state  state
	header http.Header
	final  *url.URL
	text   []byte // of first-party pages, style sheets and scripts
	cut    bool   // the text is longer
	pause  time.Duration
}

// fault marks the asset.
func (f *fetched) fault(s state, problem string) fetched {
	f.state, f.asset.Problem = s, problem
	return *f
}

// fetch gets one asset, reads its body to the end or the bound, and judges.
func (v *vantage) fetch(ctx context.Context, r ref) fetched {
	f := fetched{final: r.url, asset: signal.Asset{
		URL: r.url.String(), From: r.from, Kind: r.kind, External: !v.first.has(r.url),
	}}
	if f.asset.External {
		f.asset.URL = hideQuery(r.url)
	}
	limit := v.l.o.Limits.Request
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(inner, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return f.fault(bad, "not a usable address")
	}
	req.Header.Set("Accept", accept(r.kind))
	var allow func(from, to *url.URL) error
	if r.kind == kindHTML {
		allow = v.sameSite
	}
	start := time.Now()
	resp, err := v.do(req, allow)
	f.asset.Took = time.Since(start)
	if err != nil {
		return v.noAnswer(ctx, &f, err)
	}
	defer resp.Body.Close()
	f.header, f.asset.Status, f.final = resp.Header, resp.StatusCode, resp.Request.URL
	f.asset.Type = clean(resp.Header.Get("Content-Type"), 100)
	body := newBody(r, v.l.o.Limits, f.asset.External)
	err = body.read(resp.Body)
	f.asset.Took, f.asset.Size = time.Since(start), body.size
	f.text, f.cut = body.text.Bytes(), body.cut
	return v.judge(ctx, &f, r, body, err)
}

func (v *vantage) noAnswer(ctx context.Context, f *fetched, err error) fetched {
	if ctx.Err() != nil || ours(err) {
		return f.fault(unchecked, "not checked: "+reason(err, v.l.o.Limits.Request))
	}
	return f.fault(bad, reason(err, v.l.o.Limits.Request))
}

// judge applies the rules a browser has for this kind of asset.
func (v *vantage) judge(ctx context.Context, f *fetched, r ref, b *body, err error) fetched {
	status := f.asset.Status
	switch {
	case status == http.StatusTooManyRequests:
		f.pause = retryAfter(f.header)
		return f.fault(unchecked, "429: the server asks us to slow down")
	case status < 200 || status > 299:
		return f.fault(bad, strconv.Itoa(status))
	}
	if problem := wrongType(f.asset, r, f.header); problem != "" {
		return f.fault(bad, problem)
	}
	if errors.Is(err, errTooLarge) {
		return f.fault(fine, fmt.Sprintf("larger than %d bytes: not read to its end", v.l.o.Limits.Body))
	}
	if err != nil {
		return v.noAnswer(ctx, f, err)
	}
	if b.size == 0 && !mayBeEmpty(f.asset) {
		return f.fault(bad, "empty")
	}
	if !b.matches() {
		return f.fault(bad, "the integrity attribute does not match")
	}
	return *f
}

// mayBeEmpty lets pass the answers to other people's counting pixels, and
// what is only data.
func mayBeEmpty(a signal.Asset) bool {
	return a.Kind == kindOther || (a.External && a.Kind == kindImage)
}

// wrongType returns why a browser would refuse the media type, or "".
func wrongType(a signal.Asset, r ref, h http.Header) string {
	media, _, err := mime.ParseMediaType(a.Type)
	if err != nil {
		media, _, _ = strings.Cut(strings.ToLower(a.Type), ";")
		media = strings.TrimSpace(media)
	}
	nosniff := strings.EqualFold(strings.TrimSpace(h.Get("X-Content-Type-Options")), "nosniff")
	isHTML := media == "text/html" || media == "application/xhtml+xml"
	article := map[string]string{kindScript: "a script", kindStyle: "a style sheet", kindFont: "a font", kindImage: "an image", kindManifest: "a manifest"}[a.Kind]
	switch {
	case a.Kind == kindHTML:
		if media != "" && !isHTML && media != "application/xml" {
			return fmt.Sprintf("%s served for a page", media)
		}
	case isHTML && article != "":
		return fmt.Sprintf("%s served for %s", media, article)
	case a.Kind == kindScript && media == "":
		if nosniff || r.module {
			return "no content type for a script"
		}
	case a.Kind == kindScript && !isJavaScript(media):
		kind, _, _ := strings.Cut(media, "/")
		if nosniff || r.module || media == "text/csv" || slices.Contains([]string{"image", "audio", "video"}, kind) {
			return fmt.Sprintf("%s served for a script", media)
		}
	case a.Kind == kindStyle && media != "text/css":
		if nosniff || (r.strict && media != "") {
			return fmt.Sprintf("%s served for a style sheet", fallbackText(media, "no content type"))
		}
	}
	return ""
}

func fallbackText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// isJavaScript reports whether browsers run this media type.
func isJavaScript(media string) bool {
	switch media {
	case "text/javascript", "application/javascript", "application/ecmascript", "application/x-ecmascript",
		"application/x-javascript", "text/ecmascript", "text/javascript1.0", "text/javascript1.1",
		"text/javascript1.2", "text/javascript1.3", "text/javascript1.4", "text/javascript1.5",
		"text/jscript", "text/livescript", "text/x-ecmascript", "text/x-javascript":
		return true
	}
	return false
}

func accept(kind string) string {
	switch kind {
	case kindHTML:
		return "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	case kindStyle:
		return "text/css,*/*;q=0.1"
	case kindImage:
		return "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8"
	}
	return "*/*"
}

// retryAfter is how long the server wants us to wait, at most two seconds.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After")))
	if err != nil || seconds < 0 || seconds > 2 {
		return 2 * time.Second
	}
	return max(time.Duration(seconds)*time.Second, 100*time.Millisecond)
}

// hideQuery is a stranger's address without credentials and without its
// query, which may hold keys.
func hideQuery(u *url.URL) string {
	bare := *u
	bare.User = nil
	if bare.RawQuery != "" {
		bare.RawQuery = "…"
	}
	return bare.String()
}

var errTooLarge = errors.New("body over the bound")

// body is read as a stream: counted, hashed when the page gave a hash, and
// kept only when it is to be searched for references.
type body struct {
	bound int64
	keep  int64
	size  int64
	text  bytes.Buffer
	cut   bool
	sums  []sum
}

// sum is one acceptable hash of the integrity attribute.
type sum struct {
	hash hash.Hash
	want string // base64
}

func newBody(r ref, limits Limits, external bool) *body {
	b := &body{bound: limits.Body, sums: sums(r.integrity)}
	if !external && (r.kind == kindHTML || r.kind == kindStyle || r.kind == kindScript) {
		b.keep = limits.Text
	}
	return b
}

func (b *body) read(from io.Reader) error {
	_, err := io.Copy(b, io.LimitReader(from, b.bound))
	if err != nil || b.size < b.bound {
		return err
	}
	if n, _ := io.ReadFull(from, make([]byte, 1)); n > 0 {
		b.size++
		return errTooLarge
	}
	return nil
}

// Write takes one piece of the stream.
func (b *body) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	if room := b.keep - int64(b.text.Len()); room >= int64(len(p)) {
		b.text.Write(p)
	} else if b.keep > 0 {
		b.text.Write(p[:room])
		b.cut = true
	}
	for _, s := range b.sums {
		s.hash.Write(p)
	}
	return len(p), nil
}

// matches reports whether the body has one of the hashes asked for.
func (b *body) matches() bool {
	for _, s := range b.sums {
		if base64.StdEncoding.EncodeToString(s.hash.Sum(nil)) == s.want {
			return true
		}
	}
	return len(b.sums) == 0
}

// sums reads an integrity attribute; as in browsers only the strongest
// algorithm named counts, and unknown ones are ignored.
func sums(integrity string) []sum {
	strength := map[string]int{"sha256": 1, "sha384": 2, "sha512": 3}
	best := 0
	var out []sum
	for _, token := range strings.Fields(integrity) {
		token, _, _ = strings.Cut(token, "?")
		name, want, ok := strings.Cut(token, "-")
		rank := strength[strings.ToLower(name)]
		if !ok || rank == 0 || rank < best || len(out) == 16 {
			continue
		}
		if rank > best {
			best, out = rank, nil
		}
		want = strings.NewReplacer("-", "+", "_", "/").Replace(want)
		out = append(out, sum{hash: newHash(rank), want: want})
	}
	return out
}

func newHash(rank int) hash.Hash {
	switch rank {
	case 2:
		return sha512.New384()
	case 3:
		return sha512.New()
	}
	return sha256.New()
}
