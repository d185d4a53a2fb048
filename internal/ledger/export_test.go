package ledger

import (
	"encoding/json"
	"time"
)

// SnapshotMessage is what is signed of a snapshot.
func (l *Ledger) SnapshotMessage(version int, keys string, at time.Time, record json.RawMessage) string {
	return l.snapshotMessage(snapshot{Version: version, Keys: keys, At: at, Record: record})
}
