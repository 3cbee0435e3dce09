package guard

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
)

// script returns the command line behind "npm test" and its kin, from the
// package.json in dir; nil when there is none, or when it is more than one plain
// command.
func script(dir string, argv []string) []string {
	name := scriptName(argv)
	if name == "" {
		return nil
	}
	data, err := readBounded(filepath.Join(dir, "package.json"), 1<<20)
	if err != nil {
		return nil
	}
	var p struct {
		Scripts map[string]string `json:"scripts"`
	}
	if json.Unmarshal(data, &p) != nil {
		return nil
	}
	line := p.Scripts[name]
	if line == "" || strings.ContainsAny(line, "&|;<>`$()\n") {
		return nil
	}
	words := strings.Fields(line)
	if i := slices.Index(argv, "--"); i >= 0 {
		words = append(words, argv[i+1:]...)
	}
	return words
}

// scriptName is the script that a package manager is asked to run.
func scriptName(argv []string) string {
	if len(argv) < 2 || !slices.Contains([]string{"npm", "pnpm", "yarn", "bun"}, filepath.Base(argv[0])) {
		return ""
	}
	rest := slices.DeleteFunc(slices.Clone(argv[1:]), func(a string) bool { return strings.HasPrefix(a, "-") })
	switch {
	case len(rest) == 0 || slices.ContainsFunc(argv, func(a string) bool {
		return a == "-w" || strings.HasPrefix(a, "--workspace") || strings.HasPrefix(a, "--filter") || a == "-r" || a == "--prefix" || a == "-C"
	}):
		return "" // another package's script
	case rest[0] == "t", rest[0] == "tst":
		return "test"
	case (rest[0] == "run" || rest[0] == "run-script") && len(rest) > 1:
		return rest[1]
	case rest[0] == "test" || filepath.Base(argv[0]) != "npm":
		return rest[0]
	}
	return ""
}
