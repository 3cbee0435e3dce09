package player

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"

	"github.com/postflight/postflight/internal/journey"
)

// examine checks an answer, keeps what is to be saved and counts what is left.
func (p *play) examine(c *journey.Call, a *reply) error {
	e := &examiner{reply: a}
	if why := e.status(c.Status); why != "" {
		if len(a.body) > 0 {
			why += ": " + clip(squeeze(string(a.body)), 300)
		}
		return p.failed(c, a, []string{why})
	}
	var wrong []string
	for _, check := range c.Checks {
		if why := e.check(check); why != "" && len(wrong) < 5 {
			wrong = append(wrong, why)
		}
	}
	for name, from := range c.Save {
		v, why := e.find(from)
		if why != "" {
			wrong = append(wrong, fmt.Sprintf("nothing to save as %s: %s", name, why))
			continue
		}
		p.save(name, textOf(v))
	}
	if c.Left != "" {
		n, why := e.left(c.Left)
		if why != "" {
			wrong = append(wrong, "what is left cannot be counted: "+why)
		} else {
			p.remain(n)
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		return p.failed(c, a, wrong)
	}
	return nil
}

// remain counts synthetic records that are left behind.
func (p *play) remain(n int) {
	if p.left == nil {
		p.left = new(int)
	}
	*p.left += n
}

func (p *play) failed(c *journey.Call, a *reply, wrong []string) error {
	return &assertionError{clip(p.hide.text(fmt.Sprintf("%s %s: %s", c.Method, clip(a.url, 200), strings.Join(wrong, "; "))), 1000)}
}

// examiner decodes an answer once, when it is needed.
type examiner struct {
	*reply
	json any
	err  error
	done bool
}

func (e *examiner) status(want []int) string {
	switch {
	case len(want) == 0 && e.reply.status >= 200 && e.reply.status < 300, slices.Contains(want, e.reply.status):
		return ""
	case len(want) == 0:
		return fmt.Sprintf("answered %d, not 200–299", e.reply.status)
	case len(want) > 5:
		return fmt.Sprintf("answered %d, not %d–%d", e.reply.status, slices.Min(want), slices.Max(want))
	}
	text := make([]string, len(want))
	for i, n := range want {
		text[i] = strconv.Itoa(n)
	}
	return fmt.Sprintf("answered %d, not %s", e.reply.status, strings.Join(text, " or "))
}

// values are what a JSON path finds.
func (e *examiner) values(path string) ([]any, string) {
	if !e.done {
		e.json, e.err = e.decoded()
		e.done = true
	}
	if e.err != nil {
		return nil, e.err.Error()
	}
	x, err := jp.ParseString(path)
	if err != nil {
		return nil, fmt.Sprintf("%q is no JSON path: %s", path, err)
	}
	return x.Get(e.json), ""
}

// find is the first value at a place: a JSON path, "header:Name" or "body".
func (e *examiner) find(from string) (any, string) {
	if name, ok := strings.CutPrefix(from, "header:"); ok {
		if e.header.Get(name) == "" {
			return nil, "there is no header " + name
		}
		return e.header.Get(name), ""
	}
	if from == "body" {
		return string(e.body), ""
	}
	list, why := e.values(from)
	switch {
	case why != "":
		return nil, why
	case len(list) == 0 || list[0] == nil:
		return nil, from + " is not in the answer"
	}
	return list[0], ""
}

// left is a number, or how long a list is.
func (e *examiner) left(path string) (int, string) {
	v, why := e.find(path)
	if why != "" {
		return 0, why
	}
	switch t := v.(type) {
	case int64:
		if t >= 0 && t <= 1<<31 {
			return int(t), ""
		}
	case []any:
		return len(t), ""
	}
	return 0, fmt.Sprintf("%s is %s, neither a number from 0 nor a list", path, shown(v))
}

// check says what is wrong with a condition; "" when it is met. Of several
// matches of a path one must meet it.
func (e *examiner) check(a journey.Assert) string {
	name, list := "the body", []any{string(e.body)}
	switch {
	case a.Header != "":
		name, list = "header "+a.Header, nil
		for _, v := range e.header.Values(http.CanonicalHeaderKey(a.Header)) {
			list = append(list, v)
		}
	case a.Path != "":
		var why string
		name = a.Path
		if list, why = e.values(a.Path); why != "" {
			return name + ": " + why
		}
	case e.cut:
		return fmt.Sprintf("the answer is larger than %d KiB", maxAnswer>>10)
	}
	switch a.Op {
	case "exists":
		if len(list) == 0 {
			return name + " is missing"
		}
		return ""
	case "absent":
		if len(list) > 0 {
			return fmt.Sprintf("%s is there: %s", name, shown(list[0]))
		}
		return ""
	}
	if len(list) == 0 {
		return fmt.Sprintf("%s is missing, wanted %s %s", name, a.Op, shown(a.Value))
	}
	if slices.ContainsFunc(list, func(v any) bool { return meets(v, a.Op, a.Value) }) {
		return ""
	}
	got := shown(list[0])
	if len(list) > 1 {
		got += fmt.Sprintf(" and %d more", len(list)-1)
	}
	return fmt.Sprintf("%s is %s, wanted %s %s", name, got, a.Op, shown(a.Value))
}

// meets compares one value.
func meets(got any, op string, want any) bool {
	switch op {
	case "equals":
		return equal(got, want)
	case "contains":
		if list, ok := got.([]any); ok {
			return slices.ContainsFunc(list, func(v any) bool { return equal(v, want) })
		}
		return strings.Contains(textOf(got), textOf(want))
	case "matches":
		re, err := regexp.Compile(textOf(want))
		return err == nil && re.MatchString(textOf(got))
	case "less", "more":
		n, ok := size(got)
		limit, good := size(want)
		if !ok || !good {
			return false
		}
		return op == "less" && n < limit || op == "more" && n > limit
	}
	return false
}

// size is a number, the length of a list, or the number that a text holds.
func size(v any) (float64, bool) {
	switch t := v.(type) {
	case int64:
		return float64(t), true
	case float64:
		return t, true
	case []any:
		return float64(len(t)), true
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(textOf(v)), 64)
	return n, err == nil
}

// equal compares as JSON does; a text that came from a variable by what it says.
func equal(got, want any) bool {
	switch w := want.(type) {
	case journey.Loose:
		return textOf(got) == string(w)
	case float64:
		switch g := got.(type) {
		case int64:
			return float64(g) == w
		case float64:
			return g == w
		case string: // of a header
			n, err := strconv.ParseFloat(g, 64)
			return err == nil && n == w && strings.TrimSpace(g) == textOf(w)
		}
		return false
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(g, w, equal)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range w {
			v, there := g[k]
			if !there || !equal(v, w[k]) {
				return false
			}
		}
		return true
	}
	return got == want
}

// textOf writes a value as people do.
func textOf(v any) string {
	switch t := v.(type) {
	case string:
		return t
	case journey.Loose:
		return string(t)
	case int64:
		return strconv.FormatInt(t, 10)
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64)
	case nil:
		return "null"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// shown is a value in a message.
func shown(v any) string {
	switch v.(type) {
	case string, journey.Loose:
		return strconv.Quote(clip(squeeze(textOf(v)), 200))
	}
	return clip(textOf(v), 200)
}
