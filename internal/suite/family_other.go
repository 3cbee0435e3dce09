//go:build unix && !linux

package suite

import (
	"syscall"
	"time"
)

// family is the process group of a command. Where processes cannot be listed,
// a child that leads a group of its own is not found.
type family struct{ leader int }

func newFamily(leader int, _ string) *family { return &family{leader: leader} }

func (f *family) count(bool) {}

func (f *family) glance() {}

// end kills the group.
func (f *family) end(limit time.Duration) int {
	for stop := time.Now().Add(limit); time.Now().Before(stop); time.Sleep(5 * time.Millisecond) {
		if syscall.Kill(-f.leader, syscall.SIGKILL) != nil {
			break
		}
	}
	return 0
}
