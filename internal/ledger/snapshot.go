package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"falkirk/internal/delivery"
)

// snapshotEvery is how many entries come between two snapshots at least.
const snapshotEvery = 64

// snapshot is a record as it was folded once, so that not every entry is read
// each time. It is a cache: if anything is odd about one, the log is read whole.
type snapshot struct {
	Version int    `json:"version"`        // delivery.RecordVersion
	Keys    string `json:"keys,omitempty"` // the list of signers that the entries were checked by

	Record    json.RawMessage     `json:"record"` // a delivery.Record
	At        time.Time           `json:"at,omitzero"`
	Signature *delivery.Signature `json:"signature,omitempty"`
}

func (l *Ledger) snapshotKey() string { return "ledger-snapshot/" + l.app + "/" + l.env + ".json" }

// readSnapshot is the record of a snapshot that fits the log: the entry that it
// ends with is there, and is the one that it was folded from. Where entries are
// signed, the snapshot must be signed too. Else it is zero.
func (l *Ledger) readSnapshot(ctx context.Context) delivery.Record {
	raw, err := l.get(ctx, l.snapshotKey())
	if err != nil {
		return delivery.Record{}
	}
	var s snapshot
	var rec delivery.Record
	if json.Unmarshal(raw, &s) != nil || s.Version != delivery.RecordVersion || s.Keys != l.keysID() ||
		json.Unmarshal(s.Record, &rec) != nil || rec.Last < 1 || !l.vouched(s) {
		return delivery.Record{}
	}
	last, err := l.fetch(ctx, rec.Last)
	if err != nil || last.hash != rec.LastHash {
		return delivery.Record{}
	}
	return rec
}

// vouched reports whether the signature of a snapshot counts, at its date and
// now: its writer chooses its date. Where the key is not valid any more, the log
// is read whole.
func (l *Ledger) vouched(s snapshot) bool {
	switch {
	case l.keys == nil:
		return true
	case s.Signature == nil:
		return false
	}
	for _, at := range []time.Time{s.At, l.now()} {
		if l.keys.Check(l.snapshotMessage(s), *s.Signature, at) != nil {
			return false
		}
	}
	return true
}

func (l *Ledger) snapshotMessage(s snapshot) string {
	return fmt.Sprintf("falkirk ledger snapshot 1\n%s/%s\n%d %s %s\n%s\n",
		l.app, l.env, s.Version, s.Keys, s.At.UTC().Format(time.RFC3339Nano), s.Record)
}

// writeSnapshot writes the record where it can; nobody needs it.
func (l *Ledger) writeSnapshot(ctx context.Context, rec delivery.Record) {
	raw, err := json.Marshal(rec)
	if err != nil {
		return
	}
	s := snapshot{Version: delivery.RecordVersion, Keys: l.keysID(), Record: raw}
	if l.keys != nil {
		s.At = l.now().UTC()
		signature, err := l.keys.Sign(ctx, l.snapshotMessage(s))
		if err != nil {
			return
		}
		s.Signature = &signature
	}
	if raw, err = json.Marshal(s); err == nil && len(raw) < maxEntry {
		_ = l.store.Put(ctx, l.snapshotKey(), bytes.NewReader(raw))
	}
}
