package scan

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postflight/postflight/internal/rule"
)

var (
	constantIf = regexp.MustCompile(`^(?i:true|false|!true|!false|[0-9]+|'[^']*')$`)
	sameSides  = regexp.MustCompile(`^('[^']*'|[0-9]+|true|false)\s*[!=]=\s*('[^']*'|[0-9]+|true|false)$`)
	orLiteral  = regexp.MustCompile(`\|\|\s*'[^']+'\s*$`)
)

// condition judges an `if:` that is always the same.
func (w workflow) condition(n *yaml.Node) {
	v := get(n, "if")
	k := keyOf(n, "if")
	if v == nil || k == nil || v.Kind != yaml.ScalarNode {
		return
	}
	value := v.Value
	trimmed := strings.TrimSpace(value)
	opens := strings.Count(value, "${{")
	whole := opens == 1 && strings.HasPrefix(trimmed, "${{") && strings.HasSuffix(trimmed, "}}")
	switch {
	case opens > 0 && !whole:
		w.report(rule.ConstantCondition, k, fmt.Sprintf("`if: %s` is a text with `${{ }}` in it, and a text is always true", clip(trimmed)))
		return
	case whole && value != trimmed:
		w.report(rule.ConstantCondition, k, "the `if:` has a blank or a line break beside `${{ }}`, which makes it a text, and a text is always true: leave `${{ }}` away")
		return
	}
	inner := trimmed
	if whole {
		inner = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(trimmed, "${{"), "}}"))
	}
	switch {
	case constantIf.MatchString(inner) || sameSides.MatchString(inner):
		w.report(rule.ConstantCondition, k, fmt.Sprintf("`if: %s` is always the same", clip(trimmed)))
	case orLiteral.MatchString(inner) && !strings.Contains(inner[strings.LastIndex(inner, "||"):], "==") && balanced(inner):
		w.report(rule.ConstantCondition, k, fmt.Sprintf("`if: %s` is always true: what stands behind `||` is a text", clip(trimmed)))
	}
}

// balanced says that the last || is outside of brackets.
func balanced(text string) bool {
	at := strings.LastIndex(text, "||")
	return strings.Count(text[:at], "(") == strings.Count(text[:at], ")")
}

var gateName = regexp.MustCompile(`(?i)(^|[-_ ])(required|gate|all|success|successful|passed|pass|done|complete|completed|green|status|finish|end|ok|checks?)([-_ ]|$)`)

// gate judges a job that stands for the others and does not look at them: with
// always() it is green over red, without it is skipped, and a skipped job
// satisfies a required check.
func (w workflow) gate(key, n *yaml.Node) {
	needs := get(n, "needs")
	if needs == nil || !(gateName.MatchString(key.Value) || gateName.MatchString(text(get(n, "name")))) {
		return
	}
	steps := items(get(n, "steps"))
	if len(steps) == 0 || get(n, "uses") != nil {
		return
	}
	for _, step := range steps {
		if get(step, "uses") != nil || !trivial(text(get(step, "run"))) {
			return
		}
		if strings.Contains(text(get(step, "if")), "needs.") || strings.Contains(text(get(step, "if")), "failure()") || strings.Contains(text(get(step, "if")), "cancelled()") {
			return
		}
	}
	condition := text(get(n, "if"))
	if strings.Contains(condition, "needs.") || strings.Contains(condition, "success()") || strings.Contains(condition, "failure()") {
		return
	}
	if strings.Contains(condition, "always()") || strings.Contains(condition, "!cancelled()") {
		w.report(rule.ConstantCondition, keyOf(n, "if"), fmt.Sprintf("the job %q runs always and looks at no `needs.*.result`: it is green although a job it needs failed", key.Value))
		return
	}
	if condition == "" {
		w.report(rule.StepMissing, key, fmt.Sprintf("the job %q is skipped when a job it needs fails, and a skipped job satisfies a required check: run it `if: always()` and look at `needs.*.result`", key.Value))
	}
}

// trivial says whether a text of shell only says something.
func trivial(text string) bool {
	if strings.Contains(text, "needs") || strings.Contains(text, "NEEDS") || strings.TrimSpace(text) == "" {
		return false
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line == "true" || line == ":" || line == "exit 0" || line[0] == '#' {
			continue
		}
		if !strings.HasPrefix(line, "echo ") || strings.ContainsAny(line, "&|;>") {
			return false
		}
	}
	return true
}
