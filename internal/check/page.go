package check

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// The kinds of asset, as they stand in signal.Asset.
const (
	kindHTML     = "html"
	kindScript   = "script"
	kindStyle    = "style"
	kindImage    = "image"
	kindFont     = "font"
	kindManifest = "manifest"
	kindOther    = "other"
)

// maxRefs bounds the references taken from one document.
const maxRefs = 2000

// ref is one reference from a document to an asset.
type ref struct {
	url       *url.URL // absolute, HTTP, no fragment, no credentials
	kind      string
	from      string
	integrity string
	module    bool // the browser insists on a script's media type
	strict    bool // the browser insists on a style sheet's media type
}

// finder collects the references of one document.
type finder struct {
	base    *url.URL
	from    string
	refs    []ref
	dropped int
}

// add resolves raw against the base. What is not HTTP is not an asset.
func (f *finder) add(raw string, r ref) {
	raw = strings.TrimSpace(raw)
	if raw == "" || len(raw) > 4096 || strings.HasPrefix(raw, "#") {
		return
	}
	u, err := f.base.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return
	}
	if len(f.refs) == maxRefs {
		f.dropped++
		return
	}
	u.Fragment, u.RawFragment, u.User = "", "", nil
	if u.Path == "" {
		u.Path = "/"
	}
	r.url, r.from = u, f.from
	f.refs = append(f.refs, r)
}

// document is what a crawl wants to know of a page.
type document struct {
	refs    []ref
	dropped int
	meta    string // the version in the meta tag asked for
}

// page reads a page's tags.
type page struct {
	finder
	z      *html.Tokenizer
	meta   string // name of the version's meta tag
	doc    document
	strict bool // has a doctype
	based  bool // has met <base>
	inert  int  // depth of noscript and template, whose content is not loaded
}

// readPage finds everything the page at u references, and the version in its
// meta tag.
func readPage(body []byte, u *url.URL, meta string) document {
	p := page{finder: finder{base: u, from: u.String()}, z: html.NewTokenizer(bytes.NewReader(body)), meta: meta}
	for {
		switch p.z.Next() {
		case html.ErrorToken:
			p.doc.refs, p.doc.dropped = p.refs, p.dropped
			return p.doc
		case html.DoctypeToken:
			p.strict = true
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := p.z.TagName()
			tag, a := string(name), map[string]string{}
			if more {
				a = attributes(p.z)
			}
			p.start(tag, a)
		case html.EndTagToken:
			if name, _ := p.z.TagName(); isInert(string(name)) && p.inert > 0 {
				p.inert--
			}
		}
	}
}

func isInert(tag string) bool { return tag == "noscript" || tag == "template" }

func (p *page) start(tag string, a map[string]string) {
	if isInert(tag) {
		p.inert++
		return
	}
	if p.inert > 0 {
		return
	}
	if css := a["style"]; css != "" {
		readStyle(css, &p.finder)
	}
	switch tag {
	case "base":
		p.rebase(a["href"])
	case "meta":
		if p.meta != "" && p.doc.meta == "" && strings.EqualFold(a["name"], p.meta) {
			p.doc.meta = a["content"]
		}
	case "link":
		p.link(a)
	case "script":
		p.script(a)
	case "style":
		if css, ok := p.text(); ok {
			readStyle(css, &p.finder)
		}
	case "img", "source", "input", "image", "use":
		p.image(tag, a)
	case "video":
		p.add(a["poster"], ref{kind: kindImage})
		p.add(a["src"], ref{kind: kindOther})
	case "audio", "track", "embed":
		p.add(a["src"], ref{kind: kindOther})
	}
}

func (p *page) rebase(href string) {
	if p.based || href == "" {
		return
	}
	p.based = true
	if u, err := p.base.Parse(strings.TrimSpace(href)); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		p.base = u
	}
}

func (p *page) image(tag string, a map[string]string) {
	switch tag {
	case "input":
		if strings.EqualFold(a["type"], "image") {
			p.add(a["src"], ref{kind: kindImage})
		}
	case "image", "use": // of SVG
		p.add(a["href"], ref{kind: kindImage})
	case "source":
		p.add(a["src"], ref{kind: kindOther})
		p.candidates(a["srcset"])
	default:
		p.add(a["src"], ref{kind: kindImage})
		p.candidates(a["srcset"])
	}
}

func (p *page) candidates(srcset string) {
	for _, raw := range splitSrcset(srcset) {
		p.add(raw, ref{kind: kindImage})
	}
}

func (p *page) link(a map[string]string) {
	href := a["href"]
	if _, off := a["disabled"]; off {
		return
	}
	r := ref{integrity: a["integrity"]}
	rels := strings.Fields(strings.ToLower(a["rel"]))
	has := func(rel string) bool { return slices.Contains(rels, rel) }
	switch {
	case has("stylesheet"):
		r.kind, r.strict = kindStyle, p.strict
	case has("modulepreload"):
		r.kind, r.module = kindScript, true
	case has("preload"):
		r.kind = preloaded(a["as"])
		for _, raw := range splitSrcset(a["imagesrcset"]) {
			p.add(raw, ref{kind: kindImage})
		}
	case has("icon"), has("apple-touch-icon"), has("mask-icon"):
		r.kind = kindImage
	case has("manifest"):
		r.kind = kindManifest
	default:
		return
	}
	p.add(href, r)
}

func preloaded(as string) string {
	switch strings.ToLower(as) {
	case "script", "worker", "sharedworker", "serviceworker":
		return kindScript
	case "style":
		return kindStyle
	case "font":
		return kindFont
	case "image":
		return kindImage
	}
	return kindOther
}

func (p *page) script(a map[string]string) {
	kind := strings.ToLower(strings.TrimSpace(a["type"]))
	module := kind == "module"
	if kind == "importmap" {
		if text, ok := p.text(); ok {
			p.importMap(text)
		}
		return
	}
	if kind != "" && !module && !isJavaScript(kind) {
		return // a data block
	}
	if src, external := a["src"]; external {
		p.add(src, ref{kind: kindScript, module: module, integrity: a["integrity"]})
		return
	}
	if text, ok := p.text(); ok {
		readScript(text, &p.finder)
	}
}

// importMap takes the addresses an inline import map names; entries for whole
// folders name no file.
func (p *page) importMap(text string) {
	var m struct {
		Imports map[string]any            `json:"imports"`
		Scopes  map[string]map[string]any `json:"scopes"`
	}
	if json.Unmarshal([]byte(text), &m) != nil {
		return
	}
	all := []map[string]any{m.Imports}
	for _, scope := range m.Scopes {
		all = append(all, scope)
	}
	var found []string
	for _, entries := range all {
		for _, v := range entries {
			if s, ok := v.(string); ok && isAddress(s) && !strings.HasSuffix(s, "/") {
				found = append(found, s)
			}
		}
	}
	slices.Sort(found)
	for _, s := range found {
		p.add(s, imported(s))
	}
}

// text returns the raw text inside the script or style element just opened.
func (p *page) text() (string, bool) {
	if p.z.Next() != html.TextToken {
		return "", false
	}
	return string(p.z.Raw()), true
}
