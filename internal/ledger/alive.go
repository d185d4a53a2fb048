package ledger

import (
	"context"
	"fmt"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// sighting is a lease as it was seen once.
type sighting struct {
	lease
	raw      string    // "" where there is none
	modified time.Time // by the store's clock
	read     time.Time // by the same clock; zero where the store does not tell
}

// quiet is how long a lease must stay unchanged until none of its holder's
// requests can have an effect any more.
func (s sighting) quiet() time.Duration { return s.Length + s.Request }

// granularity is how coarse the store's clocks are: an HTTP date has seconds,
// and two of them are subtracted.
const granularity = 2 * time.Second

// isPast reports whether the store's own clock says that the lease has been
// unchanged for long enough.
func (s sighting) isPast() bool {
	return !s.read.IsZero() && !s.modified.IsZero() && s.read.Sub(s.modified) >= s.quiet()+granularity
}

// seemsFresh reports whether the lease looks recently renewed. It is no proof:
// without the store's clock it compares two machines. It only ends a look
// early, and what it ends with is "held".
func (s sighting) seemsFresh(now time.Time) bool {
	if !s.read.IsZero() {
		now = s.read
	}
	age := now.Sub(s.modified)
	return s.raw != "" && age > -granularity && age < s.Length*2/3
}

// staleness says why the operation of an opened entry is over although nobody
// closed it, and gives fault.Locked while its holder may be alive. It may watch
// the lease for as long as the holder could still write: a holder is stale when
// its process is known to be gone, when the store's clock says that the lease
// has ended, or when the lease has not changed for its whole length on the clock
// of this process.
func (l *Ledger) staleness(ctx context.Context, open delivery.Entry) (string, error) {
	first, err := l.readLease(ctx, open)
	if err != nil {
		return "", err
	}
	switch {
	case l.over(open) != "":
		return l.over(open), l.pause(ctx, first.Request, open)
	case first.isPast():
		return first.past(), nil
	case first.seemsFresh(l.now()):
		return "", l.locked(open, first)
	}
	last, err := l.watch(ctx, open, first)
	switch {
	case err != nil:
		return "", err
	case l.over(open) != "":
		return l.over(open), l.pause(ctx, first.Request, open)
	case last.raw != first.raw:
		return "", l.locked(open, last)
	}
	return fmt.Sprintf("its lease was not renewed for %s", first.quiet()), nil
}

// over says that the process of the holder has ended; "" where that is not
// known.
func (l *Ledger) over(open delivery.Entry) string {
	if holder := holderOf(open); isGone(l.holder, holder) {
		return fmt.Sprintf("%s is gone", holder)
	}
	return ""
}

func (s sighting) past() string {
	return fmt.Sprintf("its lease was last renewed at %s by the store's clock", stamp(s.modified))
}

func holderOf(open delivery.Entry) Holder {
	if open.Holder == nil {
		return Holder{}
	}
	return *open.Holder
}

// watch looks at a lease until it changes, its process is gone, or it has
// stayed the same for its quiet time.
func (l *Ledger) watch(ctx context.Context, open delivery.Entry, first sighting) (sighting, error) {
	end := l.clock() + first.quiet()
	every := min(first.Length/8, time.Second)
	l.waiting(open, first.quiet())
	for {
		left := end - l.clock()
		if left <= 0 {
			return l.readLease(ctx, open) // the answer that counts is asked for after the time
		}
		if err := l.sleep(ctx, min(every, left)); err != nil {
			return first, err
		}
		now, err := l.readLease(ctx, open)
		if err != nil || now.raw != first.raw || l.over(open) != "" {
			return now, err
		}
	}
}

// pause waits until requests that a process sent before it ended have had
// their effect.
func (l *Ledger) pause(ctx context.Context, d time.Duration, open delivery.Entry) error {
	if d <= 0 {
		return nil
	}
	l.waiting(open, d)
	return l.sleep(ctx, d)
}

func (l *Ledger) waiting(open delivery.Entry, d time.Duration) {
	if l.tell != nil {
		l.tell(fmt.Sprintf("waits up to %s, until %s (%s) can write nothing more", d, describe(open.Operation), holderOf(open)))
	}
}

// sleep waits on the ledger's clock.
func (l *Ledger) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Interrupted, "stopped while waiting for %s/%s: %w", l.app, l.env, context.Cause(ctx))
	}
}

// drained waits until the holder from whom a living operation was taken can
// write nothing more. A lease that is still renewed belongs to a holder that
// has not looked at the log yet.
func (l *Ledger) drained(ctx context.Context, open delivery.Entry) error {
	end := l.clock() + 4*(l.lease+l.request)
	for {
		s, err := l.readLease(ctx, open)
		if err != nil {
			return err
		}
		switch {
		case l.over(open) != "":
			return l.pause(ctx, s.Request, open)
		case s.isPast():
			return nil
		}
		now, err := l.watch(ctx, open, s)
		if err != nil || now.raw == s.raw && l.over(open) == "" {
			return err
		}
		if l.clock() >= end {
			return l.locked(open, now)
		}
	}
}

// locked says who holds the environment.
func (l *Ledger) locked(open delivery.Entry, s sighting) error {
	err := fault.New(fault.Locked, "%s/%s is held by %s since %s: %s, lease until %s by its clock",
		l.app, l.env, describe(open.Operation), stamp(open.At), holderOf(open), stamp(s.Expires))
	return fault.Hint(err, "wait for it to end and repeat; if its process died, the environment is free %s after the last renewal", s.quiet())
}
