package dotnet

import (
	"strings"

	"github.com/postflight/postflight/internal/markup"
)

// folders are those that hold solutions.
type folders map[string]bool

// solutionFolders are what $(SolutionDir) may be.
func solutionFolders(x *tree) folders {
	out := folders{}
	for _, f := range x.others {
		out[parent(f)] = true
	}
	return out
}

// above are the solution folders around a folder, nearest first, as values.
func (f folders) above(dir string) values {
	var out values
	for {
		if f[dir] {
			out = out.add(strings.TrimSuffix("/"+dir, "/") + "/")
		}
		if dir == "" {
			break
		}
		dir = parent(dir)
	}
	if len(out) == 0 {
		return values{unknown}
	}
	return out
}

// buildOrder is what solutions say must be built before a project.
func buildOrder(x *tree, evals map[string]*evaluation) map[string][]string {
	out := map[string][]string{}
	add := func(solution, project, needed string) {
		p, ok := within(parent(solution), project)
		n, ok2 := within(parent(solution), needed)
		p, n = x.find(p), x.find(n)
		if ok && ok2 && evals[p] != nil && evals[n] != nil {
			out[p] = append(out[p], n)
		}
	}
	for _, f := range x.others {
		data, err := x.Read(f)
		if err != nil || len(data) > 16<<20 {
			continue // a solution only orders what project files say
		}
		switch {
		case strings.HasSuffix(f, ".sln"):
			for _, pair := range solutionPairs(string(data)) {
				add(f, pair[0], pair[1])
			}
		case strings.HasSuffix(f, ".slnx"):
			root, err := markup.Parse(data)
			if err == nil {
				slnxPairs(root, func(p, n string) { add(f, p, n) })
			}
		}
	}
	return out
}

// solutionPairs reads the ProjectDependencies of a .sln: project and needed one.
func solutionPairs(text string) [][2]string {
	paths := map[string]string{}
	type pair struct{ project, guid string }
	var found []pair
	current, in := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "Project("):
			// Project("{type}") = "Name", "path", "{guid}"
			f := strings.Split(line, `"`)
			if len(f) >= 8 {
				current = f[5]
				paths[strings.ToUpper(f[7])] = current
			}
		case strings.HasPrefix(line, "ProjectSection(ProjectDependencies)"):
			in = true
		case strings.HasPrefix(line, "EndProjectSection"):
			in = false
		case in:
			guid, _, ok := strings.Cut(line, "=")
			if ok {
				found = append(found, pair{current, strings.ToUpper(strings.TrimSpace(guid))})
			}
		}
	}
	var out [][2]string
	for _, p := range found {
		if to := paths[p.guid]; to != "" {
			out = append(out, [2]string{p.project, to})
		}
	}
	return out
}

// slnxPairs reads the BuildDependency elements of a .slnx.
func slnxPairs(n *markup.Node, add func(project, needed string)) {
	for _, k := range n.Kids {
		if strings.EqualFold(k.Name, "Project") {
			for _, d := range k.Kids {
				if strings.EqualFold(d.Name, "BuildDependency") {
					add(k.Attr("Path"), d.Attr("Project"))
				}
			}
		}
		slnxPairs(k, add)
	}
}
