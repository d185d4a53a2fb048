package usecase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
)

// Call is one request under way: who asks, about which app, and who hears of what
// happens meanwhile. It is used by one goroutine; Tell is called from many.
type Call struct {
	Actor string
	Tell  func(Event) // nil: nobody hears
	// File reads the app file of the call and opens nothing that it names; nil: it is
	// opened for that.
	File func() (*config.File, error)
	// Accounts reads the app file of the call and reaches only its AWS accounts; nil
	// where that cannot be asked for.
	Accounts func() (Accounts, error)
	// Open opens the app file of the call.
	Open func(ctx context.Context, report func(engine.Event)) (*App, error)
	// OpenJobs opens the jobs of sync: those of the app file, or of a file of jobs.
	OpenJobs func(ctx context.Context) (*Jobs, error)
	// Decisions are what people decided about the app, or about a file of jobs; nil
	// ones where there is no store that a decision could be in.
	Decisions func(ctx context.Context) (*engine.Decisions, error)
	// Via carries every request as JSON to another process; nil: it is done here.
	Via func(ctx context.Context, name string, query json.RawMessage) (result json.RawMessage, err error)

	app    *App
	jobs   *Jobs
	people *engine.Decisions
}

// Accounts are the AWS accounts of an app file.
type Accounts struct {
	Names []string
	// Examine asks for everything that the app needs of its accounts whether it is
	// allowed; of one account where it is named.
	Examine func(ctx context.Context, account string) (delivery.Examination, error)
}

// Event is something that happens while a use case works. One of the fields is set,
// beside Component and Job.
type Event struct {
	Run       *engine.Event      `json:"run,omitempty"`       // of an operation
	Component string             `json:"component,omitempty"` // that Packing is about
	Packing   *delivery.Progress `json:"packing,omitempty"`
	Warning   string             `json:"warning,omitempty"`  // what changes nothing about the result, and somebody should know
	Note      string             `json:"note,omitempty"`     // what is done or waited for now
	Waiting   string             `json:"waiting,omitempty"`  // what the call waits for, holding nothing
	Left      delivery.Duration  `json:"left,omitempty"`     // how long it waits at most
	Orphaned  *engine.Status     `json:"orphaned,omitempty"` // an environment in which something is live that the app file no longer has
	Job       string             `json:"job,omitempty"`      // of sync, that Syncing is about
	Syncing   *imagesync.Event   `json:"syncing,omitempty"`
	Synced    *imagesync.Result  `json:"synced,omitempty"`  // the result of a job that has ended
	Copying   *delivery.Progress `json:"copying,omitempty"` // of one image
	Sent      *Sent              `json:"sent,omitempty"`    // a sample that a channel took
	Printed   []byte             `json:"printed,omitempty"` // the next bytes of what a component printed
}

// Sent is the name and the kind of a channel that took a notice.
type Sent struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// Warnings are what an event adds to the warnings of a JSON document.
func (ev Event) Warnings() []string {
	switch {
	case ev.Orphaned != nil:
		return OrphanLines(*ev.Orphaned, "orphaned")
	case ev.Packing != nil && ev.Packing.Unit == delivery.UnitWarning:
		return []string{ev.Component + ": " + ev.Packing.Note}
	case ev.Warning != "":
		return []string{ev.Warning}
	}
	return nil
}

// Interrupted makes an error that only says that the context ended the one of an
// interrupt.
func Interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && err != nil && fault.KindOf(err) == fault.Internal && errors.Is(err, context.Canceled) {
		return fault.New(fault.Interrupted, "%w", err)
	}
	return err
}

// App is the app file of the call with all that works on it. It is opened once.
func (c *Call) App(ctx context.Context) (*App, error) {
	if c.app != nil {
		return c.app, nil
	}
	app, err := c.Open(ctx, func(ev engine.Event) { c.tell(Event{Run: &ev}) })
	if err == nil {
		c.app = app
	}
	return app, err
}

// AppFile is the app file of the call, without anything that it names.
func (c *Call) AppFile(ctx context.Context) (*config.File, error) {
	if c.File != nil {
		return c.File()
	}
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	return app.File, nil
}

// AppAccounts are the AWS accounts of the app file.
func (c *Call) AppAccounts() (Accounts, error) {
	if c.Accounts == nil {
		return Accounts{}, fault.Hint(fault.New(fault.Refused, "AWS accounts cannot be examined from here"), "use the command line: falkirk doctor")
	}
	return c.Accounts()
}

// explain adds to an error about an environment what is live there, also where the
// use case needed no store.
func (c *Call) explain(ctx context.Context, err error) error {
	var unknown delivery.UnknownEnvironment
	if !errors.As(err, &unknown) {
		return err
	}
	app, openErr := c.App(ctx)
	if openErr != nil {
		return err
	}
	return app.Explain(ctx, err)
}

// Warn tells what changes nothing about the result, and somebody should know.
func (c *Call) Warn(text string) { c.tell(Event{Warning: text}) }

// Note tells what is done or waited for now.
func (c *Call) Note(text string) { c.tell(Event{Note: text}) }

// Waiting tells what the call waits for, holding nothing, and how long at most.
func (c *Call) Waiting(text string, left time.Duration) {
	c.tell(Event{Waiting: text, Left: delivery.Duration(left)})
}

// NoteOrphans tells which of these environments have orphaned places.
func (c *Call) NoteOrphans(ctx context.Context, app *App, names ...string) {
	for _, st := range app.Orphaned(ctx, names...) {
		c.tell(Event{Orphaned: &st})
	}
}

// Packing tells how far the packing of a component is.
func (c *Call) Packing(component string, p delivery.Progress) {
	c.tell(Event{Component: component, Packing: &p})
}

// Syncing tells how far a job of sync is.
func (c *Call) Syncing(job string, ev imagesync.Event) { c.tell(Event{Job: job, Syncing: &ev}) }

// Synced tells that a job of sync has ended.
func (c *Call) Synced(r *imagesync.Result) { c.tell(Event{Synced: r}) }

// Copying tells how many bytes of an image have passed.
func (c *Call) Copying(passed, total int64) {
	c.tell(Event{Copying: &delivery.Progress{Done: passed, Total: total, Unit: "bytes"}})
}

// Sent tells that a channel took a notice.
func (c *Call) Sent(name, kind string) { c.tell(Event{Sent: &Sent{name, kind}}) }

// Printer takes what a component printed, and tells it.
func (c *Call) Printer() io.Writer { return printer{c} }

type printer struct{ *Call }

func (p printer) Write(b []byte) (int, error) {
	p.tell(Event{Printed: bytes.Clone(b)})
	return len(b), nil
}

// Hear has every event passed to hear too, before Tell, until stop is called.
func (c *Call) Hear(hear func(Event)) (stop func()) {
	tell := c.Tell
	c.Tell = func(ev Event) {
		hear(ev)
		if tell != nil {
			tell(ev)
		}
	}
	return func() { c.Tell = tell }
}

func (c *Call) tell(ev Event) {
	if c.Tell != nil {
		c.Tell(ev)
	}
}

// People are the decisions that a use case asks again before each write; Do has
// asked them once.
func (c *Call) People() *engine.Decisions { return c.people }

func (c *Call) mayWrite(ctx context.Context) error {
	if c.people == nil {
		people, err := c.Decisions(ctx)
		if err != nil {
			return err
		}
		c.people = people
	}
	return c.people.Ask(ctx, "")
}
