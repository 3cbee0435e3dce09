package process

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// socket is one line of /proc/PID/net/tcp and its like.
type socket struct {
	kind          string // tcp, tcp6, udp, udp6, unix
	local, remote netip.AddrPort
	path          string // of a unix socket
	state         string
	inode         uint64
	unsent        uint64 // bytes that the other side has not taken
	unread        uint64 // bytes that the process has not read
	again         int    // how often the last packet was sent again
}

// socketStates are the kernel's numbers of TCP states.
var socketStates = map[string]string{
	"01": "connected", "02": "connecting", "03": "being connected", "04": "closing", "05": "closing", "06": "closed",
	"07": "closed", "08": "closed by the other side", "09": "closing", "0A": "listening", "0B": "closing",
}

// parseSockets reads /proc/net/tcp, tcp6, udp or udp6.
func parseSockets(kind, text string) []socket {
	var out []socket
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 || !strings.HasSuffix(f[0], ":") {
			continue
		}
		local, ok := parseAddress(f[1])
		remote, ok2 := parseAddress(f[2])
		n, err := strconv.ParseUint(f[9], 10, 64)
		if !ok || !ok2 || err != nil {
			continue
		}
		s := socket{kind: kind, local: local, remote: remote, inode: n, state: socketStates[f[3]]}
		if strings.HasPrefix(kind, "udp") && s.remote.Port() == 0 {
			s.state = "bound"
		}
		if tx, rx, ok := strings.Cut(f[4], ":"); ok {
			s.unsent, _ = strconv.ParseUint(tx, 16, 64)
			s.unread, _ = strconv.ParseUint(rx, 16, 64)
		}
		again, _ := strconv.ParseUint(f[6], 16, 31)
		s.again = int(again)
		out = append(out, s)
	}
	return out
}

// parseAddress reads "0100007F:1F90": words of 32 bits as the machine keeps
// them.
func parseAddress(text string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || err2 != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), true
}

// parseUnix reads /proc/net/unix.
func parseUnix(text string) []socket {
	var out []socket
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 7 || !strings.HasSuffix(f[0], ":") {
			continue
		}
		n, err := strconv.ParseUint(f[6], 10, 64)
		if err != nil {
			continue
		}
		s := socket{kind: "unix", inode: n, state: map[string]string{"01": "unconnected", "02": "connecting", "03": "connected"}[f[5]]}
		if f[3] == "00010000" {
			s.state = "listening"
		}
		if len(f) > 7 {
			s.path = f[7]
		}
		out = append(out, s)
	}
	return out
}

// goesOut reports whether the socket leads to a service somewhere.
func (s socket) goesOut() bool {
	return s.kind != "unix" && s.remote.IsValid() && s.remote.Port() != 0 && s.state != "closed" && s.state != "closing"
}

func (s socket) String() string {
	var b strings.Builder
	b.WriteString(s.kind + " ")
	switch {
	case s.kind == "unix":
		b.WriteString(s.state)
		if s.path != "" {
			b.WriteString(" " + short(s.path, 108))
		}
		return b.String()
	case s.goesOut():
		b.WriteString(s.local.String() + " → " + s.remote.String() + " " + s.state)
	default:
		b.WriteString(s.local.String() + " " + s.state)
	}
	if name := services[s.remote.Port()]; name != "" && s.goesOut() {
		b.WriteString(" (" + name + ")")
	}
	if s.state == "listening" {
		return b.String()
	}
	if s.unsent > 0 {
		b.WriteString(", " + strconv.FormatUint(s.unsent, 10) + " bytes not taken")
	}
	if s.unread > 0 {
		b.WriteString(", " + strconv.FormatUint(s.unread, 10) + " bytes unread")
	}
	if s.again > 0 {
		b.WriteString(", sent again " + strconv.Itoa(s.again) + " times")
	}
	return b.String()
}

// services name the ports by which a person knows what is waited for.
var services = map[uint16]string{
	22: "SSH", 25: "SMTP", 53: "DNS", 80: "HTTP", 443: "HTTPS", 1433: "SQL Server", 1521: "Oracle", 2181: "ZooKeeper",
	2375: "Docker", 2376: "Docker", 3306: "MySQL", 4222: "NATS", 4317: "OTLP", 4318: "OTLP", 4444: "Selenium",
	4873: "Verdaccio", 5000: "a registry", 5432: "PostgreSQL", 5672: "RabbitMQ", 6379: "Redis", 6443: "Kubernetes",
	8086: "InfluxDB", 8125: "statsd", 9000: "ClickHouse or MinIO", 9042: "Cassandra", 9092: "Kafka", 9200: "Elasticsearch",
	9229: "Node's inspector", 11211: "memcached", 27017: "MongoDB",
}
