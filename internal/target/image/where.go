package image

import (
	"context"
	"strings"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// repository finds the repository of a placement, reached with the credentials
// of its account.
func (t *Target) repository(ctx context.Context, p delivery.Place, set Settings) (registries.Repository, error) {
	if id, _, isECR := ecr.Registry(set.Registry); isECR {
		if err := t.ownRegistry(p, set, id); err != nil {
			return nil, err
		}
	}
	return t.hosts.Repository(ctx, registries.Where{Host: set.Registry, Region: p.Region, Account: p.Account, Insecure: set.Insecure}, set.Repository)
}

// ownRegistry refuses a registry of another account than the place's: what goes
// into an account is written by that account's own role, and by no other.
func (t *Target) ownRegistry(p delivery.Place, set Settings, id string) error {
	if t.opt.ID == nil {
		return nil
	}
	if own := t.opt.ID(p.Account); own != "" && own != id {
		err := fault.New(fault.Refused, "registry %s is of account %s, and %s is account %s (%s): a release is written by the account that it goes to",
			set.Registry, id, p, p.Account, own)
		return fault.Hint(err, "leave registry out, or give the place the account %s", id)
	}
	return nil
}

// origin is where an image may come from.
type origin interface {
	oci.From
	Digest(ctx context.Context, reference string) (string, error)
}

// builds finds the repository that pack pushes to, reached with the credentials
// of the environment: nothing of the builds account is held here.
func (t *Target) builds(ctx context.Context, p delivery.Place, reference string, insecure bool) (origin, error) {
	host, name, ok := strings.Cut(reference, "/")
	if !ok {
		return nil, fault.New(fault.Invalid, "%q names no repository of a registry", reference)
	}
	return t.hosts.Repository(ctx, registries.Where{Host: host, Account: p.Account, Insecure: insecure}, name)
}
