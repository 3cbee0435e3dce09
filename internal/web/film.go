package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// film is one journey, the old release's steps beside the new one's.
type film struct {
	ID, Title string
	New, Old  strip
	Frames    []frames
}

// strip is one side: the run that is shown and what all its runs came to.
type strip struct {
	Side    signal.Side
	Version string
	Shown   *signal.Signal // nil: never looked at
	Looks   []signal.Signal
	Passed  int
	Failed  int
	Other   int // met another build, or we could not look
}

// frames is one step on both sides.
type frames struct {
	Index    int
	Old, New *signal.Step
}

// films groups the journey signals of a watch: failing journeys first, then
// in the product's order.
func films(v ReleaseView, p product.Product) []film {
	byID := map[string]*film{}
	var order []string
	add := func(id, title string) *film {
		if f, ok := byID[id]; ok {
			return f
		}
		f := &film{ID: id, Title: title, New: strip{Side: signal.New, Version: v.Release.Version}, Old: strip{Side: signal.Old}}
		if v.Previous != nil {
			f.Old.Version = v.Previous.Version
		}
		byID[id], order = f, append(order, id)
		return f
	}
	for _, j := range p.Journeys {
		title := j.Title
		if title == "" {
			title = words(j.ID)
		}
		add(j.ID, title)
	}
	for _, s := range v.Signals {
		if s.Kind != signal.Journey {
			continue
		}
		f := add(s.Name, words(s.Name))
		if s.Side == signal.Old {
			f.Old.add(s)
		} else {
			f.New.add(s)
		}
	}
	out := make([]film, 0, len(order))
	for _, id := range order {
		f := *byID[id]
		f.Frames = slices.DeleteFunc(align(f.Old.Shown, f.New.Shown), frames.silent)
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b film) int { return min(b.New.Failed, 1) - min(a.New.Failed, 1) })
	return out
}

// add counts a run. Shown is the newest failing run of the new release and
// the newest passing run of the old one, else the newest of all: what the
// comparison rests on.
func (t *strip) add(s signal.Signal) {
	t.Looks = append(t.Looks, s)
	prefer := signal.Fail
	if t.Side == signal.Old {
		prefer = signal.Pass
	}
	elsewhere := s.Expected != "" && s.Served != "" && s.Served != s.Expected
	switch {
	case s.Outcome == signal.Broken || elsewhere:
		t.Other++
	case s.Outcome == signal.Pass:
		t.Passed++
	default:
		t.Failed++
	}
	if t.Shown == nil || s.Outcome == prefer && !elsewhere || t.Shown.Outcome != prefer {
		t.Shown = &s
	}
	if s.Expected != "" {
		t.Version = s.Expected
	}
}

// verdict of a strip in a mark.
func (t strip) mark() mark {
	switch {
	case len(t.Looks) == 0:
		return mark{"idle", "dash", "Not run"}
	case t.Failed > 0 && t.Passed > 0:
		return mark{"bad", "cross", "Fails sometimes"}
	case t.Failed > 0:
		return mark{"bad", "cross", "Fails"}
	case t.Passed > 0:
		return mark{"good", "check", "Passes"}
	}
	return mark{"warn", "question", "Could not tell"}
}

// align pairs the steps of two runs of one recording by their index.
func align(old, shown *signal.Signal) []frames {
	var out []frames
	at := func(i int) *frames {
		for len(out) < i {
			out = append(out, frames{Index: len(out) + 1})
		}
		return &out[i-1]
	}
	for side, s := range []*signal.Signal{old, shown} {
		if s == nil {
			continue
		}
		for i := range s.Steps {
			idx := s.Steps[i].Index
			if idx < 1 || idx > 500 {
				continue
			}
			if side == 0 {
				at(idx).Old = &s.Steps[i]
			} else {
				at(idx).New = &s.Steps[i]
			}
		}
	}
	return out
}

// thin reports that no side has a picture: the column need not be wide.
func (f frames) thin() bool {
	has := func(s *signal.Step) bool { return s != nil && s.Screenshot != "" }
	return !has(f.Old) && !has(f.New) && (f.Old != nil && f.Old.Outcome == signal.Pass || f.New != nil && f.New.Outcome == signal.Pass)
}

