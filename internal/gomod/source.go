package gomod

import (
	"bytes"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// source is what one Go file says of itself.
type source struct {
	name    string
	imports []string
	embeds  []string
	refs    []string // files and folders that cgo lines name, relative to the folder
	never   bool     // no build takes it
	tagged  bool     // only a build with tags of its own takes it
	cgo     bool
	broken  string
}

// maxLinks is how many symbolic links are followed.
const maxLinks = 5

// source reads one file, through symbolic links; via is where it really lies.
func (w *reading) source(p string) (s *source, via string) {
	for range maxLinks {
		hash := w.tree.Hash(p)
		w.reader.mu.Lock()
		s := w.reader.sources[hash]
		w.reader.mu.Unlock()
		if s != nil && hash != "" {
			return s, p
		}
		data, err := w.tree.Read(p)
		if err != nil {
			return &source{broken: firstLine(err)}, p
		}
		if to, ok := w.link(p, data); ok {
			p = to
			continue
		}
		s = parse(data)
		if hash != "" {
			w.reader.mu.Lock()
			w.reader.sources[hash] = s
			w.reader.mu.Unlock()
		}
		return s, p
	}
	return &source{broken: "symbolic links lead to one another"}, p
}

// link says whether a file is a symbolic link: its content is another path.
func (w *reading) link(p string, data []byte) (string, bool) {
	if len(data) == 0 || len(data) > 4096 || bytes.ContainsAny(data, "\n\x00 ") {
		return "", false
	}
	to, ok := join(parent(p), string(data))
	return to, ok && w.has(to)
}

// parse reads the head of a file.
func parse(data []byte) *source {
	s := &source{}
	s.never, s.tagged = constrained(data)
	if s.never {
		return s
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", data, parser.ImportsOnly|parser.SkipObjectResolution)
	if file != nil && file.Name != nil {
		s.name = file.Name.Name
	}
	if err != nil {
		s.broken = firstLine(err)
	}
	if file == nil {
		return s
	}
	embeds := false
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		switch p {
		case "C":
			s.cgo = true
		case "embed":
			embeds = true
		}
		s.imports = append(s.imports, p)
	}
	if embeds {
		s.embeds = embedded(data)
	}
	if s.cgo {
		s.refs = native(data)
	}
	return s
}

// constrained reads the build constraint before the package clause.
func constrained(data []byte) (never, tagged bool) {
	head := data[:min(len(data), 64<<10)]
	comment := false
	var old []constraint.Expr
	for line := range bytes.Lines(head) {
		text := strings.TrimSpace(string(line))
		switch {
		case comment:
			comment = !strings.Contains(text, "*/")
			continue
		case strings.HasPrefix(text, "/*"):
			comment = !strings.Contains(text, "*/")
			continue
		case text != "" && !strings.HasPrefix(text, "//"):
			return judge(old)
		case constraint.IsGoBuild(text):
			x, err := constraint.Parse(text)
			if err != nil {
				return false, false
			}
			return judge([]constraint.Expr{x})
		case constraint.IsPlusBuild(text):
			if x, err := constraint.Parse(text); err == nil {
				old = append(old, x)
			}
		}
	}
	return judge(old)
}

// judge evaluates constraints that must all hold.
func judge(all []constraint.Expr) (never, tagged bool) {
	for _, x := range all {
		if can, _ := possible(x, free); !can {
			never = true
		}
		if can, _ := possible(x, plain); !can {
			tagged = true
		}
	}
	return never, tagged
}

// possible says whether an expression can be true, and whether it can be false.
func possible(x constraint.Expr, tag func(string) (bool, bool)) (yes, no bool) {
	switch x := x.(type) {
	case *constraint.NotExpr:
		yes, no = possible(x.X, tag)
		return no, yes
	case *constraint.AndExpr:
		y1, n1 := possible(x.X, tag)
		y2, n2 := possible(x.Y, tag)
		return y1 && y2, n1 || n2
	case *constraint.OrExpr:
		y1, n1 := possible(x.X, tag)
		y2, n2 := possible(x.Y, tag)
		return y1 || y2, n1 && n2
	case *constraint.TagExpr:
		return tag(x.Tag)
	}
	return true, true
}

// free: every tag may be set, but for those that by convention never are.
func free(tag string) (yes, no bool) {
	switch tag {
	case "ignore", "ignored", "tools", "tool", "never", "exclude", "wireinject", "mage":
		return false, true
	}
	return true, true
}

// plain: tags that the go command sets by itself.
func plain(tag string) (yes, no bool) {
	switch tag {
	case "cgo", "gc", "gccgo", "race", "msan", "asan", "unix":
		return true, true
	case "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows":
		return true, true
	case "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm":
		return true, true
	}
	return strings.HasPrefix(tag, "go1.") || strings.HasPrefix(tag, "goexperiment."), true
}

// embedded finds the patterns of //go:embed.
func embedded(data []byte) []string {
	var out []string
	for line := range bytes.Lines(data) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "//go:embed")
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
			var word string
			if rest[0] == '"' || rest[0] == '`' {
				quoted, err := strconv.QuotedPrefix(rest)
				if err != nil {
					break
				}
				word, _ = strconv.Unquote(quoted)
				rest = rest[len(quoted):]
			} else if i := strings.IndexAny(rest, " \t"); i >= 0 {
				word, rest = rest[:i], rest[i:]
			} else {
				word, rest = rest, ""
			}
			out = append(out, word)
		}
	}
	return out
}

// native finds what the lines above import "C" name outside of the folder.
func native(data []byte) []string {
	var out []string
	for line := range bytes.Lines(data) {
		text := string(line)
		for rest := text; ; {
			_, after, ok := strings.Cut(rest, "${SRCDIR}/")
			if !ok {
				break
			}
			end := strings.IndexAny(after, " \t\r\n\"'*)")
			if end < 0 {
				end = len(after)
			}
			out = append(out, path.Clean(after[:end]))
			rest = after[end:]
		}
		rest := strings.TrimSpace(strings.TrimLeft(text, "/ \t"))
		if name, ok := strings.CutPrefix(rest, "#include \""); ok {
			if name, _, ok := strings.Cut(name, "\""); ok {
				out = append(out, path.Clean(name))
			}
		}
	}
	return out
}
