package release

import (
	"fmt"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Compare is nil when next holds what the stored release of that version holds,
// and else fault.Conflict: who packed the version, when, and what differs.
func Compare(stored, next delivery.Release) error {
	if stored.SameContent(next) {
		return nil
	}
	err := fault.New(fault.Conflict, "version %s of %s is taken with other content: packed by %s at %s; %s",
		stored.Version, stored.App, who(stored.PackedBy), stored.PackedAt.UTC().Format(time.RFC3339),
		strings.Join(differences(stored, next), ", "))
	return fault.Hint(err, "a release never changes; pack this under another --version")
}

func who(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

func differences(stored, next delivery.Release) []string {
	var diff []string
	for _, a := range next.Artifacts {
		switch b, ok := stored.Artifact(a.Component); {
		case !ok:
			diff = append(diff, a.Component+" is new")
		case a.Kind != b.Kind:
			diff = append(diff, fmt.Sprintf("%s was %s and is %s", a.Component, b.Kind, a.Kind))
		case a.Digest != b.Digest:
			diff = append(diff, fmt.Sprintf("%s differs (%s there, %s now)", a.Component, short(b.Digest), short(a.Digest)))
		}
	}
	for _, b := range stored.Artifacts {
		if _, ok := next.Artifact(b.Component); !ok {
			diff = append(diff, b.Component+" is gone")
		}
	}
	return diff
}

func short(digest string) string { return digest[:min(len(digest), len("sha256:")+12)] }
