package suite

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// family is every process that came of a command: those of its session, their
// children, those that led sessions of their own, and, by a variable of their
// environment, those whose parents are gone.
type family struct {
	leader int
	tag    string
	known  map[person]bool
}

// person is a process: a number alone may be given to another one.
type person struct {
	pid   int
	start string
}

type entry struct {
	person
	parent, group, session int
	dead                   bool
}

func newFamily(leader int, tag string) *family {
	f := &family{leader: leader, tag: tag, known: map[person]bool{}}
	f.count(false)
	return f
}

// count learns who belongs to the family, and returns those who live. With
// search, it looks for the tag in every environment.
func (f *family) count(search bool) []entry {
	all := everyone()
	in := map[int]bool{}
	sessions := map[int]bool{f.leader: true}
	join := func(e entry) {
		in[e.pid], f.known[e.person] = true, true
		sessions[e.session], sessions[e.group] = true, true
	}
	for _, e := range all {
		if f.known[e.person] || (search && tagged(e.pid, f.tag)) {
			join(e)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, e := range all {
			if !in[e.pid] && (in[e.parent] || sessions[e.session] || sessions[e.group]) {
				join(e)
				grown = true
			}
		}
	}
	var alive []entry
	for _, e := range all {
		if in[e.pid] && !e.dead && e.pid != os.Getpid() {
			alive = append(alive, e)
		}
	}
	return alive
}

// glance learns of new children of the family. It costs a hundredth of count,
// so it can be done often: a child that leads a session of its own, forgets its
// environment and loses its parent is found only while the parent lives.
func (f *family) glance() {
	for k := range f.known {
		self := "/proc/" + strconv.Itoa(k.pid)
		list, err := os.ReadFile(self + "/task/" + strconv.Itoa(k.pid) + "/children")
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(list)) {
			pid, _ := strconv.Atoi(word)
			if e, ok := readStat(pid); ok && e.parent == k.pid {
				f.known[e.person] = true
			}
		}
	}
}

// end kills the family, again until none is left, and returns how many there
// were beside the leader.
func (f *family) end(limit time.Duration) int {
	killed := map[person]bool{}
	for stop := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		alive := f.count(true)
		for _, e := range alive {
			_ = syscall.Kill(e.pid, syscall.SIGKILL)
			if e.pid != f.leader {
				killed[e.person] = true
			}
		}
		f.reap()
		if len(alive) == 0 || time.Now().After(stop) {
			return len(killed)
		}
	}
}

// reap buries those who became our own children because we are the first
// process of a container. The leader is waited for elsewhere.
func (f *family) reap() {
	for k := range f.known {
		if k.pid != f.leader {
			_, _ = syscall.Wait4(k.pid, nil, syscall.WNOHANG, nil)
		}
	}
}

// everyone lists all processes.
func everyone() []entry {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var out []entry
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if e, ok := readStat(pid); ok {
			out = append(out, e)
		}
	}
	return out
}

// readStat reads /proc/PID/stat; the name in it may hold anything, so fields
// are counted from behind its last parenthesis.
func readStat(pid int) (entry, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return entry{}, false
	}
	f := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(f) < 20 {
		return entry{}, false
	}
	e := entry{person: person{pid: pid, start: f[19]}, dead: f[0] == "Z" || f[0] == "X"}
	e.parent, _ = strconv.Atoi(f[1])
	e.group, _ = strconv.Atoi(f[2])
	e.session, _ = strconv.Atoi(f[3])
	return e, true
}

func tagged(pid int, tag string) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	return err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+tag+"\x00"))
}
