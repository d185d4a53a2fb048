package imagesync_test

import (
	"slices"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
)

// TestWhatMatchesNothing: a name that is not there is a failure, a pattern that
// matches nothing a warning, and with Require a failure; what is there is copied
// all the same.
func TestWhatMatchesNothing(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	must(t)(first.source.Image(t.Context(), "team/a", "v1.0.0", 1))
	must(t)(first.source.Image(t.Context(), "team/b", "test", 2))
	tests := []struct {
		name      string
		set       func(*imagesync.Settings)
		only      string
		fails     string // part of the error; "" is success
		unmatched []string
		tags      int // that were there
	}{
		{name: "a tag that is named", set: func(s *imagesync.Settings) { s.Repositories, s.Tags = []string{"team/a"}, []string{"v1.0.0", "tset"} }, fails: "no tag tset", tags: 1},
		{name: "the default tag", set: func(s *imagesync.Settings) { s.Repositories, s.Tags = []string{"team/a", "team/b"}, nil }, fails: "no tag test", tags: 1},
		{name: "a repository that is named", set: func(s *imagesync.Settings) { s.Repositories = []string{"team/a", "team/z"} }, fails: "team/z", tags: 1},
		{name: "a pattern of tags", set: func(s *imagesync.Settings) { s.Repositories, s.Tags = []string{"team/a"}, []string{"v1*", "prod-*"} }, unmatched: []string{"tag prod-*"}, tags: 1},
		{name: "a pattern of repositories", set: func(s *imagesync.Settings) { s.Repositories = []string{"team/*", "shop/*"} }, unmatched: []string{"repository shop/*"}, tags: 2},
		{name: "nothing at all", set: func(s *imagesync.Settings) { s.Repositories = []string{"shop/**"} }, unmatched: []string{"repository shop/**", "tag *"}},
		{name: "a tag in no repository of a pattern", set: func(s *imagesync.Settings) { s.Repositories, s.Tags = []string{"team/*"}, []string{"tset"} }, unmatched: []string{"tag tset"}},
		{name: "a tag in one repository of a pattern", set: func(s *imagesync.Settings) { s.Repositories, s.Tags = []string{"team/*"}, []string{"test"} }, tags: 1},
		{name: "a range", set: func(s *imagesync.Settings) { s.Repositories, s.Tags, s.Semver = []string{"team/*"}, nil, ">=2" }, unmatched: []string{"semver >=2"}},
		{name: "an expression", set: func(s *imagesync.Settings) { s.Repositories, s.Tags, s.TagRegex = []string{"team/*"}, nil, "x+" }, unmatched: []string{"tagRegex x+"}},
		{name: "only a tag that is not there", set: func(s *imagesync.Settings) { s.Repositories = []string{"team/*"} }, only: "team/a:nosuch", fails: "no tag nosuch"},
		{name: "only a tag that is there", set: func(s *imagesync.Settings) { s.Repositories = []string{"team/*"} }, only: "team/a:v1.0.0", tags: 1},
	}
	for _, tt := range tests {
		for _, require := range []bool{false, true} {
			w := *first
			w.set = imagesync.Defaults()
			w.set.Source, w.set.Destination, w.set.Insecure, w.set.Tags = first.set.Source, first.set.Destination, true, []string{"*"}
			tt.set(&w.set)
			w.opt.Only, w.opt.Require, w.opt.DryRun = tt.only, require, true
			r, err := w.run()
			fails := tt.fails
			if fails == "" && require && len(tt.unmatched) > 0 {
				fails = "it is required"
			}
			if (err == nil) != (fails == "") || err != nil && (!strings.Contains(err.Error(), fails) || fault.ExitCode(err) == 0 || r.Error == "") {
				t.Errorf("%s, require %v: %v", tt.name, require, err)
			}
			if !slices.Equal(r.Unmatched, tt.unmatched) {
				t.Errorf("%s: unmatched %q, want %q", tt.name, r.Unmatched, tt.unmatched)
			}
			if there := r.Tags - r.Counts[imagesync.Failed]; there != tt.tags {
				t.Errorf("%s: %d tags, want %d", tt.name, there, tt.tags)
			}
		}
	}
}
