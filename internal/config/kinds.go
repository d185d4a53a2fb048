package config

import (
	"encoding/json"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Kind is one registered kind of component, target or gate: the key under which
// its block stands, and the type that the block is decoded into. A settings
// type may have a method Check() []fault.Problem for rules that its tags cannot
// express, and a method Warnings() []fault.Problem for what is allowed and may be
// a mistake.
type Kind struct {
	Name string
	Doc  string     // one sentence, for the schema and the reference
	New  func() any // a pointer to a settings struct with the defaults set

	// Parcel, for components only: it lands nowhere unless it names a target of its
	// own.
	Parcel bool

	// Forward, for gates only: unless the app file says otherwise it is not asked
	// of a rollback.
	Forward bool

	// Place, for targets only and optional, is given every landing of this kind
	// in the whole app, place by place, and finds what does not go together.
	Place func([]delivery.Landing) []LandingProblem

	// Gives, for targets only and optional, names what a landing gives to others in
	// its place ("stack.NAME" for ${stack.NAME.OUTPUT}), and the phase that changes it.
	// They may also refer to it by its component. What the landing refers to itself is
	// read in the same phase; a target without Gives reads in provision.
	Gives func(delivery.Landing) (name string, phase delivery.Phase)

	// Fills, for targets only and optional, reports whether a reference of a kind
	// (release, artifact or stack) is filled in at a path of the settings.
	Fills func(kind string, path []string) bool

	// Names, for targets only and optional, are keys whose values are names of things
	// in the account. A name is no secret, also where it comes from a variable.
	Names []string

	// Component, for gates only and optional, is the component that checked settings
	// name, and where; "" where they name none.
	Component func(settings json.RawMessage) (name string, path []string)

	// Groups, for gates only and optional, is given checked settings and the
	// groups of people, and finds what does not go together.
	Groups func(settings json.RawMessage, groups map[string][]string) []fault.Problem
}

// LandingProblem is a problem of one of the landings that Kind.Place was given,
// by its index; the path leads into that landing's settings.
type LandingProblem struct {
	Landing int
	Problem fault.Problem
}

// Kinds is every kind that a file may use.
type Kinds struct {
	Components []Kind
	Targets    []Kind
	Gates      []Kind
	Hooks      []Kind // the gates that can be hooks
	Notices    []Kind
	Sync       Kind // each item of the list sync

	// Partition is the partition of AWS that a region is in, and whether the name is
	// one of a region of AWS; nil: it is not checked.
	Partition func(region string) (name string, isRegion bool)
}

type checker interface{ Check() []fault.Problem }

type warner interface{ Warnings() []fault.Problem }

func kindNamed(kinds []Kind, name string) (Kind, bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

func kindNames(kinds []Kind) []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}
