// Package usecase is the application's API: everything that somebody can ask
// Falkirk for, as a typed request and a typed result. Each folder is a room with
// the use cases of one topic. Faces turn what people type, events and HTTP requests
// into requests, and show results; they decide nothing.
package usecase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"falkirk/internal/fault"
)

// Effect says what a use case may change.
type Effect string

// The effects.
const (
	Reads   Effect = "reads"   // nothing
	Machine Effect = "machine" // only files and processes of this machine
	Decides Effect = "decides" // the ledger, by what a person decides; no rule holds it back
	Runs    Effect = "run"     // an environment; the engine asks every rule before and during it
	Writes  Effect = "writes"  // something else outside of this machine; Do asks the rules before it begins
)

// Reach says where a use case can be asked for.
type Reach string

// The reaches.
const (
	Anywhere    Reach = "anywhere"
	ThisMachine Reach = "this machine" // it works with paths, processes or prompts of it
)

// Right is what a person must be allowed to ask for a use case. Faces that know
// persons check it; on a machine of one's own everything is allowed.
type Right string

// The rights, each more than the one before.
const (
	View    Right = "view"    // look at everything that is no secret
	Pack    Right = "pack"    // add releases and copy images
	Promote Right = "promote" // change environments
	Decide  Right = "decide"  // approve, hold, ban, stop
	Set     Right = "set"     // make and delete what Falkirk needs in accounts
)

// Case is one thing that somebody can ask for. A request Q and a result R hold
// data only and survive JSON, so that every face can carry them. Names end in no
// path of a machine where Reach is Anywhere.
type Case[Q, R any] struct {
	Name   string // ROOM.VERB, such as "inspect.status": it never changes
	Doc    string // what it does, as one imperative sentence
	Effect Effect
	Reach  Reach
	Needs  Right
	Do     func(ctx context.Context, c *Call, q Q) (R, error)
}

// Idle is a request that may ask only for what would be done.
type Idle interface{ ChangesNothing() bool }

// Do asks for a use case. A use case that writes outside of environments is
// refused here where people have decided against it. An error may come with a
// result: what was done until then.
func Do[Q, R any](ctx context.Context, c *Call, k Case[Q, R], q Q) (R, error) {
	if c.Via != nil {
		return via(ctx, c, k, q)
	}
	if idle, is := any(q).(Idle); k.Effect == Writes && (!is || !idle.ChangesNothing()) {
		if err := c.mayWrite(ctx); err != nil {
			var none R
			return none, err
		}
	}
	r, err := k.Do(ctx, c, q)
	return r, c.explain(ctx, err)
}

// via carries a request and its result as JSON.
func via[Q, R any](ctx context.Context, c *Call, k Case[Q, R], q Q) (R, error) {
	var r R
	raw, err := json.Marshal(q)
	if err != nil {
		return r, err
	}
	answer, err := c.Via(ctx, k.Name, raw)
	if len(answer) == 0 {
		return r, err
	}
	if bad := json.Unmarshal(answer, &r); bad != nil {
		return r, errors.Join(err, bad)
	}
	return r, err
}

// Entry is a use case without its types, as faces list and carry it.
type Entry struct {
	Name, Doc string
	Effect    Effect
	Reach     Reach
	Needs     Right
	Request   any // the zero request
	Result    any // the zero result

	do func(ctx context.Context, c *Call, raw json.RawMessage) (any, error)
}

// Entry is the case as faces list it.
func (k Case[Q, R]) Entry() Entry {
	var q Q
	var r R
	return Entry{
		Name: k.Name, Doc: k.Doc, Effect: k.Effect, Reach: k.Reach, Needs: k.Needs, Request: q, Result: r,
		do: func(ctx context.Context, c *Call, raw json.RawMessage) (any, error) {
			q, err := Decode[Q](raw)
			if err != nil {
				return nil, fault.New(fault.Invalid, "the query of %s: %w", k.Name, err)
			}
			return Do(ctx, c, k, q)
		},
	}
}

// Do decodes a request and asks for the use case.
func (e Entry) Do(ctx context.Context, c *Call, raw json.RawMessage) (any, error) {
	return e.do(ctx, c, raw)
}

// Decode reads one JSON value strictly: no field that is not known, nothing after
// it. Nothing at all is the zero value.
func Decode[Q any](raw []byte) (Q, error) {
	var q Q
	if len(raw) == 0 {
		return q, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return q, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return q, errors.New("more than one JSON value")
	}
	return q, nil
}
