package oci

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"falkirk/internal/fault"
)

// Remote finds an image or index in a registry, with the credentials that the
// docker command would use. Its blobs are to be read while ctx lasts.
func Remote(ctx context.Context, reference string) (b Blobs, digest string, err error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "%q is not an image reference: %w", reference, err)
	}
	d, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return nil, "", classify(reference, err)
	}
	var img Image
	switch {
	case d.MediaType.IsIndex():
		img, err = d.ImageIndex()
	case d.MediaType.IsImage():
		img, err = d.Image()
	default:
		err = fault.New(fault.Invalid, "it is no image but %s", d.MediaType)
	}
	if err != nil {
		return nil, "", fmt.Errorf("pull %s: %w", reference, err)
	}
	src := source{}
	src.add(d.Digest, img)
	return src, d.Digest.String(), nil
}

func classify(reference string, err error) error {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("pull %s: %w", reference, err)
		}
		return fault.New(fault.Unavailable, "pull %s: %w", reference, err)
	}
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return fault.New(fault.NotFound, "pull %s: the registry does not have it: %w", reference, err)
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		return fault.Hint(fault.New(fault.Refused, "pull %s: %w", reference, err), "log in with: docker login, or your registry's own helper")
	case answer.Temporary():
		return fault.New(fault.Unavailable, "pull %s: %w", reference, err)
	}
	return fmt.Errorf("pull %s: %w", reference, err)
}
