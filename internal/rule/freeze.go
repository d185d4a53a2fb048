package rule

import (
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/freeze"
)

// Freeze is what the environment's freeze windows say now. They refuse the
// begin of a promotion; one that has begun may go on to its end, also when its
// process died and the command is repeated, for half of it is worse than all.
func Freeze(s Situation) *Obstacle {
	if s.Operation.Override != "" || begun(s) {
		return nil
	}
	v := freeze.At(s.Environment.Freeze, s.Now)
	if !v.Closed {
		return nil
	}
	o := &Obstacle{
		Cause: Frozen, Waits: true, Text: fmt.Sprintf("%s is frozen: %s", s.Environment.Name, v.Reason),
		Next: fmt.Sprintf("falkirk calendar %s shows when it opens; falkirk promote %s --to %s --override REASON sets it aside", s.Environment.Name, s.Operation.Version, s.Environment.Name),
	}
	if !v.Until.IsZero() {
		o.Until = &v.Until
	}
	return o
}

// begun reports whether the promotion has begun before and has not settled,
// whatever was provisioned since.
func begun(s Situation) bool {
	b := s.Own.Move
	return s.Own.Way != nil && b != nil && b.Verb == delivery.VerbPromote && b.Version == s.Operation.Version
}
