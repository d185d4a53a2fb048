package redact

import (
	"context"
	"iter"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/ledger"
	"falkirk/internal/release"
)

// Ledger is a ledger that writes no secret.
type Ledger struct {
	*ledger.Ledger
	Hide     *Hider
	Anchored func(operation string, a delivery.Anchor) // told of the last entry of an operation that ended
}

// Read notes the names in the ledger.
func (l Ledger) Read(ctx context.Context, since delivery.Record) (delivery.Record, error) {
	r, err := l.Ledger.Read(ctx, since)
	l.Hide.showRecord(r)
	return r, err
}

// Begin fits the ledger's hold to the engine's port.
func (l Ledger) Begin(ctx context.Context, op delivery.Operation) (engine.Hold, delivery.Record, error) {
	h, rec, err := l.Ledger.Begin(ctx, Operation(op, l.Hide.Redact))
	if err != nil {
		return nil, rec, err
	}
	return hold{h, l, op.ID}, rec, nil
}

type hold struct {
	*ledger.Hold
	log       Ledger
	operation string
}

func (h hold) Append(ctx context.Context, e delivery.Entry) error {
	return h.Hold.Append(ctx, h.clean(e))
}

func (h hold) Close(ctx context.Context, e delivery.Entry) error {
	err := h.Hold.Close(ctx, h.clean(e))
	if err != nil {
		return err
	}
	if a, err := h.Anchor(context.WithoutCancel(ctx)); err == nil {
		h.log.Anchored(h.operation, a)
	}
	return nil
}

func (h hold) clean(e delivery.Entry) delivery.Entry { return clean(e, h.log.Hide.Redact) }

// Decide writes what a person decided.
func (l Ledger) Decide(ctx context.Context, e delivery.Entry) (delivery.Record, error) {
	return l.Ledger.Decide(ctx, clean(e, l.Hide.Redact))
}

// Operation is an operation without secrets in what people wrote.
func Operation(op delivery.Operation, redact func(string) string) delivery.Operation {
	op.Reason, op.Override = redact(op.Reason), redact(op.Override)
	return op
}

func clean(e delivery.Entry, redact func(string) string) delivery.Entry {
	e.Note, e.Error, e.Operation = redact(e.Note), redact(e.Error), Operation(e.Operation, redact)
	if e.Verdict != nil {
		v := *e.Verdict
		v.Reason, v.Output = redact(v.Reason), redact(v.Output)
		e.Verdict = &v
	}
	return e
}

// Log is a ledger whose names are not hidden once they were read.
type Log struct {
	*ledger.Ledger
	Hide *Hider
}

// Entries yields the entries from the first to the last.
func (l Log) Entries(ctx context.Context) iter.Seq2[delivery.Entry, error] {
	return l.noted(l.Ledger.Entries(ctx))
}

// Back yields the entries from the last to the first.
func (l Log) Back(ctx context.Context) iter.Seq2[delivery.Entry, error] {
	return l.noted(l.Ledger.Back(ctx))
}

func (l Log) noted(all iter.Seq2[delivery.Entry, error]) iter.Seq2[delivery.Entry, error] {
	return func(yield func(delivery.Entry, error) bool) {
		for e, err := range all {
			if err == nil {
				l.Hide.showEntry(e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// Releases are releases whose names are not hidden once they were read.
type Releases struct {
	*release.Store
	Hide *Hider
}

// List lists the releases of an app.
func (s Releases) List(ctx context.Context, app string) ([]delivery.Release, error) {
	all, err := s.Store.List(ctx, app)
	for _, r := range all {
		s.Hide.showRelease(r)
	}
	return all, err
}

// Get reads one release.
func (s Releases) Get(ctx context.Context, app, version string) (delivery.Release, error) {
	r, err := s.Store.Get(ctx, app, version)
	if err == nil {
		s.Hide.showRelease(r)
	}
	return r, err
}
