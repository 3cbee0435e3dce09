package process

import "testing"

func TestAwayAndHalted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		tree   []Process
		away   string
		halted bool
	}{
		{"nothing", nil, "", false},
		{"a build in a container", []Process{{Name: "make", State: "S"}, {Name: "docker", State: "S"}}, "docker", false},
		{"a build here", []Process{{Name: "make", State: "S"}, {Name: "cc1", State: "R"}}, "", false},
		{"a dead client", []Process{{Name: "ssh", State: "Z"}}, "", false},
		{"stopped", []Process{{Name: "make", State: "T"}, {Name: "sh", State: "Z"}, {Name: "cc1", State: "T"}}, "", true},
		{"half stopped", []Process{{Name: "make", State: "S"}, {Name: "cc1", State: "T"}}, "", false},
	} {
		if got, halted := Away(tt.tree), Halted(tt.tree); got != tt.away || halted != tt.halted {
			t.Errorf("%s: got %q, %v, want %q, %v", tt.name, got, halted, tt.away, tt.halted)
		}
	}
	for _, name := range delegates {
		if len(name) > 15 {
			t.Errorf("%s: the kernel never says a name so long", name)
		}
	}
}
