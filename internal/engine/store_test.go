package engine

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// memory is what the ledger needs of a bucket, in memory, with the trap before
// each call that a run waits for.
type memory struct {
	trap *trap
	mu   sync.Mutex
	held map[string][]byte
}

func (m *memory) Get(_ context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	if err := m.trap.step("get " + key); err != nil {
		return nil, bucket.Info{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	raw, ok := m.held[key]
	if !ok {
		return nil, bucket.Info{}, fault.New(fault.NotFound, "no object %s", key)
	}
	return io.NopCloser(bytes.NewReader(raw)), bucket.Info{Key: key, Size: int64(len(raw))}, nil
}

func (m *memory) Create(_ context.Context, key string, r io.Reader) error {
	if err := m.trap.step("create " + key); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.held[key]; ok {
		return fault.New(fault.Conflict, "object %s exists", key)
	}
	m.held[key] = raw
	return nil
}

// Put writes leases only; their renewal comes at its own time, so the trap
// leaves it out.
func (m *memory) Put(_ context.Context, key string, r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[key] = raw
	return nil
}

func (m *memory) List(_ context.Context, prefix, after string) iter.Seq2[bucket.Info, error] {
	return func(yield func(bucket.Info, error) bool) {
		if err := m.trap.step("list " + prefix); err != nil {
			yield(bucket.Info{}, err)
			return
		}
		m.mu.Lock()
		keys := slices.Sorted(maps.Keys(m.held))
		m.mu.Unlock()
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) && k > after && !yield(bucket.Info{Key: k}, nil) {
				return
			}
		}
	}
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.held, key)
	return nil
}
