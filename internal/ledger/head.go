package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// head says how far a log had come when an operation last ended. It lies
// beside the log, and is written after the entry that it names: it may lag
// behind, and when it is ahead, entries are missing.
type head struct {
	Last int    `json:"last"`
	Hash string `json:"hash"`
}

func (l *Ledger) headKey() string { return "ledger-head/" + l.app + "/" + l.env + ".json" }

// readHead is the zero head where there is none, or none that can be read.
func (l *Ledger) readHead(ctx context.Context) (head, error) {
	raw, err := l.get(ctx, l.headKey())
	if fault.Is(err, fault.NotFound) {
		return head{}, nil
	}
	if err != nil {
		return head{}, fmt.Errorf("read %s: %w", l.headKey(), err)
	}
	var h head
	if json.Unmarshal(raw, &h) == nil && h.Last > 0 && hashShape.MatchString(h.Hash) {
		return h, nil
	}
	return head{}, nil // a spoilt one says nothing
}

// note writes the head, and now and then a snapshot. Neither is needed, so
// that one cannot be written fails nothing.
func (l *Ledger) note(ctx context.Context, rec delivery.Record, snapped int) {
	// The operation has ended: another one may have begun, and ended, since.
	old, err := l.readHead(ctx)
	if raw, jsonErr := json.Marshal(head{rec.Last, rec.LastHash}); err == nil && jsonErr == nil && old.Last < rec.Last {
		_ = l.store.Put(ctx, l.headKey(), bytes.NewReader(raw))
	}
	if rec.Last-snapped >= snapshotEvery {
		l.writeSnapshot(ctx, rec)
	}
}

// agrees checks what was read against the head that was there before.
func (l *Ledger) agrees(h head, rec delivery.Record) error {
	switch {
	case rec.Last < h.Last:
		return broken("the ledger of %s/%s has lost entries: it ends with %d, and had %s", l.app, l.env, rec.Last, l.key(h.Last))
	case rec.Last == h.Last && rec.LastHash != h.Hash:
		return broken("ledger entry %s has been changed since it was written", l.key(h.Last))
	}
	return nil
}
