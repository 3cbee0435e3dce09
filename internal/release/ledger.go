package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
)

// Announcement is what a pipeline tells the ledger.
type Announcement struct {
	Product product.ID
	Version string
	Commit  string
	URL     string
	By      string
	Config  []string // configuration changes, one line each
	Force   bool     // release a pinned version knowingly
}

// Entry is a decision of the ledger: the release and the state after it. New
// is false when the ledger knew the release already.
type Entry struct {
	Release Release
	State   State
	New     bool
}

// limits of what a pipeline may tell, in bytes and lines.
const (
	maxVersion = 128
	maxLine    = 500
	maxConfig  = 50
)

// Announce decides what it means that a pipeline tells of a version. Live is
// the live release and may be nil. Telling the same release twice changes
// nothing; telling more of one that was noticed enriches it. A version that
// the pin holds back is a Conflict, a malformed one Invalid.
func Announce(st State, live *Release, a Announcement, now time.Time) (Entry, error) {
	if err := a.check(); err != nil {
		return Entry{}, err
	}
	if st.Pin.Holds(a.Version) && !a.Force {
		return Entry{}, fault.New(fault.Conflict,
			fmt.Sprintf("%s of %s is held back: %s", a.Version, a.Product, st.Pin.Reason),
			"release another version, or repeat with --force to lift the pin")
	}
	if live != nil && live.Version == a.Version {
		if live.Source == Noticed || live.Source == Baseline {
			return enrich(st, *live, a), nil
		}
		same := a.Commit == "" || a.Commit == live.Commit
		if same && slices.Equal(a.Config, live.Config) {
			return Entry{Release: *live, State: st}, nil
		}
	}
	r := Release{
		Product: a.Product, Version: a.Version, Commit: a.Commit, URL: a.URL, By: a.By,
		Config: a.Config, Source: Announced, At: now, Judgement: Unjudged,
	}
	if st.Pin.Holds(a.Version) {
		st.Pin = st.Pin.without(a.Version)
	}
	return enter(st, live, r), nil
}

// enrich adds what a pipeline told late to a release that was only noticed.
func enrich(st State, live Release, a Announcement) Entry {
	live.Source = Announced
	live.Commit, live.URL, live.By = a.Commit, a.URL, a.By
	live.Config = append(live.Config, a.Config...)
	return Entry{Release: live, State: st}
}

// Notice decides what it means that version is served. The first version ever
// seen is the baseline. It returns false when the ledger expects it.
func Notice(st State, live *Release, version string, now time.Time) (Entry, bool) {
	if version == "" || (live != nil && live.Version == version) {
		return Entry{}, false
	}
	r := Release{Product: st.Product, Version: version, Source: Noticed, At: now, Judgement: Unjudged}
	if live == nil {
		r.Source = Baseline
	}
	if st.Pin.Holds(version) {
		pin := *st.Pin
		r.Violates = &pin
	}
	return enter(st, live, r), true
}

// Undo enters the rollback from bad to target: a new release of target's
// version, and a pin that holds the bad version back. Of the pin, By, Reason
// and At are given: who moved the pointer, why and when.
func Undo(st State, bad, target Release, pin Pin) Entry {
	r := Release{
		Product: bad.Product, Version: target.Version, Commit: target.Commit, By: pin.By,
		Source: Rollback, At: pin.At, Judgement: Unjudged, Undoes: bad.ID, Restores: target.ID,
	}
	pin.Version, pin.Bad = target.Version, bad.Version
	pin.Also = st.Pin.without(bad.Version).held() // what was held back stays so
	st.Pin = &pin
	bad.Judgement = Bad
	if st.LastGood == bad.ID {
		st.LastGood = target.ID
	}
	return enter(st, &bad, r)
}

// maxHeld bounds how many versions one pin holds back, newest first.
const maxHeld = 50

// Holds reports whether the pin, which may be nil, holds a version back.
func (p *Pin) Holds(version string) bool {
	return p != nil && (p.Bad == version || slices.Contains(p.Also, version))
}

