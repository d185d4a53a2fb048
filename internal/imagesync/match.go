package imagesync

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
	"github.com/bmatcuk/doublestar/v4"

	"falkirk/internal/fault"
)

// missing are the tags of one repository that the job names exactly and that the
// source does not have. Where the job removes what is gone, that is no failure. A job about several repositories by a pattern names no
// tag of each of them: there a tag must be in one repository at least.
func (j *Job) missing(p *pair) []Item {
	if only := j.tag(); only != "" {
		if slices.Contains(p.tags, only) && j.choose.tag(only) {
			return nil
		}
		return []Item{j.lacks(p, only)}
	}
	if !j.choose.named() || j.choose.newest > 0 || j.set.DeleteMissing {
		return nil
	}
	var all []Item
	for _, tag := range j.choose.tags {
		if !isPattern(tag) && !slices.Contains(p.tags, tag) {
			all = append(all, j.lacks(p, tag))
		}
	}
	return all
}

func (j *Job) lacks(p *pair, tag string) Item {
	err := fault.New(fault.NotFound, "%s of %s has no tag %s that the job chooses", p.from.Name(), p.from.Registry(), tag)
	return Item{Repository: p.name, Tag: tag}.failed(fault.Hint(err, "falkirk image ls %s/%s shows its tags", p.from.Registry(), p.from.Name()))
}

// unmatched are the patterns of the job that match nothing in any repository, and
// tags that no repository of a pattern has.
func (j *Job) unmatched(pairs []*pair) []string {
	if j.opt.Only != "" {
		return nil
	}
	var names, tags, all []string
	for _, p := range pairs {
		names, tags = append(names, p.short), append(tags, p.tags...)
	}
	lacks := func(list []string, match func(string) bool) bool { return !slices.ContainsFunc(list, match) }
	for _, pattern := range j.choose.repositories {
		if isPattern(pattern) && lacks(names, func(n string) bool { return doublestar.MatchUnvalidated(pattern, n) }) {
			all = append(all, "repository "+pattern)
		}
	}
	if slices.ContainsFunc(pairs, func(p *pair) bool { return p.unread }) {
		return all // nobody knows what is there; that is an error of its own
	}
	for _, pattern := range j.choose.tags {
		if (isPattern(pattern) || !j.choose.named()) && lacks(tags, func(t string) bool { return doublestar.MatchUnvalidated(pattern, t) }) {
			all = append(all, "tag "+pattern)
		}
	}
	if re := j.choose.regex; re != nil && lacks(tags, re.MatchString) {
		all = append(all, "tagRegex "+j.set.TagRegex)
	}
	if want := j.choose.versions; want != nil && lacks(tags, func(t string) bool {
		v, err := semver.NewVersion(t)
		return err == nil && want.Check(v)
	}) {
		all = append(all, "semver "+j.set.Semver)
	}
	return all
}

// require is the error for patterns that match nothing, where they must match.
func (j *Job) require(r *Result) error {
	if !j.opt.Require || len(r.Unmatched) == 0 {
		return nil
	}
	err := fault.New(fault.Internal, "%s: nothing at %s matches %s, and it is required", r.Name, r.Source, list(r.Unmatched))
	return fault.Hint(err, "correct the pattern, or leave --require out")
}

func list(all []string) string {
	if len(all) > 3 {
		return fmt.Sprintf("%s and %d more", all[0], len(all)-1)
	}
	out := all[0]
	for _, s := range all[1:] {
		out += ", " + s
	}
	return out
}
