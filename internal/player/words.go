package player

import "strings"

// clip shortens s to at most n runes, saying so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n-1 {
			return s[:i] + "…"
		}
		count++
	}
	return s
}

// squeeze trims and collapses runs of white space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
