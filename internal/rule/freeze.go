package rule

import (
	"fmt"

	"falkirk/internal/freeze"
)

// Freeze is what the environment's freeze windows say now.
func Freeze(s Situation) *Obstacle {
	if s.Operation.Override != "" {
		return nil // the freeze is set aside, with a reason
	}
	v := freeze.At(s.Environment.Freeze, s.Now)
	if !v.Closed {
		return nil
	}
	o := &Obstacle{
		Cause: Frozen, Waits: true, Text: fmt.Sprintf("%s is frozen: %s", s.Environment.Name, v.Reason),
		Next: fmt.Sprintf("falkirk calendar %s shows when it opens, or give --override REASON", s.Environment.Name),
	}
	if !v.Until.IsZero() {
		o.Until = &v.Until
	}
	return o
}
