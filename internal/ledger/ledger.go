// Package ledger is the append-only log of an environment; history, live state
// and the lock are reads of it. It does not know what the operations do.
package ledger

import (
	"context"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/bucket"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// Store is what a ledger needs of a bucket.
type Store interface {
	Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error)
	Create(ctx context.Context, key string, r io.Reader) error
	Put(ctx context.Context, key string, r io.Reader) error
	List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error]
	Delete(ctx context.Context, key string) error
}

// Holder is the process that takes an environment.
type Holder = delivery.Holder

// Options are what a ledger takes from outside; each has a default.
type Options struct {
	Now     func() time.Time     // time.Now; for the dates of entries only
	Clock   func() time.Duration // fence.SinceBoot; all waiting and the lease's deadline are measured with it
	Lease   time.Duration        // 15s: a holder that has not renewed for so long writes nothing more
	Request time.Duration        // 10s: the longest that a request takes to have its effect; negative: the targets get no requests over a network
	Holder  Holder               // ThisProcess(); the token is made for each hold
	Memory  *Memory              // of the process; nil: every read is from the beginning
	Tell    func(text string)    // told of what is waited for; may be nil
	Keys    Keys                 // nil: entries are not signed, and signatures are not checked
}

// Ledger is the log of one environment of one app. It keeps nothing in memory
// and may be used from many goroutines.
type Ledger struct {
	store    Store
	app, env string
	now      func() time.Time
	clock    func() time.Duration
	lease    time.Duration
	request  time.Duration
	holder   Holder
	memory   *Memory
	tell     func(string)
	keys     Keys
}

const (
	defaultLease   = 15 * time.Second
	defaultRequest = 10 * time.Second
)

// New is the ledger of an environment. It reads nothing yet.
func New(store Store, app, env string, opt Options) *Ledger {
	l := &Ledger{
		store: store, app: app, env: env, now: opt.Now, clock: opt.Clock, lease: opt.Lease, request: opt.Request,
		holder: opt.Holder, memory: opt.Memory, tell: opt.Tell, keys: opt.Keys,
	}
	if l.now == nil {
		l.now = time.Now
	}
	if l.clock == nil {
		l.clock = fence.SinceBoot
	}
	if l.lease <= 0 {
		l.lease = defaultLease
	}
	if l.request == 0 {
		l.request = defaultRequest
	}
	l.request = max(l.request, 0)
	if l.holder == (Holder{}) {
		l.holder = ThisProcess()
	}
	return l
}

// Read folds what came after since, which may be the zero record, and verifies
// its chain.
func (l *Ledger) Read(ctx context.Context, since delivery.Record) (delivery.Record, error) {
	if since.Last > 0 {
		return l.follow(ctx, since)
	}
	rec, _, err := l.read(ctx)
	return rec, err
}

// read folds the log, from its snapshot where there is one; the number is that
// of the snapshot's last entry, or 0.
func (l *Ledger) read(ctx context.Context) (delivery.Record, int, error) {
	if known, ok := l.memory.get(l.prefix()); ok {
		if rec, err := l.follow(ctx, known.rec); err == nil {
			l.memory.put(l.prefix(), rec, known.snapped)
			return rec, known.snapped, nil
		} // what is wrong, the whole log tells
	}
	top, err := l.readHead(ctx)
	if err != nil {
		return delivery.Record{}, 0, err
	}
	rec := l.readSnapshot(ctx)
	snapped := rec.Last
	if snapped > 0 {
		if rec, err = l.foldTo(ctx, rec, top.Last); err == nil {
			rec, err = l.follow(ctx, rec)
		}
	} else {
		rec, err = l.readAll(ctx)
	}
	if err == nil {
		err = l.agrees(top, rec)
	}
	if err != nil {
		return delivery.Record{}, 0, err
	}
	l.memory.put(l.prefix(), rec, snapped)
	return rec, snapped, nil
}

// foldTo folds the entries up to the one that the head names, side by side. One
// that is missing ends it; agrees says so.
func (l *Ledger) foldTo(ctx context.Context, rec delivery.Record, last int) (delivery.Record, error) {
	if last <= rec.Last {
		return rec, nil
	}
	for s, err := range l.fetchAll(ctx, rec.Last+1, last) {
		if err == nil {
			err = l.follows(s, rec.LastHash)
		}
		if fault.Is(err, fault.NotFound) {
			return rec, nil
		}
		if err != nil {
			return rec, err
		}
		rec = l.fold(rec, s)
	}
	return rec, nil
}

func (l *Ledger) readAll(ctx context.Context) (delivery.Record, error) {
	var rec delivery.Record
	for s, err := range l.chain(ctx, 0, "") {
		if err != nil {
			return delivery.Record{}, err
		}
		rec = l.fold(rec, s)
	}
	return rec, nil
}

// Entries yields the log from its first entry and verifies its chain. The
// first error ends it.
func (l *Ledger) Entries(ctx context.Context) iter.Seq2[delivery.Entry, error] {
	return func(yield func(delivery.Entry, error) bool) {
		var rec delivery.Record
		for s, err := range l.chain(ctx, 0, "") {
			if s = l.after(rec.Latest, s); !yield(s.entry, err) {
				return
			}
			rec = rec.Fold(s.entry, s.hash)
		}
	}
}

func (l *Ledger) prefix() string { return "ledger/" + l.app + "/" + l.env + "/" }

func (l *Ledger) key(number int) string { return fmt.Sprintf("%s%010d.json", l.prefix(), number) }

var entryName = regexp.MustCompile(`^([0-9]{10})\.json$`)

// number is the number in an entry's key; a key that is none of an entry, such
// as a file that a file manager left, has none.
func (l *Ledger) number(key string) (int, bool) {
	m := entryName.FindStringSubmatch(strings.TrimPrefix(key, l.prefix()))
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
