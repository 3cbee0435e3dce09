package config

import "strings"

// nearest returns the candidate that name is probably a slip of, or "".
func nearest(name string, candidates []string) string {
	name = plain(name)
	if len(name) > 64 {
		return ""
	}
	best, least := "", max(1, min(3, len(name)/3))*replaced+1
	for _, c := range candidates {
		if d := distance(name, plain(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// plain removes the differences that are never meant.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}

// What each slip costs. A replaced letter costs a little more than a lost or
// an extra one, so that "tl" is meant as "tls" rather than "to".
const (
	slipped  = 10
	replaced = 11
)

// distance sums the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before, last []int
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j * slipped
	}
	for i := 1; i <= len(s); i++ {
		before, last, row = last, row, make([]int, len(t)+1)
		row[0] = i * slipped
		for j := 1; j <= len(t); j++ {
			cost := replaced
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+slipped, row[j-1]+slipped, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+slipped)
			}
		}
	}
	return row[len(t)]
}
