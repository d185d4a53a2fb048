package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/gate/command"
	"falkirk/internal/imagesync"
	"falkirk/internal/pack/ignore"
)

// missingFiles names the files and folders of an app file that are not there. A
// build may make them before they are packed, so that is no problem of the file.
func missingFiles(a delivery.App) []config.Finding {
	var all []config.Finding
	warn := func(text string, path ...string) {
		all = append(all, config.Finding{Path: path, Text: text, Warning: true})
	}
	for _, c := range a.Components {
		block := map[string]any{}
		if json.Unmarshal(c.Settings, &block) != nil {
			continue
		}
		for _, key := range []string{"path", "template", "dockerfile", "context", "folder", "binary", "layout"} {
			if name, _ := block[key].(string); isMissing(a.Root, name) {
				warn(fmt.Sprintf("component %q: %s %s is not there; build it before falkirk pack, or correct %s", c.Name, key, name, key), "components", c.Name, c.Kind, key)
			}
		}
		binaries, _ := block["binaries"].(map[string]any)
		for _, platform := range slices.Sorted(maps.Keys(binaries)) {
			if name, _ := binaries[platform].(string); isMissing(a.Root, name) {
				warn(fmt.Sprintf("component %q: the program %s for %s is not there; build it before falkirk pack", c.Name, name, platform), "components", c.Name, c.Kind, "binaries", platform)
			}
		}
	}
	for i, s := range a.Syncs {
		var job imagesync.Settings
		if json.Unmarshal(s.Settings, &job) != nil {
			continue
		}
		for j, key := range job.Verify.Keys {
			if !strings.Contains(key, "-----BEGIN") && isMissing(a.Root, key) {
				warn(fmt.Sprintf("job %q of sync: the key %s is not there; falkirk sync is refused without it", s.Name, key),
					"sync", strconv.Itoa(i), "verify", "keys", strconv.Itoa(j))
			}
		}
	}
	return all
}

// missingPrograms names the programs of command gates and hooks that are files of
// the app and not there. Others are looked for on the PATH of each machine.
func missingPrograms(a delivery.App) []config.Finding {
	var all []config.Finding
	look := func(env, list string, at int, name, kind string, raw json.RawMessage) {
		var set command.Settings
		if kind != "command" || json.Unmarshal(raw, &set) != nil || len(set.Run) == 0 || !strings.Contains(set.Run[0], "/") {
			return
		}
		if program := path.Join(set.Dir, set.Run[0]); !path.IsAbs(set.Run[0]) && isMissing(a.Root, program) {
			all = append(all, config.Finding{
				Path: []string{"environments", env, list, strconv.Itoa(at), kind, "run"}, Warning: true,
				Text: fmt.Sprintf("%s %s: the program %s is not there; make it before falkirk provision, or correct run", strings.TrimSuffix(list, "s"), name, program),
			})
		}
	}
	for i, e := range a.Environments {
		for j, g := range e.Gates {
			look(strconv.Itoa(i), "gates", j, g.Name, g.Kind, g.Settings)
		}
		for j, h := range e.Hooks {
			look(strconv.Itoa(i), "hooks", j, h.Name, h.Kind, h.Settings)
		}
	}
	return all
}

func isMissing(root, name string) bool {
	if name == "" || strings.Contains(name, "${") {
		return false
	}
	_, err := os.Stat(inRoot(delivery.App{Root: root}, name))
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) // a folder on the way is a file
}

// checkFiles compares an app file with the files that it names.
func checkFiles(a delivery.App) []config.Finding {
	return slices.Concat(signersOf(a), checkTemplates(a), missingFiles(a), missingPrograms(a), checkTags(a))
}

// checkTags says what is wrong with the pattern of the tags that are versions.
func checkTags(a delivery.App) []config.Finding {
	why := ignore.Malformed(a.VersionTags)
	if why == "" {
		return nil
	}
	return []config.Finding{{Path: []string{"version", "tags"}, Text: "is a pattern that matches no tag: " + why}}
}
