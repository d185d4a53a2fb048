package app

import (
	"context"
	"os"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/signing/keys"
	"falkirk/internal/signing/signers"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// kindApproval is the kind of gate that approvals open.
const kindApproval = "approval"

// assent counts approvals as the approval gate of an app does.
type assent struct{ gate *approval.Gate }

func assentOf(a *usecase.App) decide.Gates {
	return assent{approval.New(a.File.App.Root, a.File.App.Groups, time.Now)}
}

// Count asks the environment's approval gates around the operation's phase.
func (a assent) Count(env delivery.Environment, q delivery.Question) ([]decide.Tally, error) {
	var all []decide.Tally
	if err := gatesUnset(env); err != nil {
		return nil, err
	}
	for _, g := range asking(env, q) {
		t, err := a.gate.Count(g)
		if err != nil {
			return nil, err
		}
		tally := decide.Tally{
			Gate: g.Gate, Answer: t.Answer, Reason: t.Reason, Quorum: t.Quorum, Signed: approval.Signed(g),
			Counted: []delivery.Signed{}, Ignored: []decide.Ignored{}, Asked: t.Asked, Anybody: t.Anybody,
		}
		for _, w := range t.Counted {
			tally.Counted = append(tally.Counted, w.Signed)
		}
		for _, w := range t.Ignored {
			tally.Ignored = append(tally.Ignored, decide.Ignored{Signed: w.Signed, Why: w.Why, Void: w.Void})
		}
		all = append(all, tally)
	}
	return all, nil
}

// gatesUnset fails where an approval gate has no settings to count by.
func gatesUnset(env delivery.Environment) error {
	for _, g := range env.Gates {
		if err := g.Unusable.Err("gate " + g.Name + " of " + env.Name); err != nil && g.Kind == kindApproval {
			return err
		}
	}
	return nil
}

// asking is the question as each of the gates is asked it.
func asking(env delivery.Environment, q delivery.Question) []delivery.Question {
	var all []delivery.Question
	phase := q.Operation.Verb.Phase()
	for _, g := range env.Gates {
		if g.Forward && q.Operation.Verb == delivery.VerbRollback {
			continue
		}
		if g.Kind == kindApproval && (g.When == delivery.Before(phase) || g.When == delivery.After(phase)) {
			q.Gate, q.Settings, q.When = g.Name, g.Settings, g.When
			all = append(all, q)
		}
	}
	return all
}

// Name is the name of a key in the list of the first gate that counts only what is
// signed.
func (a assent) Name(env delivery.Environment, q delivery.Question, key decide.PublicKey, wanted string) (string, error) {
	for _, g := range asking(env, q) {
		if approval.Signed(g) {
			return a.gate.Name(g, keys.Key{Path: key.Label, Public: key.Line}, wanted)
		}
	}
	return "", nil
}

// Signed fails where a signature is not by its own key over the message.
func (a assent) Signed(message, signature string) error {
	return signers.Check(message, signature, delivery.SignatureNamespace)
}

// signingKey finds an SSH key of this machine: the one at path, or else the usual one.
func signingKey(ctx context.Context, path string) (cli.SigningKey, error) {
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
	return cli.SigningKey{Public: key.Public, Path: key.Path, Sign: key.Sign}, err
}
