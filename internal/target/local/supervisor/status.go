// Package supervisor keeps one place running: it starts the processes that
// the place's files want, starts them again when they end, and serves them
// through the proxy. It decides on no release: what is wanted is in the files.
package supervisor

import "time"

// Status is what a supervisor says of its place. Fields are only ever added,
// as command and supervisor may be of different versions.
type Status struct {
	PID        int         `json:"pid"`
	Port       int         `json:"port"`                // on which the proxy answers; 0 when it does not
	Lost       bool        `json:"lost,omitempty"`      // the folder of the place was deleted
	PortError  string      `json:"portError,omitempty"` // why not
	Components []Component `json:"components"`
}

// Component is one component of the place.
type Component struct {
	Name     string    `json:"name"`
	Served   string    `json:"served"` // version that gets the requests
	Releases []Release `json:"releases"`
}

// Release is one version of a component.
type Release struct {
	Version  string    `json:"version"`
	Kind     string    `json:"kind"` // image or site
	PID      int       `json:"pid,omitempty"`
	Port     int       `json:"port,omitempty"`
	Since    time.Time `json:"since"`
	Restarts int       `json:"restarts,omitempty"`
	Failures int       `json:"failures,omitempty"` // ends in a row without having been healthy
	Ready    bool      `json:"ready"`              // runs and is healthy, or is laid out
	Next     bool      `json:"next,omitempty"`     // replaces the release of that version as soon as it is ready
	Leaving  bool      `json:"leaving,omitempty"`  // is being drained and stopped
	InFlight int64     `json:"inFlight"`
	Lost     bool      `json:"lost,omitempty"` // the files that it was started from were deleted
	Error    string    `json:"error,omitempty"`
}

// Find is the release of that component and version; one that leaves only where
// no other one of that version has taken its place.
func (s Status) Find(component, version string) (found Release, ok bool) {
	for _, r := range s.Component(component).Releases {
		if r.Version == version && !r.Next && (!ok || found.Leaving) {
			found, ok = r, true
		}
	}
	return found, ok
}

// FindNext is the release that is to replace the one of that component and version.
func (s Status) FindNext(component, version string) (Release, bool) {
	for _, r := range s.Component(component).Releases {
		if r.Version == version && r.Next {
			return r, true
		}
	}
	return Release{}, false
}

// Component is the component of that name, empty when there is none.
func (s Status) Component(name string) Component {
	for _, c := range s.Components {
		if c.Name == name {
			return c
		}
	}
	return Component{Name: name}
}

// Contact is how a supervisor is reached, as its file says.
type Contact struct {
	PID     int    `json:"pid"`
	Start   string `json:"start"`
	Address string `json:"address"`
	Token   string `json:"token"`
}
