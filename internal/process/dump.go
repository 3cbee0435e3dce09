package process

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// DumpOptions say what is dumped, and how much of it.
type DumpOptions struct {
	// Roots are the processes to look at, with all below them; the caller itself
	// is left out, but not what is below it.
	Roots []int
	// Tail are the last lines of the log, Test the test that was started last.
	Tail []string
	Test string
	// Redact takes secrets out of a text; nil leaves it to what Dump hides by
	// itself: values of telling options, users in addresses. Environments are
	// never read.
	Redact func(string) string
	// Limit bounds the text, in bytes: 1 MiB. Budget bounds the time: 15 s.
	Limit  int
	Budget time.Duration
	// Fatal allows signals by which a process prints its stacks and ends: SIGQUIT
	// for Go programs of the user's own, SIGABRT for Python with a fault handler.
	// Only for processes that are to be ended anyway, and not for those whose
	// result stands.
	Fatal bool
}

// The defaults and bounds of a dump.
const (
	dumpLimit  = 1 << 20
	dumpBudget = 15 * time.Second
	dumpTail   = 200  // lines
	dumpLine   = 2000 // bytes
)

// Dump describes what the processes do and wait for, in the order in which a
// person wants to know: a summary in words, locks and questions, the tree,
// services that are waited for, the last lines of the log, stacks of runtimes,
// the machine, and open files. What could not be read in time is left out and
// said so. It never fails; processes may end while it reads.
//
// Stacks come from a JVM (jstack), Node (its inspector, which it opens on
// loopback when it gets SIGUSR1), .NET and Python (dotnet-stack and py-spy where
// they are installed), and, with Fatal, from the processes themselves at the end
// of the log. No signal is sent to a process that has no handler for it.
func Dump(ctx context.Context, o DumpOptions) string {
	if o.Limit <= 0 {
		o.Limit = dumpLimit
	}
	if o.Budget <= 0 {
		o.Budget = dumpBudget
	}
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	ctx, cancel := context.WithTimeout(ctx, o.Budget)
	defer cancel()
	d := &dump{o: o}
	d.fill(ctx)
	return d.text()
}

// Environment is env with what makes runtimes say where they stand when they are
// asked to: PYTHONFAULTHANDLER, which does nothing to a program that does not
// crash. Node and the JVM need nothing. What env says already is left alone.
func Environment(env []string) []string {
	const name = "PYTHONFAULTHANDLER="
	for _, e := range env {
		if strings.HasPrefix(e, name) {
			return env
		}
	}
	return append(env[:len(env):len(env)], name+"1")
}

// dump gathers sections.
type dump struct {
	o        DumpOptions
	sections []section
}

type section struct{ title, body string }

func (d *dump) add(title, body string) {
	if body = strings.TrimRight(body, "\n"); body != "" {
		d.sections = append(d.sections, section{title, body})
	}
}

// tail adds the last lines of the log.
func (d *dump) tail() {
	lines := d.o.Tail
	if len(lines) > dumpTail {
		lines = lines[len(lines)-dumpTail:]
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("  " + short(l, dumpLine) + "\n")
	}
	d.add(fmt.Sprintf("Last %d lines of the log", len(lines)), b.String())
}

// text is the whole, redacted and within its limit.
func (d *dump) text() string {
	var b strings.Builder
	for i, s := range d.sections {
		if i > 0 {
			b.WriteString("\n")
		}
		if s.title != "" {
			b.WriteString("== " + s.title + "\n")
		}
		body := s.body
		if len(body) > 2*d.o.Limit {
			body = body[:2*d.o.Limit]
		}
		b.WriteString(d.o.Redact(body) + "\n")
		if b.Len() > d.o.Limit {
			break
		}
	}
	text := strings.ToValidUTF8(b.String(), "\uFFFD")
	const note = "\n… the rest is left out: the limit is reached\n"
	if len(text) <= d.o.Limit {
		return text
	}
	end := max(0, d.o.Limit-len(note))
	if i := strings.LastIndexByte(text[:end], '\n'); i > 0 {
		end = i
	}
	text = strings.ToValidUTF8(text[:end], "") + note
	return text[max(0, len(text)-d.o.Limit):]
}

// within runs a function that may block in the kernel, and waits for it as long
// as it may take; what it returns later is lost.
func within[T any](ctx context.Context, limit time.Duration, f func() T) (T, bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan T, 1)
	go func() { done <- f() }()
	select {
	case v := <-done:
		return v, true
	case <-ctx.Done():
		var none T
		return none, false
	}
}
