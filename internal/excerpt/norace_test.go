//go:build !race

package excerpt

// underRace: everything is many times slower.
const underRace = false