// held lists what the pin, which may be nil, holds back.
func (p *Pin) held() []string {
	if p == nil {
		return nil
	}
	out := append([]string{p.Bad}, p.Also...)
	return out[:min(len(out), maxHeld)]
}

// without returns the pin that holds back the rest; nil when nothing is left.
func (p *Pin) without(version string) *Pin {
	rest := slices.DeleteFunc(p.held(), func(v string) bool { return v == version })
	if len(rest) == 0 {
		return nil
	}
	out := *p
	out.Bad, out.Also = rest[0], rest[1:]
	return &out
}

// enter numbers a release and makes it live.
func enter(st State, live *Release, r Release) Entry {
	st.Count++
	r.ID = st.newest(r.Product)
	if live != nil {
		r.Previous = live.ID
		r.Compare = live.ID
		if live.Judgement == Bad {
			r.Compare = st.LastGood
		}
	}
	st.Product, st.Live = r.Product, r.ID
	return Entry{Release: r, State: st, New: true}
}

// Newest reports whether nothing was released after r.
func (st State) Newest(r Release) bool { return r.ID == st.newest(r.Product) }

func (st State) newest(p product.ID) ID { return ID(fmt.Sprintf("%s-%d", p, st.Count)) }

// Remember enters a judgement. A good release becomes the last good one, and
// a good release of a version other than the pinned one lifts the pin.
func Remember(st State, r Release, j Judgement) Entry {
	r.Judgement = j
	if j == Good && st.Live == r.ID {
		st.LastGood = r.ID
		if st.Pin != nil && st.Pin.Version != r.Version {
			st.Pin = nil
		}
	}
	return Entry{Release: r, State: st}
}

// Target returns the release to go back to from bad: the newest that was
// judged good, of another version that was never judged bad. When nothing was
// judged yet, the release just before is taken if proven is true: somebody
// saw it work a moment ago.
func Target(history []Release, bad Release, proven bool) (Release, bool) {
	condemned := map[string]bool{bad.Version: true}
	for _, r := range history {
		if r.Judgement == Bad {
			condemned[r.Version] = true
		}
	}
	newest := slices.Clone(history)
	slices.SortStableFunc(newest, func(a, b Release) int { return b.At.Compare(a.At) })
	for _, r := range newest {
		if r.Judgement == Good && !condemned[r.Version] && r.At.Before(bad.At) {
			return r, true
		}
	}
	for _, r := range newest {
		if proven && r.ID == bad.Compare && !condemned[r.Version] {
			return r, true
		}
	}
	return Release{}, false
}

// check bounds what came from outside.
func (a Announcement) check() error {
	if strings.TrimSpace(a.Version) != a.Version || a.Version == "" {
		return fault.New(fault.Invalid, "a release needs a version, without spaces around it", "postflight release create PRODUCT --version V")
	}
	fields := map[string]string{"version": a.Version, "commit": a.Commit, "url": a.URL, "by": a.By}
	for name, v := range fields {
		limit := maxLine
		if name == "version" || name == "commit" {
			limit = maxVersion
		}
		if len(v) > limit || strings.ContainsFunc(v, unseen) {
			return fault.New(fault.Invalid, fmt.Sprintf("%s must be one line of at most %d bytes", name, limit), "")
		}
	}
	if strings.ContainsAny(a.Version, `/\`) || a.Version == "." || a.Version == ".." {
		return fault.New(fault.Invalid, "a version must not hold a path separator", "use a tag, a number or a commit")
	}
	if a.URL != "" && product.Origin(a.URL) == "" {
		return fault.New(fault.Invalid, "url must be an absolute URL", "")
	}
	if len(a.Config) > maxConfig {
		return fault.Newf(fault.Invalid, "at most %d configuration changes can be told at once", maxConfig)
	}
	for _, c := range a.Config {
		if c == "" || len(c) > maxLine || strings.ContainsFunc(c, unseen) {
			return fault.Newf(fault.Invalid, "a configuration change must be one line of at most %d bytes", maxLine)
		}
	}
	return nil
}

// unseen reports whether a character controls a display instead of standing
// in it: a line break, an escape, a reversal of the direction of writing.
func unseen(r rune) bool { return unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029' }
