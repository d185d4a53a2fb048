// Package diff says what differs between two contents: of two releases, or of a
// release and what is live. It is pure; load fetches what it compares, page
// writes it for people.
package diff

import (
	"slices"

	"falkirk/internal/delivery"
)

// Content is what one side holds: parts of one release, or of several where
// components are on different releases.
type Content struct {
	Version string          // of all parts; "" when there is none, or more than one
	Source  delivery.Source // of that release
	Parts   []Part
}

// Part is one component of a content. Site and Image may be nil: then only the
// digests are compared.
type Part struct {
	delivery.Artifact
	Version string
	Site    *delivery.Site
	Image   *Image
}

// Change says how something differs.
type Change string

// The changes.
const (
	Same    Change = "same"
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// Component is what differs in one component.
type Component struct {
	Component string       `json:"component"`
	Change    Change       `json:"change"`
	From      *Facts       `json:"from,omitempty"` // nil: it was not there
	To        *Facts       `json:"to,omitempty"`
	Transfer  int64        `json:"transferBytes"` // of what To has and From does not, each digest once
	Site      *SiteChange  `json:"site,omitempty"`
	Image     *ImageChange `json:"image,omitempty"`
}

// Facts is what one side says of a component.
type Facts struct {
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Digest  string `json:"digest"`
	Size    int64  `json:"size"`
	Count   int    `json:"count,omitempty"` // files of a site, layers of an image
}

// Different reports whether it is not the same.
func (c Component) Different() bool { return c.Change != Same }

// Kind is the kind that the component has, or had.
func (c Component) Kind() string {
	if c.To != nil {
		return c.To.Kind
	}
	return c.From.Kind
}

// Compare says what becomes of from when it turns into to, component by
// component in the order of to; what is only in from comes last.
func Compare(from, to Content) []Component {
	all := []Component{}
	for i := range to.Parts {
		all = append(all, compare(from.part(to.Parts[i].Component), &to.Parts[i]))
	}
	for i := range from.Parts {
		if to.part(from.Parts[i].Component) == nil {
			all = append(all, compare(&from.Parts[i], nil))
		}
	}
	return all
}

func (c Content) part(component string) *Part {
	i := slices.IndexFunc(c.Parts, func(p Part) bool { return p.Component == component })
	if i < 0 {
		return nil
	}
	return &c.Parts[i]
}

func compare(from, to *Part) Component {
	c := Component{Change: Changed}
	switch {
	case from == nil:
		c.Component, c.Change, c.To = to.Component, Added, to.facts()
		from = &Part{Artifact: delivery.Artifact{Kind: to.Kind}}
	case to == nil:
		c.Component, c.Change, c.From = from.Component, Removed, from.facts()
		to = &Part{Artifact: delivery.Artifact{Kind: from.Kind}}
	default:
		c.Component, c.From, c.To = to.Component, from.facts(), to.facts()
		if from.Digest == to.Digest && from.Kind == to.Kind {
			c.Change = Same
			return c
		}
	}
	c.look(from, to)
	return c
}

// look compares what is inside. A component that has become another kind loses
// all that it had.
func (c *Component) look(from, to *Part) {
	if from.Site != nil || to.Site != nil {
		c.Site = sites(from.Site, to.Site)
		c.Transfer += c.Site.transfer
	}
	if from.Image != nil || to.Image != nil {
		c.Image = images(from.Image, to.Image)
		c.Transfer += c.Image.transfer
	}
	if to.Site == nil && to.Image == nil {
		c.Transfer = to.Size // how much of it is there already, its kind does not tell
	}
}

func (p *Part) facts() *Facts {
	return &Facts{Version: p.Version, Kind: p.Kind, Digest: p.Digest, Size: p.Size, Count: p.Count}
}
