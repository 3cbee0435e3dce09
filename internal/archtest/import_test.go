package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// floors: every room has a floor, every floor has its room, imports go down.
func floors(h *house, plan map[string]room) []breach {
	var out []breach
	seen := map[string]bool{}
	for _, p := range h.packs {
		seen[p.path] = true
		own, ok := plan[p.path]
		if !ok {
			out = append(out, breach{"floor", p.path, "the package has no floor: give it a line in the plan"})
			continue
		}
		for _, imported := range h.imports(p.source()) {
			other, ok := plan[imported]
			if ok && other.floor >= own.floor {
				out = append(out, breach{"floor", p.path + " -> " + imported, fmt.Sprintf(
					"floor %d imports floor %d; only lower floors may be imported", own.floor, other.floor)})
			}
		}
	}
	for path := range plan {
		if !seen[path] {
			out = append(out, breach{"floor", path, "the plan names a package that does not exist"})
		}
	}
	return out
}

// doors never import each other, except through a doorway; nothing below the top
// imports a door, and only the app imports support.
func doors(h *house, plan map[string]room) []breach {
	var out []breach
	through := doorways()
	for _, p := range h.packs {
		own := plan[p.path]
		for _, imported := range h.imports(p.source()) {
			other, ok := plan[imported]
			if !ok {
				continue
			}
			subject := p.path + " -> " + imported
			switch {
			case other.kind == door && own.kind == door && !slices.Contains(through[p.path], imported):
				out = append(out, breach{"door", subject, "a door imports another door"})
			case other.kind == door && own.kind != door && own.kind != top && own.kind != support:
				out = append(out, breach{"door", subject, "only the top and test support may import a door"})
			case other.kind == support && own.kind != top && own.kind != support:
				out = append(out, breach{"door", subject, "test support is for tests and for the demo that the app starts"})
			case own.kind == support && other.kind == top:
				out = append(out, breach{"door", subject, "test support imports the top"})
			}
		}
	}
	return out
}

// readers: the configuration is read at the top and handed down as values.
func readers(h *house, _ map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		if slices.Contains(h.imports(p.source()), "internal/config") && !slices.Contains(configReaders(), p.path) {
			out = append(out, breach{"config", p.path, "only " + strings.Join(configReaders(), " and ") + " import the configuration"})
		}
	}
	return out
}

// popular: no room is imported by more than half of the others, unless it needs
// the standard library only: what everybody imports must not move.
func popular(h *house, plan map[string]room) []breach {
	importers := map[string]int{}
	plain := map[string]bool{}
	for _, p := range h.packs {
		plain[p.path] = true
		for _, imported := range h.imports(p.source()) {
			importers[imported]++
			plain[p.path] = plain[p.path] && h.standard(imported)
		}
	}
	var out []breach
	for _, p := range h.packs {
		if n, others := importers[p.path], len(h.packs)-1; 2*n > others && !plain[p.path] && others > 2 {
			out = append(out, breach{"popular", p.path, fmt.Sprintf("%d of %d other packages import it, and it imports more than the standard library", n, others)})
		}
	}
	return out
}

// density: of all imports that could be, at most a quarter are. The app, which
// wires everything, counts like any other room.
func density(h *house, _ map[string]room) []breach {
	edges, n := 0, len(h.packs)
	for _, p := range h.packs {
		for _, imported := range h.imports(p.source()) {
			if h.rooms[imported] {
				edges++
			}
		}
	}
	if possible := n * (n - 1); n > 4 && 4*edges > possible {
		return []breach{{"density", "module", fmt.Sprintf("%d of %d possible imports", edges, possible)}}
	}
	return nil
}

// pure: a stage knows neither database, network, disk, log, clock nor chance,
// and starts nothing; so does what every floor speaks of.
func pure(h *house, plan map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		k, ok := plan[p.path]
		if !ok || k.kind != stage && k.kind != base {
			continue
		}
		for _, imported := range h.imports(p.source()) {
			if k.kind == base && parses(imported) {
				continue
			}
			if !h.rooms[imported] && (!h.standard(imported) || impure(imported, k.kind)) {
				out = append(out, breach{"pure", p.path + " -> " + imported, "a stage gets values and returns values"})
			}
		}
		for _, f := range p.source() {
			h.calls(f, "time", func(name string, n nodeAt) {
				if slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, name) {
					out = append(out, breach{"pure", p.path + " time." + name, h.at(n) + ": now is an argument"})
				}
			})
		}
	}
	return out
}

// parses says whether a library turns bytes into values and does nothing else: a
// base may read other people's formats with it.
func parses(path string) bool {
	for _, known := range []string{
		"github.com/bmatcuk/doublestar/v4", "github.com/goccy/go-yaml", "github.com/pelletier/go-toml/v2", "golang.org/x/mod", "go.yaml.in/yaml/v4",
	} {
		if path == known || strings.HasPrefix(path, known+"/") {
			return true
		}
	}
	return false
}

// impure says whether a path of the standard library is closed to a room. Keys and tokens of the
// base are drawn from crypto/rand; a stage draws nothing.
func impure(path string, k kind) bool {
	if k == stage && path == "crypto/rand" {
		return true
	}
	for _, bad := range []string{"database", "net/http", "net/smtp", "os", "log", "syscall", "math/rand", "testing", "unsafe", "embed", "io/fs", "path/filepath"} {
		if path == bad || strings.HasPrefix(path, bad+"/") {
			return true
		}
	}
	return path == "net"
}
