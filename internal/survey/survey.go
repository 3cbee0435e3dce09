// Package survey looks at a repository for the affected command: which two
// commits are compared, what changed between them, and what either builds.
//
// A base that cannot be found, a clone without history, a checkout with changes
// of its own are said, never guessed away: where nothing can be told apart, All
// says why. It opens the repository through git, reads each commit by the
// ecosystems' readers, all at once, and writes nothing.
package survey

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/affected"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/git"
	"github.com/postflight/postflight/internal/workspace"
)

// Reader reads what one ecosystem builds from a tree.
type Reader func(ctx context.Context, t workspace.Tree) (workspace.Space, error)

// Options say what is compared.
type Options struct {
	Dir string
	// Base is the name of the commit that is compared with; "" looks for the
	// branch that changes are merged into.
	Base string
	// Exact compares with Base itself, as for what is deployed; else with the
	// commit from which Base and Head have parted, as for a pull request.
	Exact bool
	Head  string // "" is HEAD
	// Dirty counts the changes of the working tree too; Head has to be "" then.
	Dirty bool
	// Readers makes the readers for the checkout at root.
	Readers func(root string) []Reader
}

// Seen is what there is to compare.
type Seen struct {
	Root       string
	Base, Head string // ids of the commits; Base is "" when All says why
	Changes    []affected.Change
	BaseSpaces []workspace.Space
	HeadSpaces []workspace.Space
	// HeadTree reads the files of the head until Close.
	HeadTree workspace.Tree
	// All is why nothing can be told apart; "" when it can.
	All string
	// Notes are what a person should know.
	Notes []string

	batch *git.Batch
}

// Close ends the processes that read the trees.
func (s *Seen) Close() {
	if s.batch != nil {
		_ = s.batch.Close()
	}
}

// Look looks at the repository around o.Dir.
func Look(ctx context.Context, o Options) (*Seen, error) {
	repo, err := git.Open(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Seen{Root: repo.Root()}
	head := o.Head
	if head == "" {
		head = "HEAD"
	}
	if s.Head, err = repo.Commit(ctx, head); err != nil {
		return nil, fault.Newf(fault.NotFound, "there is no commit %s: %w", head, err).WithHint("name a commit, branch or tag with --head")
	}
	if err := s.base(ctx, repo, o); err != nil {
		return nil, err
	}
	if s.batch, err = repo.Batch(ctx); err != nil {
		return nil, err
	}
	if err := s.read(ctx, repo, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// base finds the commit to compare with, or the reason why there is none.
func (s *Seen) base(ctx context.Context, repo *git.Repo, o Options) error {
	name := o.Base
	if name == "" {
		for _, guess := range []string{"origin/HEAD", "origin/main", "origin/master", "main", "master"} {
			if id, err := repo.Commit(ctx, guess); err == nil && (id != s.Head || strings.HasPrefix(guess, "origin/")) {
				name = guess
				break
			}
		}
		if name == "" {
			s.All = "there is no branch to compare with: name a base"
			return ctx.Err()
		}
		s.Notes = append(s.Notes, "compared with where "+name+" has parted; --base names another commit")
	}
	id, err := repo.Commit(ctx, name)
	if err != nil {
		s.All = missing(repo, fmt.Sprintf("the base %s does not exist here", name))
		return ctx.Err()
	}
	if o.Exact {
		s.Base = id
		return nil
	}
	parted, err := repo.MergeBase(ctx, id, s.Head)
	if err != nil {
		s.All = missing(repo, fmt.Sprintf("%s and the head have no commit in common", name))
		return ctx.Err()
	}
	s.Base = parted
	return nil
}

// missing adds to a reason what a shallow clone has to do with it.
func missing(repo *git.Repo, reason string) string {
	if repo.Shallow() {
		return reason + ": the clone is shallow (fetch the history: fetch-depth: 0, GIT_DEPTH: 0, git fetch --unshallow)"
	}
	return reason
}

// read lists what changed and both trees, and reads these by all readers, as much
// at once as there is to do.
func (s *Seen) read(ctx context.Context, repo *git.Repo, o Options) error {
	var headTree, baseTree *git.Tree
	var list, dirty []git.Change
	ask, asking := errgroup.WithContext(ctx)
	ask.Go(func() (err error) {
		headTree, err = repo.Tree(asking, s.Head, s.batch)
		return err
	})
	if s.Base != "" {
		ask.Go(func() (err error) {
			baseTree, err = repo.Tree(asking, s.Base, s.batch)
			return err
		})
		ask.Go(func() (err error) {
			list, err = repo.Changes(asking, s.Base, s.Head)
			return err
		})
	}
	if o.Head == "" {
		ask.Go(func() (err error) {
			dirty, err = repo.Dirty(asking)
			return err
		})
	}
	if err := ask.Wait(); err != nil {
		return err
	}
	s.HeadTree, s.Changes = headTree, changes(list)
	s.dirty(repo, o, dirty)
	var readers []Reader
	if o.Readers != nil {
		readers = o.Readers(repo.Root())
	}
	g, reading := errgroup.WithContext(ctx)
	s.HeadSpaces = spaces(reading, g, s.HeadTree, readers)
	if s.Base != "" {
		s.BaseSpaces = spaces(reading, g, baseTree, readers)
	}
	return g.Wait()
}

// dirty adds the changes of the working tree, or says that they do not count.
func (s *Seen) dirty(repo *git.Repo, o Options, list []git.Change) {
	switch {
	case len(list) == 0:
	case !o.Dirty:
		s.Notes = append(s.Notes, fmt.Sprintf("%d files of the checkout have changes that are not committed; they do not count (--dirty counts them)", len(list)))
	default:
		s.HeadTree = overlay(s.HeadTree, repo.Root(), list)
		known := map[string]bool{}
		for _, c := range s.Changes {
			known[c.Path] = true
		}
		for _, c := range changes(list) {
			if !known[c.Path] {
				s.Changes = append(s.Changes, c)
			}
		}
	}
}

func changes(list []git.Change) []affected.Change {
	out := make([]affected.Change, 0, len(list))
	for _, c := range list {
		out = append(out, affected.Change{Path: c.Path, Removed: c.Kind == git.Removed, Added: c.Kind == git.Added})
	}
	return out
}

// spaces starts all readers on one tree; the answers keep the readers' order.
func spaces(ctx context.Context, g *errgroup.Group, t workspace.Tree, readers []Reader) []workspace.Space {
	out := make([]workspace.Space, len(readers))
	for i, read := range readers {
		g.Go(func() error {
			space, err := read(ctx, t)
			if err != nil {
				return fmt.Errorf("read the workspace: %w", err)
			}
			out[i] = space
			return nil
		})
	}
	return out
}

// Unit finds the units that a person means by a name or a folder.
func (s *Seen) Unit(name string) []string {
	var out []string
	for _, spaces := range [][]workspace.Space{s.HeadSpaces, s.BaseSpaces} {
		for _, space := range spaces {
			for _, u := range space.Units {
				dir := strings.Trim(strings.TrimPrefix(name, "./"), "/")
				if (u.Name == name || u.ID == name || u.Dir == dir && dir != "") && !slices.Contains(out, u.ID) {
					out = append(out, u.ID)
				}
			}
		}
	}
	return out
}
