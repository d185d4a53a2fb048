// Package engine carries out operations: it observes, plans, does the steps
// place by place, asks the gates, and writes the ledger. It knows no kind of
// target or gate, and no way in.
package engine

import (
	"context"
	"time"

	"falkirk/internal/delivery"
)

// Target makes one component of a release live in one place.
type Target interface {
	// Observe looks at one placement. It only reads.
	Observe(ctx context.Context, p delivery.Placement) (delivery.State, error)
	// Plan lists the steps that are missing. It is pure: the same arguments
	// give the same steps, and a state that needs nothing gives none.
	Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step
	// Do carries out one step. It is idempotent, also after a crash in its midst.
	Do(ctx context.Context, p delivery.Placement, s delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error)
}

// Gate answers a question. An error means that it could not be asked; what it
// was asked about then counts as closed.
type Gate interface {
	Ask(ctx context.Context, q delivery.Question) (delivery.Verdict, error)
}

// Ledger is the log of one environment.
type Ledger interface {
	// Read folds the log, or what came after since where that is not zero.
	Read(ctx context.Context, since delivery.Record) (delivery.Record, error)
	// Begin takes the environment; fault.Locked when another operation has it.
	Begin(ctx context.Context, op delivery.Operation) (Hold, delivery.Record, error)
	// Decide writes what a person decided, whoever has the environment.
	Decide(ctx context.Context, e delivery.Entry) (delivery.Record, error)
}

// Hold is an environment taken by one operation.
type Hold interface {
	// Guard gives a context in which everything that is written is refused once
	// the lease has ended; it is cancelled when that is noticed.
	Guard(ctx context.Context) (context.Context, context.CancelFunc)
	// Held is nil while the lease runs, and fault.Locked after. It asks nobody.
	Held() error
	// Check fails when the environment was taken over, and gives the record with
	// what others wrote meanwhile.
	Check(ctx context.Context) (delivery.Record, error)
	Append(ctx context.Context, e delivery.Entry) error
	// Close ends the operation with a Closed entry. It is idempotent.
	Close(ctx context.Context, e delivery.Entry) error
}

// Releases finds what was packed.
type Releases interface {
	Get(ctx context.Context, app, version string) (delivery.Release, error)
}

// Witness is a target that can ask, from outside, which release a place serves.
type Witness interface {
	Serves(ctx context.Context, p delivery.Placement, now delivery.State) (version string, err error)
}

// Engine carries out operations on one app. All fields but
// EndChildren, Fill, Grace, UndoLimit and LookLimit must be set.
type Engine struct {
	App      delivery.App
	Targets  map[string]Target // by kind
	Gates    map[string]Gate   // by kind
	Releases Releases
	Ledger   func(environment string) Ledger
	Now      func() time.Time
	NewID    func() string
	Report   func(Event) // called from many goroutines

	// Fill completes the settings of a placement with what only its account knows;
	// nil leaves them as they are.
	Fill func(ctx context.Context, p delivery.Placement) (delivery.Placement, error)

	// EndChildren kills the processes on this machine that hooks and gates of these
	// operations have started, and names them and those that it could not end; nil
	// where there are none.
	EndChildren func(operations []string) (ended, remain []string)

	Grace     time.Duration // a step under way gets this long after an interrupt; 6 s if 0
	UndoLimit time.Duration // moving back takes no longer; 10 min if 0
	LookLimit time.Duration // a look after a step that a service did not answer takes no longer; 15 s if 0
}

// Request asks for one verb.
type Request struct {
	Verb        delivery.Verb
	Environment string
	Version     string // for a rollback: empty means the previous release
	Actor       string
	Reason      string // of a rollback; of a promotion, why the order of environments is set aside (empty: it is not)
	Override    string // why a freeze is set aside; empty: it is not
	Saved       *Saved // the plan that is applied; nil: whatever is missing
	Agreed      string // digest of the plan that a person agreed to; empty: whatever is missing
}

// Result is what a request that did not fail came to.
type Result struct {
	Operation delivery.Operation  `json:"operation"`
	Changed   bool                `json:"changed"` // false: there was nothing to do
	Steps     int                 `json:"steps"`
	Standing  []delivery.Standing `json:"standing"`
}

func (e *Engine) grace() time.Duration {
	if e.Grace > 0 {
		return e.Grace
	}
	return 6 * time.Second
}

func (e *Engine) lookLimit() time.Duration {
	if e.LookLimit > 0 {
		return e.LookLimit
	}
	return 15 * time.Second
}

func (e *Engine) undoLimit() time.Duration {
	if e.UndoLimit > 0 {
		return e.UndoLimit
	}
	return 10 * time.Minute
}
