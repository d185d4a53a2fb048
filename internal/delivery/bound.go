package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Bound is a plan that was begun and has not been settled. A run that finds
// only steps of it still to be done goes on with the same plan: what was
// approved stays approved, and a hook that passed is not run again.
type Bound struct {
	Digest  string   `json:"digest"`
	Verb    Verb     `json:"verb"`
	Version string   `json:"version"`
	Steps   []string `json:"steps"`           // keys
	Hooks   []string `json:"hooks,omitempty"` // that passed
}

// Covers reports whether every step of the plan is one of those bound.
func (b *Bound) Covers(op Operation, p Plan) bool {
	if b == nil || b.Verb != op.Verb || b.Version != op.Version {
		return false
	}
	for _, key := range p.Keys() {
		if !slices.Contains(b.Steps, key) {
			return false
		}
	}
	return true
}

// HasPassed reports whether the hook passed already under this plan.
func (b *Bound) HasPassed(hook string) bool {
	return b != nil && slices.Contains(b.Hooks, hook)
}

func (b *Bound) with(e Entry) *Bound {
	if b == nil {
		return nil
	}
	next := *b
	next.Hooks = append(slices.Clip(b.Hooks), HookKey(e.Gate, e.Note))
	return &next
}

// bind is the plan of a planned entry, or the one that it goes on with.
func (r Record) bind(e Entry) *Bound {
	if r.Bound != nil && r.Bound.Digest == e.Plan && len(e.Steps) == 0 {
		return r.Bound
	}
	return &Bound{Digest: e.Plan, Verb: e.Operation.Verb, Version: e.Operation.Version, Steps: e.Steps}
}

// HookKey names a hook where it is run.
func HookKey(hook, where string) string { return hook + " in " + where }

// Keys names the plan's steps by what they do, and with which settings. What
// only tells how much is left of a step is no part of its key.
func (p Plan) Keys() []string {
	keys := []string{}
	for _, pp := range p.Places {
		for _, s := range pp.Steps {
			keys = append(keys, p.Key(s))
		}
	}
	return keys
}

// Key is a short hash of what a step of the plan does.
func (p Plan) Key(s Step) string {
	s.Summary, s.Count, s.Bytes = "", 0, 0
	raw, err := json.Marshal(s)
	if err != nil {
		panic("delivery: a step is plain data: " + err.Error())
	}
	sum := sha256.Sum256(append(raw, p.Settings...))
	return hex.EncodeToString(sum[:8])
}
