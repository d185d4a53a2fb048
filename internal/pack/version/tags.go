package version

import (
	"maps"
	"slices"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
)

// tags are the tags of a repository that count, each with its commit. A tag of a
// tag is on the commit that the inner one is on.
type tags map[string]string

// tagged reads them. git tag --points-at does not list tags of tags in each
// version of git, and settings such as column.ui change what git tag prints.
func (r repo) tagged() (tags, error) {
	if why := ignore.Malformed(r.tags); why != "" {
		err := fault.New(fault.Invalid, "version.tags in the app file is %q, which matches no tag: %s", r.tags, why)
		return nil, fault.Hint(err, "write it as for git tag --list, such as \"frontend/v*\"")
	}
	names, err := r.list()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	lines, err := r.lines("show-ref", "--tags", "--dereference")
	if err != nil {
		return nil, err
	}
	all := tags{}
	for _, line := range lines { // "<id> refs/tags/v1", and for a tag with a message "<commit> refs/tags/v1^{}" after it
		id, ref, _ := strings.Cut(line, " ")
		name := strings.TrimSuffix(strings.TrimPrefix(ref, "refs/tags/"), "^{}")
		if _, counts := slices.BinarySearch(names, name); counts {
			all[name] = id
		}
	}
	return all, nil
}

// list is the names of the tags that count and fit more options of git tag, in
// order.
func (r repo) list(options ...string) ([]string, error) {
	args := append([]string{"tag", "--list", "--no-column"}, options...)
	if r.tags != "" {
		args = append(args, "--", r.tags)
	}
	names, err := r.lines(args...)
	slices.Sort(names)
	return names, err
}

// at lists the tags on a commit, in order of name.
func (t tags) at(commit string) []string {
	var here []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if t[name] == commit {
			here = append(here, name)
		}
	}
	return here
}

// unique refuses a tag whose version is also that of a tag on another commit:
// a/1.0 and a-1.0 are both a-1.0.
func (t tags) unique(tag string) error {
	for _, other := range slices.Sorted(maps.Keys(t)) {
		if other == tag || t[other] == t[tag] || clean(other) != clean(tag) {
			continue
		}
		err := fault.New(fault.Invalid, "no version is given, and the tags %s and %s, of different commits, are both version %s", tag, other, clean(tag))
		return fault.Hint(err, "delete or rename one of them, say in the app file which tags count, such as version: {tags: \"v*\"}, or give a version with --version")
	}
	return nil
}
