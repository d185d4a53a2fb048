package inspect

import (
	"context"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// VerifyQuery asks for the proof of one ledger, or of all.
type VerifyQuery struct {
	Environment string `json:"environment,omitempty"`
	Since       string `json:"since,omitempty"` // the text of an anchor, whose entries must still be there
}

// VerifyResult is a proof for each ledger. It is there also with the error of a ledger
// that is not as it must be.
type VerifyResult []delivery.Proof

func newVerify() usecase.Case[VerifyQuery, VerifyResult] {
	return usecase.Case[VerifyQuery, VerifyResult]{
		Name: "inspect.verify", Doc: "Prove that no entry of a ledger was changed, removed or forged",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: verify,
	}
}

func verify(ctx context.Context, c *usecase.Call, q VerifyQuery) (VerifyResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	anchors, err := readAnchors(app, q)
	if err != nil {
		return nil, err
	}
	names, err := ledgersToRead(ctx, c, app, q.Environment, anchors...)
	if err != nil {
		return nil, err
	}
	proofs := VerifyResult{}
	for _, name := range names {
		p, err := prove(ctx, app.Ledger(name), anchors, name)
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, p)
	}
	c.NoteOrphans(ctx, app, names...)
	return proofs, proofs.unsound()
}

// ledgersToRead are the ledgers that are asked for. Where that is all, the folders
// between them that are none are told.
func ledgersToRead(ctx context.Context, c *usecase.Call, app *usecase.App, environment string, anchors ...delivery.Anchor) ([]string, error) {
	names, err := app.StoredLedgers(ctx, environment, anchors...)
	if err != nil || environment != "" {
		return names, err
	}
	_, others, err := app.Ledgers(ctx)
	for _, name := range others {
		c.Warn(fmt.Sprintf("ledger/%s/%s is not read: no environment can have this name", app.Engine.App.Name, name))
	}
	return names, err
}

func readAnchors(app *usecase.App, q VerifyQuery) ([]delivery.Anchor, error) {
	if q.Since == "" {
		return nil, nil
	}
	all, err := delivery.ParseAnchors(q.Since)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.App != app.Engine.App.Name {
			return nil, fault.New(fault.Invalid, "the anchor is of the app %s, and the app file is of %s", a.App, app.Engine.App.Name)
		}
	}
	if q.Environment != "" {
		all = slices.DeleteFunc(all, func(a delivery.Anchor) bool { return a.Environment != q.Environment })
		if len(all) == 0 {
			return nil, fault.New(fault.Invalid, "the anchor has no line of %s", q.Environment)
		}
	}
	return all, nil
}

// prove verifies one ledger, and that it has what the anchors say.
func prove(ctx context.Context, log usecase.Log, anchors []delivery.Anchor, name string) (delivery.Proof, error) {
	p, err := log.Verify(ctx)
	if err != nil {
		return p, err
	}
	for _, a := range anchors {
		if a.Environment != name {
			continue
		}
		gone, err := log.Contains(ctx, a)
		if err != nil {
			return p, err
		}
		p.Anchored = max(p.Anchored, a.Number)
		if gone != nil && p.Broken == nil {
			gone.Text = "by the anchor: " + gone.Text
			p.Broken = gone
		}
	}
	if len(anchors) > 0 && !slices.ContainsFunc(anchors, func(a delivery.Anchor) bool { return a.Environment == name }) {
		p.Notes = append(p.Notes, "the anchor has no line of it")
	}
	return p, nil
}

// unsound is the error for the first ledger that is not as it must be.
func (all VerifyResult) unsound() error {
	for _, p := range all {
		name, next := p.Environment, p.Environment
		if p.Environment == delivery.Everywhere {
			name, next = "(all)", "--all"
		}
		switch {
		case p.Broken != nil:
			err := fault.New(fault.Tampered, "the ledger of %s is not as it was written: entry %d was %s", name, p.Broken.Number, p.Broken.What)
			return fault.Hint(err, "restore %s from a copy or an older version of the object", p.Broken.Key)
		case len(p.Doubts) > 0:
			err := fault.New(fault.Tampered, "the ledger of %s is not signed as it must be: %s", name, p.Doubts[0].Text)
			return fault.Hint(err, "look at falkirk history; if the entries are right: falkirk sign-ledger %s --reason TEXT", next)
		case len(p.Strays) > 0:
			err := fault.New(fault.Tampered, "the ledger of %s has an entry that Falkirk did not write: %s", name, p.Strays[0].Text)
			return fault.Hint(err, "find out who may write in the store; rules do not count such entries")
		}
	}
	return nil
}
