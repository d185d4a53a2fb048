package registry

import (
	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// at is a request about a part of the repository: "manifests", "blobs" or
// "referrers" and a reference, or another part without one. This is the only place
// where names become a part of an address. A name, a tag or a digest that does not
// follow the specification is refused here, wherever it comes from: "../prod/api"
// would lead to another repository.
func (r *Repository) at(method, part, reference string) call {
	c := call{method: method, url: r.reg.base + r.name + "/" + part, err: checkName(r.name)}
	if reference == "" && part != "manifests" && part != "blobs" && part != "referrers" {
		return c
	}
	c.url += "/" + reference
	switch {
	case c.err != nil:
	case part == "manifests" && !oci.IsReference(reference):
		c.err = fault.New(fault.Invalid, "%q is not a tag or a digest", reference)
	case part != "manifests" && !oci.IsDigest(reference):
		c.err = fault.New(fault.Invalid, "%q is not a digest", reference)
	}
	return c
}

// accepting is the call with the media types that it asks for.
func (c call) accepting(types string) call {
	c.header = map[string]string{"Accept": types}
	return c
}

func checkName(repository string) error {
	if oci.IsRepository(repository) {
		return nil
	}
	return fault.New(fault.Invalid, "%q is not the name of a repository", repository)
}
