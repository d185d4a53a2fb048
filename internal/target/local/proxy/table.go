package proxy

import (
	"cmp"
	"slices"
	"strings"
)

// Table says where requests go. It never changes once it is made: a switch
// puts another in its place.
type Table struct {
	live      []*Release            // longest prefix first
	byVersion map[string][]*Release // the same for each version
	all       map[string][]*Release // by component, newest version last
}

// NewTable makes a table of the provisioned releases; live names the live
// version by component.
func NewTable(releases []*Release, live map[string]string) *Table {
	t := &Table{byVersion: map[string][]*Release{}, all: map[string][]*Release{}}
	for _, r := range releases {
		t.byVersion[r.Version] = append(t.byVersion[r.Version], r)
		t.all[r.Component] = append(t.all[r.Component], r)
		if live[r.Component] == r.Version {
			t.live = append(t.live, r)
		}
	}
	sortRoutes(t.live)
	for _, routes := range t.byVersion {
		sortRoutes(routes)
	}
	return t
}

func sortRoutes(routes []*Release) {
	slices.SortStableFunc(routes, func(a, b *Release) int {
		return cmp.Or(cmp.Compare(len(b.Prefix), len(a.Prefix)), cmp.Compare(a.Component, b.Component))
	})
}

// find is the release that answers a path: of the version asked for, or live.
func (t *Table) find(version, path string) *Release {
	routes := t.live
	if version != "" {
		routes = t.byVersion[version]
	}
	for _, r := range routes {
		if Below(r.Prefix, path) {
			return r
		}
	}
	return nil
}

// Below reports whether a path is the prefix or lies below it.
func Below(prefix, path string) bool {
	if prefix == "/" {
		return true
	}
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}
