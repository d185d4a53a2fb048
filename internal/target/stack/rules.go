package stack

import (
	"encoding/json"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Gives is how other landings in the place refer to the stack of this one, and the
// phase that changes the stack.
func Gives(l delivery.Landing) (string, delivery.Phase) {
	s, err := read(l.Settings)
	if err != nil || s.Name == "" {
		return "", ""
	}
	return "stack." + s.Name, s.phase()
}

// phase is the one that changes the stack.
func (s Settings) phase() delivery.Phase {
	if s.When == string(delivery.Provision) {
		return delivery.Provision
	}
	return delivery.Promote
}

// Fills reports whether a reference is filled in at a path of the settings: in
// the values of parameters.
func Fills(_ string, path []string) bool { return len(path) == 2 && path[0] == "parameters" }

// PlaceProblem is a problem of one landing, by its index.
type PlaceProblem struct {
	Landing int
	Problem fault.Problem
}

// PlaceProblems finds landings that would share a stack, or have no account.
func PlaceProblems(landings []delivery.Landing) []PlaceProblem {
	var all []PlaceProblem
	seen := map[string]delivery.Landing{}
	for i, l := range landings {
		if l.Place.Account == "" {
			all = append(all, PlaceProblem{i, fault.Problem{Text: "a stack needs an account", Want: "account at the environment or the region"}})
			continue
		}
		var s Settings
		if json.Unmarshal(l.Settings, &s) != nil {
			continue // told where the block is checked
		}
		key := l.Place.Account + " " + l.Place.Region + " " + s.Name
		if other, ok := seen[key]; ok {
			all = append(all, PlaceProblem{i, fault.Problem{
				Path: []string{"name"}, Text: fmt.Sprintf("stack %s is that of %s in %s already", s.Name, other.Component, other.Place),
				Want: "a name of its own, such as one with ${place.environment}",
			}})
		}
		seen[key] = l
	}
	return all
}
