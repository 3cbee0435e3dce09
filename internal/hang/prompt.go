package hang

import (
	"fmt"
	"regexp"
	"strings"
)

// asking matches the end of a line that asks for an answer, as npm, apt, git,
// ssh, sudo, gpg, terraform, rails and others ask. A bare colon or question mark
// is no question: logs end lines with them.
var asking = regexp.MustCompile(`(?i)(?:` +
	`[\[(](?:y(?:es)?/n(?:o)?|n/y)(?:/[^\])]*)?[\])]\s*[:?»›>]?|` + // Continue? [y/N]
	`\((?:yes/no(?:/\[fingerprint\])?|default:? [^)]*)\)\??:?|` + // ssh; npm init's defaults
	`(?:password|passphrase|pass phrase|username|login|otp|one-time password|verification code|token)\b(?: for [^\n]{1,80}|[^:\n]{0,60}):|` +
	`(?:press|hit) (?:any key|enter|return|\[enter\]|<enter>)\b.{0,40}|` +
	`enter a value:|` + // terraform
	`ok to proceed\? \(y\)|` +
	`are you sure[^\n]{0,60}\?|(?:do you want to|would you like to|continue|proceed|overwrite|replace)\b[^\n]{0,120}\?` +
	`)\s*[›»>:]?\s*$`)

// Asks reports whether an open last line asks for an answer.
func Asks(line string) bool {
	line = tail(line)
	return line != "" && asking.MatchString(line)
}

// tail is the end of an open line, short enough for a sentence.
func tail(line string) string {
	line = strings.TrimSpace(line)
	if len(line) > 200 {
		line = strings.ToValidUTF8(line[len(line)-200:], "")
	}
	return line
}

// obstacles match lines by which tools say that they wait for somebody else's
// lock, each with what it stands for.
var obstacles = []struct {
	find *regexp.Regexp
	what string
}{
	{regexp.MustCompile(`^\s*Blocking waiting for file lock on (.+)$`), "cargo's lock on %s"},
	{regexp.MustCompile(`Waiting for cache lock: Could not get lock (\S+)`), "the lock %s"},
	{regexp.MustCompile(`(?i)waiting for (?:the )?other yarn instance to finish(.*)`), "another yarn%s"},
	{regexp.MustCompile(`^(?:Acquiring state lock)\. (This may take a few moments.*)`), "terraform's state lock (%s)"},
	{regexp.MustCompile(`^\s*Timeout waiting to lock (.+?)\.? It is currently in use by another`), "Gradle's lock on %s"},
	{regexp.MustCompile(`^Another command \(pid=(\d+)\) is running\.\s+Waiting for it to complete`), "bazel's other command, pid %s"},
	{regexp.MustCompile(`^Waiting for another flutter command to release the (.+ lock)`), "flutter's %s"},
}

// inUse matches an address that somebody else listens on, as Node, Go, Python,
// Java and others say it.
var inUse = regexp.MustCompile(`(?:EADDRINUSE|[Aa]ddress already in use|port is already allocated|Port \d+ is (?:already )?in use)`)

var port = regexp.MustCompile(`:(\d{2,5})\b|\b[Pp]ort:? (\d{2,5})\b`)

// inUseTries is how often an address must be refused before it is a loop.
const inUseTries = 3

// Obstacle reads the last lines of a log, cleaned, oldest first: what they say
// is waited for, "" when they say nothing of the kind. A lock must be the last
// thing said; an address in use must have been refused three times in them.
func Obstacle(last []string) string {
	refused, where := 0, ""
	for _, line := range last {
		if len(line) > 400 || !inUse.MatchString(line) {
			continue
		}
		refused++
		if m := port.FindStringSubmatch(line); m != nil {
			where = " :" + m[1] + m[2]
		}
	}
	if refused >= inUseTries {
		return fmt.Sprintf("the address%s, in use and tried %d times", where, refused)
	}
	for i := len(last) - 1; i >= 0; i-- {
		line := last[i]
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, o := range obstacles {
			if m := o.find.FindStringSubmatch(line); m != nil && len(line) <= 400 {
				return fmt.Sprintf(o.what, strings.TrimRight(strings.TrimSpace(m[1]), "."))
			}
		}
		return ""
	}
	return ""
}
