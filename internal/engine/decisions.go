package engine

import (
	"context"
	"sync"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// Decisions is what people decided about an app, for commands that write outside
// of this machine without being an operation on an environment. A nil one is of
// no app, so nobody has decided anything. It may be used from many goroutines.
type Decisions struct {
	App      string
	Ledger   Ledger // of the whole app
	Releases Releases
	// Below lists the digests that an image index in the store of releases leads
	// to; none where the store does not have it.
	Below  func(ctx context.Context, digest string) ([]string, error)
	Fresh  time.Duration // an answer is used again for so long; 0: never
	Now    func() time.Time
	Unsafe delivery.Unusable // that of the app
	Hint   string            // what to do where they cannot be read; empty: as the cause says

	mu     sync.Mutex
	read   time.Time
	whole  delivery.Record
	banned map[string]delivery.Operation // by digest, as of the bans in known
	known  []delivery.Operation
}

// Ask is asked before each write. It refuses while everything is stopped; a
// version that is banned is refused too.
func (d *Decisions) Ask(ctx context.Context, version string) error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(ctx); err != nil {
		return err
	}
	if o := rule.Writer(d.whole, version, d.Unsafe); o != nil {
		return refusal(o)
	}
	return nil
}

// HasBans reports whether any release is banned, as last asked.
func (d *Decisions) HasBans() bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.whole.Bans) > 0
}

// AskImage is Ask for an image: one that is of a banned release is refused,
// whatever its name and tag. The digests are those of its manifest and of what
// the manifest leads to.
func (d *Decisions) AskImage(ctx context.Context, digests ...string) error {
	if err := d.Ask(ctx, ""); err != nil || d == nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.findBanned(ctx); err != nil {
		return err
	}
	for _, digest := range digests {
		if ban, is := d.banned[digest]; is {
			o := rule.Writer(d.whole, ban.Version, d.Unsafe)
			if o == nil {
				continue
			}
			err := fault.New(fault.Refused, "%s is an image of %s: %s", digest, ban.Version, o.Text)
			return fault.Hint(err, "%s", o.Next)
		}
	}
	return nil
}

func (d *Decisions) refresh(ctx context.Context) error {
	now := d.Now()
	if !d.read.IsZero() && now.Sub(d.read) < d.Fresh {
		return nil
	}
	whole, err := d.Ledger.Read(ctx, d.whole)
	if err != nil {
		return d.unknown(err)
	}
	d.whole, d.read = whole, now
	return nil
}

// findBanned collects the digests of banned releases. A banned version that was
// never packed has none.
func (d *Decisions) findBanned(ctx context.Context) error {
	if d.banned != nil && same(d.known, d.whole.Bans) {
		return nil
	}
	banned := map[string]delivery.Operation{}
	for _, ban := range d.whole.Bans {
		rel, err := d.Releases.Get(ctx, d.App, ban.Version)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return d.unknown(err)
		}
		for _, a := range rel.Artifacts {
			banned[a.Digest] = ban
			below, err := d.Below(ctx, a.Digest)
			if err != nil {
				return d.unknown(err)
			}
			for _, digest := range below {
				banned[digest] = ban
			}
		}
	}
	d.banned, d.known = banned, d.whole.Bans
	return nil
}

// unknown is the error where the store does not say what people decided.
func (d *Decisions) unknown(err error) error {
	out := fault.New(fault.KindOf(err), "what people decided cannot be read, so nothing is written: %w", err)
	if d.Hint != "" {
		out = fault.Hint(out, "%s", d.Hint)
	}
	return &UnknownError{out}
}

func same(a, b []delivery.Operation) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID {
			return false
		}
	}
	return true
}

// UnknownError says that what people decided could not be read.
type UnknownError struct{ Err error }

func (e *UnknownError) Error() string { return e.Err.Error() }

// Unwrap gives the cause, with its kind and hint.
func (e *UnknownError) Unwrap() error { return e.Err }
