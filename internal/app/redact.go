package app

import (
	"context"
	"iter"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/ledger"
	"falkirk/internal/release"
)

// careful is a ledger that writes no secret.
type careful struct {
	*ledger.Ledger
	hide     *hider
	anchored func(operation string, a delivery.Anchor) // told of the last entry of an operation that ended
}

// Read notes the names in the ledger.
func (l careful) Read(ctx context.Context, since delivery.Record) (delivery.Record, error) {
	r, err := l.Ledger.Read(ctx, since)
	l.hide.showRecord(r)
	return r, err
}

// Begin fits the ledger's hold to the engine's port.
func (l careful) Begin(ctx context.Context, op delivery.Operation) (engine.Hold, delivery.Record, error) {
	h, rec, err := l.Ledger.Begin(ctx, cleanOperation(op, l.hide.redact))
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

func (h carefulHold) clean(e delivery.Entry) delivery.Entry { return clean(e, h.log.hide.redact) }

// Decide writes what a person decided.
func (l careful) Decide(ctx context.Context, e delivery.Entry) (delivery.Record, error) {
	return l.Ledger.Decide(ctx, clean(e, l.hide.redact))
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

// shownLog is a ledger whose names are not hidden once they were read.
type shownLog struct {
	*ledger.Ledger
	hide *hider
}

// Entries yields the entries from the first to the last.
func (l shownLog) Entries(ctx context.Context) iter.Seq2[delivery.Entry, error] {
	return l.noted(l.Ledger.Entries(ctx))
}

// Back yields the entries from the last to the first.
func (l shownLog) Back(ctx context.Context) iter.Seq2[delivery.Entry, error] {
	return l.noted(l.Ledger.Back(ctx))
}

func (l shownLog) noted(all iter.Seq2[delivery.Entry, error]) iter.Seq2[delivery.Entry, error] {
	return func(yield func(delivery.Entry, error) bool) {
		for e, err := range all {
			if err == nil {
				l.hide.showEntry(e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// shownReleases are releases whose names are not hidden once they were read.
type shownReleases struct {
	*release.Store
	hide *hider
}

// List lists the releases of an app.
func (s shownReleases) List(ctx context.Context, app string) ([]delivery.Release, error) {
	all, err := s.Store.List(ctx, app)
	for _, r := range all {
		s.hide.showRelease(r)
	}
	return all, err
}

// Get reads one release.
func (s shownReleases) Get(ctx context.Context, app, version string) (delivery.Release, error) {
	r, err := s.Store.Get(ctx, app, version)
	if err == nil {
		s.hide.showRelease(r)
	}
	return r, err
}
