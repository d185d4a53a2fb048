package cli

import (
	"falkirk/internal/delivery"
	"fmt"
)

func (f *face) printRelease(r delivery.Release) {
	rows := [][]string{{"COMPONENT", "KIND", "DIGEST", "SIZE", "PARTS"}}
	for _, a := range r.Artifacts {
		rows = append(rows, []string{a.Component, a.Kind, short(a.Digest), size(a.Size), fmt.Sprint(a.Count)})
	}
	table(f.Out, rows)
}
