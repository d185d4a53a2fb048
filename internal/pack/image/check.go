package image

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Check implements pack.Checker: the files and the builder are there.
func (p packer) Check(ctx context.Context, root string, c delivery.Component) error {
	j := job{root: root}
	if err := json.Unmarshal(c.Settings, &j.s); err != nil {
		return err
	}
	for _, path := range append(slices.Sorted(maps.Values(j.s.Binaries)), j.s.Binary, j.s.Folder, j.s.Layout, j.s.Context) {
		if path == "" {
			continue
		}
		if _, err := os.Stat(j.path(path)); err != nil {
			return fault.New(fault.Invalid, "%s is not there", path)
		}
	}
	if j.s.Dockerfile == "" {
		return nil
	}
	if err := j.hasDockerfile(); err != nil {
		return err
	}
	_, err := j.builder(ctx)
	return err
}

func (j job) hasDockerfile() error {
	path := j.path(j.s.Dockerfile)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return fault.Hint(fault.New(fault.Invalid, "there is no Dockerfile at %s", path), "add it, or correct dockerfile in the app file")
	}
	return nil
}