// silent reports a step that only prepares the browser and did: there is
// nothing to see of it on either side.
func (f frames) silent() bool {
	quiet := func(s *signal.Step) bool {
		return s == nil || s.Screenshot == "" && s.Message == "" && s.Outcome != signal.Fail &&
			(s.Type == "setViewport" || s.Type == "emulateNetworkConditions")
	}
	return quiet(f.Old) && quiet(f.New) && (f.Old != nil || f.New != nil)
}

// title of a step, from whichever side has it.
func (f frames) title() string {
	for _, s := range []*signal.Step{f.New, f.Old} {
		if s != nil && s.Title != "" {
			return s.Title
		}
		if s != nil {
			return words(s.Type)
		}
	}
	return ""
}

// assetRow is one fetched URL and since when it is as it is.
type assetRow struct {
	signal.Asset
	Since string // the first release known to be broken so
	Known string // why that is believed
}

// assetTable is what the last crawl of the new release fetched.
type assetTable struct {
	Crawl  *signal.Signal
	Rows   []assetRow // broken first
	Broken int
	Kinds  []kindCount
	// Skew is the last look at the previous release's assets.
	Skew       *signal.Signal
	SkewRows   []assetRow
	SkewBroken int
}

// kindCount is a filter of the asset table.
type kindCount struct {
	Kind string
	N    int
}

// crawled builds the asset table.
func crawled(v ReleaseView) assetTable {
	var t assetTable
	for i, s := range v.Signals {
		switch {
		case s.Kind == signal.Assets && s.Side != signal.Old && better(t.Crawl, s):
			t.Crawl = &v.Signals[i]
		case s.Kind == signal.OldAsset && better(t.Skew, s):
			t.Skew = &v.Signals[i]
		}
	}
	before := map[string]signal.Asset{}
	known := false
	for _, s := range append(slices.Clone(v.Before), oldSide(v.Signals)...) {
		known = known || len(s.Assets) > 0
		for _, a := range s.Assets {
			before[assetKey(a.URL)] = a
		}
	}
	if t.Crawl != nil {
		t.Rows, t.Broken = assetRows(t.Crawl.Assets, func(a signal.Asset) (string, string) { return since(v, before, known, a) })
		for _, r := range t.Rows {
			i := slices.IndexFunc(t.Kinds, func(k kindCount) bool { return k.Kind == r.Kind })
			if i < 0 {
				t.Kinds, i = append(t.Kinds, kindCount{Kind: r.Kind}), len(t.Kinds)
			}
			t.Kinds[i].N++
		}
	}
	if t.Skew != nil {
		t.SkewRows, t.SkewBroken = assetRows(t.Skew.Assets, func(signal.Asset) (string, string) { return "", "" })
	}
	return t
}

// better prefers a crawl that met the right version, then the newest.
func better(have *signal.Signal, s signal.Signal) bool {
	wrong := func(s signal.Signal) bool {
		return s.Outcome == signal.Broken || s.Expected != "" && s.Served != "" && s.Served != s.Expected
	}
	return have == nil || wrong(*have) || !wrong(s)
}

// oldSide returns the asset crawls aimed at the old release.
func oldSide(all []signal.Signal) []signal.Signal {
	var out []signal.Signal
	for _, s := range all {
		if s.Kind == signal.Assets && s.Side == signal.Old {
			out = append(out, s)
		}
	}
	return out
}

// assetRows dates the assets and puts the broken ones first.
func assetRows(all []signal.Asset, since func(signal.Asset) (string, string)) (rows []assetRow, broken int) {
	for _, a := range all {
		row := assetRow{Asset: a}
		if a.Problem != "" {
			broken++
			row.Since, row.Known = since(a)
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b assetRow) int { return bad(b.Asset) - bad(a.Asset) })
	return rows, broken
}

func bad(a signal.Asset) int {
	if a.Problem != "" {
		return 1
	}
	return 0
}

// assetKey compares assets of two releases: by path, because the side slot of
// an old release may be another host.
func assetKey(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Path
}

