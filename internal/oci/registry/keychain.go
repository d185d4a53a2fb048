package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"falkirk/internal/fault"
)

// identity is the user whose password is a token that is good for others
// (docker's own word for that).
const identity = "<token>"

// Keychain logs in as the docker command would: from its configuration file and
// the credential helpers that it names.
func Keychain(host string) Login {
	return func(ctx context.Context, _ bool) (user, password string, err error) {
		reg, err := name.NewRegistry(host)
		if err != nil {
			return "", "", fault.New(fault.Invalid, "%q is not a registry: %w", host, err)
		}
		found, err := authn.Resolve(ctx, authn.DefaultKeychain, reg)
		if err != nil {
			return "", "", fault.New(fault.Refused, "find the login for %s: %w", host, err)
		}
		c, err := authn.Authorization(ctx, found)
		if err != nil {
			return "", "", fault.New(fault.Refused, "find the login for %s: %w", host, err)
		}
		if c.IdentityToken != "" {
			return identity, c.IdentityToken, nil
		}
		return c.Username, c.Password, nil
	}
}
