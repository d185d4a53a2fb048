package imagesync_test

import (
	"slices"
	"testing"

	"falkirk/internal/imagesync"
)

// At a destination move the tags that a job names, and no others that ECR can
// tell from them.
func TestOnlyTheTagsOfTheJobMove(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		change  func(*imagesync.Settings)
		moving  []string
		mutable bool
	}{
		"usual":       {func(*imagesync.Settings) {}, []string{"sha256-*", "test"}, false},
		"bare":        {func(s *imagesync.Settings) { s.Referrers = false }, []string{"test"}, false},
		"names":       {func(s *imagesync.Settings) { s.Tags = []string{"prd", "rc-*"} }, []string{"prd", "rc-*", "sha256-*"}, false},
		"shapes":      {func(s *imagesync.Settings) { s.Tags = []string{"v?", "a{b,c}d", "x[12]*y*z*"} }, []string{"a*d", "sha256-*", "v*", "x*y*"}, false},
		"versions":    {func(s *imagesync.Settings) { s.Semver = ">=1" }, []string{"sha256-*"}, false},
		"immutable":   {func(s *imagesync.Settings) { s.Create.Immutable = true }, nil, false},
		"mutable":     {func(s *imagesync.Settings) { s.Create.Mutable = true }, nil, true},
		"everything":  {func(s *imagesync.Settings) { s.Tags = []string{"*"} }, nil, true},
		"expression":  {func(s *imagesync.Settings) { s.TagRegex = "v.*" }, nil, true},
		"many":        {func(s *imagesync.Settings) { s.Tags = []string{"a", "b", "c", "d", "e"} }, nil, true},
		"contradicts": {func(s *imagesync.Settings) { s.Create.Mutable, s.Create.Immutable = true, true }, nil, true},
	} {
		s := imagesync.Defaults()
		s.Source, s.Destination, s.Repositories = "a.example", "b.example", []string{"api"}
		one.change(&s)
		m := s.Make()
		if !slices.Equal(m.Moving, one.moving) || m.Mutable != one.mutable {
			t.Errorf("%s: %q move, all: %t", name, m.Moving, m.Mutable)
		}
		if refused := len(s.Check()) > 0; refused != (name == "contradicts") {
			t.Errorf("%s: %v", name, s.Check())
		}
	}
}
