package app

import (
	"context"
	"path/filepath"
	"strings"

	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/oci/signature"
	"falkirk/internal/registries"
	"falkirk/internal/regular"
)

// mostKeys bounds a file of public keys.
const mostKeys = 1 << 20

// verifier wants a signature by one of the keys of a job; nil where it names
// none. A key is PEM, or a file beside the jobs.
func verifier(keys []string, folder string) (imagesync.Verifier, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var p signature.Policy
	for _, k := range keys {
		text, name := []byte(k), "verify.keys"
		if !strings.Contains(k, "-----BEGIN") {
			name = k
			if !filepath.IsAbs(name) {
				name = filepath.Join(folder, name)
			}
			var err error
			if text, err = regular.Read(name, name, mostKeys); err != nil {
				return nil, fault.Hint(fault.New(fault.Invalid, "read a public key: %w", err), "correct the path in sync.verify, or make the key with: cosign generate-key-pair")
			}
		}
		more, err := signature.ParseKeys(text)
		if err != nil {
			return nil, fault.Hint(fault.New(fault.Invalid, "%s: %w", name, err), "%s", fault.HintOf(err))
		}
		p.Keys = append(p.Keys, more...)
	}
	return func(ctx context.Context, from registries.Repository, digest string) (string, error) {
		proof, err := p.Verify(ctx, from, digest)
		return proof.Key, err
	}, nil
}

// syncFolder is where the files are that jobs name.
func syncFolder(r cli.SyncRequest) string {
	switch {
	case r.Flags != nil:
		return ""
	case r.Jobs != "":
		return filepath.Dir(r.Jobs)
	}
	return filepath.Dir(r.App)
}
