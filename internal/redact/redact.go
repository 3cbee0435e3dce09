// Package redact takes secrets out of what is stored: texts, signals, HTTP
// archives, traces.
//
// A Redactor hides what looks like a secret (tokens, cookies, credentials,
// fields with telling names) and the values it was told of, in whatever
// encoding they stand: percent-encoded, as JSON or HTML escapes, in base64 and
// hexadecimal, or cut off at the end of a text. It never decides what is kept,
// and never fails: when in doubt it hides. The journey room calls it before
// anything of a run is stored.
package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/signal"
)

// Hidden stands where a secret was.
const Hidden = "•••"

// Redactor takes secrets out of texts before they are stored: what looks like
// one, and the values it was told of, in whatever encoding they stand.
type Redactor struct {
	rules  []rule
	in     *structure
	values finder
	done   map[string]string // short texts that come again and again
}

// structure finds the named parts of JSON and HTML.
type structure struct{ field, tag, label, value *regexp.Regexp }

// rule hides what looks like a secret. It is tried only on texts that hold one
// of its words, which are in lower case.
type rule struct {
	words   []string
	find    *regexp.Regexp
	replace string
}

// New returns a redactor that knows no values.
func New() *Redactor {
	r := &Redactor{in: &structure{
		field: regexp.MustCompile(`"([A-Za-z0-9_.-]{1,60})"(\s*:\s*)("(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)`),
		tag:   regexp.MustCompile(`(?i)<(?:input|meta|option)\b[^>]*`),
		label: regexp.MustCompile(`(?i)\b(?:name|id|type|autocomplete|property)\s*=\s*["']?([\w:.-]+)`),
		value: regexp.MustCompile(`(?i)\b(value|content)(\s*=\s*)("[^"]*"?|'[^']*'?|[^\s"'>]+)`),
	}}
	add := func(words, find, replace string) {
		r.rules = append(r.rules, rule{strings.Fields(words), regexp.MustCompile(find), replace})
	}
	add("cookie", `(?i)\b((?:set-)?cookie["']?\s*:\s*)[^\r\n"'<]+`, "${1}"+Hidden)
	add("authorization", `(?i)\b(authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?)[^\s"'<,;]+`, "${1}"+Hidden)
	add("bearer basic", `(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`, "${1} "+Hidden)
	add("token secret passw api session csrf",
		`(?i)\b((?:[\w-]*(?:token|secret|password|passwd|api[_-]?key|session[_-]?id|csrf))(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?)[^\s"'\\<>&,;]{3,}`, "${1}"+Hidden)
	add("code= sig= signature= key= state= auth= otp= assertion= samlresponse=",
		`(?i)([?&#](?:code|sig|signature|key|state|auth|otp|assertion|samlresponse)=)[^&#\s"'<>]+`, "${1}"+Hidden)
	add("eyj", `\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`, Hidden)
	add("v1.", `\bv1\.\d{6,}\.[\w-]{1,64}\.[A-Za-z0-9_-]{20,}`, Hidden)
	add("@", `(://)[^/\s@"'<>]+@`, "${1}"+Hidden+"@")
	return r
}

// Clone shares the rules and starts without values.
func (r *Redactor) Clone() *Redactor {
	return &Redactor{rules: r.rules, in: r.in, done: map[string]string{}}
}

// Secret adds a value that must never be stored. Very short ones would hide
// half of every text and are left.
func (r *Redactor) Secret(v string) {
	if len(v) >= 4 {
		r.values.add(v)
		clear(r.done)
	}
}

// Text hides the secrets in a text.
func (r *Redactor) Text(s string) string {
	if s == "" {
		return s
	}
	s = r.values.replace(s)
	lower := strings.ToLower(s)
	for _, rule := range r.rules {
		if slices.ContainsFunc(rule.words, func(w string) bool { return strings.Contains(lower, w) }) {
			s = rule.find.ReplaceAllString(s, rule.replace)
		}
	}
	return s
}

// again is Text for what is said many times, such as headers.
func (r *Redactor) again(s string) string {
	if got, ok := r.done[s]; ok {
		return got
	}
	got := r.Text(s)
	if r.done != nil && len(s) <= 1<<10 && len(r.done) < 2000 {
		r.done[s] = got
	}
	return got
}

