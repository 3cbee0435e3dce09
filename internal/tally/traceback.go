package tally

import (
	"bytes"
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// deaths are lines that tell of a program's end; they are told at the end of the
// log, when it is known whether a test runner was at work then: what dies in a
// passed test was meant to.
type deaths struct{ lines []logline.Line }

func (d *deaths) keep(number int, text string) {
	if len(d.lines) < maxFailures {
		d.lines = append(d.lines, logline.Line{Number: number, Text: []byte(text)})
	}
}

// goesOn moves the last of them down to a line of its trace: what matters is
// whether anything followed.
func (d *deaths) goesOn(number int) {
	if k := len(d.lines) - 1; k >= 0 && d.lines[k].Number == number-1 {
		d.lines[k].Number = number
	}
}

func (d *deaths) tell(tool string, o *out) {
	for _, l := range d.lines {
		if !underTest(o.r.runs, l.Number) {
			o.mark(rule.ChildFailed, tool, l)
		}
	}
	d.lines = nil
}

// underTest reports whether a line stands in the output of a test runner. unittest
// and its like say nothing when they begin.
func underTest(runs []Run, line int) bool {
	for _, r := range runs {
		if r.Kind == Test && r.Last >= line && (r.First <= line || r.Tool == "unittest" || r.Tool == "JUnit") {
			return true
		}
	}
	return false
}

// traceback reads Python's uncaught exceptions. The trace of one that was caught
// and logged begins in the function that caught it, that of an uncaught one in
// the module itself.
//
//	Traceback (most recent call last):
//	  File "t.py", line 5, in <module>
//	    main()
//	FileNotFoundError: [Errno 2] No such file or directory: 'x'
type traceback struct {
	deaths
	at      int // the line of the head; 0 when none is being read
	logged  int // the last line that a logger began
	thread  int // "Exception in thread Thread-1"
	syntax  int // the line that names a file which is no Python
	frames  int
	outer   bool // the first frame is the module
	oneShot bool // of python -c
}

func (g *traceback) triggers() []string {
	return []string{
		"Traceback (most recent call last):", "File \"", "Exception in thread Thread-", "Process ", "Exception ignored in", "During handling of the above exception, ", "The above exception was the direct cause ", "ERROR:", "CRITICAL:", "WARNING:", "ERROR ", "[ERROR]",
	}
}

func (g *traceback) line(l logline.Line, o *out) {
	t := l.Text
	switch {
	case string(t) == "Traceback (most recent call last):":
		g.at = 0
		if l.Indent == 0 && (g.logged == 0 || g.logged != l.Number-1) {
			g.at, g.frames, g.oneShot = l.Number, 0, false
			g.outer = g.thread > 0 && g.thread == l.Number-1
			o.next(1)
		}
	case g.at > 0:
		g.frame(l, o)
	case l.Indent == 2 && bytes.HasPrefix(t, []byte("File \"")):
		// A file that is no Python: told without a head.
		if like1(string(t), "File \"{*}\", line {n}") {
			g.syntax = l.Number
			o.next(4)
		}
	case g.syntax > 0 && l.Number-g.syntax <= 4:
		if l.Indent == 0 && (bytes.HasPrefix(t, []byte("SyntaxError: ")) || bytes.HasPrefix(t, []byte("IndentationError: ")) || bytes.HasPrefix(t, []byte("TabError: "))) {
			g.keep(l.Number, string(t))
			g.syntax = 0
			o.next(0)
		}
	case bytes.HasPrefix(t, []byte("Exception in thread Thread-")):
		g.thread = l.Number
	case bytes.HasPrefix(t, []byte("During handling ")), bytes.HasPrefix(t, []byte("The above exception ")):
		if k := len(g.lines) - 1; k >= 0 && l.Number-g.lines[k].Number < 4 {
			g.lines = g.lines[:k] // what follows ended the program
		}
	case bytes.HasPrefix(t, []byte("Process ")):
		if like1(string(t), "Process {*}:") { // of multiprocessing
			g.thread = l.Number
		}
	default:
		g.logged = l.Number
	}
}

// frame reads the lines under the head up to the exception itself.
func (g *traceback) frame(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		if strings.HasPrefix(t, "File \"") {
			if g.frames == 0 && (strings.HasSuffix(t, ", in <module>") || strings.HasPrefix(t, "File \"<frozen runpy>\"")) {
				g.outer = true
			}
			g.oneShot = strings.HasPrefix(t, "File \"<string>\"")
			g.frames++
		}
		if l.Number < g.at+400 {
			o.next(1)
		}
		return
	}
	number := g.at
	g.at = 0
	if number == 0 || !g.outer || g.frames == 0 || g.oneShot {
		return
	}
	kind, _, _ := strings.Cut(t, ":")
	if !token(kind) || kind == "KeyboardInterrupt" || kind == "SystemExit" || kind == "BrokenPipeError" {
		return
	}
	g.keep(l.Number, t)
}

