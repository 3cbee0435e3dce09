package player

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/journey"
)

// TestBuiltinsHaveValues holds the variables that a run gives against those
// that a journey may name.
func TestBuiltinsHaveValues(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(builtins())), journey.Builtins()); diff != "" {
		t.Error(diff)
	}
}
