// Package delivery holds the nouns of Falkirk and the rules about them. It does
// no I/O, knows no kind of component, target or gate, and imports nothing but
// the standard library and fault.
package delivery

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"falkirk/internal/fault"
)

// App is a checked falkirk.yml: everything after defaults, paths absolute.
type App struct {
	Name         string        `json:"app"`
	Root         string        `json:"root"`                   // folder of the app file, absolute
	Store        string        `json:"store"`                  // URL, absolute where it is a file://
	StoreAccount string        `json:"storeAccount,omitempty"` // the account of an s3:// store; "": the starting credentials
	StoreBucket  StoreBucket   `json:"-"`                      // no part of what a plan is made from
	VersionTags  string        `json:"-"`                      // pattern of the git tags that are versions of the app; "": all; no part of what a plan is made from
	Lock         Lease         `json:"-"`                      // no part of what a plan is made from
	Accounts     []Account     `json:"accounts,omitempty"`
	Components   []Component   `json:"components"`
	Environments []Environment `json:"environments"` // in their order

	Notices []NoticeSetting `json:"notices,omitempty"`
	Syncs   []SyncSetting   `json:"syncs,omitempty"`

	Groups map[string][]string `json:"groups,omitempty"` // people by group, for approvals
	Ledger *LedgerSetting      `json:"ledger,omitempty"` // nil: entries are not signed

	Unsafe Unusable `json:"-"` // why nothing may be changed with this file; commands that only read go on
}

// Lease says how one operation at a time holds an environment.
type Lease struct {
	Lease   Duration `json:"lease"`   // a holder that has not renewed for so long writes nothing more
	Request Duration `json:"request"` // the longest that a request takes to have its effect
}

// DefaultLock is the lock of an app that says nothing else.
func DefaultLock() Lease {
	return Lease{Lease: Duration(15 * time.Second), Request: Duration(10 * time.Second)}
}

// StoreBucket is how the bucket of an s3:// store is made.
type StoreBucket struct {
	KMSKey     string `json:"kmsKey,omitempty"`     // ARN of the key that encrypts it; "": S3's own keys
	AccessLogs string `json:"accessLogs,omitempty"` // bucket that access logs go to; "": none are kept
	LockDays   int    `json:"lockDays,omitempty"`   // of Object Lock, for every object; 0: none
	LockMode   string `json:"lockMode,omitempty"`   // "compliance", or "governance" where it is empty
	PruneRole  string `json:"pruneRole,omitempty"`  // ARN of the one role that may replace and delete blobs; "": nobody
}

// SyncSetting is a job that keeps images of one registry also in another.
type SyncSetting struct {
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings"` // the checked block
	Unusable Unusable        `json:"-"`        // then there are no settings
}

// Component is one part of an app. Settings is the checked block of its kind,
// encoded from the type that the kind registered.
type Component struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Settings json.RawMessage `json:"settings"`
	Unusable Unusable        `json:"-"` // then there are no settings
}

// Environment is a named rung of the ladder.
type Environment struct {
	Name      string        `json:"name"`
	After     []string      `json:"after,omitempty"` // must have had the release live before
	Protected bool          `json:"protected,omitempty"`
	StoreRole string        `json:"-"`        // ARN of the role that writes its record in an s3:// store; "": that of the store's account
	Keep      int           `json:"keep"`     // releases kept beside the live one
	Parallel  int           `json:"parallel"` // places worked on at once
	Places    []Place       `json:"places"`
	Landings  []Landing     `json:"landings"` // place by place, components in the order of the app file
	Gates     []GateSetting `json:"gates,omitempty"`
	Hooks     []Hook        `json:"hooks,omitempty"`
	Soak      Duration      `json:"soak,omitempty"`    // how long a release must have been live in each environment before
	Newer     Newer         `json:"newer,omitempty"`   // what a newer release does to one that waits here; "" supersedes
	WayBack   WayBack       `json:"wayBack,omitempty"` // when the way back is missing; "" warns, and refuses where protected
	Freeze    []Freeze      `json:"freeze,omitempty"`  // windows in which no promotion begins
	Unusable  Unusable      `json:"-"`                 // then only the name and protected are known; protected is true where it is not
	NoRules   Unusable      `json:"-"`                 // then soak and freeze are not known, and nothing may be promoted
}

// Newer says what a newer release does to an older one that waits at a gate.
type Newer string

