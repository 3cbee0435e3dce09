package journey

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file compiles one file: what it uses, its steps for each data row, and its
// clean-up.
func (l *loader) file(src *source) {
	if src.root.kind != isObject {
		l.fail(src.root, "", "a journey is a mapping with title and steps, not %s", src.root.article())
		return
	}
	top := l.section(src.root, "a journey")
	title := squeeze(top.text("title"))
	if len(l.chain) == 1 {
		if l.j.Title = title; title == "" {
			l.fail(src.root, "title", "is missing: what the journey is for, in a few words")
		}
	}
	if d := top.duration("timeout", maxYAMLTimeout); d > 0 {
		l.timeout = d
	}
	if name := top.text("test id"); name != "" {
		if !headerName.MatchString(name) {
			l.fail(src.root.get("test id"), "test id", "%q is not the name of an attribute", clip(name, 40))
		}
		l.attribute, l.j.Attribute = name, name
	}
	if v := top.of("vars", isObject); v != nil {
		l.define(v)
	}
	if u := top.get("use"); u != nil {
		l.uses(u)
	}
	rows := l.rows(top.get("each"))
	if list := top.of("steps", isArray); list == nil {
		if !top.has("steps") {
			l.fail(src.root, "steps", "is missing")
		}
	} else if len(list.list) == 0 {
		l.fail(list, "steps", "there are none: such a journey could never fail")
	} else {
		l.unroll(list, rows)
	}
	if list := top.of("clean up", isArray); list != nil {
		cleaning := l.cleaning
		l.cleaning = true
		l.each(list)
		l.cleaning = cleaning
	}
	l.step, l.kind = 0, ""
	top.close()
}

// define reads the variables of a file. Those of the file that includes it
// count more.
func (l *loader) define(it *item) {
	for _, k := range it.keys {
		switch {
		case !saveName.MatchString(k.name) || strings.HasPrefix(k.name, "secret."):
			l.failAt(it.src, k.at, "vars", fmt.Sprintf("%q is not a name for a variable: letters, digits, - and _; secrets are configured, never written here", clip(k.name, 60)))
			continue
		case builtinName(k.name):
			l.failAt(it.src, k.at, "vars", k.name+" is a variable of the run itself")
			continue
		}
		value := l.scalar(k.value, k.name)
		if had, twice := l.j.Vars[k.name]; twice && len(l.chain) > 1 {
			if _, passed := l.scope[k.name]; !passed && had != value {
				l.j.Warnings = append(l.j.Warnings, *it.src.problem(k.at, Problem{Field: "vars", Message: fmt.Sprintf("%s is set already: %q counts, not %q", k.name, clip(had, 40), clip(value, 40))}))
			}
			continue
		}
		l.j.Vars[k.name] = value
	}
	for _, k := range it.keys {
		l.references(k.value)
	}
	l.circular(it)
}

// circular refuses variables that stand for themselves.
func (l *loader) circular(it *item) {
	var reaches func(from, to string, seen map[string]bool) bool
	reaches = func(from, to string, seen map[string]bool) bool {
		for _, name := range names(l.j.Vars[from]) {
			if name == to {
				return true
			}
			if !seen[name] {
				seen[name] = true
				if reaches(name, to, seen) {
					return true
				}
			}
		}
		return false
	}
	for _, k := range it.keys {
		if reaches(k.name, k.name, map[string]bool{}) {
			l.failAt(it.src, k.at, "vars", k.name+" stands for itself")
		}
	}
}

// uses compiles the files that run first, each once.
func (l *loader) uses(it *item) {
	list := []*item{it}
	if it.kind == isArray {
		list = it.list
	}
	for _, one := range list {
		if name := l.scalar(one, "use"); name != "" {
			l.include(one, "use", name, nil)
		}
	}
}

// include compiles another file in this place.
func (l *loader) include(it *item, how, name string, with map[string]*item) {
	path, err := l.within(it.src, name)
	if err != nil {
		l.fail(it, how, "%s", err)
		return
	}
	if how == "use" && l.used[path] {
		return
	}
	l.used[path] = l.used[path] || how == "use"
	if slices.Contains(l.chain, path) {
		var round []string
		for _, p := range append(slices.Clone(l.chain[slices.Index(l.chain, path):]), path) {
			round = append(round, l.called(p))
		}
		l.fail(it, how, "goes round in a circle: %s", strings.Join(round, " → "))
		return
	}
	if l.includes++; l.includes > maxIncludes || len(l.chain) >= maxChain || l.full {
		if !l.full {
			l.fail(it, how, "more than %d sub-journeys, or %d inside each other", maxIncludes, maxChain)
			l.full = true
		}
		return
	}
	outer := *l
	l.chain = append(slices.Clone(l.chain), path)
	l.from, l.scope = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), maps.Clone(l.scope)
	if l.scope == nil {
		l.scope = map[string]*item{}
	}
	maps.Copy(l.scope, with)
	l.other(it, how, path)
	l.chain, l.from, l.scope, l.timeout, l.attribute = outer.chain, outer.from, outer.scope, outer.timeout, outer.attribute
	l.step, l.kind, l.pending = outer.step, outer.kind, outer.pending
}

