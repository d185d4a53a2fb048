package image

import (
	"context"
	"encoding/json"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/delivery"
	"falkirk/internal/oci"
)

// Kind is the word for the target in the app file.
const Kind = "image"

// Accounts reaches AWS accounts.
type Accounts interface {
	Config(ctx context.Context, account, region string) (aws.Config, error)
}

// Store is where images are that were packed.
type Store interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
}

// Options is what the target works with.
type Options struct {
	Accounts Accounts
	Store    Store
	// Builds is the registry and repository that pack pushes a component's image
	// to, "host/name", with whether it is without TLS; "" if it pushes nowhere.
	Builds func(component string) (reference string, plain bool)
	// ID is the number of an account of the app file; "" where it is not known.
	ID func(account string) string
}

// Target makes images live in registries.
type Target struct {
	opt    Options
	copier *oci.Copier
	hosts  hosts
}

// New makes the target; nothing is asked of anybody yet.
func New(opt Options) *Target {
	return &Target{opt: opt, copier: oci.NewCopier()}
}

// spot is one placement with its settings read and its repository found.
type spot struct {
	delivery.Placement
	set  Settings
	tag  string // the environment's
	repo repository
}

// repository is one repository of a registry, as the target uses it.
type repository interface {
	oci.To
	// List reads what is there.
	List(ctx context.Context) (listing, error)
	// Retag puts tags on digests that are there.
	Retag(ctx context.Context, tags map[string]string) error
	// Keep writes an artifact under a tag.
	Keep(ctx context.Context, m oci.Manifest, tag string) error
	// Delete removes tags and digests; those that the registry cannot remove come back.
	Delete(ctx context.Context, references []string) (left []string, err error)
	// Explain says in an error what would be needed.
	Explain(err error) error
}

// listing is what is in a repository.
type listing struct {
	Exists    bool
	Immutable func(tag string) bool // true where the registry says that it cannot be moved
	Tags      map[string]string     // name → digest, "" where the registry does not tell along
}

func (l listing) names() []string {
	var all []string
	for t := range l.Tags {
		all = append(all, t)
	}
	return all
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
