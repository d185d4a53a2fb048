package ui

import (
	"fmt"

	"falkirk/internal/delivery"
)

// PrintRelease prints the artifacts of a release.
func (f *Face) PrintRelease(r delivery.Release) {
	rows := [][]string{{"COMPONENT", "KIND", "DIGEST", "SIZE", "PARTS"}}
	for _, a := range r.Artifacts {
		rows = append(rows, []string{a.Component, a.Kind, Short(a.Digest), Size(a.Size), fmt.Sprint(a.Count)})
	}
	Table(f.Out, rows)
}
