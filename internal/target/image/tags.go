package image

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// All tags that the target makes hold the environment's tag, so that
// environments may share a repository:
//
//	prd                        the environment's tag
//	prd-1.4.0, prd-1.4.0_7     the same where tags cannot be moved
//	release.prd.1.4.0          a release that is provisioned
//	falkirk.prd                the pointer: which version is live
//	falkirk.prd.000007         the same where tags cannot be moved; the highest counts
//	falkirk.prd.left           releases that a registry without deletion has kept

// mostTag is the longest tag of the distribution specification.
const mostTag = 128

func releaseTag(tag, version string) (string, error) {
	t := "release." + tag + "." + oci.EncodeTag(version)
	if len(t) > mostTag {
		return "", fault.New(fault.Invalid, "version %s is too long: %s has more than %d letters and cannot be a tag", version, t, mostTag)
	}
	return t, nil
}

// releases are the versions that have a release tag, sorted.
func releases(tag string, all []string) []string {
	var versions []string
	for _, t := range all {
		rest, ok := strings.CutPrefix(t, "release."+tag+".")
		if !ok {
			continue
		}
		if v, ok := oci.DecodeTag(rest); ok {
			versions = append(versions, v)
		}
	}
	slices.Sort(versions)
	return versions
}

func pointerTag(tag string) string { return "falkirk." + tag }

func leftTag(tag string) string { return "falkirk." + tag + ".left" }

func numberedTag(tag string, n int) string { return fmt.Sprintf("falkirk.%s.%06d", tag, n) }

// numbers are those of the numbered pointers, ascending.
func numbers(tag string, all []string) []int {
	var found []int
	for _, t := range all {
		rest, ok := strings.CutPrefix(t, "falkirk."+tag+".")
		if n, err := strconv.Atoi(rest); ok && err == nil && n > 0 && numberedTag(tag, n) == t {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	return found
}

// versionedTag is the environment's tag where it cannot be moved. A version that
// comes back gets the number of its pointer.
func versionedTag(tag, version string, n int) string {
	t := tag + "-" + oci.EncodeTag(version)
	if n > 0 {
		t += "_" + strconv.Itoa(n)
	}
	return t
}

// versionedTags are the environment's tags of a version, of all its times.
func versionedTags(tag, version string, all []string) []string {
	stem := tag + "-" + oci.EncodeTag(version)
	return slices.DeleteFunc(slices.Clone(all), func(t string) bool {
		rest, ok := strings.CutPrefix(t, stem)
		_, err := strconv.Atoi(strings.TrimPrefix(rest, "_"))
		return !ok || rest != "" && (rest[0] != '_' || err != nil)
	})
}
