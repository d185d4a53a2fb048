package delivery

import (
	"slices"
	"time"
)

// Record is what an environment's ledger says, folded entry by entry.
type Record struct {
	Last     int        // number of the last entry
	LastHash string     // sha256:… of the last entry as stored
	Open     *Entry     // the opened entry of the operation under way, or nil
	Stolen   *Entry     // the opened entry of the operation that was stolen last, until the next one opens
	Standing []Standing // after the last operation that told
	Way      []Standing // the way back of a promotion that has not settled; nil when all is settled
	Toward   string     // the release that a rollback which has not settled goes to; else ""
	Tenures  []Tenure   // releases that were live, oldest first; a rollback adds one
	Readied  []string   // releases that stand ready and wait to be promoted, oldest first
	// Promoted: releases promoted with success here that were not rolled back and
	// did not fail since, oldest first, no doubles.
	Promoted []string

	Recent    []Operation // the last that were opened, oldest first, at most mostRecent
	Bound     *Bound      // the plan of a provision or a prune that has begun and not settled; nil when there is none
	Move      *Bound      // the same of a promotion or a rollback: it stays while other phases run in between
	Waiting   []Pending   // what gates keep waiting, oldest first
	Failures  []Failure   // the last failure of releases that have not gone live since, oldest first
	Hold      *Operation  // the environment stays on its Version; nil when it may move
	Stop      *Operation  // nothing is written
	Bans      []Operation // releases that go nowhere; only in the record of the whole app
	Approvals []Signed    // of plans that have not been done
	Doubt     *Doubt      // the first entry that no rule may rely on; nil when there is none
	Contents  []Content   // what releases held when they were planned first, oldest first
	Latest    time.Time   // the latest date of the signed entries that count; the key of a later entry must be valid at it
	Passed    []string    // hooks that are not run again for their release, oldest first, at most mostPassed
}

// mostRecent is how many operations a record remembers.
const mostRecent = 20

// Tenure is one release being live in the whole environment.
type Tenure struct {
	Version   string    `json:"version"`
	Since     time.Time `json:"since"`
	By        string    `json:"by"`
	Operation string    `json:"operation"`
	Verb      Verb      `json:"verb"`
}

// Content is what a release held when an operation planned it first.
type Content struct {
	Version   string `json:"version"`
	Digest    string `json:"digest"` // as Release.Content
	Operation string `json:"operation"`
}

// Content finds what a release held; "" where it was not planned here.
func (r Record) Content(version string) Content {
	for _, c := range r.Contents {
		if c.Version == version {
			return c
		}
	}
	return Content{}
}

// standing is what an operation saw, and what was live before in places and of
// components that it did not know any more: nothing has removed that.
func standing(was, seen []Standing) []Standing {
	out := slices.Clone(seen)
	for _, w := range was {
		same := func(s Standing) bool { return s.Place == w.Place && s.Component == w.Component }
		if w.Live != "" && !slices.ContainsFunc(seen, same) {
			w.Ready = nil
			out = append(out, w)
		}
	}
	return out
}

// Orphans is what is live by the record in places and of components that the
// environment does not have any more.
func (r Record) Orphans(env Environment) []Standing {
	return slices.DeleteFunc(slices.Clone(r.Standing), func(s Standing) bool {
		return s.Live == "" || slices.ContainsFunc(env.Landings, func(l Landing) bool { return l.Place == s.Place && l.Component == s.Component })
	})
}

// Fold adds one entry. It is a pure function: the record given is not changed.
func (r Record) Fold(e Entry, hash string) Record {
	r.Last, r.LastHash, r.Doubt, r.Latest = e.Number, hash, r.doubt(e), r.latest(e)
	if !r.Belongs(e) {
		return r
	}
	switch e.Event {
	case Opened:
		r.Open, r.Stolen = &e, nil
		r.Recent = append(slices.Clip(r.Recent[max(0, len(r.Recent)-mostRecent+1):]), e.Operation)
	case Planned:
		r = r.bind(e)
		if v := e.Operation.Version; e.Content != "" && r.Content(v).Version == "" {
			r.Contents = append(slices.Clip(r.Contents), Content{Version: v, Digest: e.Content, Operation: e.Operation.ID})
		}
		if e.Operation.moves() {
			r.Way, r.Toward = e.Before, ""
			if e.Operation.Verb == VerbRollback {
				r.Toward = e.Operation.Version
			}
		}
	case Hooked:
		r = r.rebind(e.Operation, r.BoundBy(e.Operation.Verb).with(e))
		r.Passed = r.pass(e)
	case Failing:
		r = r.rebind(e.Operation, r.BoundBy(e.Operation.Verb).failing())
	case Decided:
		return r.decide(e)
	case Closed, Taken:
		if e.Stolen {
			r.Stolen = r.Open
		}
		r.Open = nil
		if e.After != nil {
			r.Standing = standing(r.Standing, e.After)
		}
		if e.Event == Closed && e.Settled && e.Operation.moves() {
			r.Way, r.Toward = nil, ""
		}
		r = r.pend(e).settle(e)
		switch {
		case e.Event == Closed && (e.Settled || e.Result == ResultDone):
			r = r.rebind(e.Operation, nil)
		case e.Result == ResultFailed, e.Result == ResultShut:
			r = r.rebind(e.Operation, r.BoundBy(e.Operation.Verb).failing())
		}
	}
	return r
}

