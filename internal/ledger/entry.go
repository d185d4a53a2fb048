package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// maxEntry is the most bytes that an entry may have.
const maxEntry = 16 << 20

var hashShape = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// encode is an entry as it is stored, and as it will be read back. What Decode
// would not take is refused, so that a mistake does not end the log.
func encode(e delivery.Entry) ([]byte, delivery.Entry, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, e, fmt.Errorf("encode ledger entry %d: %w", e.Number, err)
	}
	back, err := Decode(raw)
	if err != nil {
		return nil, e, fault.New(fault.Internal, "encode ledger entry %d: %w", e.Number, err)
	}
	return raw, back, nil
}

// Decode reads a stored entry of any schema known. It is strict: a field that
// this falkirk does not know would be a fact passed over.
func Decode(raw []byte) (delivery.Entry, error) {
	if len(raw) > maxEntry {
		return delivery.Entry{}, fault.New(fault.Tampered, "the entry has more than %d bytes", maxEntry)
	}
	e, refused := decode(raw)
	schema := e.Schema
	if refused != nil {
		var err error // one of a newer falkirk may have any shape
		if schema, err = schemaOf(raw); err != nil {
			return delivery.Entry{}, err
		}
	}
	switch {
	case schema > delivery.EntrySchema:
		err := fault.New(fault.Invalid, "the entry has schema %d and this falkirk reads up to %d", schema, delivery.EntrySchema)
		return delivery.Entry{}, fault.Hint(err, "upgrade falkirk: a newer one wrote here")
	case schema < 1:
		return delivery.Entry{}, fault.New(fault.Tampered, "the entry has schema %d, which never was", schema)
	case refused != nil:
		return delivery.Entry{}, refused
	}
	return e, nil
}

func schemaOf(raw []byte) (int, error) {
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return 0, fault.New(fault.Tampered, "not a ledger entry: %w", err)
	}
	return head.Schema, nil
}

// decode reads the schemas 1 and 2, of which 2 adds fields; both are delivery.Entry
// today. The entry is whole only where there is no error.
func decode(raw []byte) (delivery.Entry, error) {
	var e delivery.Entry
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, fault.New(fault.Tampered, "not a ledger entry: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, fault.New(fault.Tampered, "not a ledger entry: something follows it")
	}
	return e, check(e)
}

// check refuses what the log could not be folded over.
func check(e delivery.Entry) error {
	switch {
	case e.Number < 1:
		return fault.New(fault.Tampered, "the entry has the number %d", e.Number)
	case e.Number == 1 && e.Prev != "":
		return fault.New(fault.Tampered, "the first entry names one before it")
	case e.Number > 1 && !hashShape.MatchString(e.Prev):
		return fault.New(fault.Tampered, "the entry does not name the one before it: %q is no sha256 digest", e.Prev)
	case e.Operation.ID == "":
		return fault.New(fault.Tampered, "the entry names no operation")
	case e.At.IsZero():
		return fault.New(fault.Tampered, "the entry has no time")
	}
	switch e.Event {
	case delivery.Opened, delivery.Planned, delivery.Did, delivery.Asked, delivery.Failing, delivery.Undone,
		delivery.Hooked, delivery.Proved, delivery.Warned, delivery.Closed, delivery.Taken, delivery.Decided:
		return nil
	}
	err := fault.New(fault.Tampered, "the entry has the event %q, which this falkirk does not know", e.Event)
	return fault.Hint(err, "upgrade falkirk: a newer one may have written here")
}

func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
