package scan

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postflight/postflight/internal/rule"
)

// npm reads the scripts of a package.json. JSON is read as YAML, which tells
// where things stand.
func (s *scanner) npm(src *source) {
	if !json.Valid([]byte(src.text)) {
		src.skip(0, "this is no JSON that could be read")
		return
	}
	if !strings.Contains(src.text, `"scripts"`) && !strings.Contains(src.text, "passWithNoTests") {
		return
	}
	for _, root := range documents(spaced(src)) {
		scripts := pairs(get(root, "scripts"))
		reasons := map[string]string{}
		for _, p := range scripts {
			if name, ok := strings.CutPrefix(p.key.Value, "//"); ok {
				reasons[name] = text(p.value)
			}
		}
		for _, p := range scripts {
			if p.value == nil || p.value.Kind != yaml.ScalarNode || strings.HasPrefix(p.key.Value, "//") {
				continue
			}
			beside(src, reasons[p.key.Value], p)
			s.placeholder(src, p)
			out := &outcome{}
			fragment{src: src, text: p.value.Value, start: src.body(p.value), posix: true, where: inNPM, shell: "npm's `sh -c`", name: p.key.Value, out: out}.analyse()
			s.note(out)
		}
		for _, tool := range []string{"jest", "vitest"} {
			if v := get(root, tool, "passWithNoTests"); v != nil && text(v) == "true" {
				src.report(rule.PassWithNoTests, rule.Warn, src.node(v), tool+" is told to pass when it finds no test")
			}
		}
	}
}

// spaced is a source for the YAML parser, which takes no tabs for indentation.
func spaced(src *source) *source {
	if !strings.Contains(src.text, "\t") {
		return src
	}
	copied := *src
	copied.text = strings.ReplaceAll(src.text, "\t", " ")
	return &copied
}

// beside takes an allowance from what the sibling key "//NAME" says.
func beside(src *source, comment string, p pair) {
	if ids, why, ok := rule.ParseAllow(comment); ok {
		src.allow[p.value.Line] = &allowance{line: p.value.Line, ids: ids, reason: why}
	}
}

var (
	idleNode    = regexp.MustCompile(`^node -e ['"](?:|process\.exit\(0?\);?)['"]$`)
	checkScript = regexp.MustCompile(`^(test|tests|lint|typecheck|type-check|check|e2e|verify|unit|integration|test[:-].+|lint[:-].+|check[:-].+)$`)
	sayOnly     = regexp.MustCompile(`^(?:echo\s+(?:"[^"$\x60]*"|'[^']*'|[^;&|><$\x60]*)|true|:|exit 0)(?:\s*(?:&&|;)\s*(?:exit 0|true|:|echo\s+(?:"[^"]*"|'[^']*'|[^;&|><]*)))*$`)
)

// placeholder judges a script that should check something and only says so.
func (s *scanner) placeholder(src *source, p pair) {
	command := strings.TrimSpace(p.value.Value)
	nothing := command == "" || sayOnly.MatchString(command) || idleNode.MatchString(command)
	if nothing && checkScript.MatchString(p.key.Value) && !strings.Contains(p.key.Value, "watch") {
		src.report(rule.PlaceholderScript, rule.Warn, src.body(p.value), fmt.Sprintf("the script %q does nothing: `%s` is always a success", p.key.Value, clip(command)))
	}
}