// since says from which release on an asset is broken, as far as is known.
func since(v ReleaseView, before map[string]signal.Asset, known bool, a signal.Asset) (release, why string) {
	was, there := before[assetKey(a.URL)]
	switch {
	case !known:
		return "unknown", "the release before was not crawled"
	case !there:
		return v.Release.Version, "new in " + v.Release.Version
	case was.Problem == "":
		return v.Release.Version, "fine in " + previousVersion(v)
	}
	return "before " + v.Release.Version, "also broken in " + previousVersion(v)
}

func previousVersion(v ReleaseView) string {
	if v.Previous == nil {
		return "the release before"
	}
	return v.Previous.Version
}

// bootGroup is one message of boot reports, counted.
type bootGroup struct {
	Event, Kind, Message, Position string
	Empty                          bool
	N, Real, Synthetic             int
	Pages                          []string
	First, Last                    time.Time
}

// bootTable is what pages said of their own start.
type bootTable struct {
	Groups []bootGroup // what went wrong, the most frequent first
	Counts []kindCount // by event
	Total  int
}

// booted groups the boot reports of a watch.
func booted(v ReleaseView) bootTable {
	var t bootTable
	for _, e := range []string{"fatal", "late", "gone", "ok"} {
		t.Counts = append(t.Counts, kindCount{Kind: e})
	}
	for _, s := range v.Signals {
		if s.Kind == signal.Boot && s.BootInfo != nil {
			t.add(s)
		}
	}
	slices.SortStableFunc(t.Groups, func(a, b bootGroup) int { return b.N - a.N })
	return t
}

func (t *bootTable) add(s signal.Signal) {
	b := s.BootInfo
	t.Total++
	i := slices.IndexFunc(t.Counts, func(k kindCount) bool { return k.Kind == b.Event })
	if i < 0 {
		t.Counts, i = append(t.Counts, kindCount{Kind: b.Event}), len(t.Counts)
	}
	t.Counts[i].N++
	if b.Event == "ok" {
		return
	}
	pos := position(b.File, b.Line, b.Column)
	g := slices.IndexFunc(t.Groups, func(g bootGroup) bool {
		return g.Event == b.Event && g.Kind == b.Kind && g.Message == b.Message && g.Position == pos
	})
	if g < 0 {
		g = len(t.Groups)
		t.Groups = append(t.Groups, bootGroup{Event: b.Event, Kind: b.Kind, Message: b.Message, Position: pos, First: s.At})
	}
	row := &t.Groups[g]
	row.N++
	row.Last = s.At
	row.Empty = row.Empty || b.Empty
	if b.Synthetic {
		row.Synthetic++
	} else {
		row.Real++
	}
	if !slices.Contains(row.Pages, b.Page) && len(row.Pages) < 5 {
		row.Pages = append(row.Pages, b.Page)
	}
}

// readRow is one probe or read, with all its looks.
type readRow struct {
	Kind   signal.Kind
	Name   string
	Last   signal.Signal
	Passed int
	Failed int
	Other  int
	Since  time.Time // start of the current run of failures
}

// reads groups probes, version reads and health requests: failing first.
func reads(all []signal.Signal) []readRow {
	var out []readRow
	for _, s := range all {
		if s.Kind != signal.Probe && s.Kind != signal.Version && s.Kind != signal.Health {
			continue
		}
		i := slices.IndexFunc(out, func(r readRow) bool { return r.Kind == s.Kind && r.Name == s.Name && r.Last.Side == s.Side })
		if i < 0 {
			i, out = len(out), append(out, readRow{Kind: s.Kind, Name: s.Name})
		}
		r := &out[i]
		r.Last = s
		switch s.Outcome {
		case signal.Pass:
			r.Passed++
			r.Since = time.Time{}
		case signal.Fail:
			r.Failed++
			if r.Since.IsZero() {
				r.Since = s.At
			}
		default:
			r.Other++
		}
	}
	slices.SortStableFunc(out, func(a, b readRow) int {
		return strings.Compare(string(a.Last.Outcome), string(b.Last.Outcome)) // broken, fail, pass
	})
	return out
}
