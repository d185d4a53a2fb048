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
	Partial  Condition = "partial"  // places are on different releases, or a promotion has not ended
	Drifted  Condition = "drifted"  // something is not as it was left
	Orphaned Condition = "orphaned" // the app file does not name it any more, and something is live there
	Empty    Condition = "empty"    // nothing is live
	Whole    Condition = "whole"    // every place is on the release that the ledger says, and as it was left
)

// judge says how an environment stands, and what is partial of it.
func (st *Status) judge(rec delivery.Record) {
	behind := st.behind(rec)
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
		st.Partial = describe(st.Environment, st.Live, behind, len(st.Components))
		st.Next = repair(st.Environment, rec)
	}
}

// behind lists the components in places that are not on the release that the
// ledger says is live. A component that this release does not have is rightly on
// none; one that provision changes is rightly on a release that is ready where
// nothing was promoted yet.
func (st *Status) behind(rec delivery.Record) []ComponentStatus {
	return slices.DeleteFunc(slices.Clone(st.Components), func(c ComponentStatus) bool {
		return c.Error != "" || c.Live == c.Recorded || st.Live == "" && slices.Contains(rec.Readied, c.Live)
	})
}

func describe(environment, live string, behind []ComponentStatus, all int) string {
	if len(behind) == 0 {
		return "a promotion has not ended"
	}
	var odd []string
	for _, c := range behind {
		odd = append(odd, fmt.Sprintf("%s in %s is on %s", c.Component, c.Place, releaseOr(c.Live)))
	}
	if live == "" {
		return fmt.Sprintf("no release is recorded for %s, but %s", environment, strings.Join(odd, ", "))
	}
	return fmt.Sprintf("release %s is recorded, and %d of %d are on it: %s", live, all-len(behind), all, strings.Join(odd, ", "))
}

// repair is the command that ends what is partial: converge where it has
// something to go to, or else the operation that failed.
func repair(environment string, rec delivery.Record) string {
	if verbs, _ := bearing(rec); len(verbs) > 0 {
		return "falkirk converge " + environment
	}
	switch begun := rec.Bound; {
	case begun == nil || begun.Version == "":
		return "falkirk train VERSION --to " + environment
	case begun.Verb == delivery.VerbProvision:
		return fmt.Sprintf("falkirk provision %s --to %s", begun.Version, environment)
	default:
		return fmt.Sprintf("falkirk train %s --to %s", begun.Version, environment)
	}
}

// releaseOr names a release, or says that there is none.
func releaseOr(version string) string {
	if version == "" {
		return "no release"
	}
	return "release " + version
}
