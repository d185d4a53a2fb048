package decide

import (
	"time"

	"falkirk/internal/delivery"
)

// word is what a person says about the matter, without time, reason and signature.
func (m matter) word(by string, rejects bool) delivery.Approval {
	return delivery.Approval{
		App: m.op.App, Environment: m.env.Name, Version: m.op.Version, Plan: m.digest, By: by, Rejects: rejects,
	}
}

// before is what a person said already, if saying it again adds nothing.
func (m matter) before(who string, rejects bool) (delivery.Approval, bool) {
	var last *delivery.Signed
	for i, s := range m.rec.Approvals {
		if s.By == who && s.Plan == m.digest && !ignoredBy(s, m.gates) && (last == nil || !s.At.Before(last.At)) {
			last = &m.rec.Approvals[i]
		}
	}
	if last == nil || last.Rejects != rejects {
		return delivery.Approval{}, false
	}
	return last.Approval, true
}

// last is when a person spoke last about the plan. A word from the future is left out:
// nothing could be said after it.
func (m matter) last(who string, now time.Time) time.Time {
	var last time.Time
	for _, s := range m.rec.Approvals {
		if s.By == who && s.Plan == m.digest && s.At.After(last) && s.At.Before(now.Add(time.Minute)) {
			last = s.At.UTC()
		}
	}
	return last
}

// sayable is the time of a word that is said now. It comes after what that person said
// before, as the newest word is the one that holds.
func (m matter) sayable(who string, now time.Time) time.Time {
	if last := m.last(who, now); !last.Before(now) {
		return last.Add(time.Second)
	}
	return now
}
