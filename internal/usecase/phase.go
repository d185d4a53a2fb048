package usecase

import "falkirk/internal/fault"

// CheckPhase refuses what is no phase of a plan, and a version where there is none.
// The verb is the command that needs the version.
func CheckPhase(phase, version, verb string) error {
	switch phase {
	case "provision", "promote":
		if version == "" {
			return fault.Hint(fault.New(fault.Invalid, "%s needs a VERSION", verb), "falkirk releases lists them")
		}
	case "prune":
		if version != "" {
			return fault.Hint(fault.New(fault.Invalid, "a plan to prune takes no VERSION"), "leave the VERSION out")
		}
	default:
		return fault.Hint(fault.New(fault.Invalid, "phase %q is not known", phase), "give --phase provision, --phase promote or --phase prune")
	}
	return nil
}
