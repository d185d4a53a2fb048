package ledger

import (
	"sync"

	"falkirk/internal/delivery"
)

// Memory is what one process has read of its logs, and verified: the next read
// of a log follows what came after. It may be used from many goroutines.
type Memory struct {
	mu   sync.Mutex
	logs map[string]remembered
}

type remembered struct {
	rec     delivery.Record
	snapped int
}

func (m *Memory) get(log string) (remembered, bool) {
	if m == nil {
		return remembered{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.logs[log]
	return r, ok
}

// put keeps the furthest that was read.
func (m *Memory) put(log string, rec delivery.Record, snapped int) {
	if m == nil || rec.Last == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.logs == nil {
		m.logs = map[string]remembered{}
	}
	if m.logs[log].rec.Last < rec.Last {
		m.logs[log] = remembered{rec, snapped}
	}
}
