package imagesync

import (
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/aws/ecr"
)

// signatures is a pattern of the tags that cosign gives to what belongs to an
// image. It writes them again for each signature.
const signatures = "sha256-*"

// Make is how a repository is made that is missing at the destination. A job
// follows the tags that it names when they move at the source, so these may move
// at the destination. Versions that a range chooses may not. Where ECR has no
// pattern for what the job chooses, all tags may move.
func (s Settings) Make() ecr.Make {
	m := ecr.Make{
		Tags: map[string]string{"falkirk:sync": s.Label()}, Mutable: s.Create.Mutable,
		KMSKey: s.Create.KMSKey, ScanOnPush: s.Create.ScanOnPush, Lifecycle: s.Create.Lifecycle,
	}
	if s.Create.Immutable || s.Create.Mutable {
		return m
	}
	m.Moving = s.moving()
	if s.TagRegex != "" || slices.Contains(m.Moving, "*") || len(m.Moving) > ecr.MostMoving {
		m.Moving, m.Mutable = nil, true
	}
	return m
}

// moving are patterns of the tags that the job names.
func (s Settings) moving() []string {
	tags := slices.Clone(s.Tags)
	if len(tags) == 0 && s.TagRegex == "" && s.Semver == "" {
		tags = []string{DefaultTag}
	}
	var all []string
	for _, t := range tags {
		all = append(all, asFilter(t))
	}
	if s.Referrers {
		all = append(all, signatures)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// asFilter is a pattern for ECR of all tags that a pattern of a job means, and
// perhaps of more: it knows * alone, twice at most.
func asFilter(pattern string) string {
	p := regexp.MustCompile(`\\.|\[[^]]*\]|\{[^}]*\}|\?|\*+`).ReplaceAllString(pattern, "*")
	p = regexp.MustCompile(`\*+`).ReplaceAllString(p, "*")
	if parts := strings.Split(p, "*"); len(parts) > 3 {
		p = parts[0] + "*" + parts[1] + "*"
	}
	return p
}
