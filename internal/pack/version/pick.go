package version

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"falkirk/internal/fault"
)

// pick chooses among the tags of one commit: the only one; else the only one that
// is a version; else the highest version, and of equal ones (v1 and v1.0.0) the one
// that is written out most. Names such as latest or lib-9.9 are no versions. What
// the pattern says before its first wildcard is no part of the version.
func pick(tags []string, pattern string) (string, bool) {
	if len(tags) == 1 {
		return tags[0], true
	}
	var best []string
	var highest *semver.Version
	for _, tag := range tags {
		v, err := semver.NewVersion(strings.TrimPrefix(tag, literal(pattern)))
		if err != nil {
			continue
		}
		switch {
		case highest == nil || v.GreaterThan(highest):
			best, highest = []string{tag}, v
		case v.Equal(highest):
			best = append(best, tag)
		}
	}
	if len(best) == 0 {
		return "", false
	}
	most := slices.MaxFunc(best, byParts)
	same := slices.DeleteFunc(best, func(tag string) bool { return byParts(tag, most) != 0 })
	return most, len(same) == 1 // v1.0.0 and 1.0.0 are two names of one version
}

func byParts(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") }

// literal is what a pattern says before its first wildcard, without the v of a version.
func literal(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		pattern = pattern[:i]
	}
	return strings.TrimSuffix(pattern, "v")
}

func passedOver(tag string, all []string) []string {
	if len(all) < 2 {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(all), func(t string) bool { return t == tag })
	return []string{fmt.Sprintf("the commit has more tags than %s, which is the version: %s", tag, strings.Join(others, ", "))}
}

func ambiguous(commit string, tags []string, pattern string) error {
	err := fault.New(fault.Invalid, "no version is given, and commit %s has the tags %s: which one is the version is not clear", commit[:10], strings.Join(tags, ", "))
	if pattern != "" {
		return fault.Hint(err, "version.tags in the app file is %q: make it match one of them, or give a version with --version", pattern)
	}
	return fault.Hint(err, "say in the app file which tags are versions of this app, such as version: {tags: \"frontend/v*\"}, or give a version with --version")
}
