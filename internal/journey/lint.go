package journey

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/fault"
)

// Lint refuses a journey that can be played and still is no witness: it asserts
// nothing, opens no page, waits for what is always so, has a step of a name that
// is not known, or a field that looks misspelt. Everything it finds is told at
// once. The configuration check and the lint command call it; what is merely
// unknown is in Warnings.
func (j *Journey) Lint() error {
	found := slices.Clone(j.misspelt)
	opens := false
	for i, s := range slices.Concat(j.Steps, j.Cleanup) {
		opens = opens || s.Type == Navigate || s.Type == Open
		if why := idle(s); why != "" {
			found = append(found, j.problem(s, i+1, why))
		}
	}
	if !opens && !slices.ContainsFunc(j.Steps, func(s Step) bool { return s.Type == API }) {
		found = append(found, &Problem{Name: j.Name, Line: 1, Column: 1, Message: "there is no navigate step, so no page is ever opened"})
	}
	empty := !slices.ContainsFunc(j.Steps, Step.Asserts)
	if empty {
		found = append(found, &Problem{
			Name: j.Name, Line: 1, Column: 1,
			Message: "the journey asserts nothing: it only opens pages and could never fail for what they show",
		})
	}
	if len(found) == 0 {
		return nil
	}
	f := &fault.Error{Kind: fault.Invalid, Message: Problems(found).Error(), Cause: Problems(found)}
	if empty {
		return f.WithHint("add a waitForElement, or a click, that needs what the page is for")
	}
	return f
}

// problem is a Problem of a step; steps of Cleanup are counted on.
func (j *Journey) problem(s Step, index int, message string) *Problem {
	return &Problem{Name: j.Name, Line: max(s.Line, 1), Column: 1, Step: index, Type: string(s.Type), Message: message}
}

// idle says why a step could never fail, or never pass, whatever the page does.
func idle(s Step) string {
	switch {
	case s.Type == WaitForElement && s.Element.certain():
		return "waits for at least 0 elements: it can never fail"
	case s.Type == WaitForExpression && constant(s.Expression):
		return "waits for a constant: it can never fail"
	case s.Type == Custom:
		return fmt.Sprintf("name: unknown custom step %q: %s are known", clip(s.Custom, 60), strings.Join(CustomSteps(), ", "))
	}
	return ""
}

// constant reports an expression that is a literal.
func constant(expression string) bool {
	e := strings.TrimRight(strings.TrimSpace(expression), "; ")
	for strings.HasPrefix(e, "(") && strings.HasSuffix(e, ")") {
		e = strings.TrimSpace(e[1 : len(e)-1])
	}
	switch e {
	case "true", "!0", "!false", "{}", "[]", "":
		return true
	}
	if strings.Trim(e, "0123456789.") == "" {
		return true
	}
	return len(e) > 1 && (e[0] == '"' || e[0] == '\'') && closing(e, 0, true) == len(e)-1
}

// nearest is the known name that this one looks like a misspelling of, or "".
func nearest(name string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least && d <= len(k)/4 {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for k := range row {
		row[k] = k
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			cost := diagonal
			if a[i] != b[k] {
				cost++
			}
			diagonal = row[k+1]
			row[k+1] = min(cost, row[k+1]+1, row[k]+1)
		}
	}
	return row[len(b)]
}
