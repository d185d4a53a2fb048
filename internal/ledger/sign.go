package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"falkirk/internal/delivery"
)

// Keys signs entries and checks who signed them.
type Keys interface {
	// Sign signs with the key of this process.
	Sign(ctx context.Context, message string) (delivery.Signature, error)
	// Check says why a signature does not count; the text continues "the entry …".
	Check(message string, s delivery.Signature, at time.Time) error
	// ID changes when the list of signers changes.
	ID() string
}

// encode is an entry as it is stored, signed where that is asked for.
func (l *Ledger) encode(ctx context.Context, e delivery.Entry) ([]byte, delivery.Entry, error) {
	e.Signature, e.Doubt = nil, ""
	raw, e, err := encode(e)
	if err != nil || l.keys == nil || !e.TakesSignature() {
		return raw, e, err
	}
	s, err := l.keys.Sign(ctx, l.message(raw))
	switch {
	case err != nil && e.NeedsSignature():
		err = fmt.Errorf("sign ledger entry %s: %w", l.key(e.Number), err)
		if e.Event == delivery.Decided {
			err = fmt.Errorf("%w; only falkirk stop works without a key", err)
		}
		return nil, e, err
	case err != nil:
		return raw, e, nil // a stop is written without a key too
	}
	e.Signature = &s
	return encode(e)
}

// message is what is signed of an entry: which ledger it is in, and the entry
// as it is stored, without its signature.
func (l *Ledger) message(raw []byte) string {
	return fmt.Sprintf("falkirk ledger entry 1\n%s/%s\n%s\n", l.app, l.env, raw)
}

// doubt says why a rule must not rely on an entry. The text continues "entry 7 …".
func (l *Ledger) doubt(raw []byte, e delivery.Entry) string {
	if l.keys == nil {
		return ""
	}
	if e.Signature == nil {
		if e.NeedsSignature() {
			return "is not signed"
		}
		return ""
	}
	signed, ok := unsigned(raw, *e.Signature)
	if !ok {
		return "is signed, and its signature is not its last field"
	}
	return l.unfit(signed, e, e.At)
}

// unfit says why a signature does not count at an instant.
func (l *Ledger) unfit(signed []byte, e delivery.Entry, at time.Time) string {
	if err := l.keys.Check(l.message(signed), *e.Signature, at); err != nil {
		return fmt.Sprintf("is signed as %q, and %s", e.Signature.By, err)
	}
	return ""
}

// clocks is how far the clocks of two machines that write one log may differ.
const clocks = 5 * time.Minute

// after judges an entry by the latest date before it in the log. The writer of an
// entry chooses its date, so the key must be valid at that latest date too: else
// the holder of a key that leaked chooses a date at which it was valid.
func (l *Ledger) after(latest time.Time, s stored) stored {
	at := latest.Add(-clocks)
	if l.keys == nil || s.entry.Signature == nil || s.entry.Doubt != "" || !s.entry.At.Before(at) {
		return s
	}
	signed, _ := unsigned(s.raw, *s.entry.Signature) // it was cut before: there is no doubt
	if s.entry.Doubt = l.unfit(signed, s.entry, at); s.entry.Doubt != "" {
		s.entry.Doubt += fmt.Sprintf("; it is dated %s, and comes after an entry of %s", stamp(s.entry.At), stamp(latest))
	}
	return s
}

// fold adds the next entry to a record, and judges it by what came before.
func (l *Ledger) fold(rec delivery.Record, s stored) delivery.Record {
	return rec.Fold(l.after(rec.Latest, s).entry, s.hash)
}

// unsigned is an entry as it is stored, without its signature. It is cut from
// the stored bytes, so that a field added to entries later changes nothing.
func unsigned(raw []byte, s delivery.Signature) ([]byte, bool) {
	tail, err := json.Marshal(s)
	if err != nil {
		return nil, false
	}
	head, ok := bytes.CutSuffix(bytes.TrimSpace(raw), fmt.Appendf(nil, `,"signature":%s}`, tail))
	return append(bytes.Clone(head), '}'), ok
}

// keysID names the list of signers that a record was folded under.
func (l *Ledger) keysID() string {
	if l.keys == nil {
		return ""
	}
	return l.keys.ID()
}
