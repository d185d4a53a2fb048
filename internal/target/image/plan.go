package image

import (
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// The steps' actions.
const (
	actCreate = "create"
	actCopy   = "copy"
	actTag    = "tag"
	actUntag  = "untag"
	actRemove = "remove"
)

// Plan lists the steps of a phase.
func (t *Target) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	f := factsOf(now)
	switch phase {
	case delivery.Provision:
		return planProvision(p, f)
	case delivery.Promote:
		return planPromote(p, f)
	default:
		return planPrune(p, now, f)
	}
}

func planProvision(p delivery.Placement, f facts) []delivery.Step {
	if p.Version == "" || f.Release == p.Artifact.Digest {
		return nil
	}
	var steps []delivery.Step
	set, err := read(p.Settings)
	if err == nil && set.Create && !f.Exists {
		steps = append(steps, p.Step(delivery.Provision, delivery.Add, actCreate, "make the repository "+f.Repository, nil))
	}
	s := p.Step(delivery.Provision, delivery.Add, actCopy, "copy "+short(p.Artifact.Digest)+" ("+p.Version+") to "+f.Repository, nil)
	s.Bytes = p.Artifact.Size
	return append(steps, s)
}

func planPromote(p delivery.Placement, f facts) []delivery.Step {
	if p.Version == "" {
		if f.Pointer.Version == "" {
			return nil
		}
		return []delivery.Step{p.Step(delivery.Promote, delivery.Remove, actUntag,
			"take tag "+f.Tag+" off "+named(f.Live, f.Pointer)+"; nothing is live", nil)}
	}
	if f.Pointer.Version == p.Version && f.Live == p.Artifact.Digest {
		return nil
	}
	set, err := read(p.Settings)
	if err != nil {
		return nil // told where the block itself is checked
	}
	sign, from := delivery.Change, " from "+named(f.Live, f.Pointer)
	if f.Live == "" {
		sign, from = delivery.Add, ""
	}
	return []delivery.Step{p.Step(delivery.Promote, sign, actTag,
		"move tag "+set.tag(p.Place)+" of "+f.Repository+from+" to "+short(p.Artifact.Digest)+" ("+p.Version+")",
		moveArgs{f.Repository, f.Live, f.Pointer})}
}

// moveArgs is what a promotion replaces, as it was seen: a plan that was approved
// is another one when that has changed.
type moveArgs struct {
	Repository string  `json:"repository"`
	Replaces   string  `json:"replaces,omitempty"` // digest
	Pointer    pointer `json:"pointer"`
}

type removeArgs struct {
	Versions []string `json:"versions"`
}

func planPrune(p delivery.Placement, now delivery.State, f facts) []delivery.Step {
	var args removeArgs
	for _, v := range p.Remove {
		if v != now.Live && v != f.Pointer.Version && slices.Contains(now.Present, v) {
			args.Versions = append(args.Versions, v)
		}
	}
	if len(args.Versions) == 0 {
		return nil
	}
	s := p.Step(delivery.Prune, delivery.Remove, actRemove, "remove "+strings.Join(args.Versions, ", ")+" from "+f.Repository, args)
	s.Count = int64(len(args.Versions))
	return []delivery.Step{s}
}

// short is a digest for people.
func short(digest string) string {
	if len(digest) > 19 {
		return digest[:19]
	}
	return digest
}

// named is a digest with its version, where that is known.
func named(digest string, p pointer) string {
	if digest == p.Digest && p.Version != "" {
		return short(digest) + " (" + p.Version + ")"
	}
	return short(digest)
}