// other reads the text of an included file and compiles it.
func (l *loader) other(it *item, how, path string) {
	src := l.cache[path]
	if src == nil {
		if len(l.cache) >= maxFiles {
			l.fail(it, how, "more than %d files", maxFiles)
			return
		}
		data, err := l.read(path)
		if err != nil {
			l.fail(it, how, "%s", err)
			return
		}
		var recorded bool
		var bad []*Problem
		src, recorded, bad = l.source(l.called(path), path, data)
		if recorded {
			l.recorded(path, data)
			return
		}
		l.bad = append(l.bad, bad...)
		if len(bad) > 0 {
			return
		}
		l.cache[path] = src
	}
	l.step, l.kind = 0, ""
	l.file(src)
}

// recorded adds a recording as a sub-journey.
func (l *loader) recorded(path string, data []byte) {
	j, err := Parse(l.called(path), data)
	if err != nil {
		if list, ok := errors.AsType[Problems](err); ok {
			l.bad = append(l.bad, list...)
		}
		return
	}
	l.adopt(j, false)
}

// adopt takes over the steps of a recording.
func (l *loader) adopt(j *Journey, templated bool) {
	l.bad = append(l.bad, j.misspelt...)
	l.j.Warnings = append(l.j.Warnings, j.Warnings...)
	if l.j.origin == "" {
		l.j.origin = j.origin
	}
	for i, s := range slices.Concat(j.Steps, j.Cleanup) {
		s.From, s.Templated = l.from, s.Templated || templated
		l.append(s, l.cleaning || i >= len(j.Steps))
	}
}

func (l *loader) append(s Step, cleanup bool) {
	if len(l.j.Steps)+len(l.j.Cleanup) >= maxSteps {
		if !l.full {
			l.bad = append(l.bad, &Problem{Name: l.name, Line: 1, Column: 1, Field: "steps", Message: fmt.Sprintf("more than %d, with data rows and sub-journeys unrolled", maxSteps)})
		}
		l.full = true
		return
	}
	if cleanup {
		l.j.Cleanup = append(l.j.Cleanup, s)
		return
	}
	l.j.Steps = append(l.j.Steps, s)
}

// rows reads the data rows: in place, or from a file.
func (l *loader) rows(it *item) []map[string]*item {
	if it == nil {
		return nil
	}
	list := it
	if it.kind == isObject {
		in := l.section(it, "each")
		name := in.need("file")
		in.close()
		if name == "" {
			return nil
		}
		if list = l.table(in.it.get("file"), name); list == nil {
			return nil
		}
	}
	if list.kind != isArray || len(list.list) == 0 || len(list.list) > maxSteps {
		l.fail(it, "each", "must be from 1 to %d rows, each a mapping, or {file: rows.csv}", maxSteps)
		return nil
	}
	var out []map[string]*item
	for _, row := range list.list {
		if row.kind != isObject || len(row.keys) == 0 {
			l.fail(row, "each", "a row is a mapping of names to values, not %s", row.article())
			return nil
		}
		values := map[string]*item{}
		for _, k := range row.keys {
			if !saveName.MatchString(k.name) || strings.HasPrefix(k.name, "secret.") || builtinName(k.name) {
				l.failAt(row.src, k.at, "each", fmt.Sprintf("%q is not a name for a variable of a row", clip(k.name, 60)))
			}
			if !k.value.scalar() {
				l.fail(k.value, "each", "a value of a row is text, a number, true or false, not %s", k.value.article())
				return nil
			}
			values[k.name] = k.value
		}
		if len(out) > 0 && !slices.Equal(slices.Sorted(maps.Keys(values)), slices.Sorted(maps.Keys(out[0]))) {
			l.fail(row, "each", "has other names than the first row")
		}
		out = append(out, values)
	}
	return out
}

// table reads data rows from a CSV file with a line of names, or from JSON or
// YAML.
func (l *loader) table(it *item, name string) *item {
	path, err := l.within(it.src, name)
	if err == nil {
		var data []byte
		if data, err = l.read(path); err == nil {
			switch strings.ToLower(filepath.Ext(path)) {
			case ".csv":
				return l.csv(it, data)
			case ".json", ".yaml", ".yml":
				src, bad := readYAML(l.called(path), data)
				if l.bad = append(l.bad, bad...); len(bad) > 0 {
					return nil
				}
				return src.root
			}
			err = fmt.Errorf("%q must end in .csv, .json or .yaml", clip(name, 120))
		}
	}
	l.fail(it, "each", "%s", err)
	return nil
}

