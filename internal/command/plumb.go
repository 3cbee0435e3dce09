package command

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// plumbing is all that lies between the command's files and the outer ones.
type plumbing struct {
	pumps    []*pump
	terminal *terminal // nil without
	child    [3]int    // what the command gets as 0, 1, 2
	ours     []int     // to close once the command has them
	halt     [2]int    // closing the second stops every pump
	done     chan *pump
	open     int // pumps that still run
}

// lay makes pipes, pseudo-terminal and pumps.
func lay(o *Options) (*plumbing, error) {
	l := &plumbing{done: make(chan *pump, 2), halt: [2]int{-1, -1}}
	if err := l.connect(o); err != nil {
		l.abandon()
		return nil, err
	}
	return l, nil
}

func (l *plumbing) connect(o *Options) error {
	out, err := number(o.Stdout)
	if err != nil {
		return fmt.Errorf("use standard output: %w", err)
	}
	errs, err := number(o.Stderr)
	if err != nil {
		return fmt.Errorf("use standard error: %w", err)
	}
	halt, w, _, err := newPipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	l.halt = [2]int{halt, w}
	ttyOut, ttyErr := pretend(o.Terminal, out), pretend(o.Terminal, errs)
	same := sameFile(out, errs)
	if o.Terminal == "always" && !same {
		ttyErr = false // kept apart, as they are outside
	}
	outer := out
	if ttyErr && !ttyOut {
		outer = errs
	}
	slave := -1
	if ttyOut || ttyErr {
		l.terminal, err = openTerminal(outer, o.Stdin)
		switch {
		case err == nil:
			slave = l.terminal.slave
			l.add(o, &pump{from: l.terminal.master, to: outer, stream: Terminal, tty: true, small: 512})
		case o.Terminal == "always":
			return err
		default: // none is to be had: a command without colours beats none at all
			ttyOut, ttyErr = false, false
		}
	}
	if err := l.input(o, slave); err != nil {
		return err
	}
	if l.child[1] = slave; !ttyOut {
		s := Stdout
		if same {
			s = Terminal
		}
		if l.child[1], err = l.pipe(o, out, s); err != nil {
			return err
		}
	}
	switch {
	case ttyErr:
		l.child[2] = slave
	case same:
		l.child[2] = l.child[1]
	default:
		if l.child[2], err = l.pipe(o, errs, Stderr); err != nil {
			return err
		}
	}
	return nil
}

// input chooses what the command reads.
func (l *plumbing) input(o *Options, slave int) error {
	if o.Stdin {
		in, err := number(os.Stdin)
		if err != nil {
			return fmt.Errorf("use standard input: %w", err)
		}
		if slave >= 0 && isTerminal(in) {
			l.terminal.input = in
			l.child[0] = slave
			return nil
		}
		l.child[0] = in
		return nil
	}
	if slave >= 0 {
		l.child[0] = slave
		return nil
	}
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	l.child[0], l.ours = null, append(l.ours, null)
	return nil
}

// pipe adds a pump to an outer file and returns the command's end of it.
func (l *plumbing) pipe(o *Options, to int, s Stream) (int, error) {
	r, w, size, err := newPipe()
	if err != nil {
		return -1, fmt.Errorf("make pipe: %w", err)
	}
	l.ours = append(l.ours, w)
	l.add(o, &pump{from: r, to: to, stream: s, small: size / 64})
	return w, nil
}

func (l *plumbing) add(o *Options, p *pump) {
	p.stop, p.output, p.turn = l.halt[0], o.Output, &sync.Mutex{}
	if len(l.pumps) > 0 {
		p.turn = l.pumps[0].turn
	}
	l.pumps = append(l.pumps, p)
}

// flow starts the pumps, once the command has its ends of the pipes.
func (l *plumbing) flow(start time.Time) {
	l.closeOurs()
	l.open = len(l.pumps)
	for _, p := range l.pumps {
		p.start = start
		go func() {
			p.run()
			l.done <- p
		}()
	}
}

func (l *plumbing) closeOurs() {
	for _, fd := range l.ours {
		unix.Close(fd)
	}
	l.ours = nil
}

// stop makes the pumps pass on what there is, and end.
func (l *plumbing) stop() {
	if l.halt[1] >= 0 {
		unix.Close(l.halt[1])
		l.halt[1] = -1
	}
}

// abandon closes everything of a command that was never started.
func (l *plumbing) abandon() {
	l.closeOurs()
	for _, p := range l.pumps {
		l.shut(p)
	}
	l.finish()
}

// shut closes the reading end of a pump that has ended.
func (l *plumbing) shut(p *pump) {
	if p.tty {
		l.terminal.close()
		return
	}
	unix.Close(p.from)
}

// finish closes what is left when every pump has ended.
func (l *plumbing) finish() {
	l.stop()
	if l.halt[0] >= 0 {
		unix.Close(l.halt[0])
		l.halt[0] = -1
	}
}

func (l *plumbing) bytes() int64 {
	var n int64
	for _, p := range l.pumps {
		n += p.bytes.Load()
	}
	return n
}

func (l *plumbing) blocked(now time.Time) time.Duration {
	var d time.Duration
	for _, p := range l.pumps {
		d = max(d, p.blocked(now))
	}
	return d
}

// holders are the kernel's names of the files that the pumps read, as they
// appear among another process's open files.
func (l *plumbing) holders() []string {
	var out []string
	for _, p := range l.pumps {
		if p.tty {
			out = append(out, l.terminal.name)
			continue
		}
		var st unix.Stat_t
		if unix.Fstat(p.from, &st) == nil {
			out = append(out, fmt.Sprintf("pipe:[%d]", st.Ino))
		}
	}
	return out
}

// number is a file's descriptor, without the change of its mode that Fd makes.
func number(f *os.File) (int, error) {
	if f == nil {
		return -1, errors.New("there is none")
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	n := -1
	err = raw.Control(func(fd uintptr) { n = int(fd) })
	return n, err
}

// sameFile reports whether both lead to one file: 2>&1.
func sameFile(a, b int) bool {
	var x, y unix.Stat_t
	return unix.Fstat(a, &x) == nil && unix.Fstat(b, &y) == nil && x.Dev == y.Dev && x.Ino == y.Ino
}

// pretend reports whether a stream gets a pseudo-terminal.
func pretend(mode string, fd int) bool {
	switch mode {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(fd)
}
