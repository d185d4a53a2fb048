package image

import (
	"slices"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/delivery"
)

// Moving are the tags that may move in a repository of ECR, for all landings of
// an app in it: the tags of the environments, and those in which the target notes
// what is live. Releases have tags that stay. It is empty where nothing lands
// there, and where ECR takes no rule for so many environments: then no tag may
// move, and the tag of an environment carries the version. id gives the number of
// an account of the app file.
func Moving(landings []delivery.Landing, id func(account string) string, account, region, repository string) []string {
	var all []string
	for _, l := range landings {
		s, err := read(l.Settings)
		if err != nil || l.Target != Kind || s.Repository != repository {
			continue
		}
		owner, in := id(l.Place.Account), l.Place.Region
		if s.Registry != "" {
			owner, in, _ = ecr.Registry(s.Registry)
		}
		if owner == account && in == region {
			all = append(all, s.tag(l.Place))
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) >= ecr.MostMoving {
		return nil
	}
	return append(all, pointerTag("*"))
}

// moving are those of the placement's own repository.
func (t *Target) moving(s spot) []string {
	var landings []delivery.Landing
	if t.opt.Landings != nil {
		landings = t.opt.Landings()
	}
	id := t.opt.ID
	if id == nil {
		id = func(name string) string { return name }
	}
	account, region := id(s.Place.Account), s.Place.Region
	if s.set.Registry != "" {
		account, region, _ = ecr.Registry(s.set.Registry)
	}
	own := delivery.Landing{Place: s.Place, Component: s.Component, Target: Kind, Settings: s.Settings}
	return Moving(append(slices.Clip(landings), own), id, account, region, s.set.Repository)
}
