package oci_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"falkirk/internal/oci"
)

// FuzzNames: what is taken for a name, a tag or a digest stays one part of an
// address: nothing is escaped, cut off, or led to another path.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"shop/api", "1.4.0", "..", "a/../b", "a?b", "t%2f", "sha256:0", "a#b", "a//b", ".", "", "a\nb", "_x", "-x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !oci.IsRepository(s) && !oci.IsReference(s) {
			return
		}
		at := "/v2/" + s + "/end"
		u, err := url.Parse("https://host" + at)
		if err != nil || u.Path != at || u.EscapedPath() != at || u.RawQuery != "" || path.Clean(at) != at {
			t.Errorf("%q becomes %v, %v", s, u, err)
		}
		if oci.IsReference(s) && strings.Contains(s, "/") {
			t.Errorf("%q is taken for a tag or a digest", s)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		is  func(string) bool
		yes []string
		not []string
	}{
		"tag":    {oci.IsTag, []string{"a", "_", "1.4.0__b_-", "A..b", strings.Repeat("x", 128)}, []string{"", ".", "..", "-a", ".a", "a?b", "t%2f", "a/b", "a b", "a\n", "é", "a:b", strings.Repeat("x", 129)}},
		"digest": {oci.IsDigest, []string{"sha256:" + strings.Repeat("0", 64), "sha512+b64:aA=_-"}, []string{"", "sha256", "sha256:", ":a", "sha256:a/b", "sha256:..", "sha256:a?b", "sha256:a%2fb", "sha256:a\n"}},
		"name":   {oci.IsRepository, []string{"a", "shop/api", "a__b/c-d.e"}, []string{"", "..", "../a", "a/../b", "a//b", "/a", "a/", "A", "a?b", "a%2fb", "a\n", "a#b", "a:b", strings.Repeat("x", 256)}},
	} {
		for _, s := range c.yes {
			if !c.is(s) {
				t.Errorf("%q is no %s", s, name)
			}
		}
		for _, s := range c.not {
			if c.is(s) {
				t.Errorf("%q is a %s", s, name)
			}
		}
	}
}
