package place

import (
	"encoding/json"
	"path/filepath"
	"time"

	"falkirk/internal/delivery"
)

// Version is the folder of one version of one component in a place.
type Version string

// File is a file in the version's folder.
func (v Version) File(name string) string { return filepath.Join(string(v), name) }

// next is where the process that is to take the place of the running one is
// described. No version has such a name.
const next = ".next"

// Next is the same version with changed settings, while its process starts
// beside the one that runs. It has files of its own for what is wanted and what
// runs; the image, the site and the log are those of the version.
func (v Version) Next() Version { return Version(filepath.Join(string(v), next)) }

// Own is the version itself, also of its Next.
func (v Version) Own() Version {
	if filepath.Base(string(v)) == next {
		return Version(filepath.Dir(string(v)))
	}
	return v
}

// Name is where a version is under the folder of its app: the names of the
// place's folder, of the component and of the version. The folder comes first.
func (v Version) Name() (app, place, component, version string) {
	dir, version := filepath.Split(string(v.Own()))
	component = filepath.Base(filepath.Dir(filepath.Clean(dir)))
	place = filepath.Dir(filepath.Dir(filepath.Dir(filepath.Clean(dir))))
	return filepath.Dir(place), filepath.Base(place), component, version
}

// WantedFile says what has to run or be served; without it nothing may.
func (v Version) WantedFile() string { return v.File("wanted.json") }

// ProcessFile says which process runs.
func (v Version) ProcessFile() string { return v.File("process.json") }

// LogFile is what the process writes.
func (v Version) LogFile() string { return v.Own().File("output.log") }

// Rootfs is the unpacked image.
func (v Version) Rootfs() string { return v.Own().File("rootfs") }

// ImageFile is what the image's configuration asks for; written after the
// unpacking is complete.
func (v Version) ImageFile() string { return v.Own().File("image.json") }

// SiteFile is the site's manifest; written after its blobs.
func (v Version) SiteFile() string { return v.Own().File("site.json") }

// Image is the part of an image's configuration that running it needs.
type Image struct {
	Digest     string   `json:"digest"`
	Platform   string   `json:"platform,omitempty"` // that was unpacked
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	Env        []string `json:"env,omitempty"`
	Dir        string   `json:"dir,omitempty"`
	User       string   `json:"user,omitempty"`
}

// Wanted is what has to run or be served of one version, complete: no other
// file of the app is needed to start it again.
type Wanted struct {
	App       string          `json:"app"`
	Place     delivery.Place  `json:"place"`
	Component string          `json:"component"`
	Version   string          `json:"version"`
	Digest    string          `json:"digest"`
	Settings  json.RawMessage `json:"settings,omitempty"` // as provisioned, to see a change
	Path      string          `json:"path"`
	Strip     bool            `json:"strip,omitempty"`
	Fallback  string          `json:"fallback,omitempty"`
	Drain     time.Duration   `json:"drain"`
	Process   *Process        `json:"process,omitempty"` // nil for a site
}

// Process is how the process of an image is run. Argv and Env may hold
// $(NAME), expanded when the process starts, because its port is known then.
type Process struct {
	Argv          []string      `json:"argv"`
	Env           []string      `json:"env,omitempty"` // NAME=value, later wins
	Dir           string        `json:"dir,omitempty"`
	User          string        `json:"user,omitempty"`
	Isolation     string        `json:"isolation"`        // auto, chroot or none
	Health        string        `json:"health,omitempty"` // path; empty is a TCP connection
	HealthTimeout time.Duration `json:"healthTimeout"`
	Stop          time.Duration `json:"stop"`
}
