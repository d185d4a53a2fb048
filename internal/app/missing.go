package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/imagesync"
)

// missingFiles names the files and folders of an app file that are not there. A
// build may make them before they are packed, so that is no problem of the file.
func missingFiles(a delivery.App) []string {
	var all []string
	for _, c := range a.Components {
		block := map[string]any{}
		if json.Unmarshal(c.Settings, &block) != nil {
			continue
		}
		for _, key := range []string{"path", "template", "dockerfile", "context", "folder", "binary", "layout"} {
			if name, _ := block[key].(string); isMissing(a.Root, name) {
				all = append(all, fmt.Sprintf("component %q: %s %s is not there; build it before falkirk pack, or correct %s", c.Name, key, name, key))
			}
		}
		binaries, _ := block["binaries"].(map[string]any)
		for _, platform := range slices.Sorted(maps.Keys(binaries)) {
			if name, _ := binaries[platform].(string); isMissing(a.Root, name) {
				all = append(all, fmt.Sprintf("component %q: the program %s for %s is not there; build it before falkirk pack", c.Name, name, platform))
			}
		}
	}
	for _, s := range a.Syncs {
		var job imagesync.Settings
		if json.Unmarshal(s.Settings, &job) != nil {
			continue
		}
		for _, key := range job.Verify.Keys {
			if !strings.Contains(key, "-----BEGIN") && isMissing(a.Root, key) {
				all = append(all, fmt.Sprintf("job %q of sync: the key %s is not there; falkirk sync is refused without it", s.Name, key))
			}
		}
	}
	return all
}

func isMissing(root, name string) bool {
	if name == "" || strings.Contains(name, "${") {
		return false
	}
	path := filepath.FromSlash(name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// checkFiles compares an app file with the files that it names.
func checkFiles(a delivery.App) (problems, warnings []string) {
	problems, warnings = checkTemplates(a)
	return problems, append(missingFiles(a), warnings...)
}
