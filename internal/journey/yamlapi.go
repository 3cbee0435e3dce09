package journey

import (
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ohler55/ojg/jp"
	"github.com/pquerna/otp/totp"
)

func methods() []string { return []string{"get", "post", "put", "patch", "delete", "head", "options"} }

// ops are the conditions on a value of an answer.
func ops() []string {
	return []string{"equals", "contains", "matches", "exists", "absent", "less", "more"}
}

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// call reads an api step.
func (l *loader) call(it *item, s *Step) {
	s.Type = API
	c := &Call{Header: map[string]string{}}
	s.API = c
	in := l.inner(it, s, "api")
	if in == nil {
		return
	}
	for _, m := range methods() {
		raw := in.text(m)
		if !in.has(m) {
			continue
		}
		if c.Method != "" {
			l.fail(in.it.get(m), m, "is a second method, after %s", strings.ToLower(c.Method))
			continue
		}
		c.Method, c.URL = strings.ToUpper(m), raw
		if why := wrongAddress(raw); why != "" || raw == "about:blank" {
			l.fail(in.it.get(m), m, "%s", why)
		}
	}
	if c.Method == "" {
		l.fail(it, "", "api does not say what to request: one of %s is needed", strings.Join(methods(), ", "))
	}
	l.body(in, c)
	if h := in.of("headers", isObject); h != nil {
		l.headers(h, c)
	}
	if e := in.of("expect", isObject); e != nil {
		l.expect(e, c)
	}
	if sv := in.of("save", isObject); sv != nil {
		c.Save = map[string]string{}
		for _, k := range sv.keys {
			c.Save[l.saves(sv.src, k.at, k.name)] = l.from2(k.value)
		}
	}
	if c.Left = in.text("left"); c.Left != "" {
		l.path(in.it.get("left"), "left", c.Left)
	}
	in.close()
	s.Title = strings.ToLower(c.Method) + " " + short(c.URL)
}

// from2 reads where a saved value comes from: a JSON path, or "header Name".
func (l *loader) from2(it *item) string {
	raw := l.scalar(it, "save")
	if name, ok := strings.CutPrefix(raw, "header "); ok {
		return "header:" + textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
	}
	if raw == "body" {
		return "body"
	}
	l.path(it, "save", raw)
	return raw
}

func (l *loader) path(it *item, field, raw string) {
	if !strings.HasPrefix(raw, "$") {
		l.fail(it, field, `%q is not a JSON path, such as $.items[0].id, nor "header Name"`, clip(raw, 60))
		return
	}
	if _, err := jp.ParseString(raw); err != nil {
		l.fail(it, field, "%q is not a JSON path: %s", clip(raw, 60), err)
	}
}

// body reads what is sent; at most one of json, form and body.
func (l *loader) body(in *section, c *Call) {
	given := 0
	for _, name := range []string{"json", "form", "body"} {
		it := in.it.get(name)
		in.know(name)
		if it == nil {
			continue
		}
		if given++; given > 1 {
			l.fail(it, name, "is a second body: use one of json, form and body")
		}
		switch {
		case name == "json":
			c.Body, c.Header["Content-Type"] = encoded(it), typeJSON
		case name == "body":
			c.Body = in.text("body")
		case it.kind != isObject:
			l.fail(it, name, "must be a mapping, not %s", it.article())
		default:
			var pairs []string
			for _, k := range it.keys {
				pairs = append(pairs, keepTemplates(k.name, url.QueryEscape)+"="+keepTemplates(l.scalar(k.value, "form"), url.QueryEscape))
			}
			c.Body, c.Header["Content-Type"] = strings.Join(pairs, "&"), typeForm
		}
	}
	if given > 0 && (c.Method == "GET" || c.Method == "HEAD") {
		l.fail(in.it, "", "a %s request has no body", strings.ToLower(c.Method))
	}
}

