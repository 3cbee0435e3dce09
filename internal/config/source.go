package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxFile = 1 << 20
	// maxTokens and maxNesting keep the YAML parser, whose time grows with
	// the square of both, to a second or so on hostile input.
	maxTokens  = 40_000
	maxNesting = 64
)

// place is where something stands in the source.
type place struct {
	line, col, width int
	hide             bool // what follows may be a secret
}

// source is the text, and where every key of it stands.
type source struct {
	file    string
	dir     string
	lines   []string
	keys    map[string]place // full key → the key
	values  map[string]place // full key → its value
	origins map[string]string
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d KiB", limit>>10)
	}
	return data, nil
}

// syntax checks the text and returns its one document.
func (s *source) syntax(data []byte) (ast.Node, []Problem) {
	if p := s.characters(data); len(p) > 0 {
		return nil, p
	}
	tokens, p := s.tokens(string(data))
	if len(p) > 0 {
		return nil, p
	}
	file, err := parseTokens(tokens)
	if err != nil {
		return nil, []Problem{s.syntaxProblem(err)}
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType {
			continue
		}
		if d.Body.Type() == ast.DirectiveType {
			return nil, []Problem{s.at(tokenPlace(d.Body.GetToken()), Problem{Message: "directives are not accepted"})}
		}
		if body != nil {
			return nil, []Problem{s.at(tokenPlace(firstToken(d.Body)), Problem{
				Message: "a second document starts here; the file must hold exactly one",
			})}
		}
		body = d.Body
	}
	if body == nil {
		return nil, []Problem{{
			File: s.file, Message: "the file is empty",
			Accepted: names(fieldsOf(documentType)),
		}}
	}
	return body, nil
}

// characters refuses what no configuration contains, and tab indentation.
func (s *source) characters(data []byte) []Problem {
	if !utf8.Valid(data) {
		line := bytes.Count(data[:firstInvalid(data)], []byte("\n")) + 1
		return []Problem{{File: s.file, Line: line, Column: 1, Message: "the text is not UTF-8"}}
	}
	var out []Problem
	for i, line := range s.lines {
		at := place{line: i + 1, col: 1, width: 1}
		if k := strings.IndexFunc(line, control); k >= 0 {
			at.col = utf8.RuneCountInString(line[:k]) + 1
			out = append(out, s.at(at, Problem{Message: fmt.Sprintf("control character %U is not accepted", []rune(line[k:])[0])}))
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		rest := line[len(indent):]
		if k := strings.IndexByte(indent, '\t'); k >= 0 && rest != "" && rest[0] != '#' {
			at.col = k + 1
			out = append(out, s.at(at, Problem{Message: "a tab indents this line", Accepted: []string{"spaces"}}))
		}
	}
	if len(out) > 5 {
		out = out[:5]
	}
	return out
}

func control(r rune) bool { return r != '\t' && (r < 0x20 || r >= 0x7f && r < 0xa0) }

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// tokens splits the text and bounds its size and nesting.
func (s *source) tokens(text string) (tokens token.Tokens, problems []Problem) {
	defer func() {
		if recover() != nil {
			problems = []Problem{{File: s.file, Message: "this is not YAML that can be read"}}
		}
	}()
	tokens = lexer.Tokenize(text)
	if len(tokens) > maxTokens {
		return nil, []Problem{{File: s.file, Message: fmt.Sprintf("the file holds more than %d keys and values", maxTokens)}}
	}
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if depth > maxNesting {
			return nil, []Problem{s.at(tokenPlace(t), Problem{Message: fmt.Sprintf("nested deeper than %d levels", maxNesting)})}
		}
	}
	return tokens, nil
}

// errUnreadable stands for a panic inside the YAML parser.
var errUnreadable = errors.New("this is not YAML that can be read")

// parseTokens builds the syntax tree; a panic of the library on odd input is
// an error like any other.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errUnreadable
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func (s *source) syntaxProblem(err error) Problem {
	if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		return s.at(tokenPlace(syntax.Token), Problem{Message: "not valid YAML: " + mask(syntax.Message)})
	}
	return Problem{File: s.file, Message: errUnreadable.Error()}
}

// tokenPlace returns where a token stands.
func tokenPlace(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	text, _, _ := strings.Cut(strings.TrimSpace(t.Origin), "\n")
	return place{line: t.Position.Line, col: t.Position.Column, width: utf8.RuneCountInString(text)}
}

// at completes a problem with its position and excerpt.
func (s *source) at(where place, p Problem) Problem {
	p.File = s.file
	if where.line < 1 || where.line > len(s.lines) {
		return p
	}
	p.Line, p.Column = where.line, max(where.col, 1)
	p.Excerpt = excerpt(s.lines, where)
	return p
}

// onKey places a problem on a key, or on the closest section around it.
func (s *source) onKey(key string, p Problem) Problem {
	p.Key = key
	for k := key; ; k = parent(k) {
		if where, ok := s.keys[k]; ok {
			return s.at(where, p)
		}
		if k == "" {
			return s.at(place{}, p)
		}
	}
}

// onValue places a problem on a value, or on the closest key around it. A
// value that an environment variable set has no place in the file.
func (s *source) onValue(key string, p Problem) Problem {
	if name, ok := strings.CutPrefix(s.origins[key], "env "); ok {
		p.File, p.Key = "environment", name
		return p
	}
	p.Key = key
	if where, ok := s.values[key]; ok {
		return s.at(where, p)
	}
	return s.onKey(key, p)
}

// join and parent build and take apart full keys.
func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

func parent(key string) string {
	if i := strings.LastIndexAny(key, ".["); i >= 0 {
		return key[:i]
	}
	return ""
}
