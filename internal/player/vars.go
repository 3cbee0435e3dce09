package player

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/journey"
)

// values are the variables of one run that its steps and the run itself make.
type values struct {
	mu    sync.Mutex // of saved and hidden, which the live picture asks for
	saved map[string]string
	fixed map[string]string // what builtins gave; the same for the whole run
	// hidden are secrets beside those of the configuration: one-time codes.
	hidden []string
	spent  int // variables filled in for the step being played
}

// builtins are the variables that every run has.
func builtins() map[string]func(p *play) string {
	return map[string]func(p *play) string{
		"run.id":      func(*play) string { return random("abcdefghijklmnopqrstuvwxyz0123456789", 20) },
		"run.short":   func(p *play) string { return p.builtin("run.id")[:6] },
		"run.journey": func(p *play) string { return p.req.Look.Name },
		"now":         func(p *play) string { return p.begin.UTC().Format(time.RFC3339) },
		"now.unix":    func(p *play) string { return strconv.FormatInt(p.begin.Unix(), 10) },
		"today":       func(p *play) string { return p.begin.UTC().Format(time.DateOnly) },
		"base.url":    func(p *play) string { return strings.TrimSuffix(p.req.Look.Base, "/") },
		"base.host":   func(p *play) string { return host(p.req.Look.Base) },
		"random.email": func(p *play) string {
			return "postflight+" + random("abcdefghijklmnopqrstuvwxyz0123456789", 10) + "@example.com"
		},
		"random.digits": func(*play) string { return "1" + random("0123456789", 7) },
		"random.word":   func(*play) string { return random("abcdefghijklmnopqrstuvwxyz", 10) },
	}
}

