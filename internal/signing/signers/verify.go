package signers

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Verify checks an armored signature over a message in a namespace: that it is
// right, and that the list allows its key for that principal at that time. It
// gives the key's fingerprint; the errors are for people.
func (l List) Verify(principal, message, armored, namespace string, at time.Time) (fingerprint string, err error) {
	key, err := check(message, armored, namespace)
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(bare(key)), l.allows(principal, key, namespace, at)
}

// Check checks that an armored signature is right for its own key, of which nothing is
// known.
func Check(message, armored, namespace string) error {
	_, err := check(message, armored, namespace)
	return err
}

// check gives the key of a signature that is right.
func check(message, armored, namespace string) (ssh.PublicKey, error) {
	sig, err := sshsig.Unarmor([]byte(armored))
	if err != nil {
		return nil, errors.New("its signature cannot be read")
	}
	if bare(sig.PublicKey).Type() == ssh.KeyAlgoRSA && sig.Signature.Format != ssh.KeyAlgoRSASHA256 && sig.Signature.Format != ssh.KeyAlgoRSASHA512 {
		return nil, errors.New("its signature is by RSA with SHA-1, which proves nothing")
	}
	err = sshsig.Verify(strings.NewReader(message), sig, sig.PublicKey, sig.HashAlgorithm, namespace)
	switch {
	case errors.Is(err, sshsig.ErrNamespaceMismatch):
		return nil, fmt.Errorf("its signature is for %q", shorten(sig.Namespace))
	case err != nil:
		return nil, errors.New("its signature is not over what it says")
	}
	return sig.PublicKey, nil
}

// bare is the key itself, also of a certificate.
func bare(key ssh.PublicKey) ssh.PublicKey {
	if cert, is := key.(*ssh.Certificate); is {
		return cert.Key
	}
	return key
}

// allows looks for a line that allows the key, and says why none does.
func (l List) allows(principal string, key ssh.PublicKey, namespace string, at time.Time) error {
	why := fmt.Errorf("%s does not list its key for %s", l.Name, principal)
	listed := false // then why is about the key itself, and no other line says more
	for _, line := range l.Lines {
		if !matches(principal, line.Principals) {
			continue
		}
		if line.Problem != nil {
			if !listed {
				why = fmt.Errorf("line %d of %s cannot be used: %w", line.Number, l.Name, line.Problem)
			}
			continue
		}
		is, err := line.isOf(principal, key, at)
		if is && err == nil {
			err = line.permits(namespace, at)
		}
		if is && err == nil {
			return nil
		}
		if err != nil && !listed {
			why = fmt.Errorf("line %d of %s: %w", line.Number, l.Name, err)
			listed = is
		}
	}
	return why
}

// isOf reports whether the line is about the key: it is the key, or the
// authority that certified it for the principal.
func (l Line) isOf(principal string, key ssh.PublicKey, at time.Time) (bool, error) {
	cert, certified := key.(*ssh.Certificate)
	if !l.Authority {
		return bytes.Equal(l.Key.Marshal(), key.Marshal()), nil
	}
	if !certified && bytes.Equal(l.Key.Marshal(), key.Marshal()) {
		return true, errors.New("the key is listed with cert-authority: that allows the certificates that it signs, and not the key itself")
	}
	if !certified || !bytes.Equal(l.Key.Marshal(), cert.SignatureKey.Marshal()) {
		return false, nil
	}
	switch {
	case cert.CertType != ssh.UserCert:
		return false, errors.New("the certificate is not that of a person")
	case len(cert.ValidPrincipals) == 0:
		return false, errors.New("the certificate names nobody")
	}
	checker := ssh.CertChecker{Clock: func() time.Time { return at }}
	if err := checker.CheckCert(principal, cert); err != nil {
		return false, fmt.Errorf("the certificate does not hold: %s", strings.TrimPrefix(err.Error(), "ssh: "))
	}
	return true, nil
}

// permits checks the options of a line whose key it is. Times count in whole
// seconds, and both ends belong to the time.
func (l Line) permits(namespace string, at time.Time) error {
	switch second := at.Unix(); {
	case l.Namespaces != nil && !matches(namespace, *l.Namespaces):
		return fmt.Errorf("the key is listed for the namespaces %q only, and this signature is in the namespace %q", *l.Namespaces, namespace)
	case !l.After.IsZero() && second < l.After.Unix():
		return fmt.Errorf("the key is listed, and is valid only after %s", l.After.UTC().Format(time.RFC3339))
	case !l.Before.IsZero() && second > l.Before.Unix():
		return fmt.Errorf("the key is listed, and has expired: it was valid before %s", l.Before.UTC().Format(time.RFC3339))
	}
	return nil
}

// names reports whether a line that cannot be used has the key in it.
func (l Line) names(key ssh.PublicKey) bool {
	return strings.Contains(l.text, base64.StdEncoding.EncodeToString(key.Marshal()))
}

// Principals lists by name who may sign with a key in a namespace at that time;
// patterns are no names. The key is a line of a .pub file.
func (l List) Principals(public, namespace string, at time.Time) ([]string, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		return nil, errors.New("it is no public key")
	}
	candidates := []string{}
	if cert, is := key.(*ssh.Certificate); is {
		candidates = cert.ValidPrincipals
	}
	for _, line := range l.Lines {
		if line.Problem == nil && !line.Authority && bytes.Equal(line.Key.Marshal(), key.Marshal()) {
			candidates = append(candidates, plain(line.Principals)...)
		}
	}
	var names []string
	for _, c := range candidates {
		if l.allows(c, key, namespace, at) == nil {
			names = append(names, c)
		}
	}
	return names, nil
}

// WhyNot says why a key that is in the list may not sign in a namespace at that
// time; nil where no line is about the key. The key is a line of a .pub file.
func (l List) WhyNot(public, namespace string, at time.Time) error {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		return nil
	}
	for _, line := range l.Lines {
		switch {
		case line.Problem != nil:
			if line.names(bare(key)) {
				return fmt.Errorf("line %d of %s cannot be used: %w", line.Number, l.Name, line.Problem)
			}
			continue
		case !bytes.Equal(line.Key.Marshal(), bare(key).Marshal()):
			continue
		}
		if _, err = line.isOf("", bare(key), at); err == nil {
			err = line.permits(namespace, at)
		}
		if err != nil {
			return fmt.Errorf("line %d of %s: %w", line.Number, l.Name, err)
		}
	}
	return nil
}