func (l *loader) csv(it *item, data []byte) *item {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	lines, err := r.ReadAll()
	if err != nil {
		l.fail(it, "each", "%s: %s", it.text, err)
		return nil
	}
	out := &item{src: it.src, at: it.at, kind: isArray}
	for i, line := range lines {
		if i == 0 {
			continue
		}
		row := &item{src: it.src, at: it.at, kind: isObject}
		for k, value := range line {
			row.keys = append(row.keys, key{name: strings.TrimSpace(lines[0][k]), at: it.at, value: &item{src: it.src, at: it.at, kind: isString, text: value}})
		}
		out.list = append(out.list, row)
	}
	return out
}

// unroll compiles the steps, once for each row.
func (l *loader) unroll(list *item, rows []map[string]*item) {
	if len(rows) == 0 {
		l.each(list)
		return
	}
	outer := l.scope
	for _, row := range rows {
		l.scope = maps.Clone(outer)
		if l.scope == nil {
			l.scope = map[string]*item{}
		}
		maps.Copy(l.scope, row)
		l.each(list)
		if l.full {
			break
		}
	}
	l.scope = outer
}

// each compiles a list of steps.
func (l *loader) each(list *item) {
	for i, it := range list.list {
		l.step, l.kind, l.pending = i+1, "", nil
		l.one(it)
		for _, name := range l.pending {
			l.saved[name] = true
		}
	}
}

// one compiles one step.
func (l *loader) one(raw *item) {
	it := l.substitute(raw)
	if it.kind == isString && slices.Contains([]string{"screenshot", "close"}, it.text) {
		it = &item{src: it.src, at: it.at, kind: isObject, keys: []key{{name: it.text, at: it.at, value: it}}}
	}
	if it.kind != isObject {
		l.fail(it, "", "a step is a mapping with one action (%s), not %s", strings.Join(actionKeys(), ", "), it.article())
		return
	}
	if it.get("type") != nil {
		l.kind = "step"
		l.references(it)
		l.verbatim(it)
		return
	}
	name := l.which(it)
	if name == "" {
		return
	}
	l.kind = name
	l.references(it)
	sec := l.section(it, "a step")
	body := sec.get(name)
	if body == nil {
		return
	}
	switch name {
	case "step":
		list := &l.j.Steps
		if l.cleaning {
			list = &l.j.Cleanup
		}
		had := len(*list)
		if l.verbatim(body); len(*list) > had {
			l.modify(sec, &(*list)[had])
		}
	case "run":
		l.run(body)
	default:
		l.append(l.plainStep(sec, name, body), l.cleaning)
	}
	sec.close()
}

// which is the one action of a step.
func (l *loader) which(it *item) string {
	known := actionKeys()
	var found []string
	for _, k := range it.keys {
		if slices.Contains(known, k.name) {
			found = append(found, k.name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) > 1:
		l.fail(it.get(found[1]), found[1], "is a second action in one step, after %s: begin another step with -", found[0])
	case len(it.keys) == 0:
		l.fail(it, "", "a step needs one action: %s", strings.Join(known, ", "))
	default:
		k := it.keys[0]
		for _, other := range it.keys {
			if nearest(other.name, known) != "" {
				k = other
				break
			}
		}
		l.failAt(it.src, k.at, k.name, unknown("action", k.name, "a step", known))
	}
	return ""
}

// verbatim compiles a step as the recorder writes it.
func (l *loader) verbatim(it *item) {
	if it.kind != isObject {
		l.fail(it, "step", "must be a step of the recorder, such as {type: click, selectors: [[…]]}, not %s", it.article())
		return
	}
	var bad []*Problem
	j := &Journey{Name: it.src.name}
	o := object{r: it.src.reader, n: it.node(), step: l.step, bad: &bad}
	j.parseStep(&o, int(min(l.timeout, maxTimeout*time.Millisecond)/time.Millisecond))
	l.bad = append(l.bad, bad...)
	l.adopt(j, templated(it))
}

// run compiles a sub-journey in this place.
func (l *loader) run(it *item) {
	if it.scalar() {
		l.include(it, "run", l.scalar(it, "run"), nil)
		return
	}
	if it.kind != isObject {
		l.fail(it, "run", "must be a file, or {file: …, with: {…}}, not %s", it.article())
		return
	}
	in := l.section(it, "run")
	name := in.need("file")
	var with map[string]*item
	if w := in.of("with", isObject); w != nil {
		with = map[string]*item{}
		for _, k := range w.keys {
			if !saveName.MatchString(k.name) || strings.HasPrefix(k.name, "secret.") || !k.value.scalar() {
				l.failAt(w.src, k.at, "with", fmt.Sprintf("%q must be a name with a text, a number, true or false", clip(k.name, 60)))
				continue
			}
			with[k.name] = k.value
		}
	}
	in.close()
	if name != "" {
		l.include(in.it.get("file"), "run", name, with)
	}
}
