package process

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const masked = "•••"

var (
	telling = regexp.MustCompile(`(?i)(?:token|secret|passw|passphrase|pwd|api-?_?key|access-?_?key|private-?_?key|credential|auth|cookie|bearer)`)
	// option is a name and, after an equals sign, a value: --token=x, TOKEN=x.
	option = regexp.MustCompile(`^(-{0,2}[A-Za-z][\w.:-]*)=(?s)(.+)$`)
	userAt = regexp.MustCompile(`(\w{2,20}://)[^/@\s]+@`)
)

// hidden is a command line without the values of options that tell of secrets,
// in one argument or the next, and without the user part of addresses. A
// Redact of the caller does the rest.
func hidden(argv []string) []string {
	out := slices.Clone(argv)
	for i, a := range out {
		if m := option.FindStringSubmatch(a); m != nil && telling.MatchString(m[1]) {
			out[i] = m[1] + "=" + masked
			continue
		}
		if strings.HasPrefix(a, "-") && !strings.Contains(a, "=") && telling.MatchString(a) && i+1 < len(out) && !strings.HasPrefix(out[i+1], "-") {
			out[i+1] = masked
			continue
		}
		out[i] = userAt.ReplaceAllString(a, "${1}"+masked+"@")
	}
	return out
}

// short is a text in one line of at most limit bytes, what a terminal would
// obey taken out.
func short(text string, limit int) string {
	cut := len(text) > limit
	if cut {
		text = text[:limit]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if cut {
		text += "…"
	}
	return text
}

// ranked writes counts, the largest first.
func ranked(count map[string]int) []string {
	keys := make([]string, 0, len(count))
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	for i, k := range keys {
		if count[k] > 1 {
			keys[i] = fmt.Sprintf("%d × %s", count[k], k)
		}
	}
	return keys
}
