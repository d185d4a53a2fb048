package engine

import (
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// Condition is in one word how an environment stands.
type Condition string

// The conditions. The first that fits is the one.
const (
	Running  Condition = "running"  // an operation has it
	Unknown  Condition = "unknown"  // something could not be observed
	Partial  Condition = "partial"  // places are on different releases, or a promotion has not come to its end
	Drifted  Condition = "drifted"  // something is not as it was left
	Orphaned Condition = "orphaned" // the app file does not name it any more, and something is live there
	Empty    Condition = "empty"    // nothing is live
	Whole    Condition = "whole"    // every place is on the release that the ledger says, and as it was left
)

// judge says how an environment stands, and what is partial of it.
func (st *Status) judge(rec delivery.Record) {
	behind := st.behind()
	switch {
	case rec.Open != nil:
		st.Condition = Running
	case st.Error != "", slices.ContainsFunc(st.Components, func(c ComponentStatus) bool { return c.Error != "" }):
		st.Condition = Unknown
	case len(behind) > 0 || rec.Way != nil:
		st.Condition = Partial
	case slices.ContainsFunc(st.Components, func(c ComponentStatus) bool { return len(c.Drift) > 0 }):
		st.Condition = Drifted
	case st.Live == "":
		st.Condition = Empty
	default:
		st.Condition = Whole
	}
	if st.Condition == Partial {
		st.Partial = describe(st.Live, behind, len(st.Components))
	}
}

// behind lists the components in places that are not on the release that the
// ledger says is live. What that release does not have is on nothing rightly.
func (st *Status) behind() []ComponentStatus {
	return slices.DeleteFunc(slices.Clone(st.Components), func(c ComponentStatus) bool {
		return c.Error != "" || c.Live == c.Recorded
	})
}

func describe(live string, behind []ComponentStatus, all int) string {
	if len(behind) == 0 {
		return "a promotion has not come to its end"
	}
	var odd []string
	for _, c := range behind {
		odd = append(odd, fmt.Sprintf("%s in %s is on %s", c.Component, c.Place, orNothing(c.Live)))
	}
	return fmt.Sprintf("the ledger says %s, and %d of %d are there: %s", orNothing(live), all-len(behind), all, strings.Join(odd, ", "))
}
