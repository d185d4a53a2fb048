package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// stored is an entry and the hash of its bytes.
type stored struct {
	entry delivery.Entry
	hash  string
	raw   []byte
}

// readAhead is how many entries are fetched at once.
const readAhead = 16

// chain yields the entries after the one with the number and hash given, in
// order and verified.
func (l *Ledger) chain(ctx context.Context, after int, hash string) iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		last, err := l.last(ctx, after)
		if err != nil {
			yield(stored{}, err)
			return
		}
		for s, err := range l.fetchAll(ctx, after+1, last) {
			if err == nil {
				err = l.follows(s, hash)
			}
			if err != nil {
				if fault.Is(err, fault.NotFound) {
					err = l.gap(err)
				}
				yield(stored{}, err)
				return
			}
			hash = s.hash
			if !yield(s, nil) {
				return
			}
		}
	}
}

// last is the highest number in the log, or after when there is none above it.
func (l *Ledger) last(ctx context.Context, after int) (int, error) {
	last, start := after, ""
	if after > 0 {
		start = l.key(after)
	}
	for info, err := range l.store.List(ctx, l.prefix(), start) {
		if err != nil {
			return 0, fmt.Errorf("list the ledger of %s/%s: %w", l.app, l.env, err)
		}
		if n, ok := l.number(info.Key); ok {
			last = max(last, n)
		}
	}
	return last, nil
}

// fetchAll yields the entries from first to last, which may be the lower one,
// fetched side by side.
func (l *Ledger) fetchAll(ctx context.Context, first, last int) iter.Seq2[stored, error] {
	type answer struct {
		s   stored
		err error
	}
	by, count := 1, last-first+1
	if last < first {
		by, count = -1, first-last+1
	}
	if min(first, last) < 1 {
		count = 0
	}
	return func(yield func(stored, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		var ring [readAhead]chan answer
		ask := func(i int) {
			c := make(chan answer, 1)
			ring[i%readAhead] = c
			wg.Go(func() {
				s, err := l.fetch(ctx, first+i*by)
				c <- answer{s, err}
			})
		}
		for i := range min(count, readAhead) {
			ask(i)
		}
		for i := range count {
			a := <-ring[i%readAhead]
			if i+readAhead < count {
				ask(i + readAhead)
			}
			if !yield(a.s, a.err) || a.err != nil {
				return
			}
		}
	}
}

// fetch reads one entry; fault.NotFound when the log does not reach it.
func (l *Ledger) fetch(ctx context.Context, number int) (stored, error) {
	key := l.key(number)
	raw, err := l.get(ctx, key)
	if err != nil {
		return stored{}, fmt.Errorf("read ledger entry %s: %w", key, err)
	}
	e, err := Decode(raw)
	if err != nil {
		return stored{}, fmt.Errorf("read ledger entry %s: %w", key, err)
	}
	if e.Number != number {
		return stored{}, broken("ledger entry %s says that it has the number %d", key, e.Number)
	}
	e.Doubt = l.doubt(raw, e)
	return stored{e, hashOf(raw), raw}, nil
}

func (l *Ledger) get(ctx context.Context, key string) ([]byte, error) {
	r, _, err := l.store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return readAll(r)
}

// readAll reads and closes what is at most as long as an entry.
func readAll(r io.ReadCloser) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxEntry+1))
	return raw, errors.Join(err, r.Close())
}

// follows checks that s was written after the entry that has this hash.
func (l *Ledger) follows(s stored, hash string) error {
	if s.entry.Prev == hash {
		return nil
	}
	if s.entry.Number == 1 {
		return broken("ledger entry %s names one before it", l.key(1))
	}
	return broken("ledger entry %s has been changed: it is not the one that %s was written after",
		l.key(s.entry.Number-1), l.key(s.entry.Number))
}

func (l *Ledger) gap(err error) error {
	return broken("the ledger of %s/%s has a gap: %w", l.app, l.env, err)
}

func broken(format string, args ...any) error {
	return fault.Hint(fault.New(fault.Tampered, format, args...),
		"restore the entry from a backup or an older version of the object; falkirk verify says what else is wrong")
}

// follow folds what came after rec, entry by entry; for the few that come
// while somebody looks.
func (l *Ledger) follow(ctx context.Context, rec delivery.Record) (delivery.Record, error) {
	for {
		s, err := l.fetch(ctx, rec.Last+1)
		if fault.Is(err, fault.NotFound) {
			return rec, nil
		}
		if err == nil {
			err = l.follows(s, rec.LastHash)
		}
		if err != nil {
			return rec, err
		}
		rec = l.fold(rec, s)
	}
}

// errOvertaken says that another writer got the number.
var errOvertaken = errors.New("another entry came first")

// append writes e as the entry after rec; errOvertaken when another writer was
// first. A write whose answer was lost looks like a failure, or like a conflict
// when it was sent twice, so what stands there decides.
func (l *Ledger) append(ctx context.Context, last int, hash string, e delivery.Entry) (stored, error) {
	e.Schema, e.Number, e.Prev, e.At = delivery.EntrySchema, last+1, hash, l.now().UTC()
	raw, e, err := l.encode(ctx, e)
	if err != nil {
		return stored{}, err
	}
	key := l.key(e.Number)
	if err = l.store.Create(ctx, key, bytes.NewReader(raw)); err == nil {
		return stored{e, hashOf(raw), raw}, nil
	}
	there, readErr := l.get(ctx, key)
	switch {
	case readErr != nil:
		return stored{}, fmt.Errorf("write ledger entry %s: %w", key, err)
	case bytes.Equal(there, raw):
		return stored{e, hashOf(raw), raw}, nil
	}
	return stored{}, errOvertaken
}
