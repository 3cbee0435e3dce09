//go:build unix

package deploy

import (
	"os/exec"
	"syscall"
)

// ownGroup lets the command lead a process group, so that its children end
// with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup asks every process of the command's group to end.
func endGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// killGroup ends every process of the command's group.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// writable reports why this process may not write in a directory.
func writable(path string) error { return syscall.Access(path, 2) }
