// Package place is the folder of one place on this machine: which files say
// what is wanted, what is live and what runs. It starts nothing and serves
// nothing.
//
// Intent is files: whoever reads the folder knows what has to run, so any
// process may be killed at any time.
//
//	place.json                          app and place
//	port.json                           the stable port
//	down.json                           the place was taken down by hand
//	supervisor.json, .lock, .log        the supervisor
//	blobs/sha256/…                      files of sites
//	components/C/live.json              the live version
//	components/C/down.json              the component was taken down by hand
//	components/C/versions/V/wanted.json what has to run or be served
//	components/C/versions/V/process.json the process that runs
//	components/C/versions/V/.next/…     the same two for a process that is to replace it
//	components/C/versions/V/rootfs, image.json, site.json, output.log
package place

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// Dir is the folder of one place.
type Dir string

// Of is the folder of an app's place under the state folder root.
func Of(root, app string, p delivery.Place) Dir {
	return Dir(filepath.Join(root, app, Folder(p)))
}

// Folder is the name of a place's folder.
func Folder(p delivery.Place) string { return strings.ReplaceAll(p.String(), "/", "~") }

// Identity says whose place a folder is.
type Identity struct {
	App   string         `json:"app"`
	Place delivery.Place `json:"place"`
}

// Port is the content of port.json.
type Port struct {
	Port int `json:"port"`
}

// Pointer is the content of live.json; an empty version means nothing is live.
type Pointer struct {
	Version string `json:"version"`
}

func (d Dir) path(parts ...string) string {
	return filepath.Join(append([]string{string(d)}, parts...)...)
}

// File is a file at the top of the place.
func (d Dir) File(name string) string { return d.path(name) }

// IdentityFile says whose place this is.
func (d Dir) IdentityFile() string { return d.path("place.json") }

// PortFile keeps the stable port.
func (d Dir) PortFile() string { return d.path("port.json") }

// DownFile stands there while the place is down by hand.
func (d Dir) DownFile() string { return d.path("down.json") }

// SupervisorFile says how the supervisor is reached; mode 0600.
func (d Dir) SupervisorFile() string { return d.path("supervisor.json") }

// ComponentDownFile stands there while one component is down by hand.
func (d Dir) ComponentDownFile(component string) string {
	return d.path("components", component, "down.json")
}

// IsDown reports whether a component is down by hand, alone or with its place.
func (d Dir) IsDown(component string) bool {
	for _, file := range []string{d.DownFile(), d.ComponentDownFile(component)} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return false
}

// LockFile is locked by the running supervisor.
func (d Dir) LockFile() string { return d.path("supervisor.lock") }

// SupervisorLog is what the supervisor writes.
func (d Dir) SupervisorLog() string { return d.path("supervisor.log") }

// Blob is where a site's file of that digest lies.
func (d Dir) Blob(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return d.path("blobs", "sha256", hex[:min(2, len(hex))], hex)
}

// Blobs is the folder of all blobs.
func (d Dir) Blobs() string { return d.path("blobs") }

// LiveFile is a component's pointer.
func (d Dir) LiveFile(component string) string { return d.path("components", component, "live.json") }

// Version is the folder of one version of a component.
func (d Dir) Version(component, version string) Version {
	return Version(d.path("components", component, "versions", version))
}

// Components lists the components that have a folder, sorted.
func (d Dir) Components() ([]string, error) { return folders(d.path("components")) }

// Versions lists the versions of a component that have a folder, sorted.
func (d Dir) Versions(component string) ([]string, error) {
	return folders(d.path("components", component, "versions"))
}

// Live is the version that a component's pointer names, or "".
func (d Dir) Live(component string) (string, error) {
	var p Pointer
	_, err := Read(d.LiveFile(component), &p)
	return p.Version, err
}

func folders(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range list {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// Read decodes a JSON file; a file that is not there is no error.
func Read(path string, v any) (bool, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, &fs.PathError{Op: "decode", Path: path, Err: err}
	}
	return true, nil
}
