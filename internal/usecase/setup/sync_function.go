package setup

import (
	"context"

	"falkirk/internal/imagesync/jobfile"
)

// Functioner makes, shows or removes the Lambda function that copies images: it
// finds out what is to be changed, asks, and does it.
type Functioner func(ctx context.Context, r FunctionRequest) (Function, error)

// FunctionRequest asks for one function. What is empty is as usual.
type FunctionRequest struct {
	File string // app file; empty: there is none
	Jobs string // file of jobs, in place of those of the app file
	Job  string // only this one; empty: all

	Zip, Bucket           string
	Name, Region          string
	Schedule              string // "none" for no schedule
	NoPush                bool
	Memory                int
	Alarm, Boundary       string
	As                    string // ARN of a role of the function's account
	SourceAs              string // ARN of a role of the account that images come from
	SourceProfile         string // of AWS's configuration, likewise
	SkipSource            bool
	OnlySource            bool
	Print, Delete, DryRun bool
	Store                 jobfile.StoreRequest

	Ask    func(Function) error // before anything is changed; an error keeps it from that
	Report func(line string)    // told what happens to stacks
}

// Function is what was changed, or would be.
type Function struct {
	Name      string              `json:"name"`
	Account   string              `json:"account"`
	Region    string              `json:"region"`
	Role      string              `json:"role,omitempty"` // ARN
	Jobs      []string            `json:"jobs"`
	Schedule  string              `json:"schedule,omitempty"`
	Decisions string              `json:"decisions,omitempty"` // store and app whose stop and bans hold the function back; none do where it is missing
	Code      string              `json:"code,omitempty"`      // URL of the zip
	Bytes     int                 `json:"bytes,omitempty"`
	Stacks    []FunctionStack     `json:"stacks"`
	Policies  []PreparedPolicy    `json:"policies"`            // of repositories that images come from
	Elsewhere []FunctionElsewhere `json:"elsewhere,omitempty"` // what accounts out of reach have to do
	Templates []PreparedTemplate  `json:"templates,omitempty"`
	Documents []ScheduleDocument  `json:"documents,omitempty"` // policies, printed
	Notes     []string            `json:"notes,omitempty"`     // what is to be done by hand
	Changed   bool                `json:"changed"`
}

// FunctionStack is how one stack changes.
type FunctionStack struct {
	Account string             `json:"account"`
	Name    string             `json:"name"`
	Region  string             `json:"region"`
	Changes []PreparedResource `json:"changes"`
}

// FunctionElsewhere is what has to be done in an account that is out of reach.
type FunctionElsewhere struct {
	Account  string           `json:"account"`
	Region   string           `json:"region"`
	Stack    string           `json:"stack,omitempty"`
	Template string           `json:"template,omitempty"`
	Policies []FunctionPolicy `json:"policies"`
	Command  string           `json:"command"`
	Why      string           `json:"why"`
}

// FunctionPolicy is what a repository there has to say; nothing of ours if empty.
type FunctionPolicy struct {
	Repository string `json:"repository,omitempty"`
	Bucket     string `json:"bucket,omitempty"` // of the store, in place of a repository
	Policy     string `json:"policy,omitempty"`
}
