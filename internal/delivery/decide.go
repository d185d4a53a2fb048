package delivery

import (
	"slices"
	"time"
)

// Pending is an operation that ended because gates had not answered yet. It
// holds nothing; the same request goes on with it.
type Pending struct {
	Operation Operation `json:"operation"`
	AskedBy   string    `json:"askedBy"` // the actor of the first that waited; others may have repeated it
	Plan      string    `json:"plan"`    // digest
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason"`
	Next      string    `json:"next,omitempty"`
}

// Failure is how the last operation on a release failed.
type Failure struct {
	Operation Operation `json:"operation"`
	AskedBy   string    `json:"askedBy"` // as of what waits
	Result    Result    `json:"result"`
	Error     string    `json:"error"`
	At        time.Time `json:"at"`
}

// mostFailures bounds what a record keeps of releases that never went live.
const mostFailures = 100

// Banned is the ban of a version, in the record of the whole app.
func (r Record) Banned(version string) (Operation, bool) {
	i := slices.IndexFunc(r.Bans, func(o Operation) bool { return o.Version == version })
	if i < 0 {
		return Operation{}, false
	}
	return r.Bans[i], true
}

// Failed is the last failure of a version, if nothing went well with it since.
func (r Record) Failed(version string) (Failure, bool) {
	i := slices.IndexFunc(r.Failures, func(f Failure) bool { return f.Operation.Version == version })
	if i < 0 {
		return Failure{}, false
	}
	return r.Failures[i], true
}

// AskedBy is who asked for an operation first: of one that waits, or that a gate
// closed, not who repeats it.
func (r Record) AskedBy(op Operation) string {
	same := func(o Operation) bool { return o.Version == op.Version && o.Verb == op.Verb }
	for _, w := range r.Waiting {
		if same(w.Operation) {
			return w.AskedBy
		}
	}
	for _, f := range r.Failures {
		if same(f.Operation) && f.Result == ResultShut {
			return f.AskedBy
		}
	}
	return op.Actor
}

// decide folds what a person decided.
func (r Record) decide(e Entry) Record {
	op := e.Operation
	switch op.Verb {
	case VerbHold:
		r.Hold = &op
	case VerbRelease:
		r.Hold = nil
	case VerbStop:
		if r.Stop == nil || e.Signature != nil { // one without a signature does not replace another
			r.Stop = &op
		}
	case VerbResume:
		r.Stop = nil
	case VerbBan, VerbUnban:
		r.Bans = slices.DeleteFunc(slices.Clone(r.Bans), func(o Operation) bool { return o.Version == op.Version })
		if op.Verb == VerbBan {
			r.Bans = append(r.Bans, op)
		}
	case VerbRetire:
		r.Standing = retired(r.Standing, e.Before)
	case VerbApprove, VerbReject:
		if e.Approval != nil {
			r.Approvals = append(slices.Clip(r.Approvals), Signed{Approval: *e.Approval, Operation: op.ID, Actor: op.Actor})
		}
	}
	return r
}

// retired is what stands after some of it was retired: there nothing is live.
func retired(all, gone []Standing) []Standing {
	all = slices.Clone(all)
	for i, s := range all {
		if slices.ContainsFunc(gone, func(g Standing) bool { return g.Place == s.Place && g.Component == s.Component }) {
			all[i].Live, all[i].Ready = "", nil
		}
	}
	return all
}

// pend notes what waits, what failed, and what is past by the end of an
// operation.
func (r Record) pend(e Entry) Record {
	op := e.Operation
	same := func(o Operation) bool { return o.Version == op.Version && o.Verb == op.Verb }
	askedBy := r.AskedBy(op)
	r.Waiting = slices.DeleteFunc(slices.Clone(r.Waiting), func(w Pending) bool { return same(w.Operation) })
	if e.Result == ResultWaiting {
		w := Pending{Operation: op, AskedBy: askedBy, Since: e.At, Reason: e.Error, Next: e.Next}
		if b := r.BoundBy(op.Verb); b != nil {
			w.Plan = b.Digest
		}
		r.Waiting = append(r.Waiting, w)
	}
	if op.Version == "" || e.Event == Taken {
		return r
	}
	switch e.Result {
	case ResultWaiting, ResultInterrupted, ResultStopped:
		return r // neither good nor bad: it goes on later
	}
	r.Failures = slices.DeleteFunc(slices.Clone(r.Failures), func(f Failure) bool { return f.Operation.Version == op.Version })
	switch {
	case e.Result != ResultDone:
		r.Failures = append(r.Failures, Failure{Operation: op, AskedBy: askedBy, Result: e.Result, Error: e.Error, At: e.At})
		r.Failures = r.Failures[max(0, len(r.Failures)-mostFailures):]
	case op.moves():
		// Approvals are for one going live, and this was it.
		r.Approvals = slices.DeleteFunc(slices.Clone(r.Approvals), func(s Signed) bool { return s.Version == op.Version })
	}
	return r
}
