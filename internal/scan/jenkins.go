package scan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/postflight/postflight/internal/rule"
)

var (
	shCall     = regexp.MustCompile(`(?m)(^|[^\w.$'"])sh\s*(\(\s*)?(?:[\w]+\s*:\s*[^,'"()]+,\s*)*(?:label\s*:\s*(?:'[^'\n]*'|"[^"\n]*")\s*,\s*)?(script\s*:\s*)?('''|"""|'|")`)
	statusTrue = regexp.MustCompile(`returnStatus\s*:\s*true`)
	catchGreen = regexp.MustCompile(`catchError\s*\(([^)]*buildResult\s*:\s*(?:'SUCCESS'|"SUCCESS"|null)[^)]*)\)`)
	catchBlock = regexp.MustCompile(`\}\s*catch\s*\(([^)]*)\)\s*\{`)
)

// jenkins reads a Jenkinsfile: the texts given to `sh`, which runs them with
// `sh -xe`, and what is done with their status.
func (s *scanner) jenkins(src *source) {
	masked := withoutComments(src.text)
	for _, m := range shCall.FindAllStringSubmatchIndex(masked, -1) {
		quote := masked[m[8]:m[9]]
		from := m[9]
		to := closing(src.text, from, quote)
		if to < 0 {
			src.skip(from, "this text has no end")
			return
		}
		s.shStep(src, masked, m[2]+(m[3]-m[2]), from, to)
	}
	for _, m := range catchGreen.FindAllStringIndex(masked, 500) {
		if checks := s.jenkinsChecks(src, masked, m[1]); len(checks) > 0 {
			src.report(rule.ContinueOnError, rule.Warn, m[0], fmt.Sprintf("`catchError` keeps the build green although `%s` fails", checks[0]))
		}
	}
	s.catches(src, masked)
}

// shStep judges one `sh`.
func (s *scanner) shStep(src *source, masked string, at, from, to int) {
	body := src.text[from:to]
	out := &outcome{}
	line, _ := src.place(at)
	st, posix, name := state{errexit: true}, true, "Jenkins' `sh -xe`"
	trimmed := strings.TrimLeft(body, " \t\n\\")
	if m := shebang.FindStringSubmatch(firstOf(trimmed)); m != nil {
		st, posix, name = flagged(strings.Fields(m[2])), m[1] == "sh", "the step's `"+clip(strings.TrimPrefix(firstOf(trimmed), "#!"))+"`"
	} else if strings.HasPrefix(trimmed, "#!") {
		return
	}
	fragment{src: src, text: groovy(body), raw: body, start: from, posix: posix, state: st, where: inStep, shell: name, allow: []int{line}, out: out}.analyse()
	s.note(out)
	end := min(len(masked), to+200)
	stmt := masked[at:end]
	if i := strings.IndexByte(masked[to:end], '\n'); i >= 0 {
		stmt = masked[at : to+i]
	}
	if len(out.checks) > 0 && statusTrue.MatchString(stmt) {
		begin := strings.LastIndexByte(masked[:at], '\n') + 1
		if strings.TrimSpace(masked[begin:at]) == "" {
			src.report(rule.SwallowedStatus, rule.Warn, at, fmt.Sprintf("`returnStatus: true`, and nobody looks at the status of `%s`", out.checks[0]))
		}
	}
}

func firstOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// groovy takes the escapes of a Groovy text out, keeping its length.
func groovy(text string) string {
	b := []byte(text)
	for i := 0; i+1 < len(b); i++ {
		if b[i] == '\\' && (b[i+1] == '$' || b[i+1] == '"' || b[i+1] == '\\') {
			b[i] = ' '
			if i > 0 && b[i-1] != ' ' && b[i-1] != '\n' && b[i+1] == '$' {
				b[i] = 'X'
			}
			i++
		}
	}
	return string(b)
}

// closing finds the end of a Groovy text.
func closing(text string, from int, quote string) int {
	for i := from; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], quote):
			return i
		case len(quote) == 1 && text[i] == '\n':
			return -1
		}
	}
	return -1
}

// jenkinsChecks are the checks run by `sh` within the block that begins after an offset.
func (s *scanner) jenkinsChecks(src *source, masked string, from int) []string {
	open := strings.IndexByte(masked[from:], '{')
	if open < 0 || strings.TrimSpace(masked[from:from+open]) != "" {
		return nil
	}
	end := blockEnd(src.text, from+open)
	return s.checksWithin(src, masked, from+open, end)
}

func (s *scanner) checksWithin(src *source, masked string, from, to int) []string {
	var out []string
	for _, m := range shCall.FindAllStringSubmatchIndex(masked[from:to], -1) {
		begin := from + m[9]
		end := closing(src.text, begin, masked[from+m[8]:from+m[9]])
		if end > begin {
			out = append(out, checksIn(groovy(src.text[begin:end]))...)
		}
	}
	return out
}

// blockEnd finds the bracket that closes the one at an offset.
func blockEnd(text string, at int) int {
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// catches judges `try { sh 'check' } catch (e) { echo … }`.
func (s *scanner) catches(src *source, masked string) {
	for _, m := range catchBlock.FindAllStringIndex(masked, 500) {
		body := masked[m[1]:blockEnd(masked, m[1]-1)]
		done := false
		for _, word := range []string{"throw", "error", "unstable", "currentBuild", "result", "FAILURE", "failed", "Failed", "exit"} {
			done = done || strings.Contains(strings.ReplaceAll(body, "echo \"Error", ""), word)
		}
		try := strings.LastIndex(masked[:m[0]], "try")
		if done || try < 0 || blockEnd(masked, try) != m[0] {
			continue
		}
		if checks := s.checksWithin(src, masked, try, m[0]); len(checks) > 0 {
			src.report(rule.SwallowedStatus, rule.Warn, m[0], fmt.Sprintf("this catch swallows a failure of `%s`", checks[0]))
		}
	}
}

// withoutComments blanks // and /* */ comments, but not within quotes.
func withoutComments(text string) string {
	b := []byte(text)
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\'' || b[i] == '"':
			quote := string(b[i])
			if strings.HasPrefix(text[i:], quote+quote+quote) {
				quote += quote + quote
			}
			end := closing(text, i+len(quote), quote)
			if end < 0 && len(quote) == 3 {
				return string(b)
			}
			if end < 0 {
				continue
			}
			i = end + len(quote) - 1
		case strings.HasPrefix(text[i:], "//"):
			for ; i < len(b) && b[i] != '\n'; i++ {
				b[i] = ' '
			}
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i:], "*/")
			if end < 0 {
				end = len(b) - i - 2
			}
			for j := i; j < i+end+2 && j < len(b); j++ {
				if b[j] != '\n' {
					b[j] = ' '
				}
			}
			i += end + 1
		}
	}
	return string(b)
}
