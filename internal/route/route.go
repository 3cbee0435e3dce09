// Package route says which addresses of a web app a changed file serves, and
// which of those no journey visits.
//
// It knows the routers that read addresses off file names, and those that are
// written down as code: tables, decorators, attributes. Of code it reads only
// what is spelled out; what is computed, or mounted from a file it does not see,
// it leaves out. So a route in its answer is one; that there are no more is
// never claimed. It runs nothing and touches no disk: its caller hands it the
// reading. Called by the command that tells QA what a change will release.
package route

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Kind is what an address answers with.
type Kind string

// The kinds.
const (
	Page   Kind = "page"   // a page that people see
	API    Kind = "api"    // an answer for programs, or one whose form is not known
	Layout Kind = "layout" // what surrounds every page below: the pattern ends in "/*"
)

// Route is one address that a changed file serves.
type Route struct {
	// Pattern is the path of the address, base path included: "/products/{id}".
	// "{id?}" may be missing, "{path...}" is one segment or more, "{path...?}"
	// any number, and a last "*" all that is below.
	Pattern string
	File    string // the changed file
	// App is the folder of the app whose router it is; "" is the root.
	App  string
	Kind Kind
	Why  string // which router says so: "Next.js app router"
}

// The bounds of what is read.
const (
	maxSource  = 1 << 19 // bytes of a file; a longer one is not written by hand
	maxPerFile = 5000    // routes
	maxPattern = 512     // bytes
	maxParts   = 40      // segments of a pattern or an address
	maxDepth   = 40      // of folders above, and of nested tables
)

// Of returns the routes that the files serve, sorted by pattern. The paths have
// slashes and are relative to the root of the repository; read returns a file as
// it is after the change, or an error when there is none. Tests, type
// declarations and files that no router reads give nothing.
func Of(paths []string, read func(path string) ([]byte, error)) []Route {
	s := &scan{read: read, seen: map[string][]byte{}, lexed: map[string]code{}}
	done := map[string]bool{}
	var out []Route
	for _, p := range paths {
		if done[p] || silent(p) {
			continue
		}
		done[p] = true
		found := s.files(p)
		if len(found) == 0 {
			found = s.code(p)
		}
		out = append(out, sound(found, p)...)
	}
	slices.SortFunc(out, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.File, b.File), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Why, b.Why))
	})
	return slices.Compact(out)
}

// sound keeps the routes that can be shown and compared.
func sound(found []Route, file string) []Route {
	var out []Route
	for _, r := range found {
		if len(out) == maxPerFile {
			break
		}
		if len(r.Pattern) > maxPattern || strings.Count(r.Pattern, "/") > maxParts || !printable(r.Pattern) || strings.Contains(r.Pattern+"/", "/../") {
			continue
		}
		r.File = file
		out = append(out, r)
	}
	return out
}

// printable: no blanks, no control characters, nothing that closes a quotation.
func printable(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '"' || r == '<' || r == '>' || r == '\\' || r == '`' || r == 0xfffd
	})
}

// scan is one call of Of: files are read once.
type scan struct {
	read func(path string) ([]byte, error)
	seen map[string][]byte
	// left is how many more files may be asked where one is mounted.
	left  int
	lexed map[string]code
}

// text returns a file, or nil when there is none or it is too long to be source.
func (s *scan) text(p string) []byte {
	if b, ok := s.seen[p]; ok {
		return b
	}
	b, err := s.read(p)
	if err != nil || len(b) > maxSource {
		b = nil
	} else if b == nil {
		b = []byte{}
	}
	s.seen[p] = b
	return b
}

// silent says whether a path can serve nothing: tests, stories, declarations,
// what is installed, and what is no clean path.
func silent(p string) bool {
	if p == "" || strings.HasPrefix(p, "/") || path.Clean(p) != p || strings.HasPrefix(p, "../") || strings.Count(p, "/") > maxDepth {
		return true
	}
	for seg := range strings.SplitSeq(path.Dir(p), "/") {
		switch seg {
		case "node_modules", "__tests__", "__mocks__", "__fixtures__", "bower_components", "site-packages":
			return true
		}
	}
	base := path.Base(p)
	for _, mark := range []string{".test.", ".spec.", ".stories.", ".story.", ".cy.", ".d.ts", ".e2e."} {
		if strings.Contains(base, mark) {
			return true
		}
	}
	stem := strings.TrimSuffix(base, path.Ext(base))
	for _, mark := range []string{"_test", "_spec", "Test", "Tests", "Spec"} {
		if strings.HasSuffix(stem, mark) && path.Ext(base) != ".tsx" && path.Ext(base) != ".jsx" && path.Ext(base) != ".vue" {
			return true
		}
	}
	return strings.HasPrefix(base, "test_") && path.Ext(base) == ".py" || base == "conftest.py"
}

// forTests says whether a folder holds tests or what they are run on.
func forTests(dir string) bool {
	for seg := range strings.SplitSeq(dir, "/") {
		switch seg {
		case "test", "tests", "spec", "testdata", "fixtures", "e2e", "cypress":
			return true
		}
	}
	return false
}

// above yields dir and every folder above it; the root is "".
func above(dir string) []string {
	if dir == "." {
		dir = ""
	}
	out := []string{dir}
	for dir != "" {
		dir = strings.TrimSuffix(path.Dir(dir), ".")
		out = append(out, dir)
	}
	return out
}

// cutExt splits the last extension off: "feed.xml.ts" is "feed.xml" and "ts".
func cutExt(p string) (stem, ext string) {
	ext = path.Ext(p)
	return strings.TrimSuffix(p, ext), strings.TrimPrefix(ext, ".")
}
