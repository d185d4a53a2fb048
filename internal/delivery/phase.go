package delivery

import "strings"

// Phase is one of the three changes an environment goes through.
type Phase string

// The phases, in their order.
const (
	Provision Phase = "provision" // make a release ready beside what is live
	Promote   Phase = "promote"   // make a ready release live
	Prune     Phase = "prune"     // remove what is neither live nor kept
)

// Moment is when a gate is asked: "before promote", "after provision".
type Moment string

// Before is the moment before a phase.
func Before(p Phase) Moment { return Moment("before " + string(p)) }

// After is the moment after a phase.
func After(p Phase) Moment { return Moment("after " + string(p)) }

// IsAfter reports whether the moment comes after its phase.
func (m Moment) IsAfter() bool { return strings.HasPrefix(string(m), "after ") }

// Moments lists every moment, in the order of a release's life.
func Moments() []Moment {
	var all []Moment
	for _, p := range []Phase{Provision, Promote, Prune} {
		all = append(all, Before(p), After(p))
	}
	return all
}
