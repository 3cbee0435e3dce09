package command

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// Raise ends this process by a signal, so that whoever waits for it sees what
// the command died of. Where a signal cannot end it (the first process of a
// container, a signal that ends nobody), it exits with 128+sig. It does not
// return.
func Raise(sig syscall.Signal) {
	if !slices.Contains(harmless(), sig) {
		die(sig)
	}
	os.Exit(128 + int(sig))
}

// harmless are signals that end nobody.
func harmless() []syscall.Signal {
	return []syscall.Signal{
		0, syscall.SIGCHLD, syscall.SIGCONT, syscall.SIGURG, syscall.SIGWINCH,
		syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
	}
}

// deadly are those that ask for an end.
func deadly() []syscall.Signal {
	return []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
}

// catch begins to take the signals. What is ignored from outside (nohup, a job
// in the background) stays ignored, for us and for the command.
func catch() chan os.Signal {
	c := make(chan os.Signal, 64)
	for _, sig := range append(deadly(),
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGWINCH, syscall.SIGCHLD) {
		if !signal.Ignored(sig) {
			signal.Notify(c, sig)
		}
	}
	return c
}

// signalled does with a signal what the command would have done.
func (r *runner) signalled(sig syscall.Signal) {
	switch sig {
	case syscall.SIGCHLD:
		r.reap()
	case syscall.SIGWINCH:
		if r.lines.terminal != nil && r.lines.terminal.master >= 0 {
			r.lines.terminal.resize()
		} else {
			r.send(sig)
		}
	case syscall.SIGTSTP:
		r.pause()
	case syscall.SIGCONT:
		r.send(sig)
	default:
		if slices.Contains(deadly(), sig) {
			if r.result.Forwarded == 0 { // the first sets the clock: impatience gains no time
				r.forwarded = r.now()
			}
			r.asked = r.asked || sig == syscall.SIGTERM
			r.result.Forwarded = sig
			if !r.alive { // we were only waiting for what is left over
				r.deadline = r.now()
			}
		}
		r.send(sig)
	}
}

// pause stops the command, then us, as Ctrl-Z does. SIGSTOP, as a group without
// a parent in its own session does not heed SIGTSTP.
func (r *runner) pause() {
	r.send(syscall.SIGSTOP)
	t := r.lines.terminal
	if t != nil {
		t.restore()
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	if t != nil {
		_ = t.raw()
	}
	r.send(syscall.SIGCONT)
}

// send signals the command's group, and the one in the foreground of its
// terminal; when the command itself is gone, what is left of it.
func (r *runner) send(sig syscall.Signal) {
	if !r.alive {
		for _, p := range r.family() {
			_ = syscall.Kill(p.PID, sig)
		}
		return
	}
	_ = syscall.Kill(-r.root, sig)
	if t := r.lines.terminal; t != nil && t.master >= 0 {
		if group := t.group(); group > 1 && group != r.root {
			_ = syscall.Kill(-group, sig)
		}
	}
}