// random returns n letters of an alphabet.
func random(alphabet string, n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails
	for i, b := range raw {
		raw[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(raw)
}

// builtin is the run's own value of one of builtins.
func (p *play) builtin(name string) string {
	if v, ok := p.values.fixed[name]; ok {
		return v
	}
	v := builtins()[name](p)
	if p.values.fixed == nil {
		p.values.fixed = map[string]string{}
	}
	p.values.fixed[name] = v
	return v
}

// save keeps what a step found. A name that begins with secret. is one: its
// value is never shown.
func (p *play) save(name, value string) {
	p.values.mu.Lock()
	if p.values.saved == nil {
		p.values.saved = map[string]string{}
	}
	p.values.saved[name] = value
	p.values.mu.Unlock()
	if strings.HasPrefix(name, "secret.") {
		p.conceal(value)
	}
}

// conceal makes a value a secret of this run.
func (p *play) conceal(value string) {
	p.hide.secret(value)
	p.values.mu.Lock()
	defer p.values.mu.Unlock()
	p.values.hidden = append(p.values.hidden, value)
}

// secrets are the values that no picture may show.
func (p *play) secrets() []string {
	p.values.mu.Lock()
	defer p.values.mu.Unlock()
	var out []string
	for name, value := range p.vars {
		if strings.HasPrefix(name, "secret.") {
			out = append(out, value)
		}
	}
	for name, value := range p.values.saved {
		if strings.HasPrefix(name, "secret.") {
			out = append(out, value)
		}
	}
	out = slices.DeleteFunc(append(out, p.values.hidden...), func(v string) bool { return len(v) < 4 })
	slices.Sort(out)
	return slices.Compact(out)
}

// missing is a variable that has no value in this run. When a step should have
// saved it, the answer that step got is to blame; else it is the journey itself.
func (p *play) missing(name string) error {
	for _, s := range p.journey.Steps {
		saves := s.Save == name
		if s.API != nil {
			_, saved := s.API.Save[name]
			saves = saves || saved
		}
		if saves {
			return &unsavedError{assertionError{fmt.Sprintf("variable {{%s}} has no value: the step “%s” has not saved it", clip(name, 60), s.Title)}}
		}
	}
	return &recordingError{fmt.Sprintf("variable {{%s}} has no value: no step saves it, and it is not configured", clip(name, 60))}
}

// unsavedError is a variable that a step was to save, and has not.
type unsavedError struct{ assertionError }

func (e *unsavedError) Unwrap() error { return &e.assertionError }

// needless reports a clean-up step for something that was never made: a step
// that did not come about was to save what it names.
func (p *play) needless(s journey.Step) (why string, ok bool) {
	if !s.Templated {
		return "", false
	}
	_, err := p.expand(s)
	if bad, unsaved := errors.AsType[*unsavedError](err); unsaved {
		return "nothing to clean up: " + bad.message, true
	}
	return "", false
}

const (
	maxExpand = 5      // variables inside of variables
	maxFills  = 10_000 // variables in one step, with those inside of them
	maxFilled = 1 << 20
)

// value is what a variable stands for. Values that are written in the journey
// or configured may hold variables in their turn; saved ones and secrets are
// taken as they are.
func (p *play) value(name string, depth int) (string, error) {
	if p.values.spent++; p.values.spent > maxFills {
		return "", &recordingError{fmt.Sprintf("more than %d variables in one step", maxFills)}
	}
	if v, ok := p.values.saved[name]; ok {
		return v, nil
	}
	v, ok := p.vars[name]
	switch {
	case !ok && builtins()[name] != nil:
		return p.builtin(name), nil
	case !ok:
		return "", p.missing(name)
	case strings.HasPrefix(name, "secret."), !strings.Contains(v, "{{"):
		return v, nil
	case depth >= maxExpand:
		return "", &recordingError{fmt.Sprintf("variable {{%s}} stands for itself", clip(name, 60))}
	}
	return p.fill(v, depth+1, journey.Plainly)
}

// fill puts the values of variables into a text.
func (p *play) fill(text string, depth int, esc journey.Escape) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	list, err := journey.Pieces(text)
	if err != nil {
		return "", &recordingError{err.Error()}
	}
	var b strings.Builder
	for i, one := range list {
		if !one.Name {
			b.WriteString(one.Text)
			continue
		}
		v, err := p.value(one.Text, depth)
		if err != nil {
			return "", err
		}
		if b.WriteString(esc(v, i == 0)); b.Len() > maxFilled {
			return "", &recordingError{fmt.Sprintf("a text becomes larger than %d KiB with its variables", maxFilled>>10)}
		}
	}
	return b.String(), nil
}

// expand returns the step with every {{variable}} replaced. A variable without
// a value is the journey's own fault.
func (p *play) expand(s journey.Step) (journey.Step, error) {
	if !s.Templated {
		return s, nil
	}
	p.values.spent = 0
	var first error
	out := s.Fill(func(text string, esc journey.Escape) string {
		out, err := p.fill(text, 0, esc)
		if err != nil && first == nil {
			first = err
		}
		return out
	})
	p.retitle(s.Title)
	if out.Type == journey.Open && first == nil && !strings.Contains(out.URL, ":") { // all of it was a variable
		u, err := p.address(out.URL)
		if err != nil {
			return out, err
		}
		out.URL = u.String()
	}
	return out, first
}

// retitle fills in the title under which the step is reported. It shows no
// secret, whatever the redaction does.
func (p *play) retitle(title string) {
	if !strings.Contains(title, "{{") {
		return
	}
	list, err := journey.Pieces(title)
	if err != nil {
		return
	}
	var b strings.Builder
	for _, one := range list {
		v := one.Text
		if one.Name && strings.HasPrefix(one.Text, "secret.") {
			v = hidden
		} else if one.Name {
			if v, err = p.value(one.Text, 0); err != nil {
				return
			}
		}
		b.WriteString(v)
	}
	steps := p.journey.Steps
	for i := range steps {
		if steps[i].Title == title {
			steps[i].Title = clip(squeeze(p.hide.text(b.String())), 160)
			return
		}
	}
}
