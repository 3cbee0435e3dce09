//go:build unix && !linux

package pgtest

import "syscall"

// mortal does nothing: only Linux ends a child with its parent.
func mortal(*syscall.SysProcAttr) {}
