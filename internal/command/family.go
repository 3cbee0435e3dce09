package command

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/postflight/postflight/internal/process"
)

// family is every living process that came of the command, the command itself
// among them: what is below it, and what was orphaned and came to us. Children
// of ours in our own session are not of it: somebody in this process started
// them for other ends.
func (r *runner) family() []process.Process { return r.kin(process.Descendants) }

// sweep is family, dearer and without a gap.
func (r *runner) sweep() []process.Process { return r.kin(process.Sweep) }

func (r *runner) kin(ask func(int) ([]process.Process, error)) []process.Process {
	all, err := ask(os.Getpid())
	if err != nil || len(all) == 0 {
		return r.herd(err)
	}
	us := all[0]
	foreign := map[int]bool{}
	var out []process.Process
	for _, p := range all[1:] {
		if foreign[p.Parent] || p.Parent == us.PID && p.Session == us.Session && p.PID != r.root {
			foreign[p.PID] = true
			continue
		}
		if !p.Zombie() {
			out = append(out, p)
		}
	}
	return out
}

// herd stands for the family where the system does not tell who is in it: what
// is left of the command's group, under the name by which it can be signalled.
func (r *runner) herd(err error) []process.Process {
	if !errors.Is(err, process.ErrUnsupported) || r.alive || syscall.Kill(-r.root, 0) != nil {
		return nil
	}
	return []process.Process{{PID: -r.root, Group: r.root, Session: r.root, Name: "process group"}}
}

// reap waits for what was forked away, came to us and ended. It never waits for
// just any child: one that somebody else in this process started is theirs.
func (r *runner) reap() {
	all, err := process.Descendants(os.Getpid())
	if err != nil || len(all) == 0 {
		return
	}
	us := all[0]
	for _, p := range all[1:] {
		if p.Parent != us.PID || p.PID == r.root || !p.Zombie() || p.Session == us.Session {
			continue
		}
		var status syscall.WaitStatus
		var usage syscall.Rusage
		if pid, err := syscall.Wait4(p.PID, &status, syscall.WNOHANG, &usage); err != nil || pid != p.PID {
			continue
		}
		r.result.CPU += spent(usage)
		s := Status{PID: p.PID, Name: p.Name, Code: status.ExitStatus()}
		if status.Signaled() {
			s.Signal, s.Code = status.Signal(), 128+int(status.Signal())
		}
		r.note(s)
	}
}

// note keeps a status; when there is no more room, a failure takes the place of
// a success.
func (r *runner) note(s Status) {
	if len(r.result.Reaped) < maxReaped {
		r.result.Reaped = append(r.result.Reaped, s)
		return
	}
	if s.Code == 0 {
		return
	}
	if i := slices.IndexFunc(r.result.Reaped, func(o Status) bool { return o.Code == 0 }); i >= 0 {
		r.result.Reaped[i] = s
	}
}

// drain waits after the command's end for what it started, and then ends it.
func (r *runner) drain(now time.Duration) {
	r.reap()
	if left := r.family(); r.lines.open == 0 && r.mayStay(left) {
		if left = r.sweep(); r.mayStay(left) {
			r.split(left)
			r.phase = over
			return
		}
	}
	if now < r.deadline {
		return
	}
	end := r.split(r.sweep())
	if len(end) == 0 {
		r.phase, r.deadline = closing, now
		return
	}
	r.signal(end, syscall.SIGTERM)
	r.phase, r.deadline = ending, now+r.o.Grace
}

// split sorts what is left over into what is ended, which it returns, and what
// is left alone, and notes both. What is ended along with the command is no
// leftover.
func (r *runner) split(left []process.Process) []process.Process {
	if r.whole {
		return left
	}
	names := r.lines.holders()
	var end []process.Process
	r.result.Left = nil
	for _, p := range left {
		if slices.ContainsFunc(r.result.Orphans, func(o Orphan) bool { return o.PID == p.PID }) {
			end = append(end, p) // told already, and perhaps half dead: it may have closed its files
			continue
		}
		orphan := Orphan{PID: p.PID, Argv: line(p), Pipe: holds(p.PID, names)}
		if r.keeps(p, orphan.Pipe) {
			r.result.Left = append(r.result.Left, orphan)
			continue
		}
		end = append(end, p)
		r.result.Orphans = append(r.result.Orphans, orphan)
	}
	return end
}

// keeps reports whether a leftover process is left alone.
func (r *runner) keeps(p process.Process, pipe bool) bool {
	switch {
	case r.all:
		return false
	case r.o.Leftovers == KeepAll:
		return true
	}
	return r.o.Leftovers == KeepDetached && !pipe && p.Session != r.root
}

// mayStay reports whether nobody has to be waited for, as nobody holds the output.
func (r *runner) mayStay(left []process.Process) bool {
	return !slices.ContainsFunc(left, func(p process.Process) bool { return !r.keeps(p, false) })
}

// terminate asks the command and all that it started to end.
func (r *runner) terminate() {
	if r.phase >= ending {
		return
	}
	r.all = true
	r.signal(r.split(r.sweep()), syscall.SIGTERM)
	r.phase, r.deadline = ending, r.now()+r.o.Grace
}

// signal sends a signal to the command's group, while it is surely its, and to
// all others one by one. What is stopped is woken, or it would never know.
func (r *runner) signal(to []process.Process, sig syscall.Signal) {
	signals := []syscall.Signal{sig}
	if sig != syscall.SIGKILL {
		signals = append(signals, syscall.SIGCONT)
	}
	for _, s := range signals {
		if r.alive {
			_ = syscall.Kill(-r.root, s)
		}
		for _, p := range to {
			if !r.alive || p.Group != r.root {
				_ = syscall.Kill(p.PID, s)
			}
		}
	}
}

// insist waits for the end of what got a signal, and kills what does not heed it.
func (r *runner) insist(now time.Duration) {
	r.reap()
	end := r.split(r.family())
	if !r.alive && len(end) == 0 {
		if end = r.split(r.sweep()); len(end) == 0 {
			r.phase, r.deadline = closing, now+settle
			return
		}
	}
	switch {
	case now < r.deadline:
	case r.phase == ending:
		r.signal(end, syscall.SIGKILL)
		r.phase, r.deadline = killing, now+unkillable
	default: // it sleeps in the kernel, or is another user's: nothing that we may do ends it
		r.fault = errors.Join(r.fault, survived(end))
		if r.alive {
			r.result.Code, r.result.Signal, r.result.Duration = 128+int(syscall.SIGKILL), syscall.SIGKILL, now
		}
		r.phase, r.deadline = closing, now
	}
	if r.phase == killing { // again: somebody may have forked in between
		r.signal(end, syscall.SIGKILL)
	}
}

// survived names what could not be ended.
func survived(left []process.Process) error {
	var names []string
	for _, p := range left {
		names = append(names, fmt.Sprintf("%d (%s)", p.PID, p.Name))
	}
	return fmt.Errorf("end processes %s: they survived SIGKILL", strings.Join(names, ", "))
}

// line is a process's command line in one line.
func line(p process.Process) string {
	full, err := process.Look(p.PID)
	if err != nil || len(full.Argv) == 0 {
		return p.Name
	}
	text := strings.Join(full.Argv, " ")
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
	return text[:min(len(text), maxArgvLine)]
}

// holds reports whether a process has one of the files open.
func holds(pid int, names []string) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	files, _ := d.Readdirnames(4096)
	for _, f := range files {
		if to, err := os.Readlink(dir + "/" + f); err == nil && slices.Contains(names, to) {
			return true
		}
	}
	return false
}
