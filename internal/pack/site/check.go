package site

import (
	"context"
	"encoding/json"

	"falkirk/internal/delivery"
	"falkirk/internal/pack/tree"
)

// Check implements pack.Checker: the folder is there.
func (p packer) Check(_ context.Context, root string, c delivery.Component) error {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return err
	}
	return tree.Exists(root, s.Path)
}
