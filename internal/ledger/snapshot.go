package ledger

import (
	"bytes"
	"context"
	"encoding/json"

	"falkirk/internal/delivery"
)

// snapshotEvery is how many entries come between two snapshots at least.
const snapshotEvery = 64

// snapshot is a record as it was folded once, so that not every entry is read
// each time. It is a cache: whatever is odd about one, the log is read whole.
type snapshot struct {
	Version int             `json:"version"` // delivery.RecordVersion
	Record  delivery.Record `json:"record"`
}

func (l *Ledger) snapshotKey() string { return "ledger-snapshot/" + l.app + "/" + l.env + ".json" }

// readSnapshot is the record of a snapshot that fits the log: the entry that it
// ends with is there, and is the one that it was folded from. Else it is zero.
func (l *Ledger) readSnapshot(ctx context.Context) delivery.Record {
	raw, err := l.get(ctx, l.snapshotKey())
	if err != nil {
		return delivery.Record{}
	}
	var s snapshot
	if json.Unmarshal(raw, &s) != nil || s.Version != delivery.RecordVersion || s.Record.Last < 1 {
		return delivery.Record{}
	}
	last, err := l.fetch(ctx, s.Record.Last)
	if err != nil || last.hash != s.Record.LastHash {
		return delivery.Record{}
	}
	return s.Record
}

func (l *Ledger) writeSnapshot(ctx context.Context, rec delivery.Record) {
	if raw, err := json.Marshal(snapshot{delivery.RecordVersion, rec}); err == nil && len(raw) < maxEntry {
		_ = l.store.Put(ctx, l.snapshotKey(), bytes.NewReader(raw))
	}
}
