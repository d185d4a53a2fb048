package app

import (
	"context"
	"io"
	"os"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/signing/keys"
	"falkirk/internal/usecase"
)

// kindApproval is the kind of gate that approvals open.
const kindApproval = "approval"

// assent counts and signs for the commands as the approval gate does.
type assent struct{ gate *approval.Gate }

// Count asks the environment's approval gates around the operation's phase.
func (a assent) Count(env delivery.Environment, q delivery.Question) ([]usecase.Tally, error) {
	var all []usecase.Tally
	if err := gatesUnset(env); err != nil {
		return nil, err
	}
	for _, g := range asking(env, q) {
		t, err := a.gate.Count(g)
		if err != nil {
			return nil, err
		}
		tally := usecase.Tally{
			Gate: g.Gate, Answer: t.Answer, Reason: t.Reason, Quorum: t.Quorum, Signed: approval.Signed(g),
			Counted: []delivery.Signed{}, Ignored: []usecase.Ignored{}, Asked: t.Asked, Anybody: t.Anybody,
		}
		for _, w := range t.Counted {
			tally.Counted = append(tally.Counted, w.Signed)
		}
		for _, w := range t.Ignored {
			tally.Ignored = append(tally.Ignored, usecase.Ignored{Signed: w.Signed, Why: w.Why, Void: w.Void})
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

// Signer finds the key, and its name in the list of the first gate that counts
// only what is signed.
func (a assent) Signer(ctx context.Context, env delivery.Environment, q delivery.Question, path, as string) (usecase.Signer, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // then there are no usual keys
	}
	key, err := keys.Find(ctx, path, home)
	if fault.Is(err, fault.NotFound) && path == "" {
		err = fault.Hint(err, "give a key with --key FILE, or make one with: ssh-keygen -t ed25519")
	}
	if err != nil {
		return usecase.Signer{}, err
	}
	s := usecase.Signer{Name: as, Sign: func(ctx context.Context, message string, tell io.Writer) (string, error) {
		return key.Sign(ctx, message, delivery.SignatureNamespace, tell)
	}}
	for _, g := range asking(env, q) {
		if approval.Signed(g) {
			s.Name, err = a.gate.Name(g, key, as)
			return s, err
		}
	}
	return s, nil
}