func (l *loader) headers(it *item, c *Call) {
	for _, k := range it.keys {
		name := textproto.CanonicalMIMEHeaderKey(k.name)
		switch {
		case !headerName.MatchString(k.name):
			l.failAt(it.src, k.at, "headers", strconv.Quote(clip(k.name, 40))+" is not the name of a header")
		case slices.Contains([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Cookie"}, name):
			l.failAt(it.src, k.at, "headers", name+" is set by the run itself: cookies are those of the browser")
		}
		v := l.scalar(k.value, "headers")
		if strings.ContainsAny(v, "\r\n") {
			l.fail(k.value, "headers", "must be one line")
		}
		c.Header[name] = v
	}
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// expect reads what must come back.
func (l *loader) expect(it *item, c *Call) {
	for _, k := range it.keys {
		switch name, header := strings.CutPrefix(k.name, "header "); {
		case k.name == "status":
			l.status(k.value, c)
		case k.name == "body":
			c.Checks = append(c.Checks, l.assertion(k, Assert{})...)
		case header:
			c.Checks = append(c.Checks, l.assertion(k, Assert{Header: textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))})...)
		case strings.HasPrefix(k.name, "$"):
			l.path(&item{src: it.src, at: k.at}, "expect", k.name)
			c.Checks = append(c.Checks, l.assertion(k, Assert{Path: k.name})...)
		default:
			l.failAt(it.src, k.at, k.name, unknown("key", k.name, "expect", []string{"status", "body", "header <name>", "$.<JSON path>"}))
		}
	}
	if len(it.keys) == 0 {
		l.fail(it, "expect", "is empty")
	}
}

// status reads one or several, of which 2xx stands for a hundred.
func (l *loader) status(it *item, c *Call) {
	list := []*item{it}
	if it.kind == isArray {
		list = it.list
	}
	for _, one := range list {
		n, err := strconv.Atoi(one.text)
		switch {
		case err == nil && n >= 100 && n <= 599:
			c.Status = append(c.Status, n)
		case len(one.text) == 3 && one.text[0] >= '1' && one.text[0] <= '5' && strings.EqualFold(one.text[1:], "xx"):
			for n := range 100 {
				c.Status = append(c.Status, int(one.text[0]-'0')*100+n)
			}
		default:
			l.fail(one, "status", "must be from 100 to 599, or like 2xx")
		}
	}
	if len(list) == 0 {
		l.fail(it, "status", "is empty")
	}
}

// assertion reads a condition: a value that must be equal, words such as
// "contains json", or a mapping of conditions.
func (l *loader) assertion(k key, a Assert) []Assert {
	it := k.value
	if it.kind == isObject {
		var out []Assert
		for _, cond := range it.keys {
			if !slices.Contains(ops(), cond.name) {
				l.failAt(it.src, cond.at, k.name, unknown("condition", cond.name, k.name, ops()))
				continue
			}
			out = append(out, l.condition(a, cond.name, cond.value))
		}
		if len(out) == 0 {
			l.fail(it, k.name, "is empty")
		}
		return out
	}
	if it.kind == isString {
		word, rest, _ := strings.Cut(it.text, " ")
		switch {
		case slices.Contains(ops(), word) && rest != "", it.text == "exists", it.text == "absent":
			v := *it
			v.text = strings.TrimSpace(rest)
			return []Assert{l.condition(a, word, &v)}
		}
	}
	if !it.scalar() && it.kind != isNull && a.Path == "" {
		l.fail(it, k.name, "must be text or conditions (%s), not %s", strings.Join(ops(), ", "), it.article())
	}
	a.Op, a.Value = "equals", it.plain()
	return []Assert{a}
}

// condition completes one condition and checks its value.
func (l *loader) condition(a Assert, op string, v *item) Assert {
	a.Op, a.Value = op, v.plain()
	switch op {
	case "exists", "absent":
		a.Value = nil
		if v.kind == isBool && v.text == "false" {
			a.Op = map[string]string{"exists": "absent", "absent": "exists"}[op]
		}
		if a.Header == "" && a.Path == "" {
			l.fail(v, op, "the body always exists: say what it contains")
		}
	case "matches":
		if _, err := regexp.Compile(v.text); err != nil && !strings.Contains(v.text, "{{") {
			l.fail(v, op, "%q is not a regular expression: %s", clip(v.text, 60), err)
		}
		if v.text == "" || v.text == ".*" {
			l.fail(v, op, "matches everything")
		}
		a.Value = v.text
	case "contains":
		if v.scalar() && v.text == "" {
			l.fail(v, op, "is empty: everything contains that")
		}
	case "less", "more":
		n, err := strconv.ParseFloat(v.text, 64)
		if err != nil && !strings.Contains(v.text, "{{") {
			l.fail(v, op, "must be a number")
		}
		if a.Value = n; err != nil {
			a.Value = v.text
		}
	}
	return a
}

// code reads a step that fetches a one-time code.
func (l *loader) code(it *item, s *Step) {
	s.Type, s.Title, s.Code = Code, "fetch a code", &CodeSource{}
	in := l.inner(it, s, "code")
	if in == nil {
		return
	}
	if in.has("totp") == in.has("mail") {
		l.fail(it, "", "code needs one source: totp or mail")
	}
	if s.Code.TOTP = in.text("totp"); in.has("totp") {
		s.Title = "make a one-time code"
		s.Timeout = max(s.Timeout, 10*time.Second)
		if _, err := totp.GenerateCode(CleanKey(s.Code.TOTP), time.Unix(0, 0)); err != nil && !strings.Contains(s.Code.TOTP, "{{") {
			l.fail(in.it.get("totp"), "totp", "is not a key in base32")
		} else if !strings.Contains(s.Code.TOTP, "{{secret.") {
			l.fail(in.it.get("totp"), "totp", "must be a reference such as {{secret.totp}}: a key is a secret")
		}
	}
	if m := in.of("mail", isObject); m != nil {
		s.Title = "wait for a code by mail"
		s.Code.Mail = l.mailbox(m)
		s.Timeout = mailTimeout
		if d := in.duration("within", maxYAMLTimeout); d > 0 {
			s.Timeout = d
		}
	}
	if name := in.need("save"); name != "" {
		s.Save = l.saves(it.src, in.it.get("save").at, name)
	}
	in.close()
}

func (l *loader) mailbox(it *item) *Mailbox {
	in := l.section(it, "mail")
	m := &Mailbox{
		URL: in.need("url"), User: in.need("user"), Password: in.need("password"),
		To: in.text("to"), Subject: in.text("subject"), Pattern: in.need("pattern"),
	}
	in.close()
	if !strings.Contains(m.URL, "{{") {
		if _, _, err := MailAddress(m.URL); err != nil {
			l.fail(it.get("url"), "url", "%s", err)
		}
	}
	if m.Password != "" && !strings.Contains(m.Password, "{{secret.") {
		l.fail(it.get("password"), "password", "must be a reference such as {{secret.mail}}")
	}
	if re, err := regexp.Compile(m.Pattern); err != nil {
		l.fail(it.get("pattern"), "pattern", "%q is not a regular expression: %s", clip(m.Pattern, 60), err)
	} else if re.MatchString("") {
		l.fail(it.get("pattern"), "pattern", "matches nothing at all, so any message would do")
	}
	return m
}

// saves checks the name of a variable that a step keeps, and notes it.
func (l *loader) saves(src *source, at int, name string) string {
	switch {
	case !saveName.MatchString(name):
		l.failAt(src, at, "save", strconv.Quote(clip(name, 60))+` is not a name for a variable: letters, digits, - and _, with "secret." before it for what must not be shown`)
	case builtinName(name):
		l.failAt(src, at, "save", name+" is a variable of the run itself")
	}
	l.pending = append(l.pending, name)
	return name
}

var saveName = regexp.MustCompile(`^(secret\.)?[A-Za-z][A-Za-z0-9_-]{0,63}$`)
