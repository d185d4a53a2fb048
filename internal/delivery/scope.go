package delivery

import "strings"

// Scope names places of an app, and a component in them. What is empty is everything.
type Scope struct {
	Place     string // an environment, or one place as Place.String prints it: prd, prd/us-east-1
	Component string
}

// Environment is that of the place; "" where every one is meant.
func (s Scope) Environment() string {
	name, _, _ := strings.Cut(s.Place, "/")
	return name
}

// Covers reports whether a component in a place is meant. Component "" asks for the
// place alone.
func (s Scope) Covers(p Place, component string) bool {
	return (s.Place == "" || s.Place == p.Environment || s.Place == p.String()) &&
		(s.Component == "" || component == "" || s.Component == component)
}

// String is the place and the component as commands take them.
func (s Scope) String() string { return strings.TrimSpace(s.Place + " " + s.Component) }

// Has reports whether the app file has a component in a place; component "" asks for
// the place alone. Of an environment that cannot be used nothing is known, and
// everything counts as there.
func (a App) Has(p Place, component string) bool {
	env, err := a.Environment(p.Environment)
	if err != nil || env.Unusable != "" {
		return err == nil
	}
	for _, l := range env.Landings {
		if l.Place == p && (component == "" || l.Component == component) {
			return true
		}
	}
	return false
}
