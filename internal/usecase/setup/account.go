// Package setup is the room of use cases that make what Falkirk needs in accounts and
// clusters, and remove it.
package setup

import "context"

// Preparer prepares an account: it finds out what is to be changed, asks, and
// does it.
type Preparer func(ctx context.Context, r PrepareRequest) (Preparation, error)

// PrepareRequest asks for one account of the app file to be prepared, or for
// that to be taken away.
type PrepareRequest struct {
	Account      string
	As           string   // ARN of a role that may prepare it; empty: the starting credentials
	Principals   []string // who may take the role
	ExternalID   string
	Boundary     string
	Role         string // name of the role
	Repositories bool

	Print  bool // only write the templates
	Delete bool
	DryRun bool
	Ask    func(Preparation) error // before anything is changed; an error keeps it from that
	Report func(line string)       // told what happens to stacks
}

// Preparation is what was changed, or would be.
type Preparation struct {
	Account   string             `json:"account"`
	Role      string             `json:"role,omitempty"` // ARN
	Stacks    []PreparedStack    `json:"stacks"`
	Policies  []PreparedPolicy   `json:"policies"` // of buckets and repositories that are there already
	Templates []PreparedTemplate `json:"templates,omitempty"`
	Notes     []string           `json:"notes,omitempty"` // what is to be done by hand
	Changed   bool               `json:"changed"`
}

// PreparedStack is how one stack changes.
type PreparedStack struct {
	Name    string             `json:"name"`
	Region  string             `json:"region"`
	Changes []PreparedResource `json:"changes"`
}

// PreparedResource is one resource of a stack that changes.
type PreparedResource struct {
	Sign    string `json:"sign"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Replace bool   `json:"replace,omitempty"`
	Note    string `json:"note,omitempty"`
}

// PreparedPolicy is how the policy of one bucket or repository changes.
type PreparedPolicy struct {
	Resource   string              `json:"resource"`
	Statements []PreparedStatement `json:"statements"`
}

// PreparedStatement is a statement that is added, changed or removed.
type PreparedStatement struct {
	Sign string `json:"sign"`
	Sid  string `json:"sid"`
}

// PreparedTemplate is a template, and where it goes.
type PreparedTemplate struct {
	Stack  string `json:"stack"`
	Region string `json:"region"`
	Text   string `json:"text"`
}
