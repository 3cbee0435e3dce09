package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
)

// start finds and starts the command in a session of its own. The calling
// goroutine must keep its thread: the command dies with that.
func start(o *Options, l *plumbing) (int, error) {
	if len(o.Argv) == 0 || o.Argv[0] == "" {
		return 0, &StartError{Code: 127, Name: "command", Err: errors.New("none was given")}
	}
	name := o.Argv[0]
	path := name
	if !strings.Contains(name, "/") {
		var err error
		if path, err = exec.LookPath(name); err != nil && !errors.Is(err, exec.ErrDot) {
			return 0, &StartError{Code: 127, Name: name, Err: errors.New("not found in PATH")}
		}
	}
	attr := &syscall.ProcAttr{Dir: o.Dir, Env: o.Env, Sys: session(l)}
	for _, fd := range l.child {
		attr.Files = append(attr.Files, uintptr(fd))
	}
	pid, err := syscall.ForkExec(path, o.Argv, attr)
	if errors.Is(err, syscall.ENOEXEC) { // a script that does not say of what kind: a shell's
		argv := append([]string{"/bin/sh", path}, o.Argv[1:]...)
		pid, err = syscall.ForkExec(argv[0], argv, attr)
	}
	if err != nil {
		return 0, refusal(o, err)
	}
	return pid, nil
}

// refusal says why a command could not be started, as a shell does.
func refusal(o *Options, err error) error {
	var st syscall.Stat_t
	if o.Dir != "" && (syscall.Stat(o.Dir, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFDIR) {
		return &StartError{Code: 126, Name: o.Argv[0], Err: fmt.Errorf("enter directory %s: %w", o.Dir, err)}
	}
	code := 126
	if errors.Is(err, fs.ErrNotExist) {
		code = 127
	}
	return &StartError{Code: code, Name: o.Argv[0], Err: err}
}

// session makes the command lead its own session, with the pseudo-terminal, if
// there is one, as the terminal that it is controlled by.
func session(l *plumbing) *syscall.SysProcAttr {
	sys := &syscall.SysProcAttr{Setsid: true}
	if l.terminal != nil {
		for i, fd := range l.child {
			if fd == l.terminal.slave {
				sys.Setctty, sys.Ctty = true, i
				break
			}
		}
	}
	bind(sys)
	return sys
}
