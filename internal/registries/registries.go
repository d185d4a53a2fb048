// Package registries finds repositories of images, wherever they are: in the
// ECR of an account of AWS, reached with a chain of roles, or in any registry
// that speaks the OCI distribution protocol, reached with docker's login.
package registries

import (
	"context"
	"time"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// Where says which registry is meant, and as whom it is reached.
type Where struct {
	Host     string // with its port; "" is the ECR of the account itself
	Region   string // of the ECR, where no host says it
	Account  string // of the app file; "" is whoever this process is
	Insecure bool   // HTTP without TLS
	// ReadOnly says that nothing will be written: then no more is asked than what
	// a policy allows that lets another account pull.
	ReadOnly bool
}

// Repository is one repository of a registry. Images are copied into it and out
// of it.
type Repository interface {
	oci.To
	oci.From
	oci.Related
	// List reads what is there.
	List(ctx context.Context) (Listing, error)
	// Retag puts tags on digests that are there.
	Retag(ctx context.Context, tags map[string]string) error
	// Keep writes an artifact under a tag.
	Keep(ctx context.Context, m oci.Manifest, tag string) error
	// Delete removes tags and digests; those that the registry cannot remove come back.
	Delete(ctx context.Context, references []string) (left []string, err error)
	// Missing says which blobs are not there, whatever their size.
	Missing(ctx context.Context, blobs []oci.Descriptor) ([]oci.Descriptor, error)
	// Explain says in an error what would be needed.
	Explain(err error) error
}

// Listing is what is in a repository.
type Listing struct {
	Exists    bool
	Immutable func(tag string) bool // where it is set: true where the registry says that it cannot be moved
	Tags      map[string]string     // name → digest, "" where the registry does not tell along
	Pushed    map[string]time.Time  // name → when its image came, where the registry tells
}

// Names are the tags, in no order.
func (l Listing) Names() []string {
	all := make([]string, 0, len(l.Tags))
	for t := range l.Tags {
		all = append(all, t)
	}
	return all
}

// Creator is a Repository that has to be made before something can go into it.
type Creator interface {
	Create(ctx context.Context, m ecr.Make) (made bool, err error)
}

// IsImmutable reports whether err says that a tag may not be moved.
func IsImmutable(err error) bool { return registry.IsImmutable(err) || ecr.IsImmutable(err) }

// LacksBlob reports whether err says that a manifest refers to what is not there.
func LacksBlob(err error) bool { return registry.LacksBlob(err) || ecr.LacksBlob(err) }
