package rule

import (
	"fmt"
	"regexp"
	"strings"
)

// allowance is "guard:ok IDS REASON" within a comment.
var allowance = regexp.MustCompile(`(?:^|[^\w:-])guard:ok(?:[ \t]+(.*))?$`)

// maxReason bounds the reason of an allowance, in bytes.
const maxReason = 300

// ParseAllow reads an inline allowance out of a comment:
//
//	guard:ok RULE[,RULE]... REASON
//
// A rule is an id or a number. ok says whether the comment is an allowance at
// all. An allowance without a reason has an empty reason, and allows nothing.
// A rule that does not exist is kept as it was written, for Known to refuse.
func ParseAllow(comment string) (ids []ID, reason string, ok bool) {
	m := allowance.FindStringSubmatch(strings.TrimRight(comment, " \t\r\n"))
	if m == nil {
		return nil, "", false
	}
	rest := strings.TrimSpace(m[1])
	for _, end := range []string{"-->", "*/"} {
		rest = strings.TrimSpace(strings.TrimSuffix(rest, end))
	}
	for {
		word, after, _ := strings.Cut(rest, " ")
		more := strings.HasSuffix(word, ",")
		for name := range strings.SplitSeq(word, ",") {
			if name = strings.TrimRight(name, ":"); name == "" {
				continue
			}
			if id, known := resolve(name); known {
				ids = append(ids, id)
			} else {
				ids = append(ids, ID(name))
			}
		}
		rest = strings.TrimSpace(after)
		if !more || rest == "" {
			break
		}
	}
	reason = strings.TrimSpace(strings.TrimLeft(rest, "-:– \t"))
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return ids, reason, true
}

// UnknownError is a name that no rule has.
type UnknownError struct {
	Name    string
	Nearest []ID
}

// Error names the rule and the nearest that exist.
func (e *UnknownError) Error() string {
	if len(e.Nearest) == 0 {
		return fmt.Sprintf("no rule %q; \"postflight guard rules\" lists them", e.Name)
	}
	return fmt.Sprintf("no rule %q; did you mean %q?", e.Name, e.Nearest[0])
}

// Known checks the ids of an allowance or of a flag; the error is an
// *UnknownError.
func Known(ids ...ID) error {
	for _, id := range ids {
		if _, ok := resolve(string(id)); !ok {
			return &UnknownError{Name: string(id), Nearest: Nearest(string(id))}
		}
	}
	return nil
}
