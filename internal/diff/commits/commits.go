// Package commits asks git what lies between two commits. It changes nothing in
// the repository and reaches no network.
package commits

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/git"
)

// most bounds the commits that are listed; all are counted.
const most = 50

// limit is how long git may take: commits are not worth more.
const limit = 20 * time.Second

var commitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// Between says which commits came and went from one source to another, as the
// repository that dir is in knows. What cannot be known is no error: Unknown
// says why.
func Between(ctx context.Context, dir string, from, to delivery.Source) diff.Commits {
	c := diff.Commits{From: from.Commit, To: to.Commit, Came: none(), Gone: none()}
	if from.Dirty {
		c.Notes = append(c.Notes, "before: packed at "+short(from.Commit)+" with changes that were not committed")
	}
	if to.Dirty {
		c.Notes = append(c.Notes, "after: packed at "+short(to.Commit)+" with changes that were not committed")
	}
	if from.Commit == to.Commit && from.Commit != "" {
		return c
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := fill(repo{ctx, dir}, &c); err != nil {
		c.Came, c.Gone, c.Unknown = none(), none(), err.Error()
	}
	return c
}

func none() diff.History { return diff.History{List: []diff.Commit{}} }

func short(id string) string { return id[:min(len(id), 10)] }

func fill(g repo, c *diff.Commits) error {
	for _, id := range []string{c.From, c.To} {
		if id == "" {
			return errors.New("a release was packed without a commit")
		}
		if !commitID.MatchString(id) {
			return fmt.Errorf("%q is not a commit", id)
		}
	}
	if _, err := g.out("rev-parse", "--git-dir"); err != nil {
		if git.Missing(err) {
			return errors.New("there is no git command here")
		}
		return errors.New("the folder of the app file is in no git repository")
	}
	for _, id := range []string{c.From, c.To} {
		if _, err := g.out("cat-file", "-e", id+"^{commit}"); err != nil {
			return fmt.Errorf("commit %s is not in this repository; fetch it", short(id))
		}
	}
	if shallow, err := g.out("rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(string(shallow)) == "true" {
		c.Notes = append(c.Notes, "the repository is a shallow clone; there may be more commits than it knows")
	}
	var err error
	if c.Came, err = g.history(c.From, c.To); err != nil {
		return err
	}
	c.Gone, err = g.history(c.To, c.From)
	return err
}

type repo struct {
	ctx context.Context
	dir string
}

// history is what to has and from lacks.
func (g repo) history(from, to string) (diff.History, error) {
	h := none()
	counted, err := g.out("rev-list", "--count", from+".."+to, "--")
	if err != nil {
		return h, err
	}
	if h.Count, err = strconv.Atoi(strings.TrimSpace(string(counted))); err != nil || h.Count == 0 {
		return h, err
	}
	raw, err := g.out("-c", "log.showSignature=false", "log", "-z", "--no-color", "--encoding=UTF-8", "--format=%H%x00%an%x00%aI%x00%s",
		"--max-count="+strconv.Itoa(most), from+".."+to, "--")
	if err != nil {
		return h, err
	}
	fields := strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
	for ; len(fields) >= 4; fields = fields[4:] {
		h.List = append(h.List, diff.Commit{ID: fields[0], Author: valid(fields[1]), At: fields[2], Subject: valid(fields[3])})
	}
	return h, nil
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func (g repo) out(args ...string) ([]byte, error) {
	out, err := git.Out(g.ctx, g.dir, append([]string{"--no-replace-objects"}, args...)...)
	if err != nil && g.ctx.Err() != nil {
		return nil, errors.New("git took too long, or was interrupted")
	}
	return out, err
}
