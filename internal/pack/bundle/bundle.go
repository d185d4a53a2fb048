// Package bundle packs a folder as one zip archive, which is the same bytes for
// the same files. It does not know who unpacks it.
package bundle

import (
	"context"
	"encoding/json"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
	"falkirk/internal/pack/tree"
)

// Kind is the word for these components in the app file.
const Kind = "bundle"

// MediaType is that of a zip archive, as IANA has it.
const MediaType = "application/zip"

// Settings is the block of a bundle.
type Settings struct {
	Path   string   `json:"path" yaml:"path" jsonschema:"required,minLength=1,description=the folder whose files go into the archive; relative to the app file's"`
	Ignore []string `json:"ignore,omitempty" yaml:"ignore,omitempty" jsonschema:"description=patterns of files that stay out; as in .gitignore and beside those of .falkirkignore"`
}

// New makes the packer of bundles.
func New(kit pack.Kit) pack.Packer { return packer{kit} }

type packer struct{ kit pack.Kit }

// Pack implements pack.Packer.
func (p packer) Pack(ctx context.Context, root string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return delivery.Artifact{}, fault.New(fault.Invalid, "settings: %w", err)
	}
	files, err := tree.Files(ctx, root, s.Path, s.Ignore, p.kit.LeaveOwn())
	if err != nil {
		return delivery.Artifact{}, err
	}
	blob, err := p.kit.Write(ctx)
	if err != nil {
		return delivery.Artifact{}, err
	}
	defer blob.Discard()
	if err := Write(ctx, blob, p.kit.Deflate, files, report); err != nil {
		return delivery.Artifact{}, err
	}
	digest, size, err := blob.Commit(ctx)
	return delivery.Artifact{
		Component: c.Name, Kind: Kind, Digest: digest, MediaType: MediaType, Size: size, Count: len(files),
	}, err
}
