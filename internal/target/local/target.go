package local

import (
	"context"
	"encoding/json"
	"io"
	"runtime"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/supervisor"
)

// Store is where the files of sites come from.
type Store interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
	Site(ctx context.Context, digest string) (delivery.Site, error)
}

// Image is the part of an image's configuration that running it needs.
type Image = place.Image

// Options is what the target works with.
type Options struct {
	Dir    string   // state folder, absolute
	App    string   // folder of the app, absolute: while it is there, processes outlive a deleted state folder
	Store  Store    // files of sites
	Self   []string // program and hidden arguments that lead to Main
	Now    func() time.Time
	Unpack func(ctx context.Context, digest, platform, dir string) (Image, error) // lays out an image's files in an empty folder
}

// Target makes components live on this machine.
type Target struct{ opt Options }

// New makes the target.
func New(opt Options) *Target {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Target{opt: opt}
}

// spot is one placement with its settings read and its folder known.
type spot struct {
	delivery.Placement
	set    Settings
	dir    place.Dir
	client supervisor.Client
}

func (t *Target) spot(p delivery.Placement) (spot, error) {
	set, err := read(p.Settings)
	dir := place.Of(t.opt.Dir, p.App, p.Place)
	return spot{Placement: p, set: set, dir: dir, client: supervisor.Client{Dir: dir}}, err
}

func (s spot) version() place.Version { return s.dir.Version(s.Component, s.Version) }

func (s spot) isSite() bool { return s.Artifact.Kind == "site" }

func (s spot) platform() string {
	if s.set.Platform == "" {
		return "linux/" + runtime.GOARCH
	}
	return s.set.Platform
}

// wanted is what has to run or be served of the placement's release.
func (s spot) wanted(img Image) (place.Wanted, error) {
	raw, err := s.set.ofRelease()
	if err != nil {
		return place.Wanted{}, err
	}
	w := place.Wanted{
		App: s.App, Place: s.Place, Component: s.Component, Version: s.Version,
		Digest: s.Artifact.Digest, Settings: raw,
		Path: s.set.prefix(), Strip: s.set.Strip, Fallback: s.set.Fallback,
		Drain: s.set.Drain.Std(),
	}
	if s.isSite() {
		return w, nil
	}
	w.Process = &place.Process{
		Argv: s.set.argv(img), Env: append([]string{}, img.Env...), Dir: img.Dir, User: img.User,
		Isolation: s.set.Isolation, Health: s.set.Health,
		HealthTimeout: s.set.HealthTimeout.Std(), Stop: s.set.Stop.Std(),
	}
	for _, name := range sorted(s.set.Env) {
		w.Process.Env = append(w.Process.Env, name+"="+s.set.Env[name])
	}
	if len(w.Process.Argv) == 0 {
		err := fault.New(fault.Invalid, "image of %s %s has no entry point and no command", s.Component, s.Version)
		return w, fault.Hint(err, "set `command` of the local target for %s", s.Component)
	}
	return w, nil
}

// argv is the command line: as with Kubernetes, a command set here leaves out
// the image's own arguments too.
func (s Settings) argv(img Image) []string {
	entry, args := img.Entrypoint, img.Cmd
	if len(s.Command) > 0 {
		entry, args = s.Command, nil
	}
	if s.Args != nil {
		args = s.Args
	}
	return append(append([]string{}, entry...), args...)
}

// facts is what Plan needs beyond the state's own fields.
type facts struct {
	Any         bool   `json:"any"`        // the place has a folder
	Supervised  bool   `json:"supervised"` // and the proxy is on its port
	Port        int    `json:"port"`       // 0: to be chosen
	Unpacked    bool   `json:"unpacked"`
	Provisioned bool   `json:"provisioned"`
	Changed     bool   `json:"changed"` // settings differ from those it was provisioned with
	Pointer     string `json:"pointer"`
	Served      string `json:"served"`
	Down        bool   `json:"down"`    // the component was taken down by hand, and the place was not
	Lost        bool   `json:"lost"`    // the supervisor runs, but the place's folder was deleted
	Stale       bool   `json:"stale"`   // the process runs, but the files that it was started from were deleted
	Pending     bool   `json:"pending"` // a replacement of the release was interrupted
	Orphans     string `json:"orphans"` // processes of the place that are recorded nowhere, where no supervisor runs
	Missing     int64  `json:"missing"` // files
	Bytes       int64  `json:"bytes"`   // of those
	Total       int64  `json:"total"`   // files
}

func factsOf(s delivery.State) facts {
	var f facts
	if len(s.Facts) > 0 && json.Unmarshal(s.Facts, &f) != nil {
		return facts{} // not ours: everything is to be done, and each step looks again
	}
	return f
}
