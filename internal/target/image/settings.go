// Package image makes container images live in registries: Amazon ECR and any
// other that speaks the OCI distribution protocol. A release is copied by digest
// into the environment's repository and goes live when the environment's tag is
// moved to it. It knows no other target and nothing of how images are made.
package image

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// Settings is the block of a component that lands in a registry.
type Settings struct {
	Repository string `json:"repository" yaml:"repository" jsonschema:"required,minLength=1,description=repository in the registry such as shop/api"`
	Registry   string `json:"registry,omitempty" yaml:"registry,omitempty" jsonschema:"description=host of the registry with its port; without it the ECR of the place's account and region"`
	Insecure   bool   `json:"insecure,omitempty" yaml:"insecure,omitempty" jsonschema:"description=HTTP without TLS; on this machine only"`
	Tag        string `json:"tag,omitempty" yaml:"tag,omitempty" jsonschema:"description=the environment's tag that promote moves; by default the name of the environment"`
	Create     bool   `json:"create" yaml:"create" jsonschema:"description=make the ECR repository where it is missing (scanned on push and encrypted; only the tags that the target moves can move)"`
}

// Defaults are the settings of an empty block.
func Defaults() Settings { return Settings{Create: true} }

// Check finds what is wrong with the values.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(key, want, format string, args ...any) {
		all = append(all, fault.Problem{Path: []string{key}, Text: fmt.Sprintf(format, args...), Want: want})
	}
	if !oci.IsRepository(s.Repository) && !strings.Contains(s.Repository, "${") {
		add("repository", `a name such as "shop/api", without host and tag`, "%q is not a repository", s.Repository)
	}
	if s.Registry != "" && !strings.Contains(s.Registry, "${") && !oci.IsHost(s.Registry) {
		add("registry", `a host such as "ghcr.io" or "127.0.0.1:5000"`, "%q is not a registry", s.Registry)
	}
	if s.Insecure && !oci.IsLoopback(s.Registry) {
		add("insecure", "a registry on this machine, or TLS", "images do not go over the network in the clear")
	}
	if s.Tag != "" && !strings.Contains(s.Tag, "${") && !isTag(s.Tag) {
		add("tag", "letters, digits, - and _, at most 64", "%q is not an environment's tag", s.Tag)
	}
	return all
}

func read(raw json.RawMessage) (Settings, error) {
	s := Defaults()
	if len(raw) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fault.New(fault.Invalid, "read the settings of the image target: %w", err)
	}
	return s, nil
}

// tag is the environment's tag; it has no dot, so that tags made of it can be
// taken apart.
func (s Settings) tag(p delivery.Place) string {
	if s.Tag != "" {
		return s.Tag
	}
	return p.Environment
}

func isTag(tag string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(tag)
}

// PlaceProblem is a fault.Problem of the landing with that index.
type PlaceProblem struct {
	Landing int
	Problem fault.Problem
}

// PlaceProblems finds landings of one app that would move the same tag of the
// same repository.
func PlaceProblems(landings []delivery.Landing) []PlaceProblem {
	type spot struct{ account, region, registry, repository, tag string }
	taken := map[spot]delivery.Landing{}
	var all []PlaceProblem
	for i, l := range landings {
		s, err := read(l.Settings)
		if err != nil || l.Target != Kind {
			continue // told where the block itself is checked
		}
		at := spot{l.Place.Account, l.Place.Region, s.Registry, s.Repository, s.tag(l.Place)}
		if s.Registry != "" {
			at.account, at.region = "", "" // the same from everywhere
		}
		if other, ok := taken[at]; ok {
			all = append(all, PlaceProblem{i, fault.Problem{
				Path: []string{"tag"}, Want: "a repository or a tag of its own",
				Text: fmt.Sprintf("tag %s of %s is moved by %s in %s already", at.tag, s.Repository, other.Component, other.Place),
			}})
		}
		taken[at] = l
	}
	return all
}

// Names are the keys whose values are names of things in the account.
func Names() []string { return []string{"repository", "registry", "tag"} }
