package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

const (
	versionBody = 1 << 20 // bytes of a version document that are read
	versionLen  = 100     // longest version
)

// Lack is why no version was read.
type Lack string

// The ways to have no version.
const (
	Silent      Lack = "silent"      // no answer at all
	Unhealthy   Lack = "unhealthy"   // an answer of 500 or more
	Unversioned Lack = "unversioned" // an answer that names no version
	OurFault    Lack = "our_fault"   // we could not ask
)

// VersionError says why no version was read.
type VersionError struct {
	Lack   Lack
	Status int // of the answer; 0 when there was none
	URL    string
	Reason string // for people
	Err    error
}

// Error names the address and the reason.
func (e *VersionError) Error() string { return "read version at " + e.URL + ": " + e.Reason }

// Unwrap returns the network's error, which may be nil.
func (e *VersionError) Unwrap() error { return e.Err }

// LackOf returns why err brought no version, or "" when it is no VersionError.
func LackOf(err error) Lack {
	if v, ok := errors.AsType[*VersionError](err); ok {
		return v.Lack
	}
	return ""
}

// Version reads once, on a fresh connection, which version is served at base.
// The error is a *VersionError; with Lack Unhealthy the version may still be
// known, when a header carries it. A redirect to another origin is not
// followed but told.
func (l *Looker) Version(ctx context.Context, src product.VersionSource, base string) (string, error) {
	u, err := at(base, src.Path)
	if err != nil {
		return "", &VersionError{Lack: OurFault, URL: clean(base, 200), Reason: clean(err.Error(), 300), Err: err}
	}
	lack := func(kind Lack, status int, reason string, cause error) error {
		return &VersionError{Lack: kind, Status: status, URL: clean(u.Redacted(), 300), Reason: reason, Err: cause}
	}
	inner, cancel := context.WithTimeout(ctx, l.o.Limits.Request)
	defer cancel()
	r, err := http.NewRequestWithContext(inner, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", lack(OurFault, 0, clean(err.Error(), 300), err)
	}
	r.Header.Set("Cache-Control", "no-cache")
	v := l.vantage(origins{originOf(u): true}, false)
	defer v.close()
	resp, err := v.do(r, sameOrigin)
	if err != nil {
		kind := Silent
		if _, redirected := errors.AsType[*errRedirect](err); redirected {
			kind = Unversioned
		} else if ours(err) || ctx.Err() != nil {
			kind = OurFault
		}
		return "", lack(kind, 0, reason(err, l.o.Limits.Request), err)
	}
	defer resp.Body.Close()
	version, why, err := readVersion(resp, src)
	switch {
	case resp.StatusCode >= 500:
		return version, lack(Unhealthy, resp.StatusCode, fmt.Sprintf("answers %d", resp.StatusCode), nil)
	case err != nil && ctx.Err() != nil:
		return "", lack(OurFault, resp.StatusCode, "stopped", err)
	case err != nil:
		return "", lack(Silent, resp.StatusCode, reason(err, l.o.Limits.Request), err)
	case version == "":
		return "", lack(Unversioned, resp.StatusCode, why, nil)
	}
	return version, nil
}

// readVersion takes the version out of the answer, or says why there is none.
func readVersion(resp *http.Response, src product.VersionSource) (version, why string, err error) {
	if src.Kind == product.VersionHeader {
		return plausible(resp.Header.Get(src.Name), "the answer has no header "+src.Name)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return "", fmt.Sprintf("answers %d", resp.StatusCode), nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, versionBody+1))
	if err != nil {
		return "", "", err
	}
	switch src.Kind {
	case product.VersionMeta:
		return plausible(metaVersion(body, src.Name), "the page has no <meta name="+strconv.Quote(src.Name)+">")
	case product.VersionJSON:
		if len(body) > versionBody {
			return "", "the document is larger than 1 MiB", nil
		}
		found, why := jsonPath(body, src.Name)
		if why != "" {
			return "", why, nil
		}
		return plausible(found, "the value at "+src.Name+" is empty")
	}
	return "", fmt.Sprintf("version source %q is not known", string(src.Kind)), nil
}

// plausible refuses what can not be a version: control characters or a novel.
func plausible(raw, absent string) (version, why string, err error) {
	version = strings.TrimSpace(raw)
	switch {
	case version == "":
		return "", absent, nil
	case len(version) > versionLen:
		return "", fmt.Sprintf("the version is longer than %d bytes", versionLen), nil
	case clean(version, versionLen) != version:
		return "", "the version holds characters that no version has", nil
	}
	return version, "", nil
}

