package process

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	maxReach  = 8
	reachTime = time.Second
)

// summary says in words what a person should know first.
func (d *dump) summary(list []*facts, w Waiting) {
	var b strings.Builder
	if len(list) == 0 {
		b.WriteString("No process of the command is left.\n")
	} else {
		cpu := time.Duration(0)
		for _, f := range list {
			cpu += f.CPU + f.Reaped
		}
		fmt.Fprintf(&b, "%s, the first of which began %s ago; %s of CPU in all.\n", plural(len(list), "process", "processes"), age(list[0].elapsed), age(cpu))
	}
	for _, f := range telling3(list) {
		b.WriteString(f.words() + "\n")
	}
	if w.Reader != "" {
		b.WriteString(w.Reader + ", and nobody writes.\n")
	}
	if w.Blocked != "" {
		b.WriteString(short(w.Blocked, 600) + ".\n")
	}
	if d.o.Test != "" {
		b.WriteString("Last test started: " + short(d.o.Test, 300) + "\n")
	}
	for _, line := range slices.Backward(d.o.Tail) {
		if line = short(strings.TrimSpace(line), 300); line != "" {
			b.WriteString("Last line of the log: " + line + "\n")
			break
		}
	}
	d.add("", b.String())
}

// telling3 are the three processes that most likely tell why: those at work,
// those with connections, those with nothing below them; shells that wait for
// others last.
func telling3(list []*facts) []*facts {
	weight := func(f *facts) int {
		n := 0
		if f.leaf {
			n += 4
		}
		if len(f.outgoing()) > 0 {
			n += 2
		}
		if f.load > 0.05 {
			n += 3
		}
		if f.Zombie() {
			n -= 8
		}
		return n
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b *facts) int { return cmp.Compare(weight(b), weight(a)) })
	return out[:min(3, len(out))]
}

// outgoing are the connections to services.
func (f *facts) outgoing() []socket {
	var out []socket
	for _, s := range f.sockets {
		if s.goesOut() && !strings.HasPrefix(s.kind, "udp") {
			out = append(out, s)
		}
	}
	return out
}

// words says what one process does.
func (f *facts) words() string {
	who := fmt.Sprintf("%s (pid %d)", short(f.Name, 40), f.PID)
	what := ""
	call := f.Call
	if call == "" {
		call = f.Wait
	}
	switch {
	case f.missing:
		return who + " could not be read in time."
	case f.Zombie():
		return who + " has ended and is not waited for by its parent."
	case f.State == "T" || f.State == "t":
		what = "is stopped"
	case f.State == "D":
		what = "waits for a disk or the kernel"
	case f.load >= 0.05:
		what = fmt.Sprintf("is at work, %.0f %% CPU", 100*f.load)
	case call != "":
		what = "sleeps"
	default:
		what = "rests"
	}
	if call != "" {
		what += " in " + call
	}
	connections := f.outgoing()
	for i, s := range connections {
		if i == 3 {
			what += fmt.Sprintf(" and %d more", len(connections)-3)
			break
		}
		mark := map[bool]string{true: "; ", false: ", "}[i == 0]
		what += mark + s.state + " to " + s.remote.String()
		if name := services[s.remote.Port()]; name != "" {
			what += " (" + name + ")"
		}
	}
	return who + " " + what + ": " + short(f.title(), 200)
}

// treeTable draws the tree.
func (d *dump) treeTable(list []*facts, more int) {
	var b strings.Builder
	if len(list) > 0 {
		b.WriteString("    PID STATE   ELAPSED      CPU   NOW      RSS  WAITS IN / COMMAND\n")
	}
	for _, f := range order(list) {
		call := f.Call
		if f.Wait != "" && f.Wait != call {
			call = strings.TrimSpace(call + " " + f.Wait)
		}
		if call == "" {
			call = "-"
		}
		indent := strings.Repeat("  ", min(f.depth, 20))
		fmt.Fprintf(&b, "%7d %-5s %9s %8s %4.0f%% %8s  %s%s\n", f.PID, f.State, age(f.elapsed), age(f.CPU), 100*f.load, bytesOf(f.RSS), indent, call)
		fmt.Fprintf(&b, "%51s%s%s\n", "", indent, f.title())
		if f.Dir != "" {
			fmt.Fprintf(&b, "%51s%sin %s\n", "", indent, short(f.Dir, 200))
		}
		if len(f.threads) > 0 {
			fmt.Fprintf(&b, "%51s%s%d threads: %s\n", "", indent, f.Threads, short(strings.Join(f.threads, ", "), 300))
		}
	}
	if more > 0 {
		fmt.Fprintf(&b, "… %s left out\n", plural(more, "process", "processes"))
	}
	d.add("Processes", b.String())
}

