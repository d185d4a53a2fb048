package setup

import (
	"context"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync/jobfile"
)

// Scheduler makes, shows or removes the schedule that copies images: it finds
// out what is to be changed, asks, and does it.
type Scheduler func(ctx context.Context, r ScheduleRequest) (Schedule, error)

// ScheduleRequest asks for one schedule. What is empty is as the values file says,
// and then as usual.
type ScheduleRequest struct {
	File   string // app file; empty: there is none
	Job    string // of its block sync; empty: the values file says what is copied
	Values string // values file; empty: the usual one

	Cluster, Namespace, Region string
	Image, Schedule, Name      string
	Identity, Role             string
	NodeRoles                  []string
	Destination                string
	Store                      jobfile.StoreRequest

	Kubeconfig, Context string
	As                  string // ARN of a role of the cluster's account
	SourceAs            string // ARN of a role of the account that images come from
	SourceProfile       string // of AWS's configuration, likewise

	OnlySource bool     // only what the account says that images come from
	Readers    []string // ARNs of who copies; with OnlySource
	SkipSource bool
	NoAWS      bool
	Force      bool

	Print         bool
	Into          string // folder for a base of kustomize
	PrintPolicies bool
	Delete        bool
	DryRun        bool
	Ask           func(Schedule) error // before anything is changed; an error keeps it from that
}

// Schedule is what was changed, or would be.
type Schedule struct {
	App          string              `json:"app"`
	Name         string              `json:"name"`
	Namespace    string              `json:"namespace"`
	Cluster      string              `json:"cluster"`
	Schedule     string              `json:"schedule"`
	Source       string              `json:"source"`
	Destination  string              `json:"destination"`
	Identity     string              `json:"identity"`
	Decisions    string              `json:"decisions,omitempty"`    // store and app whose stop and bans hold the pod back; none do where it is missing
	Roles        []string            `json:"roles,omitempty"`        // ARNs of who copies
	Repositories []string            `json:"repositories,omitempty"` // that are made
	Policies     []PreparedPolicy    `json:"policies"`
	PodIdentity  string              `json:"podIdentity,omitempty"` // how the role of the service account changes
	Objects      []ScheduleObject    `json:"objects"`
	Elsewhere    []ScheduleElsewhere `json:"elsewhere,omitempty"` // what accounts out of reach have to say
	Notes        []string            `json:"notes,omitempty"`
	Manifests    string              `json:"manifests,omitempty"`
	Files        []string            `json:"files,omitempty"`     // written
	Documents    []ScheduleDocument  `json:"documents,omitempty"` // policies, printed
	Changed      bool                `json:"changed"`
}

// ScheduleObject is how one object of the cluster changes.
type ScheduleObject struct {
	Sign   string          `json:"sign"`
	Kind   string          `json:"kind"`
	Name   string          `json:"name"`
	Fields []ScheduleField `json:"fields,omitempty"`
}

// ScheduleField is one value that changes.
type ScheduleField struct {
	Path string `json:"path"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// ScheduleElsewhere is what has to be done in an account that is out of reach.
type ScheduleElsewhere struct {
	Account    string `json:"account"`
	Region     string `json:"region"`
	Repository string `json:"repository,omitempty"`
	Bucket     string `json:"bucket,omitempty"` // of the store, in place of a repository
	Policy     string `json:"policy,omitempty"`
	Command    string `json:"command"`
	Why        string `json:"why"`
}

// ScheduleDocument is a policy and what it is for.
type ScheduleDocument struct {
	For    string `json:"for"`
	Policy string `json:"policy"`
}

// Check refuses flags that do not fit together.
func (r ScheduleRequest) Check() error {
	var shown []string
	for flag, given := range map[string]bool{"--print": r.Print, "--into": r.Into != "", "--print-policies": r.PrintPolicies, "--dry-run": r.DryRun} {
		if given {
			shown = append(shown, flag)
		}
	}
	switch {
	case len(shown) > 1:
		return fault.Hint(fault.New(fault.Invalid, "%s do not go together", strings.Join(shown, " and ")), "leave all but one out")
	case r.OnlySource && (r.SkipSource || r.NoAWS):
		return fault.New(fault.Invalid, "--only-source goes with neither --skip-source nor --no-aws")
	case r.OnlySource && len(r.Readers) == 0:
		return fault.Hint(fault.New(fault.Invalid, "--only-source needs to know who reads"), "name the roles with --reader; falkirk create ecr-sync in the other account says which")
	case !r.OnlySource && len(r.Readers) > 0:
		return fault.New(fault.Invalid, "--reader goes with --only-source")
	case r.PrintPolicies && r.NoAWS:
		return fault.New(fault.Invalid, "--print-policies does not go with --no-aws")
	}
	return nil
}
