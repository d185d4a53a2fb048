package rule

import (
	"fmt"
	"slices"
	"time"

	"falkirk/internal/delivery"
)

// order refuses what was not promoted, with success, in the environments before.
func order(s Situation) *Obstacle {
	op := s.Operation
	if op.Reason != "" {
		return nil // the order is set aside, with a reason
	}
	for _, up := range s.Environment.After {
		if slices.Contains(s.Before[up].Promoted, op.Version) {
			continue
		}
		return &Obstacle{
			Cause: Order,
			Text:  fmt.Sprintf("%s is not promoted in %s, which comes before %s", op.Version, up, s.Environment.Name),
			Next:  fmt.Sprintf("falkirk train %s --to %s, or falkirk promote %s --to %s --skip-order REASON", op.Version, s.Environment.Name, op.Version, s.Environment.Name),
		}
	}
	return nil
}

// soak makes a release wait until it was live for long enough upstream.
func soak(s Situation) *Obstacle {
	need := s.Environment.Soak.Std()
	if need == 0 || s.Operation.Reason != "" {
		return nil
	}
	var worst *Obstacle
	for _, up := range s.Environment.After {
		had, still := lived(s.Before[up], s.Operation.Version, s.Now)
		if had >= need {
			continue
		}
		o := soaking(s, up, need-had, still)
		if worst == nil || worst.Until != nil && (o.Until == nil || o.Until.After(*worst.Until)) {
			worst = o
		}
	}
	return worst
}

func soaking(s Situation, up string, left time.Duration, still bool) *Obstacle {
	v, env := s.Operation.Version, s.Environment.Name
	o := &Obstacle{Cause: Soak, Waits: true, Next: fmt.Sprintf("falkirk train %s --to %s --wait %s, or falkirk promote %s --to %s --skip-order REASON", v, env, round(left), v, env)}
	need := s.Environment.Soak
	if !still {
		o.Text = fmt.Sprintf("%s must have been live in %s for %s and is not live there now; %s are missing", v, up, need, round(left))
		o.Next = fmt.Sprintf("falkirk promote %s --to %s, or falkirk promote %s --to %s --skip-order REASON", v, up, v, env)
		return o
	}
	until := s.Now.Add(left).UTC()
	o.Until = &until
	o.Text = fmt.Sprintf("%s must have been live in %s for %s: %s are left, until %s", v, up, need, round(left), stamp(until))
	return o
}

// lived is how long a version was live in all, and whether it still is. A clock
// that went back counts as no time.
func lived(rec delivery.Record, version string, now time.Time) (had time.Duration, still bool) {
	for i, t := range rec.Tenures {
		if t.Version != version {
			continue
		}
		end := now
		if still = i == len(rec.Tenures)-1; !still {
			end = rec.Tenures[i+1].Since
		}
		had += max(0, end.Sub(t.Since))
	}
	return had, still
}

// round is a duration as people say it, never less than it is.
func round(d time.Duration) delivery.Duration {
	unit := time.Second
	if d > time.Hour {
		unit = time.Minute
	}
	return delivery.Duration((d + unit - 1).Truncate(unit))
}