// order puts each process below its parent.
func order(list []*facts) []*facts {
	children := map[int][]*facts{}
	known := map[int]bool{}
	for _, f := range list {
		known[f.PID] = true
	}
	var out []*facts
	var walk func(f *facts)
	walk = func(f *facts) {
		if !known[f.PID] {
			return
		}
		known[f.PID] = false
		out = append(out, f)
		for _, c := range children[f.PID] {
			walk(c)
		}
	}
	for _, f := range list {
		children[f.Parent] = append(children[f.Parent], f)
	}
	for _, f := range list {
		if f.depth == 0 {
			walk(f)
		}
	}
	for _, f := range list {
		walk(f)
	}
	return out
}

// services lists where connections lead, and whether somebody answers there.
// Only addresses that a process of the command is connected to are tried, by
// opening a connection and closing it.
func (d *dump) services(ctx context.Context, list []*facts) {
	own, _ := os.Readlink("/proc/self/ns/net")
	users := map[netip.AddrPort][]string{}
	first := map[netip.AddrPort]socket{}
	foreign := map[netip.AddrPort]bool{}
	for _, f := range list {
		for _, s := range f.outgoing() {
			if _, ok := first[s.remote]; !ok {
				first[s.remote] = s
			}
			if name := fmt.Sprintf("%s (pid %d)", f.Name, f.PID); !slices.Contains(users[s.remote], name) && len(users[s.remote]) < 5 {
				users[s.remote] = append(users[s.remote], name)
			}
			if space, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", f.PID)); space != own {
				foreign[s.remote] = true
			}
		}
	}
	addresses := make([]netip.AddrPort, 0, len(first))
	for a := range first {
		addresses = append(addresses, a)
	}
	slices.SortFunc(addresses, netip.AddrPort.Compare)
	tried := map[netip.AddrPort]string{}
	answers := make(chan [2]string, maxReach)
	for _, a := range addresses {
		if len(tried) < maxReach && !foreign[a] {
			tried[a] = "did not answer in time"
			go func() { answers <- [2]string{a.String(), reach(ctx, a)} }()
		}
	}
	for range len(tried) {
		select {
		case got := <-answers:
			tried[netip.MustParseAddrPort(got[0])] = got[1]
		case <-ctx.Done():
		}
	}
	var b strings.Builder
	for i, a := range addresses {
		if i == 100 {
			fmt.Fprintf(&b, "… %d more\n", len(addresses)-i)
			break
		}
		state := tried[a]
		if state == "" {
			state = "not tried"
		}
		fmt.Fprintf(&b, "  %s by %s; now: %s\n", first[a], strings.Join(users[a], ", "), state)
	}
	d.add("Services it is connected to", b.String())
}

// reach opens a connection and closes it.
func reach(ctx context.Context, to netip.AddrPort) string {
	began := time.Now()
	c, err := (&net.Dialer{Timeout: reachTime}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return "cannot be reached: " + short(err.Error(), 200)
	}
	_ = c.Close()
	return "can be reached, in " + time.Since(began).Round(time.Millisecond).String()
}

// details lists open files and all sockets.
func (d *dump) details(list []*facts) {
	var b strings.Builder
	for _, f := range order(list) {
		if len(f.files)+len(f.sockets) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s (pid %d) %s\n", short(f.Name, 40), f.PID, short(filepath.Clean(f.Program), 200))
		for i, s := range f.sockets {
			if i == dumpFiles {
				fmt.Fprintf(&b, "  … %d more sockets\n", len(f.sockets)-i)
				break
			}
			if s.kind == "" {
				b.WriteString("  a socket of another kind\n")
				continue
			}
			b.WriteString("  " + s.String() + "\n")
		}
		for _, text := range f.files {
			b.WriteString("  " + text + "\n")
		}
	}
	d.add("Open files and sockets", b.String())
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// age writes a time in a few characters.
func age(d time.Duration) string {
	if d < time.Minute {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// bytesOf writes a size in a few characters.
func bytesOf(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d KiB", n>>10)
	}
}
