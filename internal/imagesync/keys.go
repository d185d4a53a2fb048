package imagesync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci/signature"
	"falkirk/internal/registries"
)

// MostKeys is the largest size of a file of public keys, in bytes.
const MostKeys = 1 << 20

// WithKeys are the settings with the text of public keys in place of the names of
// their files. Every key is checked.
func (s Settings) WithKeys(read func(file string) ([]byte, error)) (Settings, error) {
	s.Verify.Keys = slices.Clone(s.Verify.Keys)
	for i, key := range s.Verify.Keys {
		text, name := key, "verify.keys"
		if !isPEM(key) {
			raw, err := read(key)
			if err != nil {
				err = fault.Hint(fault.New(fault.Invalid, "read a public key: %w", err), "correct the path in sync.verify, or make the key with: cosign generate-key-pair")
				return s, fmt.Errorf("job %s: %w", s.Label(), err)
			}
			text, name = string(raw), key
		}
		if _, err := parseKeys(name, text); err != nil {
			return s, fmt.Errorf("job %s: %w", s.Label(), err)
		}
		s.Verify.Keys[i] = text
	}
	return s, nil
}

func isPEM(key string) bool { return strings.Contains(key, "-----BEGIN") }

func parseKeys(name, text string) ([]signature.Key, error) {
	keys, err := signature.ParseKeys([]byte(text))
	if err != nil {
		return nil, fault.Hint(fault.New(fault.Invalid, "%s: %w", name, err), "%s", fault.HintOf(err))
	}
	return keys, nil
}

// verifier asks for a signature by one of these keys, each as text; nil where there
// are none.
func verifier(keys []string) (Verifier, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var p signature.Policy
	for _, text := range keys {
		more, err := parseKeys("verify.keys", text)
		if err != nil {
			return nil, err
		}
		p.Keys = append(p.Keys, more...)
	}
	return func(ctx context.Context, from registries.Repository, digest string) (string, error) {
		proof, err := p.Verify(ctx, from, digest)
		return proof.Key, err
	}, nil
}
