package signature

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// The layer of a signature in simple signing, and where the signature itself is.
const (
	mediaSimple = "application/vnd.dev.cosign.simplesigning.v1+json"
	annotation  = "dev.cosignproject.cosign/signature"
	typeSimple  = "cosign container image signature"
)

// simple reads a signature in the form that cosign took from containers/image:
// the payload is what was signed, the signature stands beside it.
func simple(d oci.Descriptor, payload []byte) (statement, error) {
	text, ok := d.Annotations[annotation]
	if !ok {
		return statement{}, fault.New(fault.Invalid, "it lacks the annotation %s", annotation)
	}
	made, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return statement{}, fault.New(fault.Invalid, "its annotation %s is damaged: %w", annotation, err)
	}
	return statement{
		form: Simple, message: payload, made: [][]byte{made},
		says: func() (claim, error) { return claimOf(payload) },
	}, nil
}

func claimOf(payload []byte) (claim, error) {
	var p struct {
		Critical struct {
			Type     string
			Identity struct {
				Reference string `json:"docker-reference"`
			}
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			}
		}
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return claim{}, fmt.Errorf("damaged: %w", err)
	}
	if p.Critical.Type != typeSimple {
		return claim{}, fmt.Errorf("no signature of an image but %q", p.Critical.Type)
	}
	return claim{[]string{p.Critical.Image.Digest}, p.Critical.Identity.Reference}, nil
}
