// Package version names a release after the state of a git work tree. It
// changes nothing in it.
package version

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/git"
)

// Tree says where the version comes from.
type Tree struct {
	Dir  string   // a folder of the work tree: that of the app file
	Own  []string // folders where the tool itself writes: nothing in them is a change; absolute
	Tags string   // only tags that match this pattern count, as git tag --list PATTERN matches; "": all
}

// Named is the version of a work tree.
type Named struct {
	Version string
	Source  delivery.Source
	Notes   []string // what a person should know: tags that were passed over, submodules that are not there
}

// FromGit is the version of the work tree: the tag on the commit, as it is
// written; else tag-distance-gcommit; else 0.0.0-distance-gcommit. With changes
// that are not committed, "-dirty." and a short hash of them follow, so two states
// of one commit do not have one version. Characters that a version cannot have,
// such as the slash of a tag like app/v1, become "-".
//
// Where the commit has several tags, pick chooses, or it is an error. A shallow
// clone whose commit has no tag is an error too: a full clone gives another version.
func FromGit(ctx context.Context, t Tree) (Named, error) {
	r := repo{ctx: ctx, dir: t.Dir, tags: t.Tags}
	commit, err := r.line("rev-parse", "--verify", "HEAD^{commit}")
	if err != nil {
		return Named{}, noVersion(ctx, t.Dir, err)
	}
	top, err := r.line("rev-parse", "--show-toplevel")
	if err != nil {
		return Named{}, noWorkTree(ctx, t.Dir, err)
	}
	n := Named{Source: delivery.Source{Commit: commit}}
	if err := r.describe(&n); err != nil {
		return n, err
	}
	w := worktree{ctx: ctx, top: top, except: without(top, t.Own), modes: modesCount(ctx, top), notes: &n.Notes}
	changes, err := w.changes()
	if err != nil {
		return n, err
	}
	if changes != "" {
		n.Source.Dirty = true
		n.Version += "-dirty." + changes[:8]
	}
	n.Version = clean(n.Version)
	return n, delivery.CheckVersion(n.Version)
}

type repo struct {
	ctx  context.Context
	dir  string
	tags string
}

func (r repo) line(args ...string) (string, error) { return git.Line(r.ctx, r.dir, args...) }

// describe names the commit, without what is not committed.
func (r repo) describe(n *Named) error {
	commit := n.Source.Commit
	all, err := r.tagged()
	if err != nil {
		return err
	}
	if here := all.at(commit); len(here) > 0 {
		tag, ok := pick(here, r.tags)
		if !ok {
			return ambiguous(commit, here, r.tags)
		}
		if err := all.unique(tag); err != nil {
			return err
		}
		n.Version, n.Source.Tag = tag, tag
		n.Notes = append(n.Notes, passedOver(tag, here)...)
		return nil
	}
	if err := r.whole(commit); err != nil {
		return err
	}
	reachable, err := r.list("--merged", "HEAD")
	if err != nil {
		return err
	}
	tag, distance := "0.0.0", ""
	switch {
	case len(reachable) > 0:
		var passed []string
		tag, distance, passed, err = r.nearest(all)
		n.Notes = append(n.Notes, passed...)
	case r.tags != "":
		n.Notes = append(n.Notes, fmt.Sprintf("version.tags in the app file is %q, and no tag before this commit matches it, so the version counts all commits", r.tags))
		fallthrough
	default:
		distance, err = r.line("rev-list", "--count", "HEAD")
	}
	n.Version = tag + "-" + distance + "-g" + commit[:10]
	return err
}

// nearest is the tag of the earlier commit that git describe finds, and how many
// commits came after it. Of several tags there, pick chooses, as on the commit itself.
func (r repo) nearest(all tags) (tag, distance string, passed []string, err error) {
	args := []string{"describe", "--tags", "--long", "--abbrev=40"}
	if r.tags != "" {
		args = append(args, "--match="+r.tags)
	}
	said, err := r.line(args...)
	if err != nil {
		return "", "", nil, err
	}
	tag, distance, ok := cutDescribed(said)
	if !ok {
		return "", "", nil, fmt.Errorf("git describe answers %q", said)
	}
	at, err := r.line("rev-parse", "--verify", "refs/tags/"+tag+"^{commit}")
	if err != nil {
		return "", "", nil, err
	}
	beside := all.at(at)
	best, ok := pick(beside, r.tags)
	if !ok {
		return "", "", nil, ambiguous(at, beside, r.tags)
	}
	return best, distance, passedOver(best, beside), nil
}

// cutDescribed takes tag-distance-gcommit apart.
func cutDescribed(said string) (tag, distance string, ok bool) {
	i := strings.LastIndex(said, "-g")
	if i < 0 {
		return "", "", false
	}
	j := strings.LastIndexByte(said[:i], '-')
	if j < 0 {
		return "", "", false
	}
	_, err := strconv.Atoi(said[j+1 : i])
	return said[:j], said[j+1 : i], err == nil
}

func (r repo) lines(args ...string) ([]string, error) {
	said, err := r.line(args...)
	if err != nil || said == "" {
		return nil, err
	}
	return strings.Split(said, "\n"), nil
}

// whole refuses a clone that does not have the history that a version counts.
func (r repo) whole(commit string) error {
	shallow, err := r.line("rev-parse", "--is-shallow-repository")
	if err != nil || shallow != "true" {
		return err
	}
	err = fault.New(fault.Invalid, "no version is given, and this clone is shallow: commit %s has no tag here, and the history that its version is counted from is missing", commit[:10])
	return fault.Hint(err, "fetch the history: git fetch --unshallow --tags (in GitHub Actions: actions/checkout with fetch-depth: 0; in GitLab CI: GIT_DEPTH: 0), or give a version with --version")
}

func noVersion(ctx context.Context, dir string, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if git.Missing(cause) {
		err := fault.New(fault.Invalid, "no version is given, and there is no git command to ask for one")
		return fault.Hint(err, "give one with --version, or install git")
	}
	err := fault.New(fault.Invalid, "no version is given, and git has none for %s: %w", dir, cause)
	switch {
	case strings.Contains(cause.Error(), "dubious ownership"):
		return fault.Hint(err, "the repository belongs to another user: git config --global --add safe.directory %s, or give a version with --version", dir)
	case os.Getenv("GIT_DIR") != "":
		return fault.Hint(err, "GIT_DIR is set and is not followed, only the repository that the folder is in counts; give one with --version")
	}
	return fault.Hint(err, "give one with --version, or commit first")
}

func noWorkTree(ctx context.Context, dir string, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := fault.New(fault.Invalid, "no version is given, and %s is in a bare repository or in a folder of git itself: there is no work tree to name", dir)
	return fault.Hint(fmt.Errorf("%w (%w)", err, cause), "pack in a work tree, or give a version with --version")
}

// clean replaces what a version cannot have; git allows more in a tag.
func clean(v string) string {
	v = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._+-", r):
			return r
		}
		return '-'
	}, v)
	return strings.TrimLeft(v, "._+-")
}
