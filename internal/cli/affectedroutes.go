package cli

import (
	"os"
	"path/filepath"

	"github.com/postflight/postflight/internal/affected"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/route"
	"github.com/postflight/postflight/internal/survey"
)

// uncovered are the changed routes that no declared journey visits. known is
// false when no journey is declared, or one cannot be read: then nothing is
// claimed.
func uncovered(seen *survey.Seen, config string, files []string) (patterns []string, known bool) {
	if len(files) == 0 {
		return nil, false
	}
	var addresses []string
	for _, f := range files {
		at, err := journeyAddresses(filepath.Join(filepath.Dir(config), f))
		if err != nil {
			return nil, false
		}
		addresses = append(addresses, at...)
	}
	for _, r := range route.Uncovered(route.Of(present(seen.Changes), seen.HeadTree.Read), route.Visited(addresses)) {
		patterns = append(patterns, r.Pattern)
	}
	return unique(patterns), true
}

// present are the files that are there after the change.
func present(list []affected.Change) []string {
	var out []string
	for _, c := range list {
		if !c.Removed {
			out = append(out, c.Path)
		}
	}
	return out
}

// journeyAddresses are the addresses that a journey goes to or expects.
func journeyAddresses(file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	j, err := journey.Load(filepath.Base(file), data, journey.LoadOptions{Dir: filepath.Dir(file)})
	if err != nil {
		return nil, err
	}
	var out []string
	add := func(address string) {
		if address != "" {
			out = append(out, address)
		}
	}
	for _, s := range j.Steps {
		add(s.URL)
		add(s.Expect.URL)
		for _, a := range s.Asserted {
			add(a.URL)
		}
		if s.API != nil {
			add(s.API.URL)
		}
	}
	return out, nil
}

// unique returns the texts once each, in their order.
func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
