package plain

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

// maxDockerfile is how much of a Dockerfile is read.
const maxDockerfile = 1 << 20

// source is what an instruction takes from a context.
type source struct {
	path string
	from string // a named context or stage; "" is the context that is built in
	step int    // the stage that takes it, from 1
}

// parsed is a Dockerfile.
type parsed struct {
	sources []source
	stages  []string // lower case
	images  []string // what stages begin with
	named   []string // packages that its commands build by name
	text    string
}

// builds are the commands that build one package of a workspace by its name.
var builds = regexp.MustCompile(`(?:--filter|--scope|-F)[= ]["']?([@\w./^{}*-]+)|\bturbo\s+prune\s+([@\w./-]+)|\byarn\s+workspace\s+([@\w./-]+)|(?:--workspace|\s-w)[= ]([@\w./-]+)|\bnx\s+(?:build|run)\s+([@\w./-]+)|\bcargo\s[^&|;]*?(?:-p|--package|--bin)[= ]([\w-]+)|\s-pl[= ]:?([\w./-]+)`)

// names notes the packages that a command builds.
func (p *parsed) names(line string) {
	for _, m := range builds.FindAllStringSubmatch(line, 50) {
		name := strings.Trim(strings.Join(m[1:], ""), "^.{}/")
		if name != "" && !strings.HasPrefix(name, "-") && !strings.Contains(name, "*") {
			p.named = append(p.named, name)
		}
	}
}

// parse reads a Dockerfile.
func parse(data []byte) (parsed, error) {
	if len(data) > maxDockerfile {
		return parsed{}, errors.New("a Dockerfile larger than 1 MiB")
	}
	p := parsed{text: string(data)}
	args := map[string]string{}
	for _, line := range instructions(p.text) {
		word, rest, _ := strings.Cut(line, " ")
		word, rest = strings.ToUpper(word), strings.TrimSpace(rest)
		if word == "ONBUILD" {
			word, rest, _ = strings.Cut(rest, " ")
			word = strings.ToUpper(word)
		}
		switch word {
		case "FROM":
			f := strings.Fields(expand(rest, args))
			for len(f) > 0 && strings.HasPrefix(f[0], "--") {
				f = f[1:]
			}
			if len(f) > 0 {
				p.images = append(p.images, f[0])
			}
			if len(f) >= 3 && strings.EqualFold(f[1], "as") {
				p.stages = append(p.stages, strings.ToLower(f[2]))
			}
		case "ARG", "ENV":
			for _, pair := range strings.Fields(rest) {
				if k, v, ok := strings.Cut(pair, "="); ok {
					args[k] = strings.Trim(expand(v, args), `"'`)
				} else if _, said := args[k]; !said {
					args[k] = "*" // given when it is built
				}
			}
		case "COPY", "ADD":
			p.copies(expand(rest, args), word == "ADD")
		case "RUN":
			p.mounts(expand(rest, args))
			p.names(rest)
		}
	}
	return p, nil
}

// instructions joins continued lines, and leaves out comments and the bodies of
// here-documents.
func instructions(text string) []string {
	escape := "\\"
	var out []string
	var line strings.Builder
	var ends []string
	first := true
	for raw := range strings.Lines(text) {
		raw = strings.TrimRight(raw, "\r\n")
		trimmed := strings.TrimSpace(raw)
		if len(ends) > 0 {
			if strings.TrimLeft(raw, "\t") == ends[0] {
				ends = ends[1:]
			}
			continue
		}
		if strings.HasPrefix(trimmed, "#") {
			if key, value, ok := strings.Cut(strings.TrimSpace(trimmed[1:]), "="); ok && first && strings.EqualFold(strings.TrimSpace(key), "escape") && strings.TrimSpace(value) == "`" {
				escape = "`"
			}
			continue
		}
		if trimmed == "" {
			continue
		}
		first = false
		if head, ok := strings.CutSuffix(strings.TrimRight(raw, " \t"), escape); ok {
			line.WriteString(head + " ")
			continue
		}
		line.WriteString(raw)
		whole := strings.TrimSpace(line.String())
		line.Reset()
		if whole != "" {
			out = append(out, strings.Join(strings.Fields(whole), " "))
			ends = heredocs(whole)
		}
	}
	if rest := strings.TrimSpace(line.String()); rest != "" {
		out = append(out, strings.Join(strings.Fields(rest), " "))
	}
	return out
}

// heredocs are the ends of the documents that an instruction begins.
func heredocs(line string) []string {
	word, _, _ := strings.Cut(strings.ToUpper(line), " ")
	if word != "RUN" && word != "COPY" && word != "ADD" {
		return nil
	}
	var out []string
	for _, f := range strings.Fields(line) {
		name, ok := strings.CutPrefix(f, "<<")
		name = strings.Trim(strings.TrimPrefix(name, "-"), `"'`)
		if ok && name != "" && strings.IndexFunc(name, func(r rune) bool { return !(r == '_' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') }) < 0 {
			out = append(out, name)
		}
	}
	return out
}

// expand replaces variables; what is not known may be anything.
func expand(text string, args map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '$' || i+1 == len(text) || b.Len() > 1<<16 {
			b.WriteByte(text[i])
			i++
			continue
		}
		name, end := "", i+1
		if text[end] == '{' {
			close := strings.IndexByte(text[end:], '}')
			if close < 0 {
				b.WriteByte('*')
				return b.String()
			}
			name, end = text[end+1:end+close], end+close+1
			name, _, _ = strings.Cut(name, ":")
		} else {
			for end < len(text) && (text[end] == '_' || text[end] >= '0' && text[end] <= '9' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
				end++
			}
			name = text[i+1 : end]
		}
		if value, ok := args[name]; ok && value != "" {
			b.WriteString(value)
		} else {
			b.WriteByte('*')
		}
		i = max(end, i+1)
	}
	return b.String()
}

// copies reads what COPY or ADD takes.
func (p *parsed) copies(rest string, add bool) {
	from := ""
	for strings.HasPrefix(rest, "--") {
		var flag string
		flag, rest, _ = strings.Cut(rest, " ")
		if v, ok := strings.CutPrefix(flag, "--from="); ok {
			from = strings.Trim(v, `"'`)
		}
		rest = strings.TrimSpace(rest)
	}
	words := strings.Fields(rest)
	if strings.HasPrefix(rest, "[") {
		var list []string
		if json.Unmarshal([]byte(rest), &list) == nil {
			words = list
		}
	}
	for i, w := range words {
		switch {
		case i == len(words)-1: // where to
		case strings.HasPrefix(w, "<<"):
		case add && (strings.Contains(w, "://") || strings.HasPrefix(w, "git@")):
		default:
			p.sources = append(p.sources, source{strings.Trim(w, `"'`), from, len(p.images)})
		}
	}
}

// mounts reads the bind mounts of RUN.
func (p *parsed) mounts(rest string) {
	for strings.HasPrefix(rest, "--") {
		var flag string
		flag, rest, _ = strings.Cut(rest, " ")
		rest = strings.TrimSpace(rest)
		spec, ok := strings.CutPrefix(flag, "--mount=")
		if !ok {
			continue
		}
		s, kind := source{path: ".", step: len(p.images)}, "bind"
		for part := range strings.SplitSeq(strings.Trim(spec, `"'`), ",") {
			k, v, _ := strings.Cut(part, "=")
			switch k {
			case "type":
				kind = v
			case "from":
				s.from = v
			case "source", "src":
				s.path = v
			}
		}
		if kind == "bind" {
			p.sources = append(p.sources, s)
		}
	}
}
