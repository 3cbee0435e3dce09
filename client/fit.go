package client

import (
	"strings"
	"unicode/utf8"
)

// Bounds of what one step may say, in bytes and pieces; the API refuses more.
const (
	fitName      = 200
	fitText      = 2000
	fitPieces    = 200
	fitProofs    = 20
	fitPassages  = 20
	fitSignature = 2 << 20
	fitAll       = 512 << 10 // of all texts together
)

// Fit returns the step cut to what a server takes: texts end with "…", the
// last pieces of long lists are left out, and a signature that is too large
// is not sent. The step itself is not changed.
func (s PipelineStep) Fit() PipelineStep {
	b := &budget{left: fitAll}
	s.ID, s.Name, s.Run, s.Job = name(s.ID), name(s.Name), name(s.Run), name(s.Job)
	s.Version, s.Commit, s.Branch = name(s.Version), name(s.Commit), name(s.Branch)
	s.Hash, s.Signal = name(s.Hash), name(s.Signal)
	s.Address, s.Command, s.Log = clip(s.Address, fitText), clip(s.Command, fitText), clip(s.Log, fitText)
	s.DurationMS, s.CPUMS = max(s.DurationMS, 0), max(s.CPUMS, 0)
	s.Findings = findings(s.Findings, b)
	s.Excerpt = fit(s.Excerpt, fitPassages, func(p PipelinePassage) PipelinePassage {
		p.Why = b.take(p.Why)
		p.Lines = fit(p.Lines, fitPieces, b.take)
		if p.Lines == nil {
			p.Lines = []string{}
		}
		return p
	})
	s.Tools = fit(s.Tools, fitPieces, name)
	s.Reports = fit(s.Reports, fitPieces, func(r PipelineReport) PipelineReport {
		r.Path, r.Hash, r.Format, r.Problem = b.take(r.Path), name(r.Hash), name(r.Format), b.take(r.Problem)
		return r
	})
	s.Longest = fit(s.Longest, fitPieces, func(t PipelineLongestTest) PipelineLongestTest {
		t.Name, t.TookMS = b.take(t.Name), max(t.TookMS, 0)
		return t
	})
	if len(s.Signature) > fitSignature {
		s.Signature = nil
	}
	return s
}

// Fit is PipelineStep's for a closing.
func (p PipelineClosing) Fit() PipelineClosing {
	b := &budget{left: fitAll}
	p.Run, p.Version, p.Commit, p.Branch = name(p.Run), name(p.Version), name(p.Commit), name(p.Branch)
	p.Address = clip(p.Address, fitText)
	p.Findings = findings(p.Findings, b)
	p.Wanted = fit(p.Wanted, fitPieces, func(w PipelineWanted) PipelineWanted {
		w.Name, w.Optional = name(w.Name), b.take(w.Optional)
		return w
	})
	p.Steps = fit(p.Steps, fitPieces, func(s PipelineClosedStep) PipelineClosedStep {
		s.ID, s.Name, s.Job = name(s.ID), name(s.Name), name(s.Job)
		return s
	})
	return p
}

func findings(all []PipelineFinding, b *budget) []PipelineFinding {
	return fit(all, fitPieces, func(f PipelineFinding) PipelineFinding {
		f.Rule, f.Message, f.File, f.Allowed = name(f.Rule), b.take(f.Message), b.take(f.File), b.take(f.Allowed)
		f.Proofs = fit(f.Proofs, fitProofs, func(p PipelineProof) PipelineProof {
			p.Kind, p.Text = name(p.Kind), b.take(p.Text)
			return p
		})
		return f
	})
}

// fit returns at most n of a list, each changed by f.
func fit[T any](list []T, n int, f func(T) T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, 0, min(len(list), n))
	for _, v := range list[:min(len(list), n)] {
		out = append(out, f(v))
	}
	return out
}

// budget bounds all texts of one report together.
type budget struct{ left int }

func (b *budget) take(s string) string {
	s = clip(s, min(fitText, max(b.left, 8)))
	b.left -= len(s)
	return s
}

// name makes a text one line that can be a name.
func name(s string) string {
	return clip(strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), fitName)
}

// clip returns at most n bytes of a text, whole characters only.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