// Signal redacts everything a page can put words into.
func (r *Redactor) Signal(s *signal.Signal) {
	hide := func(fields ...*string) {
		for _, f := range fields {
			*f = r.Text(*f)
		}
	}
	hide(&s.Summary)
	if f := s.Failure; f != nil {
		hide(&f.Title, &f.Message, &f.URL, &f.Host, &f.Position)
	}
	requests := func(list []signal.Request) {
		for k := range list {
			hide(&list[k].URL, &list[k].Error, &list[k].Method)
		}
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		hide(&step.Title, &step.Message, &step.URL, &step.From)
		for k := range step.Console {
			hide(&step.Console[k].Text, &step.Console[k].URL)
		}
		for k := range step.Exceptions {
			x := &step.Exceptions[k]
			hide(&x.Text, &x.URL, &x.Stack)
		}
		requests(step.Requests)
		if h := step.Selector; h != nil {
			hide(&h.Used, &h.Better)
		}
	}
	requests(s.Blocked)
	for i := range s.Traffic {
		hide(&s.Traffic[i].Host)
	}
	for i := range s.Evidence {
		hide(&s.Evidence[i].Title)
	}
}

// secretName tells the headers, parameters and fields whose value is a secret by
// their name.
func secretName(name string) bool {
	name = strings.Map(func(c rune) rune {
		if c == '-' || c == '_' {
			return -1
		}
		return unicode.ToLower(c)
	}, name)
	for _, word := range []string{"cookie", "authorization", "token", "secret", "passw", "apikey", "sessionid", "csrf", "xsrf", "synthetic", "signature", "otp", "cvc", "cvv", "cardnumber", "credential", "assertion", "samlresponse", "pwd"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return slices.Contains([]string{"code", "sig", "key", "state", "auth", "pass", "pin", "sid", "session", "jwt"}, name)
}

// HAR redacts an archive: names tell most, and the texts are looked through.
func (r *Redactor) HAR(l *har.Log) {
	for i := range l.Pages {
		l.Pages[i].Title = r.again(l.Pages[i].Title)
	}
	for i := range l.Entries {
		r.entry(&l.Entries[i])
	}
}

func (r *Redactor) entry(e *har.Entry) {
	q, a := &e.Request, &e.Response
	for _, f := range []*string{&q.URL, &a.RedirectURL, &a.StatusText, &a.Error, &q.Method, &e.Comment} {
		*f = r.again(*f)
	}
	if e.Initiator != nil {
		e.Initiator.URL, e.Initiator.Name = r.again(e.Initiator.URL), r.again(e.Initiator.Name)
	}
	r.pairs(q.Headers)
	r.pairs(q.Query)
	r.pairs(a.Headers)
	for _, list := range [][]har.Cookie{q.Cookies, a.Cookies} {
		for k := range list {
			list[k].Name, list[k].Value = r.again(list[k].Name), Hidden
			list[k].Path, list[k].Domain = r.again(list[k].Path), r.again(list[k].Domain)
		}
	}
	if p := q.Post; p != nil {
		r.pairs(p.Params)
		p.Text, p.MIME = r.body(p.MIME, p.Text), r.again(p.MIME)
	}
	if a.Content.Encoding == "" {
		a.Content.Text = r.body(a.Content.MIME, a.Content.Text)
	}
	for k := range e.Messages {
		e.Messages[k].Data = r.body("", e.Messages[k].Data)
	}
}

func (r *Redactor) pairs(list []har.Pair) {
	for k := range list {
		p := &list[k]
		if secretName(p.Name) && p.Value != "" {
			p.Value = Hidden
		}
		p.Name, p.Value = r.again(p.Name), r.again(p.Value)
	}
}

// body redacts a body: the fields of a form and of JSON by their names, and all
// of it as text.
func (r *Redactor) body(mime, text string) string {
	if text == "" {
		return text
	}
	if strings.HasPrefix(strings.ToLower(mime), "application/x-www-form-urlencoded") {
		parts := strings.Split(text, "&")
		for i, part := range parts {
			if name, _, ok := strings.Cut(part, "="); ok && secretName(name) {
				parts[i] = name + "=" + Hidden
			}
		}
		text = strings.Join(parts, "&")
	}
	if strings.Contains(text, "<") {
		text = r.markup(text)
	}
	if strings.ContainsAny(text, "{[") {
		text = r.fields(text)
	}
	return r.Text(text)
}

// fields hides the values of JSON fields with telling names, in a text that
// need not be whole: bodies are cut.
func (r *Redactor) fields(text string) string {
	return r.in.field.ReplaceAllStringFunc(text, func(s string) string {
		m := r.in.field.FindStringSubmatch(s)
		if !secretName(m[1]) {
			return s
		}
		return `"` + m[1] + `"` + m[2] + `"` + Hidden + `"`
	})
}

// markup hides what fields and metadata with telling names hold, in HTML that
// need not be whole.
func (r *Redactor) markup(text string) string {
	return r.in.tag.ReplaceAllStringFunc(text, func(tag string) string {
		for _, m := range r.in.label.FindAllStringSubmatch(tag, 20) {
			if secretName(m[1]) {
				return r.in.value.ReplaceAllString(tag, `$1$2"`+Hidden+`"`)
			}
		}
		return tag
	})
}
