package app

import (
	"context"
	"os"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/signing/keys"
	"falkirk/internal/signing/signers"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

const kindApproval = decide.KindApproval

// assent counts approvals as the approval gate of an app does.
type assent struct{ gate *approval.Gate }

func assentOf(a *usecase.App) decide.Gates {
	return assent{approval.New(a.File.App.Root, a.File.App.Groups, time.Now)}
}

// Count counts for one gate.
func (a assent) Count(q delivery.Question) (decide.Tally, error) {
	t, err := a.gate.Count(q)
	tally := decide.Tally{
		Gate: q.Gate, Answer: t.Answer, Reason: t.Reason, Quorum: t.Quorum, Signed: approval.Signed(q),
		Counted: []delivery.Signed{}, Ignored: []decide.Ignored{}, Asked: t.Asked, Anybody: t.Anybody,
	}
	for _, w := range t.Counted {
		tally.Counted = append(tally.Counted, w.Signed)
	}
	for _, w := range t.Ignored {
		tally.Ignored = append(tally.Ignored, decide.Ignored{Signed: w.Signed, Why: w.Why, Void: w.Void})
	}
	return tally, err
}

// Name is the name of a key in the list of a gate.
func (a assent) Name(q delivery.Question, key decide.PublicKey, wanted string) (string, error) {
	return a.gate.Name(q, keys.Key{Path: key.Label, Public: key.Line}, wanted)
}

// Signed fails where a signature is not by its own key over the message.
func (a assent) Signed(message, signature string) error {
	return signers.Check(message, signature, delivery.SignatureNamespace)
}

// signingKey finds an SSH key of this machine: the one at path, or else the usual one.
func signingKey(ctx context.Context, path string) (ui.SigningKey, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // then there are no usual keys
	}
	key, err := keys.Find(ctx, path, home)
	if fault.Is(err, fault.NotFound) && path == "" {
		err = fault.Hint(err, "give a key with --key FILE, or make one with: ssh-keygen -t ed25519")
	}
	if err == nil && key.Public == "" {
		err = fault.Hint(fault.New(fault.Invalid, "the public key beside %s is empty", key.Path), "write it with: ssh-keygen -y")
	}
	return ui.SigningKey{Public: key.Public, Path: key.Path, Sign: key.Sign}, err
}
