//go:build linux && !amd64

package process

import "syscall"

const prlimit = syscall.SYS_PRLIMIT64
