package signing

import (
	"context"
	"io"

	"falkirk/internal/fault"
	"falkirk/internal/signing/keys"
)

// File is an SSH key in a file or an agent.
type File struct {
	key  keys.Key
	tell io.Writer
}

// FindFile finds the key at path, or the usual one where path is empty. What
// ssh-keygen has to tell, such as to touch a key, goes to tell.
func FindFile(ctx context.Context, path, home string, tell io.Writer) (File, error) {
	k, err := keys.Find(ctx, path, home)
	if fault.Is(err, fault.NotFound) && path == "" {
		err = fault.Hint(err, "set FALKIRK_LEDGER_KEY to the file of a key, or make one with: ssh-keygen -t ed25519")
	}
	return File{k, tell}, err
}

// Line is the public key as a line of a .pub file.
func (f File) Line(context.Context) (string, error) { return f.key.Public, nil }

// Sign makes an armored SSH signature.
func (f File) Sign(ctx context.Context, message, namespace string) (string, error) {
	return f.key.Sign(ctx, message, namespace, f.tell)
}
