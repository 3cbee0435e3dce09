package command

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Sizes, chosen by measuring against cat: one big block from a big pipe costs
// fewer wakings than many small ones. tee(2) and splice(2) were tried and cost
// more, as the pages must be read once in any case.
const (
	blockSize = 256 << 10
	pipeSize  = 512 << 10
)

// A stream of tiny writes is passed on write by write while it is slow. When
// more than burst of them come within window, each next read waits for nap, so
// that a thousand writes do not cost a thousand wakings. Nobody sees a
// thousandth of a second, and the last byte is never held back longer.
const (
	burst  = 8
	window = 5 * time.Millisecond
	nap    = time.Millisecond
)

// pump moves one stream from the command to the outer stream.
type pump struct {
	from, to int
	stream   Stream
	tty      bool
	small    int // a read of fewer bytes counts as tiny
	stop     int // becomes readable when the pump is to end
	output   func(Stream, []byte)
	turn     *sync.Mutex // one Output at a time

	bytes   atomic.Int64
	writing atomic.Int64 // since when, in nanoseconds after start; 0 when not
	start   time.Time

	// Read by others only after done.
	closed bool  // the outer reader went away
	err    error // the outer stream failed otherwise
}

// run moves blocks until the end of the stream, until it is stopped, or until
// nobody takes them. Its end is closed then, and the command finds out as it
// would have without us: by SIGPIPE.
func (p *pump) run() {
	block := make([]byte, blockSize)
	wait := []unix.PollFd{{Fd: int32(p.from), Events: unix.POLLIN}, {Fd: int32(p.stop), Events: unix.POLLIN}}
	var since time.Time
	quick, full, stopping, rest := 0, false, false, 2*pipeSize
	for {
		if !full && !stopping {
			if err := poll(wait, -1); err != nil {
				p.err = fmt.Errorf("wait for output: %w", err)
				return
			}
			stopping = wait[1].Revents != 0
		}
		n, err := readNow(p.from, block)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			if full = false; stopping {
				return
			}
			continue
		}
		if n <= 0 || err != nil {
			if err != nil && (!p.tty || !errors.Is(err, unix.EIO)) {
				p.err = fmt.Errorf("read output: %w", err)
			}
			return
		}
		if !p.pass(block[:n]) {
			return
		}
		if stopping {
			if rest -= n; rest <= 0 {
				return
			}
			continue
		}
		if full = n == len(block); n >= p.small {
			continue
		}
		now := time.Now()
		if now.Sub(since) > window {
			since, quick = now, 0
		}
		if quick++; quick > burst {
			if err := poll(wait[1:], nap); err == nil && wait[1].Revents != 0 {
				stopping = true
			}
		}
	}
}

// pass writes a block to the outer stream, shows it, and reports whether to go on.
func (p *pump) pass(block []byte) bool {
	p.writing.Store(int64(time.Since(p.start)) | 1)
	err := writeAll(p.to, block, -1)
	p.writing.Store(0)
	if err != nil {
		if p.closed = errors.Is(err, unix.EPIPE) || p.tty && errors.Is(err, unix.EIO); !p.closed {
			p.err = fmt.Errorf("write output: %w", err)
		}
		return false
	}
	p.bytes.Add(int64(len(block)))
	p.turn.Lock()
	defer p.turn.Unlock()
	p.output(p.stream, block)
	return true
}

// blocked is how long the current write has been waiting.
func (p *pump) blocked(now time.Time) time.Duration {
	at := time.Duration(p.writing.Load())
	if at == 0 {
		return 0
	}
	return max(now.Sub(p.start)-at, 0)
}

// errStopped says that stop became readable before all was written.
var errStopped = errors.New("stopped")

// writeAll writes a block, waiting where the file itself would not; a stop of
// -1 is none.
func writeAll(fd int, block []byte, stop int) error {
	for len(block) > 0 {
		n, err := unix.Write(fd, block)
		switch {
		case err == nil:
			block = block[n:]
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			wait := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}, {Fd: int32(stop), Events: unix.POLLIN}}
			if err := poll(wait, -1); err != nil {
				return err
			}
			if wait[1].Revents != 0 {
				return errStopped
			}
		default:
			return err
		}
	}
	return nil
}

// poll waits until one of the files is ready; a negative limit is none, and a
// negative file is passed over.
func poll(files []unix.PollFd, limit time.Duration) error {
	ms := -1
	if limit >= 0 {
		ms = int(limit.Milliseconds())
	}
	for {
		for i := range files {
			files[i].Revents = 0
		}
		_, err := unix.Poll(files, ms)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
