package rule

import (
	"regexp"
	"slices"
	"strings"
)

// Catalogue returns every rule, G01 to G42 and H01 to H08, in that order. The
// caller may change what it gets.
func Catalogue() []Rule {
	out := make([]Rule, 0, len(steps)+len(commands)+len(runners)+len(pipelines)+len(hangs))
	for _, part := range [][]Rule{steps, commands, runners, pipelines, hangs} {
		for _, r := range part {
			r.Layers = slices.Clone(r.Layers)
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Rule) int { return strings.Compare(a.Number, b.Number) })
	return out
}

// Find returns the rule of an id or a number, in any case: "pipe-status", "G01",
// "g1".
func Find(name string) (Rule, bool) {
	id, ok := resolve(name)
	if !ok {
		return Rule{}, false
	}
	for _, r := range Catalogue() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

var number = regexp.MustCompile(`^([GH])0*([1-9][0-9]?)$`)

// resolve turns what a person wrote into an id.
func resolve(name string) (ID, bool) {
	name = strings.TrimSpace(name)
	key := strings.ToUpper(name)
	if m := number.FindStringSubmatch(key); m != nil {
		key = m[1] + strings.Repeat("0", 2-len(m[2])) + m[2]
	}
	for _, part := range [][]Rule{steps, commands, runners, pipelines, hangs} {
		for _, r := range part {
			if r.Number == key || strings.EqualFold(string(r.ID), name) {
				return r.ID, true
			}
		}
	}
	return "", false
}

// Nearest returns the ids that somebody may have meant by a name that is none,
// the likeliest first, three at most; none when nothing is near.
func Nearest(name string) []ID {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) > 64 {
		return nil
	}
	type guess struct {
		id   ID
		away int
	}
	var guesses []guess
	for _, r := range Catalogue() {
		id := string(r.ID)
		away := min(distance(name, id), distance(name, strings.ToLower(r.Number)))
		if len(name) >= 4 && strings.Contains(id, name) {
			away = 1
		}
		if away <= max(1, len(name)/3) {
			guesses = append(guesses, guess{r.ID, away})
		}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return a.away - b.away })
	var out []ID
	for _, g := range guesses[:min(3, len(guesses))] {
		out = append(out, g.id)
	}
	return out
}

// distance is how many letters must be added, dropped or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
