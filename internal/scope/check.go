package scope

import (
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/workspace"
)

// Bounds of what a server keeps of a change, in bytes and pieces.
const (
	maxName      = 200 // commits, versions, branches, products: one line that an index takes
	maxText      = 1000
	maxProducts  = 2000 // more are refused, never left out: a product left out is a missed one
	maxQuiet     = 5000 // products that are left alone
	maxSteps     = 24
	maxList      = 500 // unowned files, problems, routes
	maxAll       = 2 << 20
	maxFiles     = 20_000 // of one build
	maxPath      = 500
	maxSize      = 1 << 44 // of one file
	minCommit    = 7
	sha256Length = 64
)

// Check refuses a report that no honest pipeline tells: without its commit, with
// names that are no line, with a scope that is none, with a product named twice,
// or with more products than can be kept. Texts are cut and freed of characters
// that control a display.
func (r Report) Check() (Report, error) {
	if err := commit(r.Commit); err != nil {
		return r, err
	}
	if err := lines(map[string]string{"version": r.Version, "base": r.Base, "branch": r.Branch}); err != nil {
		return r, err
	}
	if len(r.Products) > maxProducts || len(r.Unaffected) > maxQuiet {
		return r, fault.Newf(fault.Invalid, "a change names at most %d products that it touches and %d that it leaves alone", maxProducts, maxQuiet).
			WithHint("group what is released together into one product")
	}
	seen := map[string]bool{}
	once := func(name string) error {
		if strings.TrimSpace(name) == "" || seen[name] {
			return fault.Newf(fault.Invalid, "the product %q is named twice, or has no name", cut(name, 80))
		}
		seen[name] = true
		return lines(map[string]string{"a product": name})
	}
	for _, h := range r.Products {
		if err := once(h.Name); err != nil {
			return r, err
		}
		if h.Scope != workspace.Ship && h.Scope != workspace.Verify {
			return r, fault.Newf(fault.Invalid, "%q is no scope of a product: it is %q or %q", cut(string(h.Scope), 40), workspace.Ship, workspace.Verify)
		}
	}
	for _, name := range r.Unaffected {
		if err := once(name); err != nil {
			return r, err
		}
	}
	return r.bound(), nil
}

// bound cuts the texts of a report. Of a long chain the middle goes: where it
// begins and where it ends is what people ask for.
func (r Report) bound() Report {
	left := maxAll
	text := func(s string) string {
		s = cut(s, min(maxText, max(left, 40)))
		left -= len(s)
		return s
	}
	r.Title, r.Address, r.All, r.By = text(r.Title), cut(r.Address, 2000), text(r.All), cut(r.By, maxName)
	r.Products = each(r.Products, maxProducts, func(h Hit) Hit {
		h.Chain = each(middle(h.Chain, maxSteps), maxSteps, func(s Step) Step {
			return Step{Kind: cut(s.Kind, 40), Name: text(s.Name), Why: text(s.Why)}
		})
		return h
	})
	r.Unowned, r.Problems, r.Routes = some(r.Unowned, text), some(r.Problems, text), some(r.Routes, text)
	return r
}

// Redact returns the report with every free text passed through hide.
func (r Report) Redact(hide func(string) string) Report {
	r.Title, r.Address, r.All = hide(r.Title), hide(r.Address), hide(r.All)
	r.Products = each(r.Products, len(r.Products), func(h Hit) Hit {
		h.Chain = each(h.Chain, len(h.Chain), func(s Step) Step { s.Why = hide(s.Why); return s })
		return h
	})
	r.Problems = each(r.Problems, len(r.Problems), hide)
	return r
}

// Check is Report's for the files of a build.
func (m Manifest) Check() (Manifest, error) {
	if err := commit(m.Commit); err != nil {
		return m, err
	}
	if err := lines(map[string]string{"version": m.Version, "product": string(m.Product)}); err != nil {
		return m, err
	}
	if len(m.Files) == 0 {
		return m, fault.New(fault.Invalid, "a build without files proves nothing", "name the folder that the build writes")
	}
	if len(m.Files) > maxFiles {
		return m, fault.Newf(fault.Invalid, "a build has at most %d files here", maxFiles).WithHint("leave out what is not served")
	}
	for p, f := range m.Files {
		if len(p) > maxPath || !utf8.ValidString(p) || strings.ContainsFunc(p, unseen) || p != path.Clean(p) || path.IsAbs(p) || strings.HasPrefix(p, "..") || p == "." {
			return m, fault.Newf(fault.Invalid, "%q is no path within a build", cut(p, 80))
		}
		if _, err := hex.DecodeString(f.Hash); err != nil || len(f.Hash) != sha256Length || strings.ToLower(f.Hash) != f.Hash {
			return m, fault.Newf(fault.Invalid, "%s has no SHA-256 in lower-case hex", cut(p, 80))
		}
		if f.Size < 0 || f.Size > maxSize {
			return m, fault.Newf(fault.Invalid, "%s has an impossible size", cut(p, 80))
		}
	}
	return m, nil
}

// commit refuses what cannot name a commit.
func commit(c string) error {
	if len(c) < minCommit || len(c) > maxName || strings.ContainsFunc(c, func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return fault.Newf(fault.Invalid, "%q names no commit", cut(c, 80)).WithHint("send the whole hash")
	}
	return nil
}

// lines refuses names that are no single visible line.
func lines(all map[string]string) error {
	for what, v := range all {
		if len(v) > maxName || !utf8.ValidString(v) || strings.ContainsFunc(v, unseen) {
			return fault.New(fault.Invalid, fmt.Sprintf("%s must be one line of at most %d bytes", what, maxName), "")
		}
	}
	return nil
}

// unseen reports whether a character controls a display instead of standing in
// it: a line break, an escape, a reversal of the direction of writing.
func unseen(r rune) bool { return unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029' }

// cut makes text from outside one visible line of at most n bytes.
func cut(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unseen(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 4*n)], "�"))
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)] + "…"
}

// each returns at most n of a list, each changed by f; the caller's list stays.
func each[T any](list []T, n int, f func(T) T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, 0, min(len(list), n))
	for _, v := range list[:min(len(list), n)] {
		out = append(out, f(v))
	}
	return out
}

// some returns the first texts of a list, and how many it leaves out.
func some(list []string, f func(string) string) []string {
	if len(list) <= maxList {
		return each(list, maxList, f)
	}
	return append(each(list, maxList-1, f), fmt.Sprintf("… and %d more", len(list)-maxList+1))
}

// middle leaves out the middle of a chain that is too long.
func middle(chain []Step, n int) []Step {
	if len(chain) <= n {
		return chain
	}
	head := n / 2
	out := append([]Step{}, chain[:head]...)
	out = append(out, Step{Kind: "reason", Name: fmt.Sprintf("… %d more steps …", len(chain)-n+1)})
	return append(out, chain[len(chain)-(n-head-1):]...)
}
