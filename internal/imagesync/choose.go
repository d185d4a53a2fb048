package imagesync

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
	"github.com/bmatcuk/doublestar/v4"

	"falkirk/internal/fault"
)

// chooser decides which repositories and tags belong to a job.
type chooser struct {
	repositories []string
	tags         []string
	regex        *regexp.Regexp      // nil: none
	versions     *semver.Constraints // nil: none
	newest       int
}

func newChooser(s Settings) (chooser, error) {
	c := chooser{repositories: s.Repositories, tags: s.Tags, newest: s.Newest}
	var err error
	if s.TagRegex != "" {
		if c.regex, err = regexp.Compile(`^(?:` + s.TagRegex + `)$`); err != nil {
			return c, fault.New(fault.Invalid, "tagRegex: %w", err)
		}
	}
	if s.Semver != "" {
		if c.versions, err = semver.NewConstraint(s.Semver); err != nil {
			return c, fault.New(fault.Invalid, "semver: %w", err)
		}
	}
	if len(c.tags) == 0 && c.regex == nil && c.versions == nil {
		c.tags = []string{DefaultTag}
	}
	return c, nil
}

// isPattern reports whether a name stands for others.
func isPattern(name string) bool { return strings.ContainsAny(name, `*?[{\`) }

// named reports whether all repositories are named, so that nobody need list
// them.
func (c chooser) named() bool { return !slices.ContainsFunc(c.repositories, isPattern) }

func (c chooser) repository(name string) bool {
	return slices.ContainsFunc(c.repositories, func(p string) bool { return doublestar.MatchUnvalidated(p, name) })
}

// tag reports whether a tag is chosen. Those that only say what belongs to an
// image, as cosign's do, go with their image and are never chosen by a pattern.
func (c chooser) tag(tag string) bool {
	if slices.Contains(c.tags, tag) {
		return true
	}
	if isRelation(tag) {
		return false
	}
	if slices.ContainsFunc(c.tags, func(p string) bool { return doublestar.MatchUnvalidated(p, tag) }) {
		return true
	}
	if c.regex != nil && c.regex.MatchString(tag) {
		return true
	}
	if c.versions == nil {
		return false
	}
	v, err := semver.NewVersion(tag)
	return err == nil && c.versions.Check(v)
}

var referrerShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.[a-z]+)?$`) })

func isRelation(tag string) bool {
	return referrerShape().MatchString(tag)
}

// choose keeps the chosen tags, sorted.
func (c chooser) choose(tags []string) []string {
	var all []string
	for _, t := range tags {
		if c.tag(t) {
			all = append(all, t)
		}
	}
	slices.Sort(all)
	return all
}

// byVersion sorts tags by version, the highest first; false if one of them is no
// version.
func byVersion(tags []string) bool {
	versions := map[string]*semver.Version{}
	for _, t := range tags {
		v, err := semver.NewVersion(t)
		if err != nil {
			return false
		}
		versions[t] = v
	}
	slices.SortStableFunc(tags, func(a, b string) int {
		return cmp.Or(versions[b].Compare(versions[a]), strings.Compare(a, b))
	})
	return true
}
