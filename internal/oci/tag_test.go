package oci_test

import (
	"testing"

	"falkirk/internal/oci"
)

func FuzzTag(f *testing.F) {
	for _, v := range []string{"1.4.0", "1.4.0+build.5", "a_b+_+", "__", "_-", "+"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, version string) {
		got, ok := oci.DecodeTag(oci.EncodeTag(version))
		if version != "" && (!ok || got != version) {
			t.Errorf("%q comes back as %q, %t", version, got, ok)
		}
		if back, ok := oci.DecodeTag(version); ok && oci.EncodeTag(back) != version {
			t.Errorf("%q is read as %q, which is written %q", version, back, oci.EncodeTag(back))
		}
	})
}
