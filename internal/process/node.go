package process

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// nodeAnswer is what a Node process says of itself.
type nodeAnswer struct {
	Version   string         `json:"version"`
	Stack     string         `json:"stack"`
	Resources map[string]int `json:"resources"`
	Workers   int            `json:"workers"`
	Problem   string         `json:"problem"`
	Handles   []nodeHandle   `json:"handles"`
}

// nodeHandle is one handle of libuv that keeps the process alive.
type nodeHandle struct {
	Type   string     `json:"type"`
	Repeat float64    `json:"repeat"`
	Fires  float64    `json:"firesInMsFromNow"`
	PID    int        `json:"pid"`
	File   string     `json:"filename"`
	Signal string     `json:"signal"`
	Local  *nodePoint `json:"localEndpoint"`
	Remote *nodePoint `json:"remoteEndpoint"`
}

// nodePoint is one end of a connection.
type nodePoint struct {
	Host string `json:"host"`
	Old  string `json:"ip4"`
	New  string `json:"ip6"`
	Port int    `json:"port"`
}

func (p *nodePoint) String() string {
	host := p.Old
	if host == "" {
		host = p.New
	}
	if host == "" {
		host = p.Host
	}
	return fmt.Sprintf("%s:%d", host, p.Port)
}

// nodeText writes the answer for a person: what keeps the process alive first.
func nodeText(answer string) string {
	var a nodeAnswer
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		return "  what it answered cannot be read\n"
	}
	var b strings.Builder
	if len(a.Resources) > 0 {
		b.WriteString("  kept alive by: " + short(strings.Join(ranked(a.Resources), ", "), 600) + "\n")
	} else if a.Problem == "" {
		b.WriteString("  nothing keeps it alive but what runs now\n")
	}
	for _, h := range a.Handles {
		b.WriteString("  " + short(h.String(), 300) + "\n")
	}
	if a.Workers > 0 {
		fmt.Fprintf(&b, "  %d worker threads\n", a.Workers)
	}
	// The first lines are the question's own.
	for i, line := range strings.Split(a.Stack, "\n") {
		if i >= 3 && i < 60 {
			b.WriteString("  " + short(line, 300) + "\n")
		}
	}
	if a.Problem != "" {
		b.WriteString("  no report: " + short(a.Problem, 300) + "\n")
	}
	if a.Version != "" {
		b.WriteString("  Node " + short(a.Version, 40) + "\n")
	}
	return b.String()
}

func (h nodeHandle) String() string {
	text := h.Type
	switch {
	case h.Type == "timer":
		text += fmt.Sprintf(", fires in %s", (time.Duration(h.Fires) * time.Millisecond).Round(time.Millisecond))
	case h.Remote != nil && h.Local != nil:
		text += " " + h.Local.String() + " → " + h.Remote.String()
	case h.Local != nil:
		text += " listening on " + h.Local.String()
	case h.PID > 0:
		text += fmt.Sprintf(" %d", h.PID)
	case h.File != "":
		text += " " + h.File
	case h.Signal != "":
		text += " " + h.Signal
	}
	return text
}
