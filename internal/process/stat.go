package process

import (
	"bytes"
	"strconv"
	"time"
)

// tick is the unit of times in /proc: USER_HZ is 100 on every architecture
// that Go runs on.
const tick = 10 * time.Millisecond

// parseStat reads the text of /proc/PID/stat. The name stands in parentheses
// and may hold anything, parentheses and line ends included.
func parseStat(text []byte) (Process, bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 2 || end < open {
		return Process{}, false
	}
	pid, err := strconv.Atoi(string(text[:open-1]))
	if err != nil || pid <= 0 {
		return Process{}, false
	}
	p := Process{PID: pid, Name: string(text[open+1 : end])}
	// Fields from 3 on, as proc(5) numbers them.
	rest, field := text[end+1:], 2
	for len(rest) > 0 && field < 22 {
		rest = bytes.TrimLeft(rest, " ")
		word := rest
		if i := bytes.IndexByte(rest, ' '); i >= 0 {
			word = rest[:i]
		}
		rest = rest[len(word):]
		field++
		p.field(field, word)
	}
	return p, field == 22 && p.State != ""
}

// field sets what the field of that number in /proc/PID/stat says.
func (p *Process) field(number int, word []byte) {
	if number == 3 {
		p.State = string(word)
		return
	}
	switch number {
	case 4, 5, 6, 14, 15, 16, 17, 20, 22:
	default:
		return
	}
	n := whole(word)
	switch number {
	case 4:
		p.Parent = int(n)
	case 5:
		p.Group = int(n)
	case 6:
		p.Session = int(n)
	case 14, 15:
		p.CPU += time.Duration(n) * tick
	case 16, 17:
		p.Reaped += time.Duration(n) * tick
	case 20:
		p.Threads = int(n)
	case 22:
		p.Born = time.Duration(n) * tick
	}
}

// whole reads a decimal number without allocating; 0 when it is none, or one
// that no clock of ticks can hold.
func whole(word []byte) int64 {
	var n int64
	minus := len(word) > 1 && word[0] == '-'
	if minus {
		word = word[1:]
	}
	for _, c := range word {
		if c < '0' || c > '9' || n > 1<<56/10 {
			return 0
		}
		n = 10*n + int64(c-'0')
	}
	if minus {
		return -n
	}
	return n
}

// below sorts the processes that root is above of, root first, parents before
// their children.
func below(root int, all []Process) []Process {
	at := make(map[int]int, len(all))
	children := make(map[int][]int, len(all))
	for i, p := range all {
		at[p.PID] = i
		if p.Parent != p.PID {
			children[p.Parent] = append(children[p.Parent], i)
		}
	}
	first, ok := at[root]
	if !ok {
		return nil
	}
	seen := map[int]bool{root: true}
	out := []Process{all[first]}
	for next := 0; next < len(out); next++ {
		for _, i := range children[out[next].PID] {
			if !seen[all[i].PID] {
				seen[all[i].PID] = true
				out = append(out, all[i])
			}
		}
	}
	return out
}
