package rule

import (
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// turn settles who goes first when several releases are on their way into one
// environment. A release is newer when it was readied here later.
func turn(s Situation) *Obstacle {
	mine := slices.Index(s.Own.Readied, s.Operation.Version)
	if mine < 0 {
		return nil
	}
	for _, w := range s.Own.Waiting {
		theirs := slices.Index(s.Own.Readied, w.Operation.Version)
		if _, is := s.Whole.Banned(w.Operation.Version); is || theirs < 0 || theirs == mine || w.Operation.Verb != delivery.VerbPromote {
			continue
		}
		if o := meet(s, w, theirs > mine); o != nil {
			return o
		}
	}
	return nil
}

func meet(s Situation, w delivery.Pending, isNewer bool) *Obstacle {
	v, other, env := s.Operation.Version, w.Operation, s.Environment.Name
	switch waits := s.Environment.Newer == delivery.NewerWaits; {
	case isNewer && !waits:
		return &Obstacle{
			Cause: Superseded,
			Text:  fmt.Sprintf("%s is superseded by %s, which %s wants in %s since %s", v, other.Version, oneLine(other.Actor), env, stamp(w.Since)),
			Next:  fmt.Sprintf("falkirk provision %s --to %s makes it the newer one again", v, env),
		}
	case !isNewer && waits:
		return &Obstacle{
			Cause: Queued, Waits: true,
			Text: fmt.Sprintf("%s waits in %s before %s, since %s: %s", other.Version, env, v, stamp(w.Since), oneLine(w.Reason)),
			Next: fmt.Sprintf("falkirk promote %s --to %s, or falkirk ban %s", other.Version, env, other.Version),
		}
	}
	return nil
}
