package notify

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/postflight/postflight/internal/incident"
)

// repeatNote marks a message that may have been delivered before.
const repeatNote = "(possible repeat)"

// plain makes outside text safe to show: valid UTF-8, no control characters
// but newline and tab, none that turn the reading direction.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// line makes outside text one line.
func line(s string) string { return strings.Join(strings.Fields(plain(s)), " ") }

// clip shortens s to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// headline is the first line of every message.
func headline(j job) string {
	out := line(j.Title)
	if out == "" {
		out = string(j.Incident) + " " + j.Event
	}
	if j.Drill {
		out = "DRILL: " + out
	}
	if j.repeat {
		out += " " + repeatNote
	}
	return out
}

// stateName is the state as people read it.
func stateName(s incident.State) string {
	switch s {
	case incident.Triggered:
		return "Triggered"
	case incident.Acknowledged:
		return "Acknowledged"
	case incident.Mitigated:
		return "Mitigated"
	case incident.Resolved:
		return "Resolved"
	case incident.FalseAlarm:
		return "False alarm"
	}
	return string(s)
}

// stateSign is the state as a coloured sign.
func stateSign(s incident.State) string {
	switch s {
	case incident.Triggered:
		return "🔴"
	case incident.Acknowledged:
		return "🟠"
	case incident.Mitigated:
		return "🔵"
	case incident.Resolved:
		return "✅"
	case incident.FalseAlarm:
		return "⚪"
	}
	return "▪️"
}

// severityName is the severity as people read it.
func severityName(s incident.Severity) string {
	if s == 0 {
		return "not set"
	}
	return fmt.Sprintf("SEV-%d", s)
}