// The two ways.
const (
	NewerSupersedes Newer = "supersedes" // the older one goes no further
	NewerWaits      Newer = "waits"      // the newer one waits for the older
)

// WayBack says what becomes of a promotion without a way back.
type WayBack string

// The two ways.
const (
	WayBackWarns   WayBack = "warn"
	WayBackRefuses WayBack = "refuse"
)

// Landing says how one component lands in one place: the target's kind and the
// target's settings for that place, after inheritance.
type Landing struct {
	Place     Place              `json:"place"`
	Component string             `json:"component"`
	Target    string             `json:"target"`
	Settings  json.RawMessage    `json:"settings"`
	Written   map[string]Written `json:"-"` // texts of the settings that variables of the environment went into, by path: "parameters.Password"
	Needs     []Need             `json:"needs,omitempty"`
	Unusable  Unusable           `json:"-"` // then there are no settings
}

// Need says that the settings of a landing refer to an output of another component
// in the same place.
type Need struct {
	Component string `json:"component"`
	Name      string `json:"name"`  // as the settings name it: stack.NAME
	Phase     Phase  `json:"phase"` // the phase that changes the output: provision or promote
}

// GateSetting is one gate of an environment.
type GateSetting struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	When     Moment          `json:"when"`
	Once     bool            `json:"once,omitempty"`    // asked once for the environment instead of in every place
	Forward  bool            `json:"forward,omitempty"` // not asked of a rollback
	For      Duration        `json:"for,omitempty"`     // must stay open for so long; 0: asked once
	Every    Duration        `json:"every,omitempty"`   // how often it is asked meanwhile
	Settings json.RawMessage `json:"settings"`
	Unusable Unusable        `json:"-"` // then there are no settings
}

// Hook is something that is done before or after a phase. It is asked like a
// gate of its kind, open being success. A hook that passed is not run again by a
// run that goes on with one that was killed, was interrupted or waits.
type Hook struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	When     Moment          `json:"when"`
	If       Condition       `json:"if,omitempty"`
	Once     bool            `json:"once,omitempty"` // once for the environment instead of in every place
	Repeat   Repeat          `json:"repeat,omitempty"`
	Settings json.RawMessage `json:"settings"`
	Unusable Unusable        `json:"-"` // then there are no settings
}

// Repeat says whether a hook that passed is run again for the same release.
type Repeat string

// The values of Repeat. A run that goes on with one that was killed, was
// interrupted or waits does not run a hook again that passed, in either case.
const (
	RepeatAlways Repeat = "always" // the default
	RepeatNever  Repeat = "never"  // once it has passed, not again for that release
)

// Condition says whether a hook is run after what went before it.
type Condition string

// The conditions. Before a phase "fail" means that an earlier hook failed.
const (
	IfPass Condition = "pass" // the default
	IfFail Condition = "fail"
	Always Condition = "always"
)

// Environment finds an environment by name; the error lists the names.
func (a App) Environment(name string) (Environment, error) {
	i := slices.IndexFunc(a.Environments, func(e Environment) bool { return e.Name == name })
	if i >= 0 {
		return a.Environments[i], nil
	}
	var names []string
	for _, e := range a.Environments {
		names = append(names, e.Name)
	}
	err := fault.New(fault.NotFound, "%w", UnknownEnvironment{Name: name, Text: fmt.Sprintf("no environment %q in app %s", name, a.Name)})
	return Environment{}, fault.Hint(err, "name one of these environments: %s", strings.Join(names, ", "))
}

// UnknownEnvironment is the error for a name that the app file does not have.
type UnknownEnvironment struct{ Name, Text string }

func (e UnknownEnvironment) Error() string { return e.Text }

// Route lists the environments that a release passes on its way to the named
// one, which comes last; the order is that of the app file.
func (a App) Route(to string) ([]Environment, error) {
	if _, err := a.Environment(to); err != nil {
		return nil, err
	}
	want := map[string]bool{to: true}
	var route []Environment
	for i := len(a.Environments) - 1; i >= 0; i-- {
		e := a.Environments[i]
		if !want[e.Name] {
			continue
		}
		for _, up := range e.After {
			want[up] = true
		}
		route = append(route, e)
	}
	slices.Reverse(route)
	return route, nil
}

// StoreRoleAccount names the store's account as it is reached by the storeRole of
// an environment.
func (a App) StoreRoleAccount(environment string) string {
	return a.StoreAccount + " (storeRole of " + environment + ")"
}
