package scan

import (
	"path"
	"regexp"
	"strings"
)

var shebang = regexp.MustCompile(`^#!\s*\S*?(?:/env\s+(?:-S\s+)?)?(?:\S*/)?(bash|sh|dash|ksh|ash|bats|zsh)\b(.*)`)

// script reads a shell script; false when the file is none.
func (s *scanner) script(src *source) bool {
	first := src.line(1)
	m := shebang.FindStringSubmatch(first)
	ext := path.Ext(src.path)
	if m == nil && (ext == "" || strings.HasPrefix(first, "#!")) || ext == ".bats" || m != nil && m[1] == "bats" {
		return false
	}
	st, posix, name := state{}, false, "the script"
	if m != nil {
		st = flagged(strings.Fields(m[2]))
		posix = m[1] == "sh" || m[1] == "dash" || m[1] == "ash"
		if m[1] == "zsh" {
			return false
		}
	} else {
		// Without a shebang the file is read by another, whose settings hold.
		st.unknown = !strings.Contains(src.text, "set -")
	}
	if s.sourcesSettings(src) {
		st.unknown = true
	}
	out := &outcome{}
	fragment{src: src, text: src.text, posix: posix, state: st, where: inScript, shell: name, runs: s.called[src.path], out: out}.analyse()
	if s.called[src.path] {
		s.note(out)
	}
	return true
}

// sourcesSettings is a quick look for a script that reads another: what the
// other sets is not known here. walker.set does the same in order; this serves
// functions that stand before.
func (s *scanner) sourcesSettings(src *source) bool {
	return strings.HasPrefix(src.text, ". ") || strings.Contains(src.text, "\n. ") && !strings.Contains(src.text, "pipefail")
}

// docker reads the RUN instructions of a Dockerfile.
func (s *scanner) docker(src *source) {
	shell, st, posix := "`/bin/sh -c`", state{}, true
	for n := 1; n <= len(src.starts); n++ {
		line := strings.TrimSpace(src.line(n))
		word, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(word) {
		case "FROM":
			shell, st, posix = "`/bin/sh -c`", state{}, true
		case "SHELL":
			fields := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(`[]", `, r) })
			if len(fields) > 1 {
				st, posix, shell = flagged(fields[1:]), !strings.Contains(fields[0], "bash"), "`"+clip(strings.Join(fields, " "))+"`"
				st.unknown = !strings.HasSuffix(fields[0], "sh") || strings.Contains(fields[0], "powershell") || strings.Contains(fields[0], "pwsh")
			}
		case "RUN":
			from := src.starts[n-1] + strings.Index(src.line(n), word) + len(word)
			body, last := instruction(src, n, from)
			n = last
			if m := document.FindStringSubmatch(strings.TrimSpace(body)); m != nil {
				body, from, n = hereDocument(src, n, m[1])
			}
			if strings.HasPrefix(strings.TrimSpace(body), "[") || strings.Contains(body, "<<") || st.unknown || strings.HasPrefix(body, "#!") {
				continue
			}
			fragment{src: src, text: body, start: from, posix: posix, state: st, where: inImage, shell: shell}.analyse()
		}
	}
}

var document = regexp.MustCompile(`^<<-?["']?(\w+)["']?$`)

// hereDocument is the text after a line up to its end mark.
func hereDocument(src *source, n int, mark string) (text string, from, last int) {
	from = src.starts[min(n, len(src.starts)-1)]
	for last = n + 1; last <= len(src.starts); last++ {
		if strings.TrimSpace(src.line(last)) == mark {
			return src.text[from:src.starts[last-1]], from, last
		}
	}
	return "", from, n
}

// instruction joins an instruction's lines; comments and flags become blanks, so
// that offsets stay.
func instruction(src *source, n, from int) (text string, last int) {
	var b strings.Builder
	for ; n <= len(src.starts); n++ {
		line := src.line(n)
		if b.Len() == 0 {
			line = src.text[from : src.starts[n-1]+len(line)]
			for {
				trimmed := strings.TrimLeft(line, " \t")
				if !strings.HasPrefix(trimmed, "--") {
					break
				}
				at := strings.Index(line, "--")
				end := strings.IndexAny(line[at:], " \t")
				if end < 0 {
					break
				}
				line = strings.Repeat(" ", at+end) + line[at+end:]
			}
		} else if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") {
			b.WriteString(strings.Repeat(" ", len(line)) + "\\\n")
			continue
		}
		trimmed := strings.TrimRight(line, " \t")
		if blanks := len(line) - len(trimmed); blanks > 0 && strings.HasSuffix(trimmed, "\\") {
			line = trimmed[:len(trimmed)-1] + strings.Repeat(" ", blanks) + "\\" // blanks behind it do not count for docker
		}
		b.WriteString(line)
		if !strings.HasSuffix(trimmed, "\\") {
			return b.String(), n
		}
		b.WriteByte('\n')
	}
	return b.String(), n
}
