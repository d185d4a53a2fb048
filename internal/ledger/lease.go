package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// lease is what a holder renews beside the log. Its key has the number of the
// opened entry and the hold's token: of two that try for one number, the loser
// must not overwrite the winner's.
//
// That it changes is the sign of life. No other process compares a time in it
// with a clock of its own.
type lease struct {
	Holder  Holder        `json:"holder"`
	Renewal int           `json:"renewal"` // counts up
	Length  time.Duration `json:"length"`  // nanoseconds from the start of the renewal in which the holder may write
	Request time.Duration `json:"request"` // nanoseconds that a request of the holder takes at most to have its effect
	Expires time.Time     `json:"expires"` // by the holder's clock; for people, and for versions before 1 that only know this
}

func (l *Ledger) leasePrefix() string { return "ledger-lease/" + l.app + "/" + l.env + "/" }

func (l *Ledger) leaseKey(number int, token string) string {
	return fmt.Sprintf("%s%010d-%s.json", l.leasePrefix(), number, token)
}

// writeLease writes a lease and says when it ends on the ledger's clock. It
// counts from the start of the request: the store may have written it long
// before the answer comes.
func (l *Ledger) writeLease(ctx context.Context, key string, holder Holder, renewal int) (until time.Duration, err error) {
	until = l.clock() + l.lease
	raw, err := json.Marshal(lease{
		Holder: holder, Renewal: renewal, Length: l.lease, Request: l.request, Expires: l.now().UTC().Add(l.lease),
	})
	if err == nil {
		err = l.store.Put(ctx, key, bytes.NewReader(raw))
	}
	if err != nil {
		return until, fmt.Errorf("write lease %s: %w", key, err)
	}
	return until, nil
}

// readLease reads the lease of an opened entry. Where it is missing or cannot
// be understood, the lease is one that nobody has renewed.
func (l *Ledger) readLease(ctx context.Context, open delivery.Entry) (sighting, error) {
	unknown := sighting{lease: lease{Length: l.lease, Request: l.request, Expires: open.At.Add(l.lease)}}
	if open.Holder == nil {
		return unknown, nil
	}
	key := l.leaseKey(open.Number, open.Holder.Token)
	r, info, err := l.store.Get(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return unknown, nil
	}
	if err != nil {
		return unknown, fmt.Errorf("read lease %s: %w", key, err)
	}
	raw, err := readAll(r)
	if err != nil {
		return unknown, fmt.Errorf("read lease %s: %w", key, err)
	}
	var got lease
	if json.Unmarshal(raw, &got) != nil || got.Expires.IsZero() {
		return unknown, nil
	}
	if got.Length <= 0 { // of a version that did not write it
		got.Length, got.Request = defaultLease, defaultRequest
	}
	return sighting{lease: got, raw: string(raw), modified: info.Modified, read: info.Read}, nil
}

var leaseName = regexp.MustCompile(`^([0-9]{10})-[A-Z0-9]+\.json$`)

// sweep removes the leases up to a number: their operations have ended or
// never began. What it cannot remove stays for the next; it misleads nobody.
func (l *Ledger) sweep(ctx context.Context, number int) {
	for info, err := range l.store.List(ctx, l.leasePrefix(), "") {
		if err != nil {
			return
		}
		m := leaseName.FindStringSubmatch(strings.TrimPrefix(info.Key, l.leasePrefix()))
		if m == nil {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err != nil || n > number {
			return
		}
		_ = l.store.Delete(ctx, info.Key)
	}
}
