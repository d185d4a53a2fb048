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

// lease is what a holder renews beside the log. It lies under the number of
// the opened entry and the hold's token: of two who try for one number, the
// loser must not overwrite the winner's.
type lease struct {
	Holder  Holder    `json:"holder"`
	Expires time.Time `json:"expires"`
}

func (l *Ledger) leasePrefix() string { return "ledger-lease/" + l.app + "/" + l.env + "/" }

func (l *Ledger) leaseKey(number int, token string) string {
	return fmt.Sprintf("%s%010d-%s.json", l.leasePrefix(), number, token)
}

func (l *Ledger) writeLease(ctx context.Context, key string, holder Holder) (time.Time, error) {
	return l.leaseUntil(ctx, key, holder, l.now().UTC().Add(l.lease))
}

func (l *Ledger) leaseUntil(ctx context.Context, key string, holder Holder, until time.Time) (time.Time, error) {
	raw, err := json.Marshal(lease{holder, until})
	if err == nil {
		err = l.store.Put(ctx, key, bytes.NewReader(raw))
	}
	if err != nil {
		return until, fmt.Errorf("write lease %s: %w", key, err)
	}
	return until, nil
}

// readLease says until when the holder of an opened entry has leased. A lease
// that is missing or cannot be understood counts from the entry: its holder,
// if alive, renews it soon.
func (l *Ledger) readLease(ctx context.Context, open delivery.Entry) (time.Time, error) {
	lost := open.At.Add(l.lease)
	if open.Holder == nil {
		return lost, nil
	}
	key := l.leaseKey(open.Number, open.Holder.Token)
	raw, err := l.get(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return lost, nil
	}
	if err != nil {
		return lost, fmt.Errorf("read lease %s: %w", key, err)
	}
	var got lease
	if json.Unmarshal(raw, &got) != nil || got.Expires.IsZero() {
		return lost, nil
	}
	return got.Expires, nil
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
