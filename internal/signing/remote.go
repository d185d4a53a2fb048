package signing

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Remote is a key that another service holds. Its signatures are SSH signatures
// like those of a key in a file, so that one list of signers has both.
type Remote struct {
	open func(ctx context.Context) (ssh.Signer, error)
}

// NewRemote is a key that open reaches; each signature reaches it again, with
// the context of the call.
func NewRemote(open func(ctx context.Context) (ssh.Signer, error)) Remote { return Remote{open} }

// Line is the public key as a line of a .pub file.
func (r Remote) Line(ctx context.Context) (string, error) {
	s, err := r.open(ctx)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.PublicKey()))), nil
}

// Sign makes an armored SSH signature.
func (r Remote) Sign(ctx context.Context, message, namespace string) (string, error) {
	s, err := r.open(ctx)
	if err != nil {
		return "", err
	}
	sig, err := sshsig.Sign(bytes.NewReader([]byte(message)), s, sshsig.HashSHA512, namespace)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return string(sshsig.Armor(sig)), nil
}
