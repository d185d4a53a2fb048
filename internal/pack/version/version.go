// Package version names a release after the state of a git work tree. It
// changes nothing in it.
package version

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// FromGit is the version of the work tree that dir is in: the tag on the commit,
// as it is written; else tag-distance-gcommit; else 0.0.0-distance-gcommit. With
// changes that are not committed, "-dirty." and a short hash of them follow, so
// two states of one commit do not claim one version. Characters that a version
// cannot have, such as the slash of a tag like app/v1, become "-".
//
// What lies in the folders of own is no change: there the tool itself writes.
// They are absolute; one outside of the work tree means nothing.
func FromGit(ctx context.Context, dir string, own ...string) (string, delivery.Source, error) {
	g := git{ctx: ctx, dir: dir, own: own}
	commit, err := g.line("rev-parse", "--verify", "HEAD")
	if err != nil {
		return "", delivery.Source{}, noVersion(ctx, dir, err)
	}
	src := delivery.Source{Commit: commit}
	v, err := g.describe(&src, commit)
	if err != nil {
		return "", delivery.Source{}, err
	}
	changes, err := g.changes()
	if err != nil {
		return "", delivery.Source{}, err
	}
	if changes != "" {
		src.Dirty = true
		v += "-dirty." + changes
	}
	v = clean(v)
	return v, src, delivery.CheckVersion(v)
}

func (g git) describe(src *delivery.Source, commit string) (string, error) {
	tag, err := g.line("describe", "--tags", "--exact-match", "HEAD")
	if err == nil {
		src.Tag = tag
		return tag, nil
	}
	if v, err := g.line("describe", "--tags", "--long", "--abbrev=10", "HEAD"); err == nil {
		return v, nil
	}
	n, err := g.line("rev-list", "--count", "HEAD")
	if err != nil {
		return "", err
	}
	return "0.0.0-" + n + "-g" + commit[:10], nil
}

// changes is a short hash of what differs from the commit, or "".
func (g git) changes() (string, error) {
	top, err := g.line("rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	status, err := g.out(append([]string{"status", "--porcelain=v1", "-z", "--untracked-files=all", "--", ":/"}, g.without(top)...)...)
	if err != nil || len(status) == 0 {
		return "", err
	}
	h := sha256.New()
	h.Write(status)
	diff, err := g.out("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD")
	if err != nil {
		return "", err
	}
	h.Write(diff)
	if err := hashUntracked(h, top, status); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:8], nil
}

// without is the pathspecs that leave out the tool's own folders.
func (g git) without(top string) []string {
	var specs []string
	for _, folder := range g.own {
		if real, err := filepath.EvalSymlinks(folder); err == nil {
			folder = real
		}
		if rel, err := filepath.Rel(filepath.FromSlash(top), folder); err == nil && filepath.IsLocal(rel) && rel != "." {
			specs = append(specs, ":(top,exclude,literal)"+filepath.ToSlash(rel))
		}
	}
	return specs
}

type git struct {
	ctx context.Context
	dir string
	own []string
}

func (g git) line(args ...string) (string, error) {
	out, err := g.out(args...)
	return strings.TrimSpace(string(out)), err
}

func (g git) out(args ...string) ([]byte, error) {
	// Without optional locks, asking does not write to the repository's index.
	cmd := exec.CommandContext(g.ctx, "git", append([]string{"--no-optional-locks", "-C", g.dir}, args...)...)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(problem.String()))
	}
	return out, nil
}

func noVersion(ctx context.Context, dir string, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := fault.New(fault.Invalid, "no version is given, and git has none for %s: %w", dir, cause)
	if errors.Is(cause, exec.ErrNotFound) {
		err = fault.New(fault.Invalid, "no version is given, and there is no git command to ask for one")
	}
	return fault.Hint(err, "give one with --version, or commit first")
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
