package stack

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// late looks at the stacks that are promoted with this one and whose outputs it
// refers to: whether such an output is missing so far, and whether such a stack was
// promoted to the release.
func (s spot) late(ctx context.Context) (missing, begun bool, err error) {
	if s.Version == "" {
		return false, false, nil
	}
	names := map[string]bool{}
	for _, n := range s.Needs {
		if n.Phase == delivery.Promote {
			names[strings.TrimPrefix(n.Name, "stack.")] = true
		}
	}
	if len(names) == 0 {
		return false, false, nil
	}
	for key := range s.set.Parameters {
		for _, m := range s.references(key) {
			name, output, _ := strings.Cut(m[2], ".")
			if m[1] != "stack" || !names[name] {
				continue
			}
			other, err := s.Describe(ctx, name)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return false, false, err
			}
			if _, ok := other.Outputs[output]; !ok {
				missing = true
			}
			begun = begun || other.Tags[tagApp] == s.App && other.Tags[tagRelease] == s.Version
		}
	}
	return missing, begun, nil
}

// other refuses a release that is live with another artifact: it was packed
// elsewhere, under the same version.
func (s spot) other(was cfn.Stack) error {
	digest := was.Tags[tagArtifact]
	if isNothing(was) || s.Version == "" || !s.isOurs(was) || was.Tags[tagRelease] != s.Version || digest == s.Artifact.Digest {
		return nil
	}
	err := fault.New(fault.Conflict, "%s is live in stack %s in %s with other content (%s, not %s)", s.Version, was.Name, s.Place, digest, s.Artifact.Digest)
	return fault.Hint(err, "pack it under another version")
}

// known says what a step does with the outputs that change before it.
func known(p delivery.Placement, isDue bool, summary, stack string) string {
	from := strings.Join(p.Changing, ", ")
	switch {
	case len(p.Changing) == 0:
		return summary
	case isDue:
		return summary + "; what it reads from " + from + " is known after that"
	}
	return fmt.Sprintf("update stack %s if what it reads from %s changes, which is known after that", stack, from)
}

// unknown is the line of a forecast for the same.
func unknown(p delivery.Placement) []string {
	if len(p.Changing) == 0 {
		return nil
	}
	return []string{"unknown: what it reads from " + strings.Join(p.Changing, ", ") + ", which changes before it"}
}
