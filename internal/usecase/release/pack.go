package release

import (
	"context"

	"falkirk/internal/usecase"
)

// PackQuery makes a release of the components.
type PackQuery struct {
	Version string `json:"version,omitempty"` // empty: from git
	DryRun  bool   `json:"dryRun,omitempty"`
}

// ChangesNothing reports whether nothing is written.
func (q PackQuery) ChangesNothing() bool { return q.DryRun }

// newPack is of this machine: it packs a work tree.
func newPack() usecase.Case[PackQuery, usecase.Packed] {
	return usecase.Case[PackQuery, usecase.Packed]{
		Name: "release.pack", Doc: "Turn the components into one immutable release",
		Effect: usecase.Writes, Reach: usecase.ThisMachine, Needs: usecase.Pack,
		Do: pack,
	}
}

func pack(ctx context.Context, c *usecase.Call, q PackQuery) (usecase.Packed, error) {
	app, err := c.App(ctx)
	if err != nil {
		return usecase.Packed{}, err
	}
	packed, notes, err := app.Packer(ctx, usecase.PackRequest{
		Version: q.Version, DryRun: q.DryRun, Actor: c.Actor, People: c.People(), Report: c.Packing,
	})
	if err != nil {
		return usecase.Packed{}, err
	}
	for _, note := range notes {
		c.Warn(note)
	}
	return packed, nil
}
