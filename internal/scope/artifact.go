package scope

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// File is one file that a build produced.
type File struct {
	Hash string `json:"sha256"` // hex
	Size int64  `json:"size"`
}

// Manifest is what one build of a product produced. Stored as JSON; fields may
// be added.
type Manifest struct {
	Product product.ID      `json:"product"`
	Commit  string          `json:"commit"`
	Version string          `json:"version,omitempty"`
	Files   map[string]File `json:"files"` // by path
	At      time.Time       `json:"at"`    // when the server was told
}

// Same reports whether two manifests name the same bytes.
func (m Manifest) Same(o Manifest) bool {
	return m.Product == o.Product && m.Commit == o.Commit && m.Version == o.Version && maps.Equal(m.Files, o.Files)
}

// Difference is one file that differs between two builds; a hash is "" where
// the file is not there.
type Difference struct {
	Path string `json:"path"`
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
}

// how says in a word what became of the file.
func (d Difference) how() string {
	switch {
	case d.Was == "":
		return "new"
	case d.Now == "":
		return "gone"
	}
	return "changed"
}

// Finding is our own bug: a product that was said to be left alone, and whose
// bytes changed. Stored as JSON; fields may be added.
type Finding struct {
	Product product.ID `json:"product"`
	Commit  string     `json:"commit"`
	Version string     `json:"version,omitempty"`
	Claim   Claim      `json:"claim"`
	Against string     `json:"against"` // commit of the build that it is compared with
	// Exact says that Against is the base of the report: nothing else can have
	// changed the bytes. Otherwise changes between the two may have.
	Exact bool         `json:"exact"`
	Files []Difference `json:"files"` // the first of them
	Total int          `json:"total"`
	Text  string       `json:"text"`
	At    time.Time    `json:"at"`
}

// maxDifferences bounds the files that a finding names.
const maxDifferences = 50

// Compare holds a build against an earlier one. It finds something only where
// the report makes a claim, and the bytes say otherwise.
func Compare(r Report, was, now Manifest) (Finding, bool) {
	claim, _ := r.Of(now.Product)
	if claim != Unaffected && claim != Verifies {
		return Finding{}, false
	}
	all := differences(was.Files, now.Files)
	if len(all) == 0 {
		return Finding{}, false
	}
	f := Finding{
		Product: now.Product, Commit: r.Commit, Version: cmp.Or(now.Version, r.Version), Claim: claim, Against: was.Commit,
		Exact: release.SameCommit(was.Commit, r.Base), Files: all[:min(len(all), maxDifferences)], Total: len(all), At: now.At,
	}
	f.Text = f.say(r.Base)
	return f, true
}

func differences(was, now map[string]File) []Difference {
	var out []Difference
	for path, f := range now {
		if old := was[path]; old.Hash != f.Hash {
			out = append(out, Difference{Path: path, Was: old.Hash, Now: f.Hash})
		}
	}
	for path, f := range was {
		if _, ok := now[path]; !ok {
			out = append(out, Difference{Path: path, Was: f.Hash})
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

func (f Finding) say(base string) string {
	first := f.Files[0]
	said := "unaffected"
	if f.Claim == Verifies {
		said = "only verified"
	}
	text := fmt.Sprintf("our own bug: said %s, bytes changed: %s of %s is %s", said, cut(first.Path, 200), f.Product, first.how())
	if n := f.Total - 1; n > 0 {
		text += fmt.Sprintf(", and %d more", n)
	}
	text += ", against the build of " + Short(f.Against)
	switch {
	case f.Exact:
	case base == "":
		text += " (the base is not known: other changes may lie between)"
	default:
		text += fmt.Sprintf(" (no build of the base %s is known: other changes may lie between)", Short(base))
	}
	return text
}
