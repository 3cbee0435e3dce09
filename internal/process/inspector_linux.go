package process

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Bounds of what is read from an inspector.
const (
	maxFrame    = 1 << 20
	maxMessages = 200
)

// nodeQuestion is asked in the process: what keeps it alive, and where it
// stands. The report is made without network look-ups, and its environment is
// not taken.
const nodeQuestion = `(() => {
	const stack = new Error().stack;
	const out = {stack, resources: {}, handles: [], version: process.version, loop: ''};
	try { for (const r of process.getActiveResourcesInfo()) out.resources[r] = (out.resources[r] || 0) + 1 } catch {}
	try {
		process.report.excludeNetwork = true;
		const r = process.report.getReport();
		const full = typeof r === 'string' ? JSON.parse(r) : r;
		out.handles = (full.libuv || []).filter(h => h.is_active && h.is_referenced).slice(0, 200);
		out.workers = (full.workers || []).length;
	} catch (e) { out.problem = String(e) }
	try { setTimeout(() => process._debugEnd(), 10) } catch {}
	return JSON.stringify(out);
})()`

// nodeStack lets a Node process open its inspector on loopback, which it does
// at SIGUSR1 by itself, and asks there what keeps it alive.
func nodeStack(ctx context.Context, f *facts) (text, how string, done bool) {
	if !f.handles(syscall.SIGUSR1) {
		return "", "", false
	}
	ctx, cancel := context.WithTimeout(ctx, stackOne)
	defer cancel()
	before := listening(f.PID)
	if !f.send(syscall.SIGUSR1) {
		return "", "", false
	}
	var answer string
	var err error = ErrGone
	for n := 1; err != nil && ctx.Err() == nil; n++ {
		if n%16 == 0 { // the port was another's, who has closed it by now
			f.send(syscall.SIGUSR1)
		}
		for a := range listening(f.PID) {
			if before[a] && a.Port() != 9229 || !a.Addr().IsLoopback() {
				continue
			}
			if answer, err = ask(ctx, a); err == nil {
				break
			}
		}
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(30 * time.Millisecond):
			}
		}
	}
	if err != nil {
		return "  its inspector did not answer: " + short(err.Error(), 200) + "\n", "its inspector", true
	}
	return nodeText(answer), "its inspector", true
}

// listening are the addresses on which a process listens.
func listening(pid int) map[netip.AddrPort]bool {
	known, out := sockets(pid), map[netip.AddrPort]bool{}
	list, _ := files(pid, maxFiles)
	for _, f := range list {
		if s, ok := known[inode(f.target, "socket")]; ok && s.state == "listening" && s.local.IsValid() {
			out[s.local] = true
		}
	}
	return out
}

// ask finds the inspector's own address and evaluates the question.
func ask(ctx context.Context, at netip.AddrPort) (string, error) {
	var targets []struct {
		Address string `json:"webSocketDebuggerUrl"`
	}
	page, err := exchange(ctx, at, "GET /json/list HTTP/1.0\r\nHost: "+at.String()+"\r\n\r\n")
	if err != nil {
		return "", err
	}
	defer page.Close()
	text, _ := io.ReadAll(io.LimitReader(page, min(page.size, 64<<10)))
	i := strings.Index(string(text), "[")
	if i < 0 || json.Unmarshal(text[i:], &targets) != nil || len(targets) == 0 {
		return "", errors.New("no list of targets")
	}
	_, path, ok := strings.Cut(strings.TrimPrefix(targets[0].Address, "ws://"), "/")
	if !ok || strings.ContainsAny(path, " \r\n") || len(path) > 200 {
		return "", errors.New("no address of a target")
	}
	c, err := exchange(ctx, at, "GET /"+path+" HTTP/1.1\r\nHost: "+at.String()+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: cG9zdGZsaWdodC1ndWFyZA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if err != nil {
		return "", err
	}
	defer c.Close()
	if !strings.HasPrefix(c.status, "HTTP/1.1 101 ") {
		return "", fmt.Errorf("the inspector answered %s", short(c.status, 100))
	}
	question, err := json.Marshal(map[string]any{
		"id": 1, "method": "Runtime.evaluate", "params": map[string]any{"expression": nodeQuestion, "returnByValue": true, "silent": true},
	})
	if err != nil {
		return "", err
	}
	if _, err := c.Write(frame(question)); err != nil {
		return "", err
	}
	return c.answer()
}

// line is a connection to an inspector after the head of its answer.
type line struct {
	net.Conn
	r      *bufio.Reader
	status string
	size   int64 // of what follows, where the head says it
}

func (l *line) Read(p []byte) (int, error) { return l.r.Read(p) }

// exchange sends a request and reads the head of the answer.
func exchange(ctx context.Context, at netip.AddrPort, request string) (*line, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	l := &line{Conn: c, r: bufio.NewReaderSize(c, 8<<10)}
	if _, err := io.WriteString(c, request); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for n := range 50 {
		text, err := l.r.ReadSlice('\n')
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		head := strings.TrimSpace(string(text))
		if n == 0 {
			l.status = head
		}
		if head == "" {
			return l, nil
		}
		if name, value, _ := strings.Cut(head, ":"); strings.EqualFold(name, "Content-Length") {
			l.size = whole([]byte(strings.TrimSpace(value)))
		}
	}
	return nil, errors.Join(errors.New("an endless head"), c.Close())
}

// frame wraps a text as a client must: masked, here with zeroes.
func frame(text []byte) []byte {
	out := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(out[2:], uint16(len(text)))
	return append(out, text...)
}

// answer reads messages until the one that answers.
func (l *line) answer() (string, error) {
	for range maxMessages {
		text, err := l.message()
		if err != nil {
			return "", err
		}
		var m struct {
			ID     int `json:"id"`
			Result struct {
				Result struct {
					Value string `json:"value"`
				} `json:"result"`
			} `json:"result"`
		}
		if json.Unmarshal(text, &m) == nil && m.ID == 1 {
			if m.Result.Result.Value == "" {
				return "", errors.New("an empty answer")
			}
			return m.Result.Result.Value, nil
		}
	}
	return "", errors.New("too many messages")
}

// message reads one message, of one frame or several.
func (l *line) message() ([]byte, error) {
	var out []byte
	for {
		var head [2]byte
		if _, err := io.ReadFull(l.r, head[:]); err != nil {
			return nil, err
		}
		size := uint64(head[1] & 0x7f)
		switch size {
		case 126:
			var n uint16
			if err := binary.Read(l.r, binary.BigEndian, &n); err != nil {
				return nil, err
			}
			size = uint64(n)
		case 127:
			if err := binary.Read(l.r, binary.BigEndian, &size); err != nil {
				return nil, err
			}
		}
		if head[1]&0x80 != 0 || size > maxFrame || uint64(len(out))+size > maxFrame {
			return nil, errors.New("a frame that is too large or masked")
		}
		part := make([]byte, size)
		if _, err := io.ReadFull(l.r, part); err != nil {
			return nil, err
		}
		out = append(out, part...)
		if head[0]&0x80 != 0 {
			return out, nil
		}
	}
}