// metaVersion returns the content of the first meta tag of this name.
func metaVersion(body []byte, name string) string {
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := z.TagName()
			if string(tag) != "meta" || !more {
				continue
			}
			if a := attributes(z); strings.EqualFold(a["name"], name) && a["content"] != "" {
				return a["content"]
			}
		}
	}
}

// attributes reads the rest of the tag; the first of two equal names counts.
func attributes(z *html.Tokenizer) map[string]string {
	a := map[string]string{}
	for {
		k, v, more := z.TagAttr()
		if _, twice := a[string(k)]; !twice && len(k) > 0 {
			a[string(k)] = string(v)
		}
		if !more {
			return a
		}
	}
}

// jsonPath follows a path such as "build.version" or "apps.0.version"
// ("apps[0].version" means the same) to a string or a number.
func jsonPath(body []byte, path string) (found, why string) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var node any
	if err := d.Decode(&node); err != nil {
		return "", "the answer is not JSON"
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", "the answer is not one JSON document"
	}
	plain := strings.TrimPrefix(strings.NewReplacer("[", ".", "]", "").Replace(path), ".")
	for _, key := range strings.Split(plain, ".") {
		switch v := node.(type) {
		case map[string]any:
			next, ok := v[key]
			if !ok {
				return "", fmt.Sprintf("the document has no %s", path)
			}
			node = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return "", fmt.Sprintf("the document has no %s", path)
			}
			node = v[i]
		default:
			return "", fmt.Sprintf("the document has no %s", path)
		}
	}
	switch v := node.(type) {
	case string:
		return v, ""
	case json.Number:
		return v.String(), ""
	}
	return "", fmt.Sprintf("the value at %s is neither text nor a number", path)
}

// reading is one version read.
type reading struct {
	version string
	err     error
}

func (r reading) down() bool {
	lack := LackOf(r.err)
	return lack == Silent || lack == Unhealthy
}

// lookVersion is H0 and H8: two reads on connections of their own, and a
// third when only one of them found the product down.
func (l *Looker) lookVersion(ctx context.Context, look watch.Look, p product.Product, s *signal.Signal) {
	read := func() reading {
		v, err := l.Version(ctx, p.Version, look.Base)
		return reading{v, err}
	}
	start := time.Now()
	first := read()
	s.Took = time.Since(start)
	second := read()
	if first.down() != second.down() {
		if third := read(); first.down() {
			first = third
		} else {
			second = third
		}
	}
	for _, r := range []reading{first, second} {
		if LackOf(r.err) == OurFault {
			broken(s, "the version could not be read: "+r.err.Error())
			return
		}
	}
	if first.version == second.version {
		s.Served = first.version
	}
	if first.down() || second.down() {
		unhealthy(s, first, second)
		return
	}
	if s.Kind == signal.Health {
		s.Outcome, s.Summary = signal.Pass, "answers"+serving(s.Served)
		return
	}
	judgeVersion(s, first, second)
}

func unhealthy(s *signal.Signal, reads ...reading) {
	for _, r := range reads {
		if v, ok := errors.AsType[*VersionError](r.err); ok && r.down() {
			failed(s, signal.Failure{
				Class: "health", Title: "the product does not answer well", Message: v.Reason,
				URL: v.URL, Host: hostOf(v.URL), Status: v.Status,
			}, fmt.Sprintf("down: %s at %s", v.Reason, v.URL))
			return
		}
	}
}

func judgeVersion(s *signal.Signal, first, second reading) {
	f := signal.Failure{Class: "version"}
	switch {
	case first.err != nil || second.err != nil:
		v, _ := errors.AsType[*VersionError](errors.Join(first.err, second.err))
		f.Message, f.URL, f.Host, f.Status = v.Reason, v.URL, hostOf(v.URL), v.Status
		failed(s, f, "answers, but names no version: "+v.Reason)
	case first.version != second.version:
		f.Message = fmt.Sprintf("two reads disagree: %s and %s", first.version, second.version)
		failed(s, f, f.Message)
	case s.Expected != "" && s.Served != s.Expected:
		f.Message = fmt.Sprintf("serves %s, not %s", s.Served, s.Expected)
		failed(s, f, f.Message)
	default:
		s.Outcome, s.Summary = signal.Pass, fmt.Sprintf("serves %s, read twice", s.Served)
	}
}

func serving(version string) string {
	if version == "" {
		return ""
	}
	return ", serving " + version
}
