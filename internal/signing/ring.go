// Package signing signs texts with an SSH key or a key elsewhere, and says by a
// list of allowed signers who signed. It does not know what the texts are for.
package signing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/signing/signers"
)

// Key signs.
type Key interface {
	// Line is the public key as a line of a .pub file.
	Line(ctx context.Context) (string, error)
	// Sign makes an armored SSH signature.
	Sign(ctx context.Context, message, namespace string) (string, error)
}

// Options say who signs and who may.
type Options struct {
	Path, Name string // of the list of signers: the file, and what messages call it
	Text       string // the list itself, in place of the file; may be empty
	Namespace  string
	Key        func(ctx context.Context) (Key, error) // finds the key that signs; called once, when it is needed
	Now        func() time.Time
}

// read is a list of signers and its digest.
type read struct {
	signers.List
	id string
}

func load(path, name string) (read, error) {
	list, err := signers.Read(path, name)
	if err != nil {
		return read{}, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return read{}, errors.Unwrap(err) // without the path, which is of this machine
	}
	return read{list, digest(raw)}, nil
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Ring signs with one key and checks by one list of signers, which is read when
// it is first needed. It may be used from many goroutines.
type Ring struct {
	o    Options
	list func() (read, error)

	mu  sync.Mutex
	key Key
	by  string
}

// New is a ring. It reads nothing yet.
func New(o Options) *Ring {
	return &Ring{o: o, list: sync.OnceValues(func() (read, error) {
		if o.Text != "" {
			return read{signers.Parse(o.Text, o.Name), digest([]byte(o.Text))}, nil
		}
		return load(o.Path, o.Name)
	})}
}

// Sign signs with the key, under its name in the list. A key that the list does
// not have is refused, because nothing that it signs would count.
func (r *Ring) Sign(ctx context.Context, message string) (delivery.Signature, error) {
	key, by, err := r.find(ctx)
	if err != nil {
		return delivery.Signature{}, err
	}
	armored, err := key.Sign(ctx, message, r.o.Namespace)
	return delivery.Signature{By: by, SSH: armored}, err
}

// find is the key and its name; what it found it keeps.
func (r *Ring) find(ctx context.Context) (Key, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.key != nil {
		return r.key, r.by, nil
	}
	key, err := r.o.Key(ctx)
	if err != nil {
		return nil, "", err
	}
	line, err := key.Line(ctx)
	if err != nil {
		return nil, "", err
	}
	by, err := r.name(line)
	if err == nil {
		r.key, r.by = key, by
	}
	return key, by, err
}

// name is the first name that the list has for a public key.
func (r *Ring) name(line string) (string, error) {
	list, err := r.list()
	if err != nil {
		return "", r.unreadable(err)
	}
	names, err := list.Principals(line, r.o.Namespace, r.o.Now())
	if err != nil {
		return "", fault.New(fault.Invalid, "the key that signs: %w", err)
	}
	if len(names) == 0 {
		if why := list.WhyNot(line, r.o.Namespace, r.o.Now()); why != nil {
			err := fault.New(fault.Refused, "the key that would sign here may not: %w", why)
			return "", fault.Hint(err, "have its line in %s changed (namespaces=%q, valid-before), or sign with another key", r.o.Name, r.o.Namespace)
		}
		err := fault.New(fault.Refused, "%s does not list the key that would sign here", r.o.Name)
		return "", fault.Hint(err, "add this line to %s, with the name of the signer in front: NAME namespaces=%q %s", r.o.Name, r.o.Namespace, line)
	}
	return names[0], nil
}

// Check says why a signature does not count.
func (r *Ring) Check(message string, s delivery.Signature, at time.Time) error {
	list, err := r.list()
	if err != nil {
		return r.unreadable(err)
	}
	_, err = list.Verify(s.By, message, s.SSH, r.o.Namespace, at)
	return err
}

// Problems lists what is wrong with the list of signers.
func (r *Ring) Problems() []string {
	list, err := r.list()
	if err != nil {
		return []string{r.unreadable(err).Error()}
	}
	var all []string
	for _, l := range list.Lines {
		if l.Problem != nil {
			all = append(all, fmt.Sprintf("line %d of %s cannot be used: %s", l.Number, list.Name, l.Problem))
		}
	}
	if len(list.Lines) == 0 {
		all = append(all, r.o.Name+" lists nobody")
	}
	return all
}

// ID is a digest of the list.
func (r *Ring) ID() string {
	list, err := r.list()
	if err != nil {
		return "unreadable"
	}
	return list.id
}

func (r *Ring) unreadable(err error) error {
	return fault.Hint(fault.New(fault.Invalid, "the list of signers %s cannot be read: %w", r.o.Name, err),
		"see ledger.signers in the app file")
}
