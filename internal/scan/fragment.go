package scan

import (
	"errors"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/postflight/postflight/internal/rule"
)

// setting says where a piece of shell stands, which decides what is worth a word.
type setting int

const (
	inStep   setting = iota // a step of a pipeline
	inScript                // a shell script
	inNPM                   // a script of package.json
	inMake                  // a line of a recipe
	inImage                 // RUN of a Dockerfile
	inInner                 // a text handed to another shell
)

// state is what `set` has set.
type state struct {
	errexit, pipefail bool
	unknown           bool // a file was sourced that nobody could read
}

// fragment is a piece of shell within a file.
type fragment struct {
	src   *source
	text  string // as the shell gets it, expressions of the CI still in it
	raw   string // as it is written, of the same length; "" when text is that
	start int    // where in the file its first byte is, or shortly before
	posix bool
	state state
	where setting
	shell string // the name of the shell, for people: "GitHub's default `bash -e`"
	name  string // of the npm script, make target or step
	runs  bool   // a pipeline runs the script
	allow []int  // further lines on which an allowance counts
	out   *outcome
}

// outcome is what else a fragment told.
type outcome struct {
	state  state    // after its last command
	checks []string // the builds, tests and deployments it runs
	paths  []string // the scripts it runs
}

// The bounds of what is parsed: the parser and the walk are recursive.
const (
	maxFragment = 256 << 10
	maxNesting  = 2000
	maxPieces   = 5000
)

var expression = regexp.MustCompile(`\$\{\{(?s:.*?)\}\}`)

// analyse parses a fragment and reports what it finds.
func (f fragment) analyse() {
	if f.out == nil {
		f.out = &outcome{}
	}
	f.out.state = f.state
	if strings.TrimSpace(f.text) == "" {
		return
	}
	if f.src.pieces++; f.src.pieces > maxPieces {
		if f.src.pieces == maxPieces+1 {
			f.src.skip(f.start, "too many pieces of shell in one file; the rest was not read")
		}
		return
	}
	if len(f.text) > maxFragment || nested(f.text) > maxNesting {
		f.src.skip(f.start, "this shell is too long or too deeply nested to be read")
		return
	}
	text := f.text
	if strings.Contains(text, "${{") {
		text = expression.ReplaceAllStringFunc(text, func(e string) string { return strings.Repeat("X", len(e)) })
	}
	lang := syntax.LangBash
	if f.posix && !strings.Contains(text, "[[") && !strings.Contains(text, "<(") && !strings.Contains(text, "function ") {
		lang = syntax.LangPOSIX
	}
	file, err := syntax.NewParser(syntax.Variant(lang), syntax.KeepComments(false)).Parse(strings.NewReader(text), "")
	if err != nil && lang == syntax.LangPOSIX {
		file, err = syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	}
	if err != nil {
		off, why := 0, err.Error()
		var pe syntax.ParseError
		if errors.As(err, &pe) {
			off, why = int(pe.Pos.Offset()), pe.Text
		}
		f.src.skip(f.at(off), "this is no shell that could be read: "+why)
		return
	}
	w := &walker{fragment: f, text: text, functions: map[string]*syntax.FuncDecl{}}
	w.run(file)
}

// nested is how deep brackets are nested, at most, not looking at quotes: a
// bound for the recursion of the parser, not a measure.
func nested(text string) int {
	depth, most := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{', '[':
			depth++
			most = max(most, depth)
		case ')', '}', ']':
			depth = max(0, depth-1)
		}
	}
	return most
}

// at turns an offset of the fragment into one of the file: both are walked
// side by side, and what the file has more (indentation, quotes, escapes,
// comments of the format) is passed over.
func (f fragment) at(off int) int {
	text, own := f.src.text, f.text
	if len(f.raw) == len(f.text) {
		own = f.raw
	}
	j := f.start
	for i := 0; i <= off && i < len(own); i++ {
		c := own[i]
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			continue
		}
		for j < len(text) && text[j] != c {
			j++
		}
		if i == off {
			break
		}
		j++
	}
	if j >= len(text) {
		return f.start
	}
	return j
}

// finding reports at an offset of the fragment.
func (f fragment) finding(id rule.ID, off int, message string) {
	f.level(id, rule.Warn, off, message)
}

func (f fragment) level(id rule.ID, level rule.Level, off int, message string) {
	f.src.report(id, level, f.at(off), message, f.allow...)
}
