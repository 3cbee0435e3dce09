package process

// Waiting is what the processes of a tree wait for, beside time and each other.
type Waiting struct {
	// Stdin: a process is in a read of a terminal, or of a standard input that is
	// a pipe which nobody in the tree writes to, nor whoever feeds the caller.
	Stdin bool
	// Terminal: a process polls a terminal among other things, as prompts do, and
	// so do programs that can do without an answer: proof only beside a question.
	Terminal bool
	// Reader says which process that is: "node (pid 12) reads /dev/pts/3".
	Reader string
	// Blocked says which lock is waited for, by whom, and who holds it; "" for
	// none. It may hold command lines: redact it before it is shown.
	Blocked string
	// Waiter and Holder are the two of them, 0 when unknown.
	Waiter, Holder int
}

// Waits looks at every process and thread of a tree, as Descendants returned
// it, without those that are not of the command. It costs some file reads for
// each thread: call it when all is quiet, not every second.
func Waits(tree []Process) Waiting { return waits(tree) }

// Listener returns the process that listens on a TCP port of this machine, as
// far as the caller may see it; ErrGone when there is none to be seen.
func Listener(port int) (Process, error) { return listener(port) }

// Moved is how many bytes the processes read and wrote so far (files, pipes,
// and sockets as far as they are read like files), those that may be asked.
func Moved(tree []Process) int64 { return moved(tree) }
