package config

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

var (
	keyInLine  = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_-]*)["']?\s*:\s*`)
	secretWord = regexp.MustCompile(`(?i)token|secret|passw|pwd|credential|authori|api_?key|private|dsn`)
	// referenceInLine is a value that is only a reference.
	referenceInLine = regexp.MustCompile(`^["']?\s*:\s*("?\$\{[A-Za-z0-9_]+\}"?|["']?file:[^\s"',}]+["']?)\s*([,}#].*)?$`)
	tokenShape      = regexp.MustCompile(`(xox[a-z]-|gh[a-z]_|sk_|eyJ|hooks\.slack\.com/services/)[A-Za-z0-9_./-]{6,}`)
)

// mask hides what may be a secret in a line of source: the value of every key
// that is, or is nearly, named like one, unless it is only a reference.
func mask(line string) string {
	line = userinfo.ReplaceAllString(line, "$1:"+redacted+"@")
	line = tokenShape.ReplaceAllString(line, redacted)
	for _, m := range keyInLine.FindAllStringSubmatchIndex(line, -1) {
		value := strings.Trim(line[m[1]:], ` "'`)
		if value == "" || strings.HasPrefix(value, "${") || strings.HasPrefix(value, "file:") ||
			!secretish(line[m[2]:m[3]]) {
			continue
		}
		return line[:m[1]] + redacted
	}
	return line
}

// secretish reports whether a key is, or is a slip of, the name of a secret.
func secretish(key string) bool {
	if secretWord.MatchString(key) {
		return true
	}
	for _, known := range []string{"token", "secret", "password"} {
		if distance(strings.ToLower(key), known) <= 2*replaced {
			return true
		}
	}
	return false
}

// shownReference returns the reference that stands behind a key, or what
// stands for a secret.
func shownReference(rest string) string {
	if r := referenceInLine.FindStringSubmatch(rest); r != nil {
		return r[1]
	}
	return redacted
}

// conceal hides what stands where a section with secrets should: it may be
// the secret itself.
func (d *decoder) conceal(key string, n ast.Node, t reflect.Type) {
	where, ok := d.src.keys[key]
	if !ok || !scalar(n) || !holdsSecret(t) {
		return
	}
	where.hide = true
	d.src.keys[key] = where
	delete(d.src.values, key)
	d.hidden = append(d.hidden, n.GetToken().Value)
}

// holdsSecret reports whether a section has a secret, at any depth.
func holdsSecret(t reflect.Type) bool {
	if t.Kind() == reflect.Map && t.Elem() == secretType {
		return true
	}
	t, ok := section(t)
	return ok && slices.ContainsFunc(fieldsOf(t), func(f field) bool {
		return f.typ == secretType || holdsSecret(f.typ)
	})
}

// redact removes from problems the secrets that stand in the file, wherever
// else on the line a problem is.
func (d *decoder) redact(problems []Problem) {
	slices.SortFunc(d.hidden, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, text := range d.hidden {
		if len(text) < 4 || text == "sqlite" {
			continue
		}
		for i := range problems {
			p := &problems[i]
			p.Message = strings.ReplaceAll(p.Message, text, redacted)
			p.Value = strings.ReplaceAll(p.Value, text, redacted)
			p.Excerpt = redactExcerpt(p.Excerpt, text)
		}
	}
}

// redactExcerpt hides text in an excerpt and keeps the caret where it points.
func redactExcerpt(excerpt, text string) string {
	line, below, ok := strings.Cut(excerpt, "\n")
	if !ok || !strings.Contains(line, text) {
		return excerpt
	}
	caret := strings.IndexByte(below, '^')
	before := string([]rune(line)[:min(max(caret, 0), utf8.RuneCountInString(line))])
	shift := strings.Count(before, text) * (utf8.RuneCountInString(redacted) - utf8.RuneCountInString(text))
	if at := caret + shift; at > len("      | ") {
		below = below[:len("      | ")] + strings.Repeat(" ", at-len("      | ")) + below[caret:]
	}
	return strings.ReplaceAll(line, text, redacted) + "\n" + below
}
