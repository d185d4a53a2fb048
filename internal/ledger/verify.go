package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Verify proves the log entry by entry from the first, against itself, its head
// and its snapshot. The error says that it could not be looked at; what is
// wrong with it is in the proof.
func (l *Ledger) Verify(ctx context.Context) (delivery.Proof, error) {
	p := delivery.Proof{Environment: l.env}
	top, err := l.readHead(ctx)
	if err != nil {
		return p, err
	}
	last, err := l.survey(ctx, &p)
	if err != nil {
		return p, err
	}
	snap := l.readSnapshot(ctx)
	var before stored
	var rec delivery.Record
	signed := 0 // without being checked
	for s, err := range l.fetchAll(ctx, 1, max(last, top.Last)) {
		number := p.Entries + 1
		switch {
		case fault.Is(err, fault.NotFound):
			p.Broken = l.broke(number, "removed", l.missing(before, number, last, top))
		case fault.Is(err, fault.Tampered):
			p.Broken = l.broke(number, "edited", err.Error())
		case err != nil:
			return p, err
		case s.entry.Prev != before.hash:
			p.Broken = l.blame(ctx, before, s, top)
		case number == top.Last && s.hash != top.Hash:
			p.Broken = l.broke(number, "edited", "the head beside the log has another hash of it; it says now: "+tell(s.entry))
		}
		if p.Broken != nil {
			p.Entries = p.Broken.Number - 1
			return p, nil
		}
		s = l.after(rec.Latest, s)
		if early := before.entry.At.Sub(s.entry.At); early > clocks {
			p.Notes = append(p.Notes, fmt.Sprintf("entry %d is dated %s, %s before entry %d: a clock was wrong, or somebody chose the date",
				number, stamp(s.entry.At), early.Truncate(time.Minute), number-1))
		}
		if before, p.Entries, p.Hash = s, number, s.hash; s.entry.Signature != nil && l.keys == nil {
			signed++
		}
		p = p.Add(rec, s.entry, l.keys != nil)
		if rec = rec.Fold(s.entry, s.hash); number == snap.Last && !same(rec, snap) {
			p.Broken = l.broke(number, "edited", "the snapshot of the log says something else than its entries; delete it, and it is made again")
			p.Broken.Key = l.snapshotKey()
			return p, nil
		}
	}
	if signed > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%s signed, and the app file has no ledger.signers to check them by", fault.Count(signed, "entry is", "entries are")))
	}
	return p, nil
}

// same reports whether two records say the same, as they are stored.
func same(a, b delivery.Record) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// survey finds the last number in the folder, and notes what does not belong.
func (l *Ledger) survey(ctx context.Context, p *delivery.Proof) (int, error) {
	last := 0
	for info, err := range l.store.List(ctx, l.prefix(), "") {
		if err != nil {
			return 0, fmt.Errorf("list the ledger of %s/%s: %w", l.app, l.env, err)
		}
		if n, ok := l.number(info.Key); ok {
			last = max(last, n)
			continue
		}
		p.Notes = append(p.Notes, info.Key+" is no entry and is not read")
	}
	return last, nil
}

func (l *Ledger) broke(number int, what, text string) *delivery.Break {
	return &delivery.Break{Number: number, Key: l.key(number), What: what, Text: text}
}

func (l *Ledger) brokef(number int, what, format string, args ...any) *delivery.Break {
	return l.broke(number, what, fmt.Sprintf(format, args...))
}

// missing says what proves that an entry was there.
func (l *Ledger) missing(before stored, number, last int, top head) string {
	proof := fmt.Sprintf("the log goes on to %d", last)
	if number > last {
		proof = fmt.Sprintf("the head beside the log says that it came to %d", top.Last)
	}
	if number > 1 {
		proof += "; the entry before it says: " + tell(before.entry)
	}
	return proof
}

// blame finds which of two entries that do not fit was edited: the later one is
// as it was if the one after it, or the head, says so.
func (l *Ledger) blame(ctx context.Context, before, s stored, top head) *delivery.Break {
	n := s.entry.Number
	next, err := l.fetch(ctx, n+1)
	vouched := err == nil && next.entry.Prev == s.hash || n == top.Last && s.hash == top.Hash
	if n > 1 && (vouched || err != nil && n != top.Last) {
		return l.broke(n-1, "edited", fmt.Sprintf("%s was written after an entry with the hash %s; it says now: %s", l.key(n), short(s.entry.Prev), tell(before.entry)))
	}
	return l.broke(n, "edited", fmt.Sprintf("it names %q as the hash of the entry before, and that is %s; it says now: %s", short(s.entry.Prev), short(before.hash), tell(s.entry)))
}

func short(hash string) string { return hash[:min(19, len(hash))] }

// tell is an entry in one line.
func tell(e delivery.Entry) string {
	return fmt.Sprintf("%s at %s, %s", e.Event, stamp(e.At), describe(e.Operation))
}