// Belongs reports whether the next entry is where Falkirk writes one: an operation
// opens when none is open, and its other entries come while it is open. An entry
// elsewhere changes nothing.
func (r Record) Belongs(e Entry) bool {
	switch e.Event {
	case Decided:
		return true
	case Opened:
		return r.Open == nil
	}
	return r.Open != nil && r.Open.Operation.is(e.Operation)
}

// settle notes what an operation has changed by its end.
func (r Record) settle(e Entry) Record {
	op, done := e.Operation, e.Result == ResultDone
	switch {
	case op.Verb == VerbProvision && done:
		r.Readied = append(without(r.Readied, op.Version), op.Version)
	case op.Verb == VerbProvision, op.Verb == VerbPrune:
	case done:
		if op.Verb == VerbRollback {
			// Whoever rolls back says that the release is not good.
			r.Promoted = without(r.Promoted, r.Live())
		}
		if r.Live() != op.Version {
			t := Tenure{Version: op.Version, Since: e.At, By: op.Actor, Operation: op.ID, Verb: op.Verb}
			r.Tenures = append(slices.Clip(r.Tenures), t)
		}
		r.Promoted = append(without(r.Promoted, op.Version), op.Version)
		// What was readied before the release that went live has been passed over.
		r.Readied = slices.Clone(r.Readied[slices.Index(r.Readied, op.Version)+1:])
		r.Waiting = slices.DeleteFunc(slices.Clone(r.Waiting), func(w Pending) bool {
			return w.Operation.Verb == VerbRollback || w.Operation.Verb == VerbPromote && !slices.Contains(r.Readied, w.Operation.Version)
		})
	case e.Result == ResultFailed, e.Result == ResultShut:
		r.Readied = without(r.Readied, op.Version)
		if op.Verb == VerbPromote && op.Version != r.Live() {
			r.Promoted = without(r.Promoted, op.Version) // it was live once; now it has failed
		}
	}
	return r
}

// Live is the release of the last tenure, or "".
func (r Record) Live() string {
	if len(r.Tenures) == 0 {
		return ""
	}
	return r.Tenures[len(r.Tenures)-1].Version
}

// Previous is the release that a rollback without a version goes to: the first
// of WaysBack; "" if there is none.
func (r Record) Previous(whole Record) string {
	if ways := r.WaysBack(whole); len(ways) > 0 {
		return ways[0]
	}
	return ""
}

// WaysBack lists the releases that a rollback can go to, newest first: those
// that were live before, except the live one and those that were rolled back,
// that failed when they were promoted again, or that are banned in the whole app.
func (r Record) WaysBack(whole Record) []string {
	var ways []string
	for _, t := range slices.Backward(r.Tenures) {
		_, banned := whole.Banned(t.Version)
		if !banned && t.Version != r.Live() && slices.Contains(r.Promoted, t.Version) && !slices.Contains(ways, t.Version) {
			ways = append(ways, t.Version)
		}
	}
	return ways
}

// Kept lists the releases that prune leaves: the live one, the first keep of
// WaysBack, and those that wait to be promoted and are not banned.
func (r Record) Kept(whole Record, keep int) []string {
	var kept []string
	if live := r.Live(); live != "" {
		kept = append(kept, live)
	}
	ways := r.WaysBack(whole)
	kept = append(kept, ways[:min(keep, len(ways))]...)
	for _, v := range r.Readied {
		if _, banned := whole.Banned(v); !banned && !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}
