package app

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/ledger"
)

// careful is a ledger that writes no secret.
type careful struct {
	*ledger.Ledger
	redact   func(string) string
	anchored func(operation string, a delivery.Anchor) // told of the last entry of an operation that ended
}

// Begin fits the ledger's hold to the engine's port.
func (l careful) Begin(ctx context.Context, op delivery.Operation) (engine.Hold, delivery.Record, error) {
	h, rec, err := l.Ledger.Begin(ctx, cleanOperation(op, l.redact))
	if err != nil {
		return nil, rec, err
	}
	return carefulHold{h, l, op.ID}, rec, nil
}

type carefulHold struct {
	*ledger.Hold
	log       careful
	operation string
}

func (h carefulHold) Append(ctx context.Context, e delivery.Entry) error {
	return h.Hold.Append(ctx, h.clean(e))
}

func (h carefulHold) Close(ctx context.Context, e delivery.Entry) error {
	err := h.Hold.Close(ctx, h.clean(e))
	if err != nil {
		return err
	}
	if a, err := h.Anchor(context.WithoutCancel(ctx)); err == nil {
		h.log.anchored(h.operation, a)
	}
	return nil
}

func (h carefulHold) clean(e delivery.Entry) delivery.Entry { return clean(e, h.log.redact) }

// Decide writes what a person decided.
func (l careful) Decide(ctx context.Context, e delivery.Entry) (delivery.Record, error) {
	return l.Ledger.Decide(ctx, clean(e, l.redact))
}

func cleanOperation(op delivery.Operation, redact func(string) string) delivery.Operation {
	op.Reason, op.Override = redact(op.Reason), redact(op.Override)
	return op
}

func clean(e delivery.Entry, redact func(string) string) delivery.Entry {
	e.Note, e.Error, e.Operation = redact(e.Note), redact(e.Error), cleanOperation(e.Operation, redact)
	if e.Verdict != nil {
		v := *e.Verdict
		v.Reason, v.Output = redact(v.Reason), redact(v.Output)
		e.Verdict = &v
	}
	return e
}
