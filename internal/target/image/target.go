package image

import (
	"context"
	"encoding/json"
	"io"

	"falkirk/internal/delivery"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// Kind is the word for the target in the app file.
const Kind = "image"

// Store is where images are that were packed.
type Store interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
}

// Options is what the target works with.
type Options struct {
	Accounts registries.Accounts
	Store    Store
	// Builds is the registry and repository that pack pushes a component's image
	// to, "host/name", with whether it is without TLS; "" if it pushes nowhere.
	Builds func(component string) (reference string, plain bool, err error)
	// Landings are all of the app: environments may share a repository.
	Landings func() []delivery.Landing
	// ID is the number of an account of the app file; "" where it is not known.
	ID func(account string) string
}

// Target makes images live in registries.
type Target struct {
	opt    Options
	copier *oci.Copier
	hosts  *registries.Hosts
}

// New makes the target; nothing is asked of anybody yet.
func New(opt Options) *Target {
	return &Target{opt: opt, copier: oci.NewCopier(), hosts: registries.New(opt.Accounts)}
}

// spot is one placement with its settings read and its repository found.
type spot struct {
	delivery.Placement
	set  Settings
	tag  string // the environment's
	repo registries.Repository
}

func (t *Target) spot(ctx context.Context, p delivery.Placement) (spot, error) {
	set, err := read(p.Settings)
	if err != nil {
		return spot{}, err
	}
	s := spot{Placement: p, set: set, tag: set.tag(p.Place)}
	s.repo, err = t.repository(ctx, p.Place, set)
	return s, err
}

// facts is what Plan needs beyond the state's own fields.
type facts struct {
	Repository string  `json:"repository"` // registry and name
	Exists     bool    `json:"exists"`
	Release    string  `json:"release"` // digest of the version's release tag; "" if none
	Live       string  `json:"live"`    // digest that the environment's tag is on
	Tag        string  `json:"tag"`     // the environment's tag, as the pointer says
	Pointer    pointer `json:"pointer"`
}

func factsOf(s delivery.State) facts {
	var f facts
	if len(s.Facts) > 0 && json.Unmarshal(s.Facts, &f) != nil {
		return facts{} // not ours: everything is to be done, and each step looks again
	}
	return f
}
