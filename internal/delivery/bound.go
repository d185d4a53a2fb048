package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Bound is a plan that was begun and has not been settled. A run that finds
// only steps of it still to be done goes on with the same plan: what was
// approved stays approved. A hook that passed is not run again after a run that
// was killed, was interrupted or waits; after a run that failed every hook is
// run again, so that what a hook prepares is prepared again.
type Bound struct {
	Digest  string   `json:"digest"`
	Verb    Verb     `json:"verb"`
	Version string   `json:"version"`
	Steps   []string `json:"steps"`            // keys
	Hooks   []string `json:"hooks,omitempty"`  // that passed, in runs since the last that failed
	Failed  bool     `json:"failed,omitempty"` // the run under way, or the last one, failed: no hook counts as passed
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

// with is the plan after a hook passed. A hook that runs because the run failed
// does not count.
func (b *Bound) with(e Entry) *Bound {
	if b == nil || b.Failed {
		return b
	}
	next := *b
	next.Hooks = append(slices.Clip(b.Hooks), HookKey(e.Gate, e.Note))
	return &next
}

// failing is the plan after a run of it failed.
func (b *Bound) failing() *Bound {
	if b == nil {
		return nil
	}
	next := *b
	next.Hooks, next.Failed = nil, true
	return &next
}

// BoundBy is the plan that was begun and not settled in the phase of a verb; nil
// when there is none.
func (r Record) BoundBy(v Verb) *Bound {
	if v.Phase() == Promote {
		return r.Move
	}
	return r.Bound
}

// rebind replaces the plan of an operation's phase. A provision or a prune leaves
// a promotion that has not settled as it is.
func (r Record) rebind(op Operation, b *Bound) Record {
	if op.moves() {
		r.Move = b
	} else {
		r.Bound = b
	}
	return r
}

// bind takes the plan of a planned entry, or goes on with the one before. A
// promotion replaces what an earlier provision or prune has not finished.
func (r Record) bind(e Entry) Record {
	next := Bound{Digest: e.Plan, Verb: e.Operation.Verb, Version: e.Operation.Version, Steps: e.Steps}
	if b := r.BoundBy(e.Operation.Verb); b != nil && b.Digest == e.Plan && len(e.Steps) == 0 {
		next = *b
		next.Failed = false
	}
	if e.Operation.moves() {
		r.Bound = nil
	}
	return r.rebind(e.Operation, &next)
}

// pass notes a hook that is not run again for the release.
func (r Record) pass(e Entry) []string {
	if e.Repeat != RepeatNever {
		return r.Passed
	}
	key := passedKey(e.Operation.Version, HookKey(e.Gate, e.Note))
	all := append(without(r.Passed, key), key)
	return all[max(0, len(all)-mostPassed):]
}

// mostPassed is how many hooks of releases a record remembers.
const mostPassed = 1000

// HasPassed reports whether a hook that is run once per release has passed for
// it, in whatever run.
func (r Record) HasPassed(version, hook string) bool {
	return slices.Contains(r.Passed, passedKey(version, hook))
}

func passedKey(version, hook string) string { return version + " " + hook }

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