func (g *traceback) end(o *out) { g.tell("Python", o) }

// uncaught reads what ended programs of the JVM, Node.js, .NET, PHP and Rust.
type uncaught struct {
	deaths
	stack int    // the last line of a JavaScript stack
	error string // the line that said what was thrown
	said  int
	main  int // "Exception in thread "main"", until its stack follows
	text  string
}

func (g *uncaught) triggers() []string {
	return []string{
		"Error: ", "TypeError: ", "ReferenceError: ", "SyntaxError: ", "RangeError: ", "AssertionError ", "Error [",
		"Exception in thread \"main\" ", "at ", "Node.js v", "Unhandled exception. ", "PHP Fatal error:  Uncaught ", "thread 'main' ",
	}
}

func (g *uncaught) line(l logline.Line, o *out) {
	t := o.text(l)
	if strings.HasPrefix(t, "at ") && l.Indent > 0 {
		if g.main > 0 && g.main == l.Number-1 {
			g.dies(g.main, g.text, o)
			g.goesOn(l.Number)
		}
		g.stack, g.main = l.Number, 0
	}
	switch {
	case l.Indent > 0, t == "stack backtrace:", t == "Stack trace:", anyPrefix(t, "note: ", "Caused by: ", "#"):
		g.goesOn(l.Number)
	case strings.HasPrefix(t, "Node.js v"):
		if like1(t, "Node.js v{n}.{n}.{n}") && g.stack > 0 && l.Number-g.stack < 16 {
			if g.said > 0 && l.Number-g.said < 60 {
				t = g.error
			}
			g.keep(l.Number, t)
		}
	case anyPrefix(t, "Error", "TypeError: ", "ReferenceError: ", "SyntaxError: ", "RangeError: ", "AssertionError "):
		g.error, g.said = t, l.Number
	case strings.HasPrefix(t, "Exception in thread \"main\" "):
		g.main, g.text = l.Number, t
	case strings.HasPrefix(t, "Unhandled exception. "):
		if name, _, ok := strings.Cut(t[len("Unhandled exception. "):], ":"); ok && token(name) {
			g.dies(l.Number, t, o)
		}
	case strings.HasPrefix(t, "PHP Fatal error:  Uncaught "):
		g.dies(l.Number, t, o)
	case strings.HasPrefix(t, "thread 'main' "):
		if like1(t, "thread 'main' panicked at {*}") || like1(t, "thread 'main' ({n}) panicked at {*}") {
			g.dies(l.Number, t, o)
			g.text = "rust"
		}
	case g.text == "rust":
		g.goesOn(l.Number) // the message
		g.text = ""
	}
}

// dies keeps a death and follows its trace.
func (g *uncaught) dies(number int, text string, o *out) {
	g.keep(number, text)
	o.next(60)
}

func (g *uncaught) end(o *out) { g.tell("program", o) }

// goPanic reads the end of a Go program: a panic or fatal error, and below it
// the goroutines.
//
//	panic: boom
//
//	goroutine 1 [running]:
type goPanic struct {
	deaths
	at   int
	text string
}

func (g *goPanic) triggers() []string {
	return []string{"panic: ", "fatal error: ", "goroutine ", "[signal SIG"}
}

func (g *goPanic) line(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		return
	}
	switch {
	case anyPrefix(t, "panic: ", "fatal error: "):
		g.at, g.text = l.Number, t
	case strings.HasPrefix(t, "[signal SIG"):
		if g.at == l.Number-1 {
			g.at = l.Number
		}
	case g.at > 0 && l.Number-g.at > 1 && l.Number-g.at <= 3 && strings.HasSuffix(t, "]:"):
		g.keep(l.Number, g.text)
		g.at = 0
		o.next(1)
	case strings.HasPrefix(t, "runtime/debug.Stack("):
		// Somebody recovered and printed where it was.
		if k := len(g.lines) - 1; k >= 0 && g.lines[k].Number == l.Number-1 {
			g.lines = g.lines[:k]
		}
	}
}

func (g *goPanic) end(o *out) { g.tell("Go", o) }
