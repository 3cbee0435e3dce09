package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
)

// How long one run may take when the file does not say.
const (
	defaultTimeout      = 30 * time.Second
	defaultSuiteTimeout = 5 * time.Minute
)

// journey converts one journey.
func (j Journey) journey() product.Journey {
	out := product.Journey{
		ID: j.ID, Title: j.Title, File: j.File, Every: j.Every, Timeout: j.Timeout, Full: j.Browser == "full",
		Hosts: slices.Clone(j.Hosts), Writes: slices.Clone(j.Writes), Vars: maps.Clone(j.Vars), Secrets: revealed(j.Secrets),
		Allow: slices.Clone(j.Allow), Errors: j.Errors,
	}
	if c := j.Compare; c != nil {
		out.Compare = product.Compare{On: true, Fail: c.Fail, Limit: c.Limit, Ignore: slices.Clone(c.Ignore)}
	}
	if b := j.Budgets; b != nil {
		out.Budgets = product.Budgets(*b)
	}
	if q := j.Quarantine; q != nil {
		out.Quarantine = &product.Quarantine{Until: q.end(), Owner: q.Owner, Reason: q.Reason}
	}
	if s := j.Playwright; s != nil {
		out.Suite = &product.Suite{
			Dir: s.Dir, Files: slices.Clone(s.Files), Project: s.Project, Grep: s.Grep, Env: revealed(s.Env),
		}
	}
	return out
}

// revealed returns the values of secrets by name; nil for none.
func revealed(secrets map[string]Secret) map[string]string {
	if len(secrets) == 0 {
		return nil
	}
	out := make(map[string]string, len(secrets))
	for name, s := range secrets {
		out[name] = s.Reveal()
	}
	return out
}

// end is the first instant at which the quarantine is over.
func (q Quarantine) end() time.Time {
	day, _ := time.Parse(time.DateOnly, q.Until)
	return day.AddDate(0, 0, 1)
}

// journeys checks that every journey is there, can be played and can fail.
func (c *checker) journeys(key string, p *Product) {
	seen := map[string]string{}
	for i := range p.Journeys {
		j := &p.Journeys[i]
		at := fmt.Sprintf("%s[%d]", key, i)
		c.times(at, j)
		if j.File == "" && j.Playwright == nil {
			continue // told already
		}
		if j.ID == "" && !c.identify(at, j) {
			continue
		}
		if first, twice := seen[j.ID]; twice {
			where := at + ".id"
			if _, written := c.src.values[where]; !written {
				where = at + ".file"
			}
			c.fail(c.src.onValue(where, Problem{
				Value: j.ID, Message: fmt.Sprintf("journey id %q is already that of %s", j.ID, first),
				Accepted: []string{"another id"},
			}))
		} else {
			seen[j.ID] = at
		}
		for _, list := range []struct {
			name string
			of   []string
		}{{"hosts", j.Hosts}, {"writes", j.Writes}, {"allow", j.Allow}} {
			c.once(at+"."+list.name, list.of)
		}
		c.quarantine(at+".quarantine", j)
		if j.Playwright != nil {
			c.suite(at, j)
			continue
		}
		c.recording(at, j)
	}
}

// times fills in what the kind of journey means for its time.
func (c *checker) times(key string, j *Journey) {
	if j.Timeout != 0 || c.failed(key+".timeout") {
		return
	}
	j.Timeout = defaultTimeout
	if j.Playwright != nil {
		j.Timeout = defaultSuiteTimeout
	}
	c.src.origins[key+".timeout"] = "default"
}

// identify makes an id of the file's name.
func (c *checker) identify(key string, j *Journey) bool {
	if c.failed(key + ".id") {
		return false
	}
	if j.File == "" {
		c.fail(c.src.onKey(key, Problem{
			Message: key + " needs an id: results of a suite are kept under it", Accepted: []string{"id: " + formats["id"].accepted},
		}))
		return false
	}
	j.ID = strings.ToLower(strings.TrimSuffix(filepath.Base(j.File), filepath.Ext(j.File)))
	if !idShape.MatchString(j.ID) {
		c.fail(c.src.onValue(key+".file", Problem{
			Message:  fmt.Sprintf("no id can be made of the file name %s", filepath.Base(j.File)),
			Accepted: []string{"id: " + formats["id"].accepted},
		}))
	}
	return true
}

// quarantine tells one that is over: it has no effect any more.
func (c *checker) quarantine(key string, j *Journey) {
	q := j.Quarantine
	if q == nil || c.failed(key) || c.opts.Now.Before(q.end()) {
		return
	}
	c.warn(c.src.onValue(key+".until", Problem{
		Value:    q.Until,
		Message:  fmt.Sprintf("the quarantine of journey %s (%s) ended on %s: its failures count again", j.ID, q.Owner, q.Until),
		Accepted: []string{"a later day", "no quarantine"},
	}))
}

// suite checks that a Playwright project is there, and that nothing is asked
// of it that only our own browser can do.
func (c *checker) suite(key string, j *Journey) {
	s := j.Playwright
	if s.Dir == "" || c.failed(key+".playwright") {
		return
	}
	if info, err := os.Stat(s.Dir); err != nil || !info.IsDir() {
		c.fail(c.src.onValue(key+".playwright.dir", Problem{
			Value: s.Dir, Message: fmt.Sprintf("directory %s of the Playwright project is not there", s.Dir),
			Accepted: []string{"the directory in which npx playwright test runs"},
		}))
		return
	}
	for i, file := range s.Files {
		if strings.HasPrefix(file, "-") {
			c.fail(c.src.onValue(fmt.Sprintf("%s.playwright.files[%d]", key, i), Problem{
				Value: file, Message: fmt.Sprintf("%q is an option, not a file", file), Accepted: []string{"a file or folder of tests", "project and grep for these options"},
			}))
		}
	}
	for name, set := range map[string]bool{
		"browser": j.Browser != "", "hosts": j.Hosts != nil, "writes": j.Writes != nil,
		"compare": j.Compare != nil, "budgets": j.Budgets != nil,
	} {
		if set {
			c.fail(c.src.onKey(key+"."+name, Problem{
				Message:  fmt.Sprintf("%s.%s has no effect on a Playwright suite, which brings its own browser", key, name),
				Accepted: []string{"the Playwright configuration"},
			}))
		}
	}
}

// recording checks one journey's file.
func (c *checker) recording(key string, j *Journey) {
	info, err := os.Stat(j.File)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("not a regular file")
	}
	if err != nil {
		c.fail(c.src.onValue(key+".file", Problem{
			Value: j.File, Message: "journey " + describeFile(j.File, err),
			Accepted: []string{"a recording exported from the Recorder panel of Chrome DevTools"},
		}))
		return
	}
	if c.opts.JourneyLint == nil || c.failed(key+".secrets") || c.failed(key+".vars") {
		return
	}
	wrong := c.opts.JourneyLint(j.journey())
	if wrong == nil {
		return
	}
	p := Problem{Value: j.File, Message: fmt.Sprintf("journey %s: %s", filepath.Base(j.File), wrong)}
	if hint := fault.HintOf(wrong); hint != "" {
		p.Accepted = []string{hint}
	}
	c.fail(c.src.onValue(key+".file", p))
}
