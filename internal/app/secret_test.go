package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRollbackCommandsGetNoSecret(t *testing.T) {
	t.Parallel()
	got := without([]string{"PATH=/bin", "SLACK_TOKEN=xoxb-1", "POSTFLIGHT_TOKEN=pf_1", "EMPTY=", "COPY=xoxb-1"}, []string{"xoxb-1"})
	if diff := cmp.Diff([]string{"PATH=/bin", "EMPTY="}, got); diff != "" {
		t.Error(diff)
	}
}
