package dotnet

import (
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/markup"
	"github.com/postflight/postflight/internal/workspace"
)

// tree is the files as MSBuild sees them: rooted at "/", and found in any case,
// as on the systems where most projects are written.
type tree struct {
	workspace.Tree
	files    []string
	folded   map[string]string // lower case to path, of what MSBuild evaluates
	above    map[string]string // folder + "|" + name to the nearest file
	parsed   map[string]*markup.Node
	broken   map[string]string   // path to why it cannot be read
	ends     map[string][]string // end of a path to the files that have it
	direct   map[string]bool     // packages that some project asks for itself, lower case
	projects []string
	others   []string // solutions and locks
}

// projectTypes are the endings of what is built by itself.
var projectTypes = []string{".csproj", ".fsproj", ".vbproj", ".sqlproj", ".vcxproj", ".wixproj", ".esproj", ".dcproj", ".pyproj", ".shproj", ".ilproj"}

func index(t workspace.Tree) *tree {
	x := &tree{Tree: t, files: t.Files(), folded: map[string]string{}, above: map[string]string{}, ends: map[string][]string{}, direct: map[string]bool{}, parsed: map[string]*markup.Node{}, broken: map[string]string{}}
	for _, file := range x.files {
		dot := strings.LastIndexByte(file, '.')
		if dot < 0 || len(file)-dot > 12 {
			continue
		}
		switch ext := strings.ToLower(file[dot:]); {
		case slices.Contains(projectTypes, ext):
			x.projects = append(x.projects, file)
		case ext == ".sln" || ext == ".slnx" || ext == ".slnf":
			x.others = append(x.others, file)
			continue
		case ext == ".props" || ext == ".targets" || ext == ".projitems" || ext == ".rsp" || ext == ".proj" || ext == ".config" || ext == ".tasks":
		case strings.HasSuffix(file, "global.json") || strings.HasSuffix(file, "dotnet-tools.json") || ext == ".editorconfig" || ext == ".globalconfig":
		default:
			continue
		}
		low := strings.ToLower(file)
		if _, ok := x.folded[low]; !ok || file == low {
			x.folded[low] = file
		}
	}
	return x
}

// find returns the path as the tree spells it; "" when there is no such file.
func (x *tree) find(file string) string {
	if file == "" {
		return ""
	}
	if x.Hash(file) != "" {
		return file
	}
	return x.folded[strings.ToLower(file)]
}

// folder tells whether files lie below a folder.
func (x *tree) folder(dir string) bool {
	if dir == "" {
		return len(x.files) > 0
	}
	i, _ := slices.BinarySearch(x.files, dir+"/")
	return i < len(x.files) && strings.HasPrefix(x.files[i], dir+"/")
}

// below are the folders of the projects in folders below another's.
func (x *tree) below(project string) []string {
	dir := parent(project)
	prefix := dir + "/"
	if dir == "" {
		prefix = ""
	}
	i, _ := slices.BinarySearch(x.projects, prefix)
	var out []string
	for ; i < len(x.projects) && strings.HasPrefix(x.projects[i], prefix); i++ {
		if d := parent(x.projects[i]); d != dir && (len(out) == 0 || !under(out[len(out)-1], d)) {
			out = append(out, d)
		}
	}
	return out
}

// nearest looks for a file in a folder and in those above it.
func (x *tree) nearest(dir, name string) string {
	key := dir + "|" + name
	if found, ok := x.above[key]; ok {
		return found
	}
	found := x.find(path.Join(dir, name))
	if found == "" && dir != "" {
		found = x.nearest(parent(dir), name)
	}
	x.above[key] = found
	return found
}

// all returns a file of each folder from dir upwards.
func (x *tree) all(dir, name string) []string {
	var out []string
	for {
		found := x.nearest(dir, name)
		if found == "" {
			return out
		}
		out = append(out, found)
		if dir = parent(found); dir == "" {
			return out
		}
		dir = parent(dir)
	}
}

// parent is the folder of a path; "" is the root.
func parent(file string) string {
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		return file[:i]
	}
	return ""
}

// load parses a file once; nil when it cannot be read, and broken says why.
func (x *tree) load(file string) *markup.Node {
	if n, ok := x.parsed[file]; ok {
		return n
	}
	var n *markup.Node
	data, err := x.Read(file)
	if err == nil {
		n, err = markup.Parse(data)
	}
	if err != nil {
		x.broken[file] = err.Error()
	}
	x.parsed[file] = n
	return n
}

// within resolves a path of a project file against a folder of the tree. ok is
// false when it leaves the repository, or is no path that can be known.
func within(dir, name string) (file string, ok bool) {
	name = strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")
	if name == "" || strings.Contains(name, unknown) || strings.Contains(name, "://") || len(name) > 1 && name[1] == ':' {
		return "", false
	}
	if strings.HasPrefix(name, "/") {
		dir = ""
	}
	var parts []string
	if dir != "" {
		parts = strings.Split(dir, "/")
	}
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			if len(parts) == 0 {
				return "", false
			}
			parts = parts[:len(parts)-1]
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/"), true
}

// under tells whether a file lies in a folder.
func under(dir, file string) bool {
	return dir == "" || file == dir || strings.HasPrefix(file, dir+"/")
}

// literal is a pattern that matches one path and no other.
func literal(file string) string {
	if !strings.ContainsAny(file, `*?[]{}\`) {
		return file
	}
	var b strings.Builder
	for _, r := range file {
		if strings.ContainsRune(`*?[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// glob is a pattern for an item of a project file, in which only * and ? mean
// something.
func glob(file string) string {
	var b strings.Builder
	for _, r := range file {
		if strings.ContainsRune(`[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// matches tells whether a glob of a project file matches a path: ** is any
// folders, * and ? stay within one.
func matches(pattern, file string) bool {
	return segments(strings.Split(strings.ToLower(pattern), "/"), strings.Split(strings.ToLower(file), "/"))
}

func segments(pattern, file []string) bool {
	// row[j] tells whether the patterns so far match the first j segments.
	row := make([]bool, len(file)+1)
	row[0] = true
	for _, p := range pattern {
		next := make([]bool, len(file)+1)
		if p == "**" {
			next[0] = row[0]
			for j := range file {
				next[j+1] = row[j+1] || next[j]
			}
		} else {
			for j := range file {
				next[j+1] = row[j] && segment(p, file[j])
			}
		}
		row = next
	}
	return row[len(file)]
}

func segment(p, s string) bool {
	star, from := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && (p[i] == '?' || p[i] == s[j]) && p[i] != '*':
			i, j = i+1, j+1
		case i < len(p) && p[i] == '*':
			star, from, i = i, j, i+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
